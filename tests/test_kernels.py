"""The kernels by which the judge of placement computes: the gradients that a backward pass gives are derivatives."""

from __future__ import annotations

import numpy as np
import odd_models
import pytest
from blocks import Array, drawn
from devices import Machine
from placement_judge import numbers
from placements import SIZES

import costgraph as cg
from costgraph.graph.graph import Graph
from costgraph.graph.tensor import Tensor
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call

STEP = 1e-5


class Nudged(Machine):
    """A machine whose parameters are moved a little along a random direction."""

    by = 0.0

    def values(self, tensor: Tensor) -> Array:
        found = super().values(tensor)
        return found + self.by * drawn(f"{tensor.name} direction", found.shape) if tensor.trains else found


def only(parts: dict[tuple[int, ...], Array]) -> Array:
    (part,) = parts.values()
    return part


def results(graph: Graph, by: float) -> float:
    """All results of the model, weighed with the gradients that come from outside."""
    machine = Nudged(graph)
    machine.by = by
    held = machine.run()
    weighed = [t for t in graph.inputs if t.gradient]
    return sum(float(np.sum(only(held[t.name]) * only(held[t.name.removesuffix(".grad_in")]))) for t in weighed)


def derivative(graph: Graph) -> float:
    """What the backward pass says that they change by."""
    held = Machine(graph).run()
    parts = {name: only(held[gradient]) for name, gradient in graph.gradients.items()}
    return sum(float(np.sum(part * drawn(f"{name} direction", part.shape))) for name, part in parts.items())


MODELS = {
    text: parse_call("op set", text, OP_SETS).apply()
    for text in ("decoder(head=True, biases=True, kv_heads=G)", "decoder(positions=False)", "encoder")
}
MODELS |= {part.__name__: odd_models.built(part) for part in odd_models.PLAIN}
MODELS |= {name: odd_models.core_model(name) for name in odd_models.CORES}


FUSED = [name for name, model in MODELS.items() if any(op.within("attention_core") for op in model.ops)]


@pytest.mark.parametrize(("name", "fused"), [*((n, False) for n in MODELS), *((n, True) for n in FUSED)])
def test_the_gradients_of_parameters_are_derivatives(name: str, fused: bool) -> None:
    passes = (cg.flash_attention, cg.backward) if fused else (cg.backward,)
    graph = numbers(MODELS[name].apply(*passes), odd_models.SIZES | SIZES)
    slope = (results(graph, STEP) - results(graph, -STEP)) / (2 * STEP)
    assert derivative(graph) == pytest.approx(slope, rel=1e-5, abs=1e-6)
