"""What an estimate is asked for: a model in a phase, with sizes, on a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.symbols import lookup
from costgraph.conventions import Convention
from costgraph.derivation import check_order, with_phase
from costgraph.graph import Graph
from costgraph.hardware.machine import Machine
from costgraph.hardware.roofline import Rates
from costgraph.measures import MEASURES
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call
from costgraph.passes import Pass
from costgraph.passes.place import Place, TensorParallel
from costgraph.precision import STATES, Precision
from costgraph.sizes import Model

S = Polynomial.symbol("S")


@dataclass(frozen=True)
class Request:
    """What was asked, read and checked; `typed` are the symbols that the user bound, and no model or machine."""

    op_set: str
    phase: str
    model: Model | None
    machine: Machine | None
    dtype: str
    link: str | None
    efficiency: Mapping[str, Fraction]
    bindings: Mapping[str, Polynomial]
    typed: tuple[str, ...]
    params: Polynomial | None
    new: int
    price: Fraction | None
    convention: Convention
    precision: Precision
    passes: tuple[Pass, ...]

    @property
    def degree(self) -> Polynomial:
        """Over how many devices the model is split."""
        axes = [axis for step in self.passes if isinstance(step, Place | TensorParallel) for axis in step.mesh.axes]
        return axes[0].size.substitute(self.bindings) if axes else ONE

    @cached_property
    def rates(self) -> Rates:
        """What the machine reaches."""
        known = self.machine.bindings(self.dtype, self.link) if self.machine else {}
        return Rates().substitute(known).derated(self.efficiency)

    def graph(self, phase: str, *more: Pass) -> Graph:
        """The model in a phase, with the passes that were asked for."""
        _, steps = with_phase(phase, [*self.passes, *more], self.precision)
        check_order(steps)
        graph: Graph = parse_call("op set", self.op_set, OP_SETS).apply(*steps)
        for name in self.bindings:  # of the model's file, too
            lookup(name, graph.symbols)
        return graph

    def memory(self, *more: Pass) -> dict[str, Polynomial]:
        """Bytes on one device by what they are for, with all symbols."""
        if self.phase == "train":
            graph = self.graph("train", *more)
            states = MEASURES["states"](graph, self.convention, precision=self.precision)
            parts = {part: total(term.amount for term in states.terms if term.part == part) for part in STATES}
            return parts | {"activations": MEASURES["activations"](graph, self.convention).value.numerator}
        graph = self.graph("decode" if self.phase != "prefill" else "prefill", *more)
        cache = MEASURES["cache"](graph, self.convention).value.numerator
        if self.phase == "generate":
            cache = cache.substitute({"S": S + self.new})  # at the last token
        return {"weights": MEASURES["states"](graph, self.convention).value.numerator, "cache": cache}
