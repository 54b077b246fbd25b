"""Megatron-LM's `num_floating_point_operations` since March 2025, which computes the MFU that it prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from costgraph.algebra.polynomial import Polynomial
from costgraph.conventions.convention import Convention, Counting

if TYPE_CHECKING:
    from costgraph.graph.graph import Graph
    from costgraph.graph.op import Op
    from costgraph.provenance import Term

LATENTS = ({"latent_q"}, {"latent_kv"})
MTP, AROUND = "mtp", ("norm.embed", "norm.before", "norm.final")  # its loop, and the norms outside of its block
SCAN = 7  # per token, inner channel and state


def quirk(graph: Graph, phase: str, terms: list[Term]) -> list[Term]:
    """Some norms count as if they were matrices one wide, and a scan is a rule of thumb.

    A norm of a latent is a `+ 1` in a sum of widths; each block that predicts further tokens has three norms more. Of a
    state space the projections count, 7 per token, channel and state for the scan, and no convolution.
    """
    if phase != "forward" or not terms:
        return terms
    kept = [term for term in terms if not scans(graph, graph.op(term.op))]
    further = [*norms(graph), *states(graph)]
    return kept + [replace(terms[0], op=op.name, source=said, amount=amount * op.times) for op, said, amount in further]


def scans(graph: Graph, op: Op) -> bool:
    """Whether it is a convolution, or a product in a state space without weights."""
    return op.kind == "conv" or (
        op.place == "ssm" and all(graph.tensors[name].role not in ("weight", "norm") for name in op.inputs)
    )


def norms(graph: Graph) -> Iterator[tuple[Op, str, Polynomial]]:
    """The norms that count: those of latents, and those around a block that predicts a further token."""
    for op in graph.phase("forward"):
        if op.kind.endswith("norm") and (set(op.over) in LATENTS or (op.loop.kind == MTP and op.label in AROUND)):
            yield op, "a norm as a matrix one wide", graph.tensors[op.outputs[0]].numel * 2


def states(graph: Graph) -> Iterator[tuple[Op, str, Polynomial]]:
    """The scans."""
    for op in graph.phase("forward"):
        names = {dim.name: dim.size for dim in graph.tensors[op.outputs[0]].dims}
        if op.place == "ssm" and op.label.endswith(".gate") and "ssm_width" in names:
            yield (
                op,
                "7 per token, channel and state",
                graph.tensors[op.outputs[0]].numel * graph.extents["state"].size * SCAN,
            )


MEGATRON_2025 = Convention(
    "megatron-2025",
    counting=Counting(causal="half", windows="full", router="left_out", parameters="active", backward="twice"),
    quirk=quirk,
    quirk_in_words="norms of latents as matrices one wide; 7 per token, channel and state of a scan",
    source="NVIDIA/Megatron-LM, num_floating_point_operations since 8873b55d (March 2025)",
)
