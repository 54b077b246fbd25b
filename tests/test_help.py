"""Help of every command with three examples that run, and what shells complete."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import typer
from command_line import costgraph, started

from costgraph.cli.commands import COMMANDS, made
from costgraph.cli.completion import ASKED, SHELLS
from costgraph.cli.examples import EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_has_three_examples_as_a_shell_reads_them(name: str) -> None:
    shown = [line.strip() for line in re.sub(r" \\\n +", " ", costgraph(*name.split(), "--help").stdout).splitlines()]
    assert len(EXAMPLES[name]) == 3
    assert all(example in shown for example in EXAMPLES[name])
    assert all(example.startswith(f"costgraph {name}") for example in EXAMPLES[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_has_words_for_values_and_whole_sentences(name: str) -> None:
    shown = costgraph(*name.split(), "--help").stdout.partition("Examples:")[0]
    assert not re.search(r"<(str|int|path|list)|\[\[|}}", shown)  # types of Python
    assert "..." not in shown.partition("Commands:")[2]


@pytest.mark.slow
@pytest.mark.parametrize("example", [one for examples in EXAMPLES.values() for one in examples])
def test_an_example_runs(example: str, tmp_path: Path) -> None:
    (tmp_path / "mfu.py").write_text("def flops_per_token(n_layer, n_embd):\n    return 72 * n_layer * n_embd**2\n")
    _, *arguments = shlex.split(example)
    found = costgraph(*arguments, cwd=tmp_path)
    assert found.stderr == "" or arguments[0] in ("search", "sweep")  # which say there how much there is to look at
    says_no = found.stdout.startswith("does not fit") or arguments[0] == "audit"  # of attention the formula has nothing
    assert found.returncode == int(says_no), found.stderr
    assert found.stdout or len(list(tmp_path.iterdir())) == 2


def completed(typed: str) -> list[str]:
    """What bash is told that may stand in place of the last word."""
    words = typed.split(" ")
    run = started(_COSTGRAPH_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=str(len(words) - 1))
    assert run.stderr == ""
    return run.stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "among"),
    [
        ("costgraph de", ["derive"]),
        ("costgraph derive fl", ["flops", "flops.forward"]),
        ("costgraph derive --mod", ["--model"]),
        ("costgraph derive --model llama-3-", ["llama-3-8b", "llama-3-70b"]),
        ("costgraph estimate --model llama-3-", ["llama-3-8b"]),
        ("costgraph estimate --hardware h100", ["h100-sxm", "h100-pcie"]),
        ("costgraph fits llama-3-8b rtx", ["rtx-4090"]),
        ("costgraph derive --pass flash", ["flash_attention"]),
        ("costgraph derive --limit lambda_f", ["lambda_flops="]),
        ("costgraph derive --limit B=1,lambda_f", ["B=1,lambda_flops="]),
        ("costgraph solve q --for lambda_f", ["lambda_flops"]),
    ],
)
def test_a_shell_completes_commands_options_and_names(typed: str, among: list[str]) -> None:
    found = completed(typed)
    last = typed.rpartition(" ")[2]
    assert set(among) <= set(found)
    assert all(one.startswith(last) for one in found)


# What nobody knows beforehand: numbers, letters of one's own, formulas and relations; and files, of which shells know.
OPEN = {
    "batch", "new", "top", "price", "tokens", "let", "when", "formula", "question", "words", "scheduler",
    "output", "plot", "from_", "exporters", "files",
}  # fmt: skip
NUMBERS = {("reconcile", "a"), ("reconcile", "b")}


def parameters() -> list[tuple[str, Any, Any]]:
    """Every option and argument that takes a value, behind its command, as a shell that asks has them."""
    with mock.patch.dict(os.environ, {ASKED: "complete_bash"}):
        commands = {name: made.__wrapped__(name) for name in COMMANDS}
    inner = {f"{name} {sub}": one for name, group in commands.items() for sub, one in subcommands(group).items()}
    found = {name: one for name, one in (commands | inner).items() if not subcommands(one)}
    return [(name, command, one) for name, command in found.items() for one in command.params if takes_a_value(one)]


def subcommands(command: Any) -> dict[str, Any]:
    """The commands of a group."""
    return getattr(command, "commands", {})


def takes_a_value(one: Any) -> bool:
    """Whether a parameter is more than there or not."""
    return not getattr(one, "is_flag", False)


def test_every_option_completes_the_words_that_it_takes() -> None:
    """A new option either is in the table of words or is known to take what nobody knows beforehand."""
    for name, command, one in parameters():
        is_open = one.name in OPEN or (name, one.name) in NUMBERS
        typed = typer.Context(command)
        typed.params = {"kind": "models"}
        offered = [item.value for item in one.shell_complete(typed, "")]
        assert bool(offered) is not is_open, f"{name}: {one.name}"
        assert len(set(offered)) == len(offered)
        assert not any(" " in word for word in offered)  # a shell would take it for two


def test_words_are_those_of_the_command_and_of_what_was_typed_before() -> None:
    known = {(name, one.name): (command, one) for name, command, one in parameters()}
    for name, parameter, typed, before, among in (
        ("compare", "a", "mistral", {}, "mistral-7b"),
        ("compare", "b", "pal", {}, "palm"),
        ("list", "name", "mi3", {"kind": "hardware"}, "mi300x"),
        ("list", "name", "costgraph.d", {"kind": "schemas"}, "costgraph.derive/1"),
        ("formulas list", "source", "a", {}, "all"),
        ("formulas show", "id_", "001-2.", {}, "001-2.8b"),
        ("estimate", "phase", "g", {}, "generate"),
        ("check", "outcome", "agrees-", {}, "agrees-to-the-stated-order"),
        ("derive", "ops", "moe.r", {"model": "mixtral-8x7b"}, "moe.router"),
        ("derive", "format_", "m", {}, "markdown"),
        ("derive", "limit", "B=1, lambda_f", {}, "B=1, lambda_flops="),
    ):
        command, one = known[name, parameter]
        context = typer.Context(command)
        context.params = dict(before)
        assert among in [item.value for item in one.shell_complete(context, typed)]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_asks_costgraph(shell: str) -> None:
    script = costgraph("completion", shell).stdout
    assert f"{ASKED}=complete_" in script
    assert "costgraph" in script


@pytest.mark.slow
@pytest.mark.needs_tool("bash")
@pytest.mark.parametrize(
    ("typed", "last", "completed"),
    [
        ("costgraph derive --limit lambda_fl", "lambda_fl", "lambda_flops="),
        ("costgraph derive --limit E=4,lambda_fl", "4,lambda_fl", "4,lambda_flops="),  # taken apart at =
        ("costgraph derive --model=mixtral-8x7", "mixtral-8x7", "mixtral-8x7b"),
        ("costgraph derive --model=", "=", "qwen3-30b-a3b"),
        ("costgraph estimate --mesh 'data(2), ten", "'data(2), ten", "data(2), tensor"),
    ],
)
def test_bash_completes_what_it_has_left_of_a_word(typed: str, last: str, completed: str, tmp_path: Path) -> None:
    (tmp_path / "costgraph").write_text(f'#!/bin/sh\nexec {sys.executable} -m costgraph "$@"\n')
    (tmp_path / "costgraph").chmod(0o755)
    script = costgraph("completion", "bash").stdout
    asked = 'compopt() { :; }\nCOMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=("$2") COMP_CWORD=0\n'
    told = f'{script}\n{asked}_costgraph_completion "$3"\nprintf "%s\\n" "${{COMPREPLY[@]}}"'
    words = [typed, last, str(tmp_path / "costgraph")]
    run = subprocess.run(["bash", "-c", told, "bash", *words], text=True, capture_output=True, check=True)
    assert completed in run.stdout.split("\n")


@pytest.mark.slow
@pytest.mark.needs_tool("bash")
def test_bash_takes_the_script() -> None:
    check = subprocess.run(["bash", "-n"], input=costgraph("completion", "bash").stdout, text=True, capture_output=True)
    assert (check.returncode, check.stderr) == (0, "")


def test_an_unknown_shell_is_refused() -> None:
    found = costgraph("completion", "powershell")
    assert (found.returncode, found.stdout) == (2, "")
    assert "unknown shell 'powershell'" in found.stderr


def test_the_table_of_commands_says_whole_sentences_at_80_columns() -> None:
    assert all(len(line) <= 62 for _, _, line in COMMANDS.values())  # beyond that they end in dots
    assert "..." not in costgraph("--help").stdout.partition("Commands:")[2]
