"""Formulas with indices on small tensors: shapes, properties, gradients; and formulas printed as they were written."""

from __future__ import annotations

import re

import pytest

from costgraph.algebra.printers import LATEX, PYTHON, UNICODE
from costgraph.errors import UserError
from costgraph.library.entries.reading import library
from costgraph.library.judging.as_written import as_written
from costgraph.library.judging.calculator import calculate
from costgraph.library.judging.engine import derivation, translated
from costgraph.library.judging.indexed import Setting, equal, is_gradient, satisfies

PRODUCT = Setting({"d": 3, "i": 2, "j": 4}, ("x[d,i]", "W[i,j]", "g[d,j]"), ("y[d,j] = sum(x[d,i]*W[i,j], i)",))
LOSS = "sum(g[d,j]*phi(y[d,j]), d, j)"


def test_the_gradient_of_a_product_is_the_product_with_its_operands_swapped() -> None:
    assert is_gradient(PRODUCT, "W[i,j]", "sum(g[d,j]*dphi(y[d,j])*x[d,i], d)", LOSS)
    assert is_gradient(PRODUCT, "x[d,i]", "sum(g[d,j]*dphi(y[d,j])*W[i,j], j)", LOSS)
    assert not is_gradient(PRODUCT, "W[i,j]", "sum(g[d,j]*x[d,i], d)", LOSS)


def test_a_wrong_index_is_a_mismatch_of_shapes_or_a_wrong_gradient() -> None:
    wrong = "sum(g[d,j]*dphi(y[d,i])*x[d,i], d)"
    with pytest.raises(UserError, match="i has another size than index j of y"):
        is_gradient(PRODUCT, "W[i,j]", wrong, LOSS)
    square = Setting({"d": 3, "i": 4, "j": 4}, PRODUCT.arrays, PRODUCT.define)
    assert not is_gradient(square, "W[i,j]", wrong, LOSS)


def test_properties_hold_at_all_indices_or_not_at_all() -> None:
    setting = Setting({"s": 2, "t": 3}, ("a[s,t]",))
    softmax = "exp(a[s,t])/sum(exp(a[s,t]), t)"
    assert satisfies(setting, "w[s,t]", softmax, ("sum(w[s,t], t) == 1", "w[s,t] > 0"))
    assert not satisfies(setting, "w[s,t]", softmax, ("w[s,t] > 0.4",))


def test_two_formulas_are_compared_cell_by_cell() -> None:
    setting = Setting({"s": 3, "t": 3})
    assert equal(setting, "m[s,t]", "where(t <= s, 1, 0)", "where(s - t >= 0, 1, 0)")
    assert not equal(setting, "m[s,t]", "where(t <= s, 1, 0)", "where(t < s, 1, 0)")


REFUSED = {
    "x[d]": "x has 2 indices",
    "q[d,i]": "unknown array 'q'",
    "sum(x[d,j], j)": "j has another size than index i of x",
    "sum(x[d,i], i)*x[d,i]": "index i is neither of the result nor summed over",
    "eval(d)": "unknown function 'eval'",
    "x.shape": "only numbers, indices, arrays",
    "1/0": "not a number",
    "log(0)": "not a number",
    "where(d, 1, 2)": "write one comparison",
}


@pytest.mark.parametrize(("text", "says"), REFUSED.items())
def test_what_cannot_be_read_is_refused(text: str, says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        equal(PRODUCT, "r[d]", text, "1")


def test_too_many_cells_are_refused() -> None:
    with pytest.raises(UserError, match="more than 20000 cells"):
        equal(Setting({"a": 64, "b": 64, "c": 64}), "r[a,b,c]", "1", "1")


def test_nested_sums_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("costgraph.library.judging.indexed.MAX_STEPS", 10_000)
    with pytest.raises(UserError, match="takes too long"):
        equal(Setting({"i": 64}), "r", "sum(sum(sum(1, i), i), i)", "1")


WRITTEN = [
    ("12*B*D*L*S*(S + (2 + E)*D)", {}, "12BDLS(S + (2 + E)D)", r"12 B D L S \left(S + \left(2 + E\right) D\right)"),
    ("s*b*h/t*(34 + 5*a*s/h)", {"s": "S", "b": "B", "h": "D", "t": "T", "a": "A"}, "SBD/T·(34 + 5AS/D)",
     r"\frac{S B D}{T} \left(34 + \frac{5 A S}{D}\right)"),
    ("2*(S - (D - E))/(2*d)**2", {"d": "D/A"}, "2(S - (D - E))/(2D/A)²",
     r"\frac{2 \left(S - \left(D - E\right)\right)}{\left(2 \frac{D}{A}\right)^{2}}"),
    ("w*2*(s + n)", {"s": "S - n", "w": "p"}, "p·2S", r"p \cdot 2 S"),
    ("s - n", {"s": "S - n"}, "S - n - n", "S - n - n"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "letters", "unicode", "latex"), WRITTEN)
def test_a_formula_keeps_its_authors_grouping(text: str, letters: dict[str, str], unicode: str, latex: str) -> None:
    assert as_written(text, letters, UNICODE) == unicode
    assert as_written(text, letters, LATEX) == latex


def test_printing_as_written_never_changes_a_formula() -> None:
    entries = [e for e in library() if e.printed and e.derive and not (e.let or e.given or e.at or e.argument)]
    assert len(entries) > 100
    for entry in entries:
        if entry.derive and entry.derive.model:
            derivation(entry.derive)  # a model brings symbols along
        names = translated(entry.letters, {})
        text = as_written(entry.printed, entry.letters, PYTHON)
        assert calculate(text) == calculate(entry.printed, names), entry.id
