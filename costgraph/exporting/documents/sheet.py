"""The cheat sheet of an op set, as the data that a template lays out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from costgraph import __version__
from costgraph.algebra.assumption import Assumption, AtMost, Divides, InDomain
from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, in_order, lookup
from costgraph.derivation import Derivation
from costgraph.errors import UserError, unknown
from costgraph.exporting import templates
from costgraph.exporting.documents import cheatsheet, times
from costgraph.exporting.documents.amounts import typical
from costgraph.exporting.documents.comparisons import crossovers, machines, models
from costgraph.exporting.documents.contents import SECTIONS
from costgraph.exporting.documents.layout import Layout
from costgraph.exporting.documents.markup import MATHS, Math
from costgraph.exporting.documents.mathematics import Record, formula
from costgraph.exporting.documents.notation import notation, written_in
from costgraph.exporting.forms import Form, fingerprint
from costgraph.exporting.targets import Target
from costgraph.exporting.templates import Verbatim


def math_of(target: Target, chosen: str | None) -> Math:
    """How the target writes formulas, in a notation."""
    if target.printer not in MATHS:
        raise unknown(f"printer of {target.name}", target.printer, MATHS)
    return written_in(MATHS[target.printer], notation(chosen))


def sheet(target: Target, op_set: str, convention: str, precision: str, chosen: str | None) -> str:
    """The cheat sheet of an op set.

    Raises:
        UserError: an unknown op set, convention, precision or notation, or a wrong template.
    """
    return templates.render(target, sheet_context(math_of(target, chosen), op_set, convention, precision))


def sheet_context(math: Math, op_set: str, convention: str, precision: str) -> dict[str, Any]:
    """Everything that stands on the sheet."""
    found = [(part, list(cheatsheet.lines(part, op_set, convention, precision))) for part in SECTIONS]
    layout = Layout(math, cheatsheet.reference())
    some = next(line.derivation for _, lines in found for line in lines if not line.row.op_set)
    sections: list[Record] = [
        section(part.title, [*map(layout.definition, part.definitions), *map(layout.row, lines)], part.note)
        for part, lines in found
        if lines
    ]
    sections += times.sections(op_set, convention, layout)
    if equal := list(crossovers(op_set, convention, precision, layout)):
        sections.append(section("Crossovers", equal))
    forms = [Form(f"{part.title}/{line.row.label}", line.value, line.form) for part, lines in found for line in lines]
    return {
        "version": __version__,
        "hash": fingerprint(forms),
        "op_set": some.op_set,
        "symbols": symbols(layout.used, math),
        "conventions": conventions(some),
        "assumptions": assumptions(some, math),
        "sections": sections,
        "machines": machines(),
        "models": models() if "L" in layout.used else [],  # what is no model is not compared with models
        "sizes": {name: symbol(name, math)["math"] for name in ("L", "D", "A")},  # the columns of the models
        "works": layout.works.titles,
    }


def section(title: str, rows: list[Record], note: str = "") -> Record:
    """A heading with its rows; those of a compact section have their name and their formula on one line."""
    return {"title": title, "note": note, "rows": rows, "compact": False}


def symbols(names: Iterable[str], math: Math) -> list[Record]:
    """The symbol table of a document.

    Raises:
        UserError: the notation shows two of them alike.
    """
    looks: dict[str, str] = {}
    for name in names:
        other = looks.setdefault(math.style.symbol(name), name)
        if other != name:
            raise UserError(f"{other} and {name} would look alike in this notation; choose another one")
    return [symbol(name, math) for name in in_order(looks.values())]


def symbol(name: str, math: Math) -> Record:
    """A line of the symbol table."""
    entry = SYMBOLS[name]
    return {
        "math": formula(Quotient(Polynomial.symbol(name)), replace(math, rewrite={})),
        "meaning": entry.meaning,
        "unit": entry.unit,
        "typical": typical(name),
    }


def conventions(derivation: Derivation) -> list[str]:
    """What is counted, in sentences."""
    return [
        *(part[0].upper() + part[1:] + "." for part in derivation.convention.describe().split("; ")),
        "1 GB is 10⁹ bytes, 1 GiB is 2³⁰ bytes.",
    ]


def assumptions(derivation: Derivation, math: Math) -> list[str]:
    """What is taken for granted, in the letters of the document."""
    claims = [claim for form in derivation.forms.values() for claim in form.assumptions]
    defined = [one for forms in (derivation.forms, derivation.limited) for f in forms.values() for one in f.defined]
    known = [stands_for(one, math) for one in dict.fromkeys(defined)]
    return [*known, *(assumed(claim, math) for claim in dict.fromkeys(claims))]


def stands_for(one: Definition, math: Math) -> str:
    """What a symbol stands for that is no polynomial."""
    inside = [str(formula(Quotient(argument), math)) for argument in one.arguments]
    symbol = formula(Quotient(Polynomial.symbol(one.name)), math)
    return Verbatim(math.inline(symbol + math.equals + math.style.call(one.function, inside)))


def assumed(claim: Assumption, math: Math) -> str:
    """One claim."""

    def joined(left: Polynomial, sign: str, right: Polynomial) -> Verbatim:
        return Verbatim(math.inline(formula(Quotient(left), math) + sign + formula(Quotient(right), math)))

    match claim:
        case Divides():
            return joined(claim.divisor, math.divides, claim.dividend)
        case AtMost():
            return joined(claim.small, math.at_most, claim.large)
        case InDomain():
            whole = f" is a {lookup(claim.name).domain}"
            return Verbatim(math.inline(formula(Quotient(claim.value), math)) + whole)
    return str(claim)
