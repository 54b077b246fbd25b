"""The measures as people call them from Python: of a model, by name or as an object, or of a graph.

What they give is what the command line prints under the same name: a graph that says nothing of a phase is trained.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from inspect import signature
from typing import Any

from costgraph.closed_form import ClosedForm
from costgraph.conventions import Convention
from costgraph.errors import unknown
from costgraph.given import Options, names_size, read_convention
from costgraph.graph.graph import Graph
from costgraph.later import of_module
from costgraph.measures import MEASURES
from costgraph.mesh import Mesh
from costgraph.models.model import Model
from costgraph.op_sets import OP_SETS
from costgraph.passes import names_of, phase_of
from costgraph.remarks import why_zero
from costgraph.setup import Setup
from costgraph.signatures import spelled_out

PARTS = ("forward", "backward", "recompute", "update")  # of a step, which some measures are of
WITHOUT_PHASE = ("flash_attention", "lora", "autocast", "widths")  # passes that any phase may have


def measure(name: str) -> Callable[..., ClosedForm]:
    """The measure of that name."""
    counted = MEASURES[name]

    def of(
        what: Graph | Model | str,
        convention: str | Convention | None = None,
        phase: str | None = None,
        **options: Any,
    ) -> ClosedForm:
        if phase in PARTS:
            phase, options = None, {**options, "phase": phase}
        own = own_options(name, options)
        asked: dict[str, Any] = {key: value for key, value in options.items() if key not in own}
        if isinstance(what, Graph) and not asked:
            graph = what if name == "params" else in_phase(what, phase)
            found = counted(graph, read_convention(convention, False), **own)
            return found if graph is what else told(found, phase_of(names_of(graph.passes)) or "train", graph.mesh)
        asked[kind_of(what)] = what
        setup = Setup.of(convention=convention, phase=phase, **asked)
        found = counted(setup.graph, setup.convention, **own).limited(setup.bindings)
        return told(found, setup.phase, setup.mesh)

    of = spelled_out(Options)(of)
    of.__name__, of.__qualname__, of.__doc__ = name, name, f"{counted.__doc__}\n\n{TAKES}"
    return of


def told(found: ClosedForm, phase: str, mesh: Mesh) -> ClosedForm:
    """A form; where it is 0, a warning says why, and what would change that.

    Whoever gave a graph in a phase, or on a mesh, has said what it is of.
    """
    zero = not (found.value.numerator or found.remainder.numerator)
    if zero and (why := why_zero(found.name, phase, mesh)):
        warnings.warn(why, stacklevel=3)
    return found


TAKES = """    Args:
        what: a model or an op set, by name or as an object, or a graph.
        convention: what is counted, such as `notes` or `exact`.
        phase: of the model, such as `decode`; or a part of a step, such as `backward`, of measures that have parts.
        options: what else a question is asked of, as for `derive`: mesh, passes, limit, ...; sizes by their symbols;
            and what the measure takes itself.
"""


def own_options(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that the measure takes itself, rather than the setup.

    Raises:
        UserError: one is of neither.
    """
    takes = [one for one in signature(of_module("costgraph.measures", f"{name}.{name}")).parameters if one != "graph"]
    for option in options:
        if option not in (*takes, *Options.__annotations__) and not names_size(option):
            raise unknown(f"option of {name}", option, [*takes, *Options.__annotations__])
    return {option: value for option, value in options.items() if option in takes}


def kind_of(what: object) -> str:
    """Which option of a setup something is: a graph and an op set that is typed are one, anything else is a model."""
    typed = isinstance(what, str) and what.partition("(")[0].strip() in OP_SETS
    return "op_set" if typed or isinstance(what, Graph) or callable(what) else "model"


def in_phase(graph: Graph, phase: str | None) -> Graph:
    """A graph in a phase; unless one is named, what is in one or placed as it is, and any other as it is trained.

    Raises:
        UserError: no such phase, or one that excludes that of the graph.
    """
    done = set(names_of(graph.passes)) - set(WITHOUT_PHASE)
    if phase is None and (done or any(op.phase != "forward" for op in graph.ops)):
        return graph
    return Setup.of(op_set=graph, phase=phase).graph


activations = measure("activations")
cache = measure("cache")
communication = measure("communication")
flops = measure("flops")
intensity = measure("intensity")
params = measure("params")
peak = measure("peak")
states = measure("states")
traffic = measure("traffic")
