"""Degrees: over how many devices the axes of a mesh split, and what their symbols may be."""

from __future__ import annotations

from collections.abc import Mapping

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import UserError

DEGREES = ("T", *(symbol.name for symbol in SYMBOLS.values() if symbol.group == "mesh"))


def check_degrees(axes: Mapping[str, tuple[str, Polynomial]]) -> None:
    """Refuse degrees that two axes share, or that mean something else already.

    Args:
        axes: by their symbols, as they were typed, with their degrees.
    """
    sizes = [degree for _, degree in axes.values() if degree.symbols]
    if twice := [size for i, size in enumerate(sizes) if size in sizes[:i]]:
        mesh = ", ".join(axis for axis, _ in axes.values())
        raise UserError(f"mesh '{mesh}': two axes have degree {twice[0]}; each has a symbol of its own, or a number")
    for name, (axis, degree) in axes.items():
        check_degree(name, degree, axis)


def check_degree(name: str, degree: Polynomial, axis: str) -> None:
    """Refuse a degree that means something else already.

    It may be a number, the symbol of its axis, or a symbol of one's own; also a size made of those of the model, such
    as 2*G for as many copies of key/value heads. One symbol of the model alone is none: `data(B)` reads as if it said
    what is split. The symbol of another axis is none either: answers name their parts by these symbols.

    Args:
        name: the symbol of the axis.
        degree: its degree.
        axis: as it was typed.
    """
    if degree == Polynomial.symbol(name):
        return
    alone = len(degree.symbols) == 1 and degree == Polynomial.symbol(degree.symbols[0])
    for symbol in degree.symbols:
        if symbol in DEGREES or (alone and SYMBOLS[symbol].group != "own"):
            kind = axis.partition("(")[0]
            value = "" if symbol in DEGREES else f"; --limit '{name}={degree}' says how large it is"
            meaning = SYMBOLS[symbol].meaning
            raise UserError(f"{axis}: {symbol} is the {meaning}; write {kind}({name}) or a number{value}")
