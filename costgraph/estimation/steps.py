"""The kinds of step that a phase consists of: what each op does, and how long it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, total
from costgraph.algebra.symbols import SYMBOLS
from costgraph.estimation.asked import Request
from costgraph.graph.graph import Graph
from costgraph.measures.times import tokens, work
from costgraph.records import dataclass
from costgraph.timing.costs import Cost, costs, one_link
from costgraph.timing.roofline import Rates, Span, Time, spans

TITLES = {
    "first token": "decode, first", "last token": "decode, last",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One kind of step: a training step, a prefill, a decode step; of a pipeline, on the stage that takes longest.

    Args:
        name: which.
        phase: of the setup.
        costs: what each op does, as far as sizes are bound.
        time: how long, as a form.
        thumb: how long the weight matrices alone would take: 2 FLOPs per parameter and token, read once.
        tokens: how many tokens it works on.
        useful: FLOPs of the model on one device, of a causal square what is seen, nothing replayed; the mean of stages.
        done: the same with what is replayed.
        source: the graph, of a pipeline that of the stage.
        whole: the graph with all stages.
    """

    name: str
    phase: str
    costs: tuple[Cost, ...]
    time: Time
    thumb: Time
    tokens: Polynomial
    useful: Polynomial
    done: Polynomial
    source: Graph
    whole: Graph

    @property
    def title(self) -> str:
        """What it is to a reader."""
        return TITLES.get(self.name, self.name)

    def at(self, bindings: Mapping[str, Polynomial]) -> Step:
        """The step with symbols replaced, and those that stand for what they make of them."""
        bindings = settle(self.source.definitions, bindings)[0]
        return replace(
            self,
            costs=tuple(cost.substitute(bindings) for cost in self.costs),
            time=self.time.substitute(bindings),
            thumb=self.thumb.substitute(bindings),
            tokens=self.tokens.substitute(bindings),
            useful=self.useful.substitute(bindings),
            done=self.done.substitute(bindings),
        )


def steps(request: Request) -> Iterable[Step]:
    """The kinds of step that the phase consists of, with all symbols."""
    names = {"train": "training step", "forward": "forward pass", "prefill": "prefill", "decode": "decode step"}
    if request.phase != "generate":
        yield step(names[request.phase], request, request.phase)
        return
    yield step("prefill", request, "prefill")
    decode = step("first token", request, "decode")
    yield from (decode, replace(decode, name="last token"))


def step(name: str, request: Request, phase: str) -> Step:
    """One kind of step."""
    whole = request.graph(phase)
    slowest = request.network.slowest if request.network else one_link
    found = [(graph, tuple(costs(graph, request.setup.convention, slowest))) for graph in whole.stages or (whole,)]
    graph, of_ops = max(found, key=lambda pair: size(pair[0], pair[1], request, phase)) if len(found) > 1 else found[0]
    stages = whole.mesh.pipeline.size if whole.mesh.pipeline else ONE
    rates = Rates().derated(request.efficiency)
    return Step(
        name, phase, of_ops, spans(of_ops, rates), rule_of_thumb(request, graph, of_ops, rates), tokens(whole),
        total(term.amount for term in work(whole)) / stages,
        total(term.amount for term in work(whole, replayed=True)) / stages, graph, whole,
    )  # fmt: skip


MOST = 10**60  # of a size, where it only matters which of two is larger


def size(graph: Graph, found: Iterable[Cost], request: Request, phase: str) -> float:
    """About how long ops take together, at usual sizes and rates where none are given, but for what hides."""
    given = {**request.rates, **request.bindings}
    if request.phase == "generate" and phase == "decode" and request.last_context is not None:
        given["S"] = Polynomial.constant(request.last_context)  # of all steps the one that takes longest
    given = settle(graph.definitions, given)[0]
    at = {name: float(min(value.number, MOST)) for name, value in given.items() if value.number is not None}
    usual = {name: at.get(name, float(symbol.typical)) for name, symbol in SYMBOLS.items()}
    of_ops = tuple(found)
    return sum(
        max(side.at(usual) for side in span.sides.values()) * float(1 - (request.hidden(cost.part) if cost.part else 0))
        for cost, span in zip(of_ops, spans(of_ops, Rates().derated(request.efficiency)).spans, strict=True)
    )


def rule_of_thumb(request: Request, graph: Graph, found: Iterable[Cost], rates: Rates) -> Time:
    """The weight matrices alone: what they compute per parameter is summed from the graph, and each is read once."""
    matmuls = {cost.name for cost in found if cost.kind == "weight matmuls"}
    read = {name for op in graph.ops if op.name in matmuls for name in op.inputs}
    tables = [t for name, t in graph.tensors.items() if name in read and t.role == "weight" and not t.gradient]
    numel = total(t.numel * t.times for t in tables)
    work = total(cost.flops for cost in found if cost.kind == "weight matmuls")
    read_once = total(t.nbytes * t.times for t in tables)
    if request.params is not None:
        each, width = work.divide(numel), read_once.divide(numel)
        if each is None or width is None:  # not every parameter takes as much
            return Time(())
        count = request.params / request.degree
        work, read_once = each * count, width * count
    return Time((Span("weights", "weight matmuls", work / rates.flops, read_once / rates.mem, ZERO),) if numel else ())
