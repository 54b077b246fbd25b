"""Which plans a page has: the phase, which axes there are and with which choices, and what is replayed.

Degrees stay symbols, so that one derivation answers all settings of the sliders. On an axis of one device nothing
moves, which is another graph; so each set of axes is a plan of its own, and so is each choice that changes the graph.
That are more than one page holds: usual ones come first, as many as a budget of ops allows, and of all others a page
shows the command that answers them. Who names a mesh gets all plans along its axes, with its choices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations, product

from costgraph.mesh import (
    Axis,
    ContextAxis,
    DataAxis,
    ExpertsAxis,
    Mesh,
    MicrobatchesAxis,
    PipelineAxis,
    TensorAxis,
)
from costgraph.records import dataclass

REPLAYS = ("none", "full")  # what the backward pass computes again
Weighed = tuple[int, Axis | None]  # how unusual a choice is, and the axis; none of one device
NO_AXIS: Weighed = (0, None)


@dataclass(frozen=True)
class Plan:
    """What decides on the graph.

    Args:
        phase: of the setup.
        axes: those of more than one device, with symbols as degrees.
        replay: one of `REPLAYS`.
    """

    phase: str
    axes: tuple[Axis, ...] = ()
    replay: str = "none"

    @property
    def mesh(self) -> Mesh:
        """Its axes, outermost first."""
        return Mesh.of(self.axes)

    @property
    def place(self) -> str:
        """The phase and the axes: what a drawing depends on."""
        return f"{self.phase}/{self.mesh}"

    @property
    def key(self) -> str:
        """By what the page finds it: what a user would type."""
        return f"{self.place}/{self.replay}"


TRAINING: tuple[tuple[Weighed, ...], ...] = (  # outermost first
    (
        NO_AXIS, (2, PipelineAxis()), (7, PipelineAxis(v="v", schedule="interleaved")),
        (8, PipelineAxis(schedule="gpipe")), (8, PipelineAxis(schedule="zb-h1")),
    ),
    (NO_AXIS, (2, DataAxis()), (2, DataAxis(zero=1)), (3, DataAxis(zero=2)), (2, DataAxis(zero=3))),
    (NO_AXIS, (7, ContextAxis())),
    (NO_AXIS, (2, ExpertsAxis())),
    (NO_AXIS, (3, TensorAxis()), (2, TensorAxis(sequence=True))),
    (NO_AXIS, (8, MicrobatchesAxis())),
)  # fmt: skip
SERVING: tuple[tuple[Weighed, ...], ...] = (
    (NO_AXIS, (3, PipelineAxis())),
    (NO_AXIS, (2, DataAxis())),
    (NO_AXIS, (3, ContextAxis())),
    (NO_AXIS, (2, ExpertsAxis())),
    (NO_AXIS, (2, TensorAxis())),
)
REPLAYED = 1  # how unusual it is to replay something


def plans(phases: Iterable[str], mesh: Mesh | None = None) -> list[Plan]:
    """The plans of a page, the usual ones first: of a mesh those along its axes, else all."""
    found = [
        (weight, plan) for phase in phases for weight, plan in (usual(phase) if mesh is None else along(mesh, phase))
    ]
    return [plan for _, plan in sorted(found, key=lambda one: one[0])]


def usual(phase: str) -> Iterator[tuple[int, Plan]]:
    """All that a page may have, each with how unusual it is; of serving everything is usual."""
    training = phase == "train"
    for chosen in product(*(TRAINING if training else SERVING)):
        axes = tuple(axis for _, axis in chosen if axis is not None)
        kinds = {axis.kind for axis in axes}
        if PipelineAxis.kind in kinds and MicrobatchesAxis.kind in kinds:
            continue  # it takes its batch in parts as it is
        weight = sum(one for one, _ in chosen) if training else 0
        for replay in REPLAYS if training else REPLAYS[:1]:
            yield weight + REPLAYED * REPLAYS.index(replay), Plan(phase, axes, replay)


def along(mesh: Mesh, phase: str) -> Iterator[tuple[int, Plan]]:
    """The plans along all axes of a mesh, or some: first all, then one and none, then the others."""
    there = [axis for axis in mesh.axes if phase == "train" or not axis.in_time]
    axes = [opened(axis, phase) for axis in there]
    for count in range(len(axes), -1, -1):
        for chosen in combinations(axes, count):
            for replay in REPLAYS if phase == "train" else REPLAYS[:1]:
                weight = 0 if count == len(axes) else 1 if count <= 1 else 1 + len(axes) - count
                yield weight, Plan(phase, chosen, replay)


def opened(axis: Axis, phase: str) -> Axis:
    """An axis of a phase with its symbol as degree."""
    found = replace(of_phase(axis, phase), degree=axis.symbol)
    if isinstance(found, PipelineAxis) and found.schedule == "interleaved":
        return replace(found, v="v")
    return found


def of_phase(axis: Axis, phase: str) -> Axis:
    """An axis; where nothing trains, without what is said of training."""
    if phase != "train" and isinstance(axis, PipelineAxis | DataAxis | TensorAxis):
        return type(axis)(axis.degree)
    return axis


OPTIONS = {"P": "schedule", "N_d": "zero", "C": "how", "T": "sequence"}  # what may be chosen of an axis
BESIDE = (  # of which a page has the command alone
    ContextAxis(how="ring"), ContextAxis(how="heads"), PipelineAxis(schedule="zb-h2"), PipelineAxis(schedule="zb-v"),
    PipelineAxis(schedule="v-half"), PipelineAxis(schedule="v-min"), PipelineAxis(schedule="dualpipev"),
)  # fmt: skip


def choices(axis: str, mesh: Mesh | None) -> list[Axis]:
    """What may be chosen of an axis in training; of a mesh that was named, what it says."""
    every = [one for place in TRAINING for _, one in place if one is not None]
    given = [*every, *BESIDE] if mesh is None else [opened(one, "train") for one in mesh.axes]
    return [one for one in given if one.symbol == axis]


def numbers(mesh: Mesh) -> dict[str, int]:
    """The degrees of a mesh that are numbers, by symbol: where sliders stand first."""
    sizes = {name: axis.size.number for name, axis in mesh.named.items()}
    if mesh.pipeline is not None and mesh.pipeline.schedule == "interleaved":
        sizes["v"] = mesh.pipeline.chunks.number
    return {name: int(size) for name, size in sizes.items() if size is not None}
