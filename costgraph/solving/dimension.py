"""What the two sides of a question are measured in.

Measures, the machine's memory and its rates have a dimension, and so have symbols by their unit in the table. Numbers
alone may stand beside anything. Sizes and counts of parameters are neither FLOPs nor bytes; where a number is a factor
they may be, since it may say how many of these one of them takes.
"""

from __future__ import annotations

import re
from dataclasses import replace

from costgraph.algebra.called import FUNCTIONS, ROOTS
from costgraph.algebra.dimensions import Amount, Measuring
from costgraph.algebra.expression import Call, Name, Number, Sum, negated
from costgraph.algebra.syntax import ROOT, Formula
from costgraph.algebra.units import BYTE, FLOP, NONE, Powers, of_symbol, times, unit_named, unit_text, without
from costgraph.errors import UserError, shorten
from costgraph.records import dataclass
from costgraph.solving.question import TYPED_UNITS, Setting

COUNTED = ("token", "element")  # bases that only count
TIMES_UNIT = re.compile(rf"(?<=[\d.)])\*(?=(?:{'|'.join(TYPED_UNITS)})\b)")  # which `80 GB` is read with


def compared(left: Formula, right: Formula, setting: Setting) -> Powers:
    """What both sides, which have been read, are measured in; sums and relations of unlike things are refused.

    Raises:
        UserError: which two.
    """
    one, other = (Dimensions(setting, side).amount(side.node) for side in (left, right))
    typed = (TIMES_UNIT.sub(" ", side.text.strip()) for side in (left, right))
    return like(one, other, "compare", " and ".join(typed)).dimension


@dataclass(frozen=True)
class Dimensions(Measuring):
    """Finds the dimension of one side."""

    setting: Setting
    formula: Formula

    def name(self, node: Name) -> Amount:
        """A measure, a unit or a symbol."""
        return self.of(node.name)

    def call(self, node: Call, parts: tuple[Amount, ...]) -> Amount:
        """A measure of a part, or a function of what is alike."""
        if node.function not in (*FUNCTIONS, *ROOTS):
            return self.of(node.function)
        found = parts[0]
        for part in parts[1:] if node.function in FUNCTIONS else ():
            found = like(found, part, "compare", self.formula.text.strip())
        return rooted(found, node) if node.function in ROOTS else found

    def of(self, name: str) -> Amount:
        """What a name is measured in, apart from what only counts."""
        if name in self.setting.used:
            found = unit_named(self.setting.used[name].unit).dimension
        elif name in TYPED_UNITS:
            found = TYPED_UNITS[name].dimension
        else:
            found = of_symbol(name)
        found = without(found, *COUNTED)
        return Amount(found, bare=False, counts=found == NONE, unit=name in TYPED_UNITS)

    def sum(self, node: Sum, parts: tuple[Amount, ...]) -> Amount:
        """Terms that are alike."""
        found = parts[0]
        for term, part in zip(node.terms[1:], parts[1:], strict=True):
            verb = "add" if negated(term) is None else "subtract"
            found = like(found, part, verb, self.formula.text.strip())
        return found


def rooted(inside: Amount, node: Call) -> Amount:
    """What a root is measured in; what has no such unit may be anything."""
    index = node.arguments[1].value if node.function == ROOT and isinstance(node.arguments[1], Number) else 2
    if any(power % index for power in inside.dimension):
        return Amount()
    return replace(inside, dimension=tuple(int(power / index) for power in inside.dimension))


def like(left: Amount, right: Amount, verb: str, text: str) -> Amount:
    """What both are measured in, or the one of them that is measured in anything."""
    for one, other in ((left, right), (right, left)):
        scaled = one.scaled or other.scaled
        if one.bare or (one.counts and scaled and may_stand_for(one.dimension, other.dimension)):
            return other
    if left.counts and right.counts and (left.scaled or right.scaled):  # FLOPs over one rate and bytes over another
        for mine, theirs in ((FLOP, BYTE), (BYTE, FLOP)):
            if times(left.dimension, mine) == (found := times(right.dimension, theirs)):
                return Amount(found, bare=False, counts=False)
    if left.dimension != right.dimension:
        units = (unit_text(left.dimension) or "a number", unit_text(right.dimension) or "a number")
        remedy = remedy_of(left, right)
        raise UserError(f"cannot {verb} {units[0]} and {units[1]} in '{shorten(text, 80)}'{remedy}")
    return left


def remedy_of(left: Amount, right: Amount) -> str:
    """What makes two amounts alike; "" if nobody knows."""
    for one, other in ((left, right), (right, left)):
        if not (one.counts and may_stand_for(one.dimension, other.dimension)):
            continue
        bytes_ = times(other.dimension, one.dimension, -1) == BYTE
        plain = ", and a plain number has no unit, as in 4k" if other.unit else ""
        return f"; a count times {'p, or 2, is bytes' if bytes_ else 'a number, such as 6, is FLOPs'}{plain}"
    return ""


def may_stand_for(counted: Powers, other: Powers) -> bool:
    """Whether a count of that dimension is the other one when the count is one of FLOPs or bytes."""
    return times(other, counted, -1) in (FLOP, BYTE)
