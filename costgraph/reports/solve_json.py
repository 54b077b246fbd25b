"""An answer of `costgraph solve` as JSON."""

from __future__ import annotations

from typing import Any

from costgraph.algebra.inequalities import Case
from costgraph.algebra.symbols import Rational
from costgraph.algebra.writing import text as written
from costgraph.reports.solve import PYTHON, condition
from costgraph.solving.solution import Answer

SCHEMA = "costgraph.solve/1"


def to_json(answer: Answer) -> dict[str, Any]:
    """The JSON contract `costgraph.solve/1`; see docs/hardware.md."""
    return {
        "schema": SCHEMA,
        "question": answer.question,
        "for": str(answer.unknown),
        "model": answer.setup.model.name or None,
        "op_set": answer.setup.graph.name,
        "phase": answer.setup.phase,
        "passes": answer.setup.rewrites,
        "mesh": str(answer.setup.graph.mesh),
        "attention": answer.setup.attention,
        "convention": answer.setup.convention.name,
        "precision": str(answer.setup.precision),
        "limit": {name: str(number) for name, number in {**answer.setup.bindings, **answer.bindings}.items()},
        "formulas": [case_json(case) for case in answer.formulas],
        "solutions": [
            {
                **case_json(solution.case),
                "smallest": exact(solution.smallest),
                "largest": exact(solution.largest),
                "divides": exact(solution.divides),
                "smallest_kept": exact(solution.smallest_kept),
                "largest_kept": exact(solution.largest_kept),
                "between": [str(value) for value in solution.between],
            }
            for solution in answer.solutions
        ],
        "assumptions": [str(assumption) for assumption in answer.assumptions],
        "remarks": list(answer.remarks),
        "definitions": {one.name: written(one.node) for one in answer.definitions},
    }


def case_json(case: Case) -> dict[str, Any]:
    """Bounds in Python syntax and the conditions, each such as `left > right`."""
    return {
        "low": case.low and case.low.text(),
        "high": case.high and case.high.text(),
        "low_latex": case.low and case.low.latex(),
        "high_latex": case.high and case.high.latex(),
        "strict": case.strict,
        "if": [condition(c, PYTHON) for c in case.conditions],
    }


def exact(number: Rational | None) -> str | None:
    """A number as a string."""
    return None if number is None else str(number)
