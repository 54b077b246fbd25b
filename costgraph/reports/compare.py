"""A comparison as a report: which side is larger, and for each measure both forms, by part, and their ratio."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from costgraph.algebra import printers
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import rounded
from costgraph.algebra.quotient import Quotient
from costgraph.comparing.comparison import Compared, Comparison, Crossing
from costgraph.reports.nodes import Column, Item, Listing, Math, Node, Note, Report, Table, Verdict, Words, math, plain
from costgraph.reports.parts import value
from costgraph.reports.solve import LATEX, PYTHON, UNICODE, Style, bounds, domain

READABLE = 600  # characters of a form
LONGEST = 110  # characters of a form that is worth a line where it cannot be subtracted from the other


def report(found: Comparison) -> Report:
    """What stands on either side, which is larger, and for each measure a table by part."""
    sides = tuple(Note(f"{side.text}: {side.setup}", letter) for letter, side in (("A", found.a), ("B", found.b)))
    several = len(found.measures) > 1
    verdicts = tuple(
        Verdict((f"{one.name}: " if several else "", *words))
        for one in found.measures.values()
        for words in larger(one)
    )
    measures = [of_measure(one) for one in found.measures.values()]
    return Report("", (sides, verdicts, *measures, notes(found)))


def larger(one: Compared) -> list[tuple[str | Math, ...]]:
    """Which side is larger, and where."""
    match one.verdict:
        case "equal":
            return [("A and B are equal",)]
        case "A" | "B" as side:
            return [(f"{side} is larger" + ("" if one.at[0].number is not None else " everywhere"),)]
    return [("A is larger ", *where) for where in overtakes(one.crossing)]


def of_measure(one: Compared) -> tuple[Node, ...]:
    """Both forms with their difference, the table, and the ratio."""
    forms = [("A", one.a.value), ("B", one.b.value)]
    short = max(len(str(form)) for _, form in forms) <= LONGEST
    shown = forms if one.same_sizes or short else []  # of other models, by part is enough
    if one.symbolic is not None and one.a.value != one.b.value:
        shown = [*shown, ("A - B", one.symbolic)]
    items = tuple(Item((f"{name} = ", readable(form))) for name, form in shown)
    nodes: list[Node] = [Listing(items, f"{one.name} ({one.unit})", tex=lambda: tuple(tex(one))), *table(one)]
    if one.ratio is not None:
        number = one.ratio.number
        about = f" = {rounded(number, 6)}" if number is not None and number.denominator > 1 else ""
        nodes.append(Note(("A / B = ", readable(one.ratio), about)))
    return tuple(nodes)


def readable(form: Quotient) -> str | Math:
    """A form; of one that nobody reads, how long it is and where it stands."""
    length = len(printers.unicode(form))
    return math(form) if length <= READABLE else f"a form of {length} characters, which --json has"


def table(one: Compared) -> list[Table]:
    """The parts with their sums, in columns; nothing where there is only one, or where sizes are still to be put in."""
    several = len(one.parts) > 1 or all(form.number is not None for form in one.at)
    rows = rows_of(one) if several else rows_of(one)[:-1]
    if not rows:
        return []
    right = one.at[0].number is not None
    columns = (Column("part"), *(Column(head, right) for head in ("A", "B", "A - B")))
    return [Table(columns, tuple((name, *map(cell, row)) for name, *row in rows))]


def cell(entry: Quotient | None) -> Words:
    """A number in groups of digits, or the form that is left; empty where nothing can be said."""
    return "" if entry is None else value(entry)


def overtakes(crossing: Crossing | None) -> list[tuple[str | Math, ...]]:
    """Where the first side is larger, in words."""
    if crossing is None:
        return []
    if not crossing.above:
        return [(f"for no {crossing.symbol}",)]
    symbol = Polynomial.symbol(crossing.symbol)
    found: list[tuple[str | Math, ...]] = []
    for solution in crossing.above:
        case = solution.case
        where = Math(lambda of, case=case: bounds(case, symbol, STYLES[id(of)]))  # type: ignore[misc]
        when = Math(lambda of, case=case: domain(case.conditions, STYLES[id(of)]))  # type: ignore[misc]
        found.append(("for ", where, *((" if ", when) if case.conditions else ())))
    return found


STYLES: dict[int, Style] = {id(printers.PYTHON): PYTHON, id(printers.UNICODE): UNICODE, id(printers.LATEX): LATEX}


def notes(found: Comparison) -> tuple[Note, ...]:
    """What was counted on either side, what is assumed, what was put in, and remarks."""
    sides = [one.setup for one in found.derivations]
    both = [[form for one in found.measures.values() for form in (one.a, one.at[0])],
            [form for one in found.measures.values() for form in (one.b, one.at[1])]]  # fmt: skip
    counted = [f"({one.convention.name}): {one.convention.describe(one.graph.kinds)}" for one in sides]
    defined = [dict.fromkeys(one for form in forms for one in form.defined) for forms in both]
    lines = [
        *sided("counted ", counted),
        *sided("assuming: ", [listed(str(a) for form in forms for a in form.assumptions) for forms in both]),
        *sided("at ", [listed(f"{name}={size}" for name, size in one.bindings.items()) for one in sides]),
        *sided("where ", [Math(lambda of, those=those: listed(one.written(of) for one in those)) for those in defined]),  # type: ignore[misc]
    ]
    return (*lines, *(Note(remark, "note") for remark in found.remarks))


def listed(said: Iterable[str]) -> str:
    """What is said, each once."""
    return ", ".join(dict.fromkeys(said))


def sided(word: str, both: Sequence[str | Math]) -> list[Note]:
    """What is so on each side: in one line where it is the same, nothing where there is nothing."""
    texts = [plain(words) for words in both]
    if texts[0] == texts[1]:
        return [Note((word, both[0]))] if texts[0] else []
    return [Note((f"{letter} {word}", words)) for letter, words, text in zip("AB", both, texts, strict=True) if text]


def rows_of(one: Compared) -> list[tuple[str, Quotient, Quotient, Quotient | None]]:
    """The parts with their differences, and the sum of all."""
    parts = [(part.name, part.a, part.b, part.difference) for part in one.parts]
    return [*parts, ("sum", one.at[0].value, one.at[1].value, one.difference)]


def tex(one: Compared) -> list[str]:
    """Both forms, their difference, their ratio, and where one overtakes the other, as lines of an `align*`."""
    name = rf"\mathrm{{{one.name.replace('_', ' ')}}}"
    rows = [
        (f"{name}_A", one.a.value),
        (f"{name}_B", one.b.value),
        (f"{name}_A - {name}_B", one.symbolic or one.difference),
        (rf"{name}_A / {name}_B", one.ratio),
    ]
    lines = [rf"  {left} &= {printers.latex(right)} \\" for left, right in rows if right is not None]
    if one.crossing:
        symbol = Polynomial.symbol(one.crossing.symbol)
        for solution in one.crossing.above:
            condition = domain(solution.case.conditions, LATEX)
            end = rf" \text{{ if }} {condition}" if condition else ""
            above = bounds(solution.case, symbol, LATEX)
            lines.append(rf"  {name}_A > {name}_B &\text{{ for }} {above}{end} \\")
    return lines
