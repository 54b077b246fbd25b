"""Which published forms a result equals, found without reading more of the library than its measure needs."""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError
from costgraph.library.calculator import calculate
from costgraph.library.entry import Entry
from costgraph.library.evaluation import translated
from costgraph.library.reading import mentioning


def published(forms: Mapping[str, ClosedForm], phase: str) -> dict[str, list[Entry]]:
    """For each form, the entries that print just this: the same measure of a whole graph, equal as functions."""
    return {name: [e for e in candidates(name, phase) if printed(e) == form.value] for name, form in forms.items()}


def candidates(measure: str, phase: str) -> list[Entry]:
    """Entries that print the whole of a measure, and are right."""
    return [
        entry
        for entry in mentioning(f'measure = "{measure}"')
        if (asked := entry.derive) and asked.measure == measure and asked.phase in ("", phase)
        and entry.printed and not (entry.derived or asked.ops or asked.sources or asked.part or entry.erratum)
    ]  # fmt: skip


def printed(entry: Entry) -> Quotient | None:
    """The formula of an entry; None if it has names that only its graph can give a meaning."""
    if "N_params" in entry.printed or entry.given or entry.let or entry.at:
        return None
    try:
        return calculate(entry.printed, translated(entry.letters, {}))
    except UserError:
        return None
