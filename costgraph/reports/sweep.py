"""A sweep as a report: the table, how many points there were, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice

from costgraph.errors import Heard
from costgraph.estimation.assumed import of_attention
from costgraph.given import read_mesh
from costgraph.remarks import why_zero
from costgraph.reports.nodes import Column, Node, Note, Report, Table, Verdict
from costgraph.searching.answer import number
from costgraph.searching.grid import Grid
from costgraph.searching.measures import MEASURES, shown
from costgraph.searching.no_points import why_none
from costgraph.searching.points import Points
from costgraph.searching.sweep import Sweep
from costgraph.searching.tally import Tally

TOP = 40  # rows


def report(points: Points, top: int = TOP) -> Report:
    """The first rows, and what is said of all."""
    asked, tally = points.sweep, points.tally
    rows = cells(asked.names, list(islice(points.rows(), top)))
    numeric = [all(row[at][:1].isdigit() for row in rows) for at in range(len(asked.names))]
    columns = tuple(Column(name, right=right) for name, right in zip(asked.names, numeric, strict=True))
    shown: Node = Table(columns, tuple(rows)) if rows else Verdict("no point is left", good=False)
    more = tally.told - len(rows)
    rest = f"{number(more)} more row{'s' if more > 1 else ''}"
    where = "--top shows more, -o table.csv writes all" if Heard.at_shell else ".rows() has all, .table as a table"
    notes = [f"{rest}; {where}"] * (more > 0)
    notes += [] if rows else why_none(asked)
    notes += [said(tally), *left_out(tally), *attention(tally), *asked.assumptions, *units(tally), *zeros(asked, rows)]
    return Report(title(asked), ((shown,), tuple(map(Note, notes))))


def zeros(asked: Sweep, rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Why measures are 0 in all rows, where one reason holds for all of them."""
    phases = asked.grid.choices.get("phase", (asked.typed.get("phase", "train"),))
    meshes = asked.grid.choices.get("mesh", (asked.typed.get("mesh") or "",))
    found = []
    for name in asked.measures:
        at = asked.names.index(name)
        if rows and all(row[at] == "0" for row in rows):
            found.append({why_zero(name, str(phase), read_mesh(mesh)) for phase in phases for mesh in meshes})
    return [reason for reasons in found if len(reasons) == 1 for reason in reasons if reason]


def title(asked: Sweep) -> str:
    """What was asked, in one line."""
    return f"{', '.join(asked.measures)} over {', '.join([*asked.grid.choices, *asked.grid.numbers])}: {asked.said}"


def cells(names: Sequence[str], rows: Sequence[tuple[str | float, ...]]) -> list[tuple[str, ...]]:
    """The rows as text: of a column all numbers in one notation."""
    columns = [column(name, [row[at] for row in rows]) for at, name in enumerate(names)]
    return list(zip(*columns, strict=True))


def column(name: str, values: Sequence[str | float]) -> list[str]:
    """Values with their unit; whole numbers as such where all are, and none is longer than what doubles are sure of."""
    numbers = [value for value in values if isinstance(value, float)]
    bare = name not in MEASURES or MEASURES[name].bare
    whole = bare and all(value.is_integer() and abs(value) < 10**15 for value in numbers)

    def cell(value: str | float) -> str:
        if isinstance(value, str | int):
            return str(value)
        return f"{value:.0f}" if whole else shown(name, Fraction(value)).partition(" = ")[0]

    return list(map(cell, values))


def attention(tally: Tally) -> list[str]:
    """How attention is computed, where that is the same in all rows."""
    return of_attention(*tally.attention) if len(tally.attention) == 1 else []


def units(tally: Tally) -> list[str]:
    """What derived measures are counted in."""
    of: dict[str, list[str]] = {}
    for name, unit in tally.units.items():
        of.setdefault(unit, []).append(name)
    said = "; ".join(f"{', '.join(names)} {unit}" for unit, names in of.items() if unit)
    return [f"units: {said}"] if said else []


def size(grid: Grid) -> str:
    """How much there is to do."""
    several = grid.combinations > 1
    return f"{number(grid.size)} points" + several * f" of {number(grid.combinations)} combinations of choices"


def said(tally: Tally) -> str:
    """How many points there were."""
    return f"{number(tally.points)} points, {number(tally.told)} of them told of"


def left_out(tally: Tally) -> list[str]:
    """What cannot be."""
    lines = [f"{number(tally.illegal)} points left out: sizes do not divide, or no link joins so many devices"]
    lines = lines if tally.illegal else []
    return lines + [f"left out {number(times)} times: {reason}" for reason, times in tally.refused.items()]
