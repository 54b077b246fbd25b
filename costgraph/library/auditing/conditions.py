"""The conditions of a case as part of what is asked: sizes that are put in, choices, facts about the model.

What a condition says that is neither known nor asked is not judged by: the case is compared as it is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS
from costgraph.given import Options
from costgraph.graph.graph import Graph
from costgraph.library.auditing.named_sizes import OtherCaseError, size_named, told, with_default, with_size
from costgraph.library.auditing.names import flag_of
from costgraph.library.readings.ways import Subject
from costgraph.passes import PHASES
from costgraph.passes.recompute import SEGMENTS
from costgraph.precision import ITEMSIZE
from costgraph.setup import Setup

Fact = tuple[str, object]  # a name, and what it is
DTYPES = {"float32": "fp32", "float": "fp32", "bfloat16": "bf16", "float16": "fp16", "half": "fp16"}
ALIKE = {"N_r": "experts", "R_kv": "latent", "G": "grouped"}  # sizes that only models of a kind have


def facts(cases: Sequence[str]) -> Iterator[Fact]:
    """What conditions say of single names: `remat` is true, `dtype_bytes` is 1."""
    for case in cases:
        try:
            test = ast.parse(case, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # a pattern, or words of a paper
            continue
        yield from of_test(test, True)


def of_test(test: ast.expr, holds: bool) -> Iterator[Fact]:
    """What follows for single names from a condition that holds or not."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from of_test(operand, not holds)
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) is holds:
            for value in values:
                yield from of_test(value, holds)
        case ast.Compare(left=left, ops=[op], comparators=[other]) if name := last_name(left):
            yield from compared(name, op, other, holds)
        case ast.Name() | ast.Attribute() | ast.Subscript() if name := last_name(test):
            yield name, holds


def compared(name: str, op: ast.cmpop, other: ast.expr, holds: bool) -> Iterator[Fact]:
    """What a comparison says of a name."""
    value = other.value if isinstance(other, ast.Constant) else last_name(other) or other
    of_sizes = isinstance(other, ast.BinOp) or size_named(str(value))
    if isinstance(op, ast.NotEq | ast.IsNot):
        op, holds = ast.Eq(), not holds
    if isinstance(op, ast.Eq | ast.Is):
        if isinstance(value, bool) or value is None:
            yield name, (value is True) is holds
        elif holds and of_sizes:
            yield name, other
        elif holds and isinstance(value, int | float | str):
            yield name, value
    elif value in (0, 1) and isinstance(op, ast.Gt):
        yield name, holds


def last_name(node: ast.expr) -> str:
    """`remat` of `config.remat`, `config["remat"]` and `remat`; "" of anything else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
    return ""


# --- what is asked under them ---------------------------------------------------------------------------------------


def under(cases: Sequence[str], of: Options) -> Options:
    """What is asked of a case.

    Raises:
        OtherCaseError: it is one of another size, model or choice than what is asked.
    """
    asked: dict[str, Any] = dict(of)
    for name, value in facts(cases):
        size = size_named(name)
        if name in ("phase", "mode", "stage") and value in PHASES:
            if asked.get("phase") not in (None, value):
                raise OtherCaseError(f"of {value}, and {asked['phase']} is asked of")
            asked = {**asked, "phase": value}
            continue
        if (flag := flag_of(name)) is not None and isinstance(value, bool | str):
            asked = with_choice(flag[0], flag[1] is (value not in (False, "none", "no", "")), name, asked, value)
        elif size in ALIKE and isinstance(value, bool):
            asked = with_choice(ALIKE[size], value, name, asked)
        elif isinstance(value, str) and name.endswith("dtype"):
            kind = DTYPES.get(value.lower(), value.lower())
            size_of = ITEMSIZE.get(kind)
            asked = asked if size_of is None else with_size("p", Polynomial.constant(size_of), f"p = {kind}", asked)
        elif isinstance(value, ast.expr):
            asked = with_default(name, value, asked)
        elif isinstance(value, int) and not isinstance(value, bool) and (size in SYMBOLS or name in told(of)):
            asked = with_default(name, ast.Constant(value), asked)
    return asked  # type: ignore[return-value]


def with_choice(flag: str, holds: bool, name: str, asked: dict[str, Any], value: object = True) -> dict[str, Any]:
    """The same with a choice made, if the question leaves it open; or a fact held against the model."""
    setup = Setup.of(**asked)
    if flag in FACTS:
        if FACTS[flag](setup.graph) is not holds:
            raise OtherCaseError(f"of another model than what is asked of, by '{name}'")
        return asked
    if flag == "whole":
        if not holds:
            raise OtherCaseError(f"of some of the parameters, by '{name}'")
        return asked
    if flag == "causal":
        counting = setup.convention.counting
        full = replace(setup.convention, counting=replace(counting, causal="full"))
        return asked if holds else {**asked, "convention": full.named(full.base)}
    if flag == "trained":
        if asked.get("phase") is not None and (setup.phase == "train") is not holds:
            raise OtherCaseError(f"of another phase than {setup.phase}, which is asked of, by '{name}'")
        return {**asked, "phase": "train" if holds else "forward"} if asked.get("phase") is None else asked
    given = asked.get("passes") or ()
    steps = [given] if isinstance(given, str) or not hasattr(given, "__iter__") else [*given]
    recomputed = any("recompute" in str(step).lower() for step in steps)
    if recomputed and not holds:
        raise OtherCaseError(f"without recomputation, which is asked of, by '{name}'")
    segment = value if value in SEGMENTS else "full"
    if holds and recomputed and value in SEGMENTS and not any(of_segment(str(step), str(value)) for step in steps):
        raise OtherCaseError(f"of recompute({value}), and another one is asked of")
    return {**asked, "passes": [*steps, f"recompute({segment})"]} if holds and not recomputed else asked


def of_segment(step: str, segment: str) -> bool:
    """Whether a pass as it is written replays these segments."""
    return "recompute" in step and ("full" in step or "every" in step) is (segment == "full")


def has(dim: str) -> Callable[[Graph], bool]:
    """Whether a graph has a dim."""
    return lambda graph: any(tensor.dim(dim) is not None for tensor in graph.tensors.values())


FACTS: dict[str, Callable[[Graph], bool]] = {
    "gated": lambda graph: any(op.name.endswith(".gate") for op in graph.ops),
    "grouped": lambda graph: "group" in graph.sizes,
    "experts": has("expert"),
    "latent": has("latent_kv"),
    "head": lambda graph: any(op.place == "head" for op in graph.ops),
    "tied": lambda graph: Subject(graph, {}).tied,
}
