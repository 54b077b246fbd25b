"""Graph -> ClosedForm, one file each. This table is all there is to register."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from costgraph.closed_form import ClosedForm
from costgraph.degrees import DEGREES
from costgraph.later import of_module
from costgraph.measures.activations import activations
from costgraph.measures.annotate import annotated
from costgraph.measures.cache import cache
from costgraph.measures.communication import communication
from costgraph.measures.flops import PARTS, flops
from costgraph.measures.intensity import intensity
from costgraph.measures.params import params
from costgraph.measures.pipeline import bubble, in_flight
from costgraph.measures.states import states
from costgraph.measures.traffic import traffic

PEAK = "The most that is alive on one device, of the whole step or while the ops of one phase run."
TIMES = {
    "step_time": "Seconds of a step, at least.",
    "ttft": "Seconds to the first token, at least: those of a prefill.",
    "tpot": "Seconds for each further token, at least: those of a decode step.",
    "mfu": "Model FLOPs utilisation, at most: useful FLOPs over what peaks allow in the time of a step.",
    "cost": "USD for a million tokens, at least: what all devices cost in the time of a step.",
}


def later(module: str, name: str, meaning: str) -> Callable[..., ClosedForm]:
    """A measure whose module is imported when it is asked for."""

    def found(*args: Any, **options: Any) -> ClosedForm:
        measure: Callable[..., ClosedForm] = of_module("costgraph.measures", f"{module}.{name}")
        return measure(*args, **options)

    found.__doc__ = meaning
    return found


MEASURES: dict[str, Callable[..., ClosedForm]] = {
    "params": params,
    "states": states,
    "flops": flops,
    **{f"flops.{part}": partial(flops, phase=part) for part in PARTS},
    "activations": activations,
    "cache": cache,
    "peak": later("peak", "peak", PEAK),
    "traffic": traffic,
    "traffic.update": partial(traffic, phase="update"),
    "communication": communication,
    "communication.chief": partial(communication, algorithm="chief"),
    "intensity": intensity,
    "bubble": bubble,
    "in_flight": in_flight,
    **{name: later("times", name, meaning) for name, meaning in TIMES.items()},
}

OF_AXES = ("communication.chief.", "communication.")  # measures that have a part for axes of the mesh
JOINT = re.compile(rf"\b(?:{'|'.join(map(re.escape, OF_AXES))})(?:{'|'.join(DEGREES)})(?:-(?:{'|'.join(DEGREES)})\b)+")


def measure_named(name: str) -> Callable[..., ClosedForm] | None:
    """The measure of that name: one of the table, or the part of one for axes, as in `communication.N_h-N_d`."""
    whole, axes = of_axes(name)
    if not axes:
        return MEASURES.get(name)
    return partial(MEASURES[whole.removesuffix(".")], axes=axes)


def of_axes(name: str) -> tuple[str, str]:
    """The measure with a dot and the axes, `communication.` and `N_h-N_d`, where the name is that of a part."""
    whole = next((start for start in OF_AXES if name.startswith(start)), "")
    axes = name.removeprefix(whole).replace(".", "-")
    return (whole, axes) if whole and set(axes.split("-")) <= set(DEGREES) else (name, "")


def canonical(name: str) -> str:
    """The name as answers have it: axes that belong together are joined by `-`."""
    return "".join(of_axes(name))


def joint(text: str) -> str:
    """A formula in which `communication.N_h-N_d` is one name and no difference: `communication.N_h.N_d`."""
    return JOINT.sub(lambda found: found[0].replace("-", "."), text)


__all__ = [
    "MEASURES", "activations", "annotated", "cache", "canonical", "communication", "flops", "intensity", "joint",
    "measure_named", "params", "peak", "states", "traffic",
]  # fmt: skip
