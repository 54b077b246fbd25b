"""step_time, ttft, tpot: seconds that no step takes less than, whatever happens at once.

Counts: the longest of what each resource takes alone: FLOPs that are done, of a causal square those that are seen, at
the peak rate; weights, cache and state, read once (`must_move`), at the rate of the memory; what collectives send, at
the rate of each link. In a pipeline the first two with the time that a stage is idle, while others do what the layers
of the cheapest need. ttft is that of a prefill, which gives the first token; tpot that of one decode step.
Takes for granted: sums of collectives are taken by devices, and not by switches on the way.
Leaves out: whatever takes longer than it must. So it is a bound, and no estimate.
Source: Williams et al. 2009 (roofline).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from costgraph.algebra.definition import at_least
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.conventions import EXACT, NOTES, Convention, Counting
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.largest import candidates_of, largest
from costgraph.measures.communication import LINK, RINGS, Links, Share, read_in, ring, times
from costgraph.measures.counting import Counted
from costgraph.measures.flops import PARTS
from costgraph.measures.idle import idle, order_of, waiting
from costgraph.measures.must_move import definitions, must_move
from costgraph.mesh import ContextAxis, Mesh
from costgraph.provenance import Term
from costgraph.records import replace

DONE = replace(EXACT, counting=Counting(causal="triangle")).named("exact")  # what good kernels do


def one_link(op: Op) -> Iterable[tuple[str, Share]]:
    """All collectives go over one link."""
    return ((LINK, 1),)


def step_time(graph: Graph, convention: Convention = NOTES, links: Links = one_link) -> ClosedForm:
    """Seconds of a step, at least.

    Args:
        graph: of a phase.
        convention: without effect; what is done is counted.
        links: over which links each collective goes.
    """
    return shortest(graph, links)


@lru_cache(maxsize=4)  # what is made of the time of a step asks for it again
def shortest(graph: Graph, links: Links) -> ClosedForm:
    """The same, by what decides on it."""
    found = [
        (f"{stage.stage}, {RESOURCES[rate]}" if stage.stage else RESOURCES[rate], form("step_time", "s", stage, terms))
        for stage, rate, terms in busy(graph, links)
    ]
    if not found:
        raise UserError("step_time: nothing is computed, moved or sent here")
    return largest("step_time", found)


RESOURCES = {
    "lambda_flops": "compute", "lambda_mem": "memory", LINK: "link", "lambda_node": "link in the node",
    "lambda_net": "network",
}  # fmt: skip
WAITED = ("lambda_flops", "lambda_mem")  # of resources that a stage does without while it is idle


def busy(graph: Graph, links: Links = one_link) -> Iterator[tuple[Graph, str, list[Term]]]:
    """For each stage, by the symbol of its rate, the seconds that each resource is busy, or its stage idle.

    Twice where sizes decide how long that is: the longer one counts.
    """
    stages = graph.stages or (graph,)
    found = [(stage, rate, terms) for stage in stages for rate, terms in arms(stage, links)]
    for stage, rate, terms in found:
        others = [(one, other) for one, same, other in found if same == rate]
        per = Polynomial.symbol(rate)
        for idly in waited(graph, stage, terms, others) if rate in WAITED else [[]]:
            if seconds := [replace(term, amount=term.amount / per) for term in (*terms, *idly) if term.amount]:
                yield stage, rate, seconds


def form(name: str, unit: str, graph: Graph, terms: Iterable[Term]) -> ClosedForm:
    """A sum in which all terms count."""
    return ClosedForm(
        name, unit, tuple(terms), DONE, graph.assumptions, definitions=definitions(graph), dims=graph.claims,
        loops=graph.loops,
    )  # fmt: skip


def arms(graph: Graph, links: Links) -> Iterator[tuple[str, list[Term]]]:
    """What each resource has to do, by the symbol of its rate."""
    yield "lambda_flops", list(Counted(graph, DONE).terms(PARTS))
    yield "lambda_mem", list(must_move(graph))
    yield from sent(graph, links).items()


def sent(graph: Graph, links: Links = one_link) -> dict[str, list[Term]]:
    """Bytes that collectives send over each link."""
    loops = read_in(graph)
    found: dict[str, list[Term]] = {}
    for op in graph.ops:
        if op.kind in RINGS and (amount := ring(op, graph) * times(op, loops)):
            for rate, share in links(op):
                if crossing := share_of(amount, share):
                    term = Term(op.name, f"{op.kind} of {op.inputs[0]}", crossing)
                    found.setdefault(rate, []).append(term)
    return found


@lru_cache(maxsize=4096)  # stages, and plans, send much that is alike
def share_of(amount: Polynomial, share: Share) -> Polynomial:
    """A share of what a ring sends: of n-1 in n parts, so that the n-1 below the bar of a share divides it."""
    if not isinstance(share, Quotient):
        return amount * share
    found = (amount * share.numerator).divide(share.denominator)
    assert found is not None
    return found


def waited(graph: Graph, stage: Graph, done: list[Term], others: list[tuple[Graph, list[Term]]]) -> list[list[Term]]:
    """What a resource could have done while its stage is idle, at least: while others do what their layers need.

    Args:
        graph: with all stages.
        stage: which one.
        done: what the resource does there.
        others: what it does in each stage.

    Returns:
        One amount; two where open sizes decide which of them is larger. Nothing is idle without a pipeline.
    """
    order = order_of(graph, stage)
    if order is None:
        return [[]]
    forth, back = idle(order.numbers, order, waiting(stage, done), [waiting(*one) for one in others], smaller)
    amounts = [forth + back] if at_least(back, ZERO) else [forth] if at_least(ZERO, back) else [forth, forth + back]
    return [[Term(order.schedule.name, "idle", amount)] if amount else [] for amount in amounts]


def smaller(one: Polynomial, other: Polynomial) -> Polynomial:
    """The smaller of two amounts; where that depends on sizes, what both have in common."""
    if at_least(other, one):
        return one
    if at_least(one, other):
        return other
    return one - total(more for more in (one - other).monomials() if more.signs == {1})


def ttft(graph: Graph, convention: Convention = NOTES, links: Links = one_link) -> ClosedForm:
    """Seconds to the first token, at least: those of a prefill."""
    if "prefill" not in graph.passes:
        raise UserError("ttft: the first token comes from a prefill; ask for --phase prefill")
    return replace(step_time(graph, convention, links), name="ttft")


def tpot(graph: Graph, convention: Convention = NOTES, links: Links = one_link) -> ClosedForm:
    """Seconds for each further token, at least: those of a decode step."""
    if not any(name.partition("(")[0] == "decode" for name in graph.passes):
        raise UserError("tpot: a token after the first comes from a decode step; ask for --phase decode")
    return replace(step_time(graph, convention, links), name="tpot")


def mfu(graph: Graph, convention: Convention = NOTES, links: Links = one_link) -> ClosedForm:
    """Model FLOPs utilisation, at most: useful FLOPs over what the peaks of all devices allow in a step's time."""
    shortest = step_time(graph, convention, links)
    stages = graph.mesh.pipeline.size if graph.mesh.pipeline else ONE
    useful = [replace(term, amount=term.amount / stages) for term in work(graph)]
    peak = Polynomial.symbol("lambda_flops")
    over = [replace(term, amount=term.amount * peak) for term in shortest.terms]
    return replace(form("mfu", "share of the peak", graph, useful), over=tuple(over), definitions=shortest.definitions)


def work(graph: Graph, replayed: bool = False) -> Iterator[Term]:
    """FLOPs on one device of those that share all stages, of a causal square what is seen.

    Where some devices have more of the square than others, the mean.

    Args:
        graph: of a step.
        replayed: whether what is replayed counts as well, or the useful work of a model alone.
    """
    graph = replace(graph, stages=(), mesh=zigzag(graph.mesh))
    if replayed:
        return Counted(graph, DONE).terms(PARTS)
    ops = tuple(replace(op, body=tuple(step for step in op.body if step.phase != "recompute")) for op in graph.ops)
    return Counted(replace(graph, ops=ops), DONE).terms(("forward", "backward"))


def zigzag(mesh: Mesh) -> Mesh:
    """The mesh with devices of a context axis that have equal parts of a causal square."""
    return Mesh.of(replace(axis, order="zigzag") if isinstance(axis, ContextAxis) else axis for axis in mesh.axes)


def cost(graph: Graph, convention: Convention = NOTES, links: Links = one_link) -> ClosedForm:
    """USD for a million tokens, at least: what all devices cost in the time of a step."""
    shortest = step_time(graph, convention, links)
    each = Polynomial.symbol("price") * graph.mesh.devices * 10**6 / tokens(graph)
    forms = candidates_of(shortest)
    priced = [replace(one, unit="USD per million tokens", at=(), terms=tuple(scaled(one.terms, each))) for one in forms]
    return largest("cost", [(", ".join(one.at), form) for one, form in zip(forms, priced, strict=True)])


def scaled(terms: Iterable[Term], by: Polynomial) -> Iterator[Term]:
    """Terms times a factor."""
    return (replace(term, amount=term.amount * by) for term in terms)


def tokens(graph: Graph) -> Polynomial:
    """The tokens that a step works on, on the whole mesh: positions of all sequences; 1 of what has neither."""
    return graph.sizes.get("batch", ONE) * graph.sizes.get("query", ONE)
