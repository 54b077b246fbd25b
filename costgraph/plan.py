"""A pipeline of a model whose sizes are known: stages of whole layers where they do not divide them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd

from costgraph.algebra.bindings import Binding
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.symbols import SYMBOLS
from costgraph.conventions import EXACT
from costgraph.errors import OpenStages
from costgraph.graph.graph import Graph
from costgraph.measures.flops import flops
from costgraph.mesh import Cut, Mesh
from costgraph.passes import Pass
from costgraph.passes.shares import Layers, layers_of
from costgraph.passes.stages import BEFORE, BEHIND, Pipeline


def resolved(
    mesh: Mesh, graph: Graph, steps: Iterable[Pass], bindings: Mapping[str, Binding], order: Sequence[str]
) -> tuple[Mesh, Layers | None]:
    """The mesh with those of its degrees put in on which the kind of graph depends, and the layers spread on stages.

    Args:
        mesh: as it was typed.
        graph: as it is written.
        steps: the passes before it is placed.
        bindings: what is known of sizes.
        order: the kind of each layer, where layers of several kinds alternate.

    Raises:
        OpenStages: no number of stages divides the layers of all kinds.
    """
    finite = {name: value for name, value in bindings.items() if isinstance(value, Polynomial)}
    mesh = mesh.without_ones(finite)
    known = mesh.with_stages(finite)
    axis = known.pipeline
    if axis is None:
        return mesh, None
    counts = layers_of(graph, Pipeline(graph, Cut(axis.symbol, axis.size), ONE).layers)
    bound = {kind: count.substitute(finite).number for kind, count in counts.items()}
    numbers = {kind: int(number) for kind, number in bound.items() if number is not None}
    chunks = (axis.size * axis.chunks).number
    if chunks is None and len(counts) == len(numbers) > 1 and gcd(*numbers.values()) == 1:
        layers = " and ".join(f"{number} {kind}" for kind, number in numbers.items())
        raise OpenStages(
            f"{axis}: no P divides {layers} layers; bind it, as in --limit P=4, and whole layers are spread"
        )
    if chunks is None or all(Fraction(number) % chunks == 0 for number in numbers.values()):
        one_group = axis.schedule == "interleaved" and known.microbatches == axis.size
        ends_alone = axis.size.number == 2  # open stages have some in the middle
        return (known if one_group or ends_alone or axis.order.alone(axis.size) else mesh), None
    kinds = tuple(kind for kind, number in numbers.items() for _ in range(number))
    if sorted(order) == sorted(kinds):
        kinds = tuple(order)
    return known, costs(graph.apply(*steps), kinds, counts, finite)


def costs(
    graph: Graph, kinds: tuple[str, ...], counts: Mapping[str, Polynomial], sizes: Mapping[str, Polynomial]
) -> Layers:
    """What each layer and the ends cost in FLOPs; what is not said of sizes is taken as large as it usually is."""
    form = flops(graph, EXACT).limited(sizes)
    defined = {one.name for one in form.defined}
    usual = {name: Polynomial.constant(SYMBOLS[name].typical) for name in form.symbols if name not in defined}
    form = form.limited(usual)
    pipeline = Pipeline(graph, Cut("P", ONE), ONE)
    found: dict[str, Fraction] = {}
    for term in form.terms:
        (part, *_) = pipeline.parts[term.op] or {BEHIND}
        loop = next((loop for loop in pipeline.layers if str(loop.number) == part), None)
        name = part if loop is None else loop.kind.partition("/")[0]
        found[name] = found.get(name, Fraction(0)) + Fraction(term.amount.number or 0)
    times = {kind: Fraction(count.substitute({**usual, **sizes}).number or 1) for kind, count in counts.items()}
    each = {kind: found.get(kind, Fraction(0)) / times[kind] for kind in counts}
    return Layers(kinds, each, found.get(BEFORE, Fraction(0)), found.get(BEHIND, Fraction(0)))
