"""The most that is alive where several layers are replayed together, against layers that are written out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from test_peak import FP32, SIZES, model

import costgraph as cg
from costgraph.algebra.polynomial import total
from costgraph.blocks import Attention, Block, Embedding, Head, Layers, Mlp, Norm
from costgraph.conventions import EXACT
from costgraph.graph.graph import Graph
from costgraph.graph.loop import Segment
from costgraph.graph.op import Op
from costgraph.measures.lifetimes import Lifetimes
from costgraph.measures.peak import Walk, peak
from costgraph.models.architecture import Architecture
from costgraph.passes import Backward, FlashAttention, Pass, Update
from costgraph.passes.recompute import Recompute

Model = Callable[[list[int | str]], Architecture]
STEP: list[Pass] = [Backward(), Update(FP32)]
LARGE: tuple[dict[str, int], ...] = ({}, {"S": 200}, {"V": 5000}, {"F": 3000}, {"D": 400}, {"B": 30})


def with_biases(times: list[int | str]) -> Architecture:
    """Layers of which the last gradient of a bias is made before anything is replayed."""
    block = Block(Attention(), Mlp("F", "gelu", biases=True), Norm("layer"))
    layers = tuple(Layers(one, block, kind=f"l{at}" * (len(times) > 1)) for at, one in enumerate(times))
    return Architecture(layers, Embedding("S"), Norm("layer"), Head())


def written_out(graph: Graph, every: int) -> Graph:
    """A graph of layers one after the other, in which `every` of them are one segment: no edge of a loop between."""
    joined: dict[str, str] = {}
    ops: list[Op] = []
    edges = 0
    for op in graph.ops:
        one = replace(op, inputs=tuple(joined.get(name, name) for name in op.inputs))
        edges += op.kind == "loop"
        layer = (edges - 1) // 2
        if op.kind == "loop" and (edges // 2) % every:
            joined[op.outputs[0]] = one.inputs[0]
            continue
        segments = (Segment("block", 1000 + layer // every) if part.name == "block" else part for part in op.segments)
        ops.append(replace(one, segments=tuple(segments)))
    return graph.rewritten(ops, dict(graph.tensors), [])


@pytest.mark.parametrize(
    ("layers", "every"), [(2, 2), *(pytest.param(*case, marks=pytest.mark.slow) for case in ((4, 2), (6, 3)))]
)
@pytest.mark.parametrize(
    ("of", "passes"), [(model, []), (model, [FlashAttention()]), (with_biases, [])], ids=["eager", "flash", "biases"]
)
def test_groups_are_as_their_layers_one_after_the_other(layers: int, every: int, of: Model, passes: list[Pass]) -> None:
    """What is said of groups without unrolling them is what the layers say that they stand for."""
    steps = [*STEP, *passes]
    apart = peak(written_out(of([1] * layers).build(), every).apply(*steps, Recompute("full")), EXACT, FP32)
    known, open_ = (peak(of(["L"]).build().apply(*steps, Recompute(every=n)), EXACT, FP32) for n in (every, "n"))
    for more in LARGE:
        sizes = {name: size for name, size in {**SIZES, **more}.items() if name != "K"}
        expected = apart.limit(**sizes).number
        assert expected is not None
        assert known.limit(L=layers, **sizes).number == expected
        assert open_.limit(L=layers, n=every, **sizes).number == expected


@pytest.mark.parametrize("passes", [[], [FlashAttention()]], ids=str)
@pytest.mark.parametrize("of", [model, with_biases])
def test_the_running_sum_of_groups_is_that_of_what_is_alive(passes: list[Pass], of: Model) -> None:
    graph = of(["L"]).build().apply(*STEP, *passes, Recompute(every="n"))
    found = Walk(Lifetimes(graph, FP32), EXACT)
    sums = dict(found.running(found.buffers))
    assert {(one.last, one.ends) for one in sums} == {(last, ends) for last in (False, True) for ends in (False, True)}
    for instant, alive in sums.items():
        assert alive == total(term.amount for term in found.terms(instant)), found.label(instant)


def test_groups_of_one_are_full_recomputation() -> None:
    limit = "L=8,E=4,p=2,B=1,S=64,D=64,A=4"
    one, full = (
        cg.derive("peak", op_set="decoder", passes=f"recompute({how})", limit=limit) for how in ("every=1", "full")
    )
    assert one.limited["peak"].value == full.limited["peak"].value
    graph = cg.decoder(head=True).apply(cg.backward)
    replayed = cg.peak(graph.apply(cg.recompute(every="n")).substitute(n=1))
    assert replayed.value == cg.peak(graph.apply(cg.recompute("full"))).value


def test_a_form_of_groups_is_of_two_or_more() -> None:
    found = cg.derive("peak", op_set="decoder", passes="recompute(every=n)").forms["peak"]
    assert "2 <= n" in {str(claim) for claim in found.assumptions}
    with pytest.raises(cg.UserError, match=r"1 is less than 2; the peak of recompute\(every=1\) is that of recomp"):
        found.limit(n=1)
