"""Random small op graphs: the engine against an interpreter that walks index ranges.

A program is a list of steps on tensors of concrete sizes. `Interpreter` runs it and its backward pass the way a
training framework does and counts what it touches; it knows nothing of costgraph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

import costgraph as cg
from costgraph.conventions import EXACT
from costgraph.graph.graph import Graph

LETTERS = "abcde"
POINTWISE = ("gelu", "silu", "relu", "softmax", "dropout", "scale", "causal_mask")


@dataclass(frozen=True)
class Step:
    kind: str  # einsum, residual, or one of POINTWISE
    out: str
    ins: tuple[str, ...]
    spec: str = ""


@dataclass
class Program:
    sizes: dict[str, int]
    width: int
    times: int
    letters: dict[str, str] = field(default_factory=dict)  # of every tensor
    parameters: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def build(self) -> Graph:
        """The same program in costgraph."""
        b = cg.Builder("random", self.sizes, self.width)
        with b.repeat(self.times):
            b.input("x", self.letters["x"])
            for step in self.steps:
                for name in step.ins:
                    if name in self.parameters and name not in b._tensors:
                        b.parameter(name, self.letters[name])
                if step.kind == "einsum":
                    b.einsum(step.out, step.spec, *step.ins)
                else:
                    extra = {"mask": (self.letters[step.out], "mask", 1)} if step.kind == "dropout" else None
                    b.op(step.out, step.kind, *step.ins, extra=extra)  # type: ignore[arg-type]
        return b.build()


@st.composite
def programs(draw: st.DrawFn) -> Program:
    sizes = {letter: draw(st.integers(1, 3)) for letter in LETTERS}
    p = Program(sizes, draw(st.sampled_from([1, 2, 4])), draw(st.integers(1, 3)))
    p.letters["x"] = "".join(draw(st.permutations(LETTERS))[: draw(st.integers(1, 3))])
    for i in range(draw(st.integers(1, 6))):
        made = ["x", *(step.out for step in p.steps)]
        x, out = draw(st.sampled_from(made)), f"t{i}"
        shaped = [name for name in made if p.letters[name]]  # an einsum of a scalar cannot be written
        contractions = ["einsum", "einsum", "sum"] if p.letters[x] else []
        kind = draw(st.sampled_from([*contractions, "residual", *POINTWISE]))
        if kind == "sum":
            result = draw(subset(p.letters[x]))
            step, letters = Step("einsum", out, (x,), f"{p.letters[x]}->{result}"), result
        elif kind == "einsum":
            y = draw(st.sampled_from([*shaped, "w"]))
            if y == "w":
                y = f"w{i}"
                p.parameters.append(y)
                p.letters[y] = draw(subset(LETTERS, most=3, least=1))
            left, right = p.letters[x], p.letters[y]
            shared = [letter for letter in left if letter in right]
            keep = draw(st.sets(st.sampled_from(shared))) if shared else set()
            letters = "".join(
                letter for letter in dict.fromkeys(left + right) if letter not in shared or letter in keep
            )
            letters = "".join(draw(st.permutations(letters)))
            step = Step("einsum", out, (x, y), f"{left},{right}->{letters}")
        elif kind == "residual":
            letters = p.letters[x]
            step = Step(kind, out, (x, draw(st.sampled_from([name for name in made if p.letters[name] == letters]))))
        else:
            step, letters = Step(kind, out, (x,)), p.letters[x]
        p.steps.append(step)
        p.letters[out] = letters
    return p


@st.composite
def subset(draw: st.DrawFn, letters: str, least: int = 0, most: int = 5) -> str:
    """Some of `letters`, in any order."""
    return "".join(draw(st.permutations(letters))[: draw(st.integers(least, min(most, len(letters))))])


class Interpreter:
    """Runs a program once, forwards and backwards, and counts."""

    def __init__(self, program: Program) -> None:
        self.p = program
        self.flops: Counter[str] = Counter()
        self.moved = 0
        self.saved: set[str] = set()
        self.bytes = {name: self.visits(letters) * program.width for name, letters in program.letters.items()}
        self.gradients: dict[str, list[str]] = {}
        for step in program.steps:
            self.forward(step)
        read = {name for step in program.steps for name in step.ins}
        for step in program.steps:
            if step.out not in read:
                self.contribute(step.out, step.out)
        for step in reversed(program.steps):
            self.backward(step, self.gradient(step.out))
        for name in list(self.gradients):
            self.gradient(name)

    def visits(self, letters: Iterable[str]) -> int:
        return sum(1 for _ in product(*(range(self.p.sizes[letter]) for letter in letters)))

    def multiply_adds(self, phase: str, *operands: str) -> None:
        """Walk all indices: one multiply each, and an add where something is summed."""
        *factors, result = (self.p.letters[name] for name in operands)
        for _ in range(self.visits(dict.fromkeys("".join(factors)))):
            self.flops[phase] += 1 + any(letter not in result for letter in "".join(factors))

    def touch(self, *tensors: str) -> None:
        """Memory traffic of one kernel: every operand and result once."""
        self.moved += sum(self.bytes[name] for name in dict.fromkeys(tensors))

    def forward(self, step: Step) -> None:
        if step.kind == "dropout":
            self.bytes[f"{step.out}.mask"] = self.visits(self.p.letters[step.out])
            self.touch(*step.ins, step.out, f"{step.out}.mask")
        else:
            self.touch(*step.ins, step.out)
        if step.kind == "einsum" and len(step.ins) == 2:
            self.multiply_adds("forward", *step.ins, step.out)

    def backward(self, step: Step, dy: str) -> None:
        x = step.ins[0]
        match step.kind:
            case "einsum" if len(step.ins) == 1:
                self.touch(dy, self.contribute(x))
            case "einsum":
                for mine, other in (step.ins, step.ins[::-1]):
                    self.saved.add(other)
                    self.multiply_adds("backward", step.out, other, mine)
                    self.touch(dy, other, self.contribute(mine))
            case "residual":
                for name in step.ins:
                    self.contribute(name, dy)
            case "causal_mask":
                self.contribute(x, dy)
            case "scale":
                self.touch(dy, self.contribute(x))
            case kind:
                name = {"relu": step.out, "softmax": step.out, "dropout": f"{step.out}.mask"}.get(kind, x)
                self.saved.add(name)
                self.touch(dy, name, self.contribute(x))

    def contribute(self, name: str, gradient: str = "") -> str:
        """A new gradient of `name`, or another tensor's that is passed on unchanged."""
        parts = self.gradients.setdefault(name, [])
        new = gradient if gradient and gradient != name else f"d{name}.{len(self.bytes)}"
        self.bytes.setdefault(new, self.bytes[name])
        parts.append(new)
        return new

    def gradient(self, name: str) -> str:
        """The sum of all contributions, by one kernel."""
        parts = self.gradients[name]
        if len(parts) > 1:
            total = f"d{name}.sum"
            self.bytes[total] = self.bytes[name]
            self.touch(*parts, total)
            self.gradients[name] = [total]
        return self.gradients[name][0]


@settings(max_examples=150, deadline=None)
@given(programs())
def test_random_graphs_cost_what_walking_their_indices_costs(program: Program) -> None:
    graph, counted, n = program.build().apply(cg.backward), Interpreter(program), program.times
    assert cg.flops(graph, part="forward").number == counted.flops["forward"] * n
    assert cg.flops(graph, part="backward").number == counted.flops["backward"] * n
    assert cg.traffic(graph, EXACT).number == counted.moved * n
    assert cg.params(graph).number == sum(counted.visits(program.letters[name]) for name in program.parameters) * n
    saved = {name for name in counted.saved if name not in program.parameters}
    assert {term.source for term in cg.activations(graph).terms} == saved
    assert cg.activations(graph).number == sum(counted.bytes[name] for name in saved) * n


@settings(max_examples=50, deadline=None)
@given(programs())
def test_what_random_graphs_cost_is_the_sum_of_what_their_ops_cost(program: Program) -> None:
    graph = program.build().apply(cg.backward)
    for measure in (cg.flops, cg.traffic):
        assert sum(measure(graph.only(op.name)).number or 0 for op in graph.ops) == measure(graph).number


@settings(max_examples=50, deadline=None)
@given(programs())
def test_random_graphs_run_in_order(program: Program) -> None:
    graph = program.build().apply(cg.backward)
    ready = {tensor.name for tensor in graph.inputs}
    for op in graph.ops:
        assert ready.issuperset(op.inputs), op
        ready.update(op.outputs)
