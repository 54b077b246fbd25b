"""calculon (Isaev et al. 2023): layers of a block with element-wise work in both directions, no embedding, no head."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from costgraph.conventions.convention import Convention, Counting

if TYPE_CHECKING:
    from costgraph.graph.graph import Graph
    from costgraph.provenance import Term

FORWARD = {"dropout": 1, "gelu": 8, "layer_norm": 9, "relu": 1, "residual": 1, "softmax": 5}
BACKWARD = {"dropout_grad": 1, "gelu_grad": 13, "layer_norm_grad": 14 + 7, "relu_grad": 1, "softmax_grad": 8}
OF_A_RESIDUAL = 2  # one per operand


def quirk(graph: Graph, phase: str, terms: list[Term]) -> list[Term]:
    """What element-wise layers take in the backward: rates of their own, and a sum for each that reads a fork.

    The norm before a head, like the head, is not there.
    """
    if phase != "backward" or not terms:
        return [term for term in terms if graph.op(term.op).loop.number]
    found = [term for term in terms if graph.op(term.op).loop.number]
    for op in graph.phase("backward"):
        if not op.loop.number:
            continue
        each = BACKWARD.get(op.kind, len(op.inputs) if op.kind == "add" else 0)
        if each:
            amount = graph.tensors[op.outputs[0]].numel * op.times * each
            found.append(replace(terms[0], op=op.name, source=op.kind, amount=amount))
    for op in graph.phase("forward"):
        if op.kind == "residual" and op.loop.number:
            amount = graph.tensors[op.outputs[0]].numel * op.times * OF_A_RESIDUAL
            found.append(replace(terms[0], op=op.name, source="residual", amount=amount))
    return found


CALCULON = Convention(
    "calculon",
    elementwise=tuple(sorted(FORWARD.items())),
    counting=Counting(head="left_out"),
    quirk=quirk,
    quirk_in_words="other rates of element-wise layers in the backward",
    source="calculon-ai/calculon, llm/layers.py and get_useful_flops of llm/llm.py",
)
