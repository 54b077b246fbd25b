"""All answers say in one way what they are answers to, under which precision, and what N_params counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.precision import Precision

ASKED = ["--pass", "flash_attention", "--mesh", "data(N_d, zero=1)", "--precision", "fp32_adam"]
SAID = "flash_attention, mesh data(N_d, zero=1), precision fp32_adam"
HEADS: list[tuple[list[str], str]] = [
    (["derive", "states"], f"decoder, train, {SAID}"),
    (["derive", "states", "--format", "markdown"], f"**decoder, train, {SAID}**"),
    (["derive", "states", "--format", "latex"], f"% decoder, train, {SAID}"),
    (["solve", "states == hbm", "--for", "D"], f"states == hbm, for D (decoder, train, {SAID})"),
    (["solve", "states == hbm", "--for", "D", "--format", "latex"], f"% states == hbm, for D (decoder, train, {SAID})"),
    (
        ["estimate", "--phase", "train", "--convention", "notes"],
        f"decoder, {SAID} on any machine: train",
    ),
    (["check", "--formula", "1", "--measure", "params"], f"decoder, train, {SAID}"),
    (["graph", "--phase", "train"], f"decoder, train, {SAID}"),
    (["graph", "--phase", "train", "--format", "dot"], f"// decoder, train, {SAID}"),
    (["graph", "--phase", "train", "--format", "mermaid"], f"%% decoder, train, {SAID}"),
]


@pytest.mark.parametrize(("command", "said"), HEADS, ids=[" ".join(command) for command, _ in HEADS])
def test_the_head_of_an_answer_says_the_whole_setup(command: list[str], said: str) -> None:
    assert costgraph(*command, *ASKED).stdout.splitlines()[0] == said


@pytest.mark.parametrize(
    "command",
    [["derive", "states"], ["solve", "states == hbm", "--for", "D"], ["estimate", "--phase", "train"]],
    ids=str,
)
def test_json_has_the_whole_setup(command: list[str]) -> None:
    found = json.loads(costgraph(*command, *ASKED, "--limit", "E=4,p=2,V=7", "--json").stdout)
    assert found["precision"] == "fp32_adam"
    assert found["mesh"] == "data(N_d, zero=1)"
    assert "flash_attention" in found["passes"]
    assert not [step for step in found["passes"] if "place" in step]
    assert found["limit"].items() >= {"E": "4", "p": "2", "V": "7"}.items()


def test_json_of_an_estimate_has_the_count_that_was_typed() -> None:
    assert json.loads(costgraph("estimate", "--limit", "N_params=7", "--json").stdout)["limit"] == {"N_params": "7"}


SAME_MESH: list[dict[str, object]] = [
    {"passes": "tensor_parallel(4, sequence=True)"},
    {"mesh": "tensor(4, sequence=True)"},
    {"op_set": cg.decoder().apply(cg.tensor_parallel(4, sequence=True))},
]


@pytest.mark.parametrize("asked", SAME_MESH, ids=["pass", "mesh", "graph"])
def test_a_mesh_looks_like_one_however_it_was_asked_for(asked: dict[str, object]) -> None:
    found = cg.derive("states", phase="forward", **asked)  # type: ignore[arg-type]
    assert str(found.setup) == "decoder, forward, mesh tensor(4, sequence=True)"
    assert (found.to_json()["passes"], found.to_json()["mesh"]) == ([], "tensor(4, sequence=True)")


def test_messages_speak_of_the_mesh_and_not_of_the_pass_behind_it() -> None:
    for typed, said in (("place(data(2))", "data(2)"), ("place", "data(N_d)"), (" place ( tensor )", "tensor")):
        run = costgraph("derive", "states", "--pass", typed)
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr.endswith(f"is no pass: what is placed on devices is said by --mesh '{said}'\n")
    twice = costgraph("derive", "states", "--phase", "train", "--pass", "decode").stderr
    assert "widths < mesh | tensor_parallel" in twice
    with pytest.raises(cg.UserError, match=r"lies on the mesh 'tensor' already; leave mesh='data\(2\)' out"):
        cg.derive("states", op_set=cg.decoder().apply(cg.tensor_parallel("T")), mesh="data(2)", phase="forward")


def test_advice_is_given_in_the_words_of_the_mesh() -> None:
    said = costgraph("derive", "states", "--op-set", "decoder(kv_heads=1)", "--mesh", "tensor(T)").stderr
    assert "tensor(..., replicate_kv=True)" in said
    assert "tensor_parallel" not in said


UNDER: list[tuple[list[str], str]] = [  # an answer about model states -> under which policy
    (["derive", "states(attn)"], "states(attn) under sgd_momentum"),
    (["derive", "states", "traffic.update"], "states and traffic.update under sgd_momentum"),
    (["derive", "states", "--format", "latex"], "states under sgd_momentum"),
    (["solve", "states(attn) == hbm", "--for", "D"], "states(attn) under sgd_momentum"),
    (["solve", "states == hbm", "--for", "D", "--format", "markdown"], "states under sgd_momentum"),
    (["estimate", "--phase", "train"], "states under sgd_momentum"),
    (["check", "--formula", "1", "--measure", "states"], "states under sgd_momentum"),
    (["export", "python", "--measures", "states(attn)"], "precision sgd_momentum"),
    (["export", "latex-derivation", "--measures", "states(attn)"], r"States(attn) under sgd\_momentum."),
]


@pytest.mark.parametrize(("command", "said"), UNDER, ids=[" ".join(command) for command, _ in UNDER])
def test_what_counts_model_states_says_under_which_policy(command: list[str], said: str) -> None:
    assert said in costgraph(*command, "--precision", "sgd_momentum").said


def test_a_measure_that_names_its_policy_is_under_that() -> None:
    text = costgraph("derive", "states(fp32_adam)", "params", "--precision", "sgd_momentum").stdout
    assert " under " not in text
    assert " under " not in costgraph("derive", "states", "--phase", "decode").stdout  # the weights alone


def test_a_policy_that_takes_a_known_name_for_other_widths_is_refused(tmp_path: Path) -> None:
    said = "precision mixed_adam is weights=2,gradients=4,master=4,moments=4+4; give other widths"
    for name, text in (("own.toml", 'name = "mixed_adam"\n'), ("mixed_adam.toml", "")):
        (tmp_path / name).write_text(f"{text}weights = 1\ngradients = 1\n")
        run = costgraph("derive", "states", "--precision", str(tmp_path / name))
        assert (run.returncode, run.stdout) == (2, "")
        assert said in run.stderr
    with pytest.raises(cg.UserError, match="give other widths"):
        cg.derive("states", precision=Precision(1, 1, name="mixed_adam"))
    (tmp_path / "same.toml").write_text('name = "mixed_adam"\nweights=2\ngradients=4\nmaster=4\nmoments=[4,4]\n')
    assert cg.derive("states", precision=str(tmp_path / "same.toml")).forms["states"].same_as("36*L*D**2*(E+2)")


OF_THE_WHOLE: list[tuple[str, str]] = [  # mesh -> FLOPs of one device in terms of N_params
    ("data(N_d, zero=3)", "6BS N_params/N_d"),
    ("data(N_d)", "6BS N_params/N_d"),
    ("tensor(T)", "6BS N_params/T"),
    ("data(N_d), tensor(T)", "6BS N_params/(T N_d)"),
    ("data(8)", "3BS N_params/4"),
]


@pytest.mark.parametrize(("mesh", "said"), OF_THE_WHOLE)
def test_parameters_in_a_ratio_are_those_of_the_whole_model(mesh: str, said: str) -> None:
    asked = ["--when", "S << D", "--mesh", mesh]
    assert f" = {said}  " in costgraph("derive", "flops", "params", *asked).stdout


def test_the_formula_of_ones_own_has_the_parameters_of_the_whole_model() -> None:
    asked = ["--measure", "flops", "--when", "S << D", "--mesh", "data(N_d, zero=3), tensor(T)"]
    assert costgraph("check", "--formula", "6*N_params*B*S/(N_d*T)", *asked).returncode == 0


def test_where_only_a_placed_graph_was_given_there_is_no_ratio() -> None:
    placed = cg.decoder().apply(cg.tensor_parallel("T"))
    assert cg.derive("flops", op_set=placed, phase="forward", when="S << D").in_params("flops") is None
