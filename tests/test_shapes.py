"""Ways to write a form: pairs of a polynomial and its text in each shape."""

from __future__ import annotations

import pytest
from recipes import graph

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.algebra.printers import latex, python, unicode
from costgraph.algebra.shapes import SHAPES, write
from costgraph.errors import UserError


@pytest.mark.parametrize(
    ("text", "shape", "written"),
    [
        ("0", "auto", "0"),
        ("7", "auto", "7"),
        ("S", "factored", "S"),
        ("12*B*D*L*S*(S + (2 + E)*D)", "expanded", "12*B*S*L*D**2*E + 12*B*S**2*L*D + 24*B*S*L*D**2"),
        ("12*B*D*L*S*(S + (2 + E)*D)", "factored", "12*B*S*L*D*(D*(E + 2) + S)"),
        ("12*B*D*L*S*(S + (2 + E)*D)", "auto", "12*B*S*L*D*(D*(E + 2) + S)"),
        ("12*B*D*L*S*(S + 6*D)", "leading", "72*B*S*L*D**2*(1 + S/(6*D))"),
        ("S**2 - D**2", "auto", "S**2 - D**2"),
        ("S + D", "auto", "S + D"),
        (
            "(P + M - 2)*(7*S*A*H + 12*D*A*H + 12*D*G*H + 18*D*F)/M",
            "auto",
            "(7*S*A*H + 6*D*(2*H*(A + G) + 3*F))*(P + M - 2)/M",
        ),
        ("V*P + (D*A + D*G + F)*(P + M - 1)", "auto", "D*(P + M - 1)*(A + G) + F*(P + M - 1) + V*P"),
        ("(A + G)*(P + M - 1)", "auto", "(P + M - 1)*(A + G)"),
        ("(1/P - 1/M)*(S*D + S*B + V)", "auto", "(S*(B + D) + V)*(M - P)/(P*M)"),
        ("-S - D", "auto", "-(S + D)"),
        ("S*D + S*B + D + B", "factored", "(B + D)*(S + 1)"),
        ("S**2*D + S*D + B", "S", "S**2*D + S*D + B"),
        ("S*D + S*B + V", "S", "S*(B + D) + V"),
        ("-S*D - S*B", "factored", "-S*(B + D)"),
        ("8*p*B*D*(T - 1)/T", "auto", "8*B*D*p*(T - 1)/T"),
        ("S/2 + D/2", "factored", "(S + D)/2"),
        ("S*D**5 + B*D**5 + V*D**2 + V", "factored", "D**2*(D**3*(B + S) + V) + V"),
        ("S*D**5*T**3 + 2*B*D**2*T**3 + D**2*T", "factored", "D**2*T*(T**2*(S*D**3 + 2*B) + 1)"),
        ("-6*S*D**4 - 4*B*D**4 + 3*D", "factored", "D*(3 - 2*D**3*(2*B + 3*S))"),
        ("S*D**64*A**60 + B*D**64 + V", "factored", "D**64*(S*A**60 + B) + V"),
    ],
)
def test_shapes(text: str, shape: str, written: str) -> None:
    assert python(parse(text), shape) == written
    assert parse(written) == parse(text)


@pytest.mark.parametrize(
    ("text", "tex", "symbols"),
    [
        ("12*B*S*(S + 6*D)", r"12 B S \left(S + 6 D\right)", "12BS(S + 6D)"),
        ("S**2/T", r"\frac{S^{2}}{T}", "S²/T"),
        ("S/(2*T*D)", r"\frac{S}{2 D T}", "S/(2DT)"),
        ("-S", "-S", "-S"),
        ("2*N_params", r"2 N_{\mathrm{params}}", "2 N_params"),
        ("S/(S + D)", r"\frac{S}{S + D}", "S/(S + D)"),
        ("(S + D)/(B + V)", r"\frac{S + D}{B + V}", "(S + D)/(B + V)"),
        ("(S + D)/2", r"\frac{S + D}{2}", "(S + D)/2"),
        ("B*(S + D)/T", r"\frac{B \left(S + D\right)}{T}", "B(S + D)/T"),
        ("(S + D)/2 + E*V*(S + D)", r"\frac{\left(2 E V + 1\right) \left(S + D\right)}{2}", "(2EV + 1)(S + D)/2"),
        ("hbm**2*B", r"B M_{\mathrm{hbm}}^{2}", "B hbm²"),
        ("S**10", "S^{10}", "S¹⁰"),
        ("0", "0", "0"),
    ],
)
def test_latex_and_unicode(text: str, tex: str, symbols: str) -> None:
    assert latex(parse(text)) == tex
    assert unicode(parse(text)) == symbols


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["train", "train, head", "tp, grouped, copies", "sp, kept", "decode"])
def test_every_shape_of_every_measure_is_read_back(name: str, shape: str) -> None:
    for measure in (cg.params, cg.flops, cg.activations, cg.traffic, cg.communication, cg.intensity):
        form = measure(graph(name))
        assert form.same_as(form.text(shape))
        assert form.latex(shape)


def test_an_infinite_form() -> None:
    form = cg.flops(graph("train")).limit(S="oo")
    assert form.text() == "oo"
    assert form.latex() == r"\infty"


def test_auto_takes_no_more_operations_than_others() -> None:
    form = cg.activations(graph("train")).value.numerator
    assert write(form, "auto").operations <= min(write(form, s).operations for s in ("expanded", "factored"))


def test_an_unknown_shape_lists_the_choices() -> None:
    with pytest.raises(UserError, match="did you mean expanded"):
        python(parse("S"), "expand")


def test_notebooks_get_latex_in_dollars() -> None:
    text = cg.params(cg.decoder())._repr_latex_()
    assert text.startswith("$")
    assert text.endswith("$")
    assert repr(cg.params(cg.decoder())) == "<params = 2*L*D**2*(E + 2) parameter>"


@pytest.mark.parametrize("shape", ["auto", "factored", "B"])
def test_a_sum_that_would_nest_too_deeply_is_expanded(shape: str) -> None:
    deep = parse("*".join(f"(B - {i})" for i in range(1, 201))).numerator
    assert write(deep, shape).expand() == deep
