"""How large dims are in the whole model: sizes of their own, or made of other dims and following when those change.

slot = batch*query*K_r/N_r      the positions that a routed expert sees, on the mean
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from costgraph.algebra.assumption import IsSize
from costgraph.algebra.conversion import from_quotient
from costgraph.algebra.expression import Node, names, replaced
from costgraph.algebra.parser import Reader, Size, size
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.syntax import Formula, read
from costgraph.errors import UserError, shorten
from costgraph.records import dataclass, replace


class Mean(NamedTuple):
    """A size that is a mean, such as the slots of an expert, and so may be fractional."""

    size: Size


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a dim is in the whole model.

    Args:
        size: a positive integer once its symbols are bound, unless it is a mean.
        made: the same over the names of other dims, for one that is made of them.
        of: those dims.
        mean: whether it may be fractional.
    """

    size: Polynomial
    made: Node | None = None
    of: tuple[str, ...] = ()
    mean: bool = False

    def claim(self, name: str) -> IsSize:
        """That it is a size."""
        return IsSize(name, self.size, self.mean)

    def substitute(self, bindings: Mapping[str, Polynomial]) -> Extent:
        """The same with symbols replaced."""
        made = None if self.made is None else replaced(self.made, trees(bindings))
        return replace(self, size=self.size.substitute(bindings), made=made)


def extent(name: str, value: Size | Mean, known: Mapping[str, Extent]) -> Extent:
    """What a dim of that name is said to be as large as.

    Raises:
        UserError: no size, or one made of dims that are not known before it.
    """
    mean = isinstance(value, Mean)
    given = value.size if isinstance(value, Mean) else value
    try:
        node = read(given).node if isinstance(given, str) else None
        of = made_of(node, known) if node is not None else ()
        found = (
            Extent(size_of(node, known), node, of, mean) if node is not None and of else Extent(size(given), mean=mean)
        )
        found.claim(name).substitute({})
    except UserError as error:
        raise UserError(f"dim {name} = {shorten(str(given))}: {error}") from None
    return found


def made_of(node: Node, known: Iterable[str]) -> tuple[str, ...]:
    """The dims that an expression mentions; a symbol of that name goes before."""
    return tuple(name for name in names([node]) if name in known and name not in SYMBOLS)


def size_of(node: Node, known: Mapping[str, Extent]) -> Polynomial:
    """The size that an expression over dims and symbols has now."""
    sizes = trees({name: known[name].size for name in made_of(node, known)})
    value = Reader(Formula("", replaced(node, sizes))).value()
    if not value.is_polynomial:
        raise UserError("a size is no sum in a denominator")
    return value.numerator


def resized(extents: Mapping[str, Extent], sizes: Mapping[str, Polynomial]) -> dict[str, Extent]:
    """The extents with other sizes for some dims; those that are made of them follow."""
    found: dict[str, Extent] = {}
    for name, one in extents.items():
        if name in sizes:
            one = replace(one, size=sizes[name], made=None, of=())
        elif one.made is not None:
            one = replace(one, size=size_of(one.made, found))
        found[name] = one
    return found


def linear(name: str, extents: Mapping[str, Extent], in_: str) -> bool:
    """Whether a dim grows with one that it is made of, so that it is split where that is."""
    one = extents[name]
    if one.made is None or in_ not in one.of:
        return False
    twice = {key: replace(e, size=e.size * 2) if key == in_ else e for key, e in extents.items()}
    return size_of(one.made, twice) == one.size * 2


def trees(sizes: Mapping[str, Polynomial]) -> dict[str, Node]:
    """Sizes as trees."""
    return {name: from_quotient(Quotient(value)) for name, value in sizes.items()}
