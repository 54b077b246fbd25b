"""Help of every command with three examples that run, and what shells complete."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from command_line import costgraph, started

from costgraph.cli.commands import COMMANDS
from costgraph.cli.completion import ASKED, SHELLS
from costgraph.cli.examples import EXAMPLES


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_three_examples_as_a_shell_reads_them(name: str) -> None:
    shown = [line.strip() for line in re.sub(r" \\\n +", " ", costgraph(name, "--help").stdout).splitlines()]
    assert len(EXAMPLES[name]) == 3
    assert all(example in shown for example in EXAMPLES[name])
    assert all(example.startswith(f"costgraph {name}") for example in EXAMPLES[name])


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


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_asks_costgraph(shell: str) -> None:
    script = costgraph("completion", shell).stdout
    assert f"{ASKED}=complete_{shell}" in script
    assert "costgraph" in script


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
