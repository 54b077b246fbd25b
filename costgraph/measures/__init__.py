"""Graph -> ClosedForm, one file each. This table is all there is to register."""

from collections.abc import Callable
from functools import partial

from costgraph.closed_form import ClosedForm
from costgraph.measures.activations import activations
from costgraph.measures.annotate import annotated
from costgraph.measures.cache import cache
from costgraph.measures.communication import communication
from costgraph.measures.flops import PARTS, flops
from costgraph.measures.intensity import intensity
from costgraph.measures.params import params
from costgraph.measures.states import states
from costgraph.measures.traffic import traffic
from costgraph.remarks import DEGREES

MEASURES: dict[str, Callable[..., ClosedForm]] = {
    "params": params,
    "states": states,
    "flops": flops,
    **{f"flops.{part}": partial(flops, phase=part) for part in PARTS},
    "activations": activations,
    "cache": cache,
    "traffic": traffic,
    "traffic.update": partial(traffic, phase="update"),
    "communication": communication,
    "communication.chief": partial(communication, algorithm="chief"),
    "intensity": intensity,
}

OF_AXES = ("communication.chief.", "communication.")  # measures that have a part for axes of the mesh


def measure_named(name: str) -> Callable[..., ClosedForm] | None:
    """The measure of that name: one of the table, or the part of one for axes, as in `communication.N_h-N_d`."""
    whole = next((start for start in OF_AXES if name.startswith(start)), "")
    axes = name.removeprefix(whole)
    if name in MEASURES or not whole or not set(axes.split("-")) <= set(DEGREES):
        return MEASURES.get(name)
    return partial(MEASURES[whole.removesuffix(".")], axes=axes)


__all__ = ["MEASURES", "annotated", "measure_named"]
