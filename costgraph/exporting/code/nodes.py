"""Whatever holds a form as an expression tree; sympy expressions node by node.

A sympy expression may hold Max, Min, ceiling, floor and square roots, which closed forms never do.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from costgraph.algebra.conversion import add, fraction, from_quotient, power
from costgraph.algebra.expression import Call, Name, Node
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.errors import UserError

if TYPE_CHECKING:
    import sympy


def as_node(form: Quotient | Polynomial | Node | sympy.Expr, shape: str = "auto") -> Node:
    """Whatever holds a form, as a tree."""
    if isinstance(form, Node):
        return form
    if isinstance(form, Polynomial):
        form = Quotient(form)
    return from_quotient(form, shape) if isinstance(form, Quotient) else from_sympy(form)


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
