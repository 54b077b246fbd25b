"""Where the sliders of a page stand first: at what was typed, and at sizes that the forms of the page allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

from costgraph.algebra.assumption import AtMost, Choice
from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS
from costgraph.degrees import DEGREES
from costgraph.errors import UserError, unknown
from costgraph.estimation.reading import usual_sizes
from costgraph.exploring.catalogs import figures
from costgraph.exploring.plans import Plan, choices, numbers, of_phase, opened
from costgraph.exploring.scenarios import Scenario, phases_of, setup
from costgraph.given import Options, with_keywords
from costgraph.hardware.machine import NETWORK, Machine, itemsize
from costgraph.mesh import AXES, Mesh, MicrobatchesAxis, PipelineAxis
from costgraph.models.model import Model
from costgraph.setup import Setup

USUAL_MICROBATCHES = int(SYMBOLS["M"].typical)
MANY = 2**40  # devices that a link without bound joins


def first_phase(options: Options, model: Model, along: Mesh | None) -> str:
    """The phase that is shown first: training where the mesh says something that only training has.

    Raises:
        UserError: the model does not have it.
    """
    known = phases_of(model)
    trained = along is not None and any(one.in_time or of_phase(one, "decode") != one for one in along.axes)
    phase = options.get("phase") or ("train" if trained else known[0])
    if phase not in known:
        raise unknown(f"phase of {model.name} in a page", phase, known)
    return phase


def first_sizes(
    options: Options, model: Model, phase: str, dtype: str | None, limit: Any, along: Mesh | None
) -> dict[str, Polynomial]:
    """Where the sliders stand first: sizes of the model, degrees of the mesh, and those that were typed.

    Raises:
        UserError: one is a limit, or no number; or the model cannot be spread over the mesh.
    """
    mesh = Mesh.of(of_phase(axis, phase) for axis in along.axes) if along else Mesh()
    lacking = usual(setup(options, model, phase, limit=limit, also=DEGREES, mesh=mesh), along)
    asked = setup(options, model, phase, limit=with_keywords(limit, lacking), also=DEGREES, mesh=mesh)
    found = asked.finite("a page")
    if dtype is not None and "p" not in asked.sizes:
        found |= itemsize(dtype)
    for name, value in found.items():
        if value.number is None:
            raise UserError(f"{name}={value}: a slider stands at a number")
    return {**{name: Polynomial.constant(size) for name, size in numbers(along or mesh).items()}, **found}


def usual(asked: Setup, along: Mesh | None) -> dict[str, Any]:
    """Usual sizes where nothing was typed, the batch and its microbatches such that each part has a sequence."""
    typed = {name: size.number for name, size in asked.sizes.items() if isinstance(size, Polynomial)}
    degrees = {**numbers(along or Mesh()), **{name: int(size) for name, size in typed.items() if size}}
    mesh = along or Mesh([name for name, axis in AXES.items() if degrees.get(axis.symbol, 1) != 1])
    cut = {name for name, axis in mesh.named.items() if not axis.in_time and degrees.get(name, 1) != 1}
    parts = prod(degrees[name] for name in cut if "batch" in mesh.named[name].computes)
    found: dict[str, Any] = {**usual_sizes(asked)}
    many = degrees.get("M", 1) if "P" in cut or mesh.axis(MicrobatchesAxis.kind) else 1
    if "P" in cut and "M" not in degrees:
        many = found["M"] = microbatches(degrees["P"], degrees.get("B"), parts)
    if "B" in found:
        found["B"] = parts * many
    return found


def microbatches(stages: int, batch: int | None, parts: int) -> int:
    """The usual number, or one near it that leaves whole rounds of the stages, and of a batch whole sequences."""
    most = max(-(-USUAL_MICROBATCHES // stages), 2) * stages
    if batch is None:
        return most
    there = [one for one in range(stages, min(most, batch) + 1) if batch % (parts * one) == 0]
    return max(there, key=lambda one: (one % stages == 0, one), default=stages)


def first_size(name: str, typed: Mapping[str, Polynomial], axes: Iterable[dict[str, Any]]) -> int | float:
    """Where one slider stands first: 1 for the degree of an axis, and what is usual where nobody says."""
    degrees = {"v": 2, **{axis["symbol"]: 1 for axis in axes}}
    number = typed[name].number if name in typed else degrees.get(name, SYMBOLS[name].typical)
    assert number is not None
    return int(number) if number == int(number) else float(number)


def first_plan(phase: str, names: Iterable[str], sizes: Mapping[str, Polynomial], along: Mesh | None) -> Plan:
    """The plan that is shown first: along those of the axes that have more than one device there."""
    on = [name for name in names if name in sizes and sizes[name].number != 1]
    if phase != "train" or PipelineAxis.symbol in on:  # which takes its batch in parts as it is
        on = [name for name in on if name != MicrobatchesAxis.symbol]
    return Plan(phase, tuple(opened(choices(name, along)[0], phase) for name in on))


def check(shown: Scenario, sizes: Mapping[str, Polynomial], on: Machine) -> None:
    """That the page has numbers where it opens.

    Raises:
        UserError: the sizes do not keep what its forms take for granted, or devices lie unevenly over links.
    """
    closed = [form for arms in shown.forms.values() for _, form in arms]
    for claim in {str(one): one for form in closed for one in form.assumptions if not isinstance(one, Choice)}.values():
        bound = claim.substitute(sizes)
        if isinstance(bound, AtMost) and not bound.settled and not bound.symbols:
            raise UserError(f"{claim} does not hold: {bound}")
    crossing = shown.crossing
    known = {**sizes, **{name: Polynomial.constant(count) for name, count in joined(on).items()}}
    settled = settle(crossing.definitions.values(), known)[0]
    values = {name: size.number for name, size in settled.items() if size.number is not None}
    if not all(one.holds(values) for one in crossing.evenly.values()):
        raise UserError(f"mesh '{shown.plan.mesh}': groups of devices lie unevenly over what links of {on.name} join")


def joined(on: Machine) -> dict[str, int]:
    """How many devices each link inside of a node joins; one device where there is none."""
    inside = [link["joins"] or MANY for link in figures(on)["links"] if link["name"] != NETWORK] or [1]
    return {"n_link": inside[0], "n_node": inside[-1]}
