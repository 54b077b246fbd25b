"""Judges an entry: does what was printed follow from the engine?"""

from __future__ import annotations

from dataclasses import field
from functools import cached_property

from costgraph.errors import UserError
from costgraph.library.entries.entry import Entry
from costgraph.library.judging.judged_by import JUDGED, Judged, judged_by
from costgraph.library.judging.readable import read
from costgraph.library.judging.recorded_slip import BECOMES, check_explains, rewritten
from costgraph.library.judging.statement import Outcome, Test, test
from costgraph.records import dataclass

OUTCOMES: dict[Outcome, str] = {
    "agrees": "identical to what it is compared with, or equal to it to the last printed digit",
    "agrees to the stated order": "what was dropped is exactly the stated remainder, and vanishes in the stated limit",
    "approximates": "a number within its stated tolerance",
    "erratum as recorded": "the print differs, the correction follows, and the recorded slip gives the print",
    "argued": JUDGED["argued"],
    "set aside": JUDGED["set aside"],
    "unverified": JUDGED["unverified"],
    "differs": "the print does not follow: a failure",
}
UNJUDGED: dict[Outcome, str] = {"argued": "argument", "set aside": "aside", "unverified": "unverified"}


@dataclass(frozen=True)
class Verdict:
    """The outcome for one entry, the reason in one line, what the engine says, and what the verdict rests on."""

    entry: Entry
    outcome: Outcome
    reason: str = ""
    tested: Test | None = field(default=None, repr=False)

    @cached_property
    def derived(self) -> str:
        """What the engine says, as text; of the whole library hardly any is shown."""
        return self.tested.derived() if self.tested else ""

    @cached_property
    def judged(self) -> Judged:
        """What the verdict rests on."""
        return judged_by(self.entry)

    @property
    def failed(self) -> bool:
        """Whether the check as a whole fails because of it."""
        return self.outcome == "differs"


def judge(entry: Entry) -> Verdict:
    """The verdict on one entry.

    Raises:
        UserError: the entry cannot be evaluated: an unknown symbol, measure, op set or pass, or a formula that does
            not parse; the message names file, line and entry.
    """
    try:
        for outcome, reason in UNJUDGED.items():
            if settled := getattr(entry, reason):
                read(entry)
                wrong = contradicted(entry) if entry.argument else ""
                return Verdict(entry, "differs", wrong) if wrong else Verdict(entry, outcome, settled)
        return compared(entry, test(entry))
    except UserError as error:
        raise UserError(f"{entry.where}: {error}") from None
    except RecursionError:
        raise UserError(f"{entry.where}: an expression is too long or nested too deeply") from None


def compared(entry: Entry, tested: Test) -> Verdict:
    """The verdict, once it is known how to test the statement."""
    found = tested.says(entry.stated)
    if entry.shows and entry.shows != tested.derived():
        return Verdict(entry, "differs", f"the two sides are recorded as {entry.shows}", tested)
    if entry.erratum is None:
        if found:
            return Verdict(entry, found, tested=tested)
        return Verdict(entry, "differs", tested.difference() or "it is not true", tested)
    erratum = entry.erratum
    if wrong := corrected(entry, tested):
        return Verdict(entry, "differs", wrong, tested)
    if not erratum.slip:
        raise UserError("erratum.slip is missing: an expression, or 'THIS becomes THAT', that gives what was printed")
    if tested.slipped is None or BECOMES in erratum.slip:
        gives = rewritten(entry, erratum.slip)
    else:
        check_explains(entry, erratum.slip)
        gives = tested.slipped(erratum.slip)
    if not gives:
        return Verdict(entry, "differs", "the recorded slip does not give what was printed", tested)
    return Verdict(entry, "erratum as recorded", erratum.why, tested)


def contradicted(entry: Entry) -> str:
    """What is derived against an argument; "" if nothing is, or if it fits."""
    if not (entry.derived or entry.derive or entry.claim or entry.indexed):
        return ""
    tested = test(entry)
    if entry.erratum:
        return corrected(entry, tested)
    return "" if tested.says(entry.stated) else tested.difference() or "it is not true"


def corrected(entry: Entry, tested: Test) -> str:
    """What is wrong with an erratum, apart from its slip; "" if the print does not follow and the correction does."""
    if entry.erratum is None:
        return ""
    if tested.says(entry.stated):
        return "an erratum is recorded, but what was printed follows"
    if not tested.says(entry.erratum.right):
        return f"the correction does not follow: {entry.right}"
    if tested.sides and tested.sides(entry.right) != (entry.erratum.shows or tested.sides(entry.right)):
        return f"the two sides of the correction are recorded as {entry.erratum.shows}"
    return ""
