"""Forms of a model by part, per layer, with counts and values: what `derive --model` prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.measures.by_part import by_part, limited

if TYPE_CHECKING:
    from costgraph.derivation import Derivation

Row = list[str]


def parts_table(result: Derivation, name: str, write: Callable[[Quotient], str], sign: str) -> list[Row]:
    """Rows of one measure: how often, the part, what it contributes each time, and the value of all; the sum last.

    L stands for all layers, whatever their kinds.

    Nothing for a measure that is no sum of parts, or has only one.
    """
    form, graph, bindings = result.forms[name], result.graph, result.setup.bindings
    parts = by_part(form, graph)
    if len(parts) < 2:
        return []
    layers = total(loop.times for loop in dict.fromkeys(op.loop for op in graph.ops) if loop.times != ONE)
    rows = [
        [
            "" if part.times == ONE else f"{'L' if part.times == layers else times(part.times, write)} {sign}",
            part.name,
            write(Quotient(part.each)),
            value(limited(part, form, bindings).value) if bindings else "",
        ]
        for part in parts
    ]
    return [*rows, ["", "sum", "", value(result.limited[name].value)]] if bindings else rows


def times(count: Polynomial, write: Callable[[Quotient], str]) -> str:
    """How often, in parentheses if that is a sum."""
    text = write(Quotient(count))
    return text if count.is_monomial else f"({text})"


def value(found: Quotient) -> str:
    """A number with its digits in groups, or the form that is left."""
    number = found.number
    if number is None:
        return str(found)
    return f"{int(number):,}" if number.denominator == 1 else str(number)
