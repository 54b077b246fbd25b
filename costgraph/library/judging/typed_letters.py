"""Sizes that stand in letters beside what the engine gives, put there by whoever wrote the entry.

A letter may say of which share something is (`derived/S`) or shift an index (`C - 1`). One that multiplies is a factor
of the source. A term of letters alone could complete the engine's result to any print, so that there may be none.
"""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.algebra.expression import Call, Name, Node, Number, Sum, children, negated, walk
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.syntax import read
from costgraph.algebra.writing import text as written
from costgraph.library.entries.entry import Entry
from costgraph.library.judging.calculator import NUMERIC
from costgraph.library.judging.engine import amount
from costgraph.library.judging.recorded_slip import names as words
from costgraph.library.judging.typed_in import is_count, power, requests, terms


def letters(entry: Entry, node: Node) -> list[str]:
    """The counts in an expression that stand there as letters, which nothing stands behind."""
    made = (*entry.let, *entry.given, *entry.catalog)
    return [name for name in dict.fromkeys(words(node)) if name in SYMBOLS and name not in made and is_count(name)]


def term_of_letters(entry: Entry) -> str:
    """A term of `derived` that is made of letters alone; "" if there is none. Of an equation one side may be."""
    node = read(entry.derived or "derived").node
    return next((written(term) for term in typed_terms(entry, node, False)), "")


def typed_terms(entry: Entry, node: Node, equation: bool) -> Iterator[Node]:
    """The terms of letters alone in the sums of an expression."""
    if isinstance(node, Sum):
        asked = {*requests(entry)}
        alone = [negated(term) or term for term in node.terms if not asked & set(words(term))]
        counted = [term for term in alone if letters(entry, term)]
        if len(alone) < len(node.terms) or not (equation or is_shift(alone)):
            yield from counted
    solves = isinstance(node, Call) and node.function == "solve"
    parts = node.arguments[:1] if isinstance(node, Call) and node.function not in NUMERIC else children(node)
    for part in parts:
        yield from typed_terms(entry, part, equation or solves)


def is_shift(alone: list[Node]) -> bool:
    """Whether a sum is one letter and ones, as an index is shifted."""
    named = [term for term in alone if not (isinstance(term, Number) and term.value == 1)]
    return len(named) == 1 and isinstance(named[0], Name)


def beside(entry: Entry) -> str:
    """What in `derived` makes a graph give no more than a factor, as letters or what is rounded do; "" if nothing."""
    if entry.claim or not entry.derived:
        return ""
    node = read(entry.derived).node
    return letter_as_factor(entry, node) or rounded_away(entry, node)


def letter_as_factor(entry: Entry, node: Node) -> str:
    """A letter that multiplies what graphs give, none of which has it, or two in a ratio, in words; "" if none does.

    In a number a letter that multiplies is a count, as a number that is given is.
    """
    known = {name for request in requests(entry).values() for name in amount(request).symbols}
    for part in terms(node):
        if not {*requests(entry)} & set(words(part)):
            continue
        powers = {name: power(entry, part, name) for name in letters(entry, part)}
        above, below = ([name for name, found in powers.items() if found * sign > 0] for sign in (1, -1))
        if entry.printed and (foreign := [name for name in above if name not in known]):
            return f"{foreign[0]} is a factor that no graph has"
        if above and below and not any(isinstance(inside, Call) for inside in walk(part)):
            return f"{above[0]}/{below[0]} is a factor that no graph gives"
    return ""


def rounded_away(entry: Entry, node: Node) -> str:
    """What is given and multiplies no more than a rounded result of the engine, in words; "" if nothing does."""
    asked = {*requests(entry)}
    for part in terms(node):
        calls = [one for one in walk(part) if isinstance(one, Call) and one.function in NUMERIC]
        inside = [name for call in calls for name in words(call) if name in asked]
        if inside and len(inside) == len([name for name in words(part) if name in asked]):
            given = [name for name in entry.given if name in words(part)]
            for name in given:
                if any(name in words(call) for call in calls) and outside(part, name):
                    return f"{name} is given, and multiplied by what is rounded"
    return ""


def outside(node: Node, name: str) -> bool:
    """Whether a name stands in an expression outside of functions that round."""
    if isinstance(node, Call) and node.function in NUMERIC:
        return False
    return (isinstance(node, Name) and node.name == name) or any(outside(part, name) for part in children(node))
