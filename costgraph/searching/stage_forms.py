"""What one stage of a structure costs, as forms in the numbers that its plans differ in: memory, and what it does.

Memory is what is alive at each instant that may be the peak. Time is kept apart by what decides on it: FLOPs, bytes of
memory, and for each kind of collective over the same axes what it sends, as over which links it goes is another number
of each plan. What stages have in common under several schedules is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, total
from costgraph.conventions import Convention
from costgraph.estimation.asked import Request
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.graph.stage import Where
from costgraph.measures.communication import RINGS, part, read_in, ring, times
from costgraph.measures.counting import Counted
from costgraph.measures.flops import PARTS
from costgraph.measures.idle import NOTHING, Order, Waiting, order_of, waiting
from costgraph.measures.lifetimes import Lifetimes
from costgraph.measures.must_move import must_move
from costgraph.measures.peak import Walk
from costgraph.measures.times import DONE
from costgraph.precision import policy
from costgraph.records import dataclass, replace
from costgraph.timing.costs import costs, is_once
from costgraph.timing.roofline import Rates, spans

T = TypeVar("T")
Group = tuple[str, tuple[tuple[str, int], ...], str, bool, bool]


@dataclass(frozen=True)
class Sent:
    """What collectives of one kind send over the same axes.

    Args:
        kind: of the ops.
        over: the axes, by symbol and cut.
        part: the same in words, as answers name it.
        once: whether it is sent once a step, however many microbatches there are.
        counted: whether the convention counts it, and so an estimate.
        volume: bytes that a ring sends from each device.
        runs: how often one of them runs.
    """

    kind: str
    over: tuple[tuple[str, int], ...]
    part: str
    once: bool
    counted: bool
    volume: Polynomial
    runs: Polynomial


@dataclass(frozen=True)
class Charged:
    """Ops that scale alike: FLOPs and bytes moved, of which the longer one counts.

    Args:
        flops, moved: in seconds at the peak rates, as forms in these.
        once: whether that is done once a step.
    """

    flops: Polynomial
    moved: Polynomial
    once: bool


@dataclass(frozen=True)
class StageForms:
    """One stage of a pipeline, or the whole model where there is none.

    Args:
        place: which stage; empty without a pipeline.
        alive: bytes at each instant that may be the peak, without those that another one always covers; empty where
            only times were asked for.
        compute: FLOPs of a step, in seconds at the rate of the machine.
        memory: bytes that must be read and written, in seconds.
        waiting: of FLOPs and of bytes what idle time follows from, in seconds.
        order: where it stands in the pipeline; None without one.
        sent: what collectives send.
        charged: what an estimate sums up; empty where none was asked for.
    """

    place: str
    alive: tuple[Polynomial, ...]
    compute: Polynomial
    memory: Polynomial
    waiting: tuple[Waiting, Waiting]
    order: Order | None
    sent: tuple[Sent, ...]
    charged: tuple[Charged, ...]


def of_stage(graph: Graph, whole: Graph, request: Request, alike: Alike) -> StageForms:
    """What one stage takes; rates of the machine are put in.

    Args:
        graph: the stage.
        whole: with all stages.
        request: the question.
        alike: what is known of stages with the same ops.
    """
    order, convention = order_of(whole, graph), request.setup.convention
    busy = alike.of("busy", graph, lambda: busy_of(graph, request, order is not None))
    passed_on = tuple(sent([op for op in graph.ops if op.kind == "send"], graph, convention))
    return replace(busy, order=order, sent=(*busy.sent, *passed_on))


def busy_of(graph: Graph, request: Request, waits: bool) -> StageForms:
    """The same without what it passes on, and without its place in a pipeline.

    Args:
        graph: the stage.
        request: the question.
        waits: whether it has such a place.
    """
    convention = request.setup.convention
    rates = {name: rate for name, rate in request.rates.items() if name in ("lambda_flops", "lambda_mem")}
    done = {
        "lambda_flops": list(Counted(graph, DONE).terms(PARTS)),
        "lambda_mem": list(must_move(graph)),
    }
    seconds = {rate: total(term.amount for term in terms) / rates[rate] for rate, terms in done.items()}
    timed = {
        rate: [replace(term, amount=term.amount / rates[rate]) for term in terms] if waits else []
        for rate, terms in done.items()
    }
    found = [waiting(graph, terms) if terms else NOTHING for terms in timed.values()]
    return StageForms(
        str(graph.stage or ""),
        (),
        seconds["lambda_flops"],
        seconds["lambda_mem"],
        (found[0], found[1]),
        None,
        tuple(sent([op for op in graph.ops if op.kind != "send"], graph, convention)),
        tuple(charged(graph, convention, rates)) if request.efficiency else (),
    )


class Alike:
    """What was worked out of the ops of stages, for others that have the same ones, as with another schedule.

    These differ in how often they pass something on, and in how much is under way meanwhile.
    """

    MOST = 16  # of which it is kept

    def __init__(self) -> None:
        self.known: dict[tuple[object, ...], tuple[Graph, Any]] = {}

    def of(self, what: str, graph: Graph, make: Callable[[], T]) -> T:
        """What is known of a stage, or is made now."""
        key = (what, str(graph.stage), *(op.name if op.kind == "send" else id(op) for op in graph.ops))
        if key not in self.known:
            while len(self.known) >= self.MOST:
                del self.known[next(iter(self.known))]
            self.known[key] = graph, make()  # with the graph, so that its ops stay the ones that they were
        found: T = self.known[key][1]
        return found


# --- memory -----------------------------------------------------------------------------------------------------------


def instants(graph: Graph, request: Request, alike: Alike) -> tuple[Polynomial, ...]:
    """What is alive at the instants that may be the peak, the largest first, without what another one covers."""
    alive, saved = alike.of("alive", graph, lambda: alive_of(graph, request))
    if graph.stage is None:
        return alive
    others = total(amount * (graph.stage.under_way(where) - ONE) for where, amount in saved.items())
    return tuple(one + others for one in alive)


def alive_of(graph: Graph, request: Request) -> tuple[tuple[Polynomial, ...], dict[Where, Polynomial]]:
    """The same of one microbatch, and what is kept of each for its way back, by where that stands."""
    convention = request.setup.convention
    of = Lifetimes(graph, policy(request.setup.precision))
    walk = Walk(of, convention)
    later = set(map(id, of.under_way))
    counted = [one for one in walk.buffers if convention.counts(one.tensor.role) and id(one) not in later]
    found = dict.fromkeys(alive for _, alive in walk.running(counted))
    kept: list[Polynomial] = []
    for form in sorted(found, key=about, reverse=True):
        if not any(other.covers(form) for other in kept):
            kept.append(form)
    saved: dict[Where, Polynomial] = {}
    for one in counted:
        if one.part == "saved" and of.trained and graph.stage:
            where = graph.stage.where(one.tensor.name, one.tensor.loop.number)
            saved[where] = saved.get(where, ZERO) + one.each * one.times
    return tuple(kept), saved


def about(form: Polynomial) -> float:
    """About how large it is, where all that is open is 8."""
    return form.at(dict.fromkeys(form.symbols, 8.0))


# --- time -------------------------------------------------------------------------------------------------------------


def sent(ops: Iterable[Op], graph: Graph, convention: Convention) -> Iterator[Sent]:
    """What some ops of a graph send, by kind and by axes."""
    loops = read_in(graph)
    volumes: dict[Group, list[Polynomial]] = {}
    runs: dict[Group, list[Polynomial]] = {}
    for op in ops:
        if op.kind not in RINGS:
            continue
        role = graph.tensors[op.inputs[0]].role
        over = tuple((cut.axis, cut.number) for cut in op.cuts)
        group = (op.kind, over, part(op), is_once(op, graph), convention.counts(role))
        often = times(op, loops)
        if amount := ring(op, graph) * often:
            volumes.setdefault(group, []).append(amount)
            runs.setdefault(group, []).append(often)
    for group, amounts in volumes.items():
        yield Sent(*group, total(amounts), total(runs[group]))


def charged(graph: Graph, convention: Convention, rates: Mapping[str, Polynomial]) -> Iterator[Charged]:
    """What ops take, those that scale alike together: of those the same side is the longer one."""
    for once in (False, True):
        found = [cost for cost in costs(graph, convention) if cost.kind != "communication" and cost.once == once]
        time = spans(found, Rates(rates["lambda_flops"], rates["lambda_mem"]))
        alone: dict[str, list[Polynomial]] = {"compute": [], "memory": []}
        both: list[tuple[Polynomial, Polynomial]] = []
        for span in time.spans:
            if span.compute and span.memory:
                both.append((span.compute, span.memory))
            else:
                alone["compute"].append(span.compute)
                alone["memory"].append(span.memory)
        for compute, memory in together(both):
            yield Charged(compute, memory, once)
        for compute, memory in ((total(alone["compute"]), ZERO), (ZERO, total(alone["memory"]))):
            if compute or memory:
                yield Charged(compute, memory, once)


def together(sides: Sequence[tuple[Polynomial, Polynomial]]) -> list[tuple[Polynomial, Polynomial]]:
    """Pairs of which one is the other times a number, as one."""
    found: dict[tuple[Polynomial, Polynomial], Polynomial] = {}
    for compute, memory in sides:
        number = Polynomial.constant(compute.leading_coefficient)
        key = (compute / number, memory / number)
        found[key] = found.get(key, ZERO) + number
    return [(compute * number, memory * number) for (compute, memory), number in found.items()]
