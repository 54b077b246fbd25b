"""How a monomial is stored is known in one place: nothing else may build or take apart exponents."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
INSIDE = {ROOT / "costgraph" / "algebra" / name for name in ("polynomial.py",)}
PRIVATE = {"_terms", "INDEX", "Exponents", "CONSTANT"}
OUTSIDE = sorted(
    path for folder in ("costgraph", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")
    if path not in INSIDE and path != Path(__file__)
)  # fmt: skip


def spoken(source: str) -> set[str]:
    """The names that a program reads, imports or asks an object for."""
    nodes = list(ast.walk(ast.parse(source)))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return attributes | names | {part.name for node in nodes if isinstance(node, ast.ImportFrom) for part in node.names}


def test_exponents_are_not_taken_apart_outside() -> None:
    """Say `powers`, `collect`, `content` or `Polynomial.monomial` instead."""
    found = {str(path.relative_to(ROOT)): spoken(path.read_text(encoding="utf-8")) & PRIVATE for path in OUTSIDE}
    assert {path: names for path, names in found.items() if names} == {"costgraph/algebra/symbols.py": {"INDEX"}}


def test_the_fence_sees_what_it_is_to_keep_out() -> None:
    inside = set().union(*(spoken(path.read_text(encoding="utf-8")) for path in INSIDE))
    assert inside >= {"_terms", "INDEX"}
    assert spoken("from costgraph.algebra.symbols import INDEX\nprint(form._terms)") >= {"INDEX", "_terms"}
