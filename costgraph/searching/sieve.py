"""Which points of an open mesh may keep limits: all others are left out before anything else is worked out of them.

A limit on a measure, `above/below <= limit`, is `above - limit*below <= 0`: one more sum of products of powers, in the
same two sides. Points at which doubles cannot tell stay; what is left is looked at as ever, so that a sieve changes no
answer. Where there are many points the loop is C, made by the compiler of the system and loaded (`loop.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.definition import Definition
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.records import dataclass
from costgraph.searching.columns import Column, Program, Sides, with_defined
from costgraph.searching.constraints import Constraint
from costgraph.searching.loop import Loop, compiled
from costgraph.searching.open_mesh import LARGE, OpenMesh

DOUBT = Fraction(1, 10**8)  # of the limit: ten times what doubles are not trusted with
PAYS = 5 * 10**8  # points from which on the time of compiling is saved


@dataclass(frozen=True)
class Sieve:
    """Limits on measures of which all is known but the numbers.

    Args:
        program: forms that are at most 0 where a point may keep the limits.
        definitions: what their symbols stand for.
        many: whether there are so many points that compiling pays.
    """

    program: Program
    definitions: tuple[Definition, ...]
    many: bool = False

    @classmethod
    def of(
        cls, limits: Iterable[tuple[Constraint, Quotient, tuple[Definition, ...]]], points: int
    ) -> Sieve | None:  # fmt: skip
        """The sieve of limits on these forms; None where there are none.

        Args:
            limits: each with the form that is limited, whose denominator is positive, and what symbols stand for.
            points: how many are to be looked at.
        """
        forms: list[Polynomial] = []
        definitions: dict[str, Definition] = {}
        for one, form, defined in limits:
            slack = abs(one.limit) * DOUBT
            if one.relation in ("<=", "<", "=="):
                forms.append(form.numerator - form.denominator * (one.limit + slack))
            if one.relation in (">=", ">", "=="):
                forms.append(form.denominator * (one.limit - slack) - form.numerator)
            definitions |= {each.name: each for each in defined}
        return cls(Program.of(forms), tuple(definitions.values()), points >= PAYS) if forms else None

    @property
    def block(self) -> int:
        """How many points it is best asked of at once: a compiled loop needs memory for what is left alone."""
        return 16 * LARGE if self.many else LARGE

    def rest(self, mesh: OpenMesh) -> Mapping[str, Column]:
        """The points that may keep the limits, as columns."""
        places = self.places(mesh)
        outer, inner = np.divmod(places, mesh.inner.length)
        return {
            **{name: column[outer] for name, column in mesh.outer.columns.items()},
            **{name: column[inner] for name, column in mesh.inner.columns.items()},
        }

    def places(self, mesh: OpenMesh) -> NDArray[np.int64]:
        """Where they are; a compiled loop writes the next ones into the same array."""
        defined = with_defined(mesh, self.definitions)
        assert isinstance(defined, OpenMesh)
        if not defined.both and self.many:
            (terms,) = self.program.sides(frozenset(defined.outer.columns), frozenset())
            if loop := self.loop(terms):
                return loop.places(terms.weights(defined), defined.inner.table(terms.inner))
        return np.flatnonzero((self.program.at(defined) <= 0).all(axis=0))

    def loop(self, terms: Sides) -> Loop | None:
        """The compiled loop over the points; None where there is no compiler."""
        own = tuple(tuple(np.flatnonzero(one.any(axis=1)).tolist()) for one in terms.coefficients)
        return compiled(own, len(terms.inner))


def limited(
    where: Sequence[Constraint], forms: Mapping[str, tuple[Quotient, tuple[Definition, ...]]], numbers: Iterable[str]
) -> list[tuple[Constraint, Quotient, tuple[Definition, ...]]]:
    """The limits that a sieve can know of: those on plain measures, and on numbers.

    Args:
        where: what is asked of points.
        forms: of the measures that are a quotient of sums, with what their symbols stand for.
        numbers: the symbols that are swept over.
    """
    known = {name: (Quotient(Polynomial.symbol(name)), ()) for name in numbers} | dict(forms)
    found = [(one, *known[one.name]) for one in where if one.name in known]
    return [limit for limit in found if limit[1].denominator.signs == {1}]
