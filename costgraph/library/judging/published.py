"""Which published forms a result equals, found without reading more of the library than its measure needs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError
from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import blocks, parsed
from costgraph.library.judging.calculator import calculate, meant
from costgraph.library.judging.glance import NAME, may_be

DERIVE = re.compile(r"^derive = \{(?!.*\b(?:ops|sources|part) = ).*\}$", re.MULTILINE)  # of a whole graph
ELSE = re.compile(r"^(?:\[entry\.)?(?:derived|erratum|given|let|at)\b", re.MULTILINE)  # more than that


def published(forms: Mapping[str, ClosedForm], phase: str) -> dict[str, list[Entry]]:
    """For each form, the entries that print just this: the same measure of a whole graph, equal as functions."""
    return {
        name: [e for e in candidates(name, phase, form.value.symbols) if printed(e) == form.value]
        for name, form in forms.items()
    }


def candidates(measure: str, phase: str, symbols: Collection[str] | None = None) -> list[Entry]:
    """Entries that print the whole of a measure, and are right; if symbols are given, what may be a form in these."""
    return [
        entry
        for block in blocks()
        if may_print(measure, phase, block.text) and (symbols is None or may_be(block.text, symbols))
        for entry in parsed(block)
        if (asked := entry.derive) and asked.measure == measure and asked.phase in ("", phase)
        and entry.printed and not (entry.derived or asked.ops or asked.sources or asked.part or entry.erratum)
    ]  # fmt: skip


def may_print(measure: str, phase: str, block: str) -> bool:
    """Whether the text of an entry may print the whole of a measure: what cannot is not parsed, so that it is fast."""
    if f'measure = "{measure}"' not in block or "\nprinted = " not in block or ELSE.search(block):
        return False
    asked = DERIVE.search(block)
    if asked is None or f'measure = "{measure}"' not in asked[0]:
        return False
    return "phase = " not in asked[0] or f'phase = "{phase}"' in asked[0]


def printed(entry: Entry) -> Quotient | None:
    """The formula of an entry; None if it has names that only its graph can give a meaning."""
    if "N_params" in entry.printed or entry.given or entry.let or entry.at:
        return None
    used = set(NAME.findall(entry.printed))
    letters = {name: text for name, text in entry.letters.items() if name in used}
    if any(word not in SYMBOLS for text in letters.values() for word in NAME.findall(text)):
        return None  # a size of one model alone
    try:
        return calculate(entry.printed, {name: meant(text) for name, text in letters.items()})
    except UserError:
        return None
