"""A form by part of the model: what embedding, norms, attention, MLP and head contribute, per layer and how often.

    L x   attn   2*D*H*(A + G)

What layers of several kinds have alike is one part, which there is as often as there are layers of these kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from costgraph.algebra.bindings import Binding
from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.graph.graph import Graph
from costgraph.graph.loop import Loop
from costgraph.provenance import Term


@dataclass(frozen=True)
class Part:
    """What a part of the model contributes.

    Args:
        name: its place, such as `attn`; with the kind of its layers where kinds differ in it.
        times: how many layers have it; 1 outside of all.
        each: what it contributes in one of them.
    """

    name: str
    times: Polynomial
    each: Polynomial

    @property
    def whole(self) -> Polynomial:
        """What it contributes in all layers."""
        return self.each * self.times


def by_part(form: ClosedForm, graph: Graph) -> list[Part]:
    """The parts of a sum, in the order in which a token meets them; none for a quotient or a limit of the whole.

    Args:
        form: a measure of the graph.
        graph: says in which loop an op is.
    """
    if form.over or form.at_infinity:
        return []
    sums: dict[tuple[str, Loop], list[Polynomial]] = {}
    for term in form.terms:
        sums.setdefault((term.place, graph.op(term.op).loop), []).append(term.amount)
    found = [Part(place, loop.times, total(amounts) / loop.times) for (place, loop), amounts in sums.items()]
    kinds = [loop.kind for _, loop in sums]
    return merged(list(zip(found, kinds, strict=True)))


def merged(found: list[tuple[Part, str]]) -> list[Part]:
    """The parts, those that layers of several kinds have alike put together; others are named after their kind."""
    parts: list[Part] = []
    for name in dict.fromkeys(part.name for part, _ in found):
        inside = [(part, kind) for part, kind in found if part.name == name]
        alike: dict[tuple[Polynomial, bool], list[tuple[Part, str]]] = {}
        for part, kind in inside:
            alike.setdefault((part.each, part.times == ONE), []).append((part, kind))
        several = len({part.each for part, kind in inside if kind}) > 1
        for (each, _), members in alike.items():
            label = f"{'+'.join(kind for _, kind in members if kind)}/{name}" if several and members[0][1] else name
            parts.append(Part(label, total(part.times for part, _ in members), each))
    return parts


def limited(part: Part, form: ClosedForm, bindings: Mapping[str, Binding]) -> ClosedForm:
    """The part as a form of its own, with symbols replaced as in the whole."""
    alone = replace(form, terms=(Term(part.name, part.name, part.whole),), remainder=Quotient(0))
    return alone.limited(bindings)
