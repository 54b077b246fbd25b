"""The optimizer's step: ops on state tensors, whose widths the precision policy says."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from command_line import costgraph
from recipes import graph

import costgraph as cg
from costgraph.conventions import EXACT
from costgraph.errors import UserError
from costgraph.exporting.exchange.reading import read_forms
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.measures import MEASURES
from costgraph.measures.op_costs import moved
from costgraph.mesh import Mesh
from costgraph.passes.place import Place
from costgraph.passes.update import Update
from costgraph.precision import PRECISIONS

MATRICES = "(4 + 2*E)*L*D**2"
WEIGHTS = 6  # matrices of a block
MOVES = [  # policy, bytes per parameter that the update reads and writes
    ("mixed_adam", 4 + 4 + 8, 2 + 4 + 8),
    ("mixed_adam_bf16", 2 + 4 + 8, 2 + 4 + 8),
    ("fp32_adam", 4 + 4 + 8, 4 + 8),
    ("sgd_momentum", 4 + 4 + 4, 4 + 4),
    ("weights=2,gradients=2", 2 + 2, 2),
    ("weights=2,gradients=2,master=4", 2 + 4, 2 + 4),
    ("adam_8bit", Fraction(4 + 4) + 2 * Fraction(65, 64), Fraction(2 + 4) + 2 * Fraction(65, 64)),
]


def trained(precision: str = "mixed_adam", *more: Any) -> Graph:
    """The decoder with its backward pass and its update."""
    return cg.decoder().apply(cg.backward, Update(precision), *more)


def steps(found: Graph) -> list[Op]:
    return list(found.phase("update"))


# --- the ops ----------------------------------------------------------------------------------------------------------


def linear() -> cg.Graph:
    """One matrix."""
    b = cg.Builder("linear", {"b": "B", "d": "D", "f": "E*D"})
    b.einsum("one.up", "bd,df->bf", b.input("x", "bd"), b.parameter("one.w", "df"))
    return b.build()


STEPS = [  # policy, kind of op, what it reads, what it writes
    (
        "mixed_adam", "adam",
        "one.w.grad_kept one.w.master one.w.moment1 one.w.moment2",
        "one.w.next one.w.master.next one.w.moment1.next one.w.moment2.next",
    ),
    (
        "fp32_adam", "adam",
        "one.w.grad_kept one.w.kept one.w.moment1 one.w.moment2",
        "one.w.next one.w.moment1.next one.w.moment2.next",
    ),
    ("sgd_momentum", "sgd", "one.w.grad_kept one.w.kept one.w.moment1", "one.w.next one.w.moment1.next"),
    ("weights=2,gradients=4", "sgd", "one.w.grad_kept one.w.kept", "one.w.next"),
]  # fmt: skip


@pytest.mark.parametrize(("precision", "kind", "reads", "writes"), STEPS)
def test_the_step_of_a_parameter(precision: str, kind: str, reads: str, writes: str) -> None:
    found = linear().apply(cg.backward, Update(precision))
    accumulate, step = found.op("one.w.grad_kept"), found.op("one.w.update")
    assert (accumulate.kind, accumulate.inputs, accumulate.phase) == ("accumulate", ("one.up.grad_one.w",), "backward")
    assert (step.kind, " ".join(step.inputs), " ".join(step.outputs)) == (kind, reads, writes)
    assert step.phase == "update"


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_parameter_with_a_gradient_is_updated_once_and_as_often_as_it_exists(precision: str) -> None:
    for name in ("train, head", "full", "flash"):
        found = graph(name).apply(Update(precision))
        parameters = [t for t in found.tensors.values() if t.is_parameter]
        assert len(steps(found)) == len(parameters) > 0
        for one in parameters:
            assert found.op(f"{one.name}.update").times == one.times
            assert found.tensors[f"{one.name}.next"].dims == one.dims


def test_a_gradient_of_several_uses_is_kept_whole() -> None:
    found = cg.decoder(head=True).apply(cg.backward, Update)  # the embedding is the head, too
    assert found.op("embed.tokens.table.grad_kept").inputs == ("embed.tokens.table.grad_sum",)


def test_what_is_kept_has_the_widths_of_the_policy() -> None:
    kept = {one: str(t.itemsize) for one, t in linear().apply(cg.backward, Update("adam_8bit")).tensors.items()}
    assert kept["one.w"] == "p"
    assert kept["one.w.grad_kept"] == kept["one.w.master"] == "4"
    assert kept["one.w.next"] == "2"
    assert kept["one.w.moment1"] == kept["one.w.moment2.next"] == "65/64"


def test_state_tensors_come_from_outside_and_are_no_parameters() -> None:
    found = linear().apply(cg.backward, Update)
    states = {tensor.name: tensor.state for tensor in found.inputs if tensor.state}
    assert states == dict.fromkeys(("one.w.master", "one.w.moment1", "one.w.moment2"), "optimizer")
    assert [tensor.name for tensor in found.inputs if tensor.is_parameter] == ["one.w"]


def test_without_a_backward_there_is_nothing_to_update() -> None:
    with pytest.raises(UserError, match="update needs backward before it"):
        cg.decoder().apply(Update)


def test_a_model_may_not_use_the_names_of_its_state() -> None:
    b = cg.Builder("linear", {"b": "B", "d": "D"})
    b.einsum("up", "bd,d->b", b.input("w.master", "bd"), b.parameter("w", "d"))
    with pytest.raises(UserError, match=r"linear has a tensor called w\.master already"):
        b.build().apply(cg.backward, Update)


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(UserError, match="unknown precision 'adam'"):
        cg.decoder().apply(cg.backward, Update("adam"))


def test_the_pass_says_its_policy() -> None:
    assert trained().passes == ("backward", "update")
    assert trained("fp32_adam").passes == ("backward", "update(fp32_adam)")


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("precision", "reads", "writes"), MOVES)
def test_the_update_moves_so_many_bytes_a_parameter(precision: str, reads: Any, writes: Any) -> None:
    found = trained(precision)
    assert cg.traffic(found, part="update").same_as(f"({reads + writes})*{MATRICES}")
    step = found.op("attn.q.weight.update")
    numel = found.tensors["attn.q.weight"].numel
    amounts = moved(step, found.tensors)
    assert sum((amounts[name] for name in step.inputs), start=0 * numel) == numel * reads
    assert sum((amounts[name] for name in step.outputs), start=0 * numel) == numel * writes


def test_mixed_adam_moves_thirty_bytes_a_parameter() -> None:
    found = cg.derive("traffic.update", "params")
    assert found.forms["traffic.update"].per(found.forms["params"]).number == 30


def test_biases_and_norms_are_neglected_in_the_update_as_everywhere() -> None:
    found = cg.derive("traffic.update", "params", op_set="decoder(biases=True)", convention="exact").forms
    assert found["traffic.update"].per(found["params"]).number == 30
    noted = cg.derive("traffic.update", op_set="decoder(biases=True)").forms["traffic.update"]
    assert noted.same_as(f"30*{MATRICES}")
    assert noted.remainder.numerator


UNMOVED = ("params", "states", "flops", "flops.forward", "flops.backward", "activations", "traffic", "intensity")


@pytest.mark.parametrize("more", [(), (cg.recompute("full"),)], ids=["", "replayed"])
@pytest.mark.parametrize("measure", UNMOVED)
def test_other_measures_do_not_see_the_update(measure: str, more: tuple[Any, ...]) -> None:
    before = cg.decoder(head=True).apply(cg.backward, *more)
    after = before.apply(Update)
    assert MEASURES[measure](after, EXACT).terms == MEASURES[measure](before, EXACT).terms


def test_states_need_no_update_in_the_graph() -> None:
    for name in PRECISIONS:
        form = cg.states(cg.decoder().apply(cg.backward), precision=name)
        assert form.same_as(cg.states(trained(name), precision=name))


def test_no_phase_but_training_has_an_update() -> None:
    for phase in ("forward", "prefill", "decode"):
        found = cg.derive("traffic.update", phase=phase)
        assert not steps(found.graph)
        assert found.forms["traffic.update"].same_as("0")


# --- parts of the state -----------------------------------------------------------------------------------------------


def test_every_term_of_the_state_says_which_part_it_is() -> None:
    terms = cg.derive("states").forms["states"].terms
    assert [term.part for term in terms] == ["weights"] * WEIGHTS + ["gradients"] * WEIGHTS + ["optimizer"] * WEIGHTS
    assert all(term.source.endswith(f", {term.part}") for term in terms)


def parted() -> list[cg.ClosedForm]:
    """Forms whose terms have parts: states, and what is sent over one axis and over two together."""
    placed = trained("mixed_adam", Place(Mesh("data(N_h), data(N_d), tensor(T)")))
    return [cg.states(placed), cg.communication(placed)]


@pytest.mark.parametrize("form", parted(), ids=lambda form: form.name)
def test_parts_survive_json(form: cg.ClosedForm) -> None:
    (again,) = read_forms(str(cg.export({form.name: form}, "json"))).values()
    assert isinstance(again, cg.ClosedForm)
    assert [term.part for term in again.terms] == [term.part for term in form.terms]
    assert len({term.part for term in form.terms}) > 1


WRONG_PARTS = {"wieghts": "wieghts': did you mean weights", "N_h-M_d": "M_d'", "T-": "'"}


@pytest.mark.parametrize("part", WRONG_PARTS)
def test_a_part_that_does_not_exist_is_refused_in_stored_forms(part: str) -> None:
    text = str(cg.export({"states": cg.states(trained())}, "json")).replace('"weights"', f'"{part}"')
    with pytest.raises(UserError, match=f"unknown part '.*{WRONG_PARTS[part]}"):
        read_forms(text)


def test_explained_json_names_the_part() -> None:
    shown = json.loads(costgraph("derive", "states", "params", "--explain", "--json").stdout)["measures"]
    assert {term["part"] for term in shown["states"]["terms"]} == {"weights", "gradients", "optimizer"}
    assert all("part" not in term for term in shown["params"]["terms"])


# --- placed on devices ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sequence", [False, True])
def test_a_device_updates_what_it_holds(sequence: bool) -> None:
    parallel = trained("mixed_adam", cg.tensor_parallel("T", sequence=sequence))
    assert cg.traffic(parallel, part="update").same_as(f"30*{MATRICES}/T")


@pytest.mark.parametrize("sequence", [False, True])
def test_gradients_are_complete_before_they_are_kept(sequence: bool) -> None:
    found = cg.decoder(head=True, biases=True).apply(cg.backward, Update, cg.tensor_parallel("T", sequence=sequence))
    kept = [op for op in found.ops if op.kind == "accumulate"]
    assert kept
    assert not any(found.tensors[op.inputs[0]].partial for op in kept)
    assert not any(found.tensors[op.outputs[0]].partial for op in kept)


@pytest.mark.parametrize("stage", range(4))
def test_a_device_updates_the_part_whose_optimizer_state_it_has(stage: int) -> None:
    found = trained("mixed_adam", Place(Mesh(f"data(N_d, zero={stage})")))
    assert cg.traffic(found, part="update").same_as(f"30*{MATRICES}" + ("/N_d" if stage else ""))


@pytest.mark.parametrize("precision", ["mixed_adam", "fp32_adam", "weights=2,gradients=2"])
@pytest.mark.parametrize("mesh", [*(f"data(N_d, zero={stage})" for stage in range(4)), "data(zero=2), tensor(T)"])
def test_updated_weights_end_where_the_next_step_reads_them(mesh: str, precision: str) -> None:
    found = trained(precision, Place(Mesh(mesh)))
    for one in (tensor for tensor in found.inputs if tensor.is_parameter):
        made = [name for op in found.ops for name in op.outputs if name.startswith(f"{one.name}.next")]
        last = found.tensors[made[-1]]
        assert (last.dims, last.shards, last.partial) == (one.dims, one.shards, ())


@pytest.mark.parametrize("precision", ["mixed_adam", "fp32_adam", "weights=2,gradients=2"])
@pytest.mark.parametrize("stage", range(4))
def test_on_one_device_every_stage_is_the_model_itself(stage: int, precision: str) -> None:
    whole = trained(precision)
    found = trained(precision, Place(Mesh(f"data(1, zero={stage})")))
    assert cg.states(found, precision=precision).same_as(cg.states(whole, precision=precision))
    assert cg.traffic(found, part="update").same_as(cg.traffic(whole, part="update"))
    assert cg.communication(found).same_as("0")


# --- what people see --------------------------------------------------------------------------------------------------


def test_the_update_is_part_of_training_and_goes_unsaid() -> None:
    found = cg.derive(passes=["recompute(full)"])
    assert found.graph.passes == ("backward", "recompute(full)", "update")
    assert found.to_json()["passes"] == ["backward", "recompute(full)"]
    assert "update" not in costgraph("export", "python", "--measures", "flops").stdout


def test_what_is_given_wrongly_is_said_without_the_update() -> None:
    run = costgraph("derive", "--phase", "forward", "--pass", "recompute(full)")
    assert "recompute needs backward before it" in run.stderr
    assert "update" not in run.stderr


def training_step(precision: str) -> Any:
    """The estimate of one."""
    machine = ["--model", "llama-2-7b", "--hardware", "a100-80gb-sxm"]
    run = costgraph(
        "estimate", *machine, "--phase", "train", "--limit", "B=1,S=2048", "--precision", precision, "--json"
    )
    return json.loads(run.stdout)["stages"]["training step"]


def test_the_step_time_has_a_line_for_the_update() -> None:
    step = training_step("mixed_adam")
    weights = 32 * (4 * 4096**2 + 3 * 4096 * 11008 + 2 * 4096) + 2 * 32000 * 4096 + 4096
    seconds = 30 * weights / Fraction(2039 * 10**9)
    assert step["classes"]["update"] == {"seconds": str(seconds), "bound": "memory"}
    parts = sum(Fraction(part["seconds"]) for part in step["classes"].values())
    assert parts == Fraction(step["seconds"])


def test_a_policy_changes_the_time_of_the_update() -> None:
    usual, narrow = (training_step(name)["classes"]["update"] for name in ("mixed_adam", "mixed_adam_bf16"))
    assert Fraction(narrow["seconds"]) / Fraction(usual["seconds"]) == Fraction(28, 30)
