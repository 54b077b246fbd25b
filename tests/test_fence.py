"""How a monomial is stored is known in one place: nothing else may build or take apart exponents."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
INSIDE = {ROOT / "costgraph" / "algebra" / f"{name}.py" for name in ("polynomial", "monomial", "division", "many")}
PRIVATE = {"_terms", "INDEX", "NAMES", *(f"costgraph.algebra.{name}" for name in ("monomial", "division"))}
OUTSIDE = sorted(
    path for folder in ("costgraph", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")
    if path not in INSIDE and path != Path(__file__)
)  # fmt: skip


def entered(source: str) -> set[str]:
    """What a program imports from modules of algebra/, and the attributes that it asks objects for."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name):
                found.add(name)
            case ast.ImportFrom(module=str(module), names=names) if module.startswith("costgraph.algebra"):
                found |= {module, *(f"{module}.{part.name}" for part in names), *(part.name for part in names)}
    return found & PRIVATE


def test_exponents_are_not_taken_apart_outside() -> None:
    """Say `powers`, `collect`, `content` or `Polynomial.monomial` instead."""
    found = {str(path.relative_to(ROOT)): entered(path.read_text(encoding="utf-8")) for path in OUTSIDE}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_fence_sees_what_it_is_to_keep_out() -> None:
    assert set().union(*(entered(path.read_text(encoding="utf-8")) for path in INSIDE)) == PRIVATE
    assert entered("from costgraph.algebra import monomial") == {"costgraph.algebra.monomial"}
    assert entered("print(form._terms)") == {"_terms"}
