"""Named model sizes: their sources, their parameter counts, and files of one's own."""

from pathlib import Path

import pytest

import costgraph as cg
from costgraph import UserError, model
from costgraph.sizes import named


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


REFUSED_MODELS = {
    ("D = '64'", "D = 'sixty'"): "unknown symbol 'sixty'",
    ("D = '64'", "D = '0'"): "must be a positive integer",
    ("D = '64'", "D = 64.5"): "write a whole number or text",
    ("D = '64'", "H = 64"): "unknown symbol 'H'",
    ("[bindings]", "[sizes]"): "the table [bindings] is missing",
    ("[bindings]", "[bindings"): "mine.toml: ",
    ("[bindings]", "nominal = 3\n[bindings]"): "nominal must be a table",
}


@pytest.mark.parametrize("change", REFUSED_MODELS)
def test_unusable_models_are_refused_with_the_place(change: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MODEL.replace(*change))
    with pytest.raises(UserError) as refused:
        model(str(tmp_path / "mine.toml"))
    assert REFUSED_MODELS[change] in str(refused.value)
    assert "mine.toml" in str(refused.value)
