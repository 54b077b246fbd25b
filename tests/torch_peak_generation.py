"""Generation of models as the library transformers builds them, and of a cache that grows: each reason as buffers."""

from __future__ import annotations

from dataclasses import replace

from torch_peak_inference import named, prompt, seeds
from torch_peak_runs import MEASURED, Change, Run, extra, held, positions

from costgraph.algebra.polynomial import Polynomial
from costgraph.graph.builder import Purpose
from costgraph.measures.lifetimes import BEFORE, Buffer
from costgraph.measures.peak import Walk

NAMED = {  # results that have a name in the library's code, by the last op of the function that gave it to them
    "attn.v_context": ("attn.k_rotary", "attn.v"),
    "attn.weights": ("attn.mask",),
    "mlp.residual": ("attn.out_bias",),
    "attn.out": ("attn.qkv_bias",),
    "norm.final": ("rotary.cos", "rotary.sin"),  # of the model, until its head reads what it has made
}
STEPS = 2  # of a gelu that is written out, half of its input and a cube, beside what is being made


def reasons_of_growing(run: Run, phase: Purpose) -> list[Change]:
    """Those that hold for code of our own with a cache that grows."""
    return [named, arguments, seeds, tables_of_all, *([prompt, grown] if phase == "decode" else [])]


def reasons_of_library(run: Run, phase: Purpose) -> list[Change]:
    """Those that hold for the library's code."""
    found: list[Change] = [named_in_blocks, arguments, embedded, numbers_of_positions]
    found += [mask_of_a_step] if run.attention == "eager" else []
    found += [gelu_by_steps] if is_gpt(run) else [tables_of_a_step]
    return [*found, *([prompt, grown] if phase == "decode" else [])]


def is_gpt(run: Run) -> bool:
    """Whether it has positions that are learned, and a gelu."""
    return bool(MEASURED["models"][run.model]["kind"] == "gpt")


def named_in_blocks(run: Run, walk: Walk) -> list[Buffer]:
    """What functions of blocks have given a name, but for the model's, which are gone when its head runs."""
    return named(run, walk, without=("blocks.exit",))


def arguments(run: Run, walk: Walk) -> list[Buffer]:
    """What a function was given is there until it returns: new keys and values while both are put behind others."""
    return held(walk, NAMED)


def grown(run: Run, walk: Walk) -> list[Buffer]:
    """Keys and values that are there are copied with the new ones behind them, one layer's keys or values at a time."""
    S, at, body = run.sizes["S"], positions(walk), next(one for one in walk.of.bodies.values() if not one.backward)
    each = run.sizes["B"] * run.sizes.get("G", 1) * run.sizes.get("H", run.sizes["D"]) * run.width
    found = [one for one in walk.buffers if one.part != "cache"]
    found.append(extra(walk, "cache", 2 * run.sizes["L"] * each * S, BEFORE, walk.of.end))
    for name in ("attn.k_context", "attn.v_context"):
        longer = extra(walk, f"{name}, one longer", each, at[name] + 1, walk.of.end)
        found.append(replace(longer, times=Polynomial.symbol("L"), body=body))
        found.append(extra(walk, f"{name}, copied", each * (S + 1), at[name], at[name]))
    return found


def tables_of_all(run: Run, walk: Walk) -> list[Buffer]:
    """Tables of angles and the mask are there for all positions that there will be."""
    there, width = run.sizes["S"] + 1, run.width
    size = 2 * there * run.sizes["H"] * width + (there**2 * width if run.attention == "eager" else 0)
    found = [one for one in walk.buffers if not one.tensor.name.startswith("rotary.")]
    return [*found, extra(walk, "tables", size, BEFORE, walk.of.end)]


def embedded(run: Run, walk: Walk) -> list[Buffer]:
    """What was looked up has a name until the model returns, beside what the first block is given."""
    at, found = positions(walk), walk.buffers
    looked_up = [one for one in found if one.tensor.name in ("embed.tokens", "embed.positions")]
    kept = [replace(one, born=at["blocks.enter"] + 1, dies=at["norm.final"], moved=False) for one in looked_up]
    return [*found, *kept]


def numbers_of_positions(run: Run, walk: Walk) -> list[Buffer]:
    """So have the numbers of the positions."""
    at = positions(walk)
    return [*walk.buffers, extra(walk, "positions", 8 * queries(run, walk), at["embed.tokens"], at["norm.final"])]


def mask_of_a_step(run: Run, walk: Walk) -> list[Buffer]:
    """Attention that is written out has a mask of each sequence, made in every step."""
    at, rows = positions(walk), queries(run, walk)
    columns = run.sizes["S"] + (rows == 1)
    size = run.sizes["B"] * rows * columns * run.width
    return [*walk.buffers, extra(walk, "mask", size, at["embed.tokens"], at["norm.final"])]


def tables_of_a_step(run: Run, walk: Walk) -> list[Buffer]:
    """Tables of angles are made in every step; frequencies are held, twice."""
    at = positions(walk)
    found = [
        replace(one, born=at["embed.tokens"], dies=at["norm.final"]) if one.tensor.name.startswith("rotary.") else one
        for one in walk.buffers
    ]
    return [*found, extra(walk, "frequencies, twice", 2 * 4 * run.sizes["H"] // 2, BEFORE, walk.of.end)]


def gelu_by_steps(run: Run, walk: Walk) -> list[Buffer]:
    """A gelu that is written out has half of its input and a cube at once, beside what it makes of them."""
    at = positions(walk)["mlp.act"]
    (made,) = (one for one in walk.buffers if one.tensor.name == "mlp.act")
    return [*walk.buffers, *(replace(made, born=at, dies=at) for _ in range(STEPS))]


def queries(run: Run, walk: Walk) -> int:
    """Positions that are computed."""
    first = next(one for one in walk.of.graph.tensors["embed.tokens"].dims if one.name == "query")
    return run.number(first.size)
