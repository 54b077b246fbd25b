"""Short names for the long parts of a root: `(√(u² + w) - u)/x`, and beside it what u, w and x are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from costgraph.algebra.inequalities import Condition
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.roots import Notation, Root

LETTERS = "uwxyz"  # none of them is a symbol of a formula
PART = 24  # characters up to which a part of a root is written out
WHOLE = 100  # characters up to which a root is written out
TURNED = {">": "<", ">=": "<=", "==": "=="}


class Names:
    """The names of one answer, given in the order in which they are needed.

    Args:
        notation: how roots are written.
    """

    def __init__(self, notation: Notation) -> None:
        self.notation = notation
        self.given: dict[Polynomial, str] = {}
        self.signs: dict[Polynomial, str] = {}  # what has a name or stands under a root, without positive factors
        self.long: list[Root] = []
        self.complete = False

    def written_in(self, notation: Notation) -> Names:
        """The same names in another notation; none is added there."""
        made = Names(notation)
        made.given, made.long, made.complete = self.given, self.long, True
        made.signs = {bare(form): name for form, name in self.given.items()}
        made.signs |= {bare(root.radicand): root.inside(made.named) for root in self.long}
        return made

    @property
    def named(self) -> Notation:
        """The notation, with names."""
        return replace(self.notation, write=self.part)

    def root(self, root: Root) -> str:
        """A root, its parts by name where it is too long."""
        written = root.written(self.notation)
        if root in self.long:
            return root.written(self.named)
        if self.complete or not root.square or len(written) <= WHOLE:
            return written
        self.signs[bare(root.radicand)] = root.inside(self.named)
        self.long.append(root)
        return root.written(self.named)

    def part(self, form: Polynomial, shape: str = "auto") -> str:
        """A part of a root; a long one by name."""
        for known, sign in ((form, ""), (-form, "-")):
            if known in self.given:
                return sign + self.given[known]
        written = self.notation.write(form, shape)
        if self.complete or len(written) <= PART or len(self.given) == len(LETTERS):
            return written
        self.given[form] = self.signs[bare(form)] = LETTERS[len(self.given)]
        return self.given[form]

    def condition(self, claim: Condition, sign: Callable[[str], str]) -> str | None:
        """A condition on the sign of something that has a name: `w > 0`."""
        for form, way in ((claim.form, claim.sign), (-claim.form, TURNED[claim.sign])):
            if name := self.signs.get(bare(form)):
                return f"{name} {sign(way)} 0"
        return None


def bare(form: Polynomial) -> Polynomial:
    """A form without positive factors that all its terms share: it has the same sign."""
    return form / form.content
