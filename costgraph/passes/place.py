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
from dataclasses import dataclass, field, replace
from typing import ClassVar

from costgraph.algebra.assumption import Assumption, Choice, Divides, InDomain
from costgraph.algebra.definition import Definition, remade
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import ONE
from costgraph.errors import UserError
from costgraph.graph.extent import linear
from costgraph.graph.graph import Graph
from costgraph.mesh import Axis, Mesh, TensorAxis
from costgraph.passes.autocast import Autocast
from costgraph.passes.group import Family, Group
from costgraph.passes.placement import Placement
from costgraph.passes.rewrite import Pass

ENCODED = "memory_context"  # the positions of an encoder that runs, which rest in no parts
TOGETHER = {  # dims that are made of another and keep parts that are not split with it
    "stacked": "one product makes queries and the copied keys and values; MODEL(fused=False) has a product for each",
}


@dataclass(frozen=True)
class Place(Pass):
    """Spread a model over the devices of a mesh.

    Args:
        mesh: its axes, outermost first.
    """

    name: ClassVar[str] = "place"
    mesh: Mesh = field(default_factory=Mesh)

    def rewrite(self, graph: Graph) -> Graph:
        """The graph as one device sees it.

        Raises:
            UserError: what it computes converts widths, and whether copies are sent, or what they are made of, depends
                on who wrote the program; or an axis that cannot split it.
        """
        if Autocast.name in graph.passes and self.mesh:
            raise UserError(f"{Autocast.name} on a mesh is not modelled; leave one of them out")
        axes = self.mesh.named.items()
        claims = list(joined(claim for name, axis in axes for claim in assumptions(name, axis, graph)))
        groups = [group for name, axis in axes if (group := group_of(name, axis, graph)).cuts]
        placement = Placement(graph.tensors, groups)
        placed = graph.rewritten(placement.run(graph), placement.tensors, claims, self.mesh)
        return replace(placed, definitions=of_one_device(graph, groups))


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
    """The claims, those of several axes about one dim put together: both degrees divide it one after the other.

    Raises:
        UserError: the product is known not to divide it.
    """
    found: dict[object, Assumption] = {}
    for claim in claims:
        key = (claim.dim, claim.dividend) if isinstance(claim, Divides) else claim
        before = found.get(key)
        if isinstance(claim, Divides) and isinstance(before, Divides) and before != claim:
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
            sizes |= {dim: sizes[dim] / cut.degree for dim, *_ in families if "expert" not in group.dims}
    return tuple(remade(definition, sizes) for definition in graph.definitions)


def group_of(name: str, axis: Axis, graph: Graph) -> Group:
    """The axis on this graph: which dims its cuts split, and what rests in parts."""
    splits = axis.splits(name, graph.sizes)
    families = {split.cut: tuple(family(d, graph) for d in split.dims if d in graph.sizes) for split in splits}
    dims = frozenset(dim for of in families.values() for one in of for dim in one)
    return Group(axis, {cut: of for cut, of in families.items() if cut.degree != ONE}, dims)


def family(dim: str, graph: Graph) -> Family:
    """A dim, and those that are made of it and so are split where it is.

    Raises:
        UserError: one that does not grow with what it is made of.
    """
    made = [name for name, extent in graph.extents.items() if dim in extent.of]
    if unlike := [name for name in made if not linear(name, graph.extents, dim)]:
        why = TOGETHER.get(unlike[0], f"{unlike[0]} is made of it and does not follow")
        raise UserError(f"{graph.name}: {dim} cannot be split: {why}")
    return (dim, *made)


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
    if axis.rests and ENCODED in sizes:
        yield Choice("positions of the encoder", "whole on every device")
    yield InDomain(name, axis.size)
