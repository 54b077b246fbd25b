"""The only mutable thing: writes a graph op by op, checking shapes as it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from costgraph.algebra.assumption import Assumption
from costgraph.algebra.definition import Definition, define
from costgraph.algebra.parser import Size, size
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.einsum import bind, parse_spec
from costgraph.errors import UserError, unknown
from costgraph.graph import Graph
from costgraph.op import Op
from costgraph.rules import rule
from costgraph.tensor import Dim, Role, Tensor

Extra = Mapping[str, tuple[str, Role, Size]]  # further outputs of an op: {suffix: (letters, role, itemsize)}


class Builder:
    """Builds a `Graph`.

    Args:
        name: what the graph is called in results.
        dims: the size of every index letter, such as `{"b": "B", "d": "D", "f": "E*D"}`.
        itemsize: bytes per element unless said otherwise.

    >>> b = Builder("linear", {"b": "B", "d": "D", "f": "E*D"})
    >>> y = b.einsum("linear.up", "bd,df->bf", b.input("x", "bd"), b.parameter("linear.w", "df"))
    >>> b.build()
    <Graph linear: 1 ops, 3 tensors>
    """

    def __init__(self, name: str, dims: Mapping[str, Size], itemsize: Size = "p") -> None:
        self.name = name
        self.dims = {letter: dim(letter, value) for letter, value in dims.items()}
        self.itemsize = size(itemsize)
        self._shapes: dict[str, tuple[Dim, ...]] = {}  # tensors of a shape share their dims
        self._ops: list[Op] = []
        self._tensors: dict[str, Tensor] = {}
        self._assumptions: list[Assumption] = []
        self._definitions: list[Definition] = []
        self._times: Polynomial = ONE
        self._segments: tuple[str, ...] = ()

    # --- tensors ----------------------------------------------------------------------------------------------------

    def tensor(self, name: str, letters: str, role: Role = "activation", itemsize: Size | None = None) -> str:
        """Declare a tensor with these dims; returns its name.

        Raises:
            UserError: the name is taken, or a letter has no size.
        """
        if name in self._tensors:
            raise UserError(f"{self.name}: a tensor called {name} is already there")
        if unknown := [letter for letter in letters if letter not in self.dims]:
            raise UserError(f"{self.name}: {name} has dim '{unknown[0]}', but its size is not given")
        dims = self._shapes.setdefault(letters, tuple(self.dims[letter] for letter in letters))
        width = self.itemsize if itemsize is None else size(itemsize)
        self._tensors[name] = Tensor(name, dims, width, role, self._times)
        return name

    def input(self, name: str, letters: str, role: Role = "activation", itemsize: Size | None = None) -> str:
        """A tensor that comes from outside."""
        return self.tensor(name, letters, role, itemsize)

    def parameter(self, name: str, letters: str, role: Role = "weight") -> str:
        """A tensor that training updates: `weight` for a matrix, `bias` or `norm` for a vector."""
        return self.tensor(name, letters, role)

    def letters(self, name: str) -> str:
        """The dims of a tensor, such as `bsd`."""
        return self._known(name).letters

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
        """Append a contraction; its result has the spec's letters and is called like the op.

        Raises:
            UserError: the spec does not fit the operands.
        """
        parsed = parse_spec(spec)
        bind(parsed, tuple(map(self._known, inputs)))
        output = self.tensor(name, parsed.result)
        self._append(Op(name, "einsum", inputs, (output,), str(parsed)))
        return output

    def op(self, name: str, kind: str, *inputs: str, letters: str | None = None, extra: Extra | None = None) -> str:
        """Append an op of a kind in the rule table.

        Args:
            name: the op; its first output is called the same.
            kind: a row of `rules.RULES`.
            inputs: names of tensors.
            letters: dims of the first output, those of the first input unless given.
            extra: further outputs, called `name.suffix`.

        Returns:
            The name of the first output.

        Raises:
            UserError: unknown kind.
        """
        rule(kind)
        if not inputs:
            raise UserError(f"{self.name}: op {name} reads nothing; a tensor from outside is an input or a parameter")
        for read in inputs:
            self._known(read)
        outputs = [self.tensor(name, self.letters(inputs[0]) if letters is None else letters)]
        for suffix, (dims, role, width) in (extra or {}).items():
            outputs.append(self.tensor(f"{name}.{suffix}", dims, role, width))
        self._append(Op(name, kind, inputs, tuple(outputs)))
        return name

    def _append(self, op: Op) -> None:
        self._ops.append(
            Op(op.name, op.kind, op.inputs, op.outputs, op.spec, times=self._times, segments=self._segments)
        )

    @contextmanager
    def repeat(self, times: Size) -> Iterator[None]:
        """Everything inside exists and runs `times` times."""
        outer, self._times = self._times, self._times * size(times)
        try:
            yield
        finally:
            self._times = outer

    @contextmanager
    def segment(self, name: str) -> Iterator[None]:
        """Everything inside is part of the stretch called `name`."""
        outer, self._segments = self._segments, (*self._segments, name)
        try:
            yield
        finally:
            self._segments = outer

    def assume(self, *assumptions: Assumption) -> None:
        """State what must hold for the sizes to make sense."""
        self._assumptions += [a for a in assumptions if isinstance(a, str) or not a.settled]

    def define(self, name: str, value: str) -> None:
        """Let a symbol stand for what is no polynomial: `define("S_w", "min(S, W)")`.

        Raises:
            UserError: an unknown symbol or function; see `algebra.definition.define`.
        """
        if name in (known.name for known in self._definitions):
            raise UserError(f"{self.name}: {name} is defined already")
        self._definitions.append(define(name, value))

    def build(self) -> Graph:
        """The finished, checked graph."""
        return Graph(
            self.name, tuple(self._ops), dict(self._tensors), (), tuple(self._assumptions), tuple(self._definitions)
        )


def dim(letter: str, value: Size) -> Dim:
    """An index letter with its size.

    Raises:
        UserError: more than one letter, or a number that is no size.
    """
    if not (len(letter) == 1 and letter.isascii() and letter.islower()):
        raise UserError(f"'{letter}' is no index: write one lower-case letter")
    whole = size(value)
    if (number := whole.number) is not None and (number < 1 or number.denominator != 1):
        raise UserError(f"dim '{letter}' has size {number}; a size is a positive integer")
    return Dim(letter, whole)
