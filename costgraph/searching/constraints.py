"""What plans must keep, as typed: `peak <= 0.92*hbm`, `ttft <= 1 s`, `T <= 8`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.parser import NO_LETTERS, parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import quantity
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.units import Powers
from costgraph.errors import UserError, shorten, unknown
from costgraph.records import dataclass
from costgraph.searching.columns import Column, double
from costgraph.searching.exact import NEAR
from costgraph.searching.ranges import meant

RELATION = re.compile(r"(<=|>=|==|=|<|>|≤|≥)")
MEANT = {"=": "==", "≤": "<=", "≥": ">="}
EXAMPLE = "'peak <= 0.92*hbm', 'ttft <= 1 s' or 'T <= 8'"
COMPARED = {"<=": np.less_equal, ">=": np.greater_equal, "==": np.equal, "<": np.less, ">": np.greater}


@dataclass(frozen=True)
class Constraint:
    """A limit on what a plan costs, or on one of its numbers.

    Args:
        text: as it was typed.
        name: what is limited.
        relation: how.
        limit: the number, in base units.
    """

    text: str
    name: str
    relation: str
    limit: Fraction

    def holds(self, values: Column) -> NDArray[np.bool_]:
        """Where it does, as far as doubles tell."""
        return np.asarray(COMPARED[self.relation](values, double(self.limit)))

    def near(self, values: Column) -> NDArray[np.bool_]:
        """Where doubles cannot tell."""
        return np.asarray(np.abs(values - double(self.limit)) <= NEAR * abs(double(self.limit)))

    def holds_exactly(self, value: Fraction) -> bool:
        """Whether it holds of one plan."""
        sign = (value > self.limit) - (value < self.limit)
        allowed = {"<=": (-1, 0), ">=": (0, 1), "==": (0,), "<": (-1,), ">": (1,)}
        return sign in allowed[self.relation]

    @property
    def upper(self) -> bool:
        """Whether it limits from above."""
        return self.relation in ("<=", "<")

    def __str__(self) -> str:
        return self.text


def read_constraint(
    text: str,
    names: Mapping[str, Powers | None],
    known: Mapping[str, Polynomial],
    letters: Mapping[str, Quotient] = NO_LETTERS,
) -> Constraint:
    """Read one.

    Args:
        text: as it was typed.
        names: what may be limited, with its dimension; None for a number.
        known: symbols that the limit may be made of, such as `hbm`.
        letters: of the user's own, with what they stand for.

    Raises:
        UserError: no relation, an unknown name, or a limit that is no number.
    """
    found = RELATION.split(text)
    if len(found) != 3:
        raise UserError(f"--where '{shorten(text)}': write NAME <= LIMIT, as in {EXAMPLE}")
    name, relation, right = (part.strip() for part in found)
    name = meant(name, letters)
    if name not in names:
        raise unknown("name in --where", name, names)
    return Constraint(text.strip(), name, MEANT.get(relation, relation), limit(text, right, names[name], known))


def limit(text: str, right: str, dimension: Powers | None, known: Mapping[str, Polynomial]) -> Fraction:
    """The right side as a number in base units.

    Raises:
        UserError: it is none, or has no unit where one is needed.
    """
    try:
        value = parse(right, known).substitute(known).number
    except UserError:
        value = None
    if value is not None and (dimension is None or known.keys() & set(re.findall(r"[A-Za-z_]+", right))):
        return Fraction(value)
    if dimension is None:
        raise UserError(f"--where '{shorten(text)}': the limit of a number is a number, as in 'T <= 8'")
    return quantity(right, dimension, f"--where '{shorten(text)}'").value


def read_constraints(
    texts: Iterable[str],
    names: Mapping[str, Powers | None],
    known: Mapping[str, Polynomial],
    letters: Mapping[str, Quotient] = NO_LETTERS,
) -> tuple[Constraint, ...]:
    """Read several, each once."""
    return tuple(dict.fromkeys(read_constraint(text, names, known, letters) for text in texts))
