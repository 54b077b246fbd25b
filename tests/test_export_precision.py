"""What a module promises about rounding holds: 1e-12 of the result, or of its sizes where a form says it subtracts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import toolchains
from hypothesis import assume, example, given
from hypothesis import strategies as st

import costgraph as cg
from costgraph.algebra.conversion import from_quotient
from costgraph.algebra.expression import (
    Call,
    Name,
    Node,
    Number,
    Power,
    Product,
    Ratio,
    Sum,
    children,
    evaluate,
    rounded,
    with_children,
)
from costgraph.algebra.parser import parse
from costgraph.errors import UserError
from costgraph.exporting.code.precision import SUBTRACTS, UNBOUNDED, remark, sign
from costgraph.exporting.forms import collect
from costgraph.exporting.vectors import vectors

LIMIT = Fraction(1, 10**12)
REMARKS = {  # a form as it is printed -> what is said about its rounding
    "12*B*S*L*D*(D*(E + 2) + S)": "",
    "B*(T - 1)/T": "",
    "p*(T*A - 3)": "",
    "-B*S - D": "",
    "(B - 1)/(S + D)": "",
    "2**60*B - 1": "",
    "D - L": SUBTRACTS,
    "B*(D - L)": SUBTRACTS,
    "p - 1": SUBTRACTS,  # p need not be whole
    "T - 2**60": SUBTRACTS,
    "B*(D - S) + L": SUBTRACTS,
    "(D - L)/(S + T)": SUBTRACTS,
    "(S + T)/(D - L)": UNBOUNDED,
}


@pytest.mark.parametrize(("text", "said"), REMARKS.items())
def test_a_difference_of_sizes_is_told_from_a_size_less_a_constant(text: str, said: str) -> None:
    assert remark(from_quotient(parse(text), "factored")) == said


def test_a_rounded_difference_has_no_bound() -> None:
    difference = Sum((Name("D"), Product(Name("L"), Number(-1))))
    assert remark(Call("ceil", (Ratio(difference, Number(3)),))) == UNBOUNDED
    assert remark(Call("max", (difference, Number(3)))) == SUBTRACTS
    assert remark(Call("ceil", (Ratio(Name("D"), Number(3)),))) == ""
    assert sign(Power(difference, 2)).sign == 1


def as_sizes(node: Node) -> Node:
    """The same with every minus read as a plus."""
    if isinstance(node, Number):
        return Number(max(node.value, -node.value))
    return with_children(node, tuple(map(as_sizes, children(node))))


WHOLE = st.integers(1, 2**70)
SIZES = st.fixed_dictionaries({
    "B": WHOLE, "S": WHOLE, "D": WHOLE,
    "p": st.integers(1, 2**20).map(lambda n: Fraction(n, 2**10)),
})  # fmt: skip
TREE = st.recursive(
    st.one_of(st.sampled_from([Name(name) for name in "BSDp"]), st.builds(Number, st.integers(-9, 9))),
    lambda part: st.one_of(
        st.lists(part, min_size=2, max_size=3).map(lambda parts: Sum(tuple(parts))),
        st.builds(Product, part, part),
        st.builds(Ratio, part, part),
        st.builds(Power, part, st.integers(2, 4)),
        st.builds(lambda name, a, b: Call(name, (a, b)), st.sampled_from(["max", "min"]), part, part),
    ),
    max_leaves=8,
)
NEAR = {"B": 2**60 + 3, "S": 2**60 + 2, "D": 2**55 - 1, "p": 1}


@given(tree=TREE, sizes=SIZES)
@example(tree=Sum((Name("B"), Number(-1))), sizes=NEAR)
@example(tree=Sum((Name("B"), Product(Name("S"), Number(-1)))), sizes=NEAR)
@example(tree=Sum((Product(Name("D"), Name("D")), Number(-9))), sizes=NEAR)
@example(tree=Ratio(Number(1), Sum((Name("B"), Number(-1)))), sizes=NEAR)
@example(tree=Sum((Sum((Name("B"), Number(-3))), Number(2))), sizes={**NEAR, "B": 2})
def test_any_form_keeps_what_is_promised(tree: Node, sizes: dict[str, Any]) -> None:
    said = remark(tree)
    assume(said != UNBOUNDED)
    try:
        exact = evaluate(tree, sizes)
        found = rounded(tree, {name: float(size) for name, size in sizes.items()})
        scale = abs(exact) if not said else evaluate(as_sizes(tree), sizes)
    except (UserError, ArithmeticError):
        assume(False)
    assume(abs(found) != float("inf"))
    assert abs(Fraction(found) - exact) <= LIMIT * scale


def test_where_terms_cancel_the_module_says_so_and_keeps_the_weaker_promise() -> None:
    derivation = cg.derive("flops", limit="S=D-L")
    text = str(cg.export(derivation, "numpy"))
    assert "relative errors stay below 1e-12, except where a form says that it subtracts" in " ".join(text.split())
    assert "It subtracts sizes of the same order" in text
    assert "It subtracts" not in str(cg.export(derivation, "python"))  # exact
    module, (form,) = toolchains.imported(text), collect(derivation)
    worst = Fraction(0)
    for far in range(1, 30):
        sizes: dict[str, Any] = {"B": 1, "D": 10**9 + far, "L": 10**9, "E": Fraction(1, 8)}
        exact = Fraction(form.at(sizes))
        error = abs(Fraction(float(module.flops(**sizes))) - exact)
        sizes_alone = evaluate(as_sizes(form.node), sizes)
        assert error <= LIMIT * sizes_alone
        worst = max(worst, error / exact)
    assert worst > 10**-12


def test_a_module_without_differences_promises_the_same_for_all() -> None:
    text = str(cg.export(cg.derive("flops", "communication", passes=["tensor_parallel(T)"]), "c"))
    assert "Relative errors stay below 1e-12; ceilings" in text
    assert "subtracts" not in text


def test_a_vector_that_is_left_out_is_said_to_be() -> None:
    compared = vectors(collect(cg.derive("flops", limit="S=D-L")))
    assert {"ones"} <= set(compared.left_out)
    for target in ("c", "rust", "javascript", "typescript", "sql", "numpy", "python"):
        text = str(cg.export(cg.derive("flops", limit="S=D-L"), target))
        assert "Not compared: ones, as S=0: S (sequence length" in text
    assert "Not compared" not in str(cg.export(cg.derive("flops"), "c"))
