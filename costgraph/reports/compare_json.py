"""A comparison as JSON."""

from __future__ import annotations

from typing import Any

from costgraph.algebra import printers
from costgraph.algebra.quotient import Quotient
from costgraph.comparing.comparison import Compared, Comparison
from costgraph.reports.compare import overtakes
from costgraph.reports.nodes import plain

SCHEMA = "costgraph.compare/1"


def to_json(found: Comparison) -> dict[str, Any]:
    """The contract `costgraph.compare/1`; see docs/json.md."""
    return {
        "schema": SCHEMA,
        **{
            letter: {
                "given": side.text,
                "model": side.setup.model.name or None,
                "op_set": side.setup.graph.name,
                "phase": side.setup.phase,
                "passes": side.setup.applied,
                "mesh": str(side.setup.graph.mesh),
                "attention": side.setup.attention,
                "convention": side.setup.convention.name,
                "precision": str(side.setup.precision),
                "limit": {name: str(size) for name, size in side.setup.bindings.items()},
            }
            for letter, side in (("a", found.a), ("b", found.b))
        },
        "remarks": list(found.remarks),
        "measures": {name: measure_json(one) for name, one in found.measures.items()},
    }


def measure_json(one: Compared) -> dict[str, Any]:
    """One measure; None for what cannot be said."""

    def write(entry: Quotient | None) -> str | None:
        return None if entry is None else printers.python(entry)

    return {
        "unit": one.unit,
        "a": {"form": write(one.a.value), "limited": write(one.at[0].value)},
        "b": {"form": write(one.b.value), "limited": write(one.at[1].value)},
        "difference": {"form": write(one.symbolic), "limited": write(one.difference)},
        "ratio": write(one.ratio),
        "larger": one.verdict.lower() or None,
        "crossing": None
        if one.crossing is None
        else {"symbol": one.crossing.symbol, "a_is_larger": [plain(where) for where in overtakes(one.crossing)]},
        "parts": [
            {"part": part.name, "a": write(part.a), "b": write(part.b), "difference": write(part.difference)}
            for part in one.parts
        ],
    }
