"""A derivation as a report: a table or sums by part, then what the numbers mean, then where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from costgraph import provenance
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import UNICODE, Style, tidy
from costgraph.algebra.quotient import Quotient
from costgraph.derivation import Derivation
from costgraph.largest import Largest
from costgraph.library.judging.as_written import as_written
from costgraph.library.judging.published import published
from costgraph.reports.amounts import readable
from costgraph.reports.maxima import is_largest, largest, several
from costgraph.reports.nodes import Column, Item, Listing, Math, Node, Note, Report, Table, Words, math
from costgraph.reports.parts import ops, parts

if TYPE_CHECKING:
    from costgraph.closed_form import ClosedForm
    from costgraph.library.entries.entry import Entry
    from costgraph.setup import Setup

Published = Mapping[str, "Sequence[Entry]"]  # by measure, the entries of the library that print its form


def report(result: Derivation, shape: str = "auto", explain: bool = False, flat: bool = False) -> Report:
    """All that a derivation says.

    Args:
        result: what was derived.
        shape: of forms, one of `shapes.SHAPES` or a symbol to collect by.
        explain: whether with the op and the tensor that each term comes from.
        flat: whether forms of a model are shown as they are, not by part.
    """
    known = published(result.limited, result.setup.phase)
    answer = by_part(result, shape) if layered(result, flat) else in_one_table(result, shape)
    notes = (*where(result), *footer(result, known))
    return Report(result.head, ((), *answer, notes, *(explained(result, flat) if explain else ())))


def layered(result: Derivation, flat: bool) -> bool:
    """Whether forms are shown by part: those of a model, unless they are to be flat, are leading terms or per layer."""
    return result.setup.model.has_layers and not (flat or result.when or result.share.per == "layer")


def by_part(result: Derivation, shape: str) -> list[tuple[Node, ...]]:
    """For each measure its parts; the largest of several forms as such."""
    sections: list[tuple[Node, ...]] = []
    for name, form in result.forms.items():
        found = result.limited[name]
        tex = partial(parts_in_tex, result, name, shape)
        rounded = "" if found.number is None else readable(found.number, form.unit).strip(" ()")
        sections.append((largest(found, shape, rounded, tex) if is_largest(form) else parts(result, name, shape, tex),))
    return sections


def parts_in_tex(result: Derivation, name: str, shape: str) -> tuple[str, ...]:
    """The same of a measure as lines of LaTeX."""
    from costgraph.reports.derive_tex import parts_lines

    return parts_lines(result, name, shape)


# --- one table ------------------------------------------------------------------------------------------------------


def in_one_table(result: Derivation, shape: str) -> list[tuple[Node, ...]]:
    """A row for each measure, and below the table the maxima in it."""
    bound = bool(result.setup.bindings)
    columns = [Column("measure"), Column("unit"), Column("form", strong=not bound)]
    columns += [Column(f"at {put_in(result)}", strong=True)] if bound else []
    columns += (
        [Column(f"when {result.condition}", strong=True), Column("first neglected / leading")] if result.when else []
    )
    rows = tuple(row(result, name, shape) for name in result.forms)

    def tex() -> tuple[str, ...]:
        from costgraph.reports import derive_tex

        return tuple(line for name in result.forms for line in derive_tex.measure_lines(result, name, shape))

    maxima = [(largest(form, shape),) for form in result.limited.values() if is_largest(form)]
    return [(Table(tuple(columns), rows, tex=tex),), *maxima]


def put_in(result: Derivation) -> str:
    """What a model and what the user put in."""
    model, sizes = result.setup.model.name, result.setup.sizes
    pairs = (f"{name} -> oo" if value == "oo" else f"{name}={value}" for name, value in sizes.items())
    return ", ".join([*([model] if model else []), *pairs])


def row(result: Derivation, name: str, shape: str) -> tuple[Words, ...]:
    """The cells of a measure."""
    form = result.forms[name]
    cells: list[Words] = [name, form.unit, several(form) or math(form.value, shape)]
    if result.setup.bindings:
        cells.append(at_sizes(result.limited[name], shape))
    if result.when:
        regime = result.regimes[name]
        leading: list[str | Math] = [math(regime.leading, shape)]
        times = result.in_params(name) if name != "params" and regime.leading.numerator else None
        if times is not None and name.startswith("flops"):
            leading += [" = ", math(Quotient(times.numerator * Polynomial.symbol("N_params")), shape)]
        cells += [tuple(leading), math(regime.neglected, shape)]
    return tuple(cells)


def at_sizes(form: ClosedForm, shape: str) -> Words:
    """A form once sizes are put in: a number also rounded."""
    number = form.number
    if number is None:
        return several(form) or math(form.value, shape)
    return f"{number}{readable(number, form.unit)}"


# --- what the numbers mean ------------------------------------------------------------------------------------------


def footer(result: Derivation, known: Published) -> list[Note]:
    """Convention, assumptions, what is neglected, and where the same has been published."""
    setup, policy = result.setup, result.policy
    own = [*{form.convention.name: form.convention for form in result.forms.values()}.values()]
    convention = own[0] if len(own) == 1 else setup.convention  # times count what is done, whatever was asked for
    counted = convention.describe(setup.graph.kinds) + (f"; {policy}" if policy else "")
    notes = [Note(counted, f"counted ({convention.name})")]
    if assumptions := dict.fromkeys(str(one) for form in result.forms.values() for one in form.assumptions):
        notes.append(Note(", ".join(assumptions), "assuming"))
    notes += neglected(result)
    notes += sizes_of_model(result)
    notes += [cited(name, found) for name, found in known.items() if found]
    return [*notes, *(Note(remark, "note") for remark in result.remarks)]


def neglected(result: Derivation) -> list[Note]:
    """What a convention leaves out, and what it counts beyond what there is."""
    found = [form for form in result.limited.values() if form.remainder.numerator and not form.over]
    beyond = [form for form in found if form.remainder.numerator.signs == {-1}]
    rest = [(form.name, form.remainder) for form in found if form not in beyond]
    more = [(form.name, Quotient(0) - form.remainder) for form in beyond]
    return [
        Note(one_by_one(forms), word)
        for word, forms in (("left out, exactly", rest), ("counted beyond exact", more))
        if forms
    ]


def one_by_one(forms: list[tuple[str, Quotient]]) -> Words:
    """`params 4LD; states 72LD`."""
    words: list[str | Math] = []
    for name, form in forms:
        words += [f"{'; ' if words else ''}{name} ", math(form)]
    return tuple(words)


def sizes_of_model(result: Derivation) -> list[Note]:
    """What a model puts in, apart from what was typed; nothing without one."""
    setup = result.setup
    sizes = [f"{name}={value}" for name, value in setup.bindings.items() if name not in setup.sizes]
    return [Note(f"{', '.join(sizes)}{related(setup)}", setup.model.name)] if sizes else []


def related(setup: Setup) -> str:
    """Whether all heads together are as wide as the model, which forms with a head width H do not say."""
    sizes = {**setup.model.symbolic, **setup.bindings}
    if not {"A", "H", "D"} <= sizes.keys():
        return ""
    heads, head, width = (size if isinstance(size := sizes[name], Polynomial) else None for name in ("A", "H", "D"))
    if heads is None or head is None or width is None:
        return ""
    return "; A·H = D" if heads * head == width else f"; A·H = {heads * head}, not D"


def where(result: Derivation) -> list[Note]:
    """What symbols of the forms stand for that is no polynomial, before the limit and after it.

    But for maxima, whose forms are shown.
    """
    shown = {name for form in result.forms.values() if isinstance(form, Largest) for name in form.own}
    before, after = (
        list(dict.fromkeys(one for form in forms.values() for one in form.defined if one.name not in shown))
        for forms in (result.forms, result.limited)
    )
    changed = [one for one in after if one not in before]
    return [
        Note(Math(lambda style, part=part: ", ".join(one.written(style) for one in part)), word, formula=True)  # type: ignore[misc]
        for word, part in (("where", before), ("and then", changed))
        if part
    ]


def cited(name: str, found: Sequence[Entry]) -> Note:
    """A form as an author wrote it, the shortest if there are several; and where it was published, the first three."""
    from costgraph.library.entries.reading import sources

    places = {f"{sources()[entry.source].title}, {entry.place}": entry.id for entry in reversed(found)}
    named = [f"{place} [{id_}]" for place, id_ in reversed(places.items())]
    listed = "; ".join([*named[:3], *([f"and {len(named) - 3} more"] if len(named) > 3 else [])])
    own = Math(lambda style: min((as_own(entry, style) for entry in found), key=len))
    return Note((f"{name} = ", own, f": {listed}"), "published")


def as_own(entry: Entry, style: Style) -> str:
    """A form as its author wrote it."""
    text = as_written(entry.printed, entry.letters, style)
    return tidy(text) if style is UNICODE else text


# --- where they come from -------------------------------------------------------------------------------------------


def explained(result: Derivation, flat: bool) -> list[tuple[Node, ...]]:
    """Where every term comes from, measure by measure: of a model from its parts to their ops."""
    sections: list[tuple[Node, ...]] = []
    for name, form in result.limited.items():
        if isinstance(form, Largest):
            sections.append((Note(f"{name}, the largest of"),))
            sections += [(terms(one, ", ".join(one.at)),) for one in form.candidates]
            continue
        found = ops(result, name) if layered(result, flat) and not form.at else None
        sections.append((found or terms(form, (f"{name} = ", math(form.value))),))
    return sections


def terms(form: ClosedForm, title: Words) -> Table | Listing:
    """The terms of a form by place, each with what it comes from."""
    rows = provenance.rows(form.terms, form.over, form.loops)
    if not rows:
        return Listing((Item("0"),), title)
    cells = tuple((name, "" if size is None else math(size), source) for name, size, source in rows)
    return Table((Column("op"), Column("term"), Column("from")), cells, title)
