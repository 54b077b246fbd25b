"""Blocks that are replayed several together: one input is kept for all of them, and everything else stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

import costgraph as cg
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.mesh import Mesh
from costgraph.passes import Pass
from costgraph.passes.autocast import Autocast
from costgraph.passes.lora import Lora
from costgraph.passes.update import Update

BEFORE: dict[str, tuple[Any, ...]] = {
    "": (), "flash": (cg.flash_attention,), "autocast": (Autocast,), "adapters": (Lora(2, targets="mlp"),),
}  # fmt: skip
MESHES = ["", "tensor(T, sequence=True)", "data(N_d, zero=3), tensor"]
CASES = [(before, mesh) for before in BEFORE for mesh in MESHES if not (mesh and before == "autocast")]  # unplaced
MEASURES = {
    "params": cg.params, "states": cg.states, "flops": cg.flops, "traffic": cg.traffic,
    "communication": cg.communication,
}  # fmt: skip


def replayed(step: Pass, before: tuple[Any, ...] = (), mesh: str = "", head: bool = True) -> Graph:
    graph = cg.decoder(head=head).apply(*before, cg.backward, step, Update("fp32_adam"))
    return graph.apply(cg.place(Mesh(mesh))) if mesh else graph


@pytest.mark.parametrize(("before", "mesh"), CASES)
def test_all_but_what_is_kept_costs_what_full_recomputation_costs(before: str, mesh: str) -> None:
    full, groups = (replayed(step, BEFORE[before], mesh) for step in (cg.recompute("full"), cg.recompute(every="n")))
    for name, measure in MEASURES.items():
        assert measure(full).value == measure(groups).value, name


@pytest.mark.parametrize(
    ("every", "kept"), [("n", "B*S*L*D*p/n"), (1, "B*S*L*D*p"), (4, "B*S*L*D*p/4"), ("L", "B*S*D*p")]
)
def test_the_input_of_one_block_of_a_group_is_kept(every: str | int, kept: str) -> None:
    assert cg.activations(replayed(cg.recompute(every=every), head=False)).same_as(kept)
    assert cg.activations(replayed(cg.recompute("full", every=every), head=False)).same_as(kept)


def test_groups_of_one_are_full_recomputation_in_every_op() -> None:
    full, ones = replayed(cg.recompute("full")), replayed(cg.recompute(every=1))
    assert (full.ops, full.tensors, full.assumptions) == (ones.ops, ones.tensors, ones.assumptions)


def test_groups_take_in_whole_layers() -> None:
    graph = replayed(cg.recompute(every=4))
    assert "4 | L" in map(str, cg.activations(graph).assumptions)
    with pytest.raises(
        UserError, match=r"4 does not divide 6 layers; 3 or 6 would; recompute\(every=n\) replays groups of n"
    ):
        cg.activations(graph).limit(L=6)


def test_each_kind_of_layers_is_replayed_in_groups_of_its_own() -> None:
    asked = cg.derive("activations", model="deepseek-v3", passes="recompute(every=n)", symbolic="L_dense,L_moe")
    assert {"n | L_dense", "n | L_moe"} <= set(map(str, asked.forms["activations"].assumptions))


def test_a_block_that_runs_once_is_a_group_of_its_own() -> None:
    graph = cg.decoder(head=True).substitute(L=1).apply(cg.backward, cg.recompute(every=2))
    assert cg.activations(graph).value == cg.activations(replayed(cg.recompute("full")).substitute(L=1)).value


def test_a_loop_says_how_many_of_its_rounds_are_replayed_together() -> None:
    graph = replayed(cg.recompute(every="n")).substitute(n=3)
    assert {str(op.loop.group) for op in graph.ops if op.loop.number} == {"3"}
    (first,) = [op for op in graph.ops if op.loop.rounds == "every"]
    assert (first.name, first.phase, str(first.times)) == ("blocks.enter.replay", "recompute", "L/3")


REFUSED = [
    ("recompute(every=0)", "every=0 must be a positive integer"),
    ("recompute(every=3/2)", "every=3/2 must be a positive integer"),
    ("recompute(selective, every=2)", "selective replays within each layer; every=2 is for full"),
    ("recompute(some)", "choose from selective, full"),
]


@pytest.mark.parametrize(("step", "says"), REFUSED)
def test_groups_that_there_cannot_be_are_refused(step: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        cg.derive("activations", op_set="decoder", passes=step)


@pytest.mark.parametrize("step", ["recompute", "recompute(full)", "recompute(full, every=4)"])
def test_a_step_is_written_as_it_is_typed(step: str) -> None:
    assert cg.derive("flops", op_set="decoder", passes=step).setup.rewrites == [step]


def test_what_no_gradient_reads_is_not_replayed() -> None:
    graph = cg.decoder(head=True).apply(Lora(2, targets="head"), cg.backward, cg.recompute("full"))
    assert not [*graph.phase("recompute")]
    graph = cg.decoder(head=True).apply(Lora(2, targets="mlp"), cg.backward, cg.recompute("selective"))
    assert {op.loop.rounds for op in graph.phase("recompute")} == {"later"}
