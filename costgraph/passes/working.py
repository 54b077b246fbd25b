"""Where an op works on the devices of a mesh: for each cut of an axis along a dim, or on whole tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from costgraph.graph.op import Op
from costgraph.graph.rules import rule
from costgraph.graph.tensor import Tensor
from costgraph.mesh import Cut
from costgraph.mesh.axis import CORE, EXPERTS
from costgraph.passes.changes import SHARDED, WHOLE, state
from costgraph.passes.group import KEPT, Family, Group, segment_of
from costgraph.passes.whole_dims import kept_whole, names_of
from costgraph.records import dataclass

NEXT = ".next"  # how the result of an update is called, after what it replaces
At = Mapping[Cut, Family]  # along what an op works, for each cut


@dataclass(frozen=True)
class Work:
    """Where the ops of a graph work.

    Args:
        whole: its tensors, before any of them is placed.
        groups: the axes.
        readers: of each tensor, the kinds of the ops that read it.
        in_experts: the parameters of routed experts.
        in_cores: the tensors that attention cores make.
        inside: the dims that there are in each segment.
    """

    whole: Mapping[str, Tensor]
    groups: list[Group]
    readers: Mapping[str, set[str]]
    in_experts: frozenset[str]
    in_cores: frozenset[str]
    inside: Mapping[str, set[str]]

    @classmethod
    def of(cls, ops: Iterable[Op], whole: Mapping[str, Tensor], groups: list[Group]) -> Work:
        """What the ops of a graph say."""
        readers: dict[str, set[str]] = {}
        experts: set[str] = set()
        cores: set[str] = set()
        inside: dict[str, set[str]] = {}
        split = {segment for group in groups for segment in group.inside}
        for op in ops:
            for name in op.inputs:
                readers.setdefault(name, set()).add(op.kind)
            if (segment := segment_of(op)) == CORE:
                cores.update(op.outputs)
            if segment in split:
                inside.setdefault(segment, set()).update(names_of((*op.inputs, *op.outputs), whole))
            if op.within(EXPERTS):
                experts.update(name for name in op.inputs if whole[name].is_parameter)
        return cls(whole, groups, readers, frozenset(experts), frozenset(cores), inside)

    def leaves(self, group: Group, dim: str) -> bool:
        """Whether an axis goes from this dim to another, or comes from there, at the border of a segment."""
        return any(dim in self.inside.get(segment, ()) for segment in group.inside)

    def segment(self, op: Op) -> str:
        """The segment in which axes may split something else; that of a parameter, for its update."""
        if updates(op):
            return self.segment_of_parameter(op.outputs[0])
        return segment_of(op)

    def segment_of_parameter(self, name: str) -> str:
        """The segment of a parameter, or of a part of its training state."""
        return EXPERTS if name in self.in_experts or name.rpartition(".")[0] in self.in_experts else ""

    def where(self, op: Op, operands: list[Tensor]) -> tuple[At, tuple[Cut, ...]]:
        """For each cut the dims along which `op` works; and the cuts over which sums go through it unfinished."""
        every = names_of((*op.inputs, *op.outputs), self.whole)
        whole = rule(op.kind).sums and not op.over and not op.body  # then no dim has to be
        segment = self.segment(op)
        at: dict[Cut, Family] = {}
        pending: list[Cut] = []
        for group in self.groups:
            names = every
            if not whole:
                names = every - kept_whole(op, self.whole, [self.told_apart(family, op) for family in group.families])
            mine = {cut: self.told_apart(of, op) for cut, of in group.split(names, segment).items()}
            mine |= self.where_all_lie(op, operands, group)
            if updates(op) and "optimizer" in group.shards:
                at |= {cut: mine.get(cut, (SHARDED,)) for cut in group.cuts}
                continue
            splits = not group.dims.isdisjoint(names)
            rests = (group.axis.rests, splits)
            seen = self.through_a_window(op, operands, mine)
            mine = {cut: of for cut, of in mine.items() if cut not in seen}
            through = [cut for cut in group.cuts if cut not in mine and self.linear(op, operands, cut, *rests)]
            if not splits and not through and not names.isdisjoint(group.rests):
                mine = dict.fromkeys(group.cuts, group.rests)
            at |= mine
            pending += through
        return at, tuple(pending)

    def through_a_window(self, op: Op, operands: list[Tensor], mine: At) -> set[Cut]:
        """The cuts over which a sum of what windows show stays unfinished until it is one of positions again."""
        if op.kind not in KEPT or op.phase != "backward":
            return set()
        (operand,) = operands
        return {cut for cut, of in mine.items() if cut in operand.partial and not any(map(operand.dim, of))}

    def where_all_lie(self, op: Op, operands: list[Tensor], group: Group) -> dict[Cut, Family]:
        """Along what all summands are split already, inside of a segment, though their sum belongs outside of it."""
        if not group.inside or not rule(op.kind).fits or rule(op.kind).linear != "sum":
            return {}
        found = {cut: {state(tensor, cut) for tensor in operands} for cut in group.cuts}
        lie = {cut: min(states) for cut, states in found.items() if len(states) == 1}
        return {cut: (dim,) for cut, dim in lie.items() if dim in group.dims}

    def told_apart(self, family: Family, op: Op) -> Family:
        """A family of dims at an op: where a tensor has two of them these are different indices, and the first counts.

        Elsewhere they are the same index under two names, as positions are those of queries and of keys.
        """
        if len(family) == 1:
            return family
        steps = op.body or (op,)
        names = {name for step in steps for name in (*step.inputs, *step.outputs)}
        two = any(sum(dim in self.whole[name].names for dim in family) > 1 for name in names)
        return family[:1] if two else family

    def linear(self, op: Op, operands: list[Tensor], cut: Cut, rests: str, splits: bool) -> bool:
        """Whether a sum over `cut` may stay unfinished in the result.

        It may in all summands of a sum; where products read the result, beside whole ones, which one device then adds.
        It may in one factor of a product whose others are whole or can be gathered: those that rest in parts are,
        unless the op could work along these parts, because the sum has them, too. It is finished before it enters an
        attention core, whose scores are larger than what they are made of; gradients come out of one.
        """
        partial = [tensor for tensor in operands if cut in tensor.partial]
        if not partial or not rule(op.kind).linear:
            return False
        leaves = op.kind == "context" and op.phase == "backward"
        if segment_of(op) == CORE and not leaves and any(tensor.name not in self.in_cores for tensor in partial):
            return False
        if rule(op.kind).linear == "sum":
            readers = self.readers.get(op.outputs[0], set())
            multiplied = bool(readers) and all(rule(kind).linear == "product" for kind in readers)
            return all(cut in t.partial or (multiplied and state(t, cut) == WHOLE) for t in operands)
        fit = (WHOLE, SHARDED, rests) if splits or not partial[0].dim(rests) else (WHOLE, SHARDED)
        rest = [tensor for tensor in operands if cut not in tensor.partial]
        return len(partial) == 1 and all(state(tensor, cut) in fit for tensor in rest)


def updates(op: Op) -> bool:
    """Whether an op belongs to the optimizer's step, which works on parameters where their state rests."""
    return op.phase == "update" or op.kind == "accumulate"
