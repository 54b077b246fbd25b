"""A formula of one's own: whether it agrees, and otherwise the nearest slip that explains it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from costgraph.algebra.parser import parse
from costgraph.library.checking.comparison import compare
from costgraph.library.explaining.nearest import nearest, nearest_number
from costgraph.library.judging.statement import decimal

TENSOR: dict[str, object] = {"limit": ["E=4,p=2"], "passes": ["tensor_parallel(T)"]}

# formula, measure, options -> what the nearest slip must be; "" when it agrees
OWN: list[tuple[str, str, dict[str, object], str]] = [
    ("6*N_params*B*S", "flops", {"when": "S << D"}, ""),
    ("6*N*D", "flops", {"when": "S << D", "notation": "kaplan"}, ""),
    ("12*B*L*S*D*(S + (2+E)*D)", "flops", {}, ""),
    ("12*L*D**2", "params", {"limit": ["E=4"]}, ""),
    ("2*N_params*B*S", "flops", {"when": "S << D"}, "the factor 3 is missing"),
    ("2*N_params*B*S", "flops", {}, "the factor 3 is missing, and 12*B*S**2*L*D is dropped"),
    ("(4+2*E)*L*D**2", "params", {"passes": ["tensor_parallel(T)"]}, "the division by T is missing"),
    ("p*B*S*D*L", "cache", {"phase": "decode"}, "the factor 2 is missing"),
    ("B*S*D*L", "cache", {"phase": "decode"}, "the factor 2*p is missing"),
    ("-N_params", "params", {}, "the sign is reversed"),
    ("12*B*D*L*S*(S+(2+E)*D)", "flops", {"op_set": "decoder(head=True)"}, "left out: head (6*B*S*D*V)"),
    ("4*L*D**2", "params", {}, "left out: mlp (2*L*D**2*E)"),
    ("B*L*S*(34*D + 5*A)", "activations", {"limit": ["E=4,p=2"]},
     "in 5*B*S*L*A, which should be 5*B*S**2*L*A, the factor S is missing"),
    ("2*N_params*1000**3/1024**3", "states", {"phase": "forward", "limit": ["p=2"]}, "GB for GiB"),
    ("2*N_params*1024**3/1000**3", "states", {"phase": "forward", "limit": ["p=2"]}, "GiB for GB"),
    ("4*N_params*1000**3/1024**3", "states", {"phase": "forward", "limit": ["p=2"]},
     "GB for GiB and the factor 2 is too much"),
    ("2*N_params/10**9", "states", {"phase": "forward", "limit": ["p=2"]}, "it counts in units of 10**9"),
    ("N_params/GiB", "states", {"phase": "forward", "limit": ["p=2"]},
     "it counts in units of 2**30 and the factor 2 is missing"),
    ("16*N_params", "states", {}, "it is 8/9 of what is derived"),
    ("12*L*D", "params", {"limit": ["E=4"]}, "the factor D is missing"),
    ("12*L*D*K", "params", {"limit": ["E=4"]}, "K stands in the place of D"),
    ("3*L*D**2 + 2*L*E*D**2", "params", {}, "left out: attn.q (L*D**2)"),
    ("4*L*D**2 + 4*L*E*D**2", "params", {}, "counted twice: mlp (2*L*D**2*E)"),
    ("12*B*S*L*D*(D*(E+2))", "flops", {}, "12*B*S**2*L*D is dropped"),
    ("12*B*S*L*D*(D*(E+2)+S) + 3*V", "flops", {}, "3*V is too much"),
    ("12*B*S*L*D*(D*(E+2)+2*S) + 3*V", "flops", {},
     "in 24*B*S**2*L*D, which should be 12*B*S**2*L*D, the factor 2 is too much, and 3*V is too much"),
    ("B*S*L*(34*D + 5*A*S**2)", "activations", {"limit": ["E=4,p=2"]},
     "in 5*B*S**3*L*A, which should be 5*B*S**2*L*A, the factor S is too much"),
    ("B*S*L*(34*D + 5*D*S)", "activations", {"limit": ["E=4,p=2"]},
     "in 5*B*S**2*L*D, which should be 5*B*S**2*L*A, D stands in the place of A"),
    ("B*S*L*(34*D + 5*A*S/T)", "activations", TENSOR,
     "in 24*B*S*L*D, which should be 24*B*S*L*D/T, the division by T is missing"),
    ("B*S*L*(34*D + 5*A*S)/T", "activations", TENSOR,
     "in 10*B*S*L*D/T, which should be 10*B*S*L*D, the division by T is too much"),
    ("B*S*L*(10*D + 24*D/T)", "activations", TENSOR, "5*B*S**2*L*A/T is dropped"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "measure", "options", "slip"), OWN)
def test_a_formula_of_ones_own(formula: str, measure: str, options: dict[str, object], slip: str) -> None:
    found = compare(formula, measure, **options)  # type: ignore[arg-type]
    assert found.agrees == (slip == "")
    assert found.agrees or found.slip == slip


def test_a_difference_that_no_slip_explains_has_none() -> None:
    assert nearest(parse("B*S + 7*V"), parse("12*L*D**2 + B")) == ""
    assert nearest(parse("13*B + 7*V"), parse("12*L*D**2 + B*S")) == ""
    assert nearest(parse("137*L"), parse("L")) == ""
    assert nearest(parse("0"), parse("L")) == nearest(parse("L"), parse("0")) == nearest(parse("L"), parse("L")) == ""


def test_a_slip_in_a_quotient_is_found_above_or_below_the_line() -> None:
    assert nearest(parse("(B + S)/(D + 1)"), parse("(B + 2*S)/(D + 1)")) == (
        "in S, which should be 2*S, the factor 2 is missing"
    )
    assert nearest(parse("B/(D + 2*L)"), parse("B/(D + L)")) == (
        "below the line: in 2*L, which should be L, the factor 2 is too much"
    )


@pytest.mark.parametrize(
    ("printed", "derived", "slip"),
    [
        ("13.97", "15", "GB for GiB"),
        ("16.11", "15", "GiB for GB"),
        ("30.00", "15", "the factor 2 is too much"),
        ("7.50", "15", "the factor 2 is missing"),
        ("15", "15.7", ""),
        ("19.31", "15", ""),
    ],
)
def test_the_slip_between_two_numbers(printed: str, derived: str, slip: str) -> None:
    assert nearest_number(*decimal(printed), Fraction(derived), in_bytes=True) == slip


def test_prefixes_are_mixed_up_in_bytes_alone() -> None:
    assert nearest_number(*decimal("16.11"), Fraction(15)) == ""


def test_the_terms_of_a_difference_are_those_that_contribute() -> None:
    found = compare("12*B*D*L*S*(S+(2+E)*D)", "flops", op_set="decoder(head=True)")
    assert {term.place for term in found.responsible} == {"head"}
