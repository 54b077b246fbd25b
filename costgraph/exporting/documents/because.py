"""Why a term is there, in a sentence: which op reads a tensor again, over which indices an einsum sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.exporting.documents.markup import Math
from costgraph.exporting.documents.mathematics import formula
from costgraph.exporting.escapes import Verbatim
from costgraph.graph.einsum import bind, parse_spec
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.tensor import Tensor
from costgraph.measures.activations import readers
from costgraph.provenance import Term

MOST = 3  # readers that are named
BECAUSE = {"cache": "kept from step to step: ", "params": "a parameter, "}


class Piece(NamedTuple):
    """A part of a sentence: words, the name of an op or tensor, or a formula."""

    kind: str
    text: str | Verbatim


class Reasons:
    """Sentences on the terms of a graph.

    Args:
        graph: whose terms they are.
        math: how formulas are written.
    """

    def __init__(self, graph: Graph, math: Math) -> None:
        self.graph, self.math = graph, math

    @cached_property
    def kept_for(self) -> Mapping[str, Sequence[Op]]:
        """For each tensor that is kept, the ops that read it again, or a view of it."""
        return readers(self.graph)

    def of(self, term: Term, measure: str) -> list[Piece]:
        """Why a term is there; what it comes from, where there is no more to say."""
        op, tensor = self.graph.by_name.get(term.op), self.graph.tensors.get(term.source)
        if op is not None and op.spec and term.source == f"einsum {op.spec}":
            return [*self.einsum(op)]
        if tensor is None:
            return [*self.collective(op, term)] if op is not None and op.cuts else [Piece("name", term.source)]
        return [*self.before(measure, op, tensor), *self.shape(tensor), *self.after(measure, tensor)]

    def einsum(self, op: Op) -> Iterator[Piece]:
        """The indices of an einsum with their sizes: it multiplies and adds once for each combination of them."""
        spec = parse_spec(op.spec or "")
        dims = bind(spec, tuple(self.graph.tensors[name] for name in op.inputs))
        yield Piece("name", op.spec or "")
        yield Piece("words", " multiplies and adds for each ")
        for at, (letter, dim) in enumerate(dims.items()):
            yield Piece("words", ", " if at else "")
            yield Piece("name", letter)
            yield Piece("words", " of ")
            yield self.form(dim.size)

    def collective(self, op: Op, term: Term) -> Iterator[Piece]:
        """What is sent, and how large it is."""
        yield Piece("name", term.source)
        if tensor := self.graph.tensors.get(op.inputs[0]):
            yield Piece("words", ", ")
            yield from self.shape(tensor)

    def before(self, measure: str, op: Op | None, tensor: Tensor) -> Iterator[Piece]:
        """What is done with a tensor, and its name."""
        whole = measure.partition(".")[0].partition("(")[0]
        yield Piece("words", BECAUSE.get(whole, ""))
        if whole in ("traffic", "intensity") and op is not None:
            yield Piece("words", "reads " if tensor.name in op.inputs else "writes ")
        yield Piece("name", tensor.name)
        yield Piece("words", ", ")

    def shape(self, tensor: Tensor) -> Iterator[Piece]:
        """The sizes of a tensor, and how wide an element is."""
        for at, dim in enumerate(tensor.dims):
            yield Piece("words", " by " if at else "")
            yield self.form(dim.size)
        yield Piece("words", " elements of " if tensor.dims else "one element of ")
        yield self.form(tensor.itemsize)
        yield Piece("words", " byte" if tensor.itemsize == ONE else " bytes")

    def after(self, measure: str, tensor: Tensor) -> Iterator[Piece]:
        """Who reads again what is kept."""
        if not measure.startswith("activations"):
            return
        names = list(dict.fromkeys(op.name for op in self.kept_for.get(tensor.name, ())))
        for at, name in enumerate(names[:MOST]):
            yield Piece("words", ", " if at else "; kept for ")
            yield Piece("name", name)
        if len(names) > MOST:
            yield Piece("words", f" and {len(names) - MOST} more")

    def form(self, size: Polynomial) -> Piece:
        """A size as a formula."""
        return Piece("math", formula(Quotient(size), self.math))
