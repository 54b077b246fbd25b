"""What a form is at arrays of sizes, in float64.

Sizes are checked as those of a call are, with its messages. A sum in which terms cancel is computed exactly where
little of them is left, and so is what is rounded: everything else keeps the precision of its terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.bindings import bound
from costgraph.algebra.definition import Definition, needed, settle
from costgraph.algebra.numerals import exact_number
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import COUNT, lookup
from costgraph.errors import UserError, shorten

if TYPE_CHECKING:
    from costgraph.closed_form import ClosedForm

Values = NDArray[np.float64]
LEFT = 1e-3  # of what cancels, what may be left before it is computed exactly: three of sixteen digits are lost


class Arrays:
    """A form at arrays of sizes that have been checked.

    Args:
        form: what is computed.
        numbers: the sizes that are no arrays.
        given: an array or a list for each symbol.

    Raises:
        UserError: arrays that do not broadcast, a size outside its domain, or sizes that break an assumption.
    """

    def __init__(self, form: ClosedForm, numbers: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        self.form = form.limit(numbers)
        self.numbers = {name: bound(name, size) for name, size in numbers.items()}
        self.sizes = {name: as_array(name, size) for name, size in given.items()}
        shapes = [size.shape for size in self.sizes.values()]
        try:
            self.shape = np.broadcast_shapes(*shapes)
        except ValueError:
            said = ", ".join(f"{name} {size.shape}" for name, size in self.sizes.items())
            raise UserError(f"{form.name}: arrays of these shapes do not broadcast: {said}") from None
        for name, size in self.sizes.items():
            check_domains(name, size)
        for claim in form.claims:
            definitions = needed(form.definitions, claim.symbols)
            for sizes in self.distinct(definitions, claim.symbols):
                claim.substitute(sizes)
        self.values: dict[str, Values] = {}

    def value(self) -> Values:
        """The form, of the shape to which all arrays broadcast.

        Raises:
            UserError: it is beyond float64, or nothing is below the line.
        """
        try:
            return self.in_floats()
        except OverflowError:
            raise UserError(f"{self.form.name}: a number is beyond float64") from None

    def in_floats(self) -> Values:
        """The same; a whole number that no float holds is an OverflowError."""
        self.values = {name: size.astype(np.float64) for name, size in self.sizes.items()}
        value: Quotient = self.form.value
        if value.is_infinite:
            raise UserError(f"{self.form.name} grows without bound")
        with np.errstate(over="ignore", invalid="ignore"):
            for one in needed(self.form.definitions, value.symbols):
                self.values[one.name] = self.defined(one)
            found = self.sum(value.numerator) / self.sum(value.denominator)
        if not np.isfinite(found).all():
            raise UserError(f"{self.form.name}: a value is beyond float64, or nothing is below the line")
        return np.broadcast_to(found, self.shape).copy()

    def defined(self, one: Definition) -> Values:
        """What a defined symbol stands for."""
        if one.jumps:  # a float next to a whole number may be on its other side
            name = Polynomial.symbol(one.name)
            names = self.free(needed(self.form.definitions, name.symbols), name.symbols)
            return self.exact(name, np.ones(np.broadcast_shapes(*(self.sizes[n].shape for n in names)), dtype=bool))
        pick = np.minimum if one.function == "min" else np.maximum
        first, *others = (self.sum(argument) for argument in one.arguments)
        for other in others:
            first = pick(first, other)
        return first

    def sum(self, one: Polynomial) -> Values:
        """A sum, its terms being float64."""
        terms = [self.product(term) for term in one.monomials()]
        found: Values = np.asarray(sum(terms), dtype=np.float64)
        if len(one.signs) > 1:
            cancelled = abs(found) <= LEFT * sum(abs(term) for term in terms)
            if cancelled.any():
                found[cancelled] = self.exact(one, cancelled)
        return found

    def product(self, term: Polynomial) -> Values:
        """One term of a sum."""
        powers = (self.values[name] ** float(power) for name, power in term.powers.items())
        return np.asarray(float(term.leading_coefficient) * prod(powers, start=np.float64(1)))

    def exact(self, one: Polynomial, where: NDArray[np.bool_]) -> Values:
        """A sum at the places where that is asked for, each value the float next to the exact one."""
        definitions = needed(self.form.definitions, one.symbols)
        names = self.free(definitions, one.symbols)
        cells = [np.broadcast_to(self.sizes[name], where.shape)[where] for name in names]
        rows = list(zip(*(cell.tolist() for cell in cells), strict=True))
        known = {row: as_float(one.substitute(self.bound(definitions, names, row))) for row in set(rows)}
        found = np.array([known[row] for row in rows])
        return found.reshape(where.shape) if where.all() else found

    # --- sizes one by one -------------------------------------------------------------------------------------------

    def free(self, definitions: Iterable[Definition], symbols: Iterable[str]) -> list[str]:
        """The arrays that symbols depend on, also by what they stand for."""
        inside = {*symbols, *(name for one in definitions for name in one.symbols)}
        return [name for name in self.sizes if name in inside]

    def distinct(self, definitions: Sequence[Definition], symbols: Iterable[str]) -> Iterator[dict[str, Polynomial]]:
        """All sizes that symbols have together."""
        names = self.free(definitions, symbols)
        columns = np.broadcast_arrays(*(self.sizes[name] for name in names))
        rows = zip(*(column.ravel().tolist() for column in columns), strict=True)
        return (self.bound(definitions, names, row) for row in dict.fromkeys(rows))

    def bound(
        self, definitions: Sequence[Definition], names: Iterable[str], row: Iterable[Any]
    ) -> dict[str, Polynomial]:
        """Sizes as bindings, with those of symbols that stand for others."""
        sizes = {name: bound(name, size) for name, size in zip(names, row, strict=True)}
        return settle(definitions, self.numbers | sizes)[0]


def as_float(one: Polynomial) -> float:
    """A sum of which every symbol is bound."""
    number = one.number
    assert number is not None, f"{one} is open"
    return float(number)


def as_array(name: str, given: Any) -> NDArray[Any]:
    """Sizes as an array.

    Raises:
        UserError: rows of different lengths, or an array whose elements are not known.
    """
    try:
        return np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{name}: no array of numbers: {str(error).splitlines()[0]}") from None


def check_domains(name: str, sizes: NDArray[Any]) -> None:
    """Raise for the first size that the symbol cannot take, as where it is bound."""
    if sizes.dtype.kind in "iuf":
        wrong = ~((sizes > 0) & np.isfinite(sizes))
        if lookup(name).domain == COUNT:
            wrong |= np.floor(sizes) != sizes
        sizes = sizes[wrong][:1]
    for size in sizes.ravel().tolist():
        bound(name, size)
        if exact_number(size) is None:
            raise UserError(f"{name}: {shorten(repr(size), 40)} is no number, of which alone arrays are made")
