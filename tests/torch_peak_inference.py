"""Generation of the models whose memory PyTorch tracked: prefill, and a step that makes one more token."""

from __future__ import annotations

from dataclasses import replace

from torch_peak import Run, architecture, extra, named_in_python

from costgraph.blocks import Head
from costgraph.conventions.torch import TORCH
from costgraph.graph.builder import Purpose
from costgraph.measures.lifetimes import BEFORE, Buffer, Lifetimes
from costgraph.measures.peak import Walk
from costgraph.passes import FlashAttention, Pass
from costgraph.passes.decode import Decode
from costgraph.passes.prefill import Prefill


def generated(run: Run, phase: Purpose) -> Walk:
    """Prefill, or a step that makes one more token, with a cache that is there before; logits of what `run` says."""
    step: Pass = Prefill() if phase == "prefill" else Decode("S+1")
    head = Head(tied=False, loss=False, positions=run.checkpointing)  # type: ignore[arg-type]
    model = replace(architecture(run), head=head)
    passes: list[Pass] = [FlashAttention()] if run.attention != "eager" else []
    found = Walk(Lifetimes(model.build(phase).apply(step, *passes), run.policy), TORCH)
    found.buffers = named_in_python(run, found)
    found.buffers = cache_before(run, found)
    return found


def cache_before(run: Run, walk: Walk) -> list[Buffer]:
    """The cache, the tables of angles and the mask are there before, for all positions that there will be."""
    positions, width = run.sizes["S"] + 1, run.width
    each = 2 * run.sizes["L"] * run.sizes["B"] * run.sizes["G"] * run.sizes["H"] * positions * width
    tables = 2 * positions * run.sizes["H"] * width
    mask = positions**2 * (width if run.attention == "eager" else 0)
    found = [one for one in walk.buffers if one.part != "cache" and not one.tensor.name.startswith("rotary.")]
    return [*found, extra(walk, "cache", each + tables + mask, BEFORE, walk.of.end)]
