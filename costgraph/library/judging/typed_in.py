"""What of a derived value was typed in: all of it, whatever the engine says, or a factor that no graph gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache

from costgraph.algebra.expression import Call, Node, Product, Ratio, Sum, children, walk
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import COUNT, SYMBOLS
from costgraph.algebra.syntax import read, relations
from costgraph.algebra.units import BYTE, FACTORS, NONE
from costgraph.algebra.writing import text as written
from costgraph.errors import UserError
from costgraph.library.entries.entry import Entry, Request
from costgraph.library.judging.calculator import FUNCTIONS, SIGNS, calculate
from costgraph.library.judging.engine import Names, amount, names_of, settings
from costgraph.library.judging.printed_unit import reader
from costgraph.library.judging.recorded_slip import names as words
from costgraph.records import replace

LARGE = 10**40  # no rounding hides what is changed by it
POWERS = (-4, -3, -2, -1, 1, 2, 3, 4)  # in which a factor stands in a product


@lru_cache(maxsize=4096)
def requests(entry: Entry) -> Mapping[str, Request]:
    """What the engine is asked for that `derived` names; of a claim all, which letters of the source may stand for."""
    asked = {**entry.let, **({"derived": entry.derive} if entry.derive and not entry.derive.structure else {})}
    said = asked if entry.claim else set(words(read(entry.derived or "derived").node))
    return {name: request for name, request in asked.items() if name in said}


def own(entry: Entry, node: Node) -> list[str]:
    """The names in an expression that neither the engine nor a table of units stands behind."""
    made = (*requests(entry), *FACTORS, *FUNCTIONS)
    return [name for name in dict.fromkeys(words(node)) if name not in made]


# --- all of it ------------------------------------------------------------------------------------------------------


def whatever_said(entry: Entry) -> bool:
    """Whether what was typed in decides alone: `x + a - b` of two names for one amount is x, whatever the engine says.

    Amounts of one measure that are equal change together; without anything typed in, that they are equal is a result.
    """
    if not entry.derived or not own(entry, read(entry.derived).node):
        return False
    names = names_of(entry)
    return all(value(entry, names, other) == names.derived for other in changed_alike(entry, names))


def changed_alike(entry: Entry, names: Names) -> Iterator[dict[str, Quotient]]:
    """What the engine could say instead, equal amounts of one measure alike."""
    changes: dict[str, int] = {}
    kinds: list[tuple[str, Quotient]] = []
    for name, request in requests(entry).items():
        kind = (request.measure or request.tensor, names.engine[name])
        kinds += [] if kind in kinds else [kind]
        changes[name] = LARGE + 1 + 2 * kinds.index(kind)
    known = names.engine
    yield known | {name: known[name] * Quotient(by) for name, by in changes.items()}
    yield known | {name: known[name] / Quotient(by) for name, by in changes.items()}
    yield known | {name: known[name] + Quotient(by) for name, by in changes.items()}


def value(entry: Entry, names: Names, instead: Mapping[str, Quotient]) -> Quotient | None:
    """What `derived` comes to with other values for some names; None if it cannot be computed any more."""
    try:
        return calculate(entry.derived, {**names.engine, **instead})
    except UserError:
        return None


# --- a factor -------------------------------------------------------------------------------------------------------


def factor(entry: Entry) -> str:
    """What in `derived`, or in a claim, makes a graph give no more than a factor, in words; "" if nothing does."""
    if entry.claim:
        sides = [side.node for side in relations(entry.right or entry.claim, SIGNS)[0]]
        return next((found for node in sides if (found := fraction(entry, node))), "")
    if not entry.derived:
        return size_as_coefficient(entry)
    node = read(entry.derived).node
    return (
        fraction(entry, node)
        or alike(node)
        or by_itself(entry, node)
        or added(entry, node)
        or size_as_coefficient(entry)
        or without_sizes(entry, node)
    )


def is_factor(entry: Entry, name: str) -> bool:
    """Whether what is given is a factor of the answer, and no count, width, rate or size of what is asked of.

    A formula has its sizes in letters, so that a number beside the engine is one of its coefficients.
    """
    number, dimension = names_of(entry).own[name].number, reader(entry).known[name].dimension
    if number is None:
        return bool(entry.printed) and scales(entry, {name: names_of(entry).own[name] * Quotient(LARGE + 1)})
    whole = Fraction(number).denominator == 1
    return dimension != BYTE or not whole if entry.printed else dimension == NONE and not whole


def fraction(entry: Entry, node: Node) -> str:
    """A number, given, that multiplies what the engine gives and is no size, or two whose ratio is; "" if none does."""
    given = [name for name in entry.given if name in words(node)]
    for name in given:
        if is_factor(entry, name):
            return f"{name} = {entry.given[name]} is neither a count nor a width"
    units = reader(entry)
    counts = [name for name in given if units.known[name].dimension == NONE and names_of(entry).own[name].number]
    for part in terms(node) if len(counts) > 1 else ():
        if requests(entry).keys() & set(words(part)):
            powers = {name: power(entry, part, name) for name in counts}
            above, below = ([name for name in counts if powers[name] * sign > 0] for sign in (1, -1))
            if above and below:
                return f"{above[0]}/{below[0]} is neither a count nor a width"
    return ""


def power(entry: Entry, part: Node, name: str) -> int:
    """In which power what is given, or a letter, stands in a term; 0 if it is no factor of it."""
    known, text = names_of(entry).engine, written(part)
    with suppress(UserError):
        usual, one = calculate(text, known), known[name] if name in known else Quotient(Polynomial.symbol(name))
        found = calculate(text, {**known, name: one * Quotient(LARGE + 1)})
        return next((one for one in POWERS if found == usual * Quotient(LARGE + 1) ** one), 0)
    return 0


def scales(entry: Entry, instead: Mapping[str, Quotient]) -> bool:
    """Whether something that is LARGE + 1 times as much only multiplies what is derived."""
    names = names_of(entry)
    found = value(entry, names, instead) if entry.derived else instead["derived"]
    return any(found == names.derived * Quotient(LARGE + 1) ** power for power in POWERS)


def alike(node: Node) -> str:
    """A sum of nothing but one term, which is a coefficient; "" if there is none."""
    for part in walk(node):
        if isinstance(part, Sum) and len(part.terms) > 1 and len({written(term) for term in part.terms}) == 1:
            return f"{written(part)} is a coefficient"
    return ""


def by_itself(entry: Entry, node: Node) -> str:
    """A term of a sum that is a number whatever the engine says, such as a/a; "" if there is none."""
    asked, names = requests(entry), names_of(entry)
    sums = (part.terms for part in walk(node) if isinstance(part, Sum))
    for term in (term for parts in sums for term in parts if asked.keys() & set(words(term))):
        if not own(entry, term) and all(same(term, names.engine, other) for other in changed_alike(entry, names)):
            return f"{written(term)} is a number whatever the engine says"
    return ""


def added(entry: Entry, node: Node) -> str:
    """A bare number, given, that is added to what the engine gives; "" if there is none. In equations it may be."""
    if isinstance(node, Call):
        return ""
    if isinstance(node, Sum) and any(requests(entry).keys() & set(words(term)) for term in node.terms):
        for term in node.terms:
            typed = [name for name in words(term) if name in entry.given]
            units = reader(entry)
            if typed and not requests(entry).keys() & set(words(term)) and units.amount(term).dimension == NONE:
                return f"{written(term)} is added to what the engine gives"
    return next((found for part in children(node) if (found := added(entry, part))), "")


def size_as_coefficient(entry: Entry) -> str:
    """The counts with numbers of all of which a formula is a multiple; "" if it has others or none."""
    if not entry.printed:
        return ""
    asked = requests(entry)
    bound = [settings(text) for text in (entry.at, *(request.limit for request in asked.values()))]
    sizes = {name: size for each in bound for name, size in each.items() if is_count(name)}
    counts = {
        name: size for name, size in sizes.items() if isinstance(size, Polynomial) and size.number not in (None, 0, 1)
    }
    for name, size in counts.items():
        moved = {name: size * (LARGE + 1)}
        if not scales(entry, {key: of_sizes(entry, request, moved) for key, request in asked.items()}):
            return ""
    return ", ".join(f"{name} = {size} is a coefficient" for name, size in counts.items())


def without_sizes(entry: Entry, node: Node) -> str:
    """What of a number is the same whatever sizes a graph has, though the engine is in it; "" if nothing is.

    That is a factor of sizes that were typed in: (work - core)/params*parameters. A model's sizes are not open; of
    another model everything would be more.
    """
    asked = requests(entry)
    if not entry.value or any(isinstance(part, Call) for part in walk(node)):
        return ""
    parts = [part for part in terms(node) if asked.keys() & set(words(part)) and own(entry, part)]
    if not parts:
        return ""
    known = names_of(entry).engine
    counts = sorted({name for one in asked.values() for name in amount_of(one).symbols if is_count(name)})
    moved = {name: Polynomial.constant(LARGE + 1 + 2 * i) for i, name in enumerate(counts)}
    other = known | {name: Quotient(moved[name]) for name in counts if name in settings(entry.at)}
    for name, one in asked.items():
        open_ = any(map(is_count, amount_of(one).symbols))
        other[name] = of_sizes(entry, one, moved) if open_ else known[name] * Quotient(LARGE + 1)
    return next((f"{written(part)} has no size of a graph" for part in parts if same(part, known, other)), "")


def same(part: Node, known: Mapping[str, Quotient], other: Mapping[str, Quotient]) -> bool:
    """Whether a part comes to the same with other values for names; not if it cannot be computed."""
    text = written(part)
    try:
        return calculate(text, known) == calculate(text, other)
    except UserError:
        return False


def terms(node: Node) -> Iterator[Node]:
    """An expression, and it with one term alone in the place of a sum."""
    yield node
    match node:
        case Sum(parts):
            for part in parts:
                yield from terms(part)
        case Product(left, right):
            yield from (Product(one, right) for one in terms(left) if one is not left)
            yield from (Product(left, one) for one in terms(right) if one is not right)
        case Ratio(above, below):
            yield from (Ratio(one, below) for one in terms(above) if one is not above)
            yield from (Ratio(above, one) for one in terms(below) if one is not below)


def amount_of(request: Request) -> Quotient:
    """What a request asks for with its counts open; what tends to infinity does so, and widths have their numbers.

    Where nothing can be said of open counts (a mesh that no open number divides), with its numbers.
    """
    bound = settings(request.limit).items()
    kept = [f"{name}={size}" for name, size in bound if not (is_count(name) and is_number(size))]
    try:
        return amount(replace(request, limit=",".join(kept)))
    except UserError:
        return amount(request)


def is_number(size: object) -> bool:
    """Whether a symbol is bound to a number: neither to a form nor to infinity."""
    return isinstance(size, Polynomial) and size.number is not None


def is_count(name: str) -> bool:
    """Whether a symbol is a whole number of something, and no width or ratio."""
    return SYMBOLS[name].domain == COUNT


def of_sizes(entry: Entry, request: Request, sizes: Mapping[str, Polynomial]) -> Quotient:
    """What a request comes to, of these sizes instead of those that it or the entry binds."""
    found = amount_of(request)
    for text in (request.limit, entry.at):
        bound = {name: size for name, size in settings(text).items() if isinstance(size, Polynomial)}
        found = found.substitute({**bound, **sizes})
    return found
