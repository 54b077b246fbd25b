"""A sweep as a table of text."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from costgraph.algebra.quantities import Quantity, rounded
from costgraph.algebra.units import BYTE, SECOND
from costgraph.searching.grid import Grid
from costgraph.searching.sweep import Block, Sweep, Tally

UNITS = {"peak": BYTE, "step_time": SECOND, "bound": SECOND, "ttft": SECOND, "tpot": SECOND}


def text(asked: Sweep, blocks: Iterator[Block], tally: Tally, top: int) -> str:
    """The first rows, how many there are, and what was left out."""
    rows: list[list[str]] = []
    for block in blocks:
        for row in block.rows(asked.names):
            if len(rows) == top:
                break
            rows.append([cell(name, value) for name, value in zip(asked.names, row, strict=True)])
    more = [f"{tally.told - len(rows)} more rows; --top shows more, -o table.csv writes all"] * (tally.told > len(rows))
    table = aligned([list(asked.names), *rows]) if rows else ["no point is left"]
    return "\n".join([*table, "", *more, said(tally), *left_out(tally)])


def aligned(rows: list[list[str]]) -> list[str]:
    """Columns as wide as their longest value, numbers on the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numeric = [all(value[:1].isdigit() for value in column) for column in zip(*rows[1:], strict=True)]
    lines = []
    for row in rows:
        cells = zip(row, widths, numeric, strict=True)
        parts = [value.rjust(width) if right else value.ljust(width) for value, width, right in cells]
        lines.append("  ".join(parts).rstrip())
    return lines


def cell(name: str, value: str | float) -> str:
    """A value with its unit."""
    if isinstance(value, str):
        return value
    if name in UNITS:
        return str(Quantity(Fraction(value), UNITS[name])).partition(" = ")[0]
    return f"{value:.0f}" if value.is_integer() and abs(value) < 10**15 else rounded(Fraction(value), 6)


def size(grid: Grid) -> str:
    """How much there is to do."""
    return f"{grid.size} points of {grid.combinations} combinations of choices"


def said(tally: Tally) -> str:
    """How many points there were."""
    return f"{tally.points} points, {tally.told} of them told of"


def left_out(tally: Tally) -> list[str]:
    """What cannot be."""
    lines = [f"{tally.illegal} points left out: sizes do not divide"] if tally.illegal else []
    return lines + [f"left out {times} times: {reason}" for reason, times in tally.refused.items()]
