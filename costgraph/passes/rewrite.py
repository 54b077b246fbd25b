"""What every pass is: a frozen value that turns a graph into a graph, applied at its place in one order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Self

from costgraph.errors import UserError, unknown
from costgraph.graph.graph import Graph
from costgraph.graph.order import FREE
from costgraph.options import checked, typed
from costgraph.records import dataclass

# The one order; passes that stand side by side exclude each other. What trains is known first. Fusing comes before
# differentiating, so that the backward is that of the fused op, and before converting, because what is fused converts
# nothing inside; conversions are differentiated, too. Replaying needs the backward that reads; what is updated is
# known then; what is cached is known when widths are given; placing tensors on devices comes last, so that every op
# there is gets placed.
ORDER: tuple[tuple[str, ...], ...] = (
    ("lora",),
    ("flash_attention",),
    ("autocast",),
    ("backward", "prefill", "decode"),
    ("recompute",),
    ("update",),
    ("widths",),
    ("place", "tensor_parallel"),
)
PLACING = ORDER[-1]  # the passes that a mesh means
# As messages say it: of what one gives. The update comes with the phase train, and placing with a mesh.
IN_WORDS = " < ".join(" | ".join(names) for names in ORDER if names != ("update",)).replace("place", "mesh")

# A phase is the passes that it consists of, each at its place.
PHASES: dict[str, tuple[str, ...]] = {
    "train": ("backward", "update"),
    "forward": (),
    "prefill": ("prefill",),
    "decode": ("decode",),
}


@dataclass(frozen=True)
class Pass(ABC):
    """A rewrite of a graph. Subclasses are frozen dataclasses of their parameters and define `rewrite`.

    `requires` names passes that must have been applied before.
    """

    name: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()

    def __new__(cls, *options: object, **named: object) -> Self:
        """A pass is made of its options; a graph is what it is applied to."""
        if any(isinstance(one, Graph) for one in (*options, *named.values())):
            given = {"place": "mesh='tensor(T)'", "update": "phase='train'"}.get(cls.name, f"passes=['{cls.name}']")
            raise UserError(
                f"{cls.name} is made of options, not of a graph; give both: derive('flops', op_set=graph, {given})"
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        checked(self.name, self)

    @abstractmethod
    def rewrite(self, graph: Graph) -> Graph:
        """The new graph; may assume that the order holds."""

    def __call__(self, graph: Graph) -> Graph:
        """Apply the pass.

        Raises:
            UserError: out of order, a second time, without a pass that it requires, or on a graph that was made for
                another phase.
        """
        self.check(graph.passes)
        if graph.purpose and (phase := phase_of([self.name])) not in (None, graph.purpose):
            raise UserError(f"{self.name}: {graph.name} was made for {graph.purpose}; build('{phase}') has other ops")
        return self.rewrite(graph).after(str(self))

    @property
    def place(self) -> int:
        """The position in the order; `FREE` for a pass that is not in it and may be applied anywhere."""
        return place(self.name)

    def check(self, applied: Iterable[str]) -> None:
        """Raise unless the pass may follow those already applied."""
        before = names_of(applied)
        if self.name in before:
            raise UserError(f"{self.name} is applied already; each pass runs once, in the order {IN_WORDS}")
        for step in before:
            if place(step) == self.place != FREE:
                raise UserError(f"{self.name} and {step} exclude each other; the order is {IN_WORDS}")
            if place(step) > self.place != FREE:
                raise UserError(f"{self.name} comes before {step}; the order is {IN_WORDS}")
        if missing := [step for step in self.requires if step not in before]:
            raise UserError(f"{self.name} needs {missing[0]} before it; the order is {IN_WORDS}")

    def __str__(self) -> str:
        """The pass as one would type it, with the parameters that differ from their defaults."""
        return typed(self.name, self)


def place(name: str) -> int:
    """The position of a pass in the order; `FREE` for one that is not in it."""
    return next((i for i, names in enumerate(ORDER) if name in names), FREE)


def names_of(passes: Iterable[str]) -> list[str]:
    """The names of passes that are given as they are typed."""
    return [step.partition("(")[0] for step in passes]


def phase_of(passes: Iterable[str]) -> str | None:
    """The phase that consists of one of these passes, if there is one."""
    named = set(names_of(passes))
    return next((phase for phase, own in PHASES.items() if named & set(own)), None)


def read_phase(given: str | None, steps: Iterable[str], done: Iterable[str], usual_phase: str) -> str:
    """The phase that was asked for, or that steps and what a graph has been through mean; else the usual one.

    Raises:
        UserError: there is none of that name.
    """
    if given is None:
        given = phase_of([*steps, *done]) or usual_phase
    if str(given) not in PHASES:
        raise unknown("phase", str(given), PHASES)
    return given


def comes_before(phase: str, graph: Graph) -> bool:
    """Whether the passes of a phase had to be applied before those that a graph has been through."""
    done = names_of(graph.passes)
    return phase_of(done) is None and any(place(name) > place(own) for own in PHASES[phase][:1] for name in done)
