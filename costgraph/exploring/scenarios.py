"""What a page may be asked: one model in each phase, and in training under each choice that changes the graph.

Sizes and degrees of the mesh stay symbols, so that one derivation answers all settings of the sliders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError
from costgraph.given import Options, read_model
from costgraph.graph.graph import Graph
from costgraph.largest import Largest
from costgraph.measures.parts import read_measure
from costgraph.models.model import Model
from costgraph.records import dataclass
from costgraph.setup import Setup

DEGREES = ("N_d", "T")
SPREAD = (("N_d", "T"), ("N_d",), ("T",), ())  # which of them are above 1: on an axis of one device nothing moves
STAGES = (0, 1, 2, 3)  # of ZeRO
REPLAYS = ("none", "full")  # what the backward pass computes again
MEASURED: Mapping[str, tuple[str, ...]] = {
    "decode": ("peak", "tpot", "flops", "traffic", "communication", "cache", "states", "params"),
    "prefill": ("peak", "ttft", "flops", "traffic", "communication", "cache", "states", "params"),
    "train": ("peak", "step_time", "flops", "traffic", "communication", "activations", "states", "params"),
}
TIMES = ("tpot", "ttft", "step_time")


@dataclass(frozen=True)
class Scenario:
    """A setup whose sizes are open, with the closed forms that a page shows of it.

    Args:
        setup: the model on a mesh of open degrees.
        model: as it was named; the setup's may give logits of the last position alone.
        phase: of the setup.
        spread: the degrees that are above 1.
        stage: of ZeRO.
        replay: one of `REPLAYS`.
    """

    setup: Setup
    model: Model
    phase: str
    spread: tuple[str, ...] = DEGREES
    stage: int = 0
    replay: str = "none"

    @property
    def key(self) -> str:
        """By what the page finds it."""
        return f"{self.place}/{self.stage}/{self.replay}"

    @property
    def place(self) -> str:
        """The phase, and the degrees above 1: what its drawing depends on."""
        return f"{self.phase}/{','.join(self.spread)}"

    @property
    def graph(self) -> Graph:
        """The graph of one device."""
        return self.setup.graph

    @cached_property
    def forms(self) -> dict[str, ClosedForm]:
        """By measure."""
        return {name: self.measured(name) for name in MEASURED[self.phase]}

    def measured(self, name: str) -> ClosedForm:
        """The closed form of a measure."""
        return read_measure(name, self.graph).of(self.graph, self.setup.convention, self.setup.precision)

    @cached_property
    def symbols(self) -> set[str]:
        """What occurs in the forms."""
        return {name for form in self.forms.values() for name in form.symbols}


def arms(form: ClosedForm) -> tuple[ClosedForm, ...]:
    """The forms of which one is the value."""
    return form.candidates if isinstance(form, Largest) else (form,)


def mesh(stage: int = 0) -> str:
    """The mesh as it is typed."""
    return f"data(N_d, zero={stage}), tensor(T)" if stage else "data(N_d), tensor(T)"


def replayed(replay: str) -> list[str]:
    """The passes as they are typed."""
    return [] if replay == "none" else [f"recompute({replay})"]


def phases_of(model: Model) -> tuple[str, ...]:
    """The phases that a model has; an encoder alone generates nothing."""
    return ("decode", "prefill", "train") if getattr(model.op_set, "generates", True) else ("train",)


def scenarios(options: Options) -> Iterator[Scenario]:
    """All that a page may be asked about a model.

    Args:
        options: the model, and what is the same in all phases: convention, precision, attention, widths.

    Raises:
        UserError: no model is named, or one of the options cannot be.
    """
    model = named(options)
    for phase in phases_of(model):
        for spread, stage, replay in choices(phase):
            ones = [f"{name}=1" for name in DEGREES if name not in spread]
            asked = setup(options, model, phase, mesh(stage), replayed(replay), ones)
            yield Scenario(asked, model, phase, spread, stage, replay)


def named(options: Options) -> Model:
    """The model that is asked about.

    Raises:
        UserError: none is.
    """
    if options.get("model") is None:
        raise UserError("which model? name it with --model; `costgraph list models` shows those that are known")
    return read_model(options["model"])


def choices(phase: str) -> Iterator[tuple[tuple[str, ...], int, str]]:
    """What may be chosen in a phase: the degrees above 1; in training the stage of ZeRO, and what is replayed."""
    for spread in SPREAD:
        for stage in STAGES if phase == "train" and "N_d" in spread else STAGES[:1]:
            for replay in REPLAYS if phase == "train" else REPLAYS[:1]:
                yield spread, stage, replay


def setup(options: Options, model: Model, phase: str, on: str, passes: Iterable[str], limit: object = ()) -> Setup:
    """The setup of one phase; generation as engines do it, and attention fused unless something else is asked for."""
    own: Options = {**options, "model": model if phase == "train" else model.serving(), "phase": phase}
    own |= {"mesh": on, "passes": tuple(passes), "limit": limit}  # type: ignore[typeddict-item]
    return Setup.of(**own, usual_attention="flash")
