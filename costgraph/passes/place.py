"""place: spread the graph over a mesh, and insert the collectives this causes.

Before:
    y = einsum("bsf,fd->bsd", u, w) ; z = dropout(y)
After, over tensor(T) (f holds E*D/T; the sum over f is not complete on any device):
    y = einsum("bsf,fd->bsd", u, w) ; y' = all_reduce(y) ; z = dropout(y')
After, over tensor(T, sequence=True) (tensors without a split dim rest with their sequence split):
    y = einsum("bsf,fd->bsd", u, w) ; y' = reduce_scatter(y) ; z = dropout(y')
After, over data(N_d, zero=3) (b holds B/N_d, and the elements of w rest in N_d parts):
    w' = all_gather(w) ; y = einsum("bsf,fd->bsd", u, w') ; z = dropout(y)

No collective is written down anywhere. The axes say what they split; `placement.py` follows the tensors.

Source: Shoeybi et al. 2019 (tensor parallel), Korthikanti et al. 2022 (sequence parallel), Rajbhandari et al. 2020
(ZeRO).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from functools import lru_cache
from typing import ClassVar

from costgraph.algebra.assumption import Assumption, Choice, Divides, InDomain
from costgraph.algebra.definition import Definition, remade
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE
from costgraph.errors import UserError
from costgraph.graph.extent import linear
from costgraph.graph.graph import Graph
from costgraph.mesh import Axis, ContextAxis, Cut, ExpertsAxis, Mesh, PipelineAxis, TensorAxis
from costgraph.mesh.axis import CORE
from costgraph.mesh.context import AHEAD
from costgraph.passes.autocast import Autocast
from costgraph.passes.group import Family, Group
from costgraph.passes.placement import Placement
from costgraph.passes.rewrite import Pass
from costgraph.passes.shares import Layers, claims, layers_of, shares
from costgraph.passes.split_softmax import split_softmax
from costgraph.passes.stages import Pipeline
from costgraph.records import dataclass, replace

KEPT = 8  # placed graphs, each with its stages
ENCODED = "memory_context"  # the positions of an encoder that runs, which rest in no parts
TOGETHER = {  # dims that are made of another and keep parts that are not split with it
    "stacked": "one product makes queries and the copied keys and values; MODEL(fused=False) has a product for each",
}


@dataclass(frozen=True)
class Place(Pass):
    """Spread a model over the devices of a mesh.

    Args:
        mesh: its axes, outermost first.
        layers: the layers of the model in order, where the stages of a pipeline do not divide them.
    """

    name: ClassVar[str] = "place"
    mesh: Mesh = field(default_factory=Mesh)
    layers: Layers | None = None

    def rewrite(self, graph: Graph) -> Graph:
        """The graph as one device sees it.

        Raises:
            UserError: what it computes converts widths, and whether copies are sent, or what they are made of, depends
                on who wrote the program; or an axis that cannot split it.
        """
        if Autocast.name in graph.passes and self.mesh:
            raise UserError(f"{Autocast.name} on a mesh is not modelled; leave one of them out")
        axis = self.mesh.pipeline
        return self.spread(graph) if axis is None else self.staged(pipeline(graph, unscheduled(self.mesh)), axis)

    def spread(self, graph: Graph) -> Graph:
        """The whole model, as one device of each stage sees its part."""
        graph = split_softmax(graph, [dim for axis in self.mesh.axes for dim in cached(axis, graph)])
        axes = self.mesh.named.items()
        claims = list(joined(claim for name, axis in axes for claim in dict.fromkeys(assumptions(name, axis, graph))))
        groups = [group for name, axis in axes if (group := self.group(name, axis, graph)).cuts]
        check_heads(groups)
        placement = Placement(dict(graph.tensors), groups)
        placed = graph.rewritten(placement.run(graph), placement.tensors, claims, self.mesh)
        return replace(placed, definitions=of_one_device(graph, groups))

    def staged(self, pipeline: Pipeline, axis: PipelineAxis) -> Graph:
        """The stage that is asked for; or the whole, with all stages of which one may be the worst."""
        placed, steps = pipeline.graph, self.mesh.microbatches
        counts = layers_of(placed, pipeline.layers)
        split = self.layers.stages(axis) if self.layers else []
        trains = any(placed.phase("backward"))
        said = [*placed.assumptions, *claims(axis, steps, counts, split, trains)]
        unsettled = tuple({str(one): one for one in said if not one.settled}.values())
        placed = replace(placed, mesh=self.mesh, assumptions=unsettled)
        found = tuple(pipeline.of(share, placed) for share in shares(axis, steps, counts, split, self.layers))
        return found[0] if axis.stage != "worst" else replace(placed, stages=found)

    def __str__(self) -> str:
        """The pass as one would write it."""
        return f"{self.name}({self.mesh})"

    def group(self, name: str, axis: Axis, graph: Graph) -> Group:
        """The axis on this graph: which dims its cuts split, and what rests in parts."""
        splits, whole = axis.splits(name, graph.sizes), self.mesh.whole_inside(axis)
        cuts = {split.cut: families([dim for dim in split.dims if dim not in whole], graph) for split in splits}
        rests = (axis.rests, *(following(axis.rests, graph) if whole else ())) if axis.rests else ()
        inner: dict[str, dict[Cut, tuple[Family, ...]]] = {}
        for split in splits:
            for segment, of_core in split.inside.items():
                inner.setdefault(segment, {})[split.cut] = families(of_core, graph)
        of = (one for families in (cuts, *inner.values()) for some in families.values() for one in some)
        dims = frozenset(dim for family in of for dim in family)
        if axis.size == ONE:
            return Group(axis, {}, {}, dims)
        over = {cut: some for cut, some in cuts.items() if cut.degree != ONE}
        return Group(axis, over, inner, dims, rests, self.mesh.sharded(axis))


@lru_cache(maxsize=KEPT)
def pipeline(graph: Graph, mesh: Mesh) -> Pipeline:
    """The model on a mesh, to be cut into stages: once for pipelines that differ in their schedule alone."""
    cut = next(Cut(axis.symbol, axis.size) for axis in mesh.axes if isinstance(axis, PipelineAxis))
    return Pipeline(Place(mesh).spread(graph), cut, mesh.microbatches)


def unscheduled(mesh: Mesh) -> Mesh:
    """A mesh whose pipeline is one of any schedule, and of all stages."""
    return Mesh.of(PipelineAxis(axis.degree) if isinstance(axis, PipelineAxis) else axis for axis in mesh.axes)


@dataclass(frozen=True)
class TensorParallel(Pass):
    """Split a model over one tensor axis: what `Place` does with a mesh of that alone.

    Args:
        degree, sequence, keep_gathered, replicate_kv: those of the axis.
    """

    name: ClassVar[str] = "tensor_parallel"
    degree: Size = "T"
    sequence: bool = False
    keep_gathered: bool = False
    replicate_kv: bool = False

    @property
    def mesh(self) -> Mesh:
        """The mesh that it means."""
        return Mesh((TensorAxis(self.degree, self.sequence, self.keep_gathered, self.replicate_kv),))

    def rewrite(self, graph: Graph) -> Graph:
        """The graph as one device sees it."""
        return Place(self.mesh).rewrite(graph)


def joined(claims: Iterable[Assumption]) -> Iterator[Assumption]:
    """The claims of all axes, those about one dim put together: both degrees, alike or not, divide it in turn.

    Raises:
        UserError: the product is known not to divide it.
    """
    found: dict[object, Assumption] = {}
    for claim in claims:
        key = (claim.dim, claim.dividend) if isinstance(claim, Divides) else claim
        before = found.get(key)
        if isinstance(claim, Divides) and isinstance(before, Divides):
            claim = replace(claim, divisor=before.divisor * claim.divisor)
            claim.check()
        found[key] = claim
    yield from found.values()


def of_one_device(graph: Graph, groups: Iterable[Group]) -> tuple[Definition, ...]:
    """The definitions, of dims as large as they are on one device: its tokens, and no others, reach its experts.

    Where an axis splits the experts, tokens of all of its devices do.
    """
    sizes = {name: extent.size for name, extent in graph.extents.items()}
    for group in groups:
        for cut, families in group.cuts.items():
            counted = [dim for dim, *_ in families if "expert" not in group.dims and dim not in AHEAD.values()]
            counted += group.rests[:1] if len(group.rests) > 1 else ()
            sizes |= {dim: sizes[dim] / cut.degree for dim in counted}
    return tuple(remade(definition, sizes) for definition in graph.definitions)


def families(dims: Iterable[str], graph: Graph) -> tuple[Family, ...]:
    """These of the dims that are there, each with those that follow it."""
    return tuple(family(dim, graph) for dim in dims if dim in graph.sizes)


def family(dim: str, graph: Graph) -> Family:
    """A dim, and those that are made of it, or the same positions, and so are split where it is."""
    return (dim, *following(dim, graph), *([AHEAD[dim]] if dim in AHEAD else []))


def following(dim: str, graph: Graph) -> list[str]:
    """The dims that are made of one.

    Raises:
        UserError: one that does not grow with what it is made of.
    """
    made = [name for name, extent in graph.extents.items() if dim in extent.of]
    if unlike := [name for name in made if not linear(name, graph.extents, dim)]:
        why = TOGETHER.get(unlike[0], f"{unlike[0]} is made of it and does not follow")
        raise UserError(f"{graph.name}: {dim} cannot be split: {why}")
    return made


def check_heads(groups: Iterable[Group]) -> None:
    """Raise where one axis copies the heads that another would split further."""
    groups = list(groups)
    copies = next((one.axis for one in groups if len(one.cuts) > 1 and isinstance(one.axis, TensorAxis)), None)
    further = next((group.axis for group in groups if CORE in group.inside), None)
    if copies and further:
        raise UserError(f"{further}: heads that {copies} copies cannot be split further; take how='gather' or 'ring'")


def cached(axis: Axis, graph: Graph) -> tuple[str, ...]:
    """The positions that it splits in a cache: those of a softmax are on several devices then."""
    if not isinstance(axis, ContextAxis) or axis.size == ONE:
        return ()
    return tuple(dim for split in axis.splits(axis.symbol, graph.sizes) for dim in split.dims if dim in AHEAD.values())


def kinds_within(graph: Graph) -> set[str]:
    """The kinds of its ops, those inside of fused ones included."""
    return {step.kind for op in graph.ops for step in (op, *op.body)}


def assumptions(name: str, axis: Axis, graph: Graph) -> Iterator[Assumption]:
    """What an axis takes for granted of sizes.

    Raises:
        UserError: what is known not to hold, or there is nothing to split.
    """
    sizes = graph.sizes
    claims = [claim for split in axis.splits(name, sizes) for claim in split.claims]
    if axis.rests:
        if axis.rests not in sizes:
            raise UserError(f"{axis}: there is no sequence to split in this graph")
        claims.append(Divides(axis.size, sizes[axis.rests], dim=axis.rests))
    for claim in claims:
        claim.check()
        if claim.dividend == ONE and claim.divisor != ONE:
            why = f"dim {claim.dim} has size 1 and cannot be split over {claim.divisor} devices"
            raise UserError(f"{axis}: {why}" + (f"; {claim.advice}" if claim.advice else ""))
    yield from claims
    in_order = isinstance(axis, ContextAxis) and axis.size != ONE and not cached(axis, graph)
    if isinstance(axis, ContextAxis) and in_order and "causal_mask" in kinds_within(graph):
        yield from (said.substitute({}) for said in axis.causal(sizes["query"]))
    if isinstance(axis, ExpertsAxis) and axis.size != ONE and Choice("load of experts", "worst") in graph.assumptions:
        raise UserError(
            f"{axis}: experts of which all tokens go to the same are not modelled over devices; load='mean'"
        )
    if axis.rests and ENCODED in sizes:
        yield Choice("positions of the encoder", "whole on every device")
    yield InDomain(name, axis.size)
