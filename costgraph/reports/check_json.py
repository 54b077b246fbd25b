"""A formula of one's own against the engine, as JSON: the contract `costgraph.check.formula/1`; see docs/json.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from costgraph.algebra.printers import python
from costgraph.algebra.work import bounded
from costgraph.algebra.writing import text
from costgraph.library.checking.comparison import Checked
from costgraph.provenance import Term

SCHEMA = "costgraph.check.formula/1"


@bounded()
def to_json(found: Checked) -> dict[str, Any]:
    """Whether it agrees, both forms, and what separates them."""
    return {
        "schema": SCHEMA,
        "measure": found.measure,
        "unit": found.unit,
        "outcome": found.outcome,
        "formula": python(found.printed),
        "derived": python(found.exactly),
        "leading": None if found.neglected is None else python(found.derived),
        "neglected": None if found.neglected is None else python(found.neglected),
        "difference": python(found.difference, "factored"),
        "slip": "" if found.agrees else found.slip,
        "terms": [] if found.agrees else terms_json(found.responsible),
        "over": [] if found.agrees else terms_json(found.over),
        "remarks": list(found.remarks),
        "definitions": {one.name: text(one.node) for one in found.definitions},
    }


def terms_json(terms: Iterable[Term]) -> list[dict[str, str]]:
    """Contributions."""
    return [{"op": one.op, "source": one.source, "expr": python(one.amount)} for one in terms]
