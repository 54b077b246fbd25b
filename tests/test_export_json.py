"""Forms as JSON and back: exactly the same, from anything that can be exported; changed documents are refused."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from command_line import costgraph
from hypothesis import given
from hypothesis import strategies as st
from test_export_code import EXPRESSION, Drawn

import costgraph as cg
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import UserError
from costgraph.exporting.exchange.reading import read_forms, stored
from costgraph.exporting.forms import Form, collect

FORMS = {
    "training": cg.derive("flops", "activations", "communication", passes=["tensor_parallel(T)"]).forms,
    "leading terms": cg.derive("flops", "activations", when="S << D").limited,
    "a true limit": cg.derive("activations", passes=["tensor_parallel(T)"], limit="T->oo").limited,
    "quotients": cg.derive("intensity", phase="decode", limit="p=1/2").limited,
}
FRACTION = st.fractions(max_denominator=10**6)
POWERS = st.dictionaries(st.sampled_from(tuple(SYMBOLS)), st.integers(-4, 6), max_size=4)


def monomial(coefficient: Fraction, powers: dict[str, int]) -> Polynomial:
    return Polynomial.monomial(powers, coefficient)


SUM = st.lists(st.builds(monomial, FRACTION, POWERS), max_size=6).map(total)


def written(forms: Any) -> str:
    text = cg.export(forms, "json")
    assert isinstance(text, str)
    return text


def test_a_derivation_comes_back_with_its_setting_and_regime() -> None:
    for derivation in (
        cg.derive("flops", "params", when="S << D", limit="E=4"),
        cg.derive("intensity", phase="decode", when="S << D"),
        cg.derive("communication", passes=["tensor_parallel(T)"], limit="T->oo"),
    ):
        text = written(derivation)
        assert [part.setting for part in stored(text)] == [part.setting for part in collect(derivation)]
        assert cg.export(stored(text), "json") == text
        assert cg.export(stored(text), "rust") == cg.export(derivation, "rust")
    leading = cg.derive("flops", when="S << D").regimes["flops"].leading
    text = written(cg.derive("flops", when="S << D"))
    assert read_forms(text) == {"flops": leading}
    with pytest.raises(UserError, match="do not sum to the value"):
        stored(text.replace("S << D", "D << S"))


@pytest.mark.parametrize("name", FORMS)
def test_closed_forms_come_back_with_their_provenance(name: str) -> None:
    text = written(FORMS[name])
    back = read_forms(text)
    assert back == FORMS[name]
    assert written(back) == text
    for one, form in FORMS[name].items():
        again = back[one]
        assert isinstance(again, cg.ClosedForm)
        assert again.explain() == form.explain()


@given(above=SUM, below=SUM.filter(bool))
def test_any_quotient_of_sums_comes_back(above: Polynomial, below: Polynomial) -> None:
    assert read_forms(written({"form": Quotient(above, below)})) == {"form": Quotient(above, below)}


@given(EXPRESSION)
def test_any_tree_comes_back(drawn: Drawn) -> None:
    back = read_forms(written({"form": drawn[0]}))["form"]
    assert back == Form("form", drawn[0]).node


def test_the_command_line_reads_what_it_wrote(tmp_path: Path) -> None:
    asked = ("--measures", "flops,params", "--pass", "tensor_parallel(T)")
    (tmp_path / "forms.json").write_text(costgraph("export", "json", *asked).stdout, encoding="utf-8")
    read = costgraph("export", "c", "--from", str(tmp_path / "forms.json"))
    assert read == costgraph("export", "c", *asked)
    assert (read.returncode, read.stderr) == (0, "")


def changed(**changes: Any) -> str:
    """A document with changes in its only form."""
    document = json.loads(written(cg.derive("params")))
    document["forms"][0] |= changes
    return json.dumps(document)


def with_term(coefficient: Any, powers: Any) -> str:
    """A document with one more term."""
    amount = [{"coefficient": coefficient, "powers": powers}]
    return changed(over=[{"op": "x", "source": "", "role": "", "amount": amount}])


def tree(value: Any) -> str:
    """A document with one expression tree."""
    return json.dumps({"schema": "costgraph.forms/1", "forms": [{"name": "f", "tree": value}]})


REFUSED = {
    "{": "not a JSON document",
    '{"schema": "costgraph.forms/2"}': "the document says schema 'costgraph.forms/2'; costgraph.forms/1 is expected",
    '{"schema": "costgraph.forms/1"}': "'forms' is missing",
    changed(name=3): "forms 1, name: must be text",
    changed(terms=[]): "the terms do not sum to the value; the document has been changed",
    changed(remainder={"numerator": [], "denominator": []}): "the denominator is zero",
    changed(
        over=[{"op": "x", "source": "", "role": "", "amount": [{"coefficient": 0.5, "powers": {}}]}]
    ): 'such as "12" or "5/2"',
    changed(
        over=[{"op": "x", "source": "", "role": "", "amount": [{"coefficient": "1/0", "powers": {}}]}]
    ): "division by zero",
    changed(
        over=[{"op": "x", "source": "", "role": "", "amount": [{"coefficient": "1", "powers": {"ß": 1}}]}]
    ): "unknown symbol",
    changed(
        over=[{"op": "x", "source": "", "role": "", "amount": [{"coefficient": "1", "powers": {"B": 999}}]}]
    ): "at most 256",
    tree("1e9"): "must be an exact number",
    tree(["import", "1"]): "unknown operation 'import' of 1 parts",
    tree(["**", {"symbol": "B"}, "9999999"]): "an exponent is a whole number from 2 to 256",
    tree({"symbol": "__import__('os')"}): "cannot be a name in python",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_a_document_that_cannot_be_read_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        cg.export(read_forms(text), "python")
    assert said in str(error.value)


def test_deep_nesting_is_refused_and_not_a_crash() -> None:
    deep: Any = "1"
    for _ in range(80):
        deep = ["+", deep, "1"]
    with pytest.raises(UserError, match="nested more than 60 deep"):
        read_forms(tree(deep))
    with pytest.raises(UserError, match="nested more than 200 deep"):
        read_forms("[" * 200_000)
