"""Blocks put together count what PyTorch's counters count on the code of 23 models."""

from __future__ import annotations

from functools import cache

import pytest
from architectures import MODELS
from torch_models import MEASURED, measured

import costgraph as cg
from costgraph import blocks
from costgraph.closed_form import ClosedForm
from costgraph.conventions.torch import TORCH
from costgraph.errors import UserError
from costgraph.graph.builder import Purpose
from costgraph.graph.graph import Rewrite
from costgraph.measures import MEASURES
from costgraph.models.architecture import Architecture
from costgraph.passes.decode import Decode
from costgraph.passes.prefill import Prefill

PASSES: dict[str, tuple[Purpose, tuple[Rewrite, ...]]] = {
    "params": ("train", ()),
    "forward": ("train", ()),
    "forward+backward": ("train", (cg.backward(),)),
    "prefill": ("prefill", (Prefill(),)),
    "decode": ("decode", (Decode("S+1"),)),
}


@cache
def form(model: str, phase: str, measure: str) -> ClosedForm:
    """The form of a model as transformers computes it."""
    build, passes = PASSES[phase]
    graph = MODELS[model].architecture.as_transformers().build(build)
    return MEASURES[measure](graph.apply(*passes), TORCH)


@pytest.mark.parametrize("model", MODELS)
def test_every_total_is_what_pytorch_counts(model: str) -> None:
    assert (
        form(model, "params", "params").limit(**MODELS[model].sizes).value.number == MEASURED[model]["params"]["total"]
    )
    encoder = bool(MODELS[model].architecture.encoder)
    rows = [row for phase in PASSES for measure in ("flops", "cache") for row in measured(model, phase, measure)]
    for row in rows:
        if row.of == "total":
            sizes = {**MODELS[model].sizes, "p": 2} | ({"S_e": row.sizes["S"]} if encoder else {})
            derived = form(model, row.phase, row.measure).limit(**sizes, **row.sizes).value.number
            assert derived == row.value, row


@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_an_encoder_neither_generates_nor_caches(phase: Purpose) -> None:
    with pytest.raises(UserError, match=f"is an encoder, which neither generates nor caches: there is no {phase}"):
        MODELS["bert-base"].architecture.build(phase)


def test_architectures_are_values() -> None:
    model = MODELS["deepseek-v2-lite"].architecture
    again = eval(
        repr(model), {**{name: getattr(blocks, name) for name in blocks.__all__}, "Architecture": Architecture}
    )
    assert again == model
    assert hash(again) == hash(model)
    assert MODELS["gpt2"].architecture == MODELS["gpt2-xl"].architecture != MODELS["opt-175b"].architecture
