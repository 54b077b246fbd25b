"""Python's operators on forms: what they give, and the sentence for what means nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import costgraph as cg
from costgraph.algebra.parser import parse

FORM: Any = cg.derive("flops")["flops"]
NUMBER: Any = FORM.limit(B=1, S=2, L=2, D=4, A=2, E=4)  # 4992
PEAK: Any = cg.derive("peak")["peak"]
ENDLESS: Any = FORM.limit(S="oo")


@pytest.mark.parametrize(
    ("made", "name", "unit", "value"),
    [
        (lambda: FORM**2, "flops**2", "FLOP**2", "(12*B*S*L*D*(D*(E + 2) + S))**2"),
        (lambda: pow(FORM, 2.0), "flops**2", "FLOP**2", "(12*B*S*L*D*(D*(E + 2) + S))**2"),
        (lambda: FORM**-1, "flops**-1", "FLOP**-1", "1/(12*B*S*L*D*(D*(E + 2) + S))"),
        (lambda: FORM**0, "flops**0", "1", "1"),
        (lambda: NUMBER**2, "flops**2", "FLOP**2", "4992**2"),
        (lambda: PEAK**2, "peak**2", "byte**2", "max_peak**2"),
        (lambda: +FORM, "flops", "FLOP", "12*B*S*L*D*(D*(E + 2) + S)"),
        (lambda: abs(FORM), "flops", "FLOP", "12*B*S*L*D*(D*(E + 2) + S)"),
        (lambda: abs(-FORM), "abs(-flops)", "FLOP", "12*B*S*L*D*(D*(E + 2) + S)"),
        (lambda: abs(-NUMBER), "abs(-flops)", "FLOP", "4992"),
        (lambda: FORM * Decimal("0.5"), "(1/2)*flops", "FLOP", "6*B*S*L*D*(D*(E + 2) + S)"),
        (lambda: FORM.minus(3), "flops - 3", "FLOP", "12*B*S*L*D*(D*(E + 2) + S) - 3"),
    ],
)
def test_a_form_of_forms_has_its_name_unit_and_value(
    made: Callable[[], cg.ClosedForm], name: str, unit: str, value: str
) -> None:
    form = made()
    assert (form.name, form.unit) == (name, unit)
    assert form.value == parse(value)


def test_a_power_has_what_the_convention_leaves_out() -> None:
    params, exact = cg.params(cg.decoder()), cg.params(cg.decoder(), "exact")
    assert (params**3).value + (params**3).remainder == (exact**3).value


def test_numbers_of_numpy_are_numbers() -> None:
    np = pytest.importorskip("numpy")
    for two in (np.int64(2), np.int32(2), np.float64(2), np.float32(2)):
        assert (two * FORM).value == (FORM * two).value == (2 * FORM).value
        assert (FORM**two).value == (FORM**2).value
        assert FORM.limit(E=two, B=two) == FORM.limit(E=2, B=2)
    for part in (np.float64(0.3), np.float32(0.3), 0.3, Decimal("0.3")):
        assert (FORM * part).value == (FORM * Fraction(3, 10)).value
        assert FORM.limit(E=part) == FORM.limit(E="0.3")


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "longdouble"])
def test_a_number_of_numpy_is_what_it_prints_on_either_side_of_a_form(kind: str) -> None:
    part: Any = getattr(pytest.importorskip("numpy"), kind)("0.3")
    share = Fraction(3, 10)
    assert (part * FORM).value == (FORM * part).value == (share * FORM).value
    assert (part - FORM).value == (share - FORM).value
    assert (part / FORM).value == (share / FORM).value
    assert (part < NUMBER, part > NUMBER) == (share < NUMBER, share > NUMBER)
    found = [cg.derive("states", E=part), cg.derive("states", limit={"E": part}), cg.derive("states", limit="E=0.3")]
    assert len({one.limited["states"].value for one in found}) == 1


def test_an_array_is_no_operand_and_the_error_says_what_takes_one() -> None:
    array = pytest.importorskip("numpy").array([1, 2])
    form: Any = FORM
    asked: list[Callable[[], Any]] = [lambda: array * form, lambda: form * array, lambda: array / form]
    asked.append(lambda: array > form)
    for wrong in asked:
        with pytest.raises(cg.UserError, match="is neither a form nor a number"):
            wrong()
    with pytest.raises(cg.UserError, match=r"is no size; .*form\(B=array\)"):
        FORM.limit(B=array)


def test_a_float_is_the_decimal_that_was_written() -> None:
    share = NUMBER / NUMBER * Fraction(3, 10)
    assert share == 0.3
    assert share <= 0.3 <= share  # the double nearest to 0.3 is less
    assert share + 0.1 == 0.4
    assert share - 0.3 == 0
    assert (FORM * 0.1).same_as("1.2*B*S*L*D*(D*(E + 2) + S)")
    assert FORM.per(0.1).number is None
    assert share.per(0.1).number == 3
    assert share != 0.1 + 0.2  # which is no decimal that anybody wrote


@pytest.mark.parametrize(
    ("found", "number"),
    [
        (lambda: NUMBER // 7, 713),
        (lambda: NUMBER % 7, 1),
        (lambda: divmod(NUMBER, 7), (713, 1)),
        (lambda: 10_000 // NUMBER, 2),
        (lambda: divmod(10_000, NUMBER), (2, 16)),
        (lambda: (2 * NUMBER) // NUMBER, 2),
        (lambda: math.floor(NUMBER / 5), 998),
        (lambda: math.ceil(NUMBER / 5), 999),
        (lambda: math.trunc(NUMBER / -5), -998),
        (lambda: round(NUMBER / 5), 998),
        (lambda: f"{NUMBER:,}", "4,992"),
        (lambda: f"{NUMBER / 5:.1f}", "998.4"),
        (lambda: f"{(10**24 + 1) * (NUMBER / NUMBER):,}", "1,000,000,000,000,000,000,000,001"),
    ],
)
def test_a_form_with_every_size_is_rounded_and_divided_as_its_number(
    found: Callable[[], object], number: object
) -> None:
    assert found() == number
    assert type(found()) is type(number)


@pytest.mark.parametrize("same", [4992, 4992.0, Fraction(4992), Decimal(4992)])
def test_a_form_with_every_size_equals_its_number(same: Any) -> None:
    assert same == NUMBER
    assert same == NUMBER
    assert hash(NUMBER) == hash(same)
    assert same + 1 != NUMBER
    assert same != FORM
    assert NUMBER.same_as(same)


@pytest.mark.parametrize("made", [2 * PEAK, PEAK * 0.5, PEAK + PEAK, PEAK / 2**30, PEAK - 3])
def test_what_is_made_of_a_maximum_is_written_in_full_and_reads_back(made: cg.ClosedForm) -> None:
    latex = made._repr_latex_().partition("= ")[2].partition(r"\ \text")[0]
    for written in (str(made), latex):
        assert "max_peak" not in written
        assert "max peak" not in written
        assert made.same_as(written)
    assert str(made) in repr(made)


def test_forms_are_equal_in_value() -> None:
    again, other = cg.derive("flops")["flops"], FORM * 2 / 2
    assert again == FORM
    assert hash(FORM) == hash(again)
    assert other == FORM
    assert other.name != FORM.name
    assert FORM.same_as(other)
    assert FORM.same_as("12BSLD(D(E + 2) + S)")
    assert FORM is not None
    assert FORM != None  # noqa: E711
    assert cg.derive("peak")["peak"] == PEAK


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (lambda: FORM**0.5, r"flops\*\*0.5: an exponent must be a whole number"),
        (lambda: FORM**FORM, r"flops\*\*flops: an exponent must be a whole number"),
        (lambda: FORM ** "2", "an exponent must be a whole number"),
        (lambda: FORM**None, "None is neither a form nor a number"),
        (lambda: FORM**65, "more than is expanded"),
        (lambda: 2**FORM, "a form is no exponent"),
        (lambda: pow(FORM, 2, 3), "no power modulo"),
        (lambda: (FORM - FORM) ** -1, "cannot divide by zero"),
        (lambda: abs(FORM - 3), "may have either sign; bind B, S, L, D, E"),
        (lambda: FORM // 2, "flops depends on B, S, L, D, E; bind them"),
        (lambda: FORM % 2, "flops depends on B, S, L, D, E; bind them"),
        (lambda: NUMBER // 0, "cannot divide by zero"),
        (lambda: NUMBER % 0.0, "cannot divide by zero"),
        (lambda: NUMBER // cg.derive("params", limit="L=1,D=2,E=4")["params"], "flops is in FLOP, params in parameter"),
        (lambda: FORM == "12*B", r"write form.same_as\('...'\)"),
        (lambda: FORM != "12*B", r"write form.same_as\('...'\)"),
        (lambda: PEAK == "12*B", r"write form.same_as\('...'\)"),
        (lambda: FORM < "1", "'1' is neither a form nor a number"),
        (lambda: FORM + "1", "'1' is neither a form nor a number"),
        (lambda: FORM.minus("1"), "'1' is neither a form nor a number"),
        (lambda: FORM.same_as([]), r"\[\] is neither a form nor a number"),
        (lambda: ENDLESS**2, "grows without bound"),
        (lambda: ENDLESS * FORM, "grows without bound"),
        (lambda: FORM * float("nan"), "nan is neither a form nor a number"),
        (lambda: FORM * Decimal("inf"), "neither a form nor a number"),
    ],
)
def test_what_means_nothing_is_refused_in_a_sentence(asked: Callable[[], object], says: str) -> None:
    with pytest.raises(cg.UserError, match=says):
        asked()


@pytest.mark.parametrize("when", ["S << D", "D >> S", "S:much-less:D", r"S \ll D", "S ≪ D"])
def test_a_regime_has_its_name_unit_and_regime_in_latex(when: str) -> None:
    regime = FORM.when(when)
    assert regime._repr_latex_() == (r"$\text{flops} = 12 B S L D^{2} \left(E + 2\right)\ \text{FLOP} \quad (S \ll D)$")
    assert repr(regime).startswith("<flops = ")


def test_the_regime_of_a_maximum_is_called_as_the_maximum() -> None:
    assert (
        r"$\text{peak} = 432 D^{2}\ \text{byte}"
        in cg.derive("peak", limit="E=4,p=2,L=2")["peak"].when("S << D")._repr_latex_()
    )


def test_an_answer_of_forms_has_names_units_and_regimes_in_latex() -> None:
    text = cg.derive("flops", "params", when="S << D")._repr_latex_()
    assert r"\mathrm{flops} &= 12 B S L D" in text
    assert r"[\mathrm{parameter}]" in text
    assert r"(S \ll D)" in text
    assert r"\begin{align*}" in cg.solve("params <= 7B", "L")._repr_latex_()
    assert r"S \ll D" in cg.check("6*N_params*B*S", "flops", when="S:much-less:D")._repr_latex_().replace("$", "")
