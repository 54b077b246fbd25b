"""The one table of units: what costs, symbols, machines and entries of the literature are measured in.

There are six bases. A parameter is an element, a position a token; sequences, devices, layers and the like are counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache

from costgraph.algebra.symbols import SYMBOLS, Rational
from costgraph.errors import unknown
from costgraph.records import dataclass

BASES = ("FLOP", "byte", "s", "token", "USD", "element")
Powers = tuple[int, ...]  # one exponent per base
NONE: Powers = (0,) * len(BASES)


def powers(**exponents: int) -> Powers:
    """Exponents by name: `powers(byte=1, s=-1)` is a bandwidth."""
    return tuple(exponents.get(name, 0) for name in BASES)


FLOP, BYTE, SECOND, ELEMENT = powers(FLOP=1), powers(byte=1), powers(s=1), powers(element=1)
COMPUTE, BANDWIDTH, PRICE = powers(FLOP=1, s=-1), powers(byte=1, s=-1), powers(USD=1, s=-1)


@dataclass(frozen=True, slots=True)
class Unit:
    """How many base units it is, and its dimension."""

    scale: Rational
    dimension: Powers = NONE


DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
BINARY = {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
SMALL = {"": Fraction(1), "m": Fraction(1, 10**3), "µ": Fraction(1, 10**6), "n": Fraction(1, 10**9)}
LITERATURE = {"K": 10**3}  # how papers write the decimal k
LARGE_NUMBERS = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
PLAIN: dict[str, Unit] = {  # by their names in the singular
    "FLOP": Unit(1, FLOP), "FLOPS": Unit(1, FLOP), "OP": Unit(1, FLOP), "byte": Unit(1, BYTE), "B": Unit(1, BYTE),
    "bit": Unit(Fraction(1, 8), BYTE),
    "s": Unit(1, SECOND), "second": Unit(1, SECOND), "us": Unit(SMALL["µ"], SECOND), "minute": Unit(60, SECOND),
    "min": Unit(60, SECOND), "hour": Unit(3600, SECOND), "h": Unit(3600, SECOND), "day": Unit(86400, SECOND),
    "year": Unit(365 * 86400, SECOND), "token": Unit(1, powers(token=1)), "position": Unit(1, powers(token=1)),
    "parameter": Unit(1, ELEMENT), "element": Unit(1, ELEMENT), "USD": Unit(1, powers(USD=1)),
    "%": Unit(Fraction(1, 100)), "percent": Unit(Fraction(1, 100)), "": Unit(1),
}  # fmt: skip
COUNTS = (
    "log10", "share", "sequence", "request", "device", "chip", "GPU", "layer", "head", "block", "step", "microbatch",
    "expert",
)  # fmt: skip
UNITS: dict[str, Unit] = {
    **{f"{prefix}B": Unit(scale, BYTE) for prefix, scale in {**DECIMAL, **LITERATURE, **BINARY}.items()},
    **{f"{p}{op}": Unit(n, FLOP) for op in ("FLOP", "OP") for p, n in {**DECIMAL, **LITERATURE}.items()},
    **{f"{prefix}s": Unit(scale, SECOND) for prefix, scale in SMALL.items()},
    **{name: Unit(scale) for name, scale in LARGE_NUMBERS.items()},
    **dict.fromkeys(COUNTS, Unit(1)),
    **PLAIN,
}
# Units that may stand as factors in a formula: those that are no letters, so that no symbol is hidden by them.
FACTORS = {
    name: unit
    for name, unit in UNITS.items()
    if name in (*LARGE_NUMBERS, "percent", "ms", "us", "byte", "FLOP", "second", "hour", "day")
    or (len(name) > 1 and name.endswith(("B", "FLOP")))
}
FACTORS |= {f"{name}s": FACTORS[name] for name in ("byte", "FLOP", "second", "hour", "day")}  # as one says it


PLURAL = [name for name in UNITS if name.endswith("FLOP") or (name in PLAIN and len(name) > 2 and name.isalpha())]


def times(one: Powers, other: Powers, power: int = 1) -> Powers:
    """`one * other**power`."""
    return tuple(a + power * b for a, b in zip(one, other, strict=True))


def without(dimension: Powers, *bases: str) -> Powers:
    """A dimension without some bases."""
    return tuple(0 if base in bases else n for base, n in zip(BASES, dimension, strict=True))


def unit_text(dimension: Powers) -> str:
    """The base unit of a dimension: `byte/s`."""
    above = [n if p == 1 else f"{n}^{p}" for n, p in zip(BASES, dimension, strict=True) if p > 0]
    below = [n if p == -1 else f"{n}^{-p}" for n, p in zip(BASES, dimension, strict=True) if p < 0]
    return "/".join(["*".join(above) or ("1" if below else ""), *below])


def amount_text(number: Rational, unit: Unit) -> str:
    """So many of a unit in base units: `4000 bytes`."""
    name = unit_text(unit.dimension)
    return f"{number * unit.scale} {name}{'s' * (name in ('byte', 'FLOP') and number * unit.scale != 1)}".rstrip()


@cache
def unit_named(text: str) -> Unit:
    """A unit as it is written beside a number: `GB/token`, `million elements`, `byte sent per device`.

    Raises:
        UserError: a name that is not known; the message has the nearest.
    """
    above, *below = (part.strip() for part in text.replace(" per ", "/").split("/"))
    found = one_unit(above)
    for name in below:
        divisor = one_unit(name) if name else one_unit("/")
        found = Unit(Fraction(found.scale) / divisor.scale, times(found.dimension, divisor.dimension, -1))
    return found


def one_unit(name: str) -> Unit:
    """One name of a unit, in the singular or in the plural, behind a large number or not; what follows it is prose."""
    words = name.split()
    scale = LARGE_NUMBERS[words.pop(0)] if words and words[0] in LARGE_NUMBERS else 1
    plain = words[0] if words else ""
    singular = plain.removesuffix("s")
    known = plain if plain in UNITS else singular if singular in (*PLURAL, *COUNTS) else ""
    if plain and not known:
        raise unknown("unit", plain, [*units_to_offer(), *LARGE_NUMBERS, *PLAIN])
    return Unit(UNITS[known].scale * scale, UNITS[known].dimension)


def units_to_offer() -> Iterator[str]:
    """The units that a message offers: not every spelling of each."""
    yield from (f"{prefix}B" for prefix in {**DECIMAL, **BINARY})
    yield from (f"{prefix}FLOP" for prefix in DECIMAL)
    yield from ("s", "ms", "h", "USD", "token")


@cache
def of_symbol(name: str) -> Powers:
    """What a symbol is measured in; a symbol that is not in the table counts."""
    return unit_named(SYMBOLS[name].unit).dimension if name in SYMBOLS else NONE


def of_quantity(name: str) -> Powers:
    """The same for a symbol whose value is a quantity, such as `hbm`; NONE for a count, or bytes per element."""
    dimension = of_symbol(name)
    return dimension if dimension == without(dimension, "token", "element") else NONE
