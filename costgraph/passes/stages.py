"""Stages of a pipeline: the part of a placed graph that the devices of one stage run.

A stage has some of the layers; the first one what stands before them, the last one what stands behind. What they pass
on is sent. Parameters that several stages have, such as a tied embedding, add up their gradients over these stages.

Before (L layers):
    x = embed(tokens) ; y = blocks(x) ; loss = head(y)
After, the first of P stages (L/P layers, for each microbatch):
    x = embed(tokens) ; y = blocks(x) ; y' = send(y)

Source: Huang et al. 2019 (GPipe), Narayanan et al. 2021 (PipeDream-2BW, SC21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property

from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.graph.loop import ONCE, Loop
from costgraph.graph.op import Op
from costgraph.graph.rules import ACCUMULATING, COLLECTIVES, UPDATES
from costgraph.graph.stage import Place, Stage
from costgraph.graph.tensor import Tensor
from costgraph.mesh import Cut
from costgraph.records import dataclass, replace

BEFORE, BEHIND, EVERYWHERE = "before", "behind", "everywhere"  # parts of a model beside its loops
CARRIED = (*COLLECTIVES, "part", "widen", "narrow", "hit", "cast")  # kinds of ops that make no other parameter
SUMS = ("add", "accumulate", "cast", "part", *UPDATES, *ACCUMULATING, *COLLECTIVES)  # what gradients meet


@dataclass(frozen=True)
class Share:
    """What the devices of one stage have.

    Args:
        stage: which one.
        layers: how many of each kind, as a share of all of them; of every kind alike under the empty name.
        forwards, backwards: how often it sends what it passes on, and gradients of what it was passed, for a
            microbatch.
        folded: whether the first stage has the last layers, too.
    """

    stage: Stage
    layers: Mapping[str, Polynomial]
    forwards: Polynomial
    backwards: Polynomial
    folded: bool = False

    @property
    def parts(self) -> set[str]:
        """The parts beside its layers."""
        ends: dict[Place, set[str]] = {"first": {BEFORE}, "middle": set(), "last": {BEHIND}}
        if self.folded:
            ends = {"first": {BEFORE, BEHIND}, "middle": set(), "last": set()}
        return {EVERYWHERE, *ends[self.stage.place]}


@dataclass
class Scaled:
    """The tensors and ops of a graph in other loops."""

    loops: Mapping[Loop, Loop]
    tensors: dict[str, Tensor]
    ops: dict[int, tuple[Op, Op]] = field(default_factory=dict)

    def op(self, op: Op) -> Op:
        """An op, with all that it fuses, in other loops."""
        if op.loop not in self.loops:
            return op
        if id(op) not in self.ops:
            body = tuple(map(self.op, op.body))
            self.ops[id(op)] = op, replace(op, loop=self.loops[op.loop], body=body)
        return self.ops[id(op)][1]


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A placed graph, cut into stages along its layers."""

    graph: Graph
    over: Cut
    repeats: Polynomial
    known: dict[tuple[Loop, ...], Scaled] = field(default_factory=dict)
    cut: dict[object, tuple[list[Op], list[Op]]] = field(default_factory=dict)

    def of(self, share: Share, whole: Graph) -> Graph:
        """The graph of one stage.

        Args:
            share: what it has.
            whole: the graph, on its mesh, with all that is taken for granted of its stages.
        """
        loops = self.loops(share)
        scaled = self.scaled(loops)
        key = (frozenset(share.parts), tuple(loops.values()))
        if key not in self.cut:  # what schedules have in common
            tensors: dict[str, Tensor] = {}
            ops = self.ops({str(loop.number) for loop in loops} | share.parts, tensors)
            scaled.tensors.update((name, in_loop(tensor, loops)) for name, tensor in tensors.items())
            self.cut[key] = ops, [scaled.op(op) for op in ops]
        ops, own = self.cut[key]
        sends = self.sends(ops, share, scaled.tensors)
        stage = replace(share.stage, behind=self.behind) if {BEFORE, BEHIND} <= share.parts else share.stage
        return replace(whole.rewritten([*own, *sends], scaled.tensors), stage=stage)

    def ops(self, parts: set[str], tensors: dict[str, Tensor]) -> list[Op]:
        """The ops of a stage with these parts of the model."""
        kept = [op for op in self.graph.ops if not self.parts[op.name].isdisjoint(parts)]
        made = {name for op in kept for name in op.outputs}
        return self.summed(self.joined(kept, made), parts, tensors)

    def scaled(self, loops: Mapping[Loop, Loop]) -> Scaled:
        """The tensors and ops of the graph with fewer layers; worked out once for stages that have as many."""
        key = tuple(loops.values())
        if key not in self.known:
            tensors = {name: in_loop(tensor, loops) for name, tensor in self.graph.tensors.items()}
            self.known[key] = Scaled(loops, tensors)
        return self.known[key]

    # --- which ops a stage has ----------------------------------------------------------------------------------------

    def loops(self, share: Share) -> dict[Loop, Loop]:
        """The layers that a stage has, each with as many as there are of it."""
        found = {}
        for loop in self.layers:
            part = share.layers.get(loop.kind.partition("/")[0], share.layers.get("", ONE))
            if part:
                found[loop] = loop.share(part, first=share.stage.place == "first")
        return found

    @cached_property
    def layers(self) -> tuple[Loop, ...]:
        """The loops of layers; a loop in which words are looked up is none."""
        loops = dict.fromkeys(op.loop for op in self.graph.ops if op.loop != ONCE)
        words = {op.loop for op in self.graph.ops for t in op.inputs if "vocab" in self.graph.tensors[t].names}
        found = tuple(loop for loop in loops if loop not in words)
        if not found:
            raise UserError(f"{self.graph.name}: there are no layers to split into stages")
        return found

    @cached_property
    def parts(self) -> dict[str, set[str]]:
        """Of each op the parts of the model that need it: loops by their number, and what stands outside of them.

        An op belongs to the forward op that it stems from. What is gathered of a parameter belongs to who reads it,
        what adds up gradients to who makes them.
        """
        forward = self.forward
        found: dict[str, set[str]] = {}
        of_tensor: dict[str, set[str]] = {}
        for op in self.graph.ops:
            stem = op.name if op.phase == "forward" else op.source  # what is sent before layers stems from these
            mine = {forward[stem]} if stem in forward else set[str]()
            if op.phase != "forward" and op.kind in SUMS and self.of_parameter(op):
                made = [of_tensor[name] for name in op.inputs if name in of_tensor]
                mine = set[str]().union(*made) if made else self.readers_of(op)
            found[op.name] = mine
            of_tensor |= dict.fromkeys(op.outputs, mine)
        needed: dict[str, set[str]] = {}
        for op in reversed(self.graph.ops):
            if op.kind in CARRIED and op.inputs[0] in self.parameters:
                found[op.name] = needed.get(op.outputs[0], found[op.name])
            for name in op.inputs:
                needed.setdefault(name, set()).update(found[op.name])
        return found

    @cached_property
    def forward(self) -> dict[str, str]:
        """The part in which each forward op stands."""
        behind: set[str] = set()
        found: dict[str, str] = {}
        for op in self.graph.phase("forward"):
            if (loop := self.loop_of(op)) is not None:
                found[op.name] = str(loop.number)
            elif not behind.isdisjoint(op.inputs):
                found[op.name] = BEHIND
            if op.name in found:
                behind.update(op.outputs)
        shared: set[str] = set()
        for op in reversed(list(self.graph.phase("forward"))):
            if self.loop_of(op) is not None and op.kind != "loop":
                shared.update(op.inputs)
            elif op.name not in found:
                found[op.name] = BEFORE if shared.isdisjoint(op.outputs) else EVERYWHERE
                shared.update(op.inputs if found[op.name] == EVERYWHERE else ())
        return found

    @cached_property
    def behind(self) -> frozenset[str]:
        """The tensors that forward ops behind the layers make."""
        ops = (op for op in self.graph.phase("forward") if self.forward[op.name] == BEHIND)
        return frozenset(name for op in ops for name in op.outputs)

    def loop_of(self, op: Op) -> Loop | None:
        """The layers that an op is part of; of those that it leaves, too."""
        loop = self.graph.tensors[op.inputs[0]].loop if op.kind == "loop" and op.loop == ONCE else op.loop
        return loop if loop in self.layers else None

    @cached_property
    def parameters(self) -> set[str]:
        """Names of the parameters, and of whatever is the same elsewhere or in another width."""
        found = {tensor.name for tensor in self.graph.inputs if tensor.is_parameter}
        for op in self.graph.ops:
            if op.kind in CARRIED and op.inputs[0] in found:
                found.update(op.outputs)
        return found

    def of_parameter(self, op: Op) -> bool:
        """Whether an op is about a parameter's gradient or state."""
        tensor = self.graph.tensors[op.outputs[0]]
        return op.phase == "update" or (tensor.gradient and tensor.role in ("weight", "bias", "norm"))

    def readers_of(self, op: Op) -> set[str]:
        """The parts that read a parameter whose update is not preceded by a gradient of the graph."""
        name = op.outputs[0].removesuffix(".next").removesuffix(".grad_kept")
        return {self.forward[one.name] for one in self.graph.phase("forward") if name in one.inputs}

    # --- what becomes of them -----------------------------------------------------------------------------------------

    def joined(self, ops: list[Op], made: set[str]) -> list[Op]:
        """The ops of a stage; a sum of gradients has those summands that are made there, and with one it is none."""
        found: list[Op] = []
        instead: dict[str, str] = {}
        for op in ops:
            inputs = tuple(instead.get(name, name) for name in op.inputs)
            if op.kind == "add" and self.of_parameter(op):
                inputs = tuple(name for name in inputs if name in made or name not in self.graph.producer)
                if len(inputs) == 1 < len(op.inputs):
                    instead[op.outputs[0]] = inputs[0]
                    continue
            found.append(replace(op, inputs=inputs) if inputs != op.inputs else op)
        return found

    def summed(self, ops: list[Op], parts: set[str], tensors: dict[str, Tensor]) -> list[Op]:
        """The ops with gradients added up over the stages that have the same parameter, before they are kept."""
        read = {name: op for op in ops for name in op.inputs}
        found: list[Op] = []
        instead: dict[str, str] = {}
        for op in ops:
            found.append(replace(op, inputs=tuple(instead.get(name, name) for name in op.inputs)) if instead else op)
            name, reader = op.outputs[0], read.get(op.outputs[0])
            whole = reader is None or reader.kind == "accumulate"
            if not whole or op.phase == "update" or op.kind == "accumulate" or not self.of_parameter(op):
                continue
            of = self.parts[reader.name if reader else op.name]
            if (over := self.stages_with(of, parts)) is not None:
                instead[name] = f"{name}.all_reduce.{over.axis}"
                tensors[instead[name]] = replace(self.graph.tensors[name], name=instead[name])
                found.append(
                    Op(instead[name], "all_reduce", (name,), (instead[name],), None, op.phase, op.loop, op.source,
                       op.segments, cuts=(over,))
                )  # fmt: skip
        return found

    def stages_with(self, parts: set[str], here: set[str]) -> Cut | None:
        """Over how many stages the gradient of a parameter with these parts is a sum; none if it is complete here."""
        if EVERYWHERE in parts:
            return self.over
        if {BEFORE, BEHIND} <= parts and not {BEFORE, BEHIND} <= here:
            return Cut(self.over.axis, Polynomial.constant(2), 1)
        return None

    def sends(self, ops: list[Op], share: Share, tensors: dict[str, Tensor]) -> list[Op]:
        """What a stage passes on: results of its layers, and gradients of what it was passed."""
        parts = {str(loop.number) for loop in self.layers}
        borders = [op for op in ops if op.kind == "loop" and self.forward.get(op.source) in parts]
        leaving = [op for op in borders if op.phase == "forward" and op.loop == ONCE]
        first = next(op for op in borders if op.phase == "forward" and op.loop != ONCE)
        stems = [op for op in ops if op.phase == "backward" and op.source == first.name]
        backward = [op for op in stems if op.kind == "loop"] or [op for op in stems if op.kind == "add"]
        return [
            self.sent(op, times, tensors)
            for of, times in ((leaving[-1:], share.forwards), (backward, share.backwards))
            for op in of
            if times
        ]

    def sent(self, op: Op, times: Polynomial, tensors: dict[str, Tensor]) -> Op:
        """The op that sends the result of another to a neighbour."""
        name = f"{op.outputs[0]}.send"
        tensors[name] = replace(self.graph.tensors[op.outputs[0]], name=name, loop=ONCE)
        return Op(
            name, "send", op.outputs[:1], (name,), None, op.phase, ONCE, op.source, cuts=(self.over,),
            repeats=self.repeats * times,
        )  # fmt: skip


def in_loop(tensor: Tensor, loops: Mapping[Loop, Loop]) -> Tensor:
    """A tensor of other loops."""
    return replace(tensor, loop=loops[tensor.loop]) if tensor.loop in loops else tensor
