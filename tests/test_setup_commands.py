"""Every command takes every option of a setup, and says what of it had no effect."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import costgraph

OPTIONS = [
    "--model", "--op-set", "--phase", "--pass", "--mesh", "--convention", "--precision", "--attention", "--limit",
]  # fmt: skip
COMMANDS: dict[str, list[str]] = {
    "derive": ["derive", "params"],
    "solve": ["solve", "states <= hbm", "--for", "D"],
    "estimate": ["estimate"],
    "check": ["check", "--formula", "1", "--measure", "params"],
    "export": ["export", "python", "--measures", "params"],
    "cheatsheet": ["cheatsheet"],
    "graph": ["graph"],
}
VALUES = {  # wrong ones, with what is said
    "--model": ("gpt-33", "unknown model 'gpt-33': did you mean gpt-3"),
    "--op-set": ("decodr", "unknown op set 'decodr': did you mean decoder"),
    "--phase": ("trian", "unknown phase 'trian': did you mean train?"),
    "--pass": ("flsh", "unknown pass 'flsh'"),
    "--mesh": ("tenser(T)", "unknown axis 'tenser': did you mean tensor?"),
    "--convention": ("note", "unknown convention 'note': did you mean notes"),
    "--precision": ("mixed", "precision"),
    "--attention": ("flsh", "unknown attention of choices 'flsh': did you mean flash?"),
    "--limit": ("E=", "a value is missing after ="),
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_setup_is_read_by_every_command(command: str, option: str) -> None:
    value, said = VALUES[option]
    run = costgraph(*COMMANDS[command], option, value)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert said in run.stderr


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "cheatsheet"])
def test_every_command_refuses_a_degree_without_an_axis(command: str) -> None:
    run = costgraph(*COMMANDS[command], "--limit", "T=8")
    assert (run.returncode, run.stdout) == (2, "")
    assert "--mesh 'tensor(T)'" in run.stderr


IDLE: dict[str, str] = {  # command -> how it begins the line
    "derive params --limit V=7": "note: ",
    "derive params --limit V=7 --format markdown": "- note: ",
    "derive params --limit V=7 --format latex": "% note: ",
    "graph --limit V=7": "note: ",
    "graph --limit V=7 --format dot": "// note: ",
    "graph --limit V=7 --format mermaid": "%% note: ",
    "solve params*p<=hbm --for D --limit V=7": "note: ",
    "solve params*p<=hbm --for D --limit V=7 --format markdown": "- note: ",
    "solve params*p<=hbm --for D --limit V=7 --format latex": "% note: ",
    "estimate --limit V=7": "note: ",
    "estimate --limit V=7 --format markdown": "- note: ",
    "check --formula 12*L*D**2 --measure params --limit E=4,V=7": "note: ",
}


@pytest.mark.parametrize("command", IDLE)
def test_what_has_no_effect_is_said_inside_the_answer_and_not_beside_it(command: str, tmp_path: Path) -> None:
    run = costgraph(*command.split(" "))
    assert (run.returncode, run.stderr) == (0, "")
    assert [line for line in run.stdout.splitlines() if line.startswith(f"{IDLE[command]}V does not occur in ")]
    if not command.startswith("check"):
        costgraph(*command.split(" "), "-o", str(tmp_path / "answer"))
        assert "note: V does not occur in " in (tmp_path / "answer").read_text()


@pytest.mark.parametrize(
    "command",
    [
        "derive params --limit V=7 --json",
        "solve params*p<=hbm --for D --limit V=7 --json",
        "estimate --limit V=7 --json",
        "export json --measures params --limit V=7",
        "check --formula 12*L*D**2 --measure params --limit E=4,V=7 --format json",
    ],
)
def test_json_has_the_remarks(command: str) -> None:
    (said,) = json.loads(costgraph(*command.split(" ")).stdout)["remarks"]
    assert said.startswith("V does not occur in ")


@pytest.mark.parametrize("target", ["python", "numpy", "c", "rust", "javascript", "typescript", "sql"])
def test_an_exported_file_says_what_had_no_effect(target: str) -> None:
    text = costgraph("export", target, "--measures", "params", "--limit", "V=7").stdout
    assert "note: V does not occur in params" in " ".join(text.replace("*", "").split())


@pytest.mark.parametrize(
    ("command", "usual"),
    [
        ("derive flops", "eager"),
        ("solve states<=hbm --for D", "eager"),
        ("solve states+cache<=hbm --for B --model llama-2-7b --hardware h200 --limit S=8", "flash"),
        ("estimate --phase train", "flash"),
    ],
    ids=lambda text: text[:14],
)
@pytest.mark.parametrize("option", ["", "eager", "flash"])
def test_json_says_how_attention_is_computed(command: str, usual: str, option: str) -> None:
    expected = option or usual
    asked = [*command.split(" "), "--json", *(["--attention", option] if option else [])]
    found = json.loads(costgraph(*asked).stdout)
    assert found["attention"] == expected
    assert ("flash_attention" in found["passes"]) == (expected == "flash")


PART = "flops(attention_core)"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["derive", PART, "--phase", "forward"], "4BS²LD"),
        (["derive", PART, "--phase", "forward", "--json"], '"form": "4*B*S**2*L*D"'),
        (["export", "python", "--measures", f"params,{PART}", "--phase", "forward"], "def flops_attention_core(B:"),
        (["export", "json", "--measures", PART, "--phase", "forward"], '"text": "4*B*S**2*L*D"'),
        (["check", "--formula", "4*B*S**2*L*D", "--measure", PART, "--phase", "forward"], "agrees"),
        (["solve", f"{PART} == flops(mlp)", "--for", "S", "--phase", "forward"], "S = DE"),
        (["derive", "activations(dims=st)"], "BS²LA(2p + 1)"),
        (["derive", "states(fp32_adam)"], "2LD²"),
        (["derive", "activations(attn, p=2)"], "activations(attn, p=2)"),
    ],
    ids=lambda given: " ".join(given)[:60],
)
def test_a_measure_of_a_part_is_a_measure_everywhere(command: list[str], said: str) -> None:
    run = costgraph(*command)
    assert (run.returncode, run.stderr) == (0, "")
    assert said in run.stdout


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("flop(attn)", "unknown measure 'flop': did you mean flops?"),
        ("flops(atn)", "unknown part of the model 'atn': did you mean attn?"),
        ("flops(dims=st)", "are not single tensors"),
        ("flops(attn, q=2)", "unknown symbol 'q'"),
        ("flops + 1", "unknown measure 'flops + 1'"),
        ("flops(", "flops("),
    ],
)
@pytest.mark.parametrize(
    "command", [["derive"], ["export", "python", "--measures"], ["check", "--formula", "1", "--measure"]]
)
def test_a_part_that_is_none_is_refused_in_one_line(command: list[str], measure: str, said: str) -> None:
    run = costgraph(*command, measure)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("\n") == 1
    assert said in run.stderr


def test_a_graph_shows_the_sizes_of_a_model() -> None:
    assert "bsd (1, 8, 4096)" in costgraph("graph", "--model", "llama-2-7b", "--limit", "B=1,S=8").stdout


SETUP = {  # options that take one value, with one of them
    "--model": "gpt-3", "--op-set": "decoder", "--phase": "train", "--mesh": "data(2)", "--convention": "exact",
    "--precision": "fp32_adam", "--attention": "flash", "--weights": "int4", "--cache-dtype": "fp8",
}  # fmt: skip


@pytest.mark.parametrize("option", [*SETUP, "--limit", "--pass"])
@pytest.mark.parametrize("command", ["derive", "estimate", "cheatsheet"])
def test_an_option_without_a_value_is_refused(command: str, option: str) -> None:
    for empty in ("", "  "):
        run = costgraph(*COMMANDS[command], option, empty)
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr == f"error: {option} is empty; give it a value, or leave it out\n"


@pytest.mark.parametrize("option", SETUP)
@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_takes_one_value_has_no_second_one(command: str, option: str) -> None:
    run = costgraph(*COMMANDS[command], option, SETUP[option], option, SETUP[option])
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == f"error: {option} is given twice; it takes one value\n"


def test_options_of_a_command_of_its_own_stand_once_too() -> None:
    assert "--for is given twice" in costgraph("solve", "states <= hbm", "--for", "D", "--for", "L").stderr
    assert "-o is given twice" in costgraph("derive", "params", "-o", "a", "-o", "b").stderr
    assert costgraph("derive", "params", "--json", "--json", "--limit", "E=4", "--limit", "p=2").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("target", ["latex-derivation", "text"])
def test_a_document_says_what_had_no_effect_in_a_sentence_of_its_own(target: str) -> None:
    measures = ["--measures", "params"] if target != "text" else ["--phase", "decode"]
    text = costgraph("export", target, *measures, "--limit", "V=7").stdout
    assert re.search(r"^ *Note: V does not occur in (params|the sheet)\.$", text, re.MULTILINE)
    assert all("note" not in line.lower() for line in text.splitlines() if "Assumed" in line)


def test_stored_forms_keep_their_remarks(tmp_path: Path) -> None:
    stored = tmp_path / "forms.json"
    costgraph("export", "json", "--measures", "params", "--limit", "V=7", "-o", str(stored))
    assert "note:" not in json.dumps([form["setting"] for form in json.loads(stored.read_text())["forms"]])
    assert "note: V does not occur in params" in costgraph("export", "python", "--from", str(stored)).stdout
