"""What a verdict rests on: a graph, a factor that a graph gives, arithmetic alone, or an argument."""

from __future__ import annotations

from typing import Literal

from costgraph.algebra.expression import Call, walk
from costgraph.algebra.printers import python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.syntax import read
from costgraph.algebra.writing import text as written
from costgraph.errors import UserError
from costgraph.library.entries.entry import Entry
from costgraph.library.judging.calculator import Comparison, comparisons, true
from costgraph.library.judging.engine import Names, names_of
from costgraph.library.judging.gate import CHANGE, DERIVING, from_engine, words
from costgraph.library.judging.recorded_slip import addends, numbers

Judged = Literal["derived", "constant", "arithmetic", "argued", "set aside", "unverified"]
JUDGED: dict[Judged, str] = {
    "derived": "from a graph",
    "constant": "a graph gives a factor, the sizes are the source's",
    "arithmetic": "no graph has a say",
    "argued": "a matter of concept, wording, notation or damaged text: settled by a stated argument",
    "set aside": "an input, a measurement or prose: no cost model can yield it",
    "unverified": "nothing derives it yet",
}


def judged_by(entry: Entry) -> Judged:
    """What the verdict on an entry rests on."""
    settled: tuple[tuple[str, Judged], ...] = (
        (entry.argument, "argued"), (entry.aside, "set aside"), (entry.unverified, "unverified"),
    )  # fmt: skip
    for reason, kind in settled:
        if reason:
            return kind
    if entry.structure:
        return "derived"
    if arithmetic(entry):
        return "arithmetic"
    return "constant" if entry.value and entry.derived and of_factor(entry) else "derived"


def arithmetic(entry: Entry) -> str:
    """Why no graph judges an entry, in words; "" if one does."""
    if entry.indexed:
        return "evaluated on small tensors"
    if not used(entry):
        return "nothing in it comes from a graph"
    if own := own_numbers(entry):
        return f"{', '.join(own)} in derived has no origin"
    if entry.claim and (free := idle(entry)):
        return f"'{free}' holds whatever the engine says"
    return ""


def used(entry: Entry) -> list[str]:
    """The names of what the engine gives that a statement is compared with."""
    said = words(entry)
    asked = [name for name in from_engine(entry) if name in said or (name == "derived" and not entry.derived)]
    return [name for name in asked if name in names_of(entry).engine]


def own_numbers(entry: Entry) -> list[str]:
    """The numbers in `derived`, and in what is given without an origin, that are neither units nor a shift by one."""
    texts = [entry.derived, *(text for name, text in entry.given.items() if name not in entry.origin)]
    nodes = [read(text).node for text in texts if text]
    found = [f"{number:g}" for node in nodes for number in numbers(node) if number not in (0, 1)]
    shifts = [written(part) for node in nodes for part in addends(node, ())]
    return [*found, *(shift for shift in shifts if shift != "1" and shift not in found)]


def idle(entry: Entry) -> str:
    """The first comparison of a claim that holds whatever the engine says; "" if none does."""
    names, text = names_of(entry), entry.right or entry.claim
    stated = comparisons(text, names.author)
    instead = [names.instead(name, other) for name in used(entry) for other in others(names.engine[name])]
    changed = [found for other in instead if (found := compared(text, other))]
    for i, (left, sign, right) in enumerate(stated):
        if all(true(*found[i]) for found in changed):
            return f"{python(left)} {sign} {python(right)}"
    return ""


def others(amount: Quotient) -> tuple[Quotient, ...]:
    """What the engine could say instead."""
    return amount * CHANGE, amount + CHANGE, amount / CHANGE, amount - CHANGE


def compared(text: str, names: Names) -> list[Comparison]:
    """The comparisons of a claim; none if they cannot be computed any more."""
    try:
        return comparisons(text, names.author)
    except UserError:
        return []


def of_factor(entry: Entry) -> bool:
    """Whether sizes of the graph are left open and cancel, so that those of a number are the source's."""
    if any(isinstance(part, Call) and part.function in (*DERIVING, "at") for part in walk(read(entry.derived).node)):
        return False
    names = names_of(entry)
    return any(names.engine[name].symbols for name in used(entry))
