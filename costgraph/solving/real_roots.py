"""Numeric inequalities of any degree in one unknown: real roots isolated exactly by sympy."""

from __future__ import annotations

from fractions import Fraction

from costgraph.polynomial import Polynomial, exact
from costgraph.solving.inequality import Case, Relation
from costgraph.solving.root import PRECISION, Root
from costgraph.symbols import sympy_symbol


def intervals(form: Polynomial, relation: Relation, name: str) -> list[Case]:
    """The stretches of positive numbers on which `form relation 0`; `form` has no other symbol."""
    import sympy

    shift = -min(0, *form.exponents(name))
    polynomial = sympy.Poly((form * Polynomial.symbol(name) ** shift).to_sympy(), sympy_symbol(name))
    eps = sympy.Rational(1, PRECISION)
    bounds = [at for at, _ in polynomial.intervals(eps=eps, inf=0)]
    points = [Fraction(int((lo + hi).p), 2 * int((lo + hi).q)) for lo, hi in bounds if hi > 0]
    roots = [Root(Polynomial.constant(exact(point))) for point in points]
    if relation == "==":
        return [Case(root, root) for root in roots]
    edges = [Fraction(0), *points]
    middles = [(a + b) / 2 for a, b in zip(edges, points, strict=False)] + [edges[-1] + 1]
    cases: list[Case] = []
    for i, middle in enumerate(middles):
        value = Fraction(form.substitute({name: Polynomial.constant(exact(middle))}).number or 0)
        if value <= 0 if relation == "<=" else value >= 0:
            low, high = (None if i == 0 else roots[i - 1]), (None if i == len(roots) else roots[i])
            if cases and cases[-1].high is low and low is not None:
                cases[-1] = Case(cases[-1].low, high)
            else:
                cases.append(Case(low, high))
    return cases
