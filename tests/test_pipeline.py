"""Stages of a pipeline: what they have, what they keep at once, what they send; together they are the whole model."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes import OF_PIPELINES

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.conventions import EXACT, NOTES
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.measures import MEASURES
from costgraph.mesh import Mesh
from costgraph.passes import Place
from costgraph.passes.prefill import Prefill
from costgraph.passes.shares import Layers
from costgraph.passes.spread import by_stage, spread
from costgraph.passes.update import Update

WHOLE = cg.decoder(head=True, dropout=False).apply(cg.backward, Update)
UNTIED = cg.decoder(head=True, tied=False).apply(cg.flash_attention, cg.backward, Update)
ROTARY = cg.decoder(head=True, positions=False, dropout=False)  # layers read what is looked up
PLACES = ("first", "middle", "last")


def placed(mesh: str, graph: Graph = WHOLE) -> Graph:
    return graph.apply(cg.place(Mesh(mesh)))


def stage(place: str, options: str = "", also: str = "", graph: Graph = WHOLE) -> Graph:
    return placed(f"pipeline(P, stage={place!r}{options}){also}", graph)


@pytest.mark.parametrize("graph", [WHOLE, UNTIED, cg.decoder(head=True).apply(Prefill), cg.decoder().apply(cg.decode)])
@pytest.mark.parametrize("measure", [cg.flops, cg.cache])
def test_stages_together_do_what_one_device_does(graph: Graph, measure: object) -> None:
    first, middle, last = (measure(stage(place, graph=graph)).value for place in PLACES)  # type: ignore[operator]
    whole = measure(graph).value  # type: ignore[operator]
    assert first + middle * parse("P - 2") + last == whole


def test_parameters_are_those_of_the_model_and_a_tied_table_stands_twice() -> None:
    for graph, twice in ((WHOLE, "V*D"), (UNTIED, "0")):
        first, middle, last = (cg.params(stage(place, graph=graph), EXACT).value for place in PLACES)
        more = first + middle * parse("P - 2") + last - cg.params(graph, EXACT).value
        assert str(more) == twice.replace("V*D", "D*V")


@pytest.mark.parametrize(
    ("place", "options", "also", "sent"),
    [
        ("middle", "", "", "2*B*S*D*p"),  # M microbatches of B/M sequences, either way
        ("middle", ", v=v, schedule='interleaved'", "", "2*v*B*S*D*p"),
        ("middle", "", ", tensor(T, sequence=True), data(N_d)", "2*B*S*D*p/(T*N_d)"),
        ("middle", "", ", tensor(T)", "2*B*S*D*p"),  # each has a copy
        ("first", "", "", "B*S*D*p + V*D*p"),  # the tied table is summed over both ends
        ("last", ", v=v, schedule='interleaved'", "", "(2*v - 1)*B*S*D*p + V*D*p"),
    ],
)
def test_what_stages_pass_on_is_sent(place: str, options: str, also: str, sent: str) -> None:
    assert cg.communication(stage(place, options, also), axes="P").same_as(sent)


@pytest.mark.parametrize(
    ("options", "held"),
    [
        ("", ("1", "(P-1)/P", "1/P")),
        (", schedule='gpipe'", ("M/P", "M/P", "M/P")),
        (", v=v, schedule='interleaved'", ("1 + (P-1)/(P*v)", "1 + (P-3)/(P*v)", "((v-1)*P + 1)/(P*v)")),
        (", schedule='zb-h1'", ("1", "1", "1")),
    ],
)
def test_stages_keep_what_is_in_flight(options: str, held: tuple[str, str, str]) -> None:
    graph = cg.decoder().apply(cg.backward)
    whole = cg.activations(graph).value
    for place, share in zip(PLACES, held, strict=True):
        assert cg.activations(stage(place, options, graph=graph)).value == whole * parse(f"({share})/M")


@pytest.mark.parametrize("also", ["", ", sequence=True"])
@pytest.mark.parametrize("graph", [WHOLE, ROTARY, ROTARY.apply(cg.backward, Update), ROTARY.apply(Prefill)])
def test_what_the_embedding_sends_is_sent_by_the_stage_that_has_it(graph: Graph, also: str) -> None:
    for place, sums in zip(PLACES, (1, 0, 0), strict=True):
        ops = placed(f"pipeline(P, stage={place!r}), tensor(T{also})", graph).phase("forward")
        assert len([op for op in ops if op.name.startswith("embed.") and op.cuts]) == sums


def test_the_worst_stage_is_another_for_each_measure() -> None:
    graph = placed("pipeline(P)")
    assert cg.flops(graph).at == ("last stage",)
    assert cg.params(graph).at == ("first stage",)
    sizes = {"L": 16, "D": 64, "A": 4, "E": 4, "S": 32, "B": 8, "M": 8, "P": 4, "p": 2}
    assert cg.activations(graph).limit(**sizes, V=50).at == ("first stage",)
    assert cg.activations(graph).limit(**sizes, V=500_000).at == ("last stage",)


def test_one_stage_is_no_pipeline() -> None:
    graph = placed("pipeline(1)")
    for measure in (cg.params, cg.flops, cg.activations, cg.traffic, cg.communication):
        assert measure(graph).same_as(measure(WHOLE))
    assert str(
        cg.derive("activations", op_set="decoder", mesh="pipeline(P)", limit="P=1,M=1").limited["activations"]
    ) == str(cg.derive("activations", op_set="decoder").forms["activations"])


@pytest.mark.parametrize(
    ("mesh", "limit", "message"),
    [
        ("pipeline(4, v=2)", "", "a stage holds one chunk of layers; v=2 is for schedule='interleaved'"),
        ("pipeline(P, v=v, schedule='interleaved')", "v=1", "schedule='1f1b'"),
        ("pipeline(P, v=1, schedule='interleaved')", "", "schedule='1f1b'"),
        ("pipeline(8)", "M=4", "M"),
        ("pipeline(4, v=2, schedule='interleaved')", "M=6", "interleaved takes groups of as many microbatches"),
        ("pipeline(64)", "L=32", "64 stages are more than the 32 layers"),
        ("pipeline(2, stage='middle')", "", "of two stages one is the first and one the last"),
        ("pipeline(P), pipeline(2)", "", "pipeline stands 2 times"),
    ],
)
def test_a_pipeline_that_cannot_be_is_refused_in_words(mesh: str, limit: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        cg.derive("activations", "flops", op_set="decoder", mesh=mesh, limit=limit)


@pytest.mark.parametrize("measure", OF_PIPELINES)
def test_without_stages_there_is_neither_bubble_nor_what_is_in_flight(measure: str) -> None:
    with pytest.raises(UserError, match=f"{measure}: the layers are not split into stages"):
        MEASURES[measure](cg.decoder().apply(cg.backward))


@pytest.mark.parametrize("measure", OF_PIPELINES)
@pytest.mark.parametrize("axis", ["pipeline(P, schedule='gpipe')", "pipeline(P)", "pipeline(P, schedule='zb-h1')"])
def test_forms_of_a_schedule_are_whole_and_say_what_they_assume(axis: str, measure: str) -> None:
    placed = cg.decoder().apply(cg.backward, cg.place(Mesh(f"{axis}, microbatches(M)")))
    form, everything = (MEASURES[measure](placed, convention) for convention in (NOTES, EXACT))
    assert form.value + form.remainder == everything.value
    assert everything.remainder.number == 0
    above, below = (total(term.amount for term in part) for part in (form.terms, form.over))
    assert form.value == Quotient(above, below if form.over else Polynomial.constant(1))
    assert "P | L" in map(str, form.assumptions)


def test_an_encoder_and_a_decoder_are_no_pipeline() -> None:
    with pytest.raises(UserError, match="an encoder and a decoder"):
        cg.derive("params", model="t5-base", mesh="pipeline(4)")


# --- whole layers -----------------------------------------------------------------------------------------------------


def test_whole_layers_are_said_stage_by_stage() -> None:
    found = cg.derive("params", model="deepseek-v3", mesh="pipeline(16, stage='first')")
    assert "layers of each stage 3 dense + 1 moe" in " ".join(map(str, found.forms["params"].assumptions))
    assert {op.loop.kind: str(op.loop.times) for op in found.graph.ops if op.loop.number} == {"dense": "3", "moe": "1"}


def test_stages_of_as_many_layers_have_those_of_their_kinds() -> None:
    """Stages of two dense layers, and of two with experts."""
    model = cg.derive("params", model="deepseek-v3").setup.source.substitute(L_dense=4, L_moe=4)
    layers = Layers(("dense",) * 4 + ("moe",) * 4, {"dense": Fraction(1), "moe": Fraction(1)})
    stages = model.apply(Place(Mesh("pipeline(4)"), layers)).stages
    found = [{(op.loop.kind, str(op.loop.times)) for op in stage.ops if op.loop.number} for stage in stages]
    assert found == [{("dense", "2")}, {("dense", "2")}, {("moe", "2")}, {("moe", "2")}]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(1, 9), st.integers(0, 20), st.integers(0, 20))
def test_the_costliest_chunk_is_as_cheap_as_can_be(costs: list[int], chunks: int, before: int, behind: int) -> None:
    chunks = min(chunks, len(costs))
    each = [Fraction(cost) for cost in costs]

    def most(sizes: tuple[int, ...]) -> Fraction:
        ends = [0]
        for one in sizes:
            ends.append(ends[-1] + one)
        found = [sum(each[a:b], Fraction(0)) for a, b in pairwise(ends)]
        found[0] += before
        found[-1] += behind
        return max(found)

    def every(layers: int, parts: int) -> list[tuple[int, ...]]:
        if parts == 1:
            return [(layers,)]
        return [(n, *rest) for n in range(1, layers - parts + 2) for rest in every(layers - n, parts - 1)]

    sizes = spread(each, chunks, Fraction(before), Fraction(behind))
    assert sum(sizes) == len(costs)
    assert min(sizes) > 0
    assert most(tuple(sizes)) == min(map(most, every(len(costs), chunks)))


def test_chunks_lie_around_the_stages_in_turn() -> None:
    assert by_stage([2, 1, 1, 1], ["a", "a", "b", "b", "b"], 2) == [{"a": 2, "b": 1}, {"b": 2}]


@pytest.mark.parametrize(("place", "held"), [("first", "4"), ("middle", "3"), ("last", "1"), ("worst", "4")])
def test_what_is_in_flight_is_told_of_every_stage_of_a_model(place: str, held: str) -> None:
    found = cg.derive("in_flight", model="gpt2", mesh=f"pipeline(4, stage={place!r})")
    assert str(found.forms["in_flight"]) == held
    assert found.parts("in_flight") == []


@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_serving_takes_any_number_of_microbatches_and_keeps_none(phase: str) -> None:
    mesh = "pipeline(4), microbatches(1)"
    assert cg.derive("cache", op_set="decoder", phase=phase, mesh=mesh).forms["cache"].same_as("2*B*S*L*D*p/4")
    with pytest.raises(UserError, match="nothing is kept for a backward pass"):
        cg.derive("in_flight", op_set="decoder", phase=phase, mesh=mesh)


def test_kinds_of_layers_that_no_number_of_stages_divides_want_a_number() -> None:
    with pytest.raises(UserError, match="no P divides 3 dense and 58 moe layers; bind it"):
        cg.derive("params", model="deepseek-v3", mesh="pipeline(P)")


@pytest.mark.parametrize(
    ("open_", "limit", "closed"),
    [
        ("pipeline", "P=4", "pipeline(4)"),
        ("pipeline(P), microbatches(M)", "P=4,M=8", "pipeline(4), microbatches(8)"),
        ("pipeline, tensor(2)", "P=16", "pipeline(16), tensor(2)"),
        ("pipeline(v=v, schedule=interleaved)", "P=4,v=2", "pipeline(4, v=2, schedule=interleaved)"),
        ("pipeline(schedule=gpipe, stage=first)", "P=5", "pipeline(5, schedule=gpipe, stage=first)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("phase", ["train", "decode"])
def test_a_number_of_stages_that_is_typed_as_a_size_is_that_of_the_mesh(
    open_: str, limit: str, closed: str, phase: str
) -> None:
    asked: dict[str, Any] = {"model": "deepseek-v3", "phase": phase}
    sizes = "B=160,S=512"
    typed = cg.derive("params", "communication", **asked, mesh=open_, limit=f"{limit},{sizes}").limited
    named = cg.derive("params", "communication", **asked, mesh=closed, limit=sizes).limited
    assert {name: str(form) for name, form in typed.items()} == {name: str(form) for name, form in named.items()}


def test_a_tied_table_is_kept_as_wide_while_stages_add_it_up() -> None:
    asked = cg.derive(
        "peak", "states", model="gpt2", mesh="pipeline(4, stage='first'), microbatches(8)", attention="flash",
        limit="B=32,S=1024,p=2",
    )  # fmt: skip
    gradients = [
        sum(term.amount.number or 0 for term in asked.limited[name].terms if term.part == "gradients")
        for name in ("peak", "states")
    ]
    assert gradients[0] == gradients[1]


@pytest.mark.parametrize(
    ("mesh", "limit", "number"),
    [
        ("pipeline", "P=2,M=8", "pipeline(2)"),
        ("pipeline", "P=5,M=8", "pipeline(5)"),  # stages of unequal layers
        (
            "pipeline(v=v, schedule=interleaved)",
            "P=2,M=8,v=2",
            "pipeline(2, v=2, schedule=interleaved)",
        ),
    ],
)
def test_a_number_of_stages_is_the_same_in_the_mesh_and_beside_it(mesh: str, limit: str, number: str) -> None:
    asked: Any = {"model": "llama-3-8b", "hardware": "h100-sxm", "phase": "train", "attention": "flash"}
    open_ = cg.estimate(**asked, mesh=mesh, limit=f"B=40,S=512,{limit}")
    typed = cg.estimate(**asked, mesh=f"{number}, microbatches(8)", limit="B=40,S=512")
    assert (open_.least, open_.verdict.needed) == (typed.least, typed.verdict.needed)
    assert open_.bound(open_.main).resources == typed.bound(typed.main).resources
    stages = [str(one.stage) for one in open_.request.graph("train").stages]
    assert stages == [str(one.stage) for one in typed.request.graph("train").stages]
    assert "middle stage" not in stages
