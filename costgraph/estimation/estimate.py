"""Does it fit, what bounds it, how long, how many: a model on a machine, each number with the formula it came from.

Everything is a form first and a number once all its symbols are bound; nothing here knows what an op costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import gcd

from costgraph.algebra.assumption import Divides
from costgraph.algebra.divisible import Holds, kept, nearest_kept
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, total
from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.generation import summed
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.hardware.roofline import Cost, Rates, Span, Time, costs, mfu, number, spans
from costgraph.measures.flops import flops
from costgraph.mesh import TensorAxis

B, S, T = Polynomial.symbol("B"), Polynomial.symbol("S"), Polynomial.symbol("T")
MOST = 1024  # over how many devices one would split a model


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
        """The stage with symbols replaced."""
        return replace(
            self,
            costs=tuple(cost.substitute(bindings) for cost in self.costs),
            time=self.time.substitute(bindings),
            thumb=self.thumb.substitute(bindings),
            tokens=self.tokens.substitute(bindings),
            useful=self.useful.substitute(bindings),
        )


@dataclass(frozen=True)
class Estimate:
    """The answer. Forms have all bindings but those of symbols nobody gave.

    Args:
        request: what was asked.
        memory: bytes on one device by what they are for.
        forms: the same before anything was bound.
        stages: the steps, with numbers where everything is bound.
        formulas: the same stages before sizes and rates were bound.
    """

    request: Request
    memory: Mapping[str, Polynomial]
    forms: Mapping[str, Polynomial]
    stages: tuple[Stage, ...]
    formulas: tuple[Stage, ...]

    # --- memory -----------------------------------------------------------------------------------------------------

    @property
    def needed(self) -> Polynomial:
        """Bytes on one device."""
        return total(self.memory.values())

    @property
    def capacity(self) -> Fraction | None:
        """Bytes that one device has."""
        return self.request.machine.memory.quantity.value if self.request.machine else None

    @property
    def left(self) -> Fraction | None:
        """Bytes that stay free; negative when it does not fit, None while anything is unbound."""
        needed = self.needed.number
        return None if needed is None or self.capacity is None else self.capacity - Fraction(needed)

    @cached_property
    def claims(self) -> tuple[Holds, ...]:
        """What the batch has to keep, such as `8 | B` over 8 devices, all other sizes put in."""
        others = {name: value for name, value in self.request.bindings.items() if name != "B"}
        graphs = [stage.source for stage in self.formulas]
        found: list[Holds] = [claim for graph in graphs for claim in graph.assumptions if "B" in claim.symbols]
        found += [one.claim(name) for graph in graphs for name, one in graph.extents.items() if "B" in one.size.symbols]
        return tuple(dict.fromkeys(claim.substitute(others) for claim in found))

    @property
    def smallest_batch(self) -> int | None:
        """The smallest B that may be: 8 where it is cut over 8 devices; None if none is found."""
        return nearest_kept("B", 1, True, self.claims)

    @cached_property
    def largest_batch(self) -> int | None:
        """The largest B that fits and may be; 0 if none does; None while another symbol is unbound."""
        others = {name: value for name, value in self.request.bindings.items() if name != "B"}
        form = total(self.forms.values()).substitute(others)
        if self.capacity is None or form.symbols != ("B",):
            return None
        per_sequence = number(form.substitute({"B": ONE * 2}) - form.substitute({"B": ONE}))
        fixed = number(form.substitute({"B": ONE})) - per_sequence
        most = max(int((self.capacity - fixed) // per_sequence), 0)
        return nearest_kept("B", most, False, self.claims) or 0

    @cached_property
    def devices(self) -> tuple[int | None, int | None] | None:
        """The smallest tensor-parallel degree that fits, and the smallest that also divides what it splits.

        None while anything is unbound or the model is split already; None inside when no degree does.
        """
        if self.left is None or self.capacity is None or self.request.setup.graph.mesh:
            return None
        axis = TensorAxis()
        others = {name: value for name, value in self.request.bindings.items() if name != "T"}  # T is what is asked for
        form = total(self.request.memory(axis).values()).substitute(others)
        whole = number(form.substitute({"T": ONE}))
        kept = whole - 2 * (whole - number(form.substitute({"T": ONE * 2})))  # what does not shrink with T
        if kept >= self.capacity:
            return None, None
        smallest = max(-int(-(whole - kept) // (self.capacity - kept)), 1)
        return smallest, next((degree for degree in self.degrees(axis) if degree >= smallest), None)

    def degrees(self, axis: TensorAxis) -> list[int]:
        """The degrees that divide everything the model would be split along, in ascending order."""
        graph = self.request.graph(self.request.resting, axis)
        split = [a.dividend for a in graph.assumptions if isinstance(a, Divides) and a.divisor == T]
        shared = gcd(*(exactly(size.substitute(self.request.bindings)) for size in split)) or 1
        others = {name: value for name, value in self.request.bindings.items() if name != "T"}
        claims = [claim.substitute(others) for claim in graph.assumptions if "T" in claim.symbols]
        found = (degree for degree in range(1, min(shared, MOST) + 1) if shared % degree == 0)
        return [degree for degree in found if all(kept("T", degree, claim) for claim in claims)]

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What of the request has no effect, or goes beyond what the model was made for."""
        asked = self.request
        sides = [side for stage in self.formulas for time in (stage.time, stage.thumb) for side in time.sums.values()]
        used = set(total([*self.forms.values(), *sides, *(stage.tokens for stage in self.formulas)]).symbols)
        return asked.setup.remarks({*used, "N_params"}, "the estimate", asked.new)

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def unbound(self) -> tuple[str, ...]:
        """Symbols that must be given before there are numbers."""
        return total([self.needed, *(side for stage in self.stages for side in stage.time.sums.values())]).symbols

    @cached_property
    def generation(self) -> tuple[Fraction, Fraction] | None:
        """Seconds to read the prompt and write the new tokens, one decode step each: by ops, and by rule of thumb."""
        if self.request.phase != "generate" or self.unbound or not self.request.machine:
            return None
        prefill, token, _ = self.stages
        first = int(self.request.bindings["S"].number or 0) + 1
        step = self.formulas[1].at({n: v for n, v in self.request.bindings.items() if n != "S"})
        known = self.request.machine.bindings(self.request.dtype, self.request.link)
        decode = summed(step.time.substitute(known), first, first + self.request.new - 1)
        thumb = prefill.thumb.seconds + self.request.new * token.thumb.seconds
        return prefill.time.seconds + decode, thumb

    def throughput(self, stage: Stage) -> Fraction:
        """Tokens per second of all devices together."""
        return number(stage.tokens) / stage.time.seconds

    def mfu(self, stage: Stage) -> Fraction | None:
        """Share of the peak that useful FLOPs take, at the estimated throughput; the peak is not derated."""
        if not self.request.machine:
            return None
        devices = int(number(self.request.degree))
        peak = self.request.machine.rate(self.request.dtype).value
        useful = number(stage.useful) * devices
        return mfu(useful, number(stage.tokens), self.throughput(stage), devices, peak)

    @property
    def cost_per_million(self) -> Fraction | None:
        """USD per million tokens: generated ones if any are, else those of the first stage."""
        if self.request.price is None or self.unbound:
            return None
        if self.generation:
            seconds, tokens = self.generation[0], number(self.request.bindings["B"]) * self.request.new
        else:
            seconds, tokens = self.stages[0].time.seconds, number(self.stages[0].tokens)
        return self.request.price * number(self.request.degree) * seconds / tokens * 10**6


def exactly(size: Polynomial) -> int:
    """A bound size; 1, which no other degree divides, where it is not whole."""
    value = number(size)
    return int(value) if value.denominator == 1 else 1


def estimate(request: Request) -> Estimate:
    """Put a model on a machine.

    >>> from costgraph.estimation.reading import request
    >>> answer = estimate(request(model_name="llama-2-7b", hardware="a10", limit="B=1,S=350", new=150))
    >>> answer.largest_batch
    46
    """
    forms = request.memory()
    formulas = tuple(stages(request))
    for stage in formulas:
        for assumption in stage.source.assumptions:
            assumption.substitute(request.bindings)
    bound = []
    for stage in formulas:
        sizes = dict(request.bindings)
        if request.phase == "generate" and stage.name != "prefill" and "S" in sizes:
            sizes["S"] = sizes["S"] + (1 if stage.name == "first token" else request.new)
        bound.append(stage.at(sizes))
    if request.machine:
        known = request.machine.bindings(request.dtype, request.link)
        if "lambda_comms" not in known and any(cost.sent for stage in bound for cost in stage.costs):
            raise UserError(f"no link rate for {request.machine.name}; add link_bw=..., or a table [link.NAME]")
        bound = [stage.at(known) for stage in bound]
    memory = {name: form.substitute(request.bindings) for name, form in forms.items()}
    return Estimate(request, memory, forms, tuple(bound), formulas)


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
