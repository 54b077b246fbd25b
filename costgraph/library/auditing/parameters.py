"""What code counts parameters with: a count of a whole model, of a table with a usual name, or of who knows what."""

from __future__ import annotations

import ast

from costgraph.errors import shorten
from costgraph.library.auditing.code_shapes import UnreadError, dotted
from costgraph.library.auditing.names import COUNTERS, ELEMENTS, EMBEDDINGS, TABLES, WHOLE

N_PARAMS = ast.Name("N_params", ast.Load())
LEAVES = ("leaves", "tree_leaves")  # of a tree of arrays


def counted(node: ast.Call) -> ast.expr | None:
    """A count of parameters as a formula; None if the call is none.

    Raises:
        UnreadError: it counts some of the parameters of a model, and nothing says which.
    """
    name = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func) or ""
    said = shorten(ast.unparse(node), 60)
    if name in COUNTERS:
        if not_all(node) or not is_whole([*owner(node), *node.args]):
            raise UnreadError(f"'{said}' may count some of the parameters")
        return N_PARAMS
    if name in ELEMENTS:
        parts = [part for part in (dotted(node.func) or "").split(".") if part in TABLES]
        if not parts:
            raise UnreadError(f"'{said}' counts the elements of one tensor")
        return ast.parse(TABLES[parts[-1]], mode="eval").body
    if name == "sum" and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp | ast.ListComp):
        return summed(node.args[0], said)
    return None


def owner(node: ast.Call) -> list[ast.expr]:
    """What a method is called of."""
    return [node.func.value] if isinstance(node.func, ast.Attribute) else []


def not_all(node: ast.Call) -> bool:
    """Whether an option may leave parameters out."""
    return any(not (isinstance(one.value, ast.Constant) and not one.value.value) for one in node.keywords)


def is_whole(nodes: list[ast.expr]) -> bool:
    """Whether these are one model and nothing else."""
    names = [(dotted(one) or "?").rpartition(".")[2] for one in nodes]
    return bool(names) and all(name in WHOLE for name in names)


def summed(node: ast.GeneratorExp | ast.ListComp, said: str) -> ast.expr | None:
    """A sum over parameters, if it is one of the elements of each; None if it is a sum of something else.

    Raises:
        UnreadError: it is filtered, of a part of a model, or of more than numbers of elements.
    """
    if of_embeddings(node):
        return ast.Name(EMBEDDINGS, ast.Load())
    used = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    if not used & {*ELEMENTS, "parameters", "named_parameters", *LEAVES, *COUNTERS}:
        return None
    first = node.generators[0]
    loop = first.iter
    kind = (dotted(loop.func) or "").rpartition(".")[2] if isinstance(loop, ast.Call) else ""
    plain = len(node.generators) == 1 and not first.ifs and is_size(node.elt, first.target)
    if plain and isinstance(loop, ast.Call) and not loop.keywords:
        if kind in ("parameters", "named_parameters") and not loop.args and is_whole(owner(loop)):
            return N_PARAMS
        if kind in LEAVES and [ast.unparse(one) for one in loop.args] in (["params"], ["self.params"]):
            return N_PARAMS
        parts = [part for part in (dotted(loop.func) or "").split(".") if part in TABLES]
        if kind == "parameters" and not loop.args and parts:
            return ast.parse(TABLES[parts[-1]], mode="eval").body
    raise UnreadError(f"'{said}' counts some of the parameters")


def of_embeddings(node: ast.GeneratorExp | ast.ListComp) -> bool:
    """Whether a sum is over all modules of a model that are embeddings, of the elements that each has."""
    first, *others = node.generators
    match first:
        case ast.comprehension(
            target=ast.Name(id=module),
            iter=ast.Call(func=ast.Attribute(attr="modules"), args=[], keywords=[]) as loop,
            ifs=[ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=tested), kind], keywords=[])],
        ) if tested == module and is_whole(owner(loop)) and (dotted(kind) or "").rpartition(".")[2] == "Embedding":
            return is_all_of(node.elt, others, module)
    return False


def is_all_of(each: ast.expr, loops: list[ast.comprehension], module: str) -> bool:
    """Whether something is the number of elements of all parameters of a module, which has one weight."""
    match each, loops:
        case ast.Call(func=ast.Name(id="sum"), args=[ast.GeneratorExp() | ast.ListComp() as inner]), []:
            return is_all_of(inner.elt, inner.generators, module)
        case ast.Call(func=ast.Attribute(value=weight, attr=attr), args=[], keywords=[]), []:
            return attr in ELEMENTS and dotted(weight) == f"{module}.weight"
        case _, [ast.comprehension(target=target, iter=loop, ifs=[])]:
            return ast.unparse(loop) == f"{module}.parameters()" and is_size(each, target)
    return False


def is_size(node: ast.expr, target: ast.expr) -> bool:
    """Whether something is the number of elements of what a loop goes over."""
    name = target.elts[-1] if isinstance(target, ast.Tuple) and len(target.elts) == 2 else target
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=attr), args=[], keywords=[]) if attr in ELEMENTS:
            return ast.dump(value) == ast.dump(ast.Name(ast.unparse(name), ast.Load()))
        case ast.Attribute(value=ast.Name() as value, attr="size"):
            return value.id == ast.unparse(name)
    return False
