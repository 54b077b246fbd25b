"""Where tensors lie on the devices of a mesh, op by op; a collective is a change of that, and names its axes.

For each cut of an axis a tensor is in one state: whole, split along a dim, partial (a sum over the devices is still to
be taken), or sharded (its elements rest in even parts). Each op decides for every cut where it works: on a dim that the
axis splits, else on the dim along which tensors rest in parts, else on whole tensors. That fixes the states that its
operands must be in, and those of its results: split where they have the dim, partial where it was summed over.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import get_args

from costgraph.graph.dim import Dim
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.rules import COLLECTIVES, rule
from costgraph.graph.tensor import PARAMETERS, Tensor
from costgraph.mesh import Cut, devices
from costgraph.mesh.axis import CORE
from costgraph.passes.changes import PARTIAL, SHARDED, WHOLE, next_change, state
from costgraph.passes.group import Family, Group
from costgraph.passes.microbatches import ADD, repeated
from costgraph.passes.working import NEXT, At, Work, updates
from costgraph.precision import State
from costgraph.records import replace

RINGS = {"all_gather": "ring_gather", "reduce_scatter": "ring_reduce"}  # as they are done round a ring
RESTING = ("activation", "mask", "statistic", *PARAMETERS)  # roles that rest in parts along a dim they have


@dataclass
class Placement:
    """Places tensors on devices op by op, inserting collectives where a reader needs another placement."""

    whole: dict[str, Tensor]
    groups: list[Group]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)
    fused: dict[str, Tensor] = field(default_factory=dict)  # what steps of fused ops make, which share names
    moved: dict[tuple[object, ...], str] = field(default_factory=dict)  # what a tensor is called in another placement
    shapes: dict[tuple[Dim, ...], tuple[Dim, ...]] = field(default_factory=dict)
    split: dict[tuple[object, ...], tuple[Dim, ...]] = field(default_factory=dict)  # shapes by how they are split

    def run(self, graph: Graph) -> list[Op]:
        """The ops of `graph` with collectives between them; `tensors` then holds what one device has."""
        self.tensors.update(self.whole)
        self.work = Work.of(graph.ops, self.whole, self.groups)
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
        return repeated(self.ops, devices(self.in_time)) if self.in_time else self.ops

    # --- where tensors lie --------------------------------------------------------------------------------------------

    def at_rest(self, tensor: Tensor) -> Tensor:
        """An input where it rests: split along what its axes split, else along what rests in parts."""
        at: dict[Cut, Family] = {}
        for group in self.groups:
            mine = group.split(tensor.names, self.segment(tensor))
            if not mine and tensor.role in RESTING and tensor.dim(group.axis.rests):
                mine = dict.fromkeys(group.cuts, group.rests)
            at |= mine
        if tensor.is_parameter or tensor.state:
            at = {**dict.fromkeys(self.sharding(tensor.state or "weights"), (SHARDED,)), **at}
        return self.put(tensor, at)

    def segment(self, tensor: Tensor) -> str:
        """The segment in which an input is read, where that matters to what axes split of it."""
        if tensor.is_parameter or tensor.state:
            return self.work.segment_of_parameter(tensor.name)
        return CORE if tensor.role == "cache" else ""

    def sharding(self, state: State) -> list[Cut]:
        """The cuts over which the elements of parameters in a state are cut evenly."""
        return [cut for group in self.groups if state in group.shards for cut in group.cuts]

    def put(self, tensor: Tensor, at: At, partial: Iterable[Cut] = ()) -> Tensor:
        """The tensor, whole so far, split along the first dim that it has for each cut."""
        mine: dict[str, list[Cut]] = {}
        for cut, family in at.items():
            for name in family:
                if name == SHARDED or name in tensor.names:
                    mine.setdefault(name, []).append(cut)
                    break
        shards = tuple(self.order(SHARDED, mine.pop(SHARDED, ())))
        key = (id(tensor.dims), *((name, *cuts) for name, cuts in mine.items()))
        if not mine:
            self.split[key] = tensor.dims
        if key not in self.split:
            by = {name: self.order(name, cuts) for name, cuts in mine.items()}
            self.split[key] = self.shared(dim.cut(by.get(dim.name, ())) for dim in tensor.dims)
        dims, partial = self.split[key], tuple(partial)
        if dims is tensor.dims and not shards and not partial:
            return tensor
        return replace(tensor, dims=dims, partial=partial, shards=shards)

    def shared(self, dims: Iterable[Dim]) -> tuple[Dim, ...]:
        """The dims; tensors of a shape have them in common."""
        dims = tuple(dims)
        return self.shapes.setdefault(dims, dims)

    @cached_property
    def cuts(self) -> list[Cut]:
        """Those of all axes, outermost first."""
        return [cut for group in self.groups for cut in group.cuts]

    def order(self, where: str, cuts: Iterable[Cut]) -> list[Cut]:
        """Cuts of a dim, or of elements, outermost first.

        What is computed on stands outside of what merely rests in parts, and inside of it what goes to other dims and
        comes back. What cuts weights stands outside of what cuts
        the optimizer's state alone, so that the part of a weight is made of whole parts of that.
        """
        if where == SHARDED:
            states = {cut: len(self.sharded(cut)) for cut in cuts}
            return sorted(states, key=lambda cut: (-states[cut], self.cuts.index(cut)))
        rests = {cut for group in self.groups if where == group.axis.rests for cut in group.cuts}
        follow = {cut for group in self.groups if where in group.rests[1:] for cut in group.cuts}
        leave = {cut for group in self.groups if self.work.leaves(group, where) for cut in group.cuts}
        return sorted(cuts, key=lambda cut: (cut in rests, cut in leave, cut in follow, self.cuts.index(cut)))

    def sharded(self, cut: Cut) -> list[State]:
        """The states of parameters whose elements a cut cuts."""
        group = next(group for group in self.groups if cut in group.cuts)
        return [state for state in get_args(State) if state in group.shards]

    # --- where ops work -----------------------------------------------------------------------------------------------

    def place(self, op: Op) -> None:
        """Append `op`, its inputs placed as it needs them, and place its outputs."""
        op = self.pending_first(op)
        at, pending = self.work.where(op, [self.tensors[name] for name in op.inputs])
        inputs = tuple(self.moved_to(name, op, at, pending) for name in op.inputs)
        if op.body:
            instead = dict(zip(op.inputs, inputs, strict=True)) | self.fuse(op, at)
            op = replace(op, body=tuple(rewired(step, instead) for step in op.body))
        self.ops.append(op if inputs == op.inputs else replace(op, inputs=inputs))
        split = {cut for name in inputs for dim in self.tensors[name].dims for cut in dim.cuts}
        for number, name in enumerate(op.outputs):
            tensor = self.whole[name]
            beside = number > 0 and rule(op.kind).fits  # a mask, or a statistic: no sum, whatever dims it lacks
            summed = [c for c, dims in at.items() if c in split and not beside and not any(map(tensor.dim, dims))]
            self.tensors[name] = self.put(tensor, at, (*summed, *pending))

    def fuse(self, op: Op, at: At) -> dict[str, str]:
        """Place what the steps of a fused op make, and say what is called otherwise, as it lies otherwise elsewhere."""
        instead: dict[str, str] = {}
        for name in dict.fromkeys(name for step in op.body for name in step.outputs if name not in op.outputs):
            made = self.put(self.whole[name], at)
            if self.fused.setdefault(name, made) != made:
                instead[name] = f"{name}.{op.name}"
                made = replace(made, name=instead[name])
            self.tensors[made.name] = made
        return instead

    def pending_first(self, op: Op) -> Op:
        """A sum of which some summands are sums over devices still: these are added up before that sum is taken."""
        partial = [name for name in op.inputs if self.tensors[name].partial]
        alike = len({self.tensors[name].partial for name in partial}) == 1
        if op.kind != "add" or not 1 < len(partial) < len(op.inputs) or not alike:
            return op
        name = f"{op.outputs[0]}.pending"
        self.tensors[name] = replace(self.whole[op.outputs[0]], name=name)
        self.whole[name] = self.tensors[name]
        self.place(replace(op, name=name, inputs=tuple(partial), outputs=(name,)))
        return replace(op, inputs=(name, *(one for one in op.inputs if one not in partial)))

    # --- how they get there -------------------------------------------------------------------------------------------

    def moved_to(self, name: str, op: Op, at: At, pending: Container[Cut] = ()) -> str:
        """The tensor as `op` needs it, by as few collectives as there are kinds of change."""
        for goal in self.one_by_one(self.tensors[name], self.goal(self.tensors[name], op, at, pending)):
            while found := next_change(self.tensors[name], goal, self.order):
                (kind, was, to), cuts = found
                name = self.change(name, op, kind, was, to, cuts)
        return name

    def one_by_one(self, tensor: Tensor, goal: dict[Cut, str]) -> list[dict[Cut, str]]:
        """The states in which a tensor has to be one after the other.

        A sum over microbatches is taken before anything is sent, unless gradients are kept in parts: each microbatch
        sends these to where they are kept.
        """
        due = [cut for cut in self.in_time if cut in tensor.partial and goal[cut] != PARTIAL]
        if not due:
            return [goal]
        now = {cut: state(tensor, cut) for cut in goal}
        kept = self.sharding("gradients") if tensor.gradient and tensor.role in PARAMETERS else []
        sent = now | {cut: goal[cut] for cut in kept}
        return [sent, sent | {cut: goal[cut] for cut in due}, goal]

    @cached_property
    def in_time(self) -> list[Cut]:
        """The cuts of axes whose parts follow one another on the same devices."""
        return [cut for group in self.groups if group.axis.in_time for cut in group.cuts]

    def goal(self, tensor: Tensor, op: Op, at: At, pending: Container[Cut]) -> dict[Cut, str]:
        """The states that a tensor is needed in."""
        summand = rule(op.kind).linear == "sum"
        return {
            cut: PARTIAL
            if cut in pending and (summand or cut in tensor.partial)
            else next((dim for dim in at.get(cut, ()) if dim == SHARDED or tensor.dim(dim)), WHOLE)
            for cut in self.cuts
        }

    def change(self, name: str, op: Op, kind: str, was: str, to: str, cuts: tuple[Cut, ...]) -> str:
        """Append one change on behalf of `op`, unless it has been made already."""
        tensor = self.tensors[name]
        phase = self.again(op, tensor, kind, cuts)
        kind = self.as_done(kind, tensor, cuts)
        key = (name, kind, was, to, cuts, phase)
        if key not in self.moved:
            made = replace(self.after(tensor, was, to, cuts), name=self.named(name, kind, op, cuts))
            self.tensors[made.name] = made
            self.ops.append(
                Op(
                    made.name, kind, (name,), (made.name,), None, op.phase, tensor.loop, op.source, op.segments,
                    cuts=cuts if kind in COLLECTIVES else (),
                )
            )  # fmt: skip
            self.moved[key] = made.name
        return self.moved[key]

    def as_done(self, kind: str, tensor: Tensor, cuts: tuple[Cut, ...]) -> str:
        """The kind of op that makes a change: one in time sends nothing, one round a ring is its own."""
        if cuts[0] in self.in_time:
            return ADD if kind == "all_reduce" else kind
        ring = all(cut in group.cuts for cut in cuts for group in self.groups if group.axis.round_a_ring)
        passed = ring and any(group.axis.round_a_ring for group in self.groups) and tensor.role not in PARAMETERS
        return RINGS.get(kind, kind) if passed else kind

    def again(self, op: Op, tensor: Tensor, kind: str, cuts: tuple[Cut, ...]) -> str:
        """The phase for which something is gathered anew; empty for what is kept."""
        if kind != "all_gather":
            return ""
        if tensor.shards:  # the replay of a layer and its backward share what they gather of its parameters
            return "backward" if op.phase == "recompute" else op.phase
        kept = any(cut in group.cuts and group.axis.keeps for group in self.groups for cut in cuts)
        return "" if kept else op.phase

    def after(self, tensor: Tensor, was: str, to: str, cuts: tuple[Cut, ...]) -> Tensor:
        """The tensor in another state."""
        partial = tuple(cut for cut in tensor.partial if cut not in cuts) + (cuts if to == PARTIAL else ())
        shards = tuple(cut for cut in tensor.shards if cut not in cuts)
        dims = tuple(dim.joined(cuts) if dim.name == was else dim for dim in tensor.dims)
        dims = tuple(
            dim.joined(dim.cuts).cut(self.order(dim.name, (*dim.cuts, *cuts))) if dim.name == to else dim
            for dim in dims
        )
        shards = tuple(self.order(SHARDED, (*shards, *cuts))) if to == SHARDED else shards
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


def rewired(step: Op, instead: Mapping[str, str]) -> Op:
    """A step of a fused op that reads what the fused op reads; it works where that does."""
    inputs, outputs = (tuple(instead.get(name, name) for name in names) for names in (step.inputs, step.outputs))
    return replace(step, inputs=inputs, outputs=outputs)
