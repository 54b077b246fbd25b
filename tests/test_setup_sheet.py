"""A cheat sheet is one of the setup that was asked for: passes, mesh, precision, sizes."""

from __future__ import annotations

import re

import pytest
from command_line import costgraph

from costgraph.exporting.documents.cheatsheet import Derived
from costgraph.exporting.documents.contents import TP, Row
from costgraph.setup import Setup


def sheet(*options: str) -> str:
    """The sheet as text."""
    run = costgraph("cheatsheet", *options)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def rows(text: str, title: str) -> dict[str, str]:
    """The first lines of formulas of a section, by the labels of its rows."""
    section = re.split(r"\n\n(?=[A-Z])", text)
    (lines,) = (part.splitlines()[1:] for part in section if part.startswith(title.upper()))
    found = [at for at, line in enumerate(lines) if re.match(r"  \S", line)]
    return {lines[at].strip().partition(" [")[0]: lines[at + 1].strip() for at in found}


def sizes(text: str) -> dict[str, int]:
    """The typical sizes."""
    return {name: int(value) for name, value in re.findall(r"^  ([A-Z]) +(\d+)  ", text, re.MULTILINE)}


@pytest.mark.slow
def test_a_sheet_has_flash_attention_in_all_its_rows() -> None:
    options = (("--attention", "flash"), ("--pass", "flash_attention"))
    by_option, by_pass = (costgraph("cheatsheet", *of).stdout for of in options)
    assert by_option == by_pass != costgraph("cheatsheet").stdout


@pytest.mark.slow
def test_the_sheet_of_a_phase_has_costs_of_that_phase_alone() -> None:
    decode, everything = costgraph("cheatsheet", "--phase", "decode").stdout, costgraph("cheatsheet").stdout
    assert "intensity of decode" in decode
    assert "ACTIVATION MEMORY" in everything
    assert "ACTIVATION MEMORY" not in decode


def test_the_sheet_of_a_model_has_its_sizes() -> None:
    text = costgraph("cheatsheet", "--model", "llama-2-7b", "--limit", "S=100").stdout
    assert "Llama 2 7B" in text
    for line in (r"  L +32 ", r"  D +4096 ", r"  A +32 ", r"  G +32 ", r"  S +100 ", r"  hbm +80 GiB "):
        assert re.search(f"^{line}", text, re.MULTILINE), line


def test_help_offers_the_phases_that_the_sheet_has() -> None:
    run = costgraph("cheatsheet", "--phase", "forward")
    assert (run.returncode, run.stdout) == (2, "")
    assert "--phase forward: the sheet has costs of train, prefill, decode" in run.stderr
    offered = " ".join(costgraph("cheatsheet", "--help").stdout.split())
    assert "forward" not in offered


HEADS: list[tuple[list[str], str]] = [
    (["--pass", "flash_attention", "--mesh", "tensor(4)"], "decoder, flash_attention, mesh tensor(4)"),
    (["--mesh", "data(8)"], "decoder, mesh data(8)"),
    (["--precision", "fp32_adam", "--phase", "train"], "decoder, train, precision fp32_adam"),
    (["--convention", "exact"], "decoder, convention exact"),
    (["--weights", "int4"], "decoder, widths(1/2)"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("options", "said"), HEADS, ids=[said for _, said in HEADS])
def test_the_head_says_the_setup(options: list[str], said: str) -> None:
    assert sheet(*options).splitlines()[1] == f"derived op by op from the graph of {said}"


POLICIES: dict[str, dict[str, str]] = {  # rows of model states, by the policy of the sheet
    "mixed_adam": {"on one device, under mixed_adam": "36LD²(E + 2)/T"},
    "fp32_adam": {"on one device, under fp32_adam": "32LD²(E + 2)/T"},
    "sgd_momentum": {"under sgd_momentum": "24LD²(E + 2)", "on one device, under sgd_momentum": "24LD²(E + 2)/T"},
    "mixed_adam_bf16": {"under mixed_adam_bf16": "32LD²(E + 2)"},
    "weights=2,gradients=2": {"under weights=2,gradients=2": "8LD²(E + 2)"},
}


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_rows_are_named_by_the_policy_that_they_are_derived_under(policy: str) -> None:
    found = rows(sheet("--precision", policy, "--phase", "train"), "model states")
    always = {"mixed precision, Adam": "36LD²(E + 2) = ", "fp32, Adam": "32LD²(E + 2) = "}
    for label, form in (always | POLICIES[policy]).items():
        assert found[label].startswith(form)
    assert ("under mixed_adam" in found, "under fp32_adam" in found) == (False, False)  # they stand there already


TYPICAL: list[tuple[list[str], dict[str, int]]] = [
    (["--mesh", "data(8)"], {"B": 8}),
    (["--mesh", "data(3)"], {"B": 3}),
    (["--mesh", "data(N_h), data(N_d)"], {"B": 16}),
    (["--mesh", "tensor(5)"], {"A": 100, "D": 12300}),
    (["--limit", "A=12"], {"A": 12, "T": 4}),
    (["--op-set", "decoder(head=True)"], {"V": 50264, "T": 8}),
    ([], {"B": 1, "S": 2048, "A": 96, "D": 12288, "T": 8}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("options", "expected"), TYPICAL, ids=[" ".join(options) for options, _ in TYPICAL])
def test_typical_sizes_keep_what_the_rows_assume(options: list[str], expected: dict[str, int]) -> None:
    text = sheet(*options)
    assert expected.items() <= sizes(text).items()
    assert "does not hold" not in text


@pytest.mark.slow
def test_sizes_that_were_typed_and_break_an_assumption_are_refused_or_said() -> None:
    run = costgraph("cheatsheet", "--mesh", "data(8)", "--limit", "B=3")
    assert (run.returncode, run.stdout) == (2, "")
    assert "8 | B does not hold" in run.stderr
    assert "Note: T | V does not hold at the sizes of the worked numbers." in sheet("--model", "gpt-3")


@pytest.mark.slow
def test_what_is_sent_is_said_for_each_axis_of_the_mesh() -> None:
    found = rows(sheet("--mesh", "data(N_d), tensor(T)"), "bytes sent over the mesh")
    assert found["training step, over N_d"].startswith("4LD²p(E + 2)(N_d - 1)/(T N_d)")
    assert found["training step, over T"].startswith("8BSLDp(T - 1)/(T N_d)")
    assert "training step, in all" in found
    assert "training step, over N_h" not in found
    (only,) = rows(sheet("--mesh", "data(8)"), "bytes sent over the mesh")
    assert only == "training step, over N_d"
    assert "BYTES SENT OVER" not in sheet("--phase", "decode")


@pytest.mark.slow
def test_a_ratio_to_the_parameters_is_one_to_those_of_the_whole_model() -> None:
    text = sheet("--mesh", "data(N_d, zero=3)", "--phase", "train")
    assert rows(text, "model states")["mixed precision, Adam"].startswith("36LD²(E + 2)/N_d = 18 N_params/N_d ")
    assert "6BS N_params/N_d" in text


REFUSED: list[tuple[str, str]] = [
    ("P=3", "P=3 has no effect: P is the pipeline-parallel degree"),
    ("N_d=4", "nothing is split over N_d devices: --mesh 'data(N_d)'"),
    ("W=4", "W (window: positions that a query sees, its own included) is no size of this model; --"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "said"), REFUSED)
def test_a_choice_that_no_row_makes_is_refused(limit: str, said: str) -> None:
    run = costgraph("cheatsheet", "--limit", limit)
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr


@pytest.mark.slow
def test_a_choice_that_a_row_makes_may_be_typed() -> None:
    assert "does not occur" not in sheet("--limit", "T=4,G=8,V=100,K=100,S=100")


def test_rows_that_show_parts_of_one_form_derive_it_once() -> None:
    derived = Derived(Setup.of())
    whole, of_attention, of_a_device = (
        Row("", "params", places=("attn",)),
        Row("", "params"),
        Row("", "params", passes=(TP,)),
    )
    assert derived.of(whole) is derived.of(of_attention) is not derived.of(of_a_device)
    assert derived.of(Row("", "states")).setup is derived.of(whole).setup
