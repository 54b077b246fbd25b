"""The unit of an entry against that of what is derived: bytes are no FLOPs, and FLOPs of a batch are not per token.

A parameter is an element; sequences, devices and the like are counts. Where an element has one byte (p = 1), bytes
count elements. A number has no unit, but takes that of what it is added to.
"""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.algebra.dimensions import Amount, Measuring
from costgraph.algebra.expression import Call, Name, Sum
from costgraph.algebra.polynomial import ONE
from costgraph.algebra.syntax import read
from costgraph.algebra.units import (
    BASES,
    ELEMENT,
    FACTORS,
    NONE,
    Powers,
    of_symbol,
    times,
    unit_named,
    unit_text,
    without,
)
from costgraph.algebra.writing import text as written
from costgraph.errors import UserError, shorten
from costgraph.library.entries.entry import Entry, Request
from costgraph.library.judging.engine import cataloged, derivation, settings
from costgraph.records import dataclass


def check_unit(entry: Entry) -> None:
    """Raise unless the unit of an entry is that of what is derived; arithmetic of bare numbers has none to compare."""
    stated = unit_named(entry.unit).dimension
    if not (entry.let or entry.derive) or entry.claim:
        return
    units = reader(entry)
    found = dimension_of(entry.derived or "derived", units)
    if any(bound.get("p") == ONE for bound in settings_of(entry)):
        stated, found = (with_one_byte(side) for side in (stated, found))
    if one_token(entry):
        found = times(without(found, "token"), only(stated, "token"))
    dropped = dimension_of(entry.constant, units) if entry.constant else NONE
    if not any(matches(stated, side, entry.unit) for side in (found, times(found, dropped, -1))):
        states = f"unit is '{entry.unit}', but" if entry.unit else "unit is missing:"
        raise UserError(f"{states} what is derived is in {unit_text(found) or 'no unit'}")


def dimension_of(text: str, units: Units) -> Powers:
    """What an expression of an entry is measured in."""
    return units.amount(read(text).node).dimension


def only(dimension: Powers, base: str) -> Powers:
    """The powers of one base."""
    return times(dimension, without(dimension, base), -1)


def matches(stated: Powers, found: Powers, unit: str) -> bool:
    """Whether two dimensions are one; elements are a count, which may go without a name or stand in a quotient."""
    counted = found == ELEMENT and only(stated, "element") == NONE and bool(unit)
    return not counted and without(stated, "element") == without(found, "element")


def with_one_byte(side: Powers) -> Powers:
    """A dimension in which a byte is an element."""
    bytes_ = only(side, "byte")[BASES.index("byte")]
    return times(without(side, "byte"), ELEMENT, bytes_)


def settings_of(entry: Entry) -> list[Mapping[str, object]]:
    """What the entry and its derivations bind."""
    requests = [*entry.let.values(), *([entry.derive] if entry.derive else [])]
    return [settings(text) for text in (entry.at, *(request.limit for request in requests)) if text]


def one_token(entry: Entry) -> bool:
    """Whether a batch of one token is asked for, of which an amount is an amount per token."""
    bound: dict[str, object] = {}
    for setting in settings_of(entry):
        bound |= setting
    return bound.get("B") == ONE and bound.get("S") == ONE


def reader(entry: Entry) -> Units:
    """What knows the dimensions of the names of an entry."""
    requests = dict(entry.let) | ({"derived": entry.derive} if entry.derive and not entry.derive.structure else {})
    units = Units({name: Amount(of_request(request), bare=False) for name, request in requests.items()})
    figures = {name: Amount(cataloged(text).dimension, bare=False) for name, text in entry.catalog.items()}
    units = Units({**units.known, **figures})
    for name, text in entry.given.items():
        units = Units({**units.known, name: units.amount(read(text).node)})
    return units


def of_request(request: Request) -> Powers:
    """The dimension of a measure, or of the elements of a tensor."""
    return ELEMENT if request.tensor else unit_named(derivation(request).limited[request.measure].unit).dimension


@dataclass(frozen=True)
class Units(Measuring):
    """Finds the dimension of an expression; what is added must have one dimension."""

    known: Mapping[str, Amount]

    def name(self, node: Name) -> Amount:
        """A named quantity, a unit or a symbol."""
        if node.name in self.known:
            return self.known[node.name]
        if node.name in FACTORS:
            return Amount(FACTORS[node.name].dimension)
        return Amount(of_symbol(node.name), bare=False)

    def call(self, node: Call, parts: tuple[Amount, ...]) -> Amount:
        """What a function makes of its arguments."""
        if node.function in ("log10", "sqrt"):
            return Amount(bare=parts[0].bare)
        return parts[1] if node.function == "solve" else parts[0]

    def sum(self, node: Sum, parts: tuple[Amount, ...]) -> Amount:
        """The dimension of a sum; a bare number takes that of the others."""
        named = [part for part in parts if part.dimension != NONE or not part.bare] or list(parts)
        if any(without(part.dimension, "element") != without(named[0].dimension, "element") for part in named):
            shown = " and ".join(
                f"'{shorten(written(term), 40)}' ({unit_text(part.dimension) or 'no unit'})"
                for term, part in zip(node.terms, parts, strict=True)
            )
            raise UserError(f"{shown} cannot be added")
        return Amount(named[0].dimension, all(part.bare for part in parts))
