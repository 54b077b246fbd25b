"""What an estimate is asked for: a setup in a phase, on a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.graph.graph import Graph
from costgraph.hardware.machine import Machine, itemsize
from costgraph.measures import MEASURES
from costgraph.mesh import Axis
from costgraph.precision import STATES
from costgraph.setup import Setup
from costgraph.timing.roofline import Rates

S = Polynomial.symbol("S")


@dataclass(frozen=True)
class Request:
    """What was asked, read and checked.

    Args:
        setup: the model, in one of the phases that are asked about.
        phase: `generate`, which is a prefill and decode steps, or the setup's.
        machine: on which it runs, if one was named.
        dtype: whose peak counts; empty if there is none.
        link: over which collectives go.
        efficiency: shares of the peaks that are reached.
        new: how many tokens are generated.
        price: USD per second of one device.
    """

    setup: Setup
    phase: str
    machine: Machine | None
    dtype: str
    link: str | None
    efficiency: Mapping[str, Fraction]
    new: int
    price: Fraction | None

    @cached_property
    def put_in(self) -> dict[str, Polynomial]:
        """Sizes of the data type, of the model, and those that were typed."""
        known = {**itemsize(self.dtype), **self.setup.finite("an estimate")}
        return {name: value for name, value in known.items() if name not in self.setup.model.symbolic}

    @cached_property
    def bindings(self) -> dict[str, Polynomial]:
        """Those of them that forms are about."""
        return {name: value for name, value in self.put_in.items() if name != "N_params"}

    @property
    def params(self) -> Polynomial | None:
        """The count that the rule of thumb uses in place of the weights of the matmuls."""
        return self.setup.finite("an estimate").get("N_params")

    @property
    def degree(self) -> Polynomial:
        """Over how many devices the model is spread."""
        return self.setup.graph.mesh.devices.substitute(self.bindings)

    @cached_property
    def rates(self) -> Rates:
        """What the machine reaches."""
        known = self.machine.bindings(self.dtype, self.link) if self.machine else {}
        return Rates().substitute(known).derated(self.efficiency)

    def graph(self, phase: str, *more: Axis) -> Graph:
        """The model in a phase, over these axes beside those that were asked for."""
        return self.at(phase, *more).graph

    def at(self, phase: str, *more: Axis) -> Setup:
        """The setup in a phase, over these axes beside those that were asked for."""
        if phase == self.setup.phase and not more:
            return self.setup
        mesh = replace(self.setup.mesh, axes=(*self.setup.mesh.axes, *more))
        return replace(self.setup, phase=phase, mesh=mesh)

    @property
    def resting(self) -> str:
        """The phase of the setup in whose graph lies what rests on a device."""
        return "decode" if self.phase == "generate" else self.phase

    def settled(self, *still_open: str) -> dict[str, Polynomial]:
        """The bindings with what they make of minima, maxima and what is rounded, at the last token; without some."""
        sizes = {name: value for name, value in self.bindings.items() if name not in still_open}
        at_last = {**sizes, "S": sizes["S"] + self.new} if "S" in sizes else sizes
        return {**settle(self.graph(self.resting).definitions, at_last)[0], **sizes}

    def memory(self, *more: Axis) -> dict[str, Polynomial]:
        """Bytes on one device by what they are for, with all symbols."""
        convention, precision = self.setup.convention, self.setup.precision
        graph = self.graph(self.resting, *more)
        if self.phase == "train":
            states = MEASURES["states"](graph, convention, precision=precision)
            parts = {part: total(term.amount for term in states.terms if term.part == part) for part in STATES}
            return parts | {"activations": MEASURES["activations"](graph, convention).value.numerator}
        if self.phase == "forward":  # nothing stays for a next step
            return {"weights": MEASURES["states"](graph, convention).value.numerator}
        cache = MEASURES["cache"](graph, convention).value.numerator
        if self.phase == "generate":
            cache = cache.substitute({"S": S + self.new})  # at the last token
        # An encoder runs in the prefill alone, and its weights stay.
        held = self.graph("prefill", *more) if self.phase == "generate" else graph
        return {"weights": MEASURES["states"](held, convention).value.numerator, "cache": cache}
