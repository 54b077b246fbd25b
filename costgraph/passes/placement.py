"""Where tensors lie on the devices of a mesh, op by op; a collective is a change of that, and names its axes.

For each cut of an axis a tensor is in one state: whole, split along a dim, partial (a sum over the devices is still to
be taken), or sharded (its elements rest in even parts). Each op decides for every cut where it works: on a dim that the
axis splits, else on the dim along which tensors rest in parts, else on whole tensors. That fixes the states that its
operands must be in, and those of its results: split where they have the dim, partial where it was summed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from costgraph.graph.dim import Dim
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.rules import rule
from costgraph.graph.tensor import PARAMETERS, Tensor
from costgraph.mesh import Cut
from costgraph.passes.group import Family, Group
from costgraph.precision import State

WHOLE, PARTIAL, SHARDED = "(whole)", "(partial)", "(sharded)"  # states beside the names of dims
NEXT = ".next"  # how the result of an update is called, after what it replaces
RESTING = ("activation", "mask", "statistic", *PARAMETERS)  # roles that rest in parts along a dim they have

At = Mapping[Cut, Family]  # along what an op works, for each cut


@dataclass
class Placement:
    """Places tensors on devices op by op, inserting collectives where a reader needs another placement."""

    whole: Mapping[str, Tensor]
    groups: list[Group]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)
    moved: dict[tuple[object, ...], str] = field(default_factory=dict)  # what a tensor is called in another placement
    shapes: dict[tuple[Dim, ...], tuple[Dim, ...]] = field(default_factory=dict)
    split: dict[tuple[object, ...], tuple[Dim, ...]] = field(default_factory=dict)  # shapes by how they are split

    def run(self, graph: Graph) -> list[Op]:
        """The ops of `graph` with collectives between them; `tensors` then holds what one device has."""
        self.tensors.update(self.whole)
        for tensor in graph.inputs:
            self.tensors[tensor.name] = self.at_rest(tensor)
        update = [op for op in graph.ops if updates(op)]
        for step in ([op for op in graph.ops if not updates(op)], update):
            for op in step:
                self.place(op)
            read = {name for op in (*self.ops, *update) for name in op.inputs}
            for op in list(self.ops):
                for name in op.outputs:
                    if name not in read:
                        self.settle(name, op)
        return self.ops

    # --- where tensors lie --------------------------------------------------------------------------------------------

    def at_rest(self, tensor: Tensor) -> Tensor:
        """An input where it rests: split along what its axes split, else along what rests in parts."""
        at: dict[Cut, Family] = {}
        for group in self.groups:
            mine = group.split(tensor.names)
            if not mine and tensor.role in RESTING and tensor.dim(group.axis.rests):
                mine = dict.fromkeys(group.cuts, (group.axis.rests,))
            at |= mine
        if tensor.is_parameter or tensor.state:
            at |= dict.fromkeys(self.sharding(tensor.state or "weights"), (SHARDED,))
        return self.put(tensor, at)

    def sharding(self, state: State) -> list[Cut]:
        """The cuts over which the elements of parameters in a state are cut evenly."""
        return [cut for group in self.groups if state in group.axis.shards for cut in group.cuts]

    def put(self, tensor: Tensor, at: At, partial: Iterable[Cut] = ()) -> Tensor:
        """The tensor, whole so far, split along the first dim that it has for each cut."""
        mine: dict[str, list[Cut]] = {}
        for cut, family in at.items():
            for name in family:
                if name == SHARDED or name in tensor.names:
                    mine.setdefault(name, []).append(cut)
                    break
        shards = tuple(mine.pop(SHARDED, ()))
        key = (id(tensor.dims), *((name, *cuts) for name, cuts in mine.items()))
        if not mine:
            self.split[key] = tensor.dims
        if key not in self.split:
            by = {name: self.outermost(cuts, name) for name, cuts in mine.items()}
            self.split[key] = self.shared(dim.cut(by.get(dim.name, ())) for dim in tensor.dims)
        dims, partial = self.split[key], tuple(partial)
        if dims is tensor.dims and not shards and not partial:
            return tensor
        return replace(tensor, dims=dims, partial=partial, shards=shards)

    def shared(self, dims: Iterable[Dim]) -> tuple[Dim, ...]:
        """The dims; tensors of a shape have them in common."""
        dims = tuple(dims)
        return self.shapes.setdefault(dims, dims)

    def outermost(self, cuts: Iterable[Cut], dim: str) -> list[Cut]:
        """Cuts of a dim in order: what is computed on outside of what merely rests in parts."""
        rests = {cut for group in self.groups if group.axis.rests == dim for cut in group.cuts}
        return sorted(cuts, key=lambda cut: cut in rests)

    # --- where ops work -----------------------------------------------------------------------------------------------

    def place(self, op: Op) -> None:
        """Append `op`, its inputs placed as it needs them, and place its outputs."""
        op = self.pending_first(op)
        at, pending = self.where(op)
        inputs = tuple(self.moved_to(name, op, at, pending) for name in op.inputs)
        instead = dict(zip(op.inputs, inputs, strict=True))
        for name in {name for step in op.body for name in step.outputs}.difference(op.outputs):
            self.tensors[name] = self.put(self.whole[name], at)
        self.ops.append(replace(op, inputs=inputs, body=tuple(rewired(step, instead) for step in op.body)))
        split = {cut for name in inputs for dim in self.tensors[name].dims for cut in dim.cuts}
        for name in op.outputs:
            tensor = self.whole[name]
            summed = [cut for cut, dims in at.items() if cut in split and not any(map(tensor.dim, dims))]
            self.tensors[name] = self.put(tensor, at, (*summed, *pending))

    def pending_first(self, op: Op) -> Op:
        """A sum of which some summands are sums over devices still: these are added up before that sum is taken."""
        partial = [name for name in op.inputs if self.tensors[name].partial]
        alike = len({self.tensors[name].partial for name in partial}) == 1
        if op.kind != "add" or not 1 < len(partial) < len(op.inputs) or not alike:
            return op
        name = f"{op.outputs[0]}.pending"
        self.tensors[name] = replace(self.whole[op.outputs[0]], name=name)
        self.whole = {**self.whole, name: self.tensors[name]}
        self.place(replace(op, name=name, inputs=tuple(partial), outputs=(name,)))
        return replace(op, inputs=(name, *(one for one in op.inputs if one not in partial)))

    def where(self, op: Op) -> tuple[At, tuple[Cut, ...]]:
        """For each cut the dims along which `op` works; and the cuts over which sums go through it unfinished."""
        operands = [self.tensors[name] for name in op.inputs]
        results = [self.tensors[name] for name in op.outputs]
        names = {dim.name for tensor in (*operands, *results) for dim in tensor.dims}
        names -= self.kept_whole(op, operands, results)
        at: dict[Cut, Family] = {}
        pending: list[Cut] = []
        for group in self.groups:
            if updates(op) and "optimizer" in group.axis.shards:
                at |= dict.fromkeys(group.cuts, (SHARDED,))
                continue
            mine = group.split(names)
            splits = not group.dims.isdisjoint(names)
            rests = (group.axis.rests, splits)
            through = [cut for cut in group.cuts if cut not in mine and self.linear(op, operands, cut, *rests)]
            if not splits and not through and group.axis.rests in names:
                mine = dict.fromkeys(group.cuts, (group.axis.rests,))
            at |= mine
            pending += through
        return at, tuple(pending)

    def kept_whole(self, op: Op, operands: list[Tensor], results: list[Tensor]) -> set[str]:
        """The dims that must be whole on each device: what an op works along, and what it neither keeps nor sums."""
        if rule(op.kind).sums:
            return set(op.over)
        kept = {dim.name for tensor in results for dim in tensor.dims}
        families = [family for group in self.groups for of in group.cuts.values() for family in of]
        kept |= {dim for family in families if not kept.isdisjoint(family) for dim in family}
        return {*op.over, *(dim.name for tensor in operands for dim in tensor.dims if dim.name not in kept)}

    def linear(self, op: Op, operands: list[Tensor], cut: Cut, rests: str, splits: bool) -> bool:
        """Whether a sum over `cut` may stay unfinished in the result.

        It may in all summands of a sum, or in one factor of a product whose others are whole or can be gathered: those
        that rest in parts are, unless the op could work along these parts, because the sum has them, too.
        """
        partial = [tensor for tensor in operands if cut in tensor.partial]
        if not partial or not rule(op.kind).linear:
            return False
        if rule(op.kind).linear == "sum":
            return len(partial) == len(operands)
        fit = (WHOLE, SHARDED, rests) if splits or not partial[0].dim(rests) else (WHOLE, SHARDED)
        rest = [tensor for tensor in operands if cut not in tensor.partial]
        return len(partial) == 1 and all(state(tensor, cut) in fit for tensor in rest)

    # --- how they get there -------------------------------------------------------------------------------------------

    def moved_to(self, name: str, op: Op, at: At, pending: Iterable[Cut] = ()) -> str:
        """The tensor as `op` needs it, by as few collectives as there are kinds of change."""
        while changes := self.changes(self.tensors[name], at, pending):
            kind, was, to = min(changes, key=lambda change: KINDS.index(change[0]))
            name = self.change(name, op, kind, was, to, tuple(changes[kind, was, to]))
        return name

    def changes(self, tensor: Tensor, at: At, pending: Iterable[Cut]) -> dict[tuple[str, str, str], list[Cut]]:
        """The changes of state that a tensor needs: kind, from where, to where, over which cuts."""
        found: dict[tuple[str, str, str], list[Cut]] = {}
        for cut in (cut for group in self.groups for cut in group.cuts):
            was = state(tensor, cut)
            to = next((dim for dim in at.get(cut, ()) if dim == SHARDED or tensor.dim(dim)), WHOLE)
            if was == to or (was == PARTIAL and cut in pending):
                continue
            if SHARDED in (was, to) and WHOLE not in (was, to) and was != PARTIAL:
                to = WHOLE  # by way of the whole tensor
            found.setdefault((kind_of(was, to), was, to), []).append(cut)
        return found

    def change(self, name: str, op: Op, kind: str, was: str, to: str, cuts: tuple[Cut, ...]) -> str:
        """Append one change on behalf of `op`, unless it has been made already."""
        tensor = self.tensors[name]
        phase = self.again(op, tensor, kind, cuts)
        key = (name, kind, was, to, cuts, phase)
        if key not in self.moved:
            made = replace(self.after(tensor, was, to, cuts), name=self.named(name, kind, op, cuts))
            self.tensors[made.name] = made
            self.ops.append(
                Op(
                    made.name, kind, (name,), (made.name,), None, op.phase, tensor.loop, op.source, op.segments,
                    cuts=cuts if kind != "part" else (),
                )
            )  # fmt: skip
            self.moved[key] = made.name
        return self.moved[key]

    def again(self, op: Op, tensor: Tensor, kind: str, cuts: tuple[Cut, ...]) -> str:
        """The phase for which something is gathered anew; empty for what is kept."""
        if kind != "all_gather":
            return ""
        if tensor.shards:  # the replay of a layer and its backward share what they gather of its parameters
            return "backward" if op.phase == "recompute" else op.phase
        kept = any(
            cut in group.cuts and getattr(group.axis, "keep_gathered", False) for group in self.groups for cut in cuts
        )
        return "" if kept else op.phase

    def after(self, tensor: Tensor, was: str, to: str, cuts: tuple[Cut, ...]) -> Tensor:
        """The tensor in another state."""
        partial = tuple(cut for cut in tensor.partial if cut not in cuts)
        shards = tuple(cut for cut in tensor.shards if cut not in cuts)
        dims = tuple(dim.joined(cuts) if dim.name == was else dim for dim in tensor.dims)
        dims = tuple(
            dim.joined(dim.cuts).cut(self.outermost((*dim.cuts, *cuts), dim.name)) if dim.name == to else dim
            for dim in dims
        )
        shards = (*shards, *cuts) if to == SHARDED else shards
        return replace(tensor, dims=self.shared(dims), partial=partial, shards=shards)

    def named(self, name: str, kind: str, op: Op, cuts: tuple[Cut, ...]) -> str:
        """What the result of a change is called: after the tensor and the change; further only where that is taken."""
        axes = "-".join(dict.fromkeys(cut.axis for cut in cuts))
        for more in ("", f".{op.phase}", f".{axes}", f".{axes}.{op.phase}"):
            if f"{name}.{kind}{more}" not in self.tensors:
                return f"{name}.{kind}{more}"
        return f"{name}.{kind}.{axes}.{op.phase}.{len(self.ops)}"

    def settle(self, name: str, op: Op) -> None:
        """Bring a result that nothing reads to where it stays.

        Its sums are taken. A gradient is then where the optimizer's state is, and an updated parameter where it was.
        """
        tensor = self.tensors[name]
        like = self.tensors.get(name.removesuffix(NEXT), tensor)
        at: dict[Cut, Family] = {cut: (dim.name,) for dim in like.dims for cut in dim.cuts}
        at |= dict.fromkeys(like.shards, (SHARDED,))
        if tensor.gradient and tensor.role in PARAMETERS:
            at |= dict.fromkeys(self.sharding("optimizer"), (SHARDED,))
        moved = self.moved_to(name, op, at)
        if moved != name and like.is_parameter:  # what is computed on travels in its own width, however it is kept
            self.tensors[moved] = replace(self.tensors[moved], itemsize=like.itemsize)


KINDS = ("part", "reduce_scatter", "all_to_all", "all_reduce", "all_gather")  # what makes a tensor smaller comes first


def updates(op: Op) -> bool:
    """Whether an op belongs to the optimizer's step, which works on parameters where their state rests."""
    return op.phase == "update" or op.kind == "accumulate"


def rewired(step: Op, instead: Mapping[str, str]) -> Op:
    """A step of a fused op that reads what the fused op reads; it works where that does."""
    return replace(step, inputs=tuple(instead.get(name, name) for name in step.inputs))


def kind_of(was: str, to: str) -> str:
    """The collective that changes a state into another."""
    if was == PARTIAL:
        return "all_reduce" if to == WHOLE else "reduce_scatter"
    if was == WHOLE:
        return "part"
    return "all_gather" if to == WHOLE else "all_to_all"


def state(tensor: Tensor, cut: Cut) -> str:
    """Where a tensor lies with respect to one cut: `WHOLE`, `PARTIAL`, `SHARDED`, or the name of the dim it splits."""
    if cut in tensor.partial:
        return PARTIAL
    if cut in tensor.shards:
        return SHARDED
    return next((dim.name for dim in tensor.dims if cut in dim.cuts), WHOLE)
