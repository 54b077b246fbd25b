"""peak: bytes of the most that is alive on one device at once, and the op at which that is.

Counts: at every op what is there before (the training state of all parameters, or in inference the weights; inputs; a
cache), what ops before have written and later ones read, and what it writes. Of the iterations of a loop the last one
of the forward pass is the largest, and behind it the first or the last one.
Takes for granted: a gradient of a parameter appears as it is made, in the width in which it is kept; one that is
accumulated over microbatches is there before, and the instant is in the last of them; what is added to a gradient, and
the update, take no memory of their own.
Leaves out: workspaces of kernels, fragmentation, what libraries take for themselves, for which there is an allowance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

from costgraph.algebra.assumption import Enough
from costgraph.algebra.definition import settle
from costgraph.algebra.many import ABOUT, PutIn, looked_at, typical, whole, without_shared
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, total
from costgraph.closed_form import ClosedForm
from costgraph.collector import paused
from costgraph.conventions import NOTES, Convention
from costgraph.frozen import FrozenMapping
from costgraph.graph.graph import Graph
from costgraph.graph.op import Phase
from costgraph.graph.rules import ACCUMULATING
from costgraph.largest import largest
from costgraph.measures.lifetimes import BEFORE, Buffer, Lifetimes
from costgraph.measures.summing import closed_form
from costgraph.measures.worst_stage import of_worst_stage
from costgraph.precision import USUAL, Precision, policy
from costgraph.provenance import Term
from costgraph.records import dataclass, replace

Amounts = list[Polynomial]
Change = tuple[Amounts, Amounts, Amounts]  # within a group, from group to group, of what waits as a replay
NOTHING: Mapping[str, Polynomial] = FrozenMapping({})  # no sizes
Alive = tuple[bool, bool, int, int]  # of a buffer: its own, all others; as which sign those of far groups and near ones
T = TypeVar("T")
At = dict[int, T]  # by position
PARTS = ("weights", "gradients", "optimizer", "gathered", "cache", "input", "saved", "working")


@of_worst_stage
@paused()
def peak(
    graph: Graph,
    convention: Convention = NOTES,
    precision: str | Precision = USUAL,
    phase: Phase | None = None,
    sizes: Mapping[str, Polynomial] = NOTHING,
    allowance: Polynomial = ZERO,
) -> ClosedForm:
    """The most that is alive on one device, of the whole step or while the ops of one phase run.

    With `sizes` only the instants that may be the largest there become forms, which is as exact and many times as fast:
    the form is then that of the peak at these sizes, and not at others. The allowance is a part like others: bytes for
    what is not modelled.
    """
    walk = Walk(Lifetimes(graph, policy(precision)), convention)
    found = dict.fromkeys(instant for instant in walk.largest(sizes) if phase in (None, walk.phase(instant)))
    graph = in_several_replayed(in_several_microbatches(graph))
    beside = [Term("allowance", "allowance", allowance, part="allowance")] if allowance else []
    forms = ((one, closed_form("peak", "byte", graph, convention, [*walk.terms(one), *beside])) for one in found)
    return largest("peak", [(walk.label(one), form) for one, form in forms])


def in_several_microbatches(graph: Graph) -> Graph:
    """The graph with what its peak takes for granted: gradients of microbatches before are there."""
    if not graph.kinds.intersection(ACCUMULATING) or graph.mesh.microbatches.number is not None:
        return graph
    two = Enough(ONE + ONE, graph.mesh.microbatches, advice="the peak of one microbatch is that of microbatches(1)")
    return replace(graph, assumptions=(*graph.assumptions, two.substitute({})))


def in_several_replayed(graph: Graph) -> Graph:
    """The graph with what its peak takes for granted: groups that are replayed together are of two layers or more."""
    groups = {op.loop.group for op in graph.ops if op.loop.group.number is None}
    advice = "the peak of recompute(every=1) is that of recompute(full)"
    several = (Enough(ONE + ONE, one, advice=advice).substitute({}) for one in groups)
    return replace(graph, assumptions=(*graph.assumptions, *several))


@dataclass(frozen=True, slots=True)
class Instant:
    """While an op runs; inside of a loop behind the forward pass, in the last iteration or in the first.

    Args:
        at: the position of the op.
        last: whether it is in the iteration that runs last, or in the last group of them.
        ends: whether it is in the one that runs last of its group, where several are replayed together.
    """

    at: int
    last: bool = False
    ends: bool = False


class Survivors:
    """Instants at which most may be alive: those of which no other one has all, nor one of two others."""

    def __init__(self) -> None:
        self.alike: dict[object, list[tuple[Polynomial, Instant]]] = defaultdict(
            list
        )  # at ops that are alike, in order

    def add(self, kind: object, alive: Polynomial, instant: Instant) -> None:
        """Add one. Layers written out change by as much each, so that only the first and the last of them stay."""
        found = self.alike[kind]
        if found and found[-1][0].covers(alive):
            return
        while (found and alive.covers(found[-1][0])) or (len(found) > 1 and found[-1][0].is_below(found[-2][0], alive)):
            found.pop()
        found.append((alive, instant))

    def instants(self) -> Iterator[Instant]:
        """What is left, where ops that are not alike are compared as well."""
        found = [one for alike in self.alike.values() for one in alike]
        alive = without_shared([size for size, _ in found])
        about = looked_at(alive, [typical(alive)])
        kept: list[int] = []
        for at, one in enumerate(alive):
            size = about[at][0]
            if not any(about[other][0] >= size * ABOUT and alive[other].covers(one) for other in kept):
                kept = [other for other in kept if about[other][0] * ABOUT > size or not one.covers(alive[other])]
                kept.append(at)
        yield from sorted((found[at][1] for at in kept), key=lambda one: (one.at, one.last, one.ends))


class Walk:
    """What is alive at every op, in one pass."""

    def __init__(self, lifetimes: Lifetimes, convention: Convention) -> None:
        self.of, self.convention = lifetimes, convention
        self.buffers = [*lifetimes.buffers, *lifetimes.under_way, *doubled(lifetimes, convention)]
        self.bodies = {body.end: body for body in lifetimes.bodies.values() if body.backward}
        self.made: dict[tuple[int, Alive], Term | None] = {}

    def largest(self, sizes: Mapping[str, Polynomial] = NOTHING) -> Iterator[Instant]:
        """The instants of which one is the peak at these sizes: of all bytes, and of those that a convention counts."""
        buffers = self.compared(sizes)
        yield from self._largest(buffers)
        if self.convention.neglects:
            yield from self._largest([one for one in buffers if self.convention.counts(one.tensor.role)])

    def compared(self, sizes: Mapping[str, Polynomial]) -> list[Buffer]:
        """The buffers with sizes in them, each so many times as large that all numbers are whole."""
        put_in = PutIn(settle(self.of.graph.definitions, sizes)[0])
        buffers = [one.resized(put_in) for one in self.buffers] if sizes else self.buffers
        scale = whole(one.each for one in buffers) * whole(one.times for one in buffers)
        return [replace(one, each=one.each * scale) for one in buffers]

    def _largest(self, buffers: Iterable[Buffer]) -> Iterator[Instant]:
        """The instants that may be the peak, phase by phase."""
        best: dict[str, Survivors] = defaultdict(Survivors)
        for instant, alive in self.running(one for one in buffers if not one.stays(self.of.end)):
            best[self.phase(instant)].add(self.kind(instant), alive, instant)
        for one in best.values():
            yield from one.instants()

    def kind(self, instant: Instant) -> tuple[object, ...]:
        """What is the same of ops that are alike, such as those of layers that are written out."""
        op = self.of.ops[instant.at]
        shapes = (id(self.of.graph.tensors[name].dims) for name in (*op.inputs, *op.outputs))
        return (op.kind, op.times, instant.last, instant.ends, *shapes)

    def running(self, buffers: Iterable[Buffer]) -> Iterator[tuple[Instant, Polynomial]]:
        """What is alive at each instant behind which something vanishes: what appears is added up, op by op.

        In the backward pass every iteration takes as much more, or less, than the one before, so that the last one is
        as the first with what all others change. So it is with groups of iterations, and within each.
        """
        appear, replaced, vanish, changes = self._events(buffers)
        alive = total(appear[BEFORE])
        inside: list[tuple[int, Polynomial]] = []
        for at in range(self.of.end):
            alive = total((alive, *appear.get(at, ()), *(-one for one in replaced.get(at, ()))))
            if at in vanish or at + 1 in replaced or at in self.bodies or at + 1 == self.of.end:
                yield Instant(at), alive
                inside.append((at, alive))
            alive = total((alive, *(-one for one in vanish.get(at, ()))))
            if (body := self.bodies.get(at)) is not None:
                near, far, again = (total(one) for one in changes[at])
                for one, size in inside:
                    if one < body.start:
                        continue
                    yield Instant(one, last=True), size + far
                    if body.group != ONE and self.of.ops[one].phase != "recompute":
                        size += near + (again if one < body.replay else ZERO)
                        yield Instant(one, ends=True), size
                        yield Instant(one, last=True, ends=True), size + far
                alive = total((alive, near, far))
                inside.clear()

    def _events(self, buffers: Iterable[Buffer]) -> tuple[At[Amounts], At[Amounts], At[Amounts], At[Change]]:
        """By position what appears, what is replaced, what vanishes; by the end of a body what others change."""
        appear, replaced, vanish = (defaultdict[int, Amounts](list) for _ in range(3))
        changes = defaultdict[int, Change](lambda: ([], [], []))
        for one in buffers:
            appear[one.born].append(one.each)
            if one.dies < self.of.end:
                (replaced if one.moved else vanish)[one.dies].append(one.each)
            if one.replayed_in is not None:
                appear[one.replayed_in.replay].append(one.near)
                near, _, again = changes[one.replayed_in.end]
                near.append(-one.near)
                again.append(one.near + one.each)
            if one.body is None:
                continue
            body, sign = (one.body, 1) if one.body.backward else (one.read_in, -1)
            if body is not None:
                near, far, _ = changes[body.end]
                near.append(one.near * sign)
                far.append(one.far * sign)
            if not one.body.backward:
                appear[one.body.start].append(one.others)
                if one.read_in is None and one.dies < self.of.end:
                    vanish[one.dies].append(one.others)
        return appear, replaced, vanish, changes

    # --- one instant -------------------------------------------------------------------------------------------------

    def phase(self, instant: Instant) -> Phase:
        """The phase of the op that runs."""
        return self.of.ops[instant.at].phase

    def label(self, instant: Instant) -> str:
        """The instant in words; the last layer is the first on the way back."""
        op = self.of.ops[instant.at]
        if not op.loop.number or op.phase == "update":
            return f"{op.name}, {op.phase}"
        grouped = op.loop.group != ONE
        layer = f"{'first' if (instant.ends if grouped else instant.last) else 'last'} layer"
        if grouped and instant.ends != instant.last:
            layer += f" of the {'last' if instant.ends else 'first'} {op.loop.group}"
        return f"{op.name}, {op.phase}, {layer}"

    def terms(self, instant: Instant) -> list[Term]:
        """What is alive, by part."""
        found, at = [], instant.at
        for number, one in enumerate(self.by_part):
            if one.alone and not one.born <= at <= one.dies:  # most are not there
                continue
            term = self.term(number, self.alive(one, instant))
            if term is not None:
                found.append(term)
        return found

    @cached_property
    def by_part(self) -> list[Buffer]:
        """The buffers in the order of their parts."""
        return sorted(self.buffers, key=lambda one: PARTS.index(one.part))

    def term(self, number: int, alive: Alive) -> Term | None:
        """That of a buffer, made once: most instants have most of it in common."""
        if (number, alive) not in self.made:
            one = self.by_part[number]
            size = total(self.bytes(one, alive))
            term = Term(one.op, one.tensor.name, size, one.tensor.role, one.part) if size else None
            self.made[number, alive] = term
        return self.made[number, alive]

    def alive(self, one: Buffer, instant: Instant) -> Alive:
        """What there is of a buffer at an instant: of this iteration, and of all others."""
        at, again = instant.at, one.replayed_in
        born = again.start if again is not None and instant.ends else one.born  # replayed with others of its group
        here = born <= at < one.dies or (at == one.dies and not one.moved)
        near = again is not None and not instant.ends and again.replay <= at <= again.end
        others, passed = False, 0
        if one.body is not None and one.body.backward and one.body.start <= at <= one.dies:
            others, passed = at > one.body.end, int(at <= one.body.end)
        elif one.body is not None and not one.body.backward:
            others = one.body.start <= at <= (one.dies if one.read_in is None else one.read_in.end)
            passed = -1 if others and one.read_in is not None and at >= one.read_in.start else 0
        return here, others, passed * instant.last, near + passed * instant.ends

    @staticmethod
    def bytes(one: Buffer, alive: Alive) -> Iterator[Polynomial]:
        """The same in bytes."""
        here, others, far, near = alive
        yield from (amount for there, amount in ((here, one.each), (others, one.others)) if there)
        yield from (amount * sign for sign, amount in ((far, one.far), (near, one.near)) if sign)


def doubled(lifetimes: Lifetimes, convention: Convention) -> Iterator[Buffer]:
    """What a library holds besides while an op runs."""
    if convention.doubles is None:
        return
    for at, op in enumerate(lifetimes.ops):
        result = lifetimes.graph.tensors[op.outputs[0]] if op.outputs else None
        if result is not None and convention.doubles(op, result):
            yield Buffer(result, op.name, at, at, lifetimes.sizes.nbytes(result, ONE))
