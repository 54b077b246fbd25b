"""What the two sides of a question are measured in: FLOPs and bytes are neither added nor compared.

Measures, the machine's memory and its rates have a dimension. Numbers and sizes (`B`, `p`, 10**9) have none and may
stand beside anything.
"""

from __future__ import annotations

import ast

from costgraph.algebra.parser import size, tree
from costgraph.algebra.units import BYTE, NONE, Powers, powers, unit_text
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError, shorten
from costgraph.solving.question import CAPACITIES, Setting, dotted
from costgraph.solving.unknown import DIMENSIONS

FLOP = powers(FLOP=1)
INTENSITY = powers(FLOP=1, byte=-1)


def compared(left: str, right: str, setting: Setting) -> Powers:
    """What both sides, which have been read, are measured in; sums and relations of unlike things are refused.

    Raises:
        UserError: which two.
    """
    sides = dimension(tree(left), left, setting), dimension(tree(right), right, setting)
    return like(*sides, "compare", f"{left} and {right}")


def dimension(node: ast.expr, text: str, setting: Setting) -> Powers:
    """The dimension of a side or of a part of it."""
    name = dotted(node.func if isinstance(node, ast.Call) else node)
    if name is not None:
        if name in CAPACITIES:
            return BYTE
        return measured(setting.used[name]) if name in setting.used else DIMENSIONS.get(name, NONE)
    if isinstance(node, ast.UnaryOp):
        return dimension(node.operand, text, setting)
    if not isinstance(node, ast.BinOp):
        return NONE
    if isinstance(node.op, ast.Pow):
        times = int(size(ast.unparse(node.right)).number or 0)
        return tuple(power * times for power in dimension(node.left, text, setting))
    links: list[ast.BinOp] = []  # a long chain nests to the left and is not deep
    while isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Pow):
        links.append(node)
        node = node.left
    value = dimension(node, text, setting)
    for link in reversed(links):
        value = combined(link, value, dimension(link.right, text, setting), text)
    return value


def combined(node: ast.BinOp, left: Powers, right: Powers, text: str) -> Powers:
    """The dimension of a sum, difference, product or quotient."""
    if isinstance(node.op, ast.Mult | ast.Div):
        way = 1 if isinstance(node.op, ast.Mult) else -1
        return tuple(a + way * b for a, b in zip(left, right, strict=True))
    return like(left, right, "add" if isinstance(node.op, ast.Add) else "subtract", text)


def measured(form: ClosedForm) -> Powers:
    """The dimension of a measure; a count of parameters has none."""
    if form.unit == "FLOP/byte":
        return INTENSITY
    return {"FLOP": FLOP, "byte": BYTE}.get(form.unit.partition(" ")[0], NONE)


def like(left: Powers, right: Powers, verb: str, text: str) -> Powers:
    """The dimension that both have, or the one that only one of them has."""
    if NONE not in (left, right) and left != right:
        where = shorten(text, 80)
        raise UserError(f"cannot {verb} {unit_text(left)} and {unit_text(right)} in '{where}'")
    return left if left != NONE else right
