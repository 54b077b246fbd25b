"""Two numbers for one thing as a report: who counts like that, the difference as named terms, and what is left."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from costgraph.algebra.printers import python
from costgraph.algebra.quotient import Quotient
from costgraph.library.reconciling.reconciliation import Reconciliation, Side
from costgraph.reports.nodes import Column, Item, Listing, Math, Note, Report, Table, Verdict, Words, math

SCHEMA = "costgraph.reconcile/1"
SHOWN = 4  # readings of a side


def report(found: Reconciliation) -> Report:
    """Whether both are found, both sides, and what leads from the first to the second."""
    sides = tuple(of_side(name, side, found.unit) for name, side in (("A", found.a), ("B", found.b)))
    return Report(found.head, ((verdict(found),), sides, (steps(found),), (searched(found),)))


def verdict(found: Reconciliation) -> Verdict:
    """Whether both are reproduced, and whether all of the difference is explained."""
    missing = [name for name, side in (("A", found.a), ("B", found.b)) if not side.reproduced]
    if missing:
        return Verdict(f"no way to count gives {' or '.join(missing)}", False)
    if not found.difference.numerator:
        return Verdict("A and B are equal", True)
    return Verdict(f"both are found, and {named(found)}", True)


def named(found: Reconciliation) -> str:
    """How much of the difference has a name; a part only if that leaves less than there was."""
    if not found.left.numerator:
        return "all of the difference has a name"
    if not found.steps or found.left == found.difference:
        return "nothing of the difference has a name"
    rest, whole = found.left.number, found.difference.number
    if rest is not None and whole is not None and abs(Fraction(rest)) >= abs(Fraction(whole)):
        return "what has a name explains nothing of the difference"
    return "part of the difference has a name"


def of_side(name: str, side: Side, unit: str) -> Listing:
    """One side: its value, and the ways of counting that give it."""
    head: Words = (f"{name} = ", amount(side.value), f" {unit}")
    if not side.reproduced:
        if side.open:
            return Listing(
                (Item(head, (f"what is derived depends on {', '.join(side.open)}; put them in with --limit",)),)
            )
        nearest = f"nearest is {side.chosen}, which is off by "
        return Listing((Item(head, ("no way to count gives it", (nearest, amount(side.left)))),))
    others = [reading for reading in side.found if reading != side.chosen]
    more = [f"and {len(others) - SHOWN + 1} more"] if len(others) >= SHOWN else []
    return Listing((Item(head, (f"= {side.chosen}", *(f"= {one}" for one in others[: SHOWN - 1]), *more)),))


def steps(found: Reconciliation) -> Table:
    """The difference, the terms that it is made of, and what is left."""
    rest = f"{share(found)} of the difference" if share(found) else ""
    rows = [(amount(step.amount), step.what) for step in found.steps]
    left = (amount(found.left), f"left{', ' if rest else ''}{rest}")
    return Table((Column("B - A", right=True), Column("what")), ((amount(found.difference), "in all"), *rows, left))


def searched(found: Reconciliation) -> Note:
    """What was tried."""
    return Note(f"{found.searched} ways to count: {found.space}", "searched")


def amount(value: Quotient) -> str | Math:
    """A number with its digits in groups, or a form."""
    number = value.number
    if number is None:
        return math(value, "factored")
    return f"{int(number):,}" if number.denominator == 1 else f"{float(number):,.2f}"


def share(found: Reconciliation) -> str:
    """How much of the difference is left; "" if nothing is, or nothing can be said."""
    rest, whole = found.left.number, found.difference.number
    return f"{float(100 * rest / whole):.3g} %" if rest and whole else ""


def to_json(found: Reconciliation) -> dict[str, Any]:
    """The contract `costgraph.reconcile/1`; see docs/json.md."""
    return {
        "schema": SCHEMA,
        "measure": found.measure,
        "unit": found.unit,
        "reproduced": found.reproduced,
        **{name: side_json(side) for name, side in (("a", found.a), ("b", found.b))},
        "difference": python(found.difference),
        "terms": [{"what": step.what, "amount": python(step.amount)} for step in found.steps],
        "left": python(found.left),
        "searched": {"readings": found.searched, "space": found.space},
    }


def side_json(side: Side) -> dict[str, Any]:
    """One side."""
    return {
        "typed": side.typed,
        "value": python(side.value),
        "reproduced": side.reproduced,
        "readings": [str(reading) for reading in side.found],
        "nearest": str(side.chosen),
        "left": python(side.left),
    }
