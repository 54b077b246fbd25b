"""The graph of a model: ops, tensors, and a networkx view of them.

The truth is held in frozen tuples; `Graph.nx` is a frozen `networkx.MultiDiGraph` (nodes are ops, edges are tensors)
on which any networkx algorithm can be run. Passes make new graphs, `Builder` in `builder.py` makes the first one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from costgraph.algebra.assumption import Assumption, InDomain, IsSize
from costgraph.algebra.bindings import bound, check_bindings
from costgraph.algebra.definition import Definition, remade, settle
from costgraph.algebra.expression import replaced
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import Symbols
from costgraph.collector import paused
from costgraph.errors import BugError, UserError, no_attribute, shorten, unknown
from costgraph.graph.dim import Dim
from costgraph.graph.extent import Extent, resized, trees
from costgraph.graph.loop import Loop
from costgraph.graph.op import Op
from costgraph.graph.order import in_order
from costgraph.graph.stage import Stage
from costgraph.graph.substitution import Substituted
from costgraph.graph.tensor import Tensor, with_dims
from costgraph.mesh import Mesh
from costgraph.records import dataclass, replace
from costgraph.shown import Shown

if TYPE_CHECKING:
    import networkx


class Rewrite(Protocol):
    """What `Graph.apply` takes: anything that turns a graph into a graph, such as a pass."""

    def __call__(self, graph: Graph, /) -> Graph:
        """The new graph."""


@dataclass(frozen=True, eq=False)
class Graph(Shown):
    """A checked, immutable graph of ops.

    Args:
        name: how it was made, such as `decoder(head=True)`.
        ops: in an order in which they can run.
        tensors: every tensor by name, those inside fused ops included.
        passes: names of the passes applied so far, in order.
        assumptions: what must hold for the shapes to make sense.
        definitions: what symbols in the shapes stand for that is no polynomial, each after those that it depends on.
        extents: how large the dims are in the whole model, each after those that it is made of.
        mesh: the devices over which it is spread.
        gradients: after the backward pass, for each parameter the tensor that is its whole gradient.
        purpose: the phase that it was made for, where another one would be made of other ops; else empty.
        stage: the stage of a pipeline that it is, if it is one.
        stages: where it is spread over a pipeline, the graphs of its stages that differ; what it has itself is the
            whole model, and what one device has is the largest of theirs.
    """

    name: str
    ops: tuple[Op, ...]
    tensors: Mapping[str, Tensor]
    passes: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    definitions: tuple[Definition, ...] = ()
    extents: Mapping[str, Extent] = field(default_factory=dict)
    mesh: Mesh = field(default_factory=Mesh)
    gradients: Mapping[str, str] = field(default_factory=dict)
    purpose: str = ""
    stage: Stage | None = None
    stages: tuple[Graph, ...] = ()

    if not TYPE_CHECKING:  # to which every attribute would be known

        def __getattr__(self, name: str) -> None:
            """What is asked of a function of the library instead."""
            raise no_attribute("Graph", name)

    def __post_init__(self) -> None:
        made = list(chain.from_iterable(op.outputs for op in self.ops))
        if len(set(made)) != len(made) or len(self.by_name) != len(self.ops):
            raise BugError(f"{self.name}: two ops share a name or an output")
        try:
            _ = self.operands
        except KeyError as missing:
            name = missing.args[0]
            op = next(op for op in self.ops if name in (*op.inputs, *op.outputs))
            raise BugError(f"{self.name}: op {op.name} names tensor {name}, which is not there") from None
        self._check_order()
        self._check_sizes()

    def _check_sizes(self) -> None:
        """One name has one size."""
        dims = {id(tensor.dims): tensor.dims for tensor in self.tensors.values()}.values()
        for dim in {id(dim): dim for of in dims for dim in of}.values():
            if dim.name in self.extents and (whole := dim.whole) != (size := self.extents[dim.name].size):
                raise BugError(f"{self.name}: dim {dim.name} has two sizes, {size} and {whole}")

    def _check_order(self) -> None:
        """Every tensor is made before it is read; where that is not so, networkx sorts the ops, or finds a cycle."""
        ahead = set(self.producer)
        for op in self.ops:
            if not ahead.isdisjoint(op.inputs):
                self._sort()
                return
            ahead.difference_update(op.outputs)

    def _sort(self) -> None:
        """Put the ops in an order in which they can run, as close to the given one as can be."""
        import networkx

        position = {name: i for i, name in enumerate(self.by_name)}
        if not networkx.is_directed_acyclic_graph(self.nx):
            raise BugError(f"{self.name}: the ops form a cycle: {networkx.find_cycle(self.nx)}")
        order = list(networkx.lexicographical_topological_sort(self.nx, key=position.__getitem__))
        object.__setattr__(self, "ops", tuple(self.by_name[name] for name in order))
        for view in ("by_name", "nx", "operands", "producer"):
            del self.__dict__[view]

    @cached_property
    def by_name(self) -> dict[str, Op]:
        """The ops by name."""
        return {op.name: op for op in self.ops}

    @cached_property
    def operands(self) -> tuple[tuple[Tensor, ...], ...]:
        """For each op the tensors that it reads and writes, each once, so that no measure looks them up by name."""
        tensors = self.tensors
        return tuple([
            tuple([tensors[name] for name in dict.fromkeys(op.inputs + op.outputs)]) for op in self.ops
        ])  # fmt: skip

    @cached_property
    def producer(self) -> dict[str, Op]:
        """For each tensor that an op makes, that op."""
        return {output: op for op in self.ops for output in op.outputs}

    @cached_property
    def nx(self) -> networkx.MultiDiGraph[str]:
        """The ops as a frozen networkx graph: one edge per tensor read, keyed by the tensor's name."""
        import networkx

        view: networkx.MultiDiGraph[str] = networkx.MultiDiGraph(name=self.name)
        view.add_nodes_from((op.name, {"kind": op.kind, "phase": op.phase, "spec": op.spec}) for op in self.ops)
        for op in self.ops:
            for tensor in dict.fromkeys(op.inputs):
                if tensor in self.producer:
                    view.add_edge(self.producer[tensor].name, op.name, tensor)
        networkx.freeze(view)
        return view

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of its ops."""
        return frozenset(op.kind for op in self.ops)

    @cached_property
    def symbols(self) -> Symbols:
        """The symbols that a question about this graph may have: its own, and those that are read everywhere."""
        return Symbols.of(self.own_symbols)

    @cached_property
    def own_symbols(self) -> frozenset[str]:
        """The symbols that occur in it: in sizes, in what is assumed of them, in what they stand for."""
        tensors = self.tensors.values()
        sizes = {size for t in tensors for size in (t.itemsize, t.times)}
        dims = {id(t.dims): t.dims for t in tensors}.values()
        sizes |= {
            size for dim in {id(dim): dim for of in dims for dim in of}.values() for size in (dim.size, dim.split)
        }
        sizes |= {cut.degree for t in tensors for cut in (*t.partial, *t.shards)}
        sizes |= {op.repeats for op in self.ops}
        own = {name for part in (*sizes, *self.assumptions, *self.definitions) for name in part.symbols}
        own |= self.mesh.symbols
        return frozenset(
            own | {*(self.stage.symbols if self.stage else ())}.union(*(g.own_symbols for g in self.stages))
        )

    @cached_property
    def sizes(self) -> dict[str, Polynomial]:
        """The dims that its tensors have, or that those are made of, with their sizes in the whole model."""
        shapes = {id(tensor.dims): tensor.dims for tensor in self.tensors.values()}
        found = {dim.name: dim.whole for dims in shapes.values() for dim in dims}
        made = [self.extents[name].of for name in found if name in self.extents]
        return found | {name: self.extents[name].size for of in made for name in of}

    @cached_property
    def claims(self) -> tuple[IsSize, ...]:
        """What the sizes of its dims, and the numbers of its layers, take for granted of their symbols."""
        loops = dict.fromkeys(op.loop for op in self.ops if op.loop.rounds != "later")
        counts = [loop.claim for loop in loops]
        return tuple(c for c in (*(one.claim(name) for name, one in self.extents.items()), *counts) if not c.settled)

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        """The loops of a kind of their own, in order."""
        return tuple(dict.fromkeys(op.loop for op in self.ops if op.loop.kind and not op.loop.rounds))

    @property
    def inputs(self) -> list[Tensor]:
        """Tensors that no op makes: parameters, inputs of the model, incoming gradients."""
        inner = {t for op in self.ops for step in op.body for t in step.outputs}
        return [t for name, t in self.tensors.items() if name not in self.producer and name not in inner]

    def phase(self, *phases: str) -> Iterable[Op]:
        """The ops of these phases, in order."""
        return (op for op in self.ops if op.phase in phases)

    def op(self, name: str) -> Op:
        """The op called `name`.

        Raises:
            UserError: there is none; the message lists the nearest.
        """
        if name not in self.by_name:
            raise unknown("op", name, self.by_name)
        return self.by_name[name]

    def only(self, *names: str) -> Graph:
        """The graph of just these ops, for instance to ask for the intensity of one.

        Raises:
            UserError: no op has that name.
        """
        chosen = {self.op(name).name for name in names}
        ops = tuple(op for op in self.ops if op.name in chosen)
        return replace(self, ops=ops, tensors=self._used(ops))

    @paused()
    def apply(self, *passes: Rewrite | type[Rewrite]) -> Graph:
        """The graph after these passes, whichever was named first: each is applied at its place in the order.

        A pass without parameters may be given as its class.

        Raises:
            UserError: one is no pass, or as it says itself.
        """
        graph = self
        refuse_names(passes)
        for step in in_order([step() if isinstance(step, type) else step for step in passes]):
            graph = step(graph)
        return graph

    def rewritten(
        self, ops: Iterable[Op], tensors: Mapping[str, Tensor], assumptions: Iterable[Assumption] = (),
        mesh: Mesh | None = None, gradients: Mapping[str, str] | None = None,
    ) -> Graph:  # fmt: skip
        """A graph with other ops and tensors; tensors that nothing uses are left behind."""
        ops = tuple(ops)
        known = {str(a): a for a in (*self.assumptions, *assumptions) if not a.settled}
        gradients = self.gradients if gradients is None else gradients
        used = self._used(ops, tensors)
        # The gradient of a parameter may be one that comes from outside, which only the update reads.
        used |= {name: tensors[name] for name in gradients.values() if name in tensors}
        return replace(
            self, ops=ops, tensors=used, assumptions=tuple(known.values()), mesh=mesh or self.mesh, gradients=gradients
        )

    def after(self, step: str) -> Graph:
        """The same graph with a pass noted; what is known of it stays, and nothing has to be checked again."""
        graph = copy(self)
        object.__setattr__(graph, "passes", (*self.passes, step))
        return graph

    def _used(self, ops: Iterable[Op], tensors: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The tensors that `ops` name, in order of first mention."""
        tensors = self.tensors if tensors is None else tensors
        steps = chain.from_iterable((op, *op.body) for op in ops)
        return {name: tensors[name] for op in steps for name in (*op.inputs, *op.outputs)}

    def resized(self, **sizes: Polynomial) -> Graph:
        """The graph with other sizes for some dims; dims, definitions and assumptions that depend on them follow."""
        extents = resized(self.extents, sizes)
        now = {name: one.size for name, one in extents.items()}
        assumptions = [
            functools.reduce(lambda a, n: a.resized(n, self.extents[n].size, now[n]), now, a) for a in self.assumptions
        ]
        return replace(
            self,
            tensors=with_dims(self.tensors, lambda dim: Dim(dim.name, now.get(dim.name, dim.size), dim.cuts)),
            assumptions=tuple(assumptions),
            definitions=tuple(remade(one, now) for one in self.definitions),
            extents=extents,
        )

    def substitute(self, **sizes: Size) -> Graph:
        """The same graph with symbols replaced by numbers or other sizes: `graph.substitute(B=2, S=3)`.

        Raises:
            UserError: unknown symbol, a value outside its domain, or sizes that break an assumption (`T | A`).
        """
        bindings = {name: bound(name, value) for name, value in sizes.items()}
        check_bindings(bindings)
        bindings, definitions = settle(self.definitions, bindings)

        new = Substituted(bindings)
        assumptions = [a.substitute(bindings) for a in self.assumptions]
        assumptions += [a for a in (InDomain(n, v) for n, v in bindings.items()) if not a.settled]
        for claim in self.claims:
            claim.substitute(bindings)
        return replace(
            self,
            ops=tuple(map(new.op, self.ops)),
            tensors={name: new.tensor(tensor) for name, tensor in self.tensors.items()},
            assumptions=tuple(assumptions),
            definitions=tuple(replace(d, made=d.made and replaced(d.made, trees(bindings))) for d in definitions),
            extents={name: one.substitute(bindings) for name, one in self.extents.items()},
            mesh=self.mesh.substitute(bindings),
            stage=self.stage and self.stage.substitute(bindings),
            stages=tuple(one.substitute(**sizes) for one in self.stages),
        )

    def _repr_svg_(self) -> str | None:
        """The picture: each op with its costs; None where Graphviz is not installed."""
        from costgraph.pictures.graphviz import in_notebook

        return in_notebook(self)

    def _repr_markdown_(self) -> str | None:
        """The picture as Mermaid where Graphviz is not installed, for what draws that."""
        from costgraph.pictures.graphviz import in_markdown

        return in_markdown(self)

    def _repr_html_(self) -> str:
        """What a notebook shows before all else: the report, below it the picture."""
        from costgraph.pictures.graphviz import in_html

        return super()._repr_html_() + in_html(self)

    @property
    def line(self) -> str:
        """The graph in a line: what it was made by, and how large it is."""
        steps = "".join(f" + {step}" for step in self.passes)
        return f"{self.name}{steps}: {len(self.ops)} ops, {len(self.tensors)} tensors"

    def __repr__(self) -> str:
        return f"<Graph {self.line}>"


def refuse_names(passes: Iterable[object]) -> None:
    """Raise for what is no pass, such as the name of one."""
    for one in passes:
        if not callable(one):
            said = shorten(repr(one))
            raise UserError(f"{said} is no pass; give passes such as backward, or name them: derive(passes='...')")
