"""What a model on a mesh or in a step cannot have exactly is refused, or said among the assumptions."""

from __future__ import annotations

import pytest
from configurations import MAMBA, of, params

import costgraph as cg
from costgraph import UserError


@pytest.mark.parametrize("name", ["mistral-7b", "gemma-2-2b", "gpt-oss-20b", "mistral-7b(as=transformers)"])
@pytest.mark.parametrize("new", ["4", "n"])
def test_several_new_tokens_do_not_go_through_one_window(name: str, new: str) -> None:
    with pytest.raises(UserError, match="new tokens see different positions through a window; take one at a time"):
        cg.derive("flops", model=name, passes=f"decode(S, new={new})")
    assert cg.derive("flops", model=name, passes="decode(S, new=1)").forms


@pytest.mark.parametrize(
    ("name", "phase", "mesh", "said"),
    [
        ("t5-base", "train", "tensor(T, sequence=True)", True),
        ("t5-base", "prefill", "data(N_d), tensor(T, sequence=True)", True),
        ("t5-base", "train", "tensor(T)", False),
        ("bert-base", "train", "tensor(T, sequence=True)", False),  # whose positions rest in parts
    ],
)
def test_positions_of_an_encoder_beside_a_decoder_rest_in_no_parts(
    name: str, phase: str, mesh: str, said: bool
) -> None:
    form = cg.derive("flops", model=name, phase=phase, mesh=mesh).forms["flops"]
    assert ("positions of the encoder whole on every device" in map(str, form.assumptions)) == said


def test_a_state_space_may_have_biases_on_its_projections() -> None:
    """A gate and values as wide as 8 heads of 16, two matrices of 16 for one group, 8 steps; and what leads out."""
    without, biased = params(of(MAMBA)), params(of(MAMBA, use_bias=True))
    assert biased - without == 2 * (2 * 8 * 16 + 2 * 16 + 8 + 64)
