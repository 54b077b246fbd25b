"""costgraph derives what transformers cost: parameters, FLOPs, memory, traffic and communication, as closed forms.

>>> import costgraph as cg
>>> graph = cg.decoder().apply(cg.backward)
>>> cg.activations(graph).limit(E=4, p=2)
<activations = B*S*L*(5*S*A + 34*D) byte>
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from costgraph.closed_form import ClosedForm
    from costgraph.comparing.comparison import compare
    from costgraph.derivation import derive
    from costgraph.errors import CostgraphError, UserError
    from costgraph.estimation.answering import answer as estimate
    from costgraph.estimation.reading import request
    from costgraph.exporting import export
    from costgraph.exporting.exchange.reading import read_forms
    from costgraph.graph.builder import Builder
    from costgraph.graph.graph import Graph
    from costgraph.hardware.catalog import machine
    from costgraph.hardware.cluster import cluster
    from costgraph.known_names import known
    from costgraph.measured import (
        activations,
        cache,
        communication,
        flops,
        intensity,
        params,
        peak,
        states,
        traffic,
    )
    from costgraph.mesh import (
        ContextAxis,
        DataAxis,
        ExpertsAxis,
        Mesh,
        MicrobatchesAxis,
        PipelineAxis,
        TensorAxis,
    )
    from costgraph.models.known import model
    from costgraph.op_sets.decoder import decoder
    from costgraph.passes.autocast import Autocast as autocast
    from costgraph.passes.backward import Backward as backward
    from costgraph.passes.decode import Decode as decode
    from costgraph.passes.flash_attention import FlashAttention as flash_attention
    from costgraph.passes.lora import Lora as lora
    from costgraph.passes.place import Place as place
    from costgraph.passes.place import TensorParallel as tensor_parallel
    from costgraph.passes.prefill import Prefill as prefill
    from costgraph.passes.recompute import Recompute as recompute
    from costgraph.passes.update import Update as update
    from costgraph.passes.widths import Widths as widths
    from costgraph.pictures.plot import plot
    from costgraph.precision import Precision
    from costgraph.setup import Setup
    from costgraph.solving.solution import solve

# Where each public name lives. Nothing is imported before it is asked for (PEP 562), so that `--help` stays fast.
_PUBLIC: dict[str, tuple[str, str]] = {
    "Builder": ("costgraph.graph.builder", "Builder"),
    "ClosedForm": ("costgraph.closed_form", "ClosedForm"),
    "ContextAxis": ("costgraph.mesh", "ContextAxis"),
    "CostgraphError": ("costgraph.errors", "CostgraphError"),
    "DataAxis": ("costgraph.mesh", "DataAxis"),
    "ExpertsAxis": ("costgraph.mesh", "ExpertsAxis"),
    "Graph": ("costgraph.graph.graph", "Graph"),
    "Mesh": ("costgraph.mesh", "Mesh"),
    "MicrobatchesAxis": ("costgraph.mesh", "MicrobatchesAxis"),
    "PipelineAxis": ("costgraph.mesh", "PipelineAxis"),
    "Precision": ("costgraph.precision", "Precision"),
    "Setup": ("costgraph.setup", "Setup"),
    "TensorAxis": ("costgraph.mesh", "TensorAxis"),
    "UserError": ("costgraph.errors", "UserError"),
    "activations": ("costgraph.measured", "activations"),
    "autocast": ("costgraph.passes.autocast", "Autocast"),
    "backward": ("costgraph.passes.backward", "Backward"),
    "cache": ("costgraph.measured", "cache"),
    "cluster": ("costgraph.hardware.cluster", "cluster"),
    "communication": ("costgraph.measured", "communication"),
    "compare": ("costgraph.comparing.comparison", "compare"),
    "decode": ("costgraph.passes.decode", "Decode"),
    "decoder": ("costgraph.op_sets.decoder", "decoder"),
    "derive": ("costgraph.derivation", "derive"),
    "estimate": ("costgraph.estimation.answering", "answer"),
    "export": ("costgraph.exporting", "export"),
    "flash_attention": ("costgraph.passes.flash_attention", "FlashAttention"),
    "flops": ("costgraph.measured", "flops"),
    "intensity": ("costgraph.measured", "intensity"),
    "known": ("costgraph.known_names", "known"),
    "lora": ("costgraph.passes.lora", "Lora"),
    "machine": ("costgraph.hardware.catalog", "machine"),
    "model": ("costgraph.models.known", "model"),
    "params": ("costgraph.measured", "params"),
    "peak": ("costgraph.measured", "peak"),
    "place": ("costgraph.passes.place", "Place"),
    "plot": ("costgraph.pictures.plot", "plot"),
    "prefill": ("costgraph.passes.prefill", "Prefill"),
    "read_forms": ("costgraph.exporting.exchange.reading", "read_forms"),
    "recompute": ("costgraph.passes.recompute", "Recompute"),
    "request": ("costgraph.estimation.reading", "request"),
    "solve": ("costgraph.solving.solution", "solve"),
    "states": ("costgraph.measured", "states"),
    "tensor_parallel": ("costgraph.passes.place", "TensorParallel"),
    "traffic": ("costgraph.measured", "traffic"),
    "update": ("costgraph.passes.update", "Update"),
    "widths": ("costgraph.passes.widths", "Widths"),
}
__all__ = [
    "Builder",
    "ClosedForm",
    "ContextAxis",
    "CostgraphError",
    "DataAxis",
    "ExpertsAxis",
    "Graph",
    "Mesh",
    "MicrobatchesAxis",
    "PipelineAxis",
    "Precision",
    "Setup",
    "TensorAxis",
    "UserError",
    "__version__",
    "activations",
    "autocast",
    "backward",
    "cache",
    "cluster",
    "communication",
    "compare",
    "decode",
    "decoder",
    "derive",
    "estimate",
    "export",
    "flash_attention",
    "flops",
    "intensity",
    "known",
    "lora",
    "machine",
    "model",
    "params",
    "peak",
    "place",
    "plot",
    "prefill",
    "read_forms",
    "recompute",
    "request",
    "solve",
    "states",
    "tensor_parallel",
    "traffic",
    "update",
    "widths",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'costgraph' has no attribute '{name}'")
    module, attribute = _PUBLIC[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*_PUBLIC, "__version__"])
