"""A formula as its author wrote it: the same grouping and order of terms, in the table's symbols and any style."""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.algebra.expression import Node, Product, Sum, fold, negated, negative, replaced, with_children
from costgraph.algebra.printers import PYTHON, Style
from costgraph.algebra.syntax import read
from costgraph.algebra.writing import text as written


def as_written(text: str, letters: Mapping[str, str], style: Style = PYTHON) -> str:
    """`text` with its letters replaced by what they stand for, and nothing else changed but sums such as S - n + n.

    Raises:
        UserError: not an expression.
    """
    instead = {name: read(meaning).node for name, meaning in letters.items() if meaning != name}
    return written(fold(replaced(read(text).node, instead), cancelled), style)


def cancelled(node: Node, parts: tuple[Node, ...]) -> Node:
    """A sum of which one positive term is left when those that take each other away are gone is that term."""
    if isinstance(node, Sum):
        kept = left_over(parts)
        if len(kept) == 1 and negated(kept[0]) is None:
            return kept[0]
    return with_children(node, parts)


def left_over(terms: tuple[Node, ...]) -> list[Node]:
    """The terms of a sum, sums among them opened, without those that another one takes away."""
    kept: list[Node] = []
    for term in opened(terms):
        opposite = negated(term) or negative(term)
        if opposite in kept:
            kept.remove(opposite)
        else:
            kept.append(term)
    return kept


def opened(terms: tuple[Node, ...]) -> list[Node]:
    """The terms with those of sums in their place."""
    found: list[Node] = []
    for term in terms:
        match term:
            case Sum(inner):
                found += opened(inner)
            case Product(Sum(inner), right) if negated(term) == term.left:
                found += [negated(part) or Product(part, right) for part in opened(inner)]
            case _:
                found.append(term)
    return found
