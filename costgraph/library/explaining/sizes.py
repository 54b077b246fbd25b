"""Sizes that a formula takes for another, or for a number: `K_r`, `E = 4`, `G = A`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product
from typing import Any

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.given import Limit, Options

USUAL: dict[str, tuple[str | int, ...]] = {"E": (4,), "G": ("A", 1), "p": (2, 4)}  # what formulas have put in
MOST = 3  # at once
# Sizes of a kind, which are taken for each other before any others that happen to be as large.
KINDS = ({"A", "G"}, {"N_r", "K_r", "N_s"}, {"D", "F", "F_e", "H"}, {"S", "K", "W"}, {"H", "H_n", "H_r", "H_v"})


def size_for_another(printed: Quotient, form: ClosedForm, bound: Mapping[str, Polynomial]) -> str:
    """Which size stands in the place of another, where sizes were put in: `N_r in the place of K_r (128 for 8)`."""
    pairs = ((x, y) for x in form.value.symbols for y in form.value.symbols if x in bound and bound.get(y) != bound[x])
    right = [(x, y) for x, y in pairs if form.value.substitute({x: Polynomial.symbol(y)}).substitute(bound) == printed]
    kin = [pair for pair in right if any(set(pair) <= kind for kind in KINDS)]
    return " or ".join(
        f"{y} stands in the place of {x}" + (f" ({bound[y]} for {bound[x]})" if y in bound else "")
        for x, y in kin or right
    )


def right_where(printed: Quotient, form: ClosedForm) -> str:
    """The usual sizes at which a formula is right that has them put in: `E = 4`, `G = A and p = 2`; "" at none."""
    gone = [size for size in USUAL if size in form.value.symbols and size not in printed.symbols]
    for count in range(1, min(len(gone), MOST) + 1):
        for sizes in combinations(gone, count):
            for values in product(*(USUAL[size] for size in sizes)):
                given = dict(zip(sizes, values, strict=True))
                put_in = {
                    x: Polynomial.symbol(y) if isinstance(y, str) else Polynomial.constant(y) for x, y in given.items()
                }
                if form.value.substitute(put_in) == printed:
                    return " and ".join(f"{x} = {y}" for x, y in given.items())
    return ""


def usual_ratio(printed: Quotient, form: ClosedForm, of: Options) -> Limit | None:
    """What was bound, and E = 4 too, if a formula has none of an E that is free; None otherwise."""
    limit: Any = of.get("limit")
    if "E" not in form.value.symbols or "E" in printed.symbols:
        return None
    if isinstance(limit, Mapping):
        return {**limit, "E": 4}
    return [*([limit] if isinstance(limit, str) else limit or ()), "E=4"]
