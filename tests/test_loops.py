"""Layers of several kinds with the same parts work in every pass and measure, and what they have alike stands once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from two_kinds import NARROW, two_kinds

import costgraph as cg
from costgraph import measures as m
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.graph.loop import label
from costgraph.passes import Pass
from costgraph.passes.prefill import Prefill

PASSES: dict[str, tuple[Pass, ...]] = {
    "forward": (),
    "train": (cg.backward(),),
    "flash": (cg.flash_attention(), cg.backward()),
    "selective": (cg.backward(), cg.recompute("selective")),
    "full": (cg.backward(), cg.recompute("full")),
    "flash and full": (cg.flash_attention(), cg.backward(), cg.recompute("full")),
    "tensor parallel": (cg.backward(), cg.tensor_parallel()),
    "sequence parallel": (cg.flash_attention(), cg.backward(), cg.tensor_parallel(sequence=True)),
    "prefill": (Prefill(),),
    "decode": (cg.decode("S + 1"),),
}
MEASURES: dict[str, Callable[[Graph], cg.ClosedForm]] = {
    "params": m.params, "states": m.states, "flops": m.flops, "activations": m.activations, "cache": m.cache,
    "traffic": m.traffic, "communication": m.communication,
}  # fmt: skip


def inside(form: cg.ClosedForm, graph: Graph, kind: str) -> Counter[tuple[str, str]]:
    """What the ops inside of a loop contribute, by the name that they have there."""
    return Counter(
        (label(term.op), str(term.amount))
        for term in form.terms
        if graph.op(term.op).loop.kind == kind and graph.op(term.op).loop.number
    )


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("passes", PASSES.values(), ids=PASSES)
def test_layers_of_one_kind_cost_what_they_cost_alone(passes: tuple[Pass, ...], measure: str) -> None:
    alone, both = cg.decoder().apply(*passes), two_kinds().apply(*passes)
    derive = MEASURES[measure]
    assert inside(derive(both), both, "wide") == inside(derive(alone), alone, "")


@pytest.mark.parametrize("passes", PASSES.values(), ids=PASSES)
def test_with_no_narrow_layers_nothing_of_them_is_left(passes: tuple[Pass, ...]) -> None:
    graph = two_kinds().apply(*passes)
    for measure in (m.params, m.flops, m.activations, m.cache, m.communication):
        form = measure(graph).value.numerator
        narrow = form - form.substitute({NARROW.name: form.constant(0)})
        assert all(exponent == 1 for exponent in narrow.exponents(NARROW.name))


def test_each_core_is_fused_by_itself() -> None:
    graph = two_kinds().apply(cg.flash_attention)
    assert [op.name for op in graph.ops if op.kind == "flash_attention"] == ["wide/attn.flash", "narrow/attn.flash"]


def test_two_cores_in_one_place_are_two_fused_ops() -> None:
    b = cg.Builder("pair", {"b": "B", "s": "S", "t": "S", "h": "H"})
    q, k = b.input("q", "bsh"), b.input("k", "bth")
    for n in "12":
        with b.segment("attention_core"):
            w = b.op(f"attn.softmax{n}", "softmax", b.einsum(f"attn.scores{n}", "bsh,bth->bst", q, k))
            q = b.einsum(f"attn.values{n}", "bst,bth->bsh", w, k)
    graph = b.build()
    fused = graph.apply(cg.flash_attention, cg.backward)
    assert [op.name for op in fused.ops if op.kind == "flash_attention"] == ["attn.flash", "attn.flash1"]
    assert m.flops(fused).minus(m.flops(graph.apply(cg.backward))).same_as("4*B*S**2*H")  # the scores again, twice


def test_what_kinds_have_alike_prints_once() -> None:
    told = m.params(two_kinds()).explain().splitlines()
    assert [line.split()[0] for line in told] == [
        "attn", "attn.q", "attn.k", "attn.v", "attn.out", "mlp", "wide/mlp.up", "wide/mlp.down", "narrow/mlp.up",
        "narrow/mlp.down",
    ]  # fmt: skip
    assert told[1].split() == ["attn.q", "D²(L", "+", "L_n)", "attn.q.weight"]


def test_a_kind_is_named_once() -> None:
    b = cg.Builder("twice", {"b": "B"})
    x = b.input("x", "b")
    with b.repeat("L", "same"):
        b.op("act", "gelu", x)
    with b.repeat("L", "same"), pytest.raises(UserError, match="a tensor called same/act is already there"):
        b.op("act", "gelu", x)


def test_loops_inside_loops_multiply() -> None:
    b = cg.Builder("nested", {"b": "B", "d": "D"})
    x = b.input("x", "bd")
    with b.repeat("L", "outer"), b.repeat(3, "inner"):
        y = b.einsum("y", "bd,d->b", x, b.parameter("w", "d"))
    graph = b.build()
    assert y == "outer/inner/y"
    assert m.params(graph).same_as("3*L*D")
    assert [loop.kind for loop in graph.loops] == ["outer/inner"]


def test_a_graph_with_numbers_has_loops_with_numbers() -> None:
    graph = two_kinds().substitute(L=3, L_n=2)
    assert [str(loop.times) for loop in graph.loops] == ["3", "2"]
    assert m.params(graph).same_as(m.params(two_kinds()).limit(L=3, L_n=2))
