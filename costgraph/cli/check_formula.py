"""`costgraph check --formula`: a formula of one's own, against the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from costgraph.algebra.work import bounded
from costgraph.errors import UserError

if TYPE_CHECKING:
    from costgraph.library.checking.comparison import Comparison


@bounded()
def one_formula(formula: str, options: Mapping[str, Any], format_: str) -> tuple[str, bool]:
    """Compare a formula with what the engine derives: the report, and whether it differs."""
    from costgraph.library.checking.comparison import compare

    if "measure" not in options:
        raise UserError("--formula needs --measure: what does the formula give? See `costgraph list measures`")
    compared = compare(formula, **options)
    if format_ == "json":
        return json.dumps(compared.to_json(), indent=2, ensure_ascii=False), not compared.agrees
    said = [f"note: {remark}" for remark in compared.remarks]
    return "\n".join([comparison(compared, options.get("when")), *said]), not compared.agrees


def comparison(compared: Comparison, when: str | None) -> str:
    """A formula of one's own against the engine, as text."""
    from costgraph.algebra.printers import python
    from costgraph.provenance import explain

    lines = [
        f"asked of  {compared.head}",
        f"formula   {python(compared.printed)}",
        f"derived   {python(compared.exactly)} {compared.unit}",
    ]
    if compared.neglected is not None:
        lines += [
            f"leading   {python(compared.derived)}  ({when}; first neglected: {python(compared.neglected)} of it)"
        ]
    if compared.agrees:
        return "\n".join([*lines, compared.outcome + (f" in {when}" if compared.outcome != "agrees" else "")])
    lines += [f"differs by {python(compared.difference, 'factored')}"]
    if compared.slip:
        lines += [f"nearest slip: {compared.slip}"]
    else:
        of = "" if compared.ratio is None else f"; the formula is {float(compared.ratio):.5g} of what is derived"
        lines += [f"nothing short explains it{of}"]
    if compared.responsible:
        lines += ["", "the terms it comes from:", explain(compared.responsible, compared.over, python, compared.loops)]
    return "\n".join(lines)
