"""The largest of several forms as text: each with where it is the value; one that is left with what it is made of."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.largest import Largest

WIDTH = 80
INDENT = "  "

Write = Callable[[Quotient], str]


def is_largest(form: ClosedForm) -> bool:
    """Whether a form is the largest of several."""
    return isinstance(form, Largest) or bool(form.at)


def several(form: ClosedForm) -> str:
    """What a table says of a maximum; nothing of what is none."""
    return f"max of {len(form.candidates)} forms, below" if isinstance(form, Largest) else ""


def largest_lines(form: ClosedForm, write: Write, rounded: str = "") -> list[str]:
    """The candidates under their instants, or the parts of the one that is left."""
    title = f"{form.name} ({form.unit}){INDENT * bool(rounded)}{rounded}"
    if isinstance(form, Largest):
        lines = [f"{title}, the largest of"]
        for one in form.candidates:
            lines += [f"{INDENT}{', '.join(one.at)}", *folded(write(one.value))]
        return lines
    lines = [title, f"{INDENT}at {', '.join(form.at)}"]
    parts = by_part(form)
    label, widest = max(map(len, (*parts, "sum"))), 0
    texts = {part: shown(Quotient(size), write) for part, size in (*parts.items(), ("sum", total(parts.values())))}
    widest = max(map(len, texts.values()))
    if label + widest + 2 * len(INDENT) <= WIDTH:
        numbers = form.number is not None
        return lines + [
            f"{INDENT}{part:{label}}{INDENT}{text.rjust(widest) if numbers else text}" for part, text in texts.items()
        ]
    return lines + [line for part, text in texts.items() for line in (f"{INDENT}{part}", *folded(text))]


def by_part(form: ClosedForm) -> dict[str, Polynomial]:
    """The sum of each part, in the order in which parts first occur."""
    names = dict.fromkeys(term.part or term.place for term in form.terms)
    return {name: total(term.amount for term in form.terms if (term.part or term.place) == name) for name in names}


def shown(found: Quotient, write: Write) -> str:
    """A number with its digits in groups, or the form."""
    number = found.number
    return f"{int(number):,}" if number is not None and number.denominator == 1 else write(found)


def folded(text: str) -> list[str]:
    """A form on as many lines as it takes."""
    start = INDENT * 2
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=start, break_on_hyphens=False)
