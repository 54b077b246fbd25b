"""The slip that an erratum records: does it give what was printed, and does it explain anything?"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from costgraph.algebra.expression import Call, Name, Node, Number, Power, Sum, fold, negated, walk
from costgraph.algebra.syntax import read
from costgraph.algebra.units import FACTORS
from costgraph.algebra.writing import text as written
from costgraph.errors import UserError, shorten
from costgraph.library.entries.entry import Entry
from costgraph.library.judging.calculator import FUNCTIONS

BECOMES = " becomes "
OWN_NUMBERS = 2  # as many twos, or one other number and a two: enough for a factor and a rounding
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")


def rewritten(entry: Entry, slip: str) -> bool:
    """Whether `THIS becomes THAT` turns the text that is right into the one that was printed.

    Raises:
        UserError: not of this form; or so much of the text that it would explain any print.
    """
    this, becomes, that = (part.strip() for part in slip.partition(BECOMES))
    if not becomes:
        raise UserError(f"erratum.slip '{shorten(slip)}': write THIS becomes THAT")
    if entry.value and not (this.isdigit() and that.isdigit() and len(this) == len(that) == 1):
        raise UserError(f"erratum.slip '{shorten(slip)}': in a number, one digit becomes another")
    if entry.claim and this == entry.right:
        raise UserError(f"erratum.slip '{shorten(slip)}' replaces all of what is right; name the part that went wrong")
    return this in entry.right and entry.right.replace(this, that) == entry.statement


def check_explains(entry: Entry, slip: str) -> None:
    """Raise if a slip names nothing, or has so many numbers of its own that it could give any print.

    0, 1, powers of ten and 1024 (rounding, prefixes) are free, and so is every number that the entry has elsewhere. Of
    others there may be one whole factor (`right/3`) and a two (`floor(right + 1/2)`). Added may be 1 or 1/2, once.
    """
    node = read(slip).node
    own_names = loose(entry)
    if not names_something(node, own_names):
        raise UserError(f"erratum.slip '{shorten(slip)}' is just numbers: say by which slip of what it came about")
    elsewhere = {float(number) for text in texts(entry, own_names) for number in NUMBER.findall(text)}
    inside = [node, *(read(own_names[name]).node for name in names(node) if name in own_names)]
    own = [number for part in inside for number in numbers(part) if not free(number) and number not in elsewhere]
    odd = [number for number in own if number != 2]
    added = [written(part) for part in addends(node, own_names)]
    if (
        added not in ([], ["1"], ["1/2"], ["0.5"])
        or len(own) > OWN_NUMBERS
        or len(odd) > 1
        or any(number % 1 for number in odd)
    ):
        listed = ", ".join([f"{number:g}" for number in own] or added)
        raise UserError(
            f"erratum.slip '{shorten(slip)}' has {listed} of its own, which could give any print: "
            "use what is right, derived or given"
        )


def loose(entry: Entry) -> dict[str, str]:
    """The numbers that are given for the slip alone: they are numbers of the slip's own."""
    stated = " ".join((entry.derived, entry.printed, entry.claim, entry.right))
    used = set(re.findall(r"[A-Za-z_]\w*", stated))
    return {name: text for name, text in entry.given.items() if name not in used}


def names(node: Node) -> Iterator[str]:
    """The names in an expression, those of functions included."""
    for inside in walk(node):
        if isinstance(inside, Name | Call):
            yield inside.name if isinstance(inside, Name) else inside.function


def names_something(node: Node, loose: Container[str] = ()) -> bool:
    """Whether an expression has a name that is neither a unit nor a function, nor given for the slip alone."""
    return any(name not in FACTORS and name not in FUNCTIONS and name not in loose for name in names(node))


def addends(node: Node, loose: Container[str]) -> Iterator[Node]:
    """What is added or subtracted and names nothing."""
    for inside in walk(node):
        if isinstance(inside, Sum):
            yield from (negated(side) or side for side in inside.terms if not names_something(side, loose))


def numbers(node: Node) -> Iterator[float]:
    """The numbers in an expression, without powers of ten and signs."""

    def step(inside: Node, parts: tuple[list[float], ...]) -> list[float]:
        match inside:
            case Power(Number(10), _):
                return []
            case Power(_, exponent):
                return [*parts[0], float(exponent)]
            case Number(value):
                return [abs(float(value))]
        return [number for part in parts for number in part]

    yield from fold(node, step)


def free(number: float) -> bool:
    """Whether a number only rounds, or leads from one prefix to another."""
    return number in (0, 1, 1024) or number in (10**power for power in range(1, 16))


def texts(entry: Entry, loose: Container[str]) -> Iterator[str]:
    """What an entry says besides its slip and what was printed."""
    yield from (entry.right, entry.derived, entry.at, *entry.letters.values())
    yield from (text for name, text in entry.given.items() if name not in loose)
    yield from (request.limit for request in (*entry.let.values(), *([entry.derive] if entry.derive else [])))
