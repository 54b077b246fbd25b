"""The plans of a page derived: setups whose sizes and degrees are open, with the closed forms that a page shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError
from costgraph.exploring.crossing import Crossing
from costgraph.exploring.plans import Plan
from costgraph.given import Options, read_model
from costgraph.graph.graph import Graph
from costgraph.largest import candidates_of
from costgraph.measures.parts import read_measure
from costgraph.measures.times import RESOURCES, busy
from costgraph.measures.times import form as seconds
from costgraph.models.model import Model
from costgraph.records import dataclass
from costgraph.setup import Setup

MEASURED: Mapping[str, tuple[str, ...]] = {
    "decode": ("peak", "tpot", "flops", "traffic", "communication", "cache", "states", "params"),
    "prefill": ("peak", "ttft", "flops", "traffic", "communication", "cache", "states", "params"),
    "train": ("peak", "step_time", "flops", "traffic", "communication", "activations", "states", "params"),
}
TIMES = ("tpot", "ttft", "step_time")
BUDGET = 6_900_000  # of `effort`, about ten seconds
Arm = tuple[str, ClosedForm]  # where a form is the value, such as an instant


@dataclass(frozen=True)
class Scenario:
    """A setup whose sizes are open, with the closed forms that a page shows of it.

    Args:
        setup: the model on a mesh of open degrees.
        model: as it was named; the setup's may give logits of the last position alone.
        plan: of the page.
    """

    setup: Setup
    model: Model
    plan: Plan

    @property
    def graph(self) -> Graph:
        """The graph of one device."""
        return self.setup.graph

    @property
    def effort(self) -> int:
        """How long it takes to derive, in about microseconds: of each op, and of instants compared by pairs."""
        return sum(len(stage.ops) * (2 * len(stage.ops) + 150) for stage in self.stages)

    @property
    def stages(self) -> tuple[Graph, ...]:
        """Those of a pipeline that differ; the graph itself where there is none."""
        return self.graph.stages or (self.graph,)

    @cached_property
    def crossing(self) -> Crossing:
        """The links of its mesh."""
        return Crossing(self.setup.mesh)

    @cached_property
    def forms(self) -> dict[str, tuple[Arm, ...]]:
        """By measure the forms of which the largest is the value: of a time one for each resource of a stage."""
        return {name: self.times(name) if name in TIMES else self.measured(name) for name in MEASURED[self.plan.phase]}

    def measured(self, name: str) -> tuple[Arm, ...]:
        """The forms of a measure."""
        found: list[Arm] = []
        for stage in self.stages:  # each by itself: of two stages none is in the middle, and bars are of all
            form = read_measure(name, stage).of(stage, self.setup.convention, self.setup.precision)
            at = [str(stage.stage)] if stage.stage else []
            found += [(", ".join([*at, *one.at]), one) for one in candidates_of(form)]
        return tuple(found)

    def times(self, name: str) -> tuple[Arm, ...]:
        """How long each resource of each stage is busy, or its stage idle: a step takes no less than any."""
        return tuple(
            (", ".join(filter(None, [str(stage.stage or ""), RESOURCES[rate]])), seconds(name, "s", stage, terms))
            for stage, rate, terms in busy(self.graph, self.crossing.links)
        )

    @cached_property
    def symbols(self) -> set[str]:
        """What occurs in the forms."""
        return {name for arms in self.forms.values() for _, form in arms for name in form.symbols}


def phases_of(model: Model) -> tuple[str, ...]:
    """The phases that a model has; an encoder alone generates nothing."""
    return ("decode", "prefill", "train") if getattr(model.op_set, "generates", True) else ("train",)


def scenarios(
    options: Options, found: Iterable[Plan], budget: int = BUDGET, needed: Collection[Plan] = ()
) -> Iterator[Scenario]:
    """The plans of a model that forms can be derived of, as many of the first as a budget allows.

    Args:
        options: the model, and what is the same in all phases: convention, precision, attention, widths.
        found: the plans, the usual ones first.
        budget: of `Scenario.effort`.
        needed: those without which there is no page, which come first.

    Raises:
        UserError: no model is named, one of the options cannot be, or one that is needed has no forms.
    """
    model = named(options)
    alone: dict[tuple[str, str], Setup] = {}
    for plan in dict.fromkeys([*needed, *found]):
        one = (plan.phase, plan.replay)
        if one not in alone:
            alone[one] = setup(options, model, plan.phase, replayed(plan.replay))
        try:
            scenario = Scenario(alone[one].on(plan.mesh), model, plan)
            budget -= scenario.effort
        except UserError:  # such as layers of two kinds, on which no open number of stages is spread
            if plan in needed:
                raise
            continue
        if budget < 0 and plan not in needed:
            return
        yield scenario


def can_be(options: Options, model: Model, axis: str) -> bool:
    """Whether a model can be spread along an axis, such as `experts(2)`."""
    try:
        return bool(setup(options, model, "train", mesh=axis).graph.ops)
    except UserError:
        return False


def replayed(replay: str) -> list[str]:
    """The passes as they are typed."""
    return [] if replay == "none" else [f"recompute({replay})"]


def named(options: Options) -> Model:
    """The model that is asked about.

    Raises:
        UserError: none is.
    """
    if options.get("model") is None:
        raise UserError("which model? name it with --model; `costgraph list models` shows those that are known")
    return read_model(options["model"])


def setup(options: Options, model: Model, phase: str, passes: Iterable[str] = (), **more: Any) -> Setup:
    """The setup of one phase; generation as engines do it, and attention fused unless something else is asked for."""
    own: Any = {**options, "model": model if phase == "train" else model.serving(), "phase": phase}
    return Setup.of(**{**own, "passes": tuple(passes), **more}, usual_attention="flash")
