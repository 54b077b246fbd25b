"""tensor_parallel: split heads, MLP width and vocabulary over T devices, and insert the collectives this causes.

Before:
    y = einsum("bsf,fd->bsd", u, w) ; z = dropout(y)
After (f holds E*D/T; the sum over f is not complete on any device):
    y = einsum("bsf,fd->bsd", u, w) ; y' = all_reduce(y) ; z = dropout(y')
After, with `sequence=True` (tensors without a split dim rest with s split):
    y = einsum("bsf,fd->bsd", u, w) ; y' = reduce_scatter(y) ; z = dropout(y')

No collective is written down anywhere. Contracting over a split dim leaves a partial sum, and the first reader that is
not linear in it makes it complete; an op on a split dim that reads a tensor resting with s split gathers it first.

Source: Shoeybi et al. 2019 (tensor parallel), Korthikanti et al. 2022 (sequence parallel).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from costgraph.algebra.assumption import Assumption, Divides, InDomain
from costgraph.algebra.bindings import bound
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE, Polynomial, product
from costgraph.errors import BugError, UserError
from costgraph.graph import Graph
from costgraph.op import Op
from costgraph.passes.rewrite import Pass
from costgraph.rules import rule
from costgraph.tensor import Dim, Tensor, resized

SPLIT = ("a", "g", "f", "v")  # heads, key/value heads, MLP width, vocabulary
ADVICE = {"v": "a vocabulary that is split is padded to a multiple, as in V=50304"}
SHARED = "r"  # query heads that share a key/value head
SEQUENCE = "s"
RESTING = ("activation", "mask", "statistic")  # roles that rest with s split under sequence parallelism


@dataclass(frozen=True)
class TensorParallel(Pass):
    """Split a model over `degree` devices.

    Args:
        degree: number of devices T; must divide the sizes it splits.
        sequence: let tensors without a split dim rest with their sequence dim split (sequence parallelism).
        keep_gathered: with `sequence`, keep gathered inputs for the backward instead of gathering them again.
        replicate_kv: for T > G, give every device one key/value head, so that T/G devices hold the same one.
    """

    name: ClassVar[str] = "tensor_parallel"
    degree: Size = "T"
    sequence: bool = False
    keep_gathered: bool = False
    replicate_kv: bool = False

    def rewrite(self, graph: Graph) -> Graph:
        """The graph as one device sees it."""
        degree = bound("T", self.degree)
        if self.keep_gathered and not self.sequence:
            raise UserError(f"{self.name}: keep_gathered is for sequence=True; nothing is gathered without it")
        sizes = {dim.name: dim.size for tensor in graph.tensors.values() for dim in tensor.dims}
        splits, assumptions = self.splits(degree, sizes)
        placement = Placement(dict(graph.tensors), splits, degree if self.sequence else ONE, self.keep_gathered)
        return graph.rewritten(placement.run(graph), placement.tensors, assumptions)

    def splits(
        self, degree: Polynomial, sizes: Mapping[str, Polynomial]
    ) -> tuple[dict[str, Polynomial], list[Assumption]]:
        """Over how many devices each index letter is split, and what that takes for granted."""
        splits = {letter: degree for letter in SPLIT if letter in sizes}
        assumptions = {letter: Divides(degree, sizes[letter], ADVICE.get(letter, "")) for letter in splits}
        if "g" in splits:
            groups = sizes["g"]
            if self.replicate_kv:
                splits |= {"g": groups, SHARED: degree / groups}
                assumptions |= {"g": Divides(groups, degree), SHARED: Divides(degree, groups * sizes[SHARED])}
            else:
                advice = "fewer key/value heads than devices can be copied: tensor_parallel(..., replicate_kv=True)"
                assumptions["g"] = Divides(degree, groups, advice)
        elif self.replicate_kv:
            raise UserError(f"{self.name}: replicate_kv is for fewer key/value heads than heads (kv_heads=G)")
        if self.sequence:
            if SEQUENCE not in sizes:
                raise UserError("tensor_parallel(sequence=True): there is no sequence to split in this graph")
            assumptions[SEQUENCE] = Divides(degree, sizes[SEQUENCE])
        for letter, assumption in assumptions.items():
            assumption.check()
            if assumption.dividend == ONE and assumption.divisor != ONE:
                why = f"dim '{letter}' has size 1 and cannot be split over {degree} devices"
                raise UserError(f"{self.name}: {why}" + (f"; {assumption.advice}" if assumption.advice else ""))
        return splits, [*assumptions.values(), InDomain("T", degree)]


@dataclass
class Placement:
    """Places tensors on devices op by op, inserting collectives where a reader needs another placement."""

    tensors: dict[str, Tensor]
    splits: Mapping[str, Polynomial]
    sequence: Polynomial  # over how many devices s rests split; 1 without sequence parallelism
    keep_gathered: bool
    ops: list[Op] = field(default_factory=list)
    moved: dict[tuple[str, ...], str] = field(default_factory=dict)  # (tensor, wanted, phase) -> its other placement

    def run(self, graph: Graph) -> list[Op]:
        """The ops of `graph` with collectives between them; `tensors` then holds what one device has."""
        self.tensors.update(resized(self.tensors, self.split))
        for tensor in graph.inputs:
            self.rest(tensor.name)
        for op in graph.ops:
            self.place(op)
        read = {name for op in self.ops for name in op.inputs}
        for op in list(self.ops):
            for name in op.outputs:
                if name not in read and self.tensors[name].partial != ONE:
                    self.complete(name, op, whole=True)
        return self.ops

    def split(self, dim: Dim) -> Dim:
        """The part of a dim that one device holds."""
        degree = self.splits.get(dim.name)
        return dim if degree is None else Dim(dim.name, dim.size / degree, degree)

    def rest(self, name: str) -> None:
        """Put a tensor without a split dim where it rests."""
        tensor = self.tensors[name]
        if self.sequence != ONE and self.rests(tensor):
            dims = (
                Dim(d.name, d.size / self.sequence, self.sequence) if d.name == SEQUENCE else d for d in tensor.dims
            )
            self.tensors[name] = replace(tensor, dims=tuple(dims))

    def rests(self, tensor: Tensor) -> bool:
        """Whether the tensor may be cut along the sequence: an activation with s and nothing split."""
        return tensor.role in RESTING and tensor.dim(SEQUENCE) is not None and all(dim.whole for dim in tensor.dims)

    def place(self, op: Op) -> None:
        """Append `op`, its inputs placed as it needs them, and place its outputs."""
        carries = any(self.is_split(self.tensors[name]) for name in (*op.inputs, *op.outputs))
        pending = self.pending(op)
        inputs = tuple(
            name if pending != ONE and self.tensors[name].partial != ONE else self.wanted(name, op, carries)
            for name in op.inputs
        )
        self.ops.append(replace(op, inputs=inputs))
        first = self.tensors[inputs[0]]
        if rule(op.kind).whole and first.dims and not first.dims[-1].whole:
            raise UserError(f"{op.name}: {op.kind} needs dim '{first.dims[-1].name}' whole on each device; it is split")
        split = {dim.name: dim.split for name in inputs for dim in self.tensors[name].dims if not dim.whole}
        for name in op.outputs:
            if not carries and pending == ONE:
                self.rest(name)
            left = product(degree for letter, degree in split.items() if self.tensors[name].dim(letter) is None)
            self.tensors[name] = replace(self.tensors[name], partial=left * pending)

    def is_split(self, tensor: Tensor) -> bool:
        """Whether the tensor has a dim that is split whatever rests where."""
        return any(letter in self.splits for letter in tensor.letters)

    def pending(self, op: Op) -> Polynomial:
        """Over how many devices the result may stay partial because the inputs are; 1 if `op` needs them complete."""
        partial = [self.tensors[name].partial for name in op.inputs]
        open_sums = [degree for degree in partial if degree != ONE]
        if not open_sums or not rule(op.kind).linear:
            return ONE
        if op.kind == "einsum":
            return open_sums[0] if len(open_sums) == 1 else ONE
        return open_sums[0] if len(open_sums) == len(partial) and len(set(partial)) == 1 else ONE

    def wanted(self, name: str, op: Op, carries: bool) -> str:
        """The tensor `name` as `op` needs it: complete, and whole unless the op works on a part of the sequence."""
        tensor = self.tensors[name]
        whole = carries or self.sequence == ONE
        if tensor.partial != ONE:
            return self.complete(name, op, whole or not self.rests(tensor))
        at = tensor.dim(SEQUENCE)
        if whole and at is not None and not at.whole:
            return self.gather(name, op)
        if not whole and self.rests(tensor):
            raise BugError(f"{op.name}: {name} is whole where it should rest with its sequence split")
        return name

    def complete(self, name: str, op: Op, whole: bool) -> str:
        """Sum a partial tensor over the devices, into all of it or into a part of the sequence."""
        kind = "all_reduce" if whole else "reduce_scatter"
        key = (name, kind)
        if key not in self.moved:
            tensor = self.tensors[name]
            self.moved[key] = self.collective(kind, name, op, replace(tensor, name=f"{name}.{kind}", partial=ONE))
            if not whole:
                self.rest(self.moved[key])
        return self.moved[key]

    def gather(self, name: str, op: Op) -> str:
        """The whole of a tensor that rests with its sequence split; anew in each phase unless the first is kept."""
        key = (name, "all_gather") if self.keep_gathered else (name, "all_gather", op.phase)
        if key not in self.moved:
            tensor = self.tensors[name]
            again = any(made[:2] == key[:2] for made in self.moved)
            dims = (Dim(d.name, d.size * d.split) if d.name == SEQUENCE else d for d in tensor.dims)
            whole = replace(tensor, name=f"{name}.all_gather" + (f".{op.phase}" if again else ""), dims=tuple(dims))
            self.moved[key] = self.collective("all_gather", name, op, whole)
        return self.moved[key]

    def collective(self, kind: str, name: str, op: Op, result: Tensor) -> str:
        """Append one collective on behalf of `op`."""
        self.tensors[result.name] = result
        times = self.tensors[name].times
        step = Op(result.name, kind, (name,), (result.name,), None, op.phase, times, op.source, op.segments)
        self.ops.append(step)
        return result.name
