"""Generation of the models whose memory PyTorch tracked: prefill, and a step that makes one more token."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from torch_peak import changed
from torch_peak_runs import Change, Run, architecture, extra, held, positions

from costgraph.conventions.torch import TORCH
from costgraph.graph.builder import Purpose
from costgraph.measures.lifetimes import BEFORE, Buffer, Lifetimes
from costgraph.measures.peak import Walk
from costgraph.passes import FlashAttention, Pass
from costgraph.passes.decode import Decode
from costgraph.passes.prefill import Prefill

NAMED = {  # results that have a name in Python, by the last op of the function that gave it to them
    "attn.values": ("attn.k_repeat", "attn.v_repeat"),
    "attn.out": ("norm.attn", "attn.q_rotary"),
    "mlp.down": ("norm.mlp",),
    "mlp.residual": ("blocks.enter",),  # what a block reads is the model's, until the block has returned
    "head.logits": ("blocks.exit",),
}
SEEDS = 16  # bytes of two numbers that a fused kernel returns, for a dropout that there is not


Reasons = Callable[[Run, Purpose], Iterable[Change]]


def generated(run: Run, phase: Purpose, of: Reasons, without: Change | None = None) -> Walk:
    """Prefill, or a step that makes one more token; logits of the positions that `run` says."""
    step: Pass = Prefill() if phase == "prefill" else Decode("S+1")
    said = architecture(run)
    assert said.head is not None
    head = replace(said.head, loss=False, positions=run.checkpointing)  # type: ignore[arg-type]
    passes: list[Pass] = [FlashAttention()] if run.attention != "eager" else []
    found = Walk(Lifetimes(replace(said, head=head).build(phase).apply(step, *passes), run.policy), TORCH)
    return changed(run, found, (one for one in of(run, phase) if one is not without))


def reasons_of_generation(run: Run, phase: Purpose) -> list[Change]:
    """Those that hold for code of our own, with a cache that is there before."""
    return [named, seeds, cache_before, *([prompt] if phase == "decode" else [])]


def named(run: Run, walk: Walk, without: Iterable[str] = ()) -> list[Buffer]:
    """What a function has given a name is there until the function returns, as autograd keeps nothing."""
    return held(walk, {last: [one for one in names if one not in without] for last, names in NAMED.items()})


def seeds(run: Run, walk: Walk) -> list[Buffer]:
    """A fused kernel returns the state of the random generator, too."""
    at = positions(walk)
    return [*walk.buffers, *(extra(walk, name, SEEDS, at[name], at[name]) for name in ("attn.flash",) if name in at)]


def prompt(run: Run, walk: Walk) -> list[Buffer]:
    """The numbers of the prompt's tokens are there as well, while one more token is made."""
    return [*walk.buffers, extra(walk, "prompt", 8 * run.sizes["B"] * run.sizes["S"], BEFORE, walk.of.end)]


def cache_before(run: Run, walk: Walk) -> list[Buffer]:
    """The cache, the tables of angles and the mask are there before, for all positions that there will be."""
    positions, width = run.sizes["S"] + 1, run.width
    each = 2 * run.sizes["L"] * run.sizes["B"] * run.sizes["G"] * run.sizes["H"] * positions * width
    tables = 2 * positions * run.sizes["H"] * width
    mask = positions**2 * (width if run.attention == "eager" else 0)
    found = [one for one in walk.buffers if one.part != "cache" and not one.tensor.name.startswith("rotary.")]
    return [*found, extra(walk, "cache", each + tables + mask, BEFORE, walk.of.end)]
