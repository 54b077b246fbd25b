"""The mesh: over which axes of devices a model is spread, and what each of them splits.

An axis says which dims are split while something is computed, which rest in parts, and of which tensors at rest the
elements are cut evenly. It contains no volume: what is sent follows in `passes/place.py` from where tensors lie and
where they are needed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, NamedTuple

from costgraph.algebra.assumption import Divides
from costgraph.algebra.bindings import bound, split_list
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE, Polynomial, product
from costgraph.degrees import check_degrees
from costgraph.errors import UserError, shorten
from costgraph.options import checked, parse_call, typed
from costgraph.precision import State

WIDTHS = ("ffn", "expert_ffn", "shared_ffn")  # of the MLPs that a layer may have
ADVICE = {
    "vocab": "a vocabulary that is split is padded to a multiple, as in V=50304",
    "ssm_group": "a state space is split by the groups of heads that share matrices",
    "kv_head": "fewer key/value heads than devices can be copied: tensor(..., replicate_kv=True)",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """Over how many devices something is cut, on behalf of which axis of a mesh.

    Args:
        axis: the symbol of the axis, such as `T`.
        degree: how many devices.
        number: which cut of its axis; an axis may be made of two.
    """

    axis: str
    degree: Polynomial
    number: int = 0

    def __hash__(self) -> int:
        return hash(self.axis)


def devices(cuts: Iterable[Cut]) -> Polynomial:
    """The product of degrees."""
    return product(cut.degree for cut in cuts)


class Split(NamedTuple):
    """What one cut of an axis splits while something is computed, and what that takes for granted."""

    cut: Cut
    dims: tuple[str, ...]
    claims: tuple[Divides, ...]


@dataclass(frozen=True)
class Axis(ABC):
    """One axis of a mesh. Subclasses are frozen dataclasses of their options; the degree is the first."""

    kind: ClassVar[str]
    symbol: ClassVar[str]
    degree: Size

    def __post_init__(self) -> None:
        checked(self.kind, self)

    @property
    def size(self) -> Polynomial:
        """The degree.

        Raises:
            UserError: it is no positive integer.
        """
        return bound(self.symbol, self.degree)

    @property
    def default(self) -> bool:
        """Whether its degree was left to be its symbol."""
        return self.degree == self.symbol

    @property
    @abstractmethod
    def computes(self) -> tuple[str, ...]:
        """Dims that are split wherever something is computed on them; of two of them, the first."""

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """What it splits of a model whose dims have these sizes: one split, or several whose degrees multiply.

        Raises:
            UserError: it cannot split this model.
        """
        claims = tuple(Divides(self.size, dims[d], ADVICE.get(d, ""), d) for d in self.computes if d in dims)
        return (Split(Cut(name, self.size), self.computes, claims),)

    @property
    def rests(self) -> str:
        """The dim along which activations without a split dim rest in parts; none by default."""
        return ""

    @property
    def keeps(self) -> bool:
        """Whether what rests in parts, once gathered, is kept for the backward instead of being gathered again."""
        return False

    @property
    def shards(self) -> Container[State]:
        """Of which states of parameters the elements are cut evenly over the axis, as if flattened and padded."""
        return ()

    def __str__(self) -> str:
        """The axis as one would type it."""
        return typed(self.kind, self)


@dataclass(frozen=True)
class DataAxis(Axis):
    """Each device works on its own part of the batch.

    Args:
        degree: number of devices N_d; must divide the batch.
        zero: 1 cuts the optimizer's state over them, 2 the gradients too, 3 the weights too.

    Source: Rajbhandari et al. 2020 (ZeRO), Zhao et al. 2023 (FSDP).
    """

    kind: ClassVar[str] = "data"
    symbol: ClassVar[str] = "N_d"
    degree: Size = "N_d"
    zero: Literal[0, 1, 2, 3] = 0

    @property
    def computes(self) -> tuple[str, ...]:
        """The batch."""
        return ("batch",)

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """One split, of the batch."""
        if "batch" not in dims:
            raise UserError(f"{self}: there is no batch to split in this graph")
        return super().splits(name, dims)

    @property
    def shards(self) -> Container[State]:
        """As many as the ZeRO stage says."""
        order: tuple[State, ...] = ("optimizer", "gradients", "weights")
        return order[: self.zero]


@dataclass(frozen=True)
class TensorAxis(Axis):
    """Heads, MLP width and vocabulary are split.

    Args:
        degree: number of devices T; must divide the sizes it splits.
        sequence: let tensors without a split dim rest with their sequence dim split (sequence parallelism).
        keep_gathered: with `sequence`, keep gathered inputs for the backward instead of gathering them again.
        replicate_kv: for T > G, give every device one key/value head, so that T/G devices hold the same one.

    Source: Shoeybi et al. 2019 (tensor parallel), Korthikanti et al. 2022 (sequence parallel).
    """

    kind: ClassVar[str] = "tensor"
    symbol: ClassVar[str] = "T"
    degree: Size = "T"
    sequence: bool = False
    keep_gathered: bool = False
    replicate_kv: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.keep_gathered and not self.sequence:
            raise UserError(f"{self.kind}: keep_gathered is for sequence=True; nothing is gathered without it")

    @property
    def computes(self) -> tuple[str, ...]:
        """Heads, widths of MLPs, vocabulary."""
        return ("head", "kv_head", "ssm_group", *WIDTHS, "vocab")

    @property
    def keeps(self) -> bool:
        """As `keep_gathered` says."""
        return self.keep_gathered

    @property
    def rests(self) -> str:
        """The sequence, with `sequence=True`."""
        return "query" if self.sequence else ""

    def splits(self, name: str, dims: Mapping[str, Polynomial]) -> tuple[Split, ...]:
        """One split, or with copies of key/value heads two: those heads over G devices, what shares one over T/G."""
        (whole,) = super().splits(name, dims)
        if not self.replicate_kv or self.size == ONE:
            return (whole,)
        if not {"kv_head", "group"} <= dims.keys():
            raise UserError(f"{self.kind}: replicate_kv is for fewer key/value heads than heads (kv_heads=G)")
        groups, copies = dims["kv_head"], self.size / dims["kv_head"]
        if (enough := (groups / self.size).number) is not None and enough >= 1:
            return (whole,)  # as many heads as devices or more: there is nothing to copy
        enough_heads = "with as many key/value heads as devices nothing is copied; leave replicate_kv=True out"
        copied = Divides(groups, self.size, enough_heads)
        outer = [copied if claim.dim == "kv_head" else claim for claim in whole.claims]
        inner = Divides(self.size, groups * dims["group"], dim="group")
        return (
            Split(Cut(name, groups, 0), self.computes, tuple(outer)),
            Split(Cut(name, copies, 1), ("group", *WIDTHS, "vocab"), (inner,)),
        )


AXES: dict[str, type[Axis]] = {"data": DataAxis, "tensor": TensorAxis}


@dataclass(frozen=True, init=False)
class Mesh:
    """Axes of devices, outermost first; none of them is one device.

    Args:
        axes: as text, `data(N_d, zero=1), tensor(T, sequence=True)`, as one axis or as several.

    Raises:
        UserError: an unknown axis or option; an axis twice (only `data` may stand twice: N_h replicas of groups of N_d
            devices); a degree that is no positive integer or the symbol of something else.
    """

    axes: tuple[Axis, ...]

    def __init__(self, axes: str | Axis | Iterable[Axis] = ()) -> None:
        object.__setattr__(self, "axes", axes_of(axes))
        self.check()

    def check(self) -> None:
        """Raise unless each axis may stand there and has a degree of its own."""
        for kind in dict.fromkeys(kinds := [axis.kind for axis in self.axes]):
            most = 2 if kind == DataAxis.kind else 1
            if kinds.count(kind) > most:
                raise UserError(f"mesh '{self}': {kind} stands {kinds.count(kind)} times, and may {most} at most")
        check_degrees({name: (str(axis), axis.size) for name, axis in self.named.items()})

    @property
    def named(self) -> dict[str, Axis]:
        """The axes by the symbols by which answers name their parts, whatever the degrees.

        N_h is the outer one of two data axes, and its degree unless that is given.
        """
        found: dict[str, Axis] = {}
        for axis in reversed(self.axes):
            outer = axis.symbol in found
            found["N_h" if outer else axis.symbol] = replace(axis, degree="N_h") if outer and axis.default else axis
        return dict(reversed(found.items()))

    def __bool__(self) -> bool:
        return bool(self.axes)

    def shards(self, state: State) -> tuple[Cut, ...]:
        """Over what the elements of parameters in a state are cut evenly."""
        axes = self.named.items()
        return tuple(Cut(name, axis.size) for name, axis in axes if state in axis.shards and axis.size != ONE)

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Mesh:
        """The mesh with symbols replaced in its degrees, by whatever they are: nobody typed that as a degree."""
        found = copy(self)
        axes = (replace(axis, degree=axis.size.substitute(bindings)) for axis in self.named.values())
        object.__setattr__(found, "axes", tuple(axes))
        return found

    def axis(self, kind: str) -> Axis | None:
        """The axis of a kind, if there is one."""
        return next((axis for axis in self.axes if axis.kind == kind), None)

    def __str__(self) -> str:
        """The mesh as one would type it."""
        return ", ".join(map(str, self.axes))


def axes_of(given: str | Axis | Iterable[Axis]) -> tuple[Axis, ...]:
    """Axes as text, as one of them or as several; each has a degree.

    Raises:
        UserError: something else, an unknown axis or option, or a degree that is no positive integer.
    """
    if isinstance(given, str):
        given = [parse_call("axis", item, AXES) for item in split_list(given)] if given.strip() else []
    found: list[Axis] = []
    for axis in given if isinstance(given, Iterable) else [given]:
        if not isinstance(axis, Axis):
            raise UserError(f"a mesh is text or axes such as DataAxis(), not {shorten(repr(axis))}")
        _ = axis.size
        found.append(axis)
    return tuple(found)


ONE_DEVICE = Mesh()
