"""Quantities with dimensions and exact values: `2039 GB/s` is not a number, and GB is not GiB.

Arithmetic keeps track of dimensions; adding unlike ones is an error. Text that a user typed is read by pint, imported
when there is such text; the units of the machine catalog stand in `CATALOG_UNITS`, so that a catalog machine costs no
import.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from typing import TYPE_CHECKING

from costgraph.algebra.spelling import ungrouped
from costgraph.algebra.symbols import Rational
from costgraph.algebra.units import (
    BANDWIDTH,
    BINARY,
    BYTE,
    COMPUTE,
    DECIMAL,
    NONE,
    PLAIN,
    PRICE,
    SECOND,
    SMALL,
    Powers,
    Unit,
    powers,
    times,
    unit_named,
    unit_text,
    units_to_offer,
)
from costgraph.errors import UserError, shorten, unknown
from costgraph.records import dataclass

if TYPE_CHECKING:
    import pint

MEANING = {
    BYTE: ("a capacity", "80 GiB"),
    COMPUTE: ("a compute rate", "312 TFLOP/s"),
    BANDWIDTH: ("a bandwidth", "2.039 TB/s"),
    PRICE: ("a price", "2.5 USD/h"),
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact value in base units (FLOP, byte, s, token, USD) with its dimension.

    >>> GIB = Quantity(Fraction(2**30), BYTE)
    >>> print(GIB * 80 / (GIB * 2 / Quantity(Fraction(1), SECOND)))
    40 s
    >>> print(GIB * 80)
    80 GiB = 85.9 GB
    """

    value: Fraction
    dimension: Powers = NONE

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.value + self._like(other, "add").value, self.dimension)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.value - self._like(other, "subtract").value, self.dimension)

    def __mul__(self, other: Quantity | Rational) -> Quantity:
        other = as_quantity(other)
        return Quantity(self.value * other.value, times(self.dimension, other.dimension))

    def __truediv__(self, other: Quantity | Rational) -> Quantity:
        other = as_quantity(other)
        if not other.value:
            raise UserError(f"cannot divide {self} by zero")
        return Quantity(self.value / other.value, times(self.dimension, other.dimension, -1))

    __rmul__ = __mul__

    def __lt__(self, other: Quantity) -> bool:
        return self.value < self._like(other, "compare").value

    def __le__(self, other: Quantity) -> bool:
        return self.value <= self._like(other, "compare").value

    def _like(self, other: Quantity, verb: str) -> Quantity:
        if self.dimension != other.dimension:
            mine, theirs = unit_text(self.dimension) or "a number", unit_text(other.dimension) or "a number"
            raise UserError(f"cannot {verb} {mine} and {theirs}: {self} against {other}")
        return other

    def __str__(self) -> str:
        """Rounded to four digits, with a prefix; bytes with the binary and the decimal one where they differ."""
        return show(self)


def as_quantity(value: Quantity | Rational) -> Quantity:
    """A plain number as a quantity without dimension."""
    return value if isinstance(value, Quantity) else Quantity(Fraction(value))


# --- output -------------------------------------------------------------------------------------------------------


def show(quantity: Quantity) -> str:
    """See `Quantity.__str__`."""
    value, unit = quantity.value, unit_text(quantity.dimension)
    if quantity.dimension == SECOND:
        return prefixed(value, SMALL, "s")
    if quantity.dimension[1] == 1 and abs(value) >= 1000 and unit.startswith("byte"):
        rest = unit.removeprefix("byte")
        decimal = prefixed(value, DECIMAL, f"B{rest}")
        return decimal if rest == "/s" else f"{prefixed(value, BINARY, f'B{rest}')} = {decimal}"
    if unit.startswith("FLOP"):
        return prefixed(value, DECIMAL, unit)
    return f"{rounded(value)} {unit}".rstrip()


def prefixed(value: Fraction, prefixes: Mapping[str, int | Fraction], unit: str) -> str:
    """`value` to four digits with the largest prefix that leaves at least 1 of the unit."""
    by_size = sorted(((Fraction(scale), name) for name, scale in prefixes.items()), reverse=True)
    scale, name = next((pair for pair in by_size if abs(value) >= pair[0]), by_size[-1] if value else (Fraction(1), ""))
    return f"{digits(value / scale)} {name}{unit}"


def digits(number: Rational) -> str:
    """Four significant digits, without an exponent where five digits before the point suffice."""
    size = abs(Fraction(number))
    return rounded(number, 0, "f") if Fraction(19999, 2) <= size < 10**6 else rounded(number)


def rounded(number: Rational, places: int = 4, form: str = "g") -> str:
    """A number as `:.4g` writes it, however large it is."""
    try:
        return f"{float(number):.{places}{form}}"
    except OverflowError:
        return f"{Decimal(number.numerator) / Decimal(number.denominator):.{places}{form}}"


# --- input --------------------------------------------------------------------------------------------------------

CATALOG_UNITS: dict[str, Unit] = {
    name: unit_named(name) for name in ("GB", "GiB", "GB/s", "GiB/s", "TB/s", "TFLOP/s", "PFLOP/s", "TOP/s")
}
NUMBER = re.compile(r"\d(?:_?\d){0,29}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
TOO_LONG = "has too many digits: 30 before and after the point and 2 in the exponent are read"
APART = re.compile(r"(?<=[\d ])([kMGTPE]i?) (?=FLOP|OP|B|byte)")  # a prefix that stands alone: 312 T FLOP/s
UNIT = re.compile(r"[A-Za-zµ]{1,20}(?:\s*[*/]\s*[A-Za-zµ]{1,20}){0,3}")


def quantity(text: str, dimension: Powers, place: str = "") -> Quantity:
    """One number and one unit, such as `3.35 TB/s`, `80 GiB` or `2.5 USD/h`.

    Args:
        text: what the user typed.
        dimension: what it must be.
        place: named in front of error messages.

    Raises:
        UserError: no number, no unit, an unknown unit, another dimension, or a value that is not positive.
    """
    refuse = partial(refusal, place, text, dimension)
    stripped = APART.sub(r"\1", " ".join(ungrouped(text)[0].replace("_", "").split()))
    sign = stripped[:1] if stripped[:1] in ("-", "+") else ""
    number = NUMBER.match(stripped, len(sign))
    if not number or len(stripped) > 80:
        raise refuse("does not start with a number")
    name = stripped[number.end() :].strip()
    if number.end() < len(stripped) and stripped[number.end()] in "0123456789":
        raise refuse(TOO_LONG)
    if not name:
        raise refuse("has no unit")
    found = unit(name, refuse)
    if found.dimension != dimension:
        raise refuse(f"is in {unit_text(found.dimension) or 'no unit'}")
    return positive(Fraction(sign + number.group()), found.scale, dimension, refuse)


def refusal(place: str, text: str, dimension: Powers, reason: str) -> UserError:
    """An error that shows what was typed, what is wrong with it and how it could look."""
    what, example = MEANING.get(dimension, ("a quantity", f"1 {unit_text(dimension)}"))
    return UserError(f"{f'{place}: ' if place else ''}'{shorten(text)}' {reason}; write {what} such as '{example}'")


def positive(number: Fraction, scale: Rational, dimension: Powers, refuse: Callable[[str], UserError]) -> Quantity:
    """The quantity, refused unless it is above zero."""
    if number <= 0:
        raise refuse("must be positive")
    return Quantity(number * scale, dimension)


def unit(name: str, refuse: Callable[[str], UserError]) -> Unit:
    """The unit that a user typed."""
    if name in CATALOG_UNITS:
        return CATALOG_UNITS[name]
    if not UNIT.fullmatch(name):
        raise refuse(f"has the unit '{shorten(name)}', which is not a product or quotient of names")
    for part in re.findall(r"[A-Za-zµ]+", name):
        if part in ("G", "T", "M", "K", "k", "Gi", "Ti", "Mi", "Ki"):
            raise refuse(f"has a prefix but no unit: GB is 10^9 bytes, GiB is 2^30 ('{part}')")
        if "i" in part and part.endswith("B") and part[:-1] not in BINARY:
            raise refuse(f"mixes prefixes ('{part}'): GB is 10^9 bytes, GiB is 2^30")
        if part.endswith(("b", "bit", "bits", "bps")):
            raise refuse(f"has bits or a small b ('{part}'); a byte is B, 8 bits")
    return pint_unit(name, refuse)


def pint_unit(name: str, refuse: Callable[[str], UserError]) -> Unit:
    """The same for any product or quotient of prefixed units, read by pint."""
    for part in re.findall(r"[A-Za-zµ]+", name):  # one by one: in a product pint reads `nan` and `inf` as numbers
        if not registry().parse_unit_name(part):
            raise refuse(str(unknown("unit", part, list(units_to_offer()))))
    scale, base = registry().get_base_units(registry().parse_units(name))
    by_name = {"FLOP": "FLOP", "byte": "byte", "second": "s", "token": "token", "USD": "USD"}
    exponents = {by_name[str(n)]: int(str(power)) for n, power in base._units.items()}
    return Unit(Fraction(str(scale)), powers(**exponents))


@cache
def registry() -> pint.UnitRegistry[Fraction]:
    """A pint registry of these units alone, exact, and fast to build."""
    import pint

    found: pint.UnitRegistry[Fraction] = pint.UnitRegistry(None, non_int_type=Fraction)
    for line in definitions():
        found.define(line)
    return found


def definitions() -> Iterator[str]:
    """The prefixes and units in pint's notation."""
    names = {"k": "kilo", "M": "mega", "G": "giga", "T": "tera", "P": "peta", "E": "exa"}
    for prefix, name in names.items():
        yield f"{name}- = {DECIMAL[prefix]} = {prefix}-"
        yield f"{name[:2]}bi- = {BINARY[('K' if prefix == 'k' else prefix) + 'i']} = {prefix.upper()}i-"
    yield from ("milli- = 1/1000 = m-", "micro- = 1/1000000 = u- = µ-")
    yield from ("FLOP = [work] = FLOPs = FLOPS", "OP = FLOP = OPs", "byte = [data] = B = bytes")
    yield "second = [time] = s"
    yield from (f"{name} = {PLAIN[name].scale}*second = {short}" for name, short in (("minute", "min"), ("hour", "h")))
    yield f"day = {PLAIN['day'].scale}*second"
    yield from ("token = [token] = tokens", "USD = [money]")
