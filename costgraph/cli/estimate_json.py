"""An estimate as JSON."""

from __future__ import annotations

from typing import Any

from costgraph.algebra import printers
from costgraph.algebra.polynomial import Polynomial
from costgraph.estimation.estimate import Estimate

SCHEMA = "costgraph.estimate/1"


def to_json(result: Estimate) -> dict[str, Any]:
    """The JSON contract `costgraph.estimate/1`; see docs/hardware.md. Exact numbers are strings, `a/b` or whole."""
    asked, ready = result.request, not result.unbound and result.request.machine is not None
    devices = result.devices
    return {
        "schema": SCHEMA,
        "op_set": asked.setup.graph.name,
        "phase": asked.phase,
        "model": asked.setup.model.name or None,
        "hardware": asked.machine and asked.machine.name,
        "dtype": asked.dtype or None,
        "passes": asked.setup.rewrites,
        "mesh": str(asked.setup.graph.mesh),
        "attention": asked.setup.attention,
        "limit": {name: str(value) for name, value in asked.put_in.items()},
        "efficiency": {name: str(share) for name, share in asked.efficiency.items()},
        "convention": asked.setup.convention.name,
        "precision": str(asked.setup.precision),
        "remarks": list(result.remarks),
        "unbound": list(result.unbound),
        "memory": {
            name: {"unit": "byte", "form": printers.python(result.forms[name]), "value": exact(form)}
            for name, form in result.memory.items()
        },
        "capacity": None if result.capacity is None else str(result.capacity),
        "needed": exact(result.needed),
        "fits": None if result.left is None else result.left >= 0,
        "largest_batch": result.largest_batch,
        "smallest_tensor_parallel": devices and {"fits": devices[0], "divides": devices[1]},
        "stages": {stage.name: stage_json(result, i, ready) for i, stage in enumerate(result.stages)},
        "generation": result.generation and str(result.generation[0]),
        "usd_per_million_tokens": None if result.cost_per_million is None else str(result.cost_per_million),
    }


def exact(form: Polynomial) -> str | None:
    """The number as a string, or None."""
    return None if form.number is None else str(form.number)


def stage_json(result: Estimate, at: int, ready: bool) -> dict[str, Any]:
    """One kind of step."""
    stage, formula = result.stages[at], result.formulas[at]
    entry: dict[str, Any] = {
        "unit": "s",
        "form": formula.time.text(),
        "limited": stage.time.text(),
        "optimistic_form": formula.time.text(optimistic=True),
        "latex": formula.time.latex(),
    }
    if ready:
        share = result.mfu(stage)
        entry |= {
            "seconds": str(stage.time.seconds),
            "optimistic": str(stage.time.optimistic),
            "weights_alone": str(stage.thumb.seconds) if stage.thumb.spans else None,
            "bound": stage.time.bound,
            "tokens_per_second": str(result.throughput(stage)),
            "mfu": None if share is None else str(share),
            "classes": {
                kind: {"seconds": str(part.seconds), "bound": part.bound} for kind, part in stage.time.by_class.items()
            },
            "ops": {
                span.name: {"class": span.kind, "seconds": str(span.seconds), "bound": span.bound}
                for span in stage.time.spans
            },
        }
    return entry
