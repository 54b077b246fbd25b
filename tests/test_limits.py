"""True limits: of one symbol, and of several that grow together without one of them being said to grow faster."""

import pytest

import costgraph as cg
from costgraph.algebra.limits import limit
from costgraph.algebra.parser import parse
from costgraph.errors import UserError


@pytest.mark.parametrize(
    ("form", "names", "expected"),
    [
        ("S", "D", "S"),
        ("S/T", "T", "0"),
        ("(S + 1)/S", "S", "1"),
        ("1/(S*T) + D", "ST", "D"),
        ("S*T/(S*T + S + T + 1)", "ST", "1"),
        ("(S*T + D)/(2*S*T + S)", "ST", "1/2"),
        ("S/(S*T + 1)", "ST", "0"),
        ("S*T + S - T", "ST", "oo"),
        ("-S*T + 3*S", "ST", "-oo"),
        ("(S*T + 1)/(S + 1)", "ST", "oo"),
        ("S*T*D/(S*T*D + D)", "STD", "1"),
        ("7", "ST", "7"),
        ("S**2*T + S*T**2", "ST", "oo"),
        ("1/(S + T)", "ST", "0"),
        ("(S**2 + T**2 + 1)/(D + 1)", "ST", "oo"),
    ],
)
def test_a_limit(form: str, names: str, expected: str) -> None:
    assert str(limit(parse(form), names)) == str(parse(expected) if "oo" not in expected else expected)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("S/T", "oo when S grows first, 0 when T grows first"),
        ("S/(S + T)", "1 when S grows first, 0 when T grows first"),
        ("S - T", "oo when S grows first, -oo when T grows first"),
        ("(S + 2*T)/(S + T)", "1 when S grows first, 2 when T grows first"),
        ("(S + T)/(S + T + 1)", "whether there is a limit for S->oo and T->oo together cannot be told"),
    ],
)
def test_a_joint_limit_that_does_not_exist_is_refused_with_what_it_is_one_way_and_another(form: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        limit(parse(form), "ST")
    assert said in str(refused.value)
    with pytest.raises(UserError):
        limit(parse(form), "TS")


def test_the_order_in_which_limits_are_typed_does_not_matter() -> None:
    question = {"op_set": "decoder", "passes": ["tensor_parallel(T)"]}
    for typed in ("S->oo,T->oo", "T->oo,S->oo"):
        with pytest.raises(UserError, match=r"12\*D/.* when S grows first"):
            cg.derive("intensity", limit=typed, **question)  # type: ignore[arg-type]
    forms = [
        cg.derive("flops", limit=typed, op_set="decoder").limited["flops"] for typed in ("S->oo,D->oo", "D->oo,S->oo")
    ]
    assert forms[0].same_as(forms[1])


def test_a_term_without_a_joint_limit_may_stand_in_a_whole_that_has_one() -> None:
    form = cg.derive("flops.forward", op_set="matmul(m=S, n=T, k=D)", phase="forward").forms["flops.forward"]
    assert str(form.limit(S="oo", T="oo").value) == "oo"
