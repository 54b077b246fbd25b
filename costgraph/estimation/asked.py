"""What an estimate is asked for: a setup in a phase, on a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.closed_form import ClosedForm
from costgraph.graph.graph import Graph
from costgraph.hardware.cluster import Cluster
from costgraph.hardware.machine import Machine, itemsize
from costgraph.measures import MEASURES
from costgraph.measures.communication import Links
from costgraph.measures.times import one_link
from costgraph.mesh import Axis, Mesh
from costgraph.precision import STATES
from costgraph.records import dataclass
from costgraph.setup import Setup
from costgraph.timing.network import Algorithm, Network, network
from costgraph.timing.roofline import number

S = Polynomial.symbol("S")


@dataclass(frozen=True)
class Request:
    """What was asked, read and checked.

    Args:
        setup: the model, in one of the phases that are asked about.
        phase: `generate`, which is a prefill and decode steps, or the setup's.
        cluster: the machine on which it runs, and how its devices stand in nodes, if one was named.
        dtype: whose peak counts; empty if there is none.
        link: over which collectives go.
        collectives: by which algorithm.
        efficiency: shares of the peaks that are reached; none: nobody says how long a step takes.
        overlap: by the symbols of axes, which share of what their collectives take hides behind something else.
        new: how many tokens are generated.
        price: USD per second of one device.
        tokens: of a whole run.
        measured: seconds or tokens/s that somebody measured, by what they are of.
    """

    setup: Setup
    phase: str
    cluster: Cluster | None
    dtype: str
    link: str | None
    collectives: Algorithm
    efficiency: Mapping[str, Fraction]
    overlap: Mapping[str, Fraction]
    new: int
    price: Fraction | None
    tokens: int | None
    measured: Mapping[str, Fraction]

    @property
    def machine(self) -> Machine | None:
        """What each device is."""
        return self.cluster.machine if self.cluster else None

    @cached_property
    def network(self) -> Network | None:
        """Over which links collectives go; None without a cluster, on one device, or while a degree is open."""
        graph = self.setup.graph
        if self.cluster is None or not graph.mesh:
            return None
        return network(self.cluster, self.link, graph, self.bindings, self.collectives)

    @property
    def links(self) -> Links:
        """Over which links each collective goes."""
        return self.network.links if self.network else one_link

    @cached_property
    def put_in(self) -> dict[str, Polynomial]:
        """Sizes of the data type, of the model, and those that were typed."""
        known = {**itemsize(self.dtype), **self.setup.finite("an estimate")}
        return {name: value for name, value in known.items() if name not in self.setup.model.symbolic}

    @cached_property
    def bindings(self) -> dict[str, Polynomial]:
        """Those of them that forms are about."""
        return {name: value for name, value in self.put_in.items() if name != "N_params"}

    @cached_property
    def rates(self) -> dict[str, Polynomial]:
        """What the machine and its links do per second, by symbol; empty without one."""
        of_machine = self.machine.bindings(self.dtype, self.link) if self.machine else {}
        return {**of_machine, **(self.network.rates if self.network else {})}

    def reached(self, resource: str) -> Fraction:
        """How much of a peak of a machine, `flops` or `mem`, is reached."""
        return number(self.rates[f"lambda_{resource}"]) * self.efficiency.get(resource, 1)

    def hidden(self, part: str) -> Fraction:
        """Which share of what goes over some axes hides behind something else: of several together the least."""
        return min((self.overlap.get(axis, Fraction(0)) for axis in part.split("-")), default=Fraction(0))

    @property
    def params(self) -> Polynomial | None:
        """The count that the rule of thumb uses in place of the weights of the matmuls."""
        return self.setup.finite("an estimate").get("N_params")

    @property
    def degree(self) -> Polynomial:
        """Over how many devices the model is spread."""
        return self.setup.mesh.devices.substitute(self.bindings)

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that a device goes through."""
        return ("prefill", "decode") if self.phase == "generate" else (self.phase,)

    @property
    def resting(self) -> str:
        """The phase of the setup in whose graph lies what rests on a device."""
        return "decode" if self.phase == "generate" else self.phase

    # --- graphs -----------------------------------------------------------------------------------------------------

    def over(self, *more: Axis) -> Request:
        """The same over these axes beside those that were asked for."""
        return replace(self, setup=self.setup.on(Mesh((*self.setup.mesh.axes, *more))))

    def graph(self, phase: str) -> Graph:
        """The model in a phase."""
        return self.at(phase).graph

    def at(self, phase: str) -> Setup:
        """The setup in a phase."""
        if phase not in self._setups:
            self._setups[phase] = replace(self.setup, phase=phase)
        return self._setups[phase]

    @cached_property
    def _setups(self) -> dict[str, Setup]:
        """The setups of the phases that were asked about."""
        return {self.setup.phase: self.setup}

    def sized(self, phase: str, *still_open: str) -> Graph:
        """The graph with sizes put in but for some; at the last token where there is a cache.

        What is derived of numbers takes a fraction of the time, as one of two of them is the larger.
        """
        key = (phase, *still_open)
        if key not in self._sized:
            graph = self.graph(phase)
            sizes = self.at_last_token if phase == "decode" else self.bindings
            own = graph.own_symbols.union(*(one.size.symbols for one in graph.extents.values()))
            known = {name: value for name, value in sizes.items() if name in own and name not in still_open}
            self._sized[key] = graph.substitute(**known) if known else graph
        return self._sized[key]

    @cached_property
    def _sized(self) -> dict[tuple[str, ...], Graph]:
        """The graphs in which sizes were put."""
        return {}

    @cached_property
    def peaks(self) -> dict[tuple[str, ...], ClosedForm]:
        """What was found to be alive at most, by phase and by what was left open."""
        return {}

    @property
    def at_last_token(self) -> dict[str, Polynomial]:
        """The bindings, at the context that there is room for."""
        return {**self.bindings, "S": self.bindings["S"] + self.new} if "S" in self.bindings else self.bindings

    @property
    def last_context(self) -> int | None:
        """How many positions the last token that is generated sees, its own included; None while that is open."""
        prompt = self.bindings["S"].number if "S" in self.bindings else None
        return None if prompt is None else int(prompt) + max(self.new - 1, 1)

    def settled(self) -> dict[str, Polynomial]:
        """The bindings with what they make of minima, maxima and what is rounded, at the last token."""
        return {**settle(self.graph(self.resting).definitions, self.at_last_token)[0], **self.bindings}

    # --- what rests on a device -------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Polynomial]:
        """Bytes on one device by what they are for, with all symbols; of a pipeline, on its first stage.

        What is alive for a moment is not among them; see `verdict`.
        """
        convention, precision = self.setup.convention, self.setup.precision
        graph = first(self.graph(self.resting))
        if self.phase == "train":
            states = MEASURES["states"](graph, convention, precision=precision)
            parts = {part: total(term.amount for term in states.terms if term.part == part) for part in STATES}
            return parts | {"activations": MEASURES["activations"](graph, convention).value.numerator}
        if self.phase == "forward":  # nothing stays for a next step
            return {"weights": self.weights(graph).value.numerator}
        cache = MEASURES["cache"](graph, convention).value.numerator
        if self.phase == "generate":
            cache = cache.substitute({"S": S + self.new})  # at the last token
        # An encoder runs in the prefill alone, and its weights stay.
        held = first(self.graph("prefill")) if self.phase == "generate" else graph
        return {"weights": self.weights(held).value.numerator, "cache": cache}

    def weights(self, graph: Graph) -> ClosedForm:
        """Bytes of the weights that a graph has."""
        return MEASURES["states"](graph, self.setup.convention)


def first(graph: Graph) -> Graph:
    """The first stage of a pipeline; the graph itself where there is none."""
    return graph.stages[0] if graph.stages else graph
