"""A derivation as text, Markdown or LaTeX."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from costgraph import provenance
from costgraph.algebra import printers
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import Rational
from costgraph.cli.largest_text import is_largest, largest_lines, several
from costgraph.derivation import Derivation
from costgraph.largest import Largest

if TYPE_CHECKING:
    from costgraph.closed_form import ClosedForm
    from costgraph.library.entries.entry import Entry
    from costgraph.setup import Setup

Row = list[str]
Pretty = Callable[..., str]
Published = Mapping[str, "Sequence[Entry]"]  # by measure, the entries of the library that print its form


def text(
    result: Derivation,
    explain: bool,
    shape: str,
    style: printers.Style,
    drawn_on_terminal: bool,
    known: Published,
    flat: bool = False,
) -> str:
    """A table, then what the numbers mean; drawn with rich on a terminal, plain elsewhere.

    Of a model with layers each measure has a table by part, unless it is to be flat.
    """
    pretty, sign = (printers.unicode, "×") if style is printers.UNICODE else (printers.python, "x")

    def write(value: Quotient) -> str:
        return pretty(value, shape)

    most = [line for form in result.limited.values() if is_largest(form) for line in ("", *largest_lines(form, write))]
    footers = [
        *map(" ".join, where(result, style, below=True)),
        *(line for line in footer(result, write, known) if line),
    ]
    if explain:
        footers += explained(result, pretty, sign, flat)
    if layered(result, flat):
        tables = by_part(result, write, sign)
        return "\n".join([result.head, *tables, "", *footers])
    rows = table(result, write, authors_own(known, style) if shape == "auto" else {}, several)
    if drawn_on_terminal:
        return drawn(rows, [*most[1:], *most[:1], *footers], result.head)
    return "\n".join([result.head, "", *plain(rows), *most, "", *footers])


def by_part(result: Derivation, write: Callable[[Quotient], str], sign: str) -> list[str]:
    """For each measure its parts in columns; the form in one line where it has none."""
    from costgraph.cli.parts_text import lines_of  # an op set has no parts

    lines: list[str] = []
    for name, form in result.forms.items():
        found = result.limited[name]
        rounded = "" if found.number is None else readable(found.number, form.unit).strip(" ()")
        of_it = (
            largest_lines(found, write, rounded) if is_largest(form) else lines_of(result, name, write, sign, rounded)
        )
        lines += ["", *of_it]
    return lines


def header(result: Derivation) -> Row:
    """Column titles."""
    names = ["measure", "unit", "form"]
    if result.setup.bindings:
        model, sizes = result.setup.model.name, result.setup.sizes
        pairs = (f"{name} -> oo" if value == "oo" else f"{name}={value}" for name, value in sizes.items())
        names.append("at " + ", ".join([*([model] if model else []), *pairs]))
    if result.when:
        names += [f"when {result.when}", "first neglected / leading"]
    return names


def authors_own(known: Published, style: printers.Style) -> dict[str, str]:
    """For each measure whose form is published, the form as an author wrote it; the shortest if there are several."""
    from costgraph.library.judging.as_written import as_written

    written = {name: [as_written(e.printed, e.letters, style) for e in found] for name, found in known.items()}
    return {name: min(texts, key=len) for name, texts in written.items() if texts}


def table(
    result: Derivation, write: Callable[[Quotient], str], own: Mapping[str, str],
    instead: Callable[[ClosedForm], str] = lambda form: "",
) -> list[Row]:  # fmt: skip
    """The header and one row per measure.

    `own` holds forms that are printed as an author wrote them; what `instead` says of a form stands in place of it.
    """
    rows = [header(result)]
    for name, form in result.forms.items():
        whole = instead(form) or write(form.value)
        row = [name, form.unit, whole if result.setup.bindings else own.get(name) or whole]
        if result.setup.bindings:
            limited = result.limited[name]
            number = limited.number
            if number is None:
                row.append(own.get(name) or instead(limited) or write(limited.value))
            else:
                row.append(f"{number}{readable(number, form.unit)}")
        if result.when:
            regime = result.regimes[name]
            times = result.in_params(name) if name != "params" and regime.leading.numerator else None
            leading = write(regime.leading)
            if times is not None and name.startswith("flops"):
                leading += " = " + write(Quotient(times.numerator * Polynomial.symbol("N_params")))
            row += [leading, write(regime.neglected)]
        rows.append(row)
    return rows


def readable(number: Rational, unit: str) -> str:
    """A large exact number once more, rounded, with its binary and its decimal prefix."""
    if not 1 <= number < 10**30:
        return ""
    amount = float(Fraction(number))
    if unit.startswith("byte"):
        binary, decimal = prefixed(amount, 1024, ("", "Ki", "Mi", "Gi", "Ti", "Pi")), prefixed(amount, 1000, SI)
        return f" ({binary}B = {decimal}B)" if amount >= 1024 else ""
    return f" ({amount:.4g})" if amount >= 1e6 else ""


SI = ("", "k", "M", "G", "T", "P", "E")


def prefixed(amount: float, step: int, prefixes: tuple[str, ...]) -> str:
    """`amount` with the largest prefix that leaves it at least 1."""
    at = 0
    while amount >= step and at < len(prefixes) - 1:
        amount, at = amount / step, at + 1
    return f"{amount:.4g} {prefixes[at]}"


def footer(result: Derivation, write: Callable[[Quotient], str], known: Published) -> list[str]:
    """Convention, assumptions, what is neglected, and where the same has been published."""
    forms = result.forms.values()
    assumptions = dict.fromkeys(str(a) for form in forms for a in form.assumptions)
    left_out = [form for form in result.limited.values() if form.remainder.numerator and not form.over]
    beyond = [form for form in left_out if form.remainder.numerator.signs == {-1}]  # more is counted than there is
    rest = [f"{form.name} {write(form.remainder)}" for form in left_out if form not in beyond]
    more = [f"{form.name} {write(Quotient(0) - form.remainder)}" for form in beyond]
    setup = result.setup
    policy = result.policy
    return [
        f"counted ({setup.convention.name}): {setup.convention.describe(setup.graph.kinds)}"
        + (f"; {policy}" if policy else ""),
        f"assuming: {', '.join(assumptions)}" if assumptions else "",
        f"left out, exactly: {'; '.join(rest)}" if rest else "",
        f"counted beyond exact: {'; '.join(more)}" if more else "",
        sizes_of_model(result),
        *(f"published: {name} is {cited(found)}" for name, found in known.items() if found),
        *(f"note: {remark}" for remark in result.remarks),
    ]


def sizes_of_model(result: Derivation) -> str:
    """What a model puts in, apart from what was typed; nothing without one."""
    setup = result.setup
    sizes = [f"{name}={value}" for name, value in setup.bindings.items() if name not in setup.sizes]
    return f"{setup.model.name}: {', '.join(sizes)}{related(setup)}" if sizes else ""


def related(setup: Setup) -> str:
    """Whether all heads together are as wide as the model, which forms with a head width H do not say."""
    sizes = {**setup.model.symbolic, **setup.bindings}
    if not {"A", "H", "D"} <= sizes.keys():
        return ""
    heads, head, width = (size if isinstance(size := sizes[name], Polynomial) else None for name in ("A", "H", "D"))
    if heads is None or head is None or width is None:
        return ""
    return "; A·H = D" if heads * head == width else f"; A·H = {heads * head}, not D"


def where(result: Derivation, style: printers.Style, below: bool = False) -> list[tuple[str, str]]:
    """What symbols of the forms stand for that is no polynomial, before the limit and after it.

    But for maxima, where those stand `below` anyway.
    """
    shown = {name for form in result.forms.values() if below and isinstance(form, Largest) for name in form.own}
    before, after = (
        list(dict.fromkeys(one for form in forms.values() for one in form.defined if one.name not in shown))
        for forms in (result.forms, result.limited)
    )
    changed = [one for one in after if one not in before]
    lines = [", ".join(one.written(style) for one in part) for part in (before, changed)]
    return [(word, line) for word, line in zip(("where", "and then"), lines, strict=True) if line]


def cited(found: Sequence[Entry]) -> str:
    """Where a form was published: the first three places."""
    from costgraph.library.entries.reading import sources

    places = {f"{sources()[entry.source].title}, {entry.place}": entry.id for entry in reversed(found)}
    named = [f"{place} [{id_}]" for place, id_ in reversed(places.items())]
    return "; ".join([*named[:3], *([f"and {len(named) - 3} more"] if len(named) > 3 else [])])


def layered(result: Derivation, flat: bool) -> bool:
    """Whether forms are shown by part: those of a model, unless they are to be flat, are leading terms or per layer."""
    return result.setup.model.has_layers and not (flat or result.when or result.share.per == "layer")


def explained(result: Derivation, pretty: Pretty, sign: str, flat: bool) -> list[str]:
    """Where every term comes from, measure by measure: of a model from its parts to their ops."""
    from costgraph.cli.parts_text import ops_of

    lines: list[str] = []
    for name, form in result.limited.items():
        if isinstance(form, Largest):
            lines += ["", f"{name}, the largest of", form.explain()]
            continue
        ops = ops_of(result, name, pretty, sign) if layered(result, flat) and not form.at else []
        found = ops or [provenance.explain(form.terms, form.over, pretty, form.loops)]
        lines += ["", f"{name} = {pretty(form.value)}", *found]
    return lines


def plain(rows: list[Row]) -> list[str]:
    """Columns padded with spaces; nothing is wrapped, so that other programs can read it."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def drawn(rows: list[Row], footers: list[str], heading: str = "") -> str:
    """A rich table as wide as the terminal, or a block per measure where it would not fit."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    natural = sum(max(map(len, column)) + 3 for column in zip(*rows, strict=True))
    with console.capture() as capture:
        if heading:
            console.print(Text(heading, style="bold"))
        if natural <= console.width:
            grid = Table(box=SIMPLE_HEAD, pad_edge=False)
            for name in rows[0]:
                grid.add_column(Text(name))
            for row in rows[1:]:
                grid.add_row(*map(Text, row[:-1]), Text(row[-1], style="bold"))
            console.print(grid)
        else:
            console.print(Text("\n" + "\n\n".join(stacked(rows[0], row, console.width) for row in rows[1:]) + "\n"))
        for line in footers:
            console.print(Text(line), style="" if line.startswith(" ") else "dim")
    return capture.get()


def stacked(header: Row, row: Row, width: int) -> str:
    """One row as lines `title: cell`, wrapped at spaces."""
    lines = [row[0], *(f"{title}: {cell}" for title, cell in zip(header[1:], row[1:], strict=True))]
    return "\n".join(
        textwrap.fill(line, width, initial_indent="  " * (at > 0), subsequent_indent="    ", break_on_hyphens=False)
        for at, line in enumerate(lines)
    )
