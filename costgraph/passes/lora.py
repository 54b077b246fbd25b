"""lora: freeze the model, and give some of its matrices an adapter of low rank that trains.

Before:
    y = einsum("bsd,df->bsf", x, w)
After (w and all other parameters are frozen; a and b train):
    y  = einsum("bsd,df->bsf", x, w)
    h  = einsum("bsd,dr->bsr", x, a)
    y' = add(y, scale(einsum("bsr,rf->bsf", h, b)))

What the matrix sums over goes into `a`, what it gives comes out of `b`. A matrix that each expert has of its own gets
an adapter in each expert. What training needs no gradient of, and so keeps nothing for, the backward pass finds out.

Source: Hu et al. 2021 (LoRA), Sec. 4.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from string import ascii_lowercase
from typing import ClassVar

from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE
from costgraph.errors import UserError, shorten
from costgraph.graph.dim import Dim
from costgraph.graph.einsum import bind, parse_spec
from costgraph.graph.extent import extent
from costgraph.graph.graph import Graph
from costgraph.graph.loop import Segment
from costgraph.graph.matrix import Matrix, matrix
from costgraph.graph.op import Op
from costgraph.graph.selection import ops_named
from costgraph.graph.tensor import Tensor
from costgraph.passes.recompute import renamed
from costgraph.passes.rewrite import Pass
from costgraph.records import dataclass, replace

ADAPTER = "adapter"  # the segment of what an adapter computes, and the dim of its rank
ALL = "all"  # every matrix in the blocks
PARTS = ("lora_a", "lora_b")


@dataclass(frozen=True)
class Lora(Pass):
    """Adapters beside matrices; nothing else trains.

    Args:
        rank: of the adapters.
        targets: which matrices get one: `attn`, `attn.q+attn.v`, `mlp`, or `all` in the blocks.
        dropout: drop elements of what an adapter reads.
    """

    name: ClassVar[str] = "lora"
    rank: Size = "R_a"
    targets: str = "attn"
    dropout: bool = False

    def rewrite(self, graph: Graph) -> Graph:
        """The graph with adapters.

        Raises:
            UserError: a target that is no part of the model, or has no matrix.
        """
        rank = bound("R_a", self.rank)
        chosen = {name for word in self.targets.split("+") for name in targets(word.strip(), graph)}
        frozen = {name: replace(t, frozen=t.is_parameter) for name, t in graph.tensors.items()}
        writer = Adapters(graph, Dim(ADAPTER, rank), self.dropout, frozen)
        for op in graph.ops:
            writer.append(op, adapted=op.name in chosen)
        extents = {**graph.extents, ADAPTER: extent(ADAPTER, rank, graph.extents)}
        return replace(graph.rewritten(writer.ops, writer.tensors), extents=extents)


def targets(word: str, graph: Graph) -> set[str]:
    """The ops that multiply by a matrix, of those that a word stands for.

    Raises:
        UserError: there are none.
    """
    inside = [op for op in graph.ops if op.within("block")] or list(graph.ops)
    found = {op.name for op in inside} if word == ALL else ops_named(word, graph, also=(ALL,))
    if chosen := {op.name for op in graph.ops if op.name in found and matrix(op, graph.tensors) is not None}:
        return chosen
    made = [op for op in graph.ops if matrix(op, graph.tensors) is not None]
    beside = dict.fromkeys(op.name for op in made if word.rpartition(".")[0] in (op.place, f"{op.loop.path}{op.place}"))
    there = beside or dict.fromkeys(f"{op.loop.path}{op.place}" for op in made)
    near = ", ".join(there) or "none in this model"
    raise UserError(f"lora: {shorten(word)} has no matrix to adapt; parts with one are {near}")


@dataclass
class Adapters:
    """Ops with the adapters that some of them get, in order."""

    graph: Graph
    rank: Dim
    dropout: bool
    tensors: dict[str, Tensor]
    ops: list[Op] = field(default_factory=list)
    instead: dict[str, str] = field(default_factory=dict)  # what readers of a result read, which an adapter adds to
    known: dict[str, list[str]] = field(default_factory=dict)  # adapters, by the matrix beside which they stand
    shapes: dict[tuple[Dim, ...], tuple[Dim, ...]] = field(default_factory=dict)  # tensors of a shape share their dims
    segment: int = 0  # the number of the last one

    def __post_init__(self) -> None:
        self.shapes.update((tensor.dims, tensor.dims) for tensor in self.tensors.values())
        self.segment = max((part.number for op in self.graph.ops for part in op.segments), default=0)

    def append(self, op: Op, adapted: bool) -> None:
        """Append an op, and beside a product with a matrix its adapter."""
        op = renamed(op, self.instead)
        self.ops.append(op)
        if adapted and (product := matrix(op, self.tensors)) is not None:
            self.adapt(op, product)

    def adapt(self, op: Op, of: Matrix) -> None:
        """Append what an adapter adds to the result of a product."""
        self.segment += 1
        spec = parse_spec(op.spec or "")
        rank = next(letter for letter in ascii_lowercase if letter not in spec.letters)
        dims = bind(spec, tuple(self.tensors[name] for name in op.inputs)) | {rank: self.rank}
        first, second = (of.each + of.sums + rank, of.each + rank + of.gives)
        between = "".join(letter for letter in of.x[1] if letter not in of.sums) + rank
        a, b = self.weights(op, of, [[dims[letter] for letter in letters] for letters in (first, second)])

        x, inside = of.x[0], [dims[letter] for letter in between]
        if self.dropout:
            x = self.dropped(op, x)
        h = self.op(op, "lora_a", "einsum", (x, a), inside, f"{of.x[1]},{first}->{between}")
        y = self.op(
            op, "lora_b", "einsum", (h, b), self.tensors[op.outputs[0]].dims, f"{between},{second}->{spec.result}"
        )
        y = self.op(op, "lora_scale", "scale", (y,), self.tensors[y].dims)
        self.instead[op.outputs[0]] = self.op(op, "lora", "add", (op.outputs[0], y), self.tensors[y].dims)

    def dropped(self, op: Op, x: str) -> str:
        """What an adapter reads, after dropout with a mask of one byte per element."""
        dims = self.tensors[x].dims
        mask = self.tensor(Tensor(f"{op.name}.lora_dropout.mask", dims, ONE, "mask", op.loop))
        return self.op(op, "lora_dropout", "dropout", (x,), dims, also=(mask,))

    def weights(self, op: Op, of: Matrix, dims: list[list[Dim]]) -> list[str]:
        """Both matrices of the adapter, as the op reads the matrix beside which they stand: of experts, those hit."""
        view = self.graph.producer.get(of.weight[0])
        if of.each and view is None:
            raise UserError(
                f"lora: {op.name} has {of.weight[0]} folded into what it multiplies, and no adapter stands beside it; "
                "MODEL(as=transformers) multiplies by the matrix"
            )
        parameter = of.weight[0] if view is None else view.inputs[0]
        like = replace(self.tensors[parameter], frozen=False)
        whole = [dim for dim in like.dims if dim not in self.tensors[of.weight[0]].dims]
        if parameter not in self.known:
            self.known[parameter] = [
                self.tensor(replace(like, name=f"{op.name}.{part}.weight", dims=(*whole, *own[len(of.each) :])))
                for part, own in zip(PARTS, dims, strict=True)
            ]
        pairs = list(zip(PARTS, self.known[parameter], dims, strict=True))
        return [one if view is None else self.op(op, f"{part}_hit", view.kind, (one,), own) for part, one, own in pairs]

    def op(
        self, beside: Op, part: str, kind: str, inputs: tuple[str, ...], dims: Iterable[Dim], spec: str | None = None,
        also: tuple[str, ...] = (),
    ) -> str:  # fmt: skip
        """Append an op of the adapter beside another; its result is as wide, and of the same role, as what it reads."""
        name = f"{beside.name}.{part}"
        first = self.tensors[inputs[0]]
        made = self.tensor(Tensor(name, tuple(dims), first.itemsize, first.role, beside.loop))
        segments = (*beside.segments, Segment(ADAPTER, self.segment))
        self.ops.append(Op(name, kind, inputs, (made, *also), spec, loop=beside.loop, segments=segments))
        return made

    def tensor(self, tensor: Tensor) -> str:
        """Declare a tensor."""
        dims = self.shapes.setdefault(tensor.dims, tensor.dims)
        self.tensors[tensor.name] = replace(tensor, dims=dims)
        return tensor.name
