"""What to change when a model does not fit: moves, each tried.

One table, in which a move is a row: a function from a request to requests that differ in one choice. What a move brings
and costs is not known here; it is derived, as everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.bound import bound_of
from costgraph.estimation.verdict import Verdict, verdict
from costgraph.given import Choices
from costgraph.mesh import AXES, Axis, DataAxis, Mesh, MicrobatchesAxis, PipelineAxis, TensorAxis
from costgraph.passes import Pass
from costgraph.passes.recompute import Recompute
from costgraph.passes.widths import Widths
from costgraph.precision import PRECISIONS, USUAL
from costgraph.records import dataclass
from costgraph.timing.roofline import number

Changed = Iterator[Request]
GROUPS = (2, 4, 8)  # of layers that are replayed together
FACTORS = (2, 4, 8)  # by which a degree is made larger
MOST_TOGETHER = 3
OUTERMOST_FIRST = tuple(AXES)


@dataclass(frozen=True)
class Tried:
    """A move and what came out.

    Args:
        move: how one types it.
        request: what it makes of what was asked.
        verdict: whether that fits.
        devices: over how many devices it is spread.
    """

    move: str
    request: Request
    verdict: Verdict
    devices: int

    @cached_property
    def seconds(self) -> Fraction:
        """How long a step takes at least; derived where somebody asks, which is of few that do not fit."""
        return bound_of(self.request, self.request.resting, self.request.last_context).seconds

    @property
    def price(self) -> Fraction:
        """Device-seconds of a step, at least."""
        return self.seconds * self.devices


def what_to_change(request: Request, needed: Fraction) -> list[Tried]:
    """The moves that make a model fit, the cheapest first; where no single one does, those that help most, together.

    Args:
        request: what was asked.
        needed: bytes of one device now.
    """
    found = tried(request, request)
    for _ in range(MOST_TOGETHER):
        helping = [one for one in found if one.verdict.needed is not None and one.verdict.needed < needed]
        if not helping or helping[0].verdict.fits:
            break
        best = min(helping, key=lambda one: one.verdict.needed or 0)
        found = sorted([*tried(best.request, request), *helping], key=order)
    return [one for one in found if one.verdict.needed is not None and one.verdict.needed < needed]


def tried(request: Request, asked: Request) -> list[Tried]:
    """All moves that may be made, those that fit before others, the cheapest first, as changes of what was asked."""
    every = [changed for change in MOVES for changed in change(request)]
    found = [one for changed in every if (one := try_(written(asked, changed), changed)) is not None]
    return sorted(found, key=order)


def order(one: Tried) -> tuple[bool, Fraction, Fraction]:
    """What fits first, and of these what is cheapest; else what needs least."""
    needed = one.verdict.needed or Fraction(0)
    return not one.verdict.fits, one.price if one.verdict.fits else Fraction(0), needed


def try_(move: str, changed: Request) -> Tried | None:
    """What a move brings; None where it cannot be made, such as a degree that divides nothing."""
    try:
        outcome = verdict(changed)
        _ = changed.network and changed.network.used  # which more devices may have none of
    except UserError:
        return None
    return Tried(move, changed, outcome, int(number(changed.degree)))


def written(asked: Request, changed: Request) -> str:
    """What differs, as one would type it beside all else that was typed; a mesh in place of what there was."""
    before, after = asked.setup, changed.setup
    widths, was = after.choices.widths, before.choices.widths
    said = ["--attention flash"] if after.choices.attention != before.choices.attention else []
    said += [f"--pass '{one}'" for one in after.passes if one not in before.passes]
    said += [f"--precision {after.precision}"] if after.precision != before.precision else []
    said += [f"--weights {NAMES[str(widths.weights)]}"] if widths.weights != was.weights else []
    said += [f"--cache-dtype {NAMES[str(widths.cache)]}"] if widths.cache != was.cache else []
    said += [f"--mesh '{after.mesh}'"] if after.mesh != before.mesh else []
    return " ".join(said)


NAMES = {"1": "fp8", "1/2": "int4"}


# --- the moves --------------------------------------------------------------------------------------------------------


def with_choices(request: Request, **changes: object) -> Request:
    """The same with other fields of its setup."""
    return replace(request, setup=replace(request.setup, **changes))  # type: ignore[arg-type]


def with_axis(request: Request, axis: Axis, was: Axis | None = None) -> Request:
    """The same with an axis more, where one would put it, or in place of another."""
    axes = request.setup.mesh.axes
    if was is not None:
        return on(request, (axis if one is was else one for one in axes))
    return on(request, sorted((*axes, axis), key=lambda one: OUTERMOST_FIRST.index(one.kind)))


def on(request: Request, axes: Iterable[Axis]) -> Request:
    """The same over these axes."""
    return replace(request, setup=request.setup.on(Mesh(axes)))


def flash(request: Request) -> Changed:
    """Fuse attention cores."""
    setup = request.setup
    if setup.attention == "eager" and setup.can_fuse:
        yield with_choices(request, choices=replace(setup.choices, attention="flash"))


def sequence(request: Request) -> Changed:
    """Let tensors that no head splits rest in parts."""
    axis = request.setup.mesh.axis(TensorAxis.kind)
    if isinstance(axis, TensorAxis) and not axis.sequence and request.phase == "train":
        changed = replace(axis, sequence=True)
        yield with_axis(request, changed, axis)


def recomputation(request: Request) -> Changed:
    """Replay attention cores, or layers, alone or several together."""
    passes = request.setup.passes
    if request.phase != "train" or any(isinstance(one, Recompute) for one in passes):
        return
    selective: list[Pass] = [] if request.setup.attention == "flash" else [Recompute("selective")]
    for one in (*selective, *(Recompute(every=n) for n in reversed(GROUPS)), Recompute("full")):
        yield with_choices(request, passes=(*passes, one))


def zero(request: Request) -> Changed:
    """Let more of the training state rest in parts on a data axis."""
    data = [axis for axis in request.setup.mesh.axes if isinstance(axis, DataAxis)]
    if not data or request.phase != "train":
        return
    for stage in (1, 2, 3):
        if stage > data[-1].zero and not (stage > 1 and request.setup.mesh.pipeline):
            changed = replace(data[-1], zero=stage)
            yield with_axis(request, changed, data[-1])


def microbatches(request: Request) -> Changed:
    """Take the batch in smaller parts."""
    axis = request.setup.mesh.axis(MicrobatchesAxis.kind)
    if request.phase != "train":
        return
    if axis is None:
        yield from (with_axis(request, new) for new in map(MicrobatchesAxis, FACTORS))
    else:
        yield from larger(request, axis)


def degrees(request: Request) -> Changed:
    """Spread the model over more devices."""
    for make in (TensorAxis, PipelineAxis):
        axis = request.setup.mesh.axis(make.kind)
        if axis is not None:
            yield from larger(request, axis)
        elif make is TensorAxis:
            yield from (with_axis(request, new) for new in map(make, FACTORS))
        elif request.phase == "train":
            yield from (in_stages(request, degree) for degree in FACTORS)


def in_stages(request: Request, degree: int) -> Request:
    """The same in a pipeline, with as many microbatches as stages unless it has some."""
    staged = with_axis(request, PipelineAxis(degree))
    has_some = request.setup.mesh.axis(MicrobatchesAxis.kind) is not None
    return staged if has_some else with_axis(staged, MicrobatchesAxis(degree))


def data(request: Request) -> Changed:
    """Spread the batch over more devices."""
    axes = [axis for axis in request.setup.mesh.axes if isinstance(axis, DataAxis)]
    if axes:
        yield from larger(request, axes[-1])
    elif request.phase == "train":
        for degree in FACTORS:
            new = DataAxis(degree, zero=3)
            yield with_axis(request, new)


def larger(request: Request, axis: Axis) -> Changed:
    """A degree times a few factors."""
    now = axis.size.substitute(request.bindings).number
    for factor in FACTORS if now is not None else ():
        changed = replace(axis, degree=int(now or 1) * factor)
        yield with_axis(request, changed, axis)


def state(request: Request) -> Changed:
    """Keep moments in 8 bits."""
    if request.phase == "train" and request.setup.precision == PRECISIONS[USUAL]:
        yield with_choices(request, precision=PRECISIONS["adam_8bit"])


def widths(request: Request) -> Changed:
    """Keep weights, or the cache, in fewer bytes."""
    if request.phase not in ("generate", "decode"):
        return
    choices, now = request.setup.choices, request.setup.choices.widths
    if now.cache == Widths().cache:
        yield narrower(request, choices, replace(now, cache="1"))
    if now.weights == Widths().weights:
        yield narrower(request, choices, replace(now, weights="1"))
        yield narrower(request, choices, replace(now, weights="1/2"))


def narrower(request: Request, choices: Choices, made: Widths) -> Request:
    """The same with other widths."""
    return with_choices(request, choices=replace(choices, widths=made))


MOVES: tuple[Callable[[Request], Changed], ...] = (
    flash, sequence, recomputation, zero, microbatches, state, widths, degrees, data,
)  # fmt: skip
