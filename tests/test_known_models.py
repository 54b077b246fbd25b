"""Known models: how they are found, and that their parameters are as many as somebody else counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import costgraph as cg
from costgraph import UserError
from costgraph.conventions.torch import TORCH
from costgraph.graph.graph import Graph
from costgraph.models.config_json import read
from costgraph.models.known import known, model, of_name
from costgraph.toml_text import of_package

CONFIGURED = [name for name, file in known().items() if "config" in of_package(file)]
# Totals of published checkpoints, as their repositories print them.
PUBLISHED = {
    "gpt2": 124439808, "gpt2-xl": 1557611200, "pythia-1.4b": 1414647808, "bloom-7b1": 7069016064,
    "bloom": 176247271424, "gpt-neox-20b": 20554567680, "llama-2-70b": 68976648192, "llama-3.1-8b": 8030261248,
    "llama-3.1-405b": 405853388800, "llama-3.2-1b": 1235814400, "mistral-7b": 7241732096, "mixtral-8x7b": 46702792704,
    "mixtral-8x22b": 140620634112, "qwen2-7b": 7615616512, "qwen2.5-72b": 72706203648, "qwen3-8b": 8190735360,
    "qwen3-30b-a3b": 30532122624, "qwen3-235b-a22b": 235093634560, "qwen1.5-moe-a2.7b": 14315784192,
    "gemma-2b": 2506172416, "gemma-2-9b": 9241705984, "gemma-3-1b": 999885952, "phi-3-mini": 3821079552,
    "phi-4": 14659507200, "deepseek-v2-lite": 15706484224, "deepseek-v2": 235741434880, "gpt-oss-20b": 20914757184,
    "gpt-oss-120b": 116829156672, "olmo2-7b": 7298617344, "olmoe-1b-7b": 6919161856, "bert-base": 109514298,
    "t5-base": 222903552, "flan-t5-base": 247577856, "opt-350m": 331196416, "gpt-j-6b": 6050882784,
    "starcoder2-7b": 7173923840, "command-r": 34980831232,
}  # fmt: skip


def params(name: str) -> int:
    """The exact number of parameters."""
    found = of_name(name)
    form = cg.derive("params", model=found, convention="exact").forms["params"]
    number = form.limited(found.bindings).number
    assert number is not None
    return int(number)


def test_there_are_many() -> None:
    assert len(CONFIGURED) >= 40


@pytest.mark.parametrize("name", CONFIGURED)
def test_parameters_are_those_that_somebody_else_counted(name: str) -> None:
    found = of_name(name)
    assert found.source
    assert params(name) == found.exact == PUBLISHED.get(name, found.exact)


def test_published_totals_are_of_known_models() -> None:
    assert set(PUBLISHED) <= set(known())


# --- finding ----------------------------------------------------------------------------------------------------------

FOUND = {
    "llama-3.1-8b": "llama-3.1-8b",
    "Llama-3.1-8B": "llama-3.1-8b",
    "llama-3-8b": "llama-3-8b",
    "meta-llama/Llama-3.1-8B": "llama-3.1-8b",
    "meta-llama/meta-llama-3.1-8b-instruct": "llama-3.1-8b",
    "deepseek-ai/DeepSeek-R1": "deepseek-r1",
    "Qwen/Qwen3-30B-A3B": "qwen3-30b-a3b",
    "deepseek-v3(mtp=0)": "deepseek-v3",
    "gpt-3": "gpt-3",
}


@pytest.mark.parametrize("asked", FOUND)
def test_a_model_is_found_by_name_and_by_repository(asked: str) -> None:
    assert model(asked).name == FOUND[asked]


NOT_FOUND = {
    "llama3.1-8b": "unknown model 'llama3.1-8b': did you mean llama-3.1-8b?",
    "mistralai/Mistral-7B": "neither a file nor the hub name of a known model; did you mean mistral-7b",
    "someone/config.json": "someone/config.json: there is no such file",
    "./mine.toml": "model file ./mine.toml: there is no such file",
    "./nothing": "nothing: there is no such file",
    "deepseek-v3(mtp=2)": "deepseek-v3: mtp=2: its configuration has 1 blocks for that",
    "deepseek-v2(mtp=1)": "deepseek-v2: mtp=1: its configuration has 0 blocks for that",
    "deepseek-v3(mtp=x)": "deepseek-v3: mtp=x: its configuration has 1 blocks for that",
    "deepseek-v3(as='vllm')": "unknown library 'vllm': choose from transformers, architecture",
    "deepseek-v3(style=3)": "unknown option of model deepseek-v3 'style'",
    "deepseek-v2(as=architecture, as=transformers)": "deepseek-v2: as is given twice",
    "gpt-3(as='transformers')": "only models with a configuration have options",
}


@pytest.mark.parametrize("asked", NOT_FOUND)
def test_what_is_not_there_is_refused_with_the_nearest(asked: str) -> None:
    with pytest.raises(UserError) as refused:
        model(asked)
    assert NOT_FOUND[asked] in str(refused.value)


def test_no_repository_is_two_models_and_none_shadows_a_name() -> None:
    names = [hub.lower() for name in CONFIGURED for hub in of_name(name).hub]
    assert len(names) == len(set(names))
    assert all("/" in name for name in names)


# --- files ------------------------------------------------------------------------------------------------------------

FAMILIES = {
    model_type: name for name in CONFIGURED for model_type in [of_package(known()[name])["config"]["model_type"]]
}


@pytest.mark.parametrize("name", FAMILIES.values())
def test_a_configuration_is_read_from_a_file_or_its_folder(name: str, tmp_path: Path) -> None:
    keys = of_package(known()[name])["config"]
    text = json.dumps({key: None if value == "null" else value for key, value in keys.items()}, default=float)
    folder = tmp_path / name
    folder.mkdir()
    (folder / "config.json").write_text(text)
    (tmp_path / f"{name}.json").write_text(text)
    for path in (folder, folder / "config.json", tmp_path / f"{name}.json"):
        found = model(str(path))
        assert (found.op_set, dict(found.bindings)) == (of_name(name).op_set, dict(of_name(name).bindings))
    assert read(folder).architecture.name == name


def test_a_file_of_ones_own_may_hold_the_keys_of_a_configuration(tmp_path: Path) -> None:
    keys = "model_type='llama'\nnum_hidden_layers=2\nhidden_size=64\nnum_attention_heads=4\nintermediate_size=128"
    (tmp_path / "mine.toml").write_text(f"[config]\n{keys}\nvocab_size=100\nhead_dim='null'")
    found = model(str(tmp_path / "mine.toml"))
    assert (found.name, found.bindings["H"].number) == ("mine", 16)
    assert str(cg.derive("params", model=found).forms["params"])


def test_a_file_of_ones_own_may_hold_its_family(tmp_path: Path) -> None:
    family = "[family]\nsource='me'\ninherits='llama'\nsizes.D='width'"
    keys = "num_hidden_layers=2\nwidth=64\nnum_attention_heads=4\nintermediate_size=128\nvocab_size=100"
    (tmp_path / "mine.toml").write_text(f"{family}\n[config]\nmodel_type='mine'\n{keys}")
    assert model(str(tmp_path / "mine.toml")).bindings["D"].number == 64


REFUSED = {
    "": "the table [bindings] is missing, or [config]",
    "[config]\nmodel_type='llama'\n[bindings]\nL=2": "[config] says what the model is and how large",
    "op_set='decoder'\n[config]\nmodel_type='llama'": "[config] says what the model is and how large",
    "config = 3": "config: a table of keys is expected",
    "[config]\nmodel_type='lama'": "mine.toml: [config]: unknown model_type 'lama'",
    "[config]\nmodel_type='llama'\nhidden_size=2026-01-31": "hidden_size = 2026-01-31",
}


@pytest.mark.parametrize("text", REFUSED)
def test_files_that_say_too_little_or_too_much_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(UserError) as refused:
        model(str(tmp_path / "mine.toml"))
    assert REFUSED[text] in str(refused.value)


# --- variants and phases ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["deepseek-v2-lite", "mistral-7b", "llama-3-8b"])
def test_a_variant_has_the_same_parameters_and_another_graph(name: str) -> None:
    usual, other = model(name), model(f"{name}(as='transformers')")
    assert usual.op_set != other.op_set
    asked = {"limit": "B=1,S=8", "convention": "exact"}
    counts = [cg.derive("params", model=one, **asked).forms["params"] for one in (usual, other)]  # type: ignore[arg-type]
    assert counts[0].limited(usual.bindings).number == counts[1].limited(usual.bindings).number


AS_COMPUTED = {
    ("deepseek-v2-lite", "torch"): True,
    ("deepseek-v2-lite(as='transformers')", "torch"): True,
    ("deepseek-v2-lite(as=architecture)", "torch"): False,
    ("deepseek-v2-lite", "exact"): False,
    ("deepseek-v2-lite(as='transformers')", "exact"): True,
    ("gpt-3", "torch"): False,  # the op set is what it is
}


@pytest.mark.parametrize("asked", AS_COMPUTED)
def test_the_convention_torch_takes_a_model_as_transformers_computes_it(asked: tuple[str, str]) -> None:
    """In decode, latents are then expanded again, which is said, and costs more."""
    found = cg.derive("flops", model=asked[0], convention=asked[1], phase="decode", limit="B=1,S=4096")
    assert ("computed as transformers does" in map(str, found.forms["flops"].assumptions)) is AS_COMPUTED[asked]
    if asked[0].startswith("deepseek"):
        number = found.forms["flops"].limited(found.setup.bindings).number
        assert number == (469778300928 if AS_COMPUTED[asked] else 8752988160)


def test_an_object_of_a_convention_takes_it_as_well() -> None:
    one = model("deepseek-v2-lite")
    assert cg.derive("flops", model=one, convention=TORCH).setup.model == model("deepseek-v2-lite(as='transformers')")


def test_blocks_that_predict_further_tokens_are_off_unless_asked_for() -> None:
    """One more block with experts, a matrix that joins two vectors, and three norms beside those of the block."""
    off, on = (cg.derive("params", model=name, convention="exact") for name in ("deepseek-v3", "deepseek-v3(mtp=1)"))
    assert off.remarks == ("1 block to predict further tokens left out, mtp=1 counts them",)
    assert on.remarks == ()
    counts = [found.forms["params"].limited(found.setup.finite("params")).number for found in (off, on)]
    attn = 7168 * 1536 + 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 + 512 * 128 * 256 + 128 * 128 * 7168
    experts = 7168 * 256 + 257 * 3 * 7168 * 2048
    assert counts[0] == 671026404352
    assert counts[1] == 671026404352 + attn + experts + 2 * 7168 + 2 * 7168 * 7168 + 3 * 7168


@pytest.mark.parametrize("phase", ["train", "prefill", "decode", "forward"])
def test_an_architecture_makes_the_graph_of_each_phase(phase: str) -> None:
    found = cg.derive("flops", model="t5-base", phase=phase, limit="B=1,S=8,S_e=8")
    assert found.forms["flops"].limited(found.setup.finite("flops")).number


def test_sizes_of_a_model_can_be_put_into_an_op_set() -> None:
    found = cg.derive("params", model="gpt2", op_set="decoder")
    assert found.forms["params"].limited(found.setup.finite("params")).number == 12 * 12 * 768**2


def test_an_op_set_as_text_or_graph_has_no_architecture() -> None:
    assert isinstance(model("gpt-3").op_set, str | Graph)
