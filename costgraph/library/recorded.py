"""The slip that an erratum records: does it give what was printed, and does it explain anything?"""

from __future__ import annotations

import ast
from collections.abc import Callable

from costgraph.errors import UserError, shorten
from costgraph.library.calculator import FUNCTIONS, UNITS
from costgraph.library.entry import Entry
from costgraph.parser import tree


def rewritten(entry: Entry) -> Callable[[str], bool]:
    """For statements that are no closed form: whether `THIS becomes THAT` in the right text gives the printed one."""

    def gives_print(slip: str) -> bool:
        this, becomes, that = (part.strip() for part in slip.partition(" becomes "))
        if not becomes:
            raise UserError(f"erratum.slip '{shorten(slip)}': write THIS becomes THAT")
        return this in entry.right and entry.right.replace(this, that) == entry.statement

    return gives_print


def bare(slip: str) -> bool:
    """Whether a slip names nothing and computes nothing, so that it could give any print."""
    nodes = list(ast.walk(tree(slip)))
    named = any(isinstance(node, ast.Name) and node.id not in (*UNITS, *FUNCTIONS) for node in nodes)
    return not named and sum(isinstance(node, ast.Constant) for node in nodes) < 2
