"""A pipeline's schedule: what each stage does when, and when it waits."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import rounded
from costgraph.conventions import Convention
from costgraph.errors import UserError
from costgraph.estimation.estimate import Estimate
from costgraph.graph.graph import Graph
from costgraph.measures.flops import PARTS, collect
from costgraph.measures.pipeline import costs_of
from costgraph.pictures.jobs import Kind
from costgraph.pictures.orders import Run, Slot, run
from costgraph.pictures.picture import INK, OKABE_ITO, SHADE, Picture, aligned, of_figure, page, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS: dict[Kind, str] = {"F": OKABE_ITO[0], "B": OKABE_ITO[4], "W": "#F0E442"}
HATCH: dict[Kind, str] = {"F": "", "B": "////", "W": ""}  # on paper a light blue is the grey of orange
MEANT: dict[Kind, str] = {"F": "forward", "B": "gradients of inputs", "W": "gradients of weights"}
MOST = 4096  # jobs on a page
DIGIT = 0.008  # how wide one is with the gap beside it, as a share of the picture
Durations = dict[Kind, Fraction]


def draw(result: Estimate) -> Picture:
    """The schedule of a training step on a pipeline.

    Raises:
        UserError: matplotlib is missing, there is no pipeline, something is unbound, or there are too many jobs.
    """
    asked = result.request
    graph = asked.sized(asked.phase) if asked.phase == "train" else None
    axis = graph.mesh.pipeline if graph else None
    if graph is None or axis is None:
        raise UserError("a schedule is that of a training step on a pipeline: --phase train --mesh 'pipeline(4), ...'")
    sizes = [whole(one) for one in (axis.size, graph.mesh.microbatches, axis.chunks)]
    durations = durations_of(graph, asked.setup.convention)
    if None in sizes or durations is None:
        open_ = ", ".join(dict.fromkeys(name for one in (axis.size, graph.mesh.microbatches) for name in one.symbols))
        raise UserError(f"a picture of a schedule needs numbers: bind {', '.join(result.unbound) or open_}")
    stages, microbatches, chunks = (one or 0 for one in sizes)
    if (jobs := stages * microbatches * chunks * len(COLORS)) > MOST:
        raise UserError(f"{jobs} jobs are more than the {MOST} that a page has room for: fewer microbatches or stages")
    title = asked.setup.model.title or asked.setup.graph.name
    said = f"{axis.schedule}: {stages} stages, {microbatches} microbatches"
    said += f", {chunks} chunks" if chunks > 1 else ""
    return of_figure(lambda: picture(run(axis.schedule, stages, microbatches, chunks), durations, title, said))


def durations_of(graph: Graph, convention: Convention) -> Durations | None:
    """How long each kind of job takes, by its FLOPs, in forward passes; None while something is open."""
    stages = graph.stages or (graph,)
    stage = next((one for one in stages if one.stage and one.stage.place == "middle"), stages[0])
    forward, backward, weight = (one.number for one in costs_of(stage, collect(stage, convention, PARTS)))
    if forward is None or backward is None or weight is None:
        return None
    unit = Fraction(forward) or Fraction(1)
    return {"F": forward / unit, "B": backward / unit, "W": weight / unit}


def whole(size: Polynomial) -> int | None:
    """A size as a number, once it is one."""
    return None if size.number is None else int(size.number)


def slots(of: Run, durations: Durations) -> list[Slot]:
    """All jobs with their times, in units of a forward pass through all layers of a stage."""
    return list(of.slots(lambda _, job: durations[job.kind] / of.v))


def idle(of: Run, found: list[Slot]) -> Fraction:
    """The time that a stage waits over the time that it works."""
    busy = sum((one.end - one.begin for one in found), Fraction(0)) / of.P
    return max(of.steps(found)) / busy - 1


def picture(of: Run, durations: Durations, model: str, said: str) -> Figure:
    """A row for each stage, a box for each job; what stays empty is waiting."""
    found = slots(of, durations)
    end = float(max(one.end for one in found))
    figure = page(width=11.0, height=2.6 + 0.42 * of.P)
    axes = figure.add_subplot()
    axes.set(xlim=(0, end), ylim=(of.P - 0.45, -0.55), yticks=range(of.P))
    axes.set_yticklabels([f"stage {row + 1}" for row in range(of.P)])
    axes.set_facecolor(SHADE)
    for one in found:
        box(axes, one, of, end)
    axes.set_xlabel("time, in forward passes of a microbatch through a stage")
    axes.spines[:].set_visible(False)
    axes.tick_params(axis="y", length=0)
    share = rounded(idle(of, found) * 100, 3)
    weights = ", ".join(f"{MEANT[kind]} {rounded(durations[kind], 3)}" for kind in durations)
    below = (
        f"Durations by FLOPs of a stage in the middle: {weights}. Sends take no time; all stages are taken as equal."
    )
    if of.v > 1:
        below += " Lighter boxes are later chunks of layers."
    colors = {MEANT[kind]: COLORS[kind] for kind in COLORS} | {"waiting": SHADE}
    hatches = {MEANT[kind]: HATCH[kind] for kind in HATCH}
    titled(figure, axes, f"Schedule of {model}", f"{said}, idle over busy {share} %", below, colors, hatches=hatches)
    return aligned(figure, axes)


def box(axes: Axes, one: Slot, of: Run, end: float) -> None:
    """One job: its colour says what it is, its number which microbatch; later chunks are lighter."""
    begin, width = float(one.begin), float(one.end - one.begin)
    lighter = 1 - 0.55 * one.job.chunk / of.v
    axes.barh(
        one.stage, width, left=begin, height=0.82, color=COLORS[one.job.kind], alpha=lighter,
        hatch=HATCH[one.job.kind], edgecolor="white", linewidth=0.6,
    )  # fmt: skip
    number = str(one.job.microbatch + 1)
    if width / end > len(number) * DIGIT:
        ink = "white" if one.job.kind == "F" and lighter > 0.7 else INK
        axes.text(begin + width / 2, one.stage, number, ha="center", va="center", color=ink, fontsize=8)
