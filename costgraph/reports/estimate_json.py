"""An estimate as JSON."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction
from math import ceil
from typing import Any

from costgraph.algebra import printers
from costgraph.algebra.polynomial import Polynomial
from costgraph.estimation.assumed import assumed
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.outcome import Run

SCHEMA = "costgraph.estimate/1"
FITS = "costgraph.fits/1"


def to_json(result: Estimate) -> dict[str, Any]:
    """The JSON contract `costgraph.estimate/1`; see docs/hardware.md. Exact numbers are strings, `a/b` or whole."""
    asked, devices, generation = result.request, result.devices, result.generation
    return {
        "schema": SCHEMA,
        "op_set": asked.setup.graph.name,
        "phase": asked.phase,
        "model": asked.setup.model.name or None,
        "hardware": asked.machine and asked.machine.name,
        "cluster": asked.cluster and str(asked.cluster),
        "dtype": asked.dtype or None,
        "passes": asked.setup.rewrites,
        "mesh": str(asked.setup.graph.mesh),
        "attention": asked.setup.attention,
        "limit": {name: str(value) for name, value in asked.put_in.items()},
        "efficiency": {name: str(share) for name, share in asked.efficiency.items()},
        "overlap": {name: str(share) for name, share in asked.overlap.items()},
        "convention": asked.setup.convention.name,
        "precision": str(asked.setup.precision),
        "remarks": list(result.remarks),
        "unbound": list(result.unbound),
        "verdict": verdict_json(result),
        "step": step_json(result),
        "memory": {
            name: {"unit": "byte", "form": printers.python(result.forms[name]), "value": exact(form)}
            for name, form in result.memory.items()
        },
        "capacity": text(result.verdict.usable),
        "needed": text(result.verdict.needed),
        "fits": result.verdict.fits,
        "largest_batch": result.largest_batch,
        "largest_batch_at_once": result.largest_batch,  # its name while the one before was of decoding alone
        "largest_batch_decoding": result.largest_batch_decoding,
        "smallest_tensor_parallel": devices and {"fits": devices[0], "divides": devices[1]},
        "moves": [
            {
                "move": one.move,
                "mesh": str(one.request.setup.mesh),
                "needed_bytes": whole(one.verdict.needed),
                "fits": one.verdict.fits,
                "bound_s": seconds(one.seconds),
                "devices": one.devices,
            }
            for one in result.moves
        ],
        "stages": {step.name: kind_json(result, i) for i, step in enumerate(result.steps)},
        "generation": generation and text(generation[0]),
        "generation_estimate": generation and text(generation[1]),
        "usd_per_million_tokens": text(result.usd_per_million_tokens[0]),
        "usd_per_million_tokens_estimate": text(result.usd_per_million_tokens[1]),
        "runs": {name: run_json(run) for name, run in result.runs.items()},
        "measured": {
            name: {field.name: seconds(getattr(one, field.name)) for field in fields(one)}
            for name, one in result.measured.items()
        },
    }


def fits_json(result: Estimate) -> dict[str, Any]:
    """The JSON contract `costgraph.fits/1`."""
    return {"schema": FITS, **verdict_json(result)}


def verdict_json(result: Estimate) -> dict[str, Any]:
    """Whether it fits; bytes are whole numbers of JSON."""
    found = result.verdict
    return {
        "fits": found.fits,
        "needed_bytes": whole(found.needed),
        "usable_bytes": whole(found.usable),
        "stage": found.stage,
        "instant": found.instant,
        "parts": {name: whole(size) for name, size in found.parts.items()},
    }


def step_json(result: Estimate) -> dict[str, Any]:
    """The step that the phase is about; times are numbers of JSON, null where there is none."""
    if not result.ready:
        return dict.fromkeys(STEP) | {"assumptions": assumed(result)}
    step, taken = result.main, result.estimated(result.main)
    longest = result.bound(step).longest
    return {
        "name": step.title,
        "bound_s": seconds(result.least),
        "estimate_s": seconds(taken),
        "tokens_per_s": seconds(taken and result.throughput(step, taken)),
        "bound_tokens_per_s": seconds(result.throughput(step, result.least)),
        "mfu": seconds(taken and result.mfu(step, taken)),
        "hfu": seconds(taken and result.hfu(step, taken)),
        "bound_by": longest.resource,
        "stage": longest.stage or None,
        "busy_s": {name: seconds(one) for name, one in result.bound(step).resources.items()},
        "assumptions": assumed(result),
    }


STEP = (
    "name", "bound_s", "estimate_s", "tokens_per_s", "bound_tokens_per_s", "mfu", "hfu", "bound_by", "stage", "busy_s",
)  # fmt: skip


def run_json(run: Run) -> dict[str, Any]:
    """What a run of many tokens takes."""
    return {
        "tokens": run.tokens, "gpu_hours": seconds(run.hours), "days": seconds(run.days), "usd": seconds(run.usd),
    }  # fmt: skip


def exact(form: Polynomial) -> str | None:
    """The number as a string, or None."""
    return None if form.number is None else str(form.number)


def text(value: Fraction | None) -> str | None:
    """An exact number as a string."""
    return None if value is None else str(value)


def whole(value: Fraction | None) -> int | None:
    """Bytes, of which a part counts as one."""
    return None if value is None else ceil(value)


def seconds(value: Fraction | None) -> float | None:
    """A number of JSON; a whole one where it is beyond all floats."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        return int(value or 0)


def kind_json(result: Estimate, at: int) -> dict[str, Any]:
    """One kind of step."""
    step, formula = result.steps[at], result.formulas[at]
    entry: dict[str, Any] = {
        "unit": "s",
        "form": formula.time.text(),
        "limited": step.time.text(),
        "optimistic_form": formula.time.text(optimistic=True),
        "latex": formula.time.latex(),
    }
    if result.ready:
        taken, least = result.estimated(step), result.bound(step)
        entry |= {
            "bound_s": seconds(least.seconds),
            "bound_by": least.longest.resource,
            "estimate_s": seconds(taken),
            "seconds": str(step.time.seconds),
            "optimistic": str(step.time.optimistic),
            "weights_alone": str(step.thumb.seconds) if step.thumb.spans else None,
            "bound": step.time.bound,
            "tokens_per_second": str(result.throughput(step, step.time.seconds)),
            "mfu": text(taken and result.mfu(step, taken)),
            "classes": {
                kind: {"seconds": str(part.seconds), "bound": part.bound} for kind, part in step.time.by_class.items()
            },
            "ops": {
                span.name: {"class": span.kind, "seconds": str(span.seconds), "bound": span.bound}
                for span in step.time.spans
            },
        }
    return entry
