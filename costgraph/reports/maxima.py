"""The largest of several forms: each with where it is the value; one that is left with what it is made of."""

from __future__ import annotations

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.largest import Largest
from costgraph.reports.nodes import Formulas, Item, Listing, math, nothing
from costgraph.reports.parts import value


def is_largest(form: ClosedForm) -> bool:
    """Whether a form is the largest of several."""
    return isinstance(form, Largest) or bool(form.at)


def several(form: ClosedForm) -> str:
    """What a table says of a maximum; nothing of what is none."""
    return f"max of {len(form.candidates)} forms, below" if isinstance(form, Largest) else ""


def largest(form: ClosedForm, shape: str, rounded: str = "", tex: Formulas = nothing) -> Listing:
    """The candidates under their instants, or the parts of the one that is left."""
    title = f"{form.name} ({form.unit})" + (f"  {rounded}" if rounded else "")
    if isinstance(form, Largest):
        items = tuple(Item(", ".join(one.at), (math(one.value, shape),)) for one in form.candidates)
        return Listing(items, f"{title}, the largest of", tex=tex)
    parts = by_part(form)
    rows = {**parts, "sum": total(parts.values())}
    items = tuple(Item(name, (value(Quotient(size), shape),)) for name, size in rows.items())
    return Listing(items, f"{title}, at {', '.join(form.at)}", side=True, tex=tex)


def by_part(form: ClosedForm) -> dict[str, Polynomial]:
    """The sum of each part, in the order in which parts first occur."""
    names = dict.fromkeys(term.part or term.place for term in form.terms)
    return {name: total(term.amount for term in form.terms if (term.part or term.place) == name) for name in names}
