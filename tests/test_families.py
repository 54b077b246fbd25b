"""Families of configurations: tables of a few verbs, of which a new one takes ten lines."""

from __future__ import annotations

import pytest
from configurations import LLAMA, numbers, params

from costgraph import UserError
from costgraph.models.config_json import configuration
from costgraph.models.family import by_model_type, family, of_model_type
from costgraph.toml_text import parse_toml


@pytest.mark.parametrize("kind", by_model_type())
def test_a_family_can_be_read_and_names_its_source(kind: str) -> None:
    found = of_model_type(kind)
    assert found.source
    assert {"L", "D", "V"} <= set(found.sizes)


NEW = """
source = "a paper"
inherits = "llama"
without_effect = ["sparkle"]
[sizes]
D = "width_of_model"
F = { key = "mlp_width", default = "4*D" }
[attention]
qk_norm = { kind = "rms" }
[block]
residual = { key = "norm_order", default = "pre", when = { pre = "pre", both = "sandwich" } }
"""


def test_a_new_family_is_ten_lines() -> None:
    assert len(NEW.strip().splitlines()) <= 10
    new = family(parse_toml(NEW, "new.toml"), "new.toml", "new")
    keys = {key: value for key, value in LLAMA.items() if key not in ("hidden_size", "intermediate_size")}
    found = configuration({**keys, "width_of_model": 64, "norm_order": "both", "sparkle": 9}, "config.json", "", new)
    assert numbers(found, "D F") == "D=64, F=256"
    assert found.architecture.layers[0].block.residual == "sandwich"
    assert found.remarks == ()
    attn, mlp, norms = 64 * 8 * (8 + 2) * 2 + 2 * 8, 3 * 64 * 256, 4 * 64
    assert params(found) == 4 * (attn + mlp + norms) + 64 + 2 * 1000 * 64


BAD_FAMILIES = {
    "inherits = 'lama'": "unknown family to inherit from 'lama': did you mean llama",
    "szes.D = 'x'": "unknown key 'szes'",
    "sizes = 3": "sizes: a table is expected",
    "sizes.D = 3": "sizes: D: write the name of a key",
    "sizes.D = { kye = 'x' }": "sizes: D: unknown entry 'kye': did you mean key",
    "attention.qk_norm = { key = 3 }": "attention: qk_norm: a key is a name",
    "layers.local = { every = 'x', other = 'y' }": "layers.local.every: write { key",
}


@pytest.mark.parametrize("text", BAD_FAMILIES)
def test_a_family_that_cannot_be_read_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(UserError) as refused:
        family(parse_toml(f"source = 'x'\n{text}", "new.toml"), "new.toml", "new")
    assert str(refused.value).startswith("new.toml: ")
    assert BAD_FAMILIES[text] in str(refused.value)


def test_defaults_that_lead_back_to_themselves_are_refused() -> None:
    text = "source = 'x'\ninherits = 'llama'\nsizes.H = { default = 'F/A' }\nsizes.F = { default = 'A*H' }"
    new = family(parse_toml(text, "new.toml"), "new.toml", "new")
    keys = {key: value for key, value in LLAMA.items() if key != "intermediate_size"}
    with pytest.raises(UserError, match="the defaults lead back to themselves"):
        configuration(keys, "config.json", "", new)


def test_an_option_that_no_block_has_is_refused() -> None:
    new = family(parse_toml("source = 'x'\ninherits = 'llama'\nattention.headz = 3", "new.toml"), "new.toml", "new")
    with pytest.raises(UserError, match="unknown option of Attention 'headz': did you mean heads"):
        configuration(LLAMA, "config.json", "", new)
