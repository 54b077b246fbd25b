"""Blocks put together count what PyTorch's counters count on the code of 23 models."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from architectures import MODELS

import costgraph as cg
from costgraph import blocks
from costgraph.closed_form import ClosedForm
from costgraph.conventions import EXACT
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
# of the gradient by a depthwise kernel PyTorch's counter ignores that each channel has its own
OVERCOUNTED = {("mamba2-130m", "forward+backward")}


def totals() -> dict[str, list[tuple[str, str, dict[str, int], int]]]:
    """By model: phase, measure, batch and positions, value."""
    text = (Path(__file__).parent / "data" / "torch_totals.csv").read_text(encoding="utf-8")
    found = defaultdict(list)
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        bound = {name: int(row[name]) for name in ("B", "S") if row[name]}
        found[row["model"]].append((row["phase"], row["measure"], bound, int(row["value"])))
    return found


TOTALS = totals()


@cache
def form(model: str, phase: str, measure: str) -> ClosedForm:
    """The form of a model as transformers computes it."""
    build, passes = PASSES[phase]
    graph = MODELS[model].architecture.as_transformers().build(build)
    return MEASURES[measure](graph.apply(*passes), EXACT)


@pytest.mark.parametrize("model", MODELS)
def test_every_total_is_what_pytorch_counts(model: str) -> None:
    encoder = bool(MODELS[model].architecture.encoder)
    for phase, measure, bound, value in TOTALS[model]:
        sizes = {**MODELS[model].sizes, "p": 2} | ({"S_e": bound.get("S", 1)} if encoder else {})
        derived = form(model, phase, measure).limit(**sizes, **bound).value.number
        if (model, phase) in OVERCOUNTED:
            assert derived is not None
            assert derived < value
        else:
            assert derived == value, (phase, measure, bound)


def test_the_gradients_of_a_depthwise_convolution_cost_what_its_result_costs() -> None:
    both = form("mamba2-130m", "forward+backward", "flops").limit(**MODELS["mamba2-130m"].sizes, B=1, S=512)
    # 829521100800 were counted, 177192960 of them for convolutions forward and 317706977280 backward
    assert both.value.number == 829521100800 - 317706977280 + 2 * 177192960


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
