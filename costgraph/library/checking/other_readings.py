"""In how many ways anything but FLOPs is counted: conventions by name, precision policies, what is recomputed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import Any

from costgraph.algebra.quotient import Quotient
from costgraph.conventions.known import PRESETS
from costgraph.derivation import derived
from costgraph.errors import UserError
from costgraph.given import Options
from costgraph.library.checking.readings import RECOMPUTED, Reading
from costgraph.measures.parts import read_measure
from costgraph.precision import PRECISIONS
from costgraph.records import dataclass
from costgraph.setup import Setup

KEPT = ("activations", "peak")  # what recomputation is for


@dataclass(frozen=True)
class OtherCounts:
    """What every reading of a measure comes to, of one model.

    Args:
        of: the model and its sizes, as for `derive`, without a convention.
        measure: what is counted.
    """

    of: Options
    measure: str

    def readings(self) -> Iterator[tuple[Reading, Quotient]]:
        """All of them, with their values; what a convention cannot count is left out."""
        usual = Setup.of(**self.of)
        asked = read_measure(self.measure, usual.graph)
        policies = tuple(PRECISIONS) if asked.open and usual.phase == "train" else ("",)
        works: tuple[str, ...] = (usual.phase, *(RECOMPUTED if self.measure.startswith(KEPT) else ()))
        for base, precision, work in product(PRESETS.values(), policies, works):
            reading = Reading(base, 0, work, precision=precision)
            try:
                yield reading, self.value(reading)
            except UserError:
                continue

    def value(self, reading: Reading) -> Quotient:
        """What a reading comes to, with the sizes put in."""
        if reading not in self.known:
            steps = [step for work, step in RECOMPUTED.items() if work == reading.work]
            more: dict[str, Any] = {"precision": reading.precision} if reading.precision else {}
            given: Any = self.of.get("passes", ())
            asked = [given] if isinstance(given, str) else [*given]
            setup = Setup.of(**{**self.of, **more, "convention": reading.convention, "passes": [*asked, *steps]})
            self.known[reading] = next(iter(derived(setup, [self.measure]).limited.values())).value
        return self.known[reading]

    @cached_property
    def known(self) -> dict[Reading, Quotient]:
        """What was counted so far."""
        return {}
