"""Numeric equations and inequalities of any degree in one unknown: real roots between exact bounds."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import lcm

from costgraph.algebra.inequalities import Case, Relation, cases, coefficients, holds
from costgraph.algebra.isolation import positive_roots
from costgraph.algebra.polynomial import Polynomial, exact
from costgraph.algebra.powers import DIGITS
from costgraph.algebra.roots import Root
from costgraph.algebra.symbols import Rational

SIMPLE = 10**12  # a rational root with a smaller denominator is found exactly


def zeros(form: Polynomial, name: str) -> list[Root]:
    """The positive roots of `form`, which has no other symbol, in ascending order and each once."""
    row = coefficients(form, name)
    if len(row) <= 3 or not any(row[1:-1]):
        return [case.low for case in cases(form, "==", name) if case.low is not None]
    by_power = {power: Fraction(part.number or 0) for power, part in form.collect(name).items()}
    whole = lcm(*(number.denominator for number in by_power.values()))
    numbers = [by_power.get(power, Fraction(0)) for power in range(min(by_power), max(by_power) + 1)]
    found = positive_roots([int(number * whole) for number in numbers], DIGITS)
    return [root(form, name, low, high) for low, high in found]


def root(form: Polynomial, name: str, low: Fraction, high: Fraction) -> Root:
    """The root between two bounds: a simple fraction if it is one, else their middle."""
    middle = (low + high) / 2
    simple = middle.limit_denominator(SIMPLE)
    if low <= simple <= high and at(form, name, simple) == 0:
        return Root(Polynomial.constant(exact(simple)))
    return Root(Polynomial.constant(exact(middle)), rounded=True)


def at(form: Polynomial, name: str, value: Rational) -> Fraction:
    """The value of `form`."""
    return Fraction(form.substitute({name: Polynomial.constant(exact(value))}).number or 0)


def intervals(form: Polynomial, relation: Relation, name: str) -> list[Case]:
    """The stretches of positive numbers on which `form relation 0`; `form` has no other symbol."""
    roots = zeros(form, name)
    if relation == "==":
        return [Case(root, root) for root in roots]
    edges = [Fraction(0), *(Fraction(root.number or 0) for root in roots)]
    middles = [*((a + b) / 2 for a, b in pairwise(edges)), edges[-1] + 1]
    inside = [holds(at(form, name, middle), relation) for middle in middles]
    strict = relation in ("<", ">")
    ends: list[Root | None] = [None, *roots, None]
    found: list[Case] = []
    for i, (low, high) in enumerate(pairwise(ends)):
        if inside[i] and found and found[-1].high is low and low is not None and not strict:
            found[-1] = Case(found[-1].low, high)
        elif inside[i]:
            found.append(Case(low, high, strict=strict))
        elif not strict and high is not None and not inside[i + 1]:
            found.append(Case(high, high))  # touched from outside
    return found
