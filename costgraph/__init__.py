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
    from costgraph.errors import UserError
    from costgraph.estimation.answering import estimate
    from costgraph.exporting import export
    from costgraph.graph.builder import Builder
    from costgraph.graph.graph import Graph
    from costgraph.hardware.catalog import machine
    from costgraph.hardware.cluster import cluster
    from costgraph.known_names import known
    from costgraph.library.checking.comparison import check
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
    from costgraph.mesh import DataAxis, Mesh, TensorAxis
    from costgraph.models.known import model
    from costgraph.op_sets.decoder import decoder
    from costgraph.passes.backward import Backward as backward
    from costgraph.passes.decode import Decode as decode
    from costgraph.passes.flash_attention import FlashAttention as flash_attention
    from costgraph.passes.place import Place as place
    from costgraph.passes.place import TensorParallel as tensor_parallel
    from costgraph.passes.recompute import Recompute as recompute
    from costgraph.pictures.plot import plot
    from costgraph.searching.asking import search, sweep
    from costgraph.solving.solution import solve

# Where each public name lives. Nothing is imported before it is asked for (PEP 562), so that `--help` stays fast.
_PUBLIC: dict[str, tuple[str, str]] = {
    "Builder": ("costgraph.graph.builder", "Builder"),
    "ClosedForm": ("costgraph.closed_form", "ClosedForm"),
    "DataAxis": ("costgraph.mesh", "DataAxis"),
    "Graph": ("costgraph.graph.graph", "Graph"),
    "Mesh": ("costgraph.mesh", "Mesh"),
    "TensorAxis": ("costgraph.mesh", "TensorAxis"),
    "UserError": ("costgraph.errors", "UserError"),
    "activations": ("costgraph.measured", "activations"),
    "backward": ("costgraph.passes.backward", "Backward"),
    "cache": ("costgraph.measured", "cache"),
    "check": ("costgraph.library.checking.comparison", "check"),
    "cluster": ("costgraph.hardware.cluster", "cluster"),
    "communication": ("costgraph.measured", "communication"),
    "compare": ("costgraph.comparing.comparison", "compare"),
    "decode": ("costgraph.passes.decode", "Decode"),
    "decoder": ("costgraph.op_sets.decoder", "decoder"),
    "derive": ("costgraph.derivation", "derive"),
    "estimate": ("costgraph.estimation.answering", "estimate"),
    "export": ("costgraph.exporting", "export"),
    "flash_attention": ("costgraph.passes.flash_attention", "FlashAttention"),
    "flops": ("costgraph.measured", "flops"),
    "intensity": ("costgraph.measured", "intensity"),
    "known": ("costgraph.known_names", "known"),
    "machine": ("costgraph.hardware.catalog", "machine"),
    "model": ("costgraph.models.known", "model"),
    "params": ("costgraph.measured", "params"),
    "peak": ("costgraph.measured", "peak"),
    "place": ("costgraph.passes.place", "Place"),
    "plot": ("costgraph.pictures.plot", "plot"),
    "recompute": ("costgraph.passes.recompute", "Recompute"),
    "search": ("costgraph.searching.asking", "search"),
    "solve": ("costgraph.solving.solution", "solve"),
    "states": ("costgraph.measured", "states"),
    "sweep": ("costgraph.searching.asking", "sweep"),
    "tensor_parallel": ("costgraph.passes.place", "TensorParallel"),
    "traffic": ("costgraph.measured", "traffic"),
}
__all__ = [
    "Builder",
    "ClosedForm",
    "DataAxis",
    "Graph",
    "Mesh",
    "TensorAxis",
    "UserError",
    "__version__",
    "activations",
    "backward",
    "cache",
    "check",
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
    "machine",
    "model",
    "params",
    "peak",
    "place",
    "plot",
    "recompute",
    "search",
    "solve",
    "states",
    "sweep",
    "tensor_parallel",
    "traffic",
]


class _Missing(AttributeError):
    """There is no such name; what to write instead is found once somebody reads the message, as `hasattr` does not."""

    def __str__(self) -> str:
        return f"module 'costgraph' has no attribute '{self.name}'{_instead(self.name)}"


def _instead(name: str | None) -> str:
    """What to write for a name that stands elsewhere, or nearly is one; "" for any other."""
    from difflib import get_close_matches

    from costgraph.passes import CLASSES, PASSES

    name = name or ""
    if name in PASSES:
        return f"; name it, as in passes='{name}', or build it: from costgraph.passes import {PASSES[name].__name__}"
    if name in CLASSES or name.endswith("Axis"):
        return f"; it stands in costgraph.{'mesh' if name.endswith('Axis') else 'passes'}"
    near = get_close_matches(name, _PUBLIC, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise _Missing(name=name)
    module, attribute = _PUBLIC[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*_PUBLIC, "__version__"])
