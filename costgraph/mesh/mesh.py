"""Axes of devices, outermost first."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from costgraph.algebra.bindings import bound, split_list
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE, Polynomial, product
from costgraph.degrees import check_degrees
from costgraph.errors import UserError, shorten
from costgraph.mesh.axis import Axis
from costgraph.mesh.context import ContextAxis
from costgraph.mesh.cut import Cut
from costgraph.mesh.data import DataAxis
from costgraph.mesh.experts import ExpertsAxis
from costgraph.mesh.microbatches import MicrobatchesAxis
from costgraph.mesh.pipeline import PipelineAxis
from costgraph.mesh.tensor import TensorAxis
from costgraph.mesh.width import WidthAxis
from costgraph.options import parse_call
from costgraph.precision import State
from costgraph.records import replace
from costgraph.shown import Shown

One = str | Axis | type[Axis]
Axes = One | Iterable[One] | Mapping[str, Size]
AXES: dict[str, type[Axis]] = {
    axis.kind: axis
    for axis in (PipelineAxis, DataAxis, ContextAxis, ExpertsAxis, WidthAxis, TensorAxis, MicrobatchesAxis)
}
USUAL_ORDER = tuple(
    axis.symbol for axis in AXES.values() if axis is not WidthAxis
)  # outermost first, last that in time


@dataclass(frozen=True, init=False)
class Mesh(Shown):
    """Axes of devices, outermost first; none of them is one device.

    Args:
        each: as text, `data(N_d, zero=1), tensor(T, sequence=True)`; as axes, one by one or in a list, as text or as
            objects; or degrees by kind, `{"data": 8, "tensor": 4}`.
        axes: more of them.

    Raises:
        UserError: an unknown axis or option; an axis twice (only `data` may stand twice: N_h replicas of groups of N_d
            devices); a degree that is no positive integer or the symbol of something else.
    """

    axes: tuple[Axis, ...]

    def __init__(self, *each: Axes, axes: Axes = ()) -> None:
        object.__setattr__(self, "axes", tuple(axis for one in (*each, axes) for axis in axes_of(one)))
        self.check()

    def check(self) -> None:
        """Raise unless each axis may stand there and has a degree of its own."""
        for kind in dict.fromkeys(kinds := [axis.kind for axis in self.axes]):
            most = 2 if kind == DataAxis.kind else 1
            if kinds.count(kind) > most:
                raise UserError(f"mesh '{self}': {kind} stands {kinds.count(kind)} times, and may {most} at most")
        tensor, experts = self.axis(TensorAxis.kind), self.axis(ExpertsAxis.kind)
        if tensor and self.whole_inside(tensor) and not tensor.rests:
            raise UserError(f"{experts}: the devices of {tensor} would compute the same tokens; give it sequence=True")
        context = self.axis(ContextAxis.kind)
        if isinstance(context, ContextAxis) and (symbols := context.together.symbols) and symbols != ("C_h",):
            raise UserError(f"{context}: heads is how many devices split them, a number or C_h")
        check_degrees({name: (str(axis), axis.size) for name, axis in self.named.items()})

    @property
    def named(self) -> dict[str, Axis]:
        """The axes by the symbols by which answers name their parts, whatever the degrees.

        N_h is the outer one of two data axes, and its degree unless that is given. With a pipeline, whose stages work
        on parts of the batch, M of these follow one another unless something else is said.
        """
        found: dict[str, Axis] = {}
        for axis in reversed(self.axes):
            outer = axis.symbol in found
            found["N_h" if outer else axis.symbol] = replace(axis, degree="N_h") if outer and axis.default else axis
        found = dict(reversed(found.items()))
        if self.pipeline is not None and MicrobatchesAxis.symbol not in found:
            found[MicrobatchesAxis.symbol] = MicrobatchesAxis()
        return found

    @property
    def pipeline(self) -> PipelineAxis | None:
        """The pipeline, if there is one of more than one stage."""
        axis = self.axis(PipelineAxis.kind)
        return axis if isinstance(axis, PipelineAxis) and axis.size != ONE else None

    @property
    def in_parts(self) -> bool:
        """Whether the batch of a step is taken in parts."""
        return self.pipeline is not None or self.axis(MicrobatchesAxis.kind) is not None

    @property
    def microbatches(self) -> Polynomial:
        """How many parts of the batch follow one another; M with a pipeline, unless it is said, else 1."""
        axis = self.named.get(MicrobatchesAxis.symbol)
        return ONE if axis is None else axis.size

    @property
    def devices(self) -> Polynomial:
        """How many devices it has."""
        return product(axis.size for axis in self.axes if not axis.in_time)

    @property
    def symbols(self) -> set[str]:
        """Those of its degrees, of the chunks of a pipeline, and of how many devices of a context axis split heads."""
        sizes = [axis.size for axis in self.named.values()]
        sizes += [axis.chunks for axis in self.axes if isinstance(axis, PipelineAxis)]
        sizes += [axis.together for axis in self.axes if isinstance(axis, ContextAxis)]
        return {name for size in sizes for name in size.symbols}

    def __bool__(self) -> bool:
        return bool(self.axes)

    def shards(self, state: State) -> tuple[Cut, ...]:
        """Over what the elements of parameters in a state are cut evenly.

        Devices of context and experts axes have copies of parameters as those of the data axis do, so that what this
        axis cuts is cut over all of them.
        """
        return self._shards[state]

    @cached_property
    def _shards(self) -> dict[State, tuple[Cut, ...]]:
        """The same for each state: a derivation asks for every parameter."""
        axes = {name: axis for name, axis in self.named.items() if axis.size != ONE}
        return {
            state: tuple(Cut(name, axis.size) for name, axis in axes.items() if state in self.sharded(axis))
            for state in get_args(State)
        }

    def sharded(self, axis: Axis) -> Container[State]:
        """Of which states of parameters an axis cuts the elements evenly: those that it says, or the data axis does."""
        data = [one for one in self.axes if isinstance(one, DataAxis)]
        copies = isinstance(axis, ContextAxis | ExpertsAxis) and data
        return data[-1].shards if copies else axis.shards

    def whole_inside(self, axis: Axis) -> tuple[str, ...]:
        """What an axis does not split, though it would: the width of experts that are whole on tensor devices."""
        experts = self.axis(ExpertsAxis.kind)
        apart = isinstance(axis, TensorAxis) and isinstance(experts, ExpertsAxis) and not experts.tensor
        return ("expert_ffn",) if apart else ()

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Mesh:
        """The mesh with symbols replaced in its degrees, by whatever they are: nobody typed that as a degree."""
        return self.of(substituted(axis, bindings) for axis in self.named.values())

    def ones(self, bindings: Mapping[str, Polynomial]) -> list[str]:
        """The axes of which a symbol in the degree is bound so that they have one device."""
        named = self.named.items()
        return [name for name, axis in named if axis.size != ONE and axis.size.substitute(bindings) == ONE]

    def without_ones(self, bindings: Mapping[str, Polynomial]) -> Mesh:
        """The mesh with these axes as what they are: one device, on which nothing moves."""
        ones = self.ones(bindings)
        named = self.named.items()
        return self.of(substituted(axis, bindings) if name in ones else axis for name, axis in named) if ones else self

    def with_stages(self, bindings: Mapping[str, Polynomial]) -> Mesh:
        """The mesh with symbols replaced in what decides which stages there are, and in nothing else."""
        kinds = (PipelineAxis.kind, MicrobatchesAxis.kind)
        return self.of(substituted(axis, bindings) if axis.kind in kinds else axis for axis in self.named.values())

    @staticmethod
    def of(axes: Iterable[Axis]) -> Mesh:
        """Axes whose degrees nobody typed, and so are not checked."""
        found = object.__new__(Mesh)
        object.__setattr__(found, "axes", tuple(axes))
        return found

    def axis(self, kind: str) -> Axis | None:
        """The axis of a kind, if there is one."""
        return next((axis for axis in self.axes if axis.kind == kind), None)

    def __str__(self) -> str:
        """The mesh as one would type it."""
        return ", ".join(map(str, self.axes))


def substituted(axis: Axis, bindings: Mapping[str, Polynomial]) -> Axis:
    """An axis with symbols replaced in its degree, in its chunks if it has any, and in how many devices split heads."""
    others: dict[str, Size] = {}
    if isinstance(axis, PipelineAxis):
        others["v"] = bound("v", axis.v).substitute(bindings)
    if isinstance(axis, ContextAxis):
        others["heads"] = axis.together.substitute(bindings)
    return replace(axis, degree=axis.size.substitute(bindings), **others)


def axes_of(given: Axes) -> tuple[Axis, ...]:
    """Axes as text, as one of them or as several, or degrees by kind; each has a degree.

    Raises:
        UserError: something else, an unknown axis or option, or a degree that is no positive integer.
    """
    if isinstance(given, Mapping):
        given = [f"{kind}({degree})" for kind, degree in given.items()]
    found: list[Axis] = []
    for one in [given] if isinstance(given, str) or not isinstance(given, Iterable) else given:
        texts = split_list(one) if isinstance(one, str) and one.strip() else []
        found += [parse_call("axis", item, AXES) for item in texts] if isinstance(one, str) else [made(one)]
    for axis in found:
        _ = axis.size
    return tuple(found)


def made(given: object) -> Axis:
    """An axis, also where its class stands for the one of open degree, as with passes."""
    axis = next((make(make.symbol) for make in AXES.values() if make is given), given)
    if not isinstance(axis, Axis):
        raise UserError(f"a mesh is text or axes such as DataAxis(), not {shorten(repr(axis))}")
    return axis


ONE_DEVICE = Mesh()
