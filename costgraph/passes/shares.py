"""What each stage of a pipeline has: its layers, what it keeps at once, what it passes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from costgraph.algebra.assumption import Assumption, Choice, Divides, Enough
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.graph.stage import Place, Stage
from costgraph.mesh import PipelineAxis
from costgraph.passes.spread import by_stage, spread
from costgraph.passes.stages import Share
from costgraph.records import dataclass

PLACES: tuple[Place, ...] = ("first", "middle", "last")
SPREAD = "layers of each stage"  # what is chosen where whole layers are spread
MOST = 1000  # layers that are spread one by one


@dataclass(frozen=True)
class Layers:
    """Layers in order, where they are spread whole.

    Args:
        kinds: of each.
        costs: of a layer of each kind.
        before, behind: what the ends cost.
    """

    kinds: tuple[str, ...]
    costs: Mapping[str, Fraction]
    before: Fraction = Fraction(0)
    behind: Fraction = Fraction(0)

    def cost(self, counts: Mapping[str, int]) -> Fraction:
        """What so many layers cost."""
        return sum((self.costs[kind] * number for kind, number in counts.items()), Fraction(0))

    def stages(self, axis: PipelineAxis) -> list[Mapping[str, int]]:
        """Of each stage how many layers of each kind it has; degree and chunks of the axis are numbers.

        Raises:
            UserError: there are fewer layers than chunks, or too many to look at each.
        """
        stages, chunks = int(axis.size.number or 1), int(axis.chunks.number or 1)
        if stages * chunks > len(self.kinds):
            parts = f"{stages} stages" if chunks == 1 else f"{stages} stages of {chunks} chunks"
            raise UserError(f"{axis}: {parts} are more than the {len(self.kinds)} layers")
        if len(self.kinds) > MOST:
            raise UserError(
                f"{axis}: {len(self.kinds)} layers do not divide into stages; take a degree that divides them"
            )
        sizes = spread([self.costs[kind] for kind in self.kinds], stages * chunks, self.before, self.behind)
        return by_stage(sizes, self.kinds, stages, axis.order.folded)


def shares(
    axis: PipelineAxis,
    microbatches: Polynomial,
    counts: Mapping[str, Polynomial],
    split: Sequence[Mapping[str, int]],
    layers: Layers | None,
) -> Iterator[Share]:
    """What the stages have that can be the worst, or the one that is asked for.

    Args:
        axis: the pipeline.
        microbatches: of a step.
        counts: how many layers there are of each kind.
        split: how many of them each stage has, where the stages do not divide them.
        layers: what was split.
    """
    if layers is None:
        each = {"": ONE / axis.size}
        for at, place in enumerate(PLACES):
            if axis.stage in (place, "worst") and not (place == "middle" and axis.size.number == 2):
                yield share(axis, microbatches, place, at, each)
        return
    seen: list[object] = []
    middle = max(range(1, len(split) - 1), key=lambda at: layers.cost(split[at]), default=0)
    for at, mine in enumerate(split):
        if axis.stage == "middle" and at != middle:
            continue
        place = "first" if at == 0 else "last" if at == len(split) - 1 else "middle"
        if axis.stage in (place, "worst") and (place, mine) not in seen:
            seen.append((place, mine))
            whole = {kind: Polynomial.constant(mine.get(kind, 0)) / count for kind, count in counts.items()}
            alike = [other for other in range(at, max(len(split) - 1, at + 1)) if split[other] == mine]
            yield share(axis, microbatches, place, at, whole, number=at + 1, last=alike[-1] + 1)


def share(
    axis: PipelineAxis,
    microbatches: Polynomial,
    place: Place,
    at: int,
    layers: Mapping[str, Polynomial],
    number: int = 0,
    last: int = 0,
) -> Share:
    """What one stage has; stages in the middle keep less the further behind they are."""
    setting = axis.size, microbatches, axis.chunks
    order = axis.order
    held = order.in_flight("last", *setting) if place == "last" else order.in_flight_at(at, *setting)
    stage = Stage(
        place, held, order.in_flight_outside(place, *setting), number, last,
        in_flight_behind=order.in_flight_behind(axis.size), put_off=order.put_off(at, place, axis.size),
    )  # fmt: skip
    return Share(stage, layers, *order.sends(place, axis.size, axis.chunks), order.folded)


def claims(
    axis: PipelineAxis,
    microbatches: Polynomial,
    counts: Mapping[str, Polynomial],
    split: Sequence[Mapping[str, int]],
    trains: bool,
) -> Iterator[Assumption]:
    """What a pipeline takes for granted.

    Raises:
        UserError: what does not hold of numbers.
    """
    if trains:
        axis.order.check(axis.size, microbatches, axis.chunks)
    elif axis.order.folded:
        raise UserError(
            f"{axis}: schedule='{axis.schedule}' is of training steps, in which the first stage has the last layers, "
            f"too; without training write pipeline({axis.size})"
        )
    least = Polynomial.constant(3 if axis.stage == "middle" else 2)
    yield Enough(least, axis.size, advice="pipeline(1) is one stage, and of two none is in the middle").substitute({})
    yield from axis.order.assumptions(axis.size, microbatches, axis.chunks) if trains else ()
    if not split:
        for kind, count in counts.items():
            of = f" of kind {kind}" if kind else ""
            claim = Divides(axis.size * axis.chunks, count, f"stages have as many layers{of}", "layers")
            yield claim.substitute({})
        return
    yield Choice(SPREAD, written(split))


def written(stages: Sequence[Mapping[str, int]]) -> str:
    """`4, 14 x 4, 2`: neighbours that are alike once; kinds where there are several."""
    words = [" + ".join(f"{n} {kind}".rstrip() for kind, n in mine.items()) for mine in stages]
    found: list[tuple[str, int]] = []
    for word in words:
        if found and found[-1][0] == word:
            found[-1] = word, found[-1][1] + 1
        else:
            found.append((word, 1))
    return ", ".join(word if times == 1 else f"{times} x {word}" for word, times in found)


def layers_of(graph: Graph, loops: Iterable[object]) -> dict[str, Polynomial]:
    """How many layers a graph has of each kind."""
    found: dict[str, Polynomial] = {}
    for op in graph.ops:
        if op.loop in loops and op.kind == "loop":
            found.setdefault(op.loop.kind.partition("/")[0], op.loop.times)
    return found
