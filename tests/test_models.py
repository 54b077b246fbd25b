"""Named model sizes: their sources, their parameter counts, and files of one's own."""

from fractions import Fraction
from pathlib import Path

import pytest
from costgraph.sizes import named

import costgraph as cg
from costgraph import UserError, model


@pytest.mark.parametrize("name", named())
def test_a_model_names_its_source_and_its_sizes_are_consistent(name: str) -> None:
    found = model(name)
    assert found.source
    assert found.name == name
    assert {"L", "D", "A", "E", "V"} <= set(found.bindings)
    assert found.nominal is not None


EXACTLY = {  # parameters that the op set does not have, or (negative) has in addition
    "bert-large": ((30522 + 512 + 2) * 1024 + 2 * 1024 + 1024**2 + 1024, "exact"),  # embeddings and their norm, pooler
    "falcon-40b": (0, "exact"),
    "opt-175b": (0, "exact"),
    "llama-2-7b": ((2 * 32 + 1) * 4096, "notes"),  # + scales of RMSNorm
}


@pytest.mark.parametrize("name", EXACTLY)
def test_the_parameter_count_is_the_published_one(name: str) -> None:
    found = model(name)
    more, convention = EXACTLY[name]
    form = cg.derive("params", op_set=found.op_set, convention=convention).forms["params"]
    number = form.limited(found.bindings).number
    assert number is not None
    assert number + more == found.exact


def test_llama_is_7e9_for_those_who_round() -> None:
    assert model("llama-2-7b").nominal == 7 * 10**9


MODEL = "op_set = 'decoder'\n[bindings]\nL = 2\nD = '64'\n"


def test_a_model_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MODEL)
    found = model(str(tmp_path / "mine.toml"))
    assert (found.name, found.bindings["D"].number) == ("mine", 64)


def test_sizes_are_exact_however_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[bindings]\nE = 2.7\np = '129/32'\n[exact]\nparams = 12")
    found = model(str(tmp_path / "mine.toml"))
    assert (found.bindings["E"].number, found.bindings["p"].number) == (Fraction(27, 10), Fraction(129, 32))
    assert found.exact == 12


REFUSED_MODELS = {
    ("D = '64'", "D = 'sixty'"): "bindings: D = 'sixty': column 1 of 'sixty': unknown symbol 'sixty'",
    ("D = '64'", "D = '0'"): "must be a positive integer",
    ("D = '64'", "D = 64.5"): "must be a positive integer",
    ("D = '64'", "D = true"): "bindings: D = true: write a number or text such as '129/32'",
    ("D = '64'", "D = [64]"): "bindings: D = a list: write a number",
    ("D = '64'", "D = 2026-01-31"): "bindings: D = 2026-01-31, a date or time: write a number",
    ("D = '64'", "D = nan"): "nan is not a number that can be computed with",
    ("D = '64'", "D = 'nan'"): "'nan' is not a number",
    ("D = '64'", "D = -inf"): "-inf is not a number that can be computed with",
    ("D = '64'", "D = 1e999999999"): "1e999999999 has more than 1000 digits",
    ("D = '64'", "D = 1e-99999999999999999999"): "has more than 1000 digits",
    ("D = '64'", f"D = {'9' * 5000}"): "has more than 1000 characters",
    ("D = '64'", f"D = '{'9' * 5000}'"): "mine.toml: bindings: D = ",
    ("D = '64'", "Z = 64"): "unknown symbol 'Z'",
    ("[bindings]", "[bindngs]"): "mine.toml: unknown key 'bindngs': did you mean bindings?",
    ("[bindings]\nL = 2\nD = '64'\n", ""): "the table [bindings] is missing",
    ("L = 2\nD = '64'\n", ""): "bindings: a table of sizes is expected",
    ("[bindings]", "[bindings"): "mine.toml:2: not valid TOML",
    ("[bindings]", "nominal = 3\n[bindings]"): "nominal must be a table: write [nominal], not 3",
    ("[bindings]", "nominal.N_params = 'x'\n[bindings]"): "nominal.N_params: N_params = 'x'",
    ("[bindings]", "nominal.params = '7e9'\n[bindings]"): "[nominal]: unknown key 'params': did you mean N_params?",
    ("[bindings]", "exact.params = 'x'\n[bindings]"): "exact.params: must be a whole number, not 'x'",
    ("[bindings]", "exact.params = 1.5\n[bindings]"): "exact.params: must be a whole number, not 1.5",
    ("[bindings]", "exact.source = 'x'\n[bindings]"): "exact.params is missing",
    ("[bindings]", "source.recalled = 1\n[bindings]"): "source.recalled must be true or false, not 1",
    ("'decoder'", "3"): "op_set must be a string in quotes, not 3",
    ("'decoder'", "' '"): "op_set is empty",
    ("[bindings]", f"x = {'[' * 50_000}\n[bindings]"): "mine.toml:2: nested more than 16 deep",
}


@pytest.mark.parametrize("change", REFUSED_MODELS)
def test_unusable_models_are_refused_with_the_place(change: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MODEL.replace(*change))
    with pytest.raises(UserError) as refused:
        model(str(tmp_path / "mine.toml"))
    assert REFUSED_MODELS[change] in str(refused.value)
    assert "mine.toml" in str(refused.value)
