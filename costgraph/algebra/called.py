"""Functions in what is typed: of numbers, and roots that leave none; of sizes that are open it is up to readers."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from costgraph.algebra.expression import Call, apply
from costgraph.algebra.polynomial import ONE, ZERO
from costgraph.algebra.powers import extract
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.syntax import MAX_ROOT, ROOT, SQUARE_ROOT

if TYPE_CHECKING:
    from costgraph.algebra.parser import Reader

ONE_SIZE = ("ceil", "floor")
FUNCTIONS = ("min", "max", *ONE_SIZE)
ROOTS = (SQUARE_ROOT, ROOT)


def called(node: Call, reader: Reader) -> Quotient:
    """The value of one of `FUNCTIONS` or of a root.

    Raises:
        UserError: it takes another number of sizes, or the reader knows no value of sizes that are open.
    """
    if node.options or not node.arguments or (len(node.arguments) > 1 and node.function in (*ONE_SIZE, SQUARE_ROOT)):
        takes = "1 argument" if node.function in (*ONE_SIZE, SQUARE_ROOT) else "at least 1 argument"
        raise reader.refuse(node, f"{node.function} takes {takes}")
    if node.function in ROOTS:
        return root(node, reader)
    sizes = [reader.put_in(reader.value(one)) for one in node.arguments]
    numbers = [Fraction(one.number) for one in sizes if one.number is not None]
    if len(numbers) == len(sizes):
        return Quotient(apply(node.function, tuple(numbers)))
    return reader.undecided(node, sizes)


def root(node: Call, reader: Reader) -> Quotient:
    """A root: its argument without the powers that leave none."""
    index = 2 if node.function == SQUARE_ROOT else index_of(node, reader)
    value = reader.put_in(reader.value(node.arguments[0]))
    if index % 2 == 0 and value.number is not None and value.number < 0:
        raise reader.refuse(node, f"a root of {value.number} is no number")
    below = value.denominator
    outside, inside = extract(value.numerator * below ** (index - 1), index)
    found = Quotient(outside, below)
    return found if inside in (ONE, ZERO) else reader.irrational(node, found, inside, index)


def index_of(node: Call, reader: Reader) -> int:
    """The index of `root(a, 3)`."""
    index = reader.value(node.arguments[1]).number if len(node.arguments) == 2 else None
    if index is None or index.denominator != 1 or not 2 <= index <= MAX_ROOT:
        raise reader.refuse(node, f"{ROOT} takes a size and an index from 2 to {MAX_ROOT}")
    return int(index)
