"""A form by part of the model: what embedding, norms, attention, MLP and head contribute, per layer and how often.

    L x   attn   2*D*H*(A + G)

What layers of several kinds have alike is one part, which there is as often as there are layers of these kinds.
`by_op` goes one step further, to the ops of each part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from costgraph.algebra.bindings import Binding
from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.graph.graph import Graph
from costgraph.graph.loop import Loop, label
from costgraph.largest import Largest
from costgraph.provenance import Term, alike, joined
from costgraph.records import dataclass, replace

LATER = ", later layers"  # what the name of a part ends with that the first layer lacks


@dataclass(frozen=True)
class Part:
    """What a part of the model, or an op of it, contributes.

    Args:
        name: its place, such as `attn`; with the kind of its layers where kinds differ in it.
        times: how many layers have it; 1 outside of all.
        each: what it contributes in one of them.
        source: of an op, the tensor or rule that it comes from.
    """

    name: str
    times: Polynomial
    each: Polynomial
    source: str = ""

    @property
    def whole(self) -> Polynomial:
        """What it contributes in all layers."""
        return self.each * self.times


def by_part(form: ClosedForm, graph: Graph) -> list[Part]:
    """The parts of a sum, in the order in which a token meets them; none for what is no sum.

    Args:
        form: a measure of the graph.
        graph: says in which loop an op is.
    """
    if not has_parts(form, graph):
        return []
    sums: dict[tuple[str, Loop], list[Polynomial]] = {}
    rounds = Rounds(graph)
    for term in form.terms:
        loop, each = rounds.of(term)
        sums.setdefault((term.place + LATER * (loop.rounds == "later"), loop), []).append(each)
    found = [Part(place, loop.times, total(each)) for (place, loop), each in sums.items()]
    kinds = [loop.kind for _, loop in sums]
    return merged(list(zip(found, kinds, strict=True)))


def has_parts(form: ClosedForm, graph: Graph) -> bool:
    """Whether a form is the sum of its terms, and all of them are of ops: what a schedule has is of none."""
    is_sum = not (form.over or form.at_infinity or isinstance(form, Largest))
    return is_sum and all(term.op in graph.by_name for term in form.terms)


class Rounds:
    """In which rounds of its loop there is what a term counts, and how much of it in each."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.later = {op.loop.number: op.loop for op in graph.ops if op.loop.rounds == "later"}

    def of(self, term: Term) -> tuple[Loop, Polynomial]:
        """The loop, or its rounds behind the first, and the amount in one round."""
        loop = self.graph.op(term.op).loop
        later = self.later.get(loop.number)
        if later is not None and later.times.number is None and (each := term.amount.divide(later.times)) is not None:
            return later, each
        whole = replace(loop, times=loop.times + ONE, rounds="") if loop.rounds == "later" else loop
        return whole, term.amount / whole.times


def merged(found: list[tuple[Part, str]]) -> list[Part]:
    """The parts, those that layers of several kinds have alike put together; others are named after their kind."""
    parts: list[Part] = []
    for name in dict.fromkeys(part.name for part, _ in found):
        inside = [(part, kind) for part, kind in found if part.name == name]
        same: dict[tuple[Polynomial, bool], list[tuple[Part, str]]] = {}
        for part, kind in inside:
            same.setdefault((part.each, part.times == ONE), []).append((part, kind))
        for (each, once), members in same.items():
            several = len({other for other, outside in same if outside == once}) > 1
            title = f"{'+'.join(kind for _, kind in members if kind)}/{name}" if several and members[0][1] else name
            parts.append(Part(title, total(part.times for part, _ in members), each))
    return parts


def by_op(form: ClosedForm, graph: Graph) -> list[Part]:
    """The same by op and what each comes from; ops that kinds of layers have alike stand once, without their kind."""
    if not has_parts(form, graph):
        return []
    found, rounds = [], Rounds(graph)
    for members in alike(form.terms, form.loops):
        loops, each = zip(*map(rounds.of, members), strict=True)
        one = total(amount for amount, loop in zip(each, loops, strict=True) if loop == loops[0])
        times = total(loop.times for loop in dict.fromkeys(loops))
        term = joined(members)
        found.append(Part(term.op, times, one, term.source))
    return found


def shorter(parts: list[Part]) -> Iterator[list[Part]]:
    """Ever fewer parts, for where there is no room for all of them.

    First norms inside and outside of layers become one, then all that stands outside, then what has one name.
    """
    outside = {label(part.name) for part in parts if part.times == ONE}
    yield (fewer := together(parts, lambda part: label(part.name) if label(part.name) in outside else part.name))
    yield (fewer := together(fewer, lambda part: "" if part.times == ONE else part.name))
    yield together(fewer, lambda part: label(part.name))


def together(parts: list[Part], key: Callable[[Part], str]) -> list[Part]:
    """The parts, those with one key as one, which is there once."""
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(key(part), []).append(part)
    return [
        members[0]
        if len(members) == 1
        else Part("+".join(dict.fromkeys(label(one.name) for one in members)), ONE, total(one.whole for one in members))
        for members in groups.values()
    ]


def limited(part: Part, form: ClosedForm, bindings: Mapping[str, Binding]) -> ClosedForm:
    """The part as a form of its own, with symbols replaced as in the whole."""
    terms = (Term(part.name, part.name, part.whole),)
    alone = replace(form, terms=terms, remainder=Quotient(0), assumptions=(), dims=())  # the whole has been told of
    return alone.limited(bindings)
