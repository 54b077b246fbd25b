"""What a structure costs, as forms in the numbers that its plans differ in: all of its stages, and what they keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from costgraph.algebra.definition import Definition
from costgraph.algebra.divisible import Holds
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, total
from costgraph.collector import paused
from costgraph.estimation.asked import Request, S
from costgraph.estimation.verdict import of_prefill
from costgraph.graph.graph import Graph
from costgraph.measures.must_move import definitions
from costgraph.measures.times import tokens, work
from costgraph.records import dataclass, replace
from costgraph.searching.shares import cut_twice
from costgraph.searching.stage_forms import Alike, StageForms, instants, of_stage


@dataclass(frozen=True)
class Forms:
    """All stages of a structure in one phase.

    Args:
        stages: of which one needs most and one takes longest.
        claims: what numbers of a plan have to keep.
        definitions: what symbols of times stand for that is no polynomial.
        room_definitions: the same of memory, which is that of another context where one grows.
        tokens: how many tokens a step works on.
        bubble: idle time over busy time, above and below the line; 0 over 1 without a pipeline.
        work: FLOPs of the model on one device, the mean of stages, by the share of the peak that they are.
        cuts: the degrees of an axis that is cut twice, by its symbol, the outer one first.
    """

    stages: tuple[StageForms, ...]
    claims: tuple[Holds, ...]
    definitions: tuple[Definition, ...]
    room_definitions: tuple[Definition, ...]
    tokens: Polynomial
    bubble: tuple[Polynomial, Polynomial]
    work: Mapping[str, Polynomial]
    cuts: Mapping[str, tuple[Polynomial, ...]]


@paused()
def forms(
    request: Request, phase: str, open_: Sequence[str], shares: Iterable[str] = (), alike: Alike | None = None
) -> Forms:
    """The forms of a structure in a phase, with all sizes put in but for some.

    Args:
        request: the question on its mesh.
        phase: which.
        open_: sizes that stay symbols.
        shares: of the peak that are asked for, `mfu` or `hfu`.
        alike: what is known of stages with the same ops.

    Raises:
        UserError: the model cannot be spread like that.
    """
    room, graph = sized(request, phase, open_), timed(request, phase, open_)
    resting = of_prefill(request, phase, room, *open_)
    alike = alike or Alike()
    found = of_times(graph, request, alike)
    stages = tuple(
        replace(stage, alive=tuple(alive + resting for alive in instants(holds, request, alike)))
        for holds, stage in zip(room.stages or (room,), found.stages, strict=True)
    )
    claimed = dict.fromkeys(
        claim
        for one in (room, graph, *room.stages, *graph.stages)  # layers of a stage are other numbers than all of them
        for claim in (*one.assumptions, *one.claims)
        if not claim.settled
    ) | dict.fromkeys(found.claims)
    for claim in claimed:
        if not claim.symbols:  # of numbers alone, which no plan of the structure can mend
            claim.substitute({})
    done = {name: worked(graph, replayed=name == "hfu") for name in shares}
    return replace(found, stages=stages, claims=tuple(claimed), room_definitions=defined(room), work=done)


@paused()
def growing(request: Request, open_: Sequence[str]) -> Forms:
    """The times of a decode step whose token sees S positions, its own included; S is no prompt then."""
    return of_times(request.sized("decode", "S", *open_), request, Alike())


def of_times(graph: Graph, request: Request, alike: Alike) -> Forms:
    """The forms of what all stages take."""
    stages = tuple(of_stage(stage, graph, request, alike) for stage in graph.stages or (graph,))
    bubble, claims = idle_share(graph, request, bool(request.efficiency))
    return Forms(stages, claims, defined(graph), (), tokens(graph), bubble, {}, cut_twice(graph))


def defined(graph: Graph) -> tuple[Definition, ...]:
    """What symbols in the forms of any stage stand for."""
    named = {one.name: one for stage in (graph.stages or (graph,)) for one in definitions(stage)}
    return tuple(named.values())


def worked(graph: Graph, replayed: bool) -> Polynomial:
    """FLOPs of the model on one device, the mean of stages, in a step."""
    stages = graph.mesh.pipeline.size if graph.mesh.pipeline else ONE
    return total(term.amount for term in work(graph, replayed)) / stages


def sized(request: Request, phase: str, open_: Sequence[str]) -> Graph:
    """The graph of which the peak is taken: of a decode step, at the last token."""
    found = request.sized(phase, *open_)
    return found.substitute(S=S + request.new) if grows(request, phase) and "S" in open_ else found


def timed(request: Request, phase: str, open_: Sequence[str]) -> Graph:
    """The graph of which times are taken: of a decode step, at the context that the last token sees."""
    if not grows(request, phase):
        return request.sized(phase, *open_)
    prompt = S if "S" in open_ else request.bindings["S"]
    return request.sized(phase, "S", *open_).substitute(S=prompt + max(request.new - 1, 1))


def grows(request: Request, phase: str) -> bool:
    """Whether a context grows while tokens are generated; S is the prompt then."""
    return request.phase == "generate" and phase == "decode"


def idle_share(
    graph: Graph, request: Request, estimated: bool
) -> tuple[tuple[Polynomial, Polynomial], tuple[Holds, ...]]:
    """The share of idle time that an estimate adds, and what it assumes."""
    if graph.mesh.pipeline is None or not estimated:
        return (ZERO, ONE), ()
    from costgraph.measures import MEASURES

    found = MEASURES["bubble"](graph, request.setup.convention)
    claims = tuple(claim for claim in found.assumptions if not claim.settled)
    return (found.value.numerator, found.value.denominator), claims
