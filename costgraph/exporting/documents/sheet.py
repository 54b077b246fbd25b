"""The cheat sheet of an op set, as the data that a template lays out."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from costgraph import __version__
from costgraph.algebra.assumption import Assumption, AtMost, Divides, InDomain
from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, Rational, in_order, lookup
from costgraph.derivation import Derivation
from costgraph.errors import UserError, unknown
from costgraph.exporting.documents import cheatsheet, plain, steps, times
from costgraph.exporting.documents.amounts import typical
from costgraph.exporting.documents.cheatsheet import Line
from costgraph.exporting.documents.comparisons import crossovers, machines, models
from costgraph.exporting.documents.contents import SECTIONS
from costgraph.exporting.documents.layout import Layout
from costgraph.exporting.documents.markup import MATHS, Math
from costgraph.exporting.documents.mathematics import MANY, Record, formula, width
from costgraph.exporting.documents.notation import notation, written_in
from costgraph.exporting.documents.over_mesh import STEPS, over_mesh
from costgraph.exporting.documents.reference import broken, claims_of, reference
from costgraph.exporting.documents.sums import Names, Sum, shared
from costgraph.exporting.escapes import Verbatim
from costgraph.exporting.forms import Form, fingerprint
from costgraph.exporting.targets import Target
from costgraph.records import replace
from costgraph.setup import Setup

WIDTH = 80  # of plain text
LONG = 300  # characters of a formula that nobody reads


def math_of(target: Target, chosen: str | None) -> Math:
    """How the target writes formulas, in a notation."""
    if target.printer not in MATHS:
        raise unknown(f"printer of {target.name}", target.printer, MATHS)
    return written_in(MATHS[target.printer], notation(chosen))


def sheet(target: Target, setup: Setup, chosen: str | None, phase: str | None = None, columns: int = WIDTH) -> str:
    """The cheat sheet of an op set.

    Args:
        target: how it is written.
        setup: whose costs stand on it; worked numbers are computed at its sizes.
        chosen: the notation.
        phase: if given, only costs of this one.
        columns: characters on a line of plain text.

    Raises:
        UserError: an unknown notation, a wrong template, or nothing to stand on the sheet.
    """
    context = {"columns": columns, **sheet_context(math_of(target, chosen), setup, phase)}
    if target.is_plain:
        return plain.text(context)
    from costgraph.exporting import templates  # loads Jinja2

    return templates.render(target, context)


def sheet_context(math: Math, setup: Setup, phase: str | None = None) -> dict[str, Any]:
    """Everything that stands on the sheet."""
    if phase not in (None, *STEPS):
        raise UserError(f"--phase {phase}: the sheet has costs of {', '.join(STEPS)}; choose from these")
    parts = (*SECTIONS, *([over_mesh(setup)] if setup.mesh else []))
    derived = cheatsheet.Derived(setup)
    found = [(part, list(cheatsheet.lines(part, derived, phase))) for part in parts]
    own = [line.derivation for _, lines in found for line in lines if not line.row.op_set]
    if not own:
        raise UserError(f"none of the rows of the sheet is a cost of {setup}")
    some, claims = own[0], claims_of(form for one in own for form in one.forms.values())
    named = sums_of(setup, [line for _, lines in found for line in lines], math)
    layout = Layout(replace(math, names=Names(named)), reference(setup, claims))
    sections: list[Record] = [section("Sums", list(map(layout.sum, named)), SUMS)] if named else []
    sections += [
        section(part.title, [*map(layout.definition, part.definitions), *map(layout.row, lines)], part.note)
        for part, lines in found
        if lines
    ]
    sections += steps.section(setup, layout, phase)
    sections += times.sections(setup, layout, phase)
    if equal := list(crossovers(setup, layout, phase)):
        sections.append(section("Crossovers", equal))
    refuse_choices_not_made(setup, layout.used)
    forms = [Form(f"{part.title}/{line.row.label}", line.value, line.form) for part, lines in found for line in lines]
    return {
        "version": __version__,
        "hash": fingerprint(forms),
        "op_set": ", ".join([setup.title, *([phase] if phase else []), *setup.beside]),
        "symbols": symbols(layout.used, math, layout.of_their_own),
        "conventions": [*(["Of one device of the mesh."] if setup.mesh else []), *conventions(some)],
        "assumptions": assumptions(some, math),
        "remarks": [*setup.remarks(layout.used, "the sheet"), *unkept(claims, layout.sizes)],
        "sections": sections,
        "machines": machines(),
        "models": models() if "L" in layout.used else [],  # what is no model is not compared with models
        "sizes": {
            name: symbol(name, math, layout.sizes)["math"] for name in ("L", "D", "A")
        },  # the columns of the models
        "works": layout.works.listed,
    }


SUMS = "Of widths of the model, as many formulas below have them."


def sums_of(setup: Setup, lines: Sequence[Line], math: Math) -> tuple[Sum, ...]:
    """What formulas of a document share, where one of them is too long to be read as it is."""
    sides = [Quotient(side) for one in lines for side in (one.value.numerator, one.value.denominator)]
    if max(len(one.numerator) for one in sides) < MANY or max(width(one, math) for one in sides) <= LONG:
        return ()
    layers = {name for line in lines for one in line.form.loops for name in one.times.symbols}
    widths = {name for name in setup.model.bindings.keys() - layers if not SYMBOLS[name].unit}  # no tokens, no bytes
    return shared((value for one in lines for value in (one.value, *(kept for _, kept in one.limits))), widths)


def refuse_choices_not_made(setup: Setup, used: Container[str]) -> None:
    """Raise for a size that was typed and occurs in no row because it names a choice that was not made.

    Rows have passes and options of their own, so that T and G may be typed without an axis and an option.
    """
    for name in setup.sizes:
        if name not in used and (said := setup.not_made(name)):
            raise UserError(said)


def unkept(claims: Iterable[Divides], sizes: Mapping[str, Rational]) -> list[str]:
    """What worked numbers do not keep: sizes that were typed, or those of a model, leave no choice."""
    return [f"{claim} does not hold at the sizes of the worked numbers" for claim in broken(claims, sizes)]


def section(title: str, rows: list[Record], note: str = "") -> Record:
    """A heading with its rows; those of a compact section have their name and their formula on one line."""
    return {"title": title, "note": note, "rows": rows, "compact": False}


def symbols(names: Iterable[str], math: Math, sizes: Mapping[str, Rational]) -> list[Record]:
    """The symbol table of a document, with the sizes at which worked numbers are computed.

    Raises:
        UserError: the notation shows two of them alike.
    """
    looks: dict[str, str] = {}
    for name in names:
        other = looks.setdefault(math.style.symbol(name), name)
        if other != name:
            raise UserError(f"{other} and {name} would look alike in this notation; choose another one")
    return [symbol(name, math, sizes) for name in in_order(looks.values())]


def symbol(name: str, math: Math, sizes: Mapping[str, Rational]) -> Record:
    """A line of the symbol table."""
    entry = SYMBOLS[name]
    return {
        "math": formula(Quotient(Polynomial.symbol(name)), replace(math, rewrite={})),
        "meaning": entry.meaning,
        "unit": entry.unit,
        "typical": typical(name, sizes),
    }


def conventions(derivation: Derivation) -> list[str]:
    """What is counted, in sentences."""
    return [
        *(
            part[0].upper() + part[1:] + "."
            for part in derivation.setup.convention.describe(derivation.setup.graph.kinds).split("; ")
        ),
        *([f"{derivation.policy[0].upper()}{derivation.policy[1:]}."] if derivation.policy else []),
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
