"""Forms as expression trees: closed forms in the shape they are written in, sympy expressions node by node.

A sympy expression may hold Max, Min, ceiling, floor and square roots, which closed forms never do.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING

from costgraph import shapes
from costgraph.errors import UserError
from costgraph.exporting.code.expression import Call, Name, Node, Number, Power, Product, Ratio, Sum
from costgraph.polynomial import NAMES, Polynomial
from costgraph.quotient import Quotient
from costgraph.symbols import Rational

if TYPE_CHECKING:
    import sympy


def as_node(form: Quotient | Polynomial | Node | sympy.Expr, shape: str = "auto") -> Node:
    """Whatever holds a form, as a tree."""
    if isinstance(form, Node):
        return form
    if isinstance(form, Polynomial):
        form = Quotient(form)
    return from_quotient(form, shape) if isinstance(form, Quotient) else from_sympy(form)


# --- from forms -------------------------------------------------------------------------------------------------------


def from_quotient(value: Quotient, shape: str = "auto") -> Node:
    """An exact form in one of `shapes.SHAPES`.

    Raises:
        UserError: the form grows without bound.
    """
    if value.is_infinite:
        raise UserError("the form grows without bound (oo): there is no number to compute")
    above = from_sum(shapes.write(value.numerator, shape))
    return above if value.is_polynomial else Ratio(above, from_sum(shapes.write(value.denominator, shape)))


def from_sum(written: shapes.Sum) -> Node:
    """A written sum."""
    return add([from_product(part) for part in written.products])


def from_product(part: shapes.Product) -> Node:
    """A written product: symbols, sums, then the coefficient, over at most one divisor."""
    ((exponents, coefficient),) = part.monomial.terms.items()
    powers = list(zip(NAMES, exponents, strict=True))
    above = [power(Name(name), e) for name, e in powers if e > 0] + [from_sum(s) for s in part.sums]
    below = [power(Name(name), -e) for name, e in powers if e < 0]
    return fraction(coefficient, above, below)


def fraction(coefficient: Rational, above: list[Node], below: list[Node]) -> Node:
    """`coefficient * above / below` with one division, the numbers behind the symbols."""
    top = multiply([*above, *([Number(coefficient.numerator)] if coefficient.numerator != 1 or not above else [])])
    if coefficient.denominator != 1:
        below = [*below, Number(coefficient.denominator)]
    return Ratio(top, multiply(below)) if below else top


def add(terms: list[Node]) -> Node:
    """A sum; 0 for none, the term itself for one."""
    if len(terms) > 1:
        return Sum(tuple(terms))
    return terms[0] if terms else Number(0)


def multiply(factors: list[Node]) -> Node:
    """A product, leaning to the left."""
    return reduce(Product, factors)


def power(base: Node, exponent: int) -> Node:
    """A whole positive power."""
    return base if exponent == 1 else Power(base, exponent)


# --- from sympy -------------------------------------------------------------------------------------------------------


def from_sympy(expr: sympy.Expr) -> Node:
    """A sympy expression of numbers, symbols, + * / **, Max, Min, ceiling, floor and sqrt.

    Raises:
        UserError: anything else, named.
    """
    import sympy
    from sympy.core.sorting import default_sort_key

    if isinstance(expr, sympy.Rational):
        return fraction(Fraction(int(expr.p), int(expr.q)), [], [])
    if isinstance(expr, sympy.Symbol):
        return Name(expr.name)
    if isinstance(expr, sympy.Add):
        return add([from_sympy(term) for term in expr.as_ordered_terms()])
    if isinstance(expr, sympy.Mul | sympy.Pow):
        return from_sympy_product(expr)
    if isinstance(expr, sympy.ceiling | sympy.floor):
        # over one denominator: the floor of 1/10 + 2/10 + 7/10 in doubles is not that of 10/10
        return Call("ceil" if isinstance(expr, sympy.ceiling) else "floor", (from_sympy(sympy.together(expr.args[0])),))
    if isinstance(expr, sympy.Max | sympy.Min):
        parts = sorted(expr.args, key=default_sort_key)  # they come as a set
        return Call("max" if isinstance(expr, sympy.Max) else "min", tuple(map(from_sympy, parts)))
    if isinstance(expr, sympy.Float):
        raise UserError(f"the form holds the float {expr}; write it as a Rational to keep it exact")
    raise UserError(f"cannot export {type(expr).__name__} ('{expr}'): only + - * / **, max, min, ceil, floor and sqrt")


def from_sympy_product(expr: sympy.Expr) -> Node:
    """A product or power: everything with a negative exponent goes below one line."""
    import sympy

    coefficient = Fraction(1)
    above: list[Node] = []
    below: list[Node] = []
    factors = expr.as_ordered_factors()
    for factor in sorted(factors, key=lambda f: not f.is_Symbol and not (f.is_Pow and f.base.is_Symbol)):
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sympy.Rational):
            coefficient *= Fraction(int(factor.p), int(factor.q))
            continue
        if not isinstance(exponent, sympy.Rational) or exponent.q not in (1, 2):
            raise UserError(f"cannot export the power {factor}: exponents are whole numbers or halves")
        root = from_sympy(base) if exponent.q == 1 else Call("sqrt", (from_sympy(base),))
        (above if exponent > 0 else below).append(power(root, abs(int(exponent.p))))
    return fraction(coefficient, above, below)
