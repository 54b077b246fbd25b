"""What every command prints at a terminal of 60 and of 80 columns has no longer line than that."""

from __future__ import annotations

import re
import shlex
from unittest import mock

import pytest
from command_line import costgraph

from costgraph.algebra.printers import UNICODE
from costgraph.cli import commands, telling
from costgraph.reports.layout import text
from costgraph.reports.nodes import Report

pytestmark = pytest.mark.slow  # a command each

TYPED = [
    "derive",
    "derive activations --limit E=4,p=2 --explain",
    "derive flops --when 'S << D'",
    "derive communication states --mesh 'data(N_d, zero=1), tensor(T, sequence=True)'",
    "derive peak --model llama-3-8b --limit B=1,S=2048 --explain",
    "derive flops --per layer --model deepseek-v3",
    "derive flops --model gemma-3-27b --explain",
    "estimate",
    "estimate --model llama-2-7b --hardware a10 --limit B=1,S=350 --new 150",
    "estimate --model gpt-3 --hardware a100-80gb-sxm --phase train --limit B=1,S=2048",
    "estimate --model llama-3-8b --hardware h100-sxm --limit B=8,S=4096 --efficiency flops=0.5 --explain",
    "fits llama-3.1-70b h100-sxm",
    "solve 'states + activations <= hbm' --for S --limit E=4,p=2",
    "solve 'ttft <= 1 s' --for S --model llama-3-8b --hardware h100-sxm --limit B=1",
    "compare llama-3-8b qwen3-8b",
    "compare notes exact",
    "check 001-2.8b 001-2.2 001-2.14",
    "check --formula '8*N_params*B*S + 12*L*B*S**2*D' --measure flops --pass 'recompute(full)'",
    "reconcile 37578559488 192856412160 --model qwen3-30b-a3b --per token --limit B=1,S=8192",
    "audit tests/data/counters.py",
    "search --model llama-3-8b --cluster h100-sxm:8x1 --batch 8 --limit S=4096 --over 'zero=1, P=1, C=1' --top 2",
    "sweep --model llama-3-8b --over 'B=1..8, hardware=[a10, h100-sxm]' --measures peak,flops,params --limit S=4096",
    "graph --model deepseek-v3",
    *(
        f"list {kind}"
        for kind in (
            "", "op-sets", "passes", "measures", "symbols", "conventions", "precisions", "hardware", "models",
            "notations", "schemas", "hardware h100-sxm", "models deepseek-v3",
        )
    ),
    "formulas list",
    "formulas list --source all",
    "formulas search pipeline",
    "formulas show korthikanti-2022-eq1",
]  # fmt: skip


def stays_whole(line: str) -> bool:
    """Whether nothing in a line can be folded: it is one word, or a command that only an option quoted whole is in."""
    return len(line.split()) == 1 or bool(re.fullmatch(r" *(--?[\w-]+ )?'[^']*'( \\)?", line))


def too_long(text: str, width: int) -> list[str]:
    """The lines that a terminal of this width has no room for."""
    return [line for line in text.splitlines() if len(line) > width and not stays_whole(line)]


@pytest.mark.parametrize("typed", TYPED)
def test_no_line_of_an_answer_is_longer_than_the_terminal(typed: str) -> None:
    found: list[str] = []

    def as_text(report: Report, *_: object) -> str:
        found.extend(line for width in (60, 80) for line in too_long(text(report, UNICODE, width), width))
        return report.title

    with mock.patch.object(telling, "as_text", as_text):
        run = costgraph(*shlex.split(typed))
    assert run.returncode in (0, 1), run.stderr
    assert found == []


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize(
    "typed",
    ["cheatsheet", "cheatsheet --model deepseek-v3", "--help", *(f"{name} --help" for name in commands.COMMANDS)],
)
def test_no_line_of_a_sheet_or_of_help_is_longer(typed: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    commands.made.cache_clear()  # help is made once for a process, and a terminal keeps its width meanwhile
    run = costgraph(*shlex.split(typed))
    commands.made.cache_clear()
    assert run.stdout
    assert too_long(run.stdout, width) == []
