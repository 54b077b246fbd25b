"""The recurrence of a state space: a scan in chunks over all positions, or one step.

Inside a chunk every position reads those before it, as in attention without a softmax; what a chunk leaves behind, a
state for each head, is passed on to the next.

Source: Dao and Gu 2024 (Mamba-2), Listing 1.
"""

from __future__ import annotations

from typing import NamedTuple

from costgraph.blocks.linear import Names, contract
from costgraph.graph.builder import Builder

GROUP, SHARE = "ssm_group", "ssm_share"
HEADS = (GROUP, SHARE)
STATE: Names = ("batch", *HEADS, "ssm_width", "state")
STATE_BYTES = 4  # states are kept in fp32


class Parts(NamedTuple):
    """What a recurrence reads: values of heads, what leads into the state and out of it, and the lengths of steps."""

    values: str
    into: str
    out_of: str
    step: str


def stepped(b: Builder, name: str, parts: Parts, plain: bool) -> str:
    """One step: the state decays and takes up the new position, which reads it."""
    rates = b.parameter(f"{name}.a", HEADS, "bias")
    state = b.op(
        f"{name}.state", "state_step", parts.values, parts.into, parts.step, rates, letters=STATE, role="cache",
        itemsize=STATE_BYTES,
    )  # fmt: skip
    return contract(b, f"{name}.read", parts.out_of, state, ("batch", "query", *HEADS, "ssm_width"))


def scanned(b: Builder, name: str, parts: Parts, plain: bool) -> str:
    """All positions, chunk by chunk."""
    at, seen = ("batch", "chunks", "chunk"), ("batch", "chunks", "chunk_context")
    rates = b.parameter(f"{name}.a", HEADS, "bias")
    into, read_by = chunked(b, f"{name}.b_chunks", parts.into, seen), chunked(b, f"{name}.c_chunks", parts.out_of, at)
    if plain:
        into = b.op(f"{name}.b_repeat", "repeat", into, letters=(*seen, *HEADS, "state"))
        read_by = b.op(f"{name}.c_repeat", "repeat", read_by, letters=(*at, *HEADS, "state"))
    step = chunked(b, f"{name}.dt_chunks", parts.step, seen)
    values = b.op(f"{name}.x_dt", "product", chunked(b, f"{name}.x_chunks", parts.values, seen), step)
    fading = b.op(f"{name}.dt_a", "product", step, rates)
    fading = b.op(f"{name}.fading", "cumulative", fading, over="chunk_context")

    pairs = tuple(dim for dim in b.names(into)[3:] if dim != "state")
    scores = contract(b, f"{name}.scores", read_by, into, ("batch", "chunks", *pairs, "chunk", "chunk_context"))
    within = b.op(
        f"{name}.decay", "decay", fading, letters=("batch", "chunks", *HEADS, "chunk", "chunk_context")
    )  # fmt: skip
    weights = b.op(f"{name}.weights", "product", within, scores)
    inside = contract(b, f"{name}.inside", weights, values, (*at, *HEADS, "ssm_width"))

    left = b.op(f"{name}.decay_left", "decay", fading)
    left = b.op(f"{name}.x_left", "product", values, left)
    states = contract(b, f"{name}.states", left, into, ("batch", "chunks", *STATE[1:]))
    before = passed(b, name, states, fading, plain)
    outside = contract(b, f"{name}.outside", read_by, before, (*at, *HEADS, "ssm_width"))
    reached = b.op(f"{name}.decay_reached", "decay", fading, letters=(*at, *HEADS))
    outside = b.op(f"{name}.reached", "product", outside, reached)
    y = b.op(f"{name}.both", "add", inside, outside)
    return b.op(f"{name}.positions", "slice", y, letters=("batch", "query", *HEADS, "ssm_width"))


def chunked(b: Builder, name: str, x: str, at: Names) -> str:
    """Positions as chunks of positions; the last chunk is filled up."""
    return b.op(name, "slice", x, letters=(*at, *b.names(x)[2:]))


def passed(b: Builder, name: str, states: str, fading: str, plain: bool) -> str:
    """The state before each chunk, from what each chunk leaves behind."""
    of = STATE[1:]
    if b.phase == "prefill":
        b.op(f"{name}.state", "roll", states, letters=STATE, role="cache", itemsize=STATE_BYTES)
    if not plain:
        chunks = b.op(f"{name}.decay_chunks", "decay", fading, letters=("batch", "chunks", *HEADS))
        return b.op(f"{name}.before", "scan", states, chunks)
    to, source = (
        b.dim("chunks_after", "chunks + 1"),
        b.dim("chunks_before", "chunks + 1"),
    )  # with the state at the start
    padded = b.op(f"{name}.states_before", "slice", states, letters=("batch", source, *of))
    pairs = b.op(f"{name}.decay_chunks", "decay", fading, letters=("batch", to, source, *HEADS))
    after = contract(b, f"{name}.passed", pairs, padded, ("batch", to, *of))
    return b.op(f"{name}.before", "slice", after, letters=("batch", "chunks", *of))
