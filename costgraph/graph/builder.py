"""The only mutable thing: writes a graph op by op, checking shapes as it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from costgraph.algebra.assumption import Assumption
from costgraph.algebra.definition import Definition, define
from costgraph.algebra.parser import Size, size
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.errors import UserError, unknown
from costgraph.graph.dim import Dim, named, shape
from costgraph.graph.einsum import bind, parse_spec
from costgraph.graph.extent import Extent, Mean, extent
from costgraph.graph.graph import Graph
from costgraph.graph.loop import ONCE, Loop, Segment
from costgraph.graph.op import Op
from costgraph.graph.operands import check_fit, worked_along
from costgraph.graph.rules import rule
from costgraph.graph.tensor import Role, Tensor
from costgraph.records import replace

Purpose = Literal["train", "prefill", "decode"]
Extra = Mapping[
    str, tuple[str | tuple[str, ...], Role, Size]
]  # further outputs of an op: {suffix: (dims, role, itemsize)}


class Builder:
    """Builds a `Graph`.

    Args:
        name: what the graph is called in results.
        dims: the size of every dim, such as `{"batch": "B", "model": "D", "ffn": "E*D"}`. A size may be made of other
            dims, and follows when they are resized or split: `"slot": Mean("batch*query*K_r/N_r")`. Passes and meshes
            go by the names; those of `dim.NAMES` have a letter for short.
        itemsize: bytes per element unless said otherwise.
        phase: what the graph will be used for, for blocks that are made of other ops in a step of decode.

    Shapes are typed as names, `"batch model"`, or as their letters, `"bd"`. Letters of a spec are bound to the dims of
    its operands by position, and mean nothing elsewhere.

    >>> b = Builder("linear", {"batch": "B", "model": "D", "ffn": "E*D"})
    >>> y = b.einsum("linear.up", "bd,df->bf", b.input("x", "batch model"), b.parameter("linear.w", "model ffn"))
    >>> b.build()
    <Graph linear: 1 ops, 3 tensors>
    """

    def __init__(
        self, name: str, dims: Mapping[str, Size | Mean], itemsize: Size = "p", phase: Purpose = "train"
    ) -> None:
        self.name = name
        self.itemsize = size(itemsize)
        self._phase: Purpose = phase
        self._made_for = ""
        self._extents: dict[str, Extent] = {}
        self._dims: dict[str, Dim] = {}
        for key, value in dims.items():
            if named(key) in self._extents:
                raise UserError(f"{name}: dim {named(key)} is given twice")
            self.dim(key, value)
        self._shapes: dict[tuple[str, ...], tuple[Dim, ...]] = {}  # tensors of a shape share their dims
        self._ops: list[Op] = []
        self._tensors: dict[str, Tensor] = {}
        self._assumptions: list[Assumption] = []
        self._definitions: list[Definition] = []
        self._loops: list[Loop] = [ONCE]
        self._loop: Loop = ONCE
        self._outside: Loop = ONCE  # of what is written here once
        self._segments: tuple[Segment, ...] = ()
        self._count = 0  # of segments

    @property
    def phase(self) -> Purpose:
        """What the graph will be used for; as soon as a block asks, it is made for nothing else."""
        self._made_for = self._phase
        return self._phase

    # --- tensors ----------------------------------------------------------------------------------------------------

    def dim(self, key: str, value: Size | Mean) -> str:
        """Say how large a dim is, as a block does of those that it brings along; returns its name.

        Raises:
            UserError: it is said to have another size already.
        """
        name = named(key)
        found = extent(name, value, self._extents)
        known = self._extents.setdefault(name, found)
        if known != found:
            raise UserError(f"{self.name}: dim {name} is {known.size} already and cannot be {found.size} as well")
        self._dims.setdefault(name, Dim(name, known.size))
        return name

    def tensor(
        self, name: str, dims: str | tuple[str, ...], role: Role = "activation", itemsize: Size | None = None
    ) -> str:
        """Declare a tensor with these dims, `batch model` or `bd`; returns its name, with the path of its loop.

        Raises:
            UserError: the name is taken, or a dim has no size.
        """
        name = self.pathed(name)
        if name in self._tensors:
            raise UserError(f"{self.name}: a tensor called {name} is already there")
        names = shape(dims, self._dims) if isinstance(dims, str) else dims
        if missing := [one for one in names if one not in self._dims]:
            raise UserError(f"{self.name}: {name} has dim '{missing[0]}', but its size is not given")
        made = self._shapes.setdefault(names, tuple(self._dims[one] for one in names))
        width = self.itemsize if itemsize is None else size(itemsize)
        self._tensors[name] = Tensor(name, made, width, role, self._loop)
        return name

    def pathed(self, name: str) -> str:
        """The name with the path of the loop around it."""
        return name if name.startswith(self._loop.path) else f"{self._loop.path}{name}"

    def input(
        self, name: str, dims: str | tuple[str, ...], role: Role = "activation", itemsize: Size | None = None
    ) -> str:
        """A tensor that comes from outside."""
        return self.tensor(name, dims, role, itemsize)

    def parameter(self, name: str, dims: str | tuple[str, ...], role: Role = "weight") -> str:
        """A tensor that training updates: `weight` for a matrix, `bias` or `norm` for a vector."""
        return self.tensor(name, dims, role)

    def shared(self, name: str, dims: str | tuple[str, ...], role: Role = "input", itemsize: Size | None = None) -> str:
        """A tensor from outside of all loops, the same one for all that ask for it by this name."""
        with self.once():
            return self.pathed(name) if self.has(name) else self.tensor(name, dims, role, itemsize)

    def has(self, name: str) -> bool:
        """Whether there is a tensor of that name here."""
        return self.pathed(name) in self._tensors

    def size(self, dim: str) -> Polynomial:
        """How large a dim is, or UserError where that is not said."""
        if dim not in self._dims:
            raise unknown("dim", dim, self._dims)
        return self._dims[dim].size

    def letters(self, name: str) -> str:
        """The dims of a tensor in little room, such as `bsd`."""
        return self._known(name).letters

    def names(self, name: str) -> tuple[str, ...]:
        """The names of the dims of a tensor."""
        return self._known(name).names

    def _known(self, name: str) -> Tensor:
        """The tensor called `name`.

        Raises:
            UserError: there is none; the message lists the nearest.
        """
        if name not in self._tensors:
            raise unknown("tensor", name, self._tensors)
        return self._tensors[name]

    # --- ops --------------------------------------------------------------------------------------------------------

    def einsum(self, name: str, spec: str, *inputs: str) -> str:
        """Append a contraction; its result has the dims of the spec's letters and is called like the op.

        Raises:
            UserError: the spec does not fit the operands.
        """
        parsed = parse_spec(spec)
        dims = bind(parsed, tuple(map(self._known, inputs)))
        output = self.tensor(name, tuple(dims[letter].name for letter in parsed.result))
        self._append(Op(output, "einsum", inputs, (output,), str(parsed)))
        return output

    def op(
        self, name: str, kind: str, *inputs: str, letters: str | tuple[str, ...] | None = None,
        extra: Extra | None = None, over: str = "", role: Role = "activation", itemsize: Size | None = None,
    ) -> str:  # fmt: skip
        """Append an op of a kind in the rule table.

        Args:
            name: the op; its first output is called the same.
            kind: a row of `rules.RULES`.
            inputs: names of tensors.
            letters: dims of the first output, those of the first input unless given.
            extra: further outputs, called `name.suffix`.
            over: the dims that it works along, such as those that a norm normalizes; the last one of the first input
                unless given. For kinds that work along dims alone.
            role: of the first output.
            itemsize: of the first output.

        Returns:
            The name of the first output.

        Raises:
            UserError: unknown kind, or operands that do not fit.
        """
        row = rule(kind)
        if not inputs:
            raise UserError(f"{self.name}: op {name} reads nothing; a tensor from outside is an input or a parameter")
        read = [self._known(one) for one in inputs]
        if row.fits:
            check_fit(f"{self.name}: ", name, kind, read)
        along = worked_along(f"{self.name}: ", name, kind, read[0], over, self._dims) if row.along or over else ()
        outputs = [self.tensor(name, read[0].names if letters is None else letters, role, itemsize)]
        if row.fits and self._tensors[outputs[0]].names != read[0].names:
            made = self._tensors[outputs[0]].shape
            raise UserError(f"{self.name}: {kind} {name} has the dims of {read[0].name} ({read[0].shape}), not {made}")
        for suffix, (dims, role, width) in (extra or {}).items():
            outputs.append(self.tensor(f"{name}.{suffix}", dims, role, width))
        self._append(Op(outputs[0], kind, inputs, tuple(outputs), over=along))
        return outputs[0]

    def _append(self, op: Op) -> None:
        self._ops.append(replace(op, loop=self._loop, segments=self._segments))

    @contextmanager
    def repeat(self, times: Size, kind: str = "") -> Iterator[None]:
        """Everything inside exists and runs `times` times.

        Args:
            times: how often, such as L.
            kind: which layers these are, in a model with several kinds; names inside then begin with `kind/`.
        """
        outer = self._loop
        path = f"{outer.path}{kind}" if kind else outer.kind
        self._loop = Loop(path, outer.times * size(times), len(self._loops))
        self._loop.claim.substitute({})
        self._loops.append(self._loop)
        try:
            yield
        finally:
            self._loop = outer

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Everything inside is part of one of several stacks, such as an encoder; names inside begin with `name/`."""
        outside = self._outside
        with self.repeat(ONE, name):
            self._outside = self._loop
            try:
                yield
            finally:
                self._outside = outside

    @contextmanager
    def once(self) -> Iterator[None]:
        """Everything inside stands outside of the loops and segments around it, where it runs once."""
        loop, segments = self._loop, self._segments
        self._loop, self._segments = self._outside, ()
        try:
            yield
        finally:
            self._loop, self._segments = loop, segments

    @contextmanager
    def segment(self, name: str) -> Iterator[None]:
        """Everything inside is part of one stretch called `name`."""
        self._count += 1
        outer, self._segments = self._segments, (*self._segments, Segment(name, self._count))
        try:
            yield
        finally:
            self._segments = outer

    def assume(self, *assumptions: Assumption) -> None:
        """State what must hold for the sizes to make sense; what is stated already is stated once."""
        self._assumptions += [a for a in dict.fromkeys(assumptions) if not a.settled and a not in self._assumptions]

    def define(self, name: str, value: str) -> None:
        """Let a symbol stand for what is no polynomial: `define("S_w", "min(context, W)")`.

        Names of dims stand for their sizes, which the definition follows when they are resized.

        Raises:
            UserError: an unknown symbol or function (see `algebra.definition.define`), or it stands for something else.
        """
        found = define(name, value, {dim: known.size for dim, known in self._extents.items()})
        known = next((one for one in self._definitions if one.name == name), None)
        if known is not None and known != found:
            raise UserError(f"{self.name}: {known} is defined already, and cannot be {value} as well")
        if known is None:
            self._definitions.append(found)

    def build(self) -> Graph:
        """The finished, checked graph."""
        return Graph(
            self.name, tuple(self._ops), dict(self._tensors), (), tuple(self._assumptions),
            tuple(self._definitions), self._extents, purpose=self._made_for,
        )  # fmt: skip
