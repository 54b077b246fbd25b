"""What every pass is: a frozen value that turns a graph into a graph, applied at its place in one order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar

from costgraph.errors import UserError
from costgraph.graph import Graph

# The one order. Fusing comes before differentiating, so that the backward is that of the fused op; replaying needs the
# backward that reads; what is updated is known then; placing tensors on devices comes last, so that every op there is
# gets placed.
STAGES: tuple[tuple[str, ...], ...] = (
    ("flash_attention",),
    ("backward", "prefill", "decode"),
    ("recompute",),
    ("update",),
    ("place", "tensor_parallel"),
)
FREE = -1
# As messages say it: of the passes that one gives. The update comes with the phase train.
ORDER = " < ".join(" | ".join(stage) for stage in STAGES if stage != ("update",))


@dataclass(frozen=True)
class Pass(ABC):
    """A rewrite of a graph. Subclasses are frozen dataclasses of their parameters and define `rewrite`.

    `requires` names passes that must have been applied before.
    """

    name: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def rewrite(self, graph: Graph) -> Graph:
        """The new graph; may assume that the order holds."""

    def __call__(self, graph: Graph) -> Graph:
        """Apply the pass.

        Raises:
            UserError: out of order, a second time, or without a pass that it requires.
        """
        self.check(graph.passes)
        return self.rewrite(graph).after(str(self))

    def check(self, applied: tuple[str, ...]) -> None:
        """Raise unless the pass may follow those already applied."""
        before = [step.partition("(")[0] for step in applied]
        if self.name in before:
            raise UserError(f"{self.name} is applied already; each pass runs once, in the order {ORDER}")
        place = stage(self.name)
        for step in before:
            if stage(step) == place != FREE:
                raise UserError(f"{self.name} and {step} exclude each other; the order is {ORDER}")
            if stage(step) > place != FREE:
                raise UserError(f"{self.name} comes before {step}; the order is {ORDER}")
        if missing := [step for step in self.requires if step not in before]:
            raise UserError(f"{self.name} needs {missing[0]} before it; the order is {ORDER}")

    def __str__(self) -> str:
        """The pass as one would type it, with the parameters that differ from their defaults."""
        options = [
            str(getattr(self, field.name)) if at == 0 else f"{field.name}={getattr(self, field.name)}"
            for at, field in enumerate(fields(self))
            if field.default != getattr(self, field.name)
        ]
        return f"{self.name}({', '.join(options)})" if options else self.name


def stage(name: str) -> int:
    """The position of a pass in the order; `FREE` for one that is not in it and may be applied anywhere."""
    return next((i for i, names in enumerate(STAGES) if name in names), FREE)
