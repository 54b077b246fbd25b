"""Where the terms of a sum came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.printers import unicode
from costgraph.graph.loop import Loop, label
from costgraph.graph.loop import place as place_of
from costgraph.records import replace


@dataclass(slots=True, unsafe_hash=True)
class Term:
    """One contribution: the op that causes it, the tensor or rule it comes from, and how much it is.

    `role` is that of the tensor, if it comes from one; conventions neglect by role. `part` says which it is of model
    state (`weights`, `gradients`, `optimizer`), or over which axes a collective goes (`T`, `N_h-N_d`). A term is a
    value; it is not frozen because a measure makes one for every op and tensor, and frozen ones take six times as long
    to make.
    """

    op: str
    source: str
    amount: Polynomial
    role: str = ""
    part: str = ""

    @property
    def place(self) -> str:
        """The part of the model the op stands in."""
        return place_of(self.op)


def substituted(terms: Iterable[Term], bindings: Mapping[str, Polynomial]) -> tuple[Term, ...]:
    """The terms with symbols replaced, without those that become 0."""
    amounts = ((term, term.amount.substitute(bindings)) for term in terms)
    return tuple([
        term if amount is term.amount else Term(term.op, term.source, amount, term.role, term.part)
        for term, amount in amounts
        if amount
    ])  # fmt: skip


def alike(terms: Iterable[Term], loops: Iterable[Loop]) -> list[list[Term]]:
    """The terms in groups: those of layers of several kinds that are the same in each layer, and every other alone."""
    times = {loop.path: loop.times for loop in loops}
    groups: dict[object, list[Term]] = {}
    for term in terms:
        path = term.op.removesuffix(label(term.op))
        each = (label(term.op), label(term.source), term.amount / times[path]) if path in times else id(term)
        groups.setdefault(each, []).append(term)
    return list(groups.values())


def joined(members: list[Term]) -> Term:
    """One term for what layers of several kinds have alike, without their path; what is alone keeps it."""
    first = members[0]
    if len(members) == 1:
        return first
    amount = total(term.amount for term in members)
    return replace(first, op=label(first.op), source=label(first.source), amount=amount)


def explain(
    terms: Iterable[Term],
    over: Iterable[Term] = (),
    write: Callable[[Polynomial], str] = unicode,
    loops: Iterable[Loop] = (),
) -> str:
    """Where each term comes from: a subtotal for each place, under it one line for each op and source.

    What layers of several kinds, `loops`, have alike stands once.

    >>> from costgraph import decoder, params
    >>> print(explain(params(decoder()).terms))
    attn                         4LD²
      attn.q                     LD²    attn.q.weight
      attn.k                     LD²    attn.k.weight
      attn.v                     LD²    attn.v.weight
      attn.out                   LD²    attn.out.weight
    mlp                          2LD²E
      mlp.up                     LD²E   mlp.up.weight
      mlp.down                   LD²E   mlp.down.weight
    """
    found = [(name, "" if size is None else write(size), source) for name, size, source in rows(terms, over, loops)]
    if not found:
        return "0"
    first, second = (max(len(row[i]) for row in found) for i in (0, 1))
    first = max(first, 27)
    return "\n".join(f"{a:{first}}  {b:{second}}  {c}".rstrip() for a, b, c in found)


def rows(
    terms: Iterable[Term], over: Iterable[Term] = (), loops: Iterable[Loop] = ()
) -> list[tuple[str, Polynomial | None, str]]:
    """Name, amount and source of each place, and below it of its terms, which are indented."""
    made: list[tuple[str, Polynomial | None, str]] = []
    for heading, found in (("", terms), ("divided by", over)):
        part = [joined(members) for members in alike(found, loops)]
        if heading and part:
            made.append((heading, None, ""))
        for place in dict.fromkeys(term.place for term in part):
            members = [term for term in part if term.place == place]
            made.append((place, total(term.amount for term in members), ""))
            made += [(f"  {term.op}", term.amount, term.source) for term in members]
    return made
