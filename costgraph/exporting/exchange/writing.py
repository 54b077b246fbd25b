"""Forms as a JSON document with all it takes to rebuild them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from costgraph import __version__
from costgraph.algebra.definition import Definition
from costgraph.algebra.expression import names
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, in_order
from costgraph.exporting.exchange import SCHEMA, assumptions
from costgraph.exporting.exchange.trees import tree
from costgraph.exporting.forms import Form, fingerprint
from costgraph.exporting.vectors import vectors
from costgraph.provenance import Term

MONOMIAL = re.compile(r'\{\s*"coefficient": "[^"]*",\s*"powers": \{[^{}]*\}\s*\}')  # one line each


def document(forms: Sequence[Form]) -> str:
    """The JSON text."""
    defined = {one.name for form in forms for one in (form.closed.defined if form.closed else ())}
    letters = in_order({*names([form.node for form in forms]), *defined})
    compared = vectors(forms)
    content = {
        "schema": SCHEMA,
        "version": __version__,
        "hash": fingerprint(forms),
        "symbols": [
            {"name": s.name, "tex": s.tex, "meaning": s.meaning, "unit": s.unit, "domain": s.domain}
            for s in (SYMBOLS[letter] for letter in letters if letter in SYMBOLS)
        ],
        "remarks": list(dict.fromkeys(remark for form in forms for remark in form.remarks)),
        "forms": [entry(form) for form in forms],
        "vectors": [
            {
                "label": vector.label,
                "sizes": {name: str(size) for name, size in vector.sizes.items()},
                "results": {form.name: str(result) for form, result in zip(forms, vector.results, strict=True)},
            }
            for vector in compared.found
        ],
        "not_compared": dict(compared.left_out),
    }
    return MONOMIAL.sub(lambda match: " ".join(match[0].split()), json.dumps(content, indent=1, ensure_ascii=False))


def entry(form: Form) -> dict[str, Any]:
    """One form with all it takes to rebuild it."""
    result: dict[str, Any] = {"name": form.name, "unit": form.unit, "source": form.source}
    if isinstance(form.value, Quotient):
        result |= {"text": str(form.value), "value": quotient(form.value)}
    else:
        result["tree"] = tree(form.node)
    if form.setting:
        result["setting"] = form.setting
    if form.regime is not None:
        result["regime"] = {"when": form.regime.regime, "neglected": quotient(form.regime.neglected)}
    if (closed := form.closed) is not None:
        rule = closed.convention
        result |= {
            "convention": {
                "name": rule.name,
                "neglects": sorted(rule.neglects),
                "elementwise": {kind: str(rate) for kind, rate in rule.elementwise},
                "additions": rule.additions,
            },
            "assumptions": [assumptions.written(one, polynomial) for one in closed.assumptions],
            "remainder": quotient(closed.remainder),
            "terms": [term(t) for t in closed.terms],
            "over": [term(t) for t in closed.over],
            "at_infinity": list(closed.at_infinity),
            "definitions": [definition(one) for one in closed.defined],
            "dims": [
                {"dim": one.dim, "size": polynomial(one.size), "mean": one.mean, "layers": one.layers}
                for one in closed.dims
            ],
            "loops": [{"kind": one.kind, "times": polynomial(one.times), "number": one.number} for one in closed.loops],
        }
    return result


def definition(one: Definition) -> dict[str, Any]:
    """What a symbol stands for: `{"symbol": "S_w", "function": "min", "arguments": [...]}`."""
    arguments = [polynomial(argument) for argument in one.arguments]
    return {"symbol": one.name, "function": one.function, "arguments": arguments}


def term(one: Term) -> dict[str, Any]:
    """A contribution with the place it comes from."""
    part = {"part": one.part} if one.part else {}
    return {"op": one.op, "source": one.source, "role": one.role, **part, "amount": polynomial(one.amount)}


def quotient(value: Quotient) -> dict[str, Any]:
    """Numerator and denominator as lists of monomials."""
    return {"numerator": polynomial(value.numerator), "denominator": polynomial(value.denominator)}


def polynomial(value: Polynomial) -> list[dict[str, Any]]:
    """Monomials in printing order: `{"coefficient": "5/2", "powers": {"B": 1, "T": -1}}`."""
    return [{"coefficient": str(term.leading_coefficient), "powers": term.powers} for term in value.monomials()]
