"""The kinds of step that a phase consists of: what each op does, and how long it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import ZERO, Polynomial, total
from costgraph.estimation.asked import Request
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.measures.flops import flops
from costgraph.timing.costs import Cost, costs
from costgraph.timing.roofline import Rates, Span, Time, spans

B, S = Polynomial.symbol("B"), Polynomial.symbol("S")


@dataclass(frozen=True)
class Stage:
    """One kind of step: a training step, a prefill, a decode step.

    Args:
        name: which.
        costs: what each op does, as far as sizes are bound.
        time: how long, as a form.
        thumb: how long the weight matrices alone would take: 2 FLOPs per parameter and token, read once.
        tokens: how many tokens it works on.
        useful: FLOPs of the model on one device, nothing replayed.
        source: the graph.
    """

    name: str
    costs: tuple[Cost, ...]
    time: Time
    thumb: Time
    tokens: Polynomial
    useful: Polynomial
    source: Graph

    def at(self, bindings: Mapping[str, Polynomial]) -> Stage:
        """The stage with symbols replaced, and those that stand for what they make of them."""
        bindings = settle(self.source.definitions, bindings)[0]
        return replace(
            self,
            costs=tuple(cost.substitute(bindings) for cost in self.costs),
            time=self.time.substitute(bindings),
            thumb=self.thumb.substitute(bindings),
            tokens=self.tokens.substitute(bindings),
            useful=self.useful.substitute(bindings),
        )


def stages(request: Request) -> Iterable[Stage]:
    """The kinds of step that the phase consists of, with all symbols."""
    if request.phase == "train":
        yield stage("training step", request, request.graph("train"), B * S)
    if request.phase == "forward":
        yield stage("forward pass", request, request.graph("forward"), B * S)
    if request.phase in ("generate", "prefill"):
        yield stage("prefill", request, request.graph("prefill"), B * S)
    if request.phase == "decode":
        yield stage("decode step", request, request.graph("decode"), B)
    if request.phase == "generate":
        step = stage("first token", request, request.graph("decode"), B)
        yield from (step, replace(step, name="last token"))


def stage(name: str, request: Request, graph: Graph, tokens: Polynomial) -> Stage:
    """One kind of step."""
    found = costs(graph, request.setup.convention)
    kept = tuple(replace(op, body=once(op.body)) for op in graph.phase("forward", "backward"))
    useful = flops(replace(graph, ops=kept), request.setup.convention)
    rates = Rates().derated(request.efficiency)
    return Stage(
        name, tuple(found), spans(found, rates), rule_of_thumb(request, graph, found, rates), tokens,
        useful.value.numerator, graph,
    )  # fmt: skip


def once(body: Iterable[Op]) -> tuple[Op, ...]:
    """The steps of a fused op without those that it replays."""
    return tuple(step for step in body if step.phase != "recompute")


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
