"""What must hold of sizes, as text of the target: their domains, and the assumptions that numbers can break."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from costgraph.algebra.assumption import AtMost, Claim, Divides, InDomain
from costgraph.algebra.conversion import from_quotient
from costgraph.algebra.expression import Name, Node
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.exporting.code.languages import Language
from costgraph.exporting.escapes import Verbatim
from costgraph.exporting.forms import Form


def is_whole(letter: str) -> bool:
    """Whether a symbol stands for whole numbers; one that only the caller knows need not."""
    return letter in SYMBOLS and SYMBOLS[letter].domain == "positive integer"


def domain(letter: str, language: Language) -> Verbatim:
    """The condition that a symbol's value is in its domain."""
    return Verbatim(language.condition("whole" if is_whole(letter) else "positive", Name(letter)))


def conditions(forms: Iterable[Form], letters: Collection[str], language: Language) -> list[dict[str, Any]]:
    """The claims of the forms that only speak of these symbols, each once."""
    claims = {str(claim): claim for form in forms for claim in form.claims}
    return [
        {
            "text": text,
            "kind": kind,
            "code": Verbatim(language.condition(kind, *sides)),
            "names": [Verbatim(language.spelling[letter]) for letter in used],
        }
        for text, claim in claims.items()
        for kind, sides, used in [parts(claim)]
        if used and set(used) <= set(letters)
    ]


def parts(claim: Claim) -> tuple[str, tuple[Node, ...], list[str]]:
    """The kind of a claim, what it is about, and the symbols in it."""
    match claim:
        case Divides(divisor, dividend):
            kind, sides = "divides", [divisor, dividend]
        case AtMost(small, large):
            kind, sides = "at_most", [small, large]
        case InDomain(name, value):
            kind, sides = "whole" if is_whole(name) else "positive", [value]
    used = dict.fromkeys(name for side in sides for name in side.symbols)
    return kind, tuple(map(tree, sides)), list(used)


def tree(side: Polynomial) -> Node:
    """A sum as a tree."""
    return from_quotient(Quotient(side))
