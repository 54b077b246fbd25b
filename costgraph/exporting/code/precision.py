"""What can be promised about rounding: where a form, as it is printed, subtracts sizes of the same order.

With sums of one sign only, products and quotients, every step of a form in doubles keeps the relative errors of its
parts, so that a few hundred steps stay far below 1e-12. A difference of two like-sized parts does not. `T - 1` is none
of these: below 2^53 whole numbers are exact, above it the 1 does not matter.
"""

from __future__ import annotations

from costgraph.algebra.expression import Call, Name, Node, Number, Power, Product, Ratio, Sum, children, names, rounded
from costgraph.algebra.symbols import SYMBOLS
from costgraph.records import dataclass

SMALL = 2**52  # a whole constant below this may be taken away from whole sizes

SUBTRACTS = (
    "It subtracts sizes of the same order: where they nearly cancel, its error is only below 1e-12 of what it would be "
    "with every minus read as a plus"
)
UNBOUNDED = "It divides by, or rounds, a difference of sizes: where that nearly cancels, no error is promised"


@dataclass(frozen=True)
class Sign:
    """What is known of a part of a form for all sizes in their domains.

    Args:
        sign: 1 if never negative, -1 if never positive, 0 if nobody knows.
        whole: whether it is made of whole numbers by sums and products alone.
        steady: whether its relative error stays small.
        bounded: whether its error stays small at least compared with the sum of all sizes in it.
    """

    sign: int
    whole: bool = False
    steady: bool = True
    bounded: bool = True


def remark(node: Node) -> str:
    """What a comment has to say about the rounding of a form; empty if it keeps the general promise."""
    found = sign(node)
    return "" if found.steady else SUBTRACTS if found.bounded else UNBOUNDED


def sign(node: Node) -> Sign:
    """The sign of a tree, and whether its value keeps its digits in doubles."""
    parts = list(map(sign, children(node)))
    steady, bounded, whole = (all(getattr(part, key) for part in parts) for key in ("steady", "bounded", "whole"))
    match node:
        case Number(value):
            return Sign(-1 if value < 0 else 1, whole=value.denominator == 1)
        case Name(name):
            return Sign(1, whole=name in SYMBOLS and SYMBOLS[name].domain == "positive integer")
        case Product():
            return Sign(parts[0].sign * parts[1].sign, whole, steady, bounded)
        case Power(_, exponent):
            return Sign(1 if exponent % 2 == 0 else parts[0].sign, whole, steady, bounded)
        case Ratio():
            return Sign(parts[0].sign * parts[1].sign, False, steady, bounded and parts[1].steady)
        case Call("max" | "min"):
            signs = {part.sign for part in parts}
            return Sign(signs.pop() if len(signs) == 1 else 0, whole, steady, bounded)
        case Call():
            return Sign(parts[0].sign, False, steady, steady)
        case Sum(terms):
            signs = {part.sign for part in parts}
            if len(signs) == 1 and 0 not in signs:
                return Sign(signs.pop(), whole, steady, bounded)
            return taken_away(terms, parts) or Sign(0, whole, False, bounded)
    raise TypeError(node)


def taken_away(terms: tuple[Node, ...], parts: list[Sign]) -> Sign | None:
    """The sign of whole sizes less a small whole constant, such as `T - 1`; None for any other difference."""
    constant = -sum(term.value for term in terms if isinstance(term, Number))
    sizes = [term for term in terms if not isinstance(term, Number)]
    whole = all(part.whole and part.steady for part in parts)
    plain = whole and all(p.sign == 1 for t, p in zip(terms, parts, strict=True) if t in sizes)
    if not plain or not 0 < constant < SMALL or any(differs(size) for size in sizes):
        return None
    try:
        least = sum(rounded(size, dict.fromkeys(names([size]), 1.0)) for size in sizes)
    except OverflowError:  # of a constant that no double holds
        return Sign(1, whole=True)
    return Sign(1 if least >= constant else 0, whole=True)


def differs(node: Node) -> bool:
    """Whether a difference is somewhere in a tree, so that it is not smallest where all sizes are 1."""
    return (isinstance(node, Number) and node.value < 0) or any(map(differs, children(node)))
