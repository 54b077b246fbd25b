"""What a verdict rests on: a graph, a factor that a graph gives, arithmetic alone, or an argument."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Literal

from costgraph.algebra.expression import Call, Number, Power, Sum, negated, walk
from costgraph.algebra.printers import python
from costgraph.algebra.syntax import Formula, read, relations
from costgraph.algebra.units import FACTORS
from costgraph.algebra.writing import text as written
from costgraph.errors import UserError
from costgraph.library.entries.entry import Entry
from costgraph.library.judging.calculator import SIGNS, Comparison, true
from costgraph.library.judging.engine import Names, names_of
from costgraph.library.judging.gate import DERIVING, from_engine
from costgraph.library.judging.recorded_slip import names as words_of
from costgraph.library.judging.recorded_slip import names_something, numbers
from costgraph.library.judging.typed_in import changed_alike, factor, whatever_said
from costgraph.library.judging.typed_letters import beside

Judged = Literal["derived", "constant", "arithmetic", "argued", "set aside", "unverified"]
JUDGED: dict[Judged, str] = {
    "derived": "from a graph",
    "constant": "a graph gives a factor, the sizes or another factor are the source's",
    "arithmetic": "no graph has a say",
    "argued": "a matter of concept, wording, notation or damaged text: settled by a stated argument",
    "set aside": "no cost model yields the print: an input, a measurement, prose, what is not stated or not explained",
    "unverified": "a cost model could: it waits for a schedule, mesh, block or measure that the engine lacks",
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
    return "constant" if of_factor(entry) else "derived"


def arithmetic(entry: Entry) -> str:
    """Why no graph judges an entry, in words; "" if one does."""
    if entry.indexed:
        return "evaluated on small tensors"
    if not used(entry):
        return "nothing in it comes from a graph"
    if own := own_numbers(entry):
        return f"{', '.join(own)} in derived has no origin"
    if entry.claim:
        return f"'{free}' holds whatever the engine says" if (free := idle(entry)) else ""
    return "what is given alone decides, whatever the engine says" if whatever_said(entry) else ""


def used(entry: Entry) -> list[str]:
    """The names of what the engine gives that a statement is compared with."""
    said = names_of(entry).words
    asked = [name for name in from_engine(entry) if name in said or (name == "derived" and not entry.derived)]
    return [name for name in asked if name in names_of(entry).engine]


def own_numbers(entry: Entry) -> list[str]:
    """The numbers in `derived`, and in what is given without an origin: neither base units nor a shift by one."""
    texts = [entry.derived, *(text for name, text in entry.given.items() if name not in entry.origin)]
    nodes = [read(text).node for text in texts if text]
    found = [f"{number:g}" for node in nodes for number in numbers(node) if number not in (0, 1)]
    found += [name for node in nodes for name in dict.fromkeys(words_of(node)) if is_number_in_disguise(name)]
    found += [written(part) for node in nodes for part in walk(node) if isinstance(part, Power) and not prefix(part)]
    sums = [part.terms for node in nodes for part in walk(node) if isinstance(part, Sum)]
    shifts = [[negated(term) or term for term in terms if not names_something(term)] for terms in sums]
    added = [" + ".join(map(written, shift)) for shift in shifts]  # 1 + 1 is a 2
    return [*found, *(shift for shift in added if shift not in ("", "1") and shift not in found)]


def prefix(power: Power) -> bool:
    """Whether a power is none of ten, or one that a prefix stands for."""
    return power.base != Number(10) or power.exponent % 3 == 0


def is_number_in_disguise(name: str) -> bool:
    """Whether a unit is a number of others: `day/hour` is 24. A number of the source says its unit in `unit`."""
    return name in FACTORS and FACTORS[name].scale != 1


def idle(entry: Entry) -> str:
    """The first comparison of a claim that holds whatever the engine says; "" if none does.

    One with numbers of its own is idle, too, if its sides stay what they are where equal amounts change alike.
    """
    names, text = names_of(entry), entry.right or entry.claim
    sides, signs = relations(text, SIGNS)
    typed = [has_numbers(entry, sides[i], sides[i + 1]) for i, sign in enumerate(signs) if sign]
    each = [other for name in used(entry) for other in names.changed(name)]
    changed, alike = each_compared(text, each), each_compared(text, map(names.instead, changed_alike(entry, names)))
    for i, (left, sign, right) in enumerate(stated := names.compared(text)):
        fixed = typed[i] and alike and all(found[i] == stated[i] for found in alike)
        if fixed or all(true(*found[i]) for found in changed):
            return f"{python(left)} {sign} {python(right)}"
    return ""


def has_numbers(entry: Entry, *sides: Formula) -> bool:
    """Whether numbers stand in the sides of a comparison, or what is given."""
    given = any(name in entry.given for side in sides for name in words_of(side.node))
    return given or any(number not in (0, 1) for side in sides for number in numbers(side.node))


def each_compared(text: str, others: Iterable[Names]) -> list[list[Comparison]]:
    """The comparisons of a claim under other names, where they can be computed."""
    found = []
    for names in others:
        with suppress(UserError):
            found.append(names.compared(text))
    return found


def of_factor(entry: Entry) -> bool:
    """Whether a graph gives a factor alone: the sizes of a number are the source's, or another factor is."""
    return bool((entry.value and cancelled(entry)) or factor(entry) or beside(entry))


def cancelled(entry: Entry) -> bool:
    """Whether sizes of the graph are left open in what a number is made of, and cancel."""
    if not entry.derived:
        return False
    if any(isinstance(part, Call) and part.function in (*DERIVING, "at") for part in walk(read(entry.derived).node)):
        return False
    names = names_of(entry)
    return any(names.engine[name].symbols for name in used(entry))
