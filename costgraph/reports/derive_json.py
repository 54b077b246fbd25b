"""Closed forms as JSON: the contract `costgraph.derive/1`; see docs/json.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from costgraph.algebra.printers import python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.work import bounded
from costgraph.algebra.writing import text
from costgraph.derivation import Derivation
from costgraph.largest import Largest, formula
from costgraph.library.judging.published import published
from costgraph.measures.by_part import Part
from costgraph.measures.per import Share
from costgraph.provenance import Term

SCHEMA = "costgraph.derive/1"


@bounded()
def to_json(found: Derivation, explain: bool = False, shape: str = "auto", flat: bool = False) -> dict[str, Any]:
    """What was asked, and every measure with the entries of the library that print its form."""
    setup = found.setup
    made: dict[str, Any] = {
        "schema": SCHEMA,
        "model": setup.model.name or None,
        "op_set": setup.graph.name,
        "phase": setup.phase,
        "passes": found.passes,
        "mesh": str(setup.graph.mesh),
        "attention": setup.attention,
        "convention": setup.convention.name,
        "precision": str(setup.precision),
        **share_json(found.share),
        **({"symbolic": list(setup.model.symbolic)} if setup.model.symbolic else {}),
        "limit": {name: str(value) for name, value in setup.bindings.items()},
        "when": found.when,
        "remarks": list(found.remarks),
        "measures": {name: measure_json(found, name, explain, shape, flat) for name in found.forms},
    }
    for name, entries in published(found.limited, setup.phase).items():
        made["measures"][name]["published"] = [entry.id for entry in entries]
    return made


def share_json(share: Share) -> dict[str, Any]:
    """Of what the measures are; nothing of a step of one device."""
    said = {"per": share.per, "whole": share.whole, "ops": list(share.ops)}
    return {name: value for name, value in said.items() if value}


def measure_json(found: Derivation, name: str, explain: bool, shape: str, flat: bool) -> dict[str, Any]:
    """One measure."""
    form, limited, regime = found.forms[name], found.limited[name], found.regimes.get(name)
    entry: dict[str, Any] = {
        "unit": form.unit,
        "form": formula(form, shape),
        "limited": formula(limited, shape),
        "value": None if limited.number is None else str(limited.number),
        "regime": regime and {"leading": python(regime.leading), "neglected": python(regime.neglected)},
        "latex": limited.latex(shape),
        "assumptions": [str(assumption) for assumption in form.assumptions],
        "remainder": python(form.remainder),
        "definitions": {one.name: text(one.node) for one in limited.defined},
    }
    if isinstance(limited, Largest):
        entry["candidates"] = [
            {"at": list(one.at), "expr": one.text(shape), **({"terms": terms_json(one.terms)} if explain else {})}
            for one in limited.candidates
        ]
    if limited.at:
        entry["at"] = list(limited.at)
    if not flat and (parts := found.parts(name)):
        entry["parts"] = [part_json(found, name, part, shape) for part in parts]
    if explain and not isinstance(limited, Largest):
        shown = limited if isinstance(form, Largest) else form
        for key, terms in (("terms", shown.terms), ("over", shown.over)):
            if terms or key == "terms":
                entry[key] = terms_json(terms)
    return entry


def part_json(found: Derivation, name: str, part: Part, shape: str) -> dict[str, Any]:
    """What a part of a model contributes, in one layer and in all."""
    whole = found.of_part(name, part)
    return {
        "part": part.name,
        "times": python(Quotient(part.times)),
        "expr": python(Quotient(part.each), shape),
        "limited": python(whole, shape),
        "value": None if whole.number is None else str(whole.number),
    }


def terms_json(terms: Iterable[Term]) -> list[dict[str, str]]:
    """Contributions; of one to the model state, to which part of it."""
    return [
        {"op": one.op, "source": one.source, **({"part": one.part} if one.part else {}), "expr": python(one.amount)}
        for one in terms
    ]
