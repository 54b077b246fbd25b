"""Sizes that a formula takes for another, or for a number: `K_r`, `E = 4`, `G = A`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations, product
from typing import Any

from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import python
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.given import Limit, Options
from costgraph.library.explaining.factors import USUAL as FACTORS

USUAL: dict[str, tuple[str | int | Fraction, ...]] = {
    "E": (4, Fraction(8, 3), Fraction(7, 2)),
    "G": ("A", 1),
    "p": (2, 4),
}  # what formulas have put in
MOST = 3  # at once
MADE_OF = {"H": ("D/A",), "F": ("4*D", "8*D/3")}  # what sizes of today's models were made of in older ones
COUNTED = ("L", "S", "S_e")  # and layers of a kind: what one counts off by one
# Sizes of a kind, which are taken for each other before any others that happen to be as large.
KINDS = ({"A", "G"}, {"N_r", "K_r", "N_s"}, {"D", "F", "F_e", "H"}, {"S", "K", "W"}, {"H", "H_n", "H_r", "H_v"})


def size_for_another(printed: Quotient, form: ClosedForm, bound: Mapping[str, Polynomial]) -> str:
    """Which size stands in the place of another, where sizes were put in: `N_r in the place of K_r (128 for 8)`.

    Of two numbers only sizes of a kind are taken for each other: any two others may come to what was printed by chance.
    """
    pairs = ((x, y) for x in form.value.symbols for y in form.value.symbols if x in bound and bound.get(y) != bound[x])
    right = [(x, y) for x, y in pairs if form.value.substitute({x: Polynomial.symbol(y)}).substitute(bound) == printed]
    kin = [pair for pair in right if of_a_kind(*pair)]
    if not right:
        return made_of_others(printed, form, bound)
    return " or ".join(
        f"{y} stands in the place of {x}" + (f" ({bound[y]} for {bound[x]})" if y in bound else "")
        for x, y in kin or [pair for pair in right if pair[1] not in bound]
    )


def made_of_others(printed: Quotient, form: ClosedForm, bound: Mapping[str, Polynomial]) -> str:
    """Which size is taken for what others usually make it: `D/A stands in the place of H (80 for 128)`."""
    for name, texts in MADE_OF.items():
        for other in (parse(text) for text in texts if name in form.value.symbols):
            if form.value.substitute({name: other.numerator}).substitute(bound) == printed:
                is_number = (number := other.substitute(bound).number) is not None and name in bound
                return f"{python(other)} stands in the place of {name}" + (
                    f" ({number} for {bound[name]})" if is_number else ""
                )
    return ""


def off_by_one(printed: Quotient, form: ClosedForm, bound: Mapping[str, Polynomial]) -> str:
    """Which number of layers or positions is one more or less than it is, or half of it; "" if none is."""
    for name in form.value.symbols:
        if not (name in COUNTED or name.startswith("L_")):
            continue
        size, whole = Polynomial.symbol(name), form.value.substitute(bound)
        for other in (size - 1, size + 1, size / 2):
            found = form.value.substitute({name: other}).substitute(bound)
            is_factor = name not in bound and bool(whole.numerator) and (found / whole).number is not None
            if found == printed and not is_factor:
                numbers = f" ({other.substitute(bound)} for {bound[name]})" if name in bound else ""
                return f"{python(other)} stands in the place of {name}{numbers}"
    return ""


def of_a_kind(one: str, other: str) -> bool:
    """Whether two sizes are taken for each other."""
    return any({one, other} <= kind for kind in KINDS)


def factor_of_part(
    printed: Quotient, derived: Quotient, parts: Mapping[str, Polynomial], bound: Mapping[str, Polynomial]
) -> str:
    """Which size is missing in a part where all were put in: `in the attention core (...), the factor A (32)`.

    Only where all is a number, of sizes that no other number is by chance, and in a part that is a product of them.

    Args:
        printed: what it should explain.
        derived: what is right, with the sizes put in.
        parts: parts of it that have a name, with the sizes open.
        bound: the sizes.
    """
    said: list[str] = []
    large = {x for x, value in bound.items() if (Quotient(value).number or 0) > max(FACTORS)}
    if printed.number is None:
        return ""
    for name, part in ((name, part) for name, part in parts.items() if part.is_monomial):
        right = Quotient(part.substitute(bound))
        instead = printed - derived + right
        lost = [x for x in part.symbols if x in large and instead * Quotient(bound[x]) == right]
        if lost:
            where = f"in {name} ({python(part)}), the factor {' or '.join(lost)}"
            said.append(f"{where} ({bound[lost[0]]}) is missing")
    return ", or ".join(said)


def right_where(printed: Quotient, form: Quotient) -> str:
    """The usual sizes at which a formula is right that has them put in: `E = 4`, `G = A and p = 2`; "" at none."""
    gone = [size for size in USUAL if size in form.symbols and size not in printed.symbols]
    for count in range(1, min(len(gone), MOST) + 1):
        for sizes in combinations(gone, count):
            for values in product(*(USUAL[size] for size in sizes)):
                given = dict(zip(sizes, values, strict=True))
                put_in = {
                    x: Polynomial.symbol(y) if isinstance(y, str) else Polynomial.constant(y) for x, y in given.items()
                }
                if form.substitute(put_in) == printed:
                    return "it is right where " + " and ".join(f"{x} = {y}" for x, y in given.items())
    return ""


def without(form: ClosedForm, size: str, bound: Mapping[str, Polynomial]) -> Quotient:
    """A form with all sizes put in but one."""
    return form.value.substitute({name: value for name, value in bound.items() if name != size})


def usual_ratio(printed: Quotient, form: ClosedForm, of: Options) -> Limit | None:
    """What was bound, and E = 4 too, if a formula has none of an E that is free; None otherwise."""
    limit: Any = of.get("limit")
    if "E" not in form.value.symbols or "E" in printed.symbols:
        return None
    if isinstance(limit, Mapping):
        return {**limit, "E": 4}
    return [*([limit] if isinstance(limit, str) else limit or ()), "E=4"]
