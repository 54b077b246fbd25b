"""The measures as people call them from Python: of a model, by name or as an object, or of a graph.

What they give is what the command line prints under the same name: a graph that says nothing of a phase is trained.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from inspect import signature
from typing import Any, get_args

from costgraph.closed_form import ClosedForm
from costgraph.conventions import Convention
from costgraph.errors import UserError, heard, unknown
from costgraph.given import Options, names_size, read_convention
from costgraph.graph.graph import Graph
from costgraph.graph.op import Phase
from costgraph.later import of_module
from costgraph.measures import MEASURES
from costgraph.measures.flops import PARTS as PARTS_OF_FLOPS
from costgraph.mesh import Mesh
from costgraph.models.model import Model
from costgraph.op_sets import OP_SETS
from costgraph.passes import PHASES, phase_of
from costgraph.remarks import why_zero
from costgraph.setup import Setup
from costgraph.signatures import spelled_out

STEP = get_args(Phase)  # what a step is made of
PARTS = {"flops": PARTS_OF_FLOPS, "traffic": STEP, "peak": STEP}  # what may be asked for alone


def measure(name: str) -> Callable[..., ClosedForm]:
    """The measure of that name."""
    counted = MEASURES[name]

    def of(
        what: Graph | Model | str | None = None,
        convention: str | Convention | None = None,
        phase: str | None = None,
        part: str | None = None,
        **options: Any,
    ) -> ClosedForm:
        if part is None and is_part(name, what, phase):
            phase, part = None, phase
        own = {**own_options(name, options), **read_part(name, part)}
        asked: dict[str, Any] = {key: value for key, value in options.items() if key not in own}
        if isinstance(what, Graph) and not asked:
            graph = what if name == "params" and phase is None else in_phase(what, phase, part == "update")
            found = counted(graph, read_convention(convention, False), **own)
            if phase is None and graph.passes == what.passes:  # whoever put it in a phase has said what it is of
                return found
            return told(found, phase_of(graph.passes) or "forward", graph.mesh)
        if what is not None and (kind := kind_of(what)) in asked:
            raise UserError(f"{name}: {kind} is given twice, first and as a keyword")
        asked.update({} if what is None else {kind: what})
        setup = Setup.of(convention=convention, phase=phase, **asked)
        found = counted(setup.graph, setup.convention, **own).limited(setup.bindings)
        return told(found, setup.phase, setup.mesh)

    of = spelled_out(Options)(of)
    of.__name__, of.__qualname__, of.__doc__ = name, name, f"{counted.__doc__}\n\n{TAKES}"
    return of


def told(found: ClosedForm, phase: str, mesh: Mesh) -> ClosedForm:
    """A form; where it is 0, a warning says why, and what would change that."""
    zero = not (found.value.numerator or found.remainder.numerator)
    if zero and (why := why_zero(found.name, phase, mesh)):
        warnings.warn(heard(why), stacklevel=3)
    return found


TAKES = """    Args:
        what: a model or an op set, by name or as an object, or a graph; `model` and `op_set` are keywords for it, and
            the decoder stands for none.
        convention: what is counted, such as `notes` or `exact`.
        phase: of the model, such as `forward` or `decode`; that of a graph, or training, unless given. Of a graph that
            is a whole step, `forward` is the part of it, as `backward` is of anything.
        part: of a step, such as `backward`, of measures that have parts: flops, traffic and peak.
        options: what else a question is asked of, as for `derive`: mesh, passes, limit, ...; sizes by their symbols;
            and what the measure takes itself.
"""


def read_part(name: str, part: str | None) -> dict[str, Any]:
    """The part of a step as the measure takes it; nothing for all of it.

    Raises:
        UserError: the measure has no parts, or none of that name.
    """
    if part is None:
        return {}
    if name not in PARTS:
        raise UserError(f"{name} has no parts of a step; leave part={part!r} out")
    if part not in PARTS[name]:
        raise unknown(f"part of {name}", str(part), PARTS[name])
    return {"phase": part}


def is_part(name: str, what: object, phase: object) -> bool:
    """Whether what is called a phase is a part of a step: nothing else has that name, or the graph is a whole step."""
    if not isinstance(phase, str) or phase not in PARTS.get(name, ()):
        return False
    return phase not in PHASES or (isinstance(what, Graph) and phase_of(what.passes) == "train")


def own_options(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that the measure takes itself, rather than the setup.

    Raises:
        UserError: one is of neither.
    """
    parameters = signature(of_module("costgraph.measures", f"{name}.{name}")).parameters
    takes = [one for one in parameters if one not in ("graph", "phase")]
    for option in options:
        if option not in (*takes, *Options.__annotations__) and not names_size(option):
            raise unknown(
                f"option of {name}", option, [*takes, *(["part"] if name in PARTS else []), *Options.__annotations__]
            )
    return {option: value for option, value in options.items() if option in takes}


def kind_of(what: object) -> str:
    """Which option of a setup something is: a graph and an op set that is typed are one, anything else is a model."""
    typed = isinstance(what, str) and what.partition("(")[0].strip() in OP_SETS
    return "op_set" if typed or isinstance(what, Graph) or callable(what) else "model"


def in_phase(graph: Graph, phase: str | None, updated: bool = False) -> Graph:
    """A graph in a phase; unless one is named, what is in one as it is, and any other as it is trained.

    Args:
        graph: in a phase, or before one.
        phase: that it has to be in.
        updated: whether with the update of training, which no other answer depends on.

    Raises:
        UserError: no such phase, or one that excludes that of the graph.
    """
    if phase is None and not updated and (phase_of(graph.passes) or any(op.phase != "forward" for op in graph.ops)):
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
