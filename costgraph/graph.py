"""The graph of a model: ops, tensors, and a networkx view of them.

The truth is held in frozen tuples; `Graph.nx` is a frozen `networkx.MultiDiGraph` (nodes are ops, edges are tensors)
on which any networkx algorithm can be run. Passes make new graphs, `Builder` in `builder.py` makes the first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from costgraph.algebra.assumption import Assumption, InDomain
from costgraph.algebra.bindings import bound, check_bindings
from costgraph.algebra.definition import Definition, settle
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import EVERYWHERE, SYMBOLS
from costgraph.collector import paused
from costgraph.errors import BugError, unknown
from costgraph.op import Op
from costgraph.tensor import Dim, Tensor, resized

if TYPE_CHECKING:
    import networkx


class Rewrite(Protocol):
    """What `Graph.apply` takes: anything that turns a graph into a graph, such as a pass."""

    def __call__(self, graph: Graph, /) -> Graph:
        """The new graph."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A checked, immutable graph of ops.

    Args:
        name: how it was made, such as `decoder(head=True)`.
        ops: in an order in which they can run.
        tensors: every tensor by name, those inside fused ops included.
        passes: names of the passes applied so far, in order.
        assumptions: what must hold for the shapes to make sense.
        definitions: what symbols in the shapes stand for that is no polynomial, each after those that it depends on.
    """

    name: str
    ops: tuple[Op, ...]
    tensors: Mapping[str, Tensor]
    passes: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    definitions: tuple[Definition, ...] = ()

    def __post_init__(self) -> None:
        made = list(chain.from_iterable(op.outputs for op in self.ops))
        if len(set(made)) != len(made) or len(self.by_name) != len(self.ops):
            raise BugError(f"{self.name}: two ops share a name or an output")
        for op in self.ops:
            if missing := [t for t in (*op.inputs, *op.outputs) if t not in self.tensors]:
                raise BugError(f"{self.name}: op {op.name} names tensor {missing[0]}, which is not there")
        self._check_order()

    def _check_order(self) -> None:
        """Every tensor is made before it is read; a cycle is found by networkx."""
        import networkx

        position = {name: i for i, name in enumerate(self.by_name)}
        if any(position[a] >= position[b] for a, b in self.nx.edges()):
            if not networkx.is_directed_acyclic_graph(self.nx):
                raise BugError(f"{self.name}: the ops form a cycle: {networkx.find_cycle(self.nx)}")
            order = list(networkx.lexicographical_topological_sort(self.nx, key=position.__getitem__))
            object.__setattr__(self, "ops", tuple(self.by_name[name] for name in order))
            del self.__dict__["by_name"], self.__dict__["nx"]

    @cached_property
    def by_name(self) -> dict[str, Op]:
        """The ops by name."""
        return {op.name: op for op in self.ops}

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
    def symbols(self) -> frozenset[str]:
        """The symbols that a question about this graph may have: its own, and those that are read everywhere."""
        tensors = self.tensors.values()
        sizes = {size for t in tensors for size in (t.itemsize, t.times, t.partial)}
        sizes |= {size for t in tensors for dim in t.dims for size in (dim.size, dim.split)}
        claims = [claim for claim in self.assumptions if not isinstance(claim, str)]
        own = {name for part in (*sizes, *claims, *self.definitions) for name in part.symbols}
        return frozenset(own | {symbol.name for symbol in SYMBOLS.values() if symbol.group in EVERYWHERE})

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
        """The graph after these passes, in order. A pass without parameters may be given as its class."""
        graph = self
        for step in passes:
            graph = (step() if isinstance(step, type) else step)(graph)
        return graph

    def rewritten(
        self, ops: Iterable[Op], tensors: Mapping[str, Tensor], assumptions: Iterable[Assumption] = ()
    ) -> Graph:
        """A graph with other ops and tensors; tensors that nothing uses are left behind."""
        ops = tuple(ops)
        known = {str(a): a for a in (*self.assumptions, *assumptions) if isinstance(a, str) or not a.settled}
        return replace(self, ops=ops, tensors=self._used(ops, tensors), assumptions=tuple(known.values()))

    def _used(self, ops: Iterable[Op], tensors: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The tensors that `ops` name, in order of first mention."""
        tensors = self.tensors if tensors is None else tensors
        steps = chain.from_iterable((op, *op.body) for op in ops)
        return {name: tensors[name] for op in steps for name in (*op.inputs, *op.outputs)}

    def substitute(self, **sizes: Size) -> Graph:
        """The same graph with symbols replaced by numbers or other sizes: `graph.substitute(B=2, S=3)`.

        Raises:
            UserError: unknown symbol, a value outside its domain, or sizes that break an assumption (`T | A`).
        """
        bindings = {name: bound(name, value) for name, value in sizes.items()}
        check_bindings(bindings)
        bindings, definitions = settle(self.definitions, bindings)

        @cache
        def of(value: Polynomial) -> Polynomial:
            return value.substitute(bindings)

        tensors = {
            name: replace(t, itemsize=of(t.itemsize), times=of(t.times), partial=of(t.partial))
            for name, t in resized(self.tensors, lambda d: Dim(d.name, of(d.size), of(d.split))).items()
        }
        assumptions = [a if isinstance(a, str) else a.substitute(bindings) for a in self.assumptions]
        assumptions += [a for a in (InDomain(n, v) for n, v in bindings.items()) if not a.settled]
        ops = tuple(bind_op(op, bindings) for op in self.ops)
        return replace(self, ops=ops, tensors=tensors, assumptions=tuple(assumptions), definitions=definitions)

    def __repr__(self) -> str:
        steps = "".join(f" + {step}" for step in self.passes)
        return f"<Graph {self.name}{steps}: {len(self.ops)} ops, {len(self.tensors)} tensors>"


def bind_op(op: Op, bindings: Mapping[str, Polynomial]) -> Op:
    """`op` with the symbols of its repeat counts replaced, inside fused ops too."""
    return replace(op, times=op.times.substitute(bindings), body=tuple(bind_op(step, bindings) for step in op.body))
