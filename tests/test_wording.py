"""A remedy is in the words of whoever is told: flags at a shell, keywords in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.errors import UserError
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
