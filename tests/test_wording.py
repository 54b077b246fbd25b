"""A remedy is in the words of whoever is told: flags at a shell, keywords in Python."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.errors import UserError
from costgraph.reports.nodes import Item, Listing, Note, Report
from costgraph.wording import in_python

ask: Any = cg


@pytest.mark.parametrize(
    ("flags", "keywords"),
    [
        ("write --mesh 'tensor(T)'", "write mesh='tensor(T)'"),
        ("--pass 'recompute(full)' or 'recompute(selective)'", "passes=['recompute(full)'] or 'recompute(selective)'"),
        ("bind it, as in --limit P=4, and", "bind it, as in limit={'P': 4}, and"),
        ("as in --limit B=1,L=...,D=...", "as in limit={'B': 1, 'L': ..., 'D': ...}"),
        ("--limit p=bf16", "limit={'p': 'bf16'}"),
        ("bind B with --limit, or sweep", "bind B with limit, or sweep"),
        ("write --limit S=...", "write limit={'S': ...}"),
        ("--let 'N=...'", "let='N=...'"),
        ("with --limit or --model", "with limit or model"),
        ("leave --per, --whole and --ops out", "leave per, whole=True and ops out"),
        ("leave --per layer out", "leave per='layer' out"),
        ("leave --hardware out, or --cluster", "leave hardware out, or cluster"),
        ("ask for --phase train", "ask for phase='train'"),
        ("--op-set decoder", "op_set='decoder'"),
        ("--cache-dtype int8", "cache_dtype='int8'"),
        ("say --over 'T=[1, 8]'", "say over='T=[1, 8]'"),
        ("--for 'B': name a symbol", "for_='B': name a symbol"),
        ("write --format mermaid", "write --format mermaid"),  # a function has none
        ("see `costgraph list models --json`", "see `costgraph list models --json`"),
        ("type costgraph export latex --op-set decoder", "type costgraph export latex --op-set decoder"),
        ("its parts are shown by --explain", "its parts are shown by .explain()"),
        ("22 cases, which --json lists", "22 cases, which .to_json() lists"),
        ("--pass 'autocast' --weights int4", "passes=['autocast'], weights='int4'"),
        ("--mesh 'tensor(2)'; --weights int4", "mesh='tensor(2)'; weights='int4'"),
        ("a - b -- c", "a - b -- c"),
        ("1--2", "1--2"),
    ],
)
def test_flags_are_keywords_in_python(flags: str, keywords: str) -> None:
    assert in_python(flags) == keywords
    assert str(UserError(flags)) == keywords
    assert UserError(flags).args == (flags,)


WRONG: list[tuple[Callable[[], object], str, list[str], str]] = [
    (
        lambda: ask.derive("flops", "llama-3-8b"),
        "it is a model; write model='llama-3-8b'",
        ["derive", "flops", "llama-3-8b"],
        "it is a model; write --model llama-3-8b",
    ),
    (
        lambda: ask.derive("flops", passes=["zero"]),
        "write mesh='data(N_d, zero=1)'",
        ["derive", "flops", "--pass", "zero"],
        "write --mesh 'data(N_d, zero=1)'",
    ),
    (
        lambda: ask.derive("communication.T"),
        "such as mesh='tensor(T)'",
        ["derive", "communication.T"],
        "such as --mesh 'tensor(T)'",
    ),
    (
        lambda: ask.derive("ttft"),
        "ask for phase='prefill'",
        ["derive", "ttft"],
        "ask for --phase prefill",
    ),
    (
        lambda: ask.check("6ND", "flops"),
        "it reads with notation='kaplan'",
        ["check", "--formula", "6ND", "--measure", "flops"],
        "it reads with --notation kaplan",
    ),
    (
        lambda: ask.derive("flops", whole=True),
        "whole=True is of all devices of a mesh, and there is one device; give mesh",
        ["derive", "flops", "--whole"],
        "--whole is of all devices of a mesh, and there is one device; give --mesh",
    ),
    (
        lambda: ask.solve("params <= 7B", "L*L"),
        "for_='L*L'",
        ["solve", "params <= 7B", "--for", "L*L"],
        "--for 'L*L'",
    ),
]


@pytest.mark.parametrize(("call", "keyword", "command", "flag"), WRONG, ids=[" ".join(one[2]) for one in WRONG])
def test_one_error_has_two_wordings(call: Callable[[], object], keyword: str, command: list[str], flag: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        call()
    assert keyword in str(refused.value)
    assert flag in costgraph(*command).stderr
    with pytest.raises(cg.UserError) as again:  # a command before changes nothing
        call()
    assert str(again.value) == str(refused.value)


# --- answers ----------------------------------------------------------------------------------------------------------

FLAG = re.compile(r"(?<![\w-])--[a-z]")
ANSWERS: list[tuple[Callable[[], Any], list[str], str, str]] = [
    (
        lambda: ask.derive("flops.recompute"),
        ["derive", "flops.recompute"],
        "nothing is replayed; passes=['recompute(full)'] would",
        "nothing is replayed; --pass 'recompute(full)' would",
    ),
    (
        lambda: ask.derive("communication", "cache"),
        ["derive", "communication", "cache"],
        "one device sends nothing; mesh='tensor(T)' has T",
        "one device sends nothing; --mesh 'tensor(T)' has T",
    ),
    (
        lambda: ask.estimate("gpt-3", "a100-80gb-sxm", phase="train", B=1, S=2048),
        ["estimate", "--model", "gpt-3", "--hardware", "a100-80gb-sxm", "--phase", "train", "--limit", "B=1,S=2048"],
        "passes=['recompute(full)'], precision='adam_8bit'",
        "--pass 'recompute(full)' --precision adam_8bit",
    ),
    (
        lambda: ask.solve("states + activations <= hbm", "T"),
        ["solve", "states + activations <= hbm", "--for", "T"],
        "solved for T with mesh='tensor(T)'",
        "solved for T with --mesh 'tensor(T)'",
    ),
]


@pytest.mark.parametrize(("asked", "typed", "in_keywords", "in_flags"), ANSWERS, ids=[says for *_, says in ANSWERS])
def test_an_answer_names_keywords_in_python_and_flags_at_a_shell(
    asked: Callable[[], Any], typed: list[str], in_keywords: str, in_flags: str
) -> None:
    answer = asked()
    for shown in (str(answer), repr(answer), answer._repr_html_(), answer._repr_markdown_()):
        assert not FLAG.search(html.unescape(shown))
    assert in_keywords in " ".join(str(answer).split())
    assert in_flags in " ".join(costgraph(*typed).stdout.split())


def test_what_a_number_is_made_of_is_a_method_of_an_answer() -> None:
    estimate = ask.estimate("gpt-3", "a100-80gb-sxm", phase="train", B=1, S=2048)
    typed = ["estimate", "--model", "gpt-3", "--hardware", "a100-80gb-sxm", "--phase", "train"]
    assert "the formulas and every op stand in .explain()" in str(estimate)
    shown = costgraph(*typed, "--limit", "B=1,S=2048", "--explain").stdout
    assert len(str(estimate.explain()).splitlines()) == len(shown.splitlines())
    derived = costgraph("derive", "activations", "--limit", "E=4,p=2", "--explain").stdout
    assert f"{ask.derive('activations', E=4, p=2).explain()}\n" == derived


def test_a_sweep_that_is_cut_says_where_the_rest_is() -> None:
    pytest.importorskip("numpy")
    points = ask.sweep("gpt2", {"B": range(1, 60)}, "params", S=8)
    assert "19 more rows; .rows() has all" in str(points)


def test_commands_to_copy_stay_as_one_types_them() -> None:
    command = "costgraph estimate --model gpt2"
    said = Report("", ((Listing((Item("a plan", typed=command),)), Note("see --mesh 'tensor(T)'")),)).report
    assert said.nodes == (Listing((Item("a plan", typed=command),)), Note("see mesh='tensor(T)'"))
