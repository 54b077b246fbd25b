"""The derivation appendix: op by op, where each term comes from, the sum, the simplification, the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from costgraph import __version__
from costgraph.algebra.polynomial import total
from costgraph.algebra.printers import ratio
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.derivation import Derivation
from costgraph.exporting import templates
from costgraph.exporting.documents.because import Reasons
from costgraph.exporting.documents.citations import joined
from costgraph.exporting.documents.markup import Math
from costgraph.exporting.documents.mathematics import arm_names, arms, condition, formula, is_long, main, tidy, width
from costgraph.exporting.documents.reference import reference
from costgraph.exporting.documents.sheet import assumptions, conventions, math_of, symbols
from costgraph.exporting.escapes import Verbatim
from costgraph.exporting.forms import collect, fingerprint, source
from costgraph.exporting.targets import Target
from costgraph.graph.graph import Graph
from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import sources
from costgraph.library.judging.as_written import as_written
from costgraph.library.judging.published import published
from costgraph.library.pages.errata import cited
from costgraph.provenance import Term


def appendix(target: Target, derivation: Derivation, shape: str, chosen: str | None, fragment: bool) -> str:
    """One derivation, op by op: where each term comes from, the sum, the simplification, the limit.

    Raises:
        UserError: an unknown notation, or a wrong template.
    """
    math = math_of(target, chosen)
    forms = collect(replace(derivation, when=None))
    used = {name for form in derivation.forms.values() for name in (*form.symbols, *form.remainder.symbols)}
    context = {
        "version": __version__,
        "hash": fingerprint(forms),
        "fragment": fragment,
        "op_set": derivation.setup.title,
        "phase": derivation.setup.phase,
        "passes": derivation.passes,
        "mesh": str(derivation.graph.mesh),
        "symbols": symbols(used, math, reference()),
        "conventions": conventions(derivation),
        "assumptions": assumptions(derivation, math),
        "remarks": list(derivation.remarks),
        "forms": [derived(name, derivation, math, shape) for name in derivation.forms],
    }
    return templates.render(target, context)


def derived(name: str, derivation: Derivation, math: Math, shape: str) -> dict[str, Any]:
    """One closed form with its terms."""
    form, limited = derivation.forms[name], derivation.limited[name]
    regime = derivation.regimes.get(name)
    titles = {sources()[key].title for key in by_source(form, derivation.setup.phase)}
    defining = [part for part in source(name).split("; ") if part]
    return {
        "name": name,
        "unit": form.unit,
        "source": "; ".join(part for part in defining if title_of(part) not in titles),
        "places": places(name, form.terms, math, derivation.graph),
        "over": places(name, form.over, math, derivation.graph),
        "expanded": displayed(form.value, math, "expanded", name),
        "simplified": displayed(form.value, math, shape, name),
        "leading": displayed(form.value, math, "leading") if form.value.is_polynomial else [],
        "published": published_as(form, derivation.setup.phase, math, defining),
        "limit": condition(
            ",".join(f"{n}->oo" if v == "oo" else f"{n}={v}" for n, v in derivation.setup.bindings.items()), math
        )
        if derivation.setup.bindings
        else "",
        "limited": displayed(limited.value, math, shape, name),
        "regime": condition(derivation.when, math) if derivation.when else "",
        "dominant": displayed(regime.leading, math) if regime else [],
        "neglected": displayed(regime.neglected, math) if regime else [],
        "left_out": displayed(form.remainder, math) if form.remainder.numerator and not form.over else [],
        "flat": not form.terms,
    }


PAGE = 85  # characters, as on a blackboard, that fit into a line of the page


def displayed(value: Quotient, math: Math, shape: str = "auto", measure: str = "") -> list[Verbatim]:
    """A form as one displayed formula, or as a fraction with named arms and these."""
    if is_long(value, math):
        return [line["broken"] or line["math"] for line in arms(value, math, arm_names(measure))]
    line = main(value, math, shape)
    return [line["broken"] if width(value, math, shape) > PAGE else line["math"]]


def by_source(form: ClosedForm, phase: str) -> dict[str, list[Entry]]:
    """The entries that print the form, by their source."""
    found: dict[str, list[Entry]] = {}
    for entry in published({form.name: form}, phase)[form.name]:
        found.setdefault(entry.source, []).append(entry)
    return found


def published_as(form: ClosedForm, phase: str, math: Math, defining: Sequence[str] = ()) -> list[dict[str, str]]:
    """Where the form was printed, each source once, and where it is defined there."""
    return [published_in(key, entries, defining, math) for key, entries in by_source(form, phase).items()]


def published_in(key: str, entries: Sequence[Entry], defining: Sequence[str], math: Math) -> dict[str, str]:
    """Where a source prints the form, with the shortest that it prints, and where it defines it, if it does."""
    work = sources()[key]
    defined = [part.partition('", ')[2] for part in defining if title_of(part) == work.title]
    where = f"{cited(work)}, {joined(list(dict.fromkeys(entry.place for entry in entries)))}"
    return {
        "where": where + "".join(f" (defined in {place})" for place in defined if place),
        "math": min((printed_as(entry, math) for entry in entries), key=len),
    }


def title_of(reference: str) -> str:
    """The title in a reference such as `"Decoder-Only Transformers", eq. 6.1`."""
    return reference.partition('"')[2].partition('"')[0]


def printed_as(entry: Entry, math: Math) -> Verbatim:
    """What an entry prints, as its author wrote it."""
    return tidy(as_written(entry.printed, entry.letters, math.style), math)


def places(measure: str, terms: Sequence[Term], math: Math, graph: Graph) -> list[dict[str, Any]]:
    """The terms by the part of the model they stand in, with subtotals, each with why it is there."""
    flat = replace(math, tall=replace(math.style, fraction=ratio, stacked=False))  # as rows of text are
    reasons = Reasons(graph, flat)
    found = []
    for place in dict.fromkeys(term.place for term in terms):
        members = [term for term in terms if term.place == place]
        amounts = [total([term.amount for term in members]), *(term.amount for term in members)]
        together, *texts = [formula(Quotient(amount), flat) for amount in amounts]
        found.append(
            {
                "name": place,
                "total": together,
                "terms": [
                    {"op": term.op, "source": term.source, "math": text, "why": reasons.of(term, measure)}
                    for term, text in zip(members, texts, strict=True)
                ],
            }
        )
    return found
