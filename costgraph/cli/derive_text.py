"""A derivation as text, Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from costgraph import printers, provenance
from costgraph.cli.output import on_terminal, writes_unicode
from costgraph.derivation import Derivation
from costgraph.quotient import Quotient
from costgraph.symbols import Rational

Row = list[str]


def text(result: Derivation, explain: bool, shape: str, path: Path | None) -> str:
    """A table, then what the numbers mean; drawn with rich on a terminal, plain elsewhere."""
    pretty = printers.unicode if writes_unicode(path) else printers.python

    def write(value: Quotient) -> str:
        return pretty(value, shape)

    rows = table(result, write)
    footers = [line for line in footer(result, write) if line]
    if explain:
        footers += explained(result, pretty)
    if path is None and on_terminal():
        return drawn(rows, footers)
    return "\n".join([title(result), "", *plain(rows), "", *footers])


def title(result: Derivation) -> str:
    """What was asked, in one line."""
    passes = [step for step in result.graph.passes if step != "backward"]
    return ", ".join([result.op_set, result.phase, *(step for step in passes if step != result.phase)])


def header(result: Derivation) -> Row:
    """Column titles."""
    names = ["measure", "unit", "form"]
    if result.limit:
        pairs = (f"{name} -> oo" if value == "oo" else f"{name}={value}" for name, value in result.limit.items())
        names.append("at " + ", ".join(pairs))
    if result.when:
        names += [f"when {result.when}", "first neglected / leading"]
    return names


def table(result: Derivation, write: Callable[[Quotient], str]) -> list[Row]:
    """The header and one row per measure."""
    rows = [header(result)]
    for name, form in result.forms.items():
        row = [name, form.unit, write(form.value)]
        if result.limit:
            limited = result.limited[name]
            number = limited.number
            row.append(write(limited.value) if number is None else f"{number}{readable(number, form.unit)}")
        if result.when:
            regime = result.regimes[name]
            times = result.in_params(name) if name != "params" and regime.leading.numerator else None
            leading = write(regime.leading)
            if times is not None and name.startswith("flops"):
                leading += f" = {write(times)} N_params"
            row += [leading, write(regime.neglected)]
        rows.append(row)
    return rows


def readable(number: Rational, unit: str) -> str:
    """A large exact number once more, rounded, with its binary and its decimal prefix."""
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


def footer(result: Derivation, write: Callable[[Quotient], str]) -> list[str]:
    """Convention, assumptions and what is neglected."""
    forms = result.forms.values()
    assumptions = dict.fromkeys(str(a) for form in forms for a in form.assumptions)
    rest = [f"{form.name} {write(form.remainder)}" for form in forms if form.remainder.numerator and not form.over]
    policy = f"states under {result.precision}" if "states" in result.forms and result.phase == "train" else ""
    return [
        f"counted ({result.convention.name}): {result.convention.describe()}" + (f"; {policy}" if policy else ""),
        f"assuming: {', '.join(assumptions)}" if assumptions else "",
        f"left out, exactly: {'; '.join(rest)}" if rest else "",
    ]


def explained(result: Derivation, pretty: Callable[..., str]) -> list[str]:
    """Where every term comes from, measure by measure."""
    lines: list[str] = []
    for name, form in result.limited.items():
        lines += ["", f"{name} = {pretty(form.value)}", provenance.explain(form.terms, form.over, pretty)]
    return lines


def plain(rows: list[Row]) -> list[str]:
    """Columns padded with spaces; nothing is wrapped, so that other programs can read it."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def drawn(rows: list[Row], footers: list[str]) -> str:
    """The same as a rich table, as wide as the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    grid = Table(box=SIMPLE_HEAD, pad_edge=False)
    for at, name in enumerate(rows[0]):
        grid.add_column(Text(name), overflow="fold", no_wrap=at == 0, style="bold" if at == len(rows[0]) - 1 else "")
    for row in rows[1:]:
        grid.add_row(*map(Text, row))
    with console.capture() as capture:
        console.print(grid)
        for line in footers:
            console.print(Text(line), style="dim" if not line.startswith(" ") else "")
    return capture.get()


def markdown(result: Derivation, explain: bool, shape: str) -> str:
    """A GitHub table with inline math."""
    rows = table(result, lambda value: f"${printers.latex(value, shape)}$")
    rows[0] = [name.replace(f"when {result.when}", f"when `{result.when}`") for name in rows[0]]
    lines = ["| " + " | ".join(cell.replace("|", r"\mid") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    notes = [line for line in footer(result, lambda value: f"${printers.latex(value)}$") if line]
    body = [f"**{title(result)}**", "", *lines, "", *(f"- {note}" for note in notes)]
    if explain:
        body += ["", "```text", *explained(result, printers.unicode), "```"]
    return "\n".join(body)


def latex(result: Derivation, explain: bool, shape: str) -> str:
    """An `align*` environment, one line per measure; the rest as comments."""
    lines = [f"% {line}" for line in (title(result), *footer(result, lambda v: printers.python(v))) if line]
    lines.append(r"\begin{align*}")
    at = ", ".join(
        f"{name} \\to \\infty" if value == "oo" else f"{name}={value}" for name, value in result.limit.items()
    )
    for name, form in result.forms.items():
        label = rf"\mathrm{{{name.replace('_', ' ')}}}"
        lines.append(
            rf"  {label} &= {printers.latex(form.value, shape)} \quad [\mathrm{{{form.unit.replace(' ', '~')}}}] \\"
        )
        if result.limit:
            lines.append(rf"  \left.{label}\right|_{{{at}}} &= {printers.latex(result.limited[name].value, shape)} \\")
        if result.when:
            leading = printers.latex(result.regimes[name].leading, shape)
            lines.append(rf"  {label} &\approx {leading} \qquad ({result.when.replace('<<', chr(92) + 'll')}) \\")
    lines.append(r"\end{align*}")
    if explain:
        lines += [f"% {line}" for part in explained(result, printers.python) for line in part.splitlines() or [""]]
    return "\n".join(lines)
