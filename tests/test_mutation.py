"""The literature cannot pass by accident: small changes to every entry are judged, and what survives is explained."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from mutants import mutants

from costgraph.algebra.units import unit_named
from costgraph.errors import UserError
from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import library
from costgraph.library.judging.engine import Names
from costgraph.library.judging.judge import judge
from costgraph.library.judging.judged_by import JUDGED as JUDGED_BY
from costgraph.library.judging.judged_by import judged_by
from costgraph.library.judging.statement import decimal, number

PAGE = Path(__file__).parents[1] / "docs" / "mutation.md"
FATES = ("differs", "refused", "within tolerance", "survives")
EXPLAINED = {
    "within tolerance": "These numbers are not right to the last digit; their tolerance has room for the change.",
    "survives": "In what was printed, these changes cannot be seen.",
}
JUDGED = [e for e in library() if not (e.aside or e.unverified or (e.argument and not e.derived))]
IDS = {e.id for e in JUDGED}
IDLE = [e for e in library() if e.id not in IDS and (e.printed or e.value or e.structure or e.claim)]
INTRODUCTION = """# Mutation test

`costgraph check` passes on the library as it is. This page shows that it would not pass on something else: in every
entry that is judged, one thing at a time is changed, and the entry is judged again. Changed are

- the first digit, the last digit and the sign of a printed number,
- every coefficient and exponent (its first digit one higher), every sign and every comparison of a printed formula, a
  remainder, a dropped constant, a claim, a correction and a record of what sides come to; formulas are also negated and
  doubled,
- every einsum, kind or place of a structure, and the unit of what a graph gives,
- and what the print is read with, compared with and explained by: the letters of `notation`, `derived`, `given`, slips.

What differs or is refused is caught. `COSTGRAPH_UPDATE_GOLDEN=1 pytest tests/test_mutation.py` writes this page.
"""


@dataclass(frozen=True)
class Changed:
    """One changed entry, and what became of it."""

    entry: Entry
    where: str
    text: str
    fate: str
    reason: str = ""


def fates(entry: Entry) -> list[Changed]:
    """What becomes of every changed version of an entry."""
    found = []
    for where, text, mutant in mutants(entry):
        try:
            verdict = judge(mutant)
        except UserError:
            found.append(Changed(entry, where, text, "refused"))
            continue
        if verdict.failed:
            found.append(Changed(entry, where, text, "differs"))
        elif mutant.tolerance and where.partition(".")[0] in ("value", "derived", "given"):
            found.append(Changed(entry, where, text, "within tolerance"))
        else:
            found.append(Changed(entry, where, text, "survives", hidden(mutant, where)))
    return found


def hidden(mutant: Entry, where: str) -> str:
    """Why a change cannot be seen in what was printed; "" if it could."""
    erratum, names = mutant.erratum, Names(mutant)
    if erratum and where in ("value", "printed"):
        return "as wrong as the print; by which slip it came about is not known" if mutant.argument else ""
    if where == "erratum.slip" and erratum and "floor(" in erratum.slip:
        return "cut off by the rounding that is the slip"
    if not mutant.value:
        return ""
    stated = erratum.right if erratum and where != "erratum.slip" else mutant.value
    value = names.slipped(erratum.slip) if erratum and where == "erratum.slip" else names.derived
    printed, half = decimal(str(stated))
    far = abs(number(value) / scale(mutant) - printed)
    return f"{shown(number(value) / scale(mutant))} still rounds to {stated}" if far <= half else ""


def scale(entry: Entry) -> Fraction:
    """The factor in front of the entry's unit."""
    return Fraction(unit_named(entry.unit).scale)


def shown(value: Fraction) -> str:
    """A number to five digits."""
    return f"{float(value):.5g}"


def page(changed: Iterable[Changed]) -> str:
    """The page: counts by what was changed, and everything that was not caught."""
    found = list(changed)
    counts = Counter(
        (one.where if one.where.startswith("erratum") else one.where.partition(".")[0], one.fate) for one in found
    )
    lines = [INTRODUCTION, f"| changed | number | {' | '.join(FATES)} |", f"|---|{'---:|' * (len(FATES) + 1)}"]
    for where in sorted({where for where, _ in counts}, key=lambda name: (name.startswith("erratum"), name)):
        row = [counts[where, fate] for fate in FATES]
        lines.append(f"| `{where}` | {sum(row)} | {' | '.join(map(str, row))} |")
    totals = [sum(one.fate == fate for one in found) for fate in FATES]
    lines.append(f"| all, in {len(JUDGED)} entries | {len(found)} | {' | '.join(map(str, totals))} |")
    lines += ["", "By what judged the entry:", "", f"| judged | entries | number | {' | '.join(FATES)} |"]
    lines += [f"|---|{'---:|' * (len(FATES) + 2)}"]
    for kind in JUDGED_BY:
        part = [one for one in found if judged_by(one.entry) == kind]
        row = [sum(one.fate == fate for one in part) for fate in FATES]
        entries = len({one.entry.id for one in part})
        lines += [f"| {kind} | {entries} | {len(part)} | {' | '.join(map(str, row))} |"] if part else []
    for fate, text in EXPLAINED.items():
        lines += ["", f"## {fate.capitalize()}", "", text, ""]
        lines += [line(one) for one in found if one.fate == fate]
    lines += ["", "## Not judged", "", "These print something, and are argued, unverified or set aside.", ""]
    lines += [f"- `{entry.id}`: {reason(entry)}" for entry in IDLE]
    return "\n".join(lines) + "\n"


def line(one: Changed) -> str:
    """One change that was not caught."""
    text = f"- `{one.entry.id}`, `{one.where}`: `{one.text}`"
    tolerance = f"tolerance {one.entry.tolerance}" if one.fate == "within tolerance" else ""
    return f"{text} ({one.reason or tolerance})"


def reason(entry: Entry) -> str:
    """Why an entry is not judged."""
    return entry.argument or entry.unverified or entry.aside


@pytest.mark.slow
def test_small_changes_are_caught_and_what_survives_has_a_reason() -> None:
    changed = [one for entry in JUDGED for one in fates(entry)]
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ:
        PAGE.write_text(page(changed))
    assert [(one.entry.id, one.where, one.text) for one in changed if one.fate == "survives" and not one.reason] == []
    assert {one.entry.id for one in changed} == {entry.id for entry in JUDGED}
    assert PAGE.read_text() == page(changed)


def test_a_change_that_nothing_hides_is_not_explained_away() -> None:
    entry = next(one for one in JUDGED if one.id == "001-2.14")
    assert hidden(entry, "printed") == ""
