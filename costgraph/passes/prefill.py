"""prefill: run the prompt for inference and keep its keys and values.

Before:
    k_context = context(k) ; weights = dropout(softmax(...)) ; loss = cross_entropy(logits, targets)
After:
    k_context = context(k)                          # now of role `cache`: it outlives the pass
    weights   = softmax(...)                        # nothing is dropped
    logits                                          # no loss

Source: "Decoder-Only Transformers", Sec. 6; Pope et al. 2022.
"""

from __future__ import annotations

from typing import ClassVar

from costgraph.algebra.assumption import Choice
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.passes.rewrite import Pass
from costgraph.records import dataclass, replace

TRAINING_KINDS = ("logsumexp", "cross_entropy")


@dataclass(frozen=True)
class Prefill(Pass):
    """Inference on a whole prompt of S positions."""

    name: ClassVar[str] = "prefill"

    def rewrite(self, graph: Graph) -> Graph:
        """The graph without dropout and loss, its keys and values marked as cache."""
        return inference(graph)


def inference(graph: Graph) -> Graph:
    """`graph` as it runs outside training."""
    tensors = dict(graph.tensors)
    for op in graph.ops:
        if op.kind == "context":
            tensors[op.outputs[0]] = replace(tensors[op.outputs[0]], role="cache")
    kept = without_dropout([op for op in graph.ops if op.kind not in TRAINING_KINDS], {})
    rest = tuple(replace(a, how="off") if a == Choice("dropout", "on") else a for a in graph.assumptions)
    return replace(graph, assumptions=rest).rewritten(kept, tensors)


def without_dropout(ops: list[Op], renamed: dict[str, str]) -> list[Op]:
    """`ops` with every dropout bypassed, inside fused ops too. `renamed` collects what replaces their results."""
    kept: list[Op] = []
    for op in ops:
        inputs = tuple(renamed.get(name, name) for name in op.inputs)
        if op.kind == "dropout":
            renamed[op.outputs[0]] = inputs[0]
        else:
            body = tuple(without_dropout(list(op.body), renamed))
            outputs = op.outputs[:1] if op.body else op.outputs  # what a fused op keeps for its backward
            kept.append(replace(op, inputs=inputs, outputs=outputs, body=body))
    return kept
