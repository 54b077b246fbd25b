"""Schedules in the shape of a V: in the orders of those who run them, and on a model whose stages are placed so."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.errors import UserError
from costgraph.mesh import Mesh
from costgraph.passes.spread import by_stage
from costgraph.passes.update import Update
from costgraph.pictures.orders import run

FOLDED = ("zb-v", "v-half", "v-min", "dualpipev")
SIZES = [(P, M) for P in (1, 2, 3, 5, 6) for M in (2 * P, 2 * P + 1, 4 * P)]

# --- orders -----------------------------------------------------------------------------------------------------------

KINDS = {"FORWARD": "F", "BACKWARD_INPUT": "B", "BACKWARD_WEIGHT": "W"}


def of_torch(name: str, stage: int, P: int, M: int) -> list[tuple[tuple[str, int, int], ...]]:
    """The passes of a stage as PyTorch orders them, those that are one action together."""
    schedules: Any = pytest.importorskip("torch.distributed.pipelining.schedules")
    schedule = SimpleNamespace(pp_group_size=P, num_stages=2 * P, _n_microbatches=M)
    found = []
    for action in getattr(schedules, name)._calculate_single_rank_operations(schedule, stage):
        if action is None:
            continue
        jobs: list[tuple[str, int, int]] = []
        for one in action.sub_actions or (action,):
            chunk = int(one.stage_index != stage)
            kinds = "BW" if one.computation_type.name == "FULL_BACKWARD" else KINDS[one.computation_type.name]
            jobs += [(kind, one.microbatch_index, chunk) for kind in kinds]
        found.append(tuple(jobs))
    return found


@pytest.mark.parametrize(("ours", "theirs"), [("zb-v", "ScheduleZBVZeroBubble"), ("dualpipev", "ScheduleDualPipeV")])
@pytest.mark.parametrize(("P", "M"), SIZES)
def test_orders_are_those_of_pytorch(ours: str, theirs: str, P: int, M: int) -> None:
    for stage in range(P):
        passes: list[list[tuple[str, int, int]]] = []
        joined = False
        for job in run(ours, P, M).stages[stage]:
            if not joined:
                passes.append([])
            passes[-1].append((job.kind, job.microbatch, job.chunk))
            joined = job.joined
        assert [tuple(one) for one in passes] == of_torch(theirs, stage, P, M)


@pytest.mark.parametrize(("P", "M"), SIZES)
def test_zb_v_is_never_idle_where_all_passes_take_as_long(P: int, M: int) -> None:
    assert run("zb-v", P, M).bubble({"F": 1, "B": 1, "W": 1}) == 0


@pytest.mark.parametrize(("name", "held"), [("v-half", lambda P: (P + 2) // 2), ("v-min", lambda P: (P + 4) // 3)])
def test_building_blocks_hold_what_their_authors_say(name: str, held: Any) -> None:
    """Qi et al. 2024: microbatches of activations, of the stage that holds most."""
    for P in range(3, 13):
        step = run(name, P, 3 * P)
        assert max(Fraction(step.worst(stage)[0].total, 2) for stage in range(P)) == held(P)


# --- a model ----------------------------------------------------------------------------------------------------------

WHOLE = cg.decoder(head=True, dropout=False).apply(cg.backward, Update)
UNTIED = cg.decoder(head=True, tied=False).apply(cg.flash_attention, cg.backward, Update)


def stage(place: str, graph: Any = WHOLE, schedule: str = "zb-v", also: str = "") -> Any:
    return graph.apply(cg.place(Mesh(f"pipeline(P, stage={place!r}, schedule={schedule!r}){also}")))


@pytest.mark.parametrize("graph", [WHOLE, UNTIED], ids=["tied", "untied"])
@pytest.mark.parametrize("measure", [cg.flops, cg.params, cg.states])
def test_stages_together_have_the_whole_model_once_and_a_tied_table_too(graph: Any, measure: Any) -> None:
    first, middle, last = (measure(stage(place, graph)).value for place in ("first", "middle", "last"))
    assert first + middle * parse("P - 2") + last == measure(graph).value


def test_the_first_stage_has_both_ends_and_sums_no_table_over_stages() -> None:
    first, last = stage("first"), stage("last")
    places = {op.place for op in first.phase("forward")}
    assert {"embed", "head", "loss"} <= places
    assert not {"embed", "head", "loss"} & {op.place for op in last.phase("forward")}
    assert not [op for op in first.ops if op.kind == "all_reduce"]


@pytest.mark.parametrize(("place", "sent"), [("first", "2*B*S*D*p"), ("middle", "4*B*S*D*p"), ("last", "2*B*S*D*p")])
@pytest.mark.parametrize("schedule", FOLDED)
def test_both_chunks_are_sent_on_and_back(place: str, sent: str, schedule: str) -> None:
    assert cg.communication(stage(place, schedule=schedule), axes="P").same_as(sent)


@pytest.mark.parametrize("schedule", FOLDED)
def test_the_first_stage_keeps_logits_of_those_that_are_about_to_come_back(schedule: str) -> None:
    """What stands behind the layers is kept for as many as the last chunk runs ahead."""
    P, M = 6, 12
    graph = WHOLE.apply(cg.place(Mesh(f"pipeline({P}, stage='first', schedule={schedule!r}), microbatches({M})")))
    logits = [term for term in cg.activations(graph).terms if "V" in term.amount.symbols]
    one = [term for term in cg.activations(WHOLE).terms if "V" in term.amount.symbols]
    behind = max(each.chunks[1] for each in run(schedule, P, M).worst(0))
    assert [term.amount for term in logits] == [term.amount * behind / M for term in one]


def test_whole_layers_go_there_and_back() -> None:
    assert by_stage([2, 1, 1, 3], ["a", "a", "b", "b", "b", "b", "b"], 2, folded=True) == [{"a": 2, "b": 3}, {"b": 2}]
    said = cg.derive("params", model="gpt2", mesh="pipeline(4, schedule='zb-v')").forms["params"].assumptions
    assert "layers of each stage 2, 2 x 3, 4" in " ".join(map(str, said))


@pytest.mark.parametrize(
    ("mesh", "phase", "said"),
    [
        ("pipeline(4, schedule=zb-v, v=3)", "train", "a stage holds two chunks of layers; leave v=3 out"),
        ("pipeline(4, schedule=zb-v), microbatches(6)", "train", r"zb-v takes 2\*P - 1 microbatches or more"),
        ("pipeline(4, schedule=zb-h2), microbatches(6)", "train", r"zb-h2 takes 2\*P - 1 microbatches or more"),
        ("pipeline(2, schedule=v-min), microbatches(8)", "train", "v-min is for three stages or more"),
        ("pipeline(4, schedule=dualpipev)", "decode", "is of training steps, .*; without training write pipeline"),
        ("pipeline(8, schedule=dualpipe)", "train", r"data\(2\), pipeline\(P/2, schedule=dualpipev\)"),
        ("pipeline(8, schedule=zb2p)", "train", "write zb-h2"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(mesh: str, phase: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        cg.derive("params", op_set="decoder", mesh=mesh, phase=phase)


@pytest.mark.parametrize("schedule", ["v-half", "v-min"])
@pytest.mark.parametrize("P", [3, 4, 5, 6, 7])
def test_a_number_of_stages_is_the_same_in_the_mesh_and_beside_it(schedule: str, P: int) -> None:
    asked: Any = {"op_set": "decoder"}
    sizes = f"M={4 * P},L={4 * P}"
    open_, typed = (
        cg.derive(
            "in_flight", "bubble", **asked, mesh=f"pipeline({of}, schedule={schedule}), microbatches(M)", limit=also
        )
        for of, also in (("P", f"P={P},{sizes}"), (P, sizes))
    )
    assert {name: str(form) for name, form in open_.limited.items()} == {
        name: str(form) for name, form in typed.limited.items()
    }
