"""Questions that people asked in public are answered right (tests/data/questions.toml)."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from command_line import costgraph

from costgraph.algebra.parser import parse

QUESTIONS = tomllib.loads((Path(__file__).parent / "data" / "questions.toml").read_text(encoding="utf-8"))["question"]


def named(question: dict[str, Any]) -> str:
    return f"{question['asked']} ({question['source'].partition(',')[0]})"


def answer(command: list[str]) -> str:
    run = costgraph(*command)
    assert run.stderr == ""
    return run.stdout


def measured(command: list[str]) -> list[dict[str, str]]:
    return [*json.loads(answer([*command, "--format", "json"]))["measures"].values()]


@pytest.mark.parametrize("question", QUESTIONS, ids=named)
def test_a_question_is_answered_right(question: dict[str, Any]) -> None:
    command = shlex.split(question["command"])
    if "says" in question:
        said = answer(command)
        assert [words for words in question["says"] if words not in said] == []
        return
    found = measured(command)
    assert {one["unit"] for one in found} == {question["unit"]}
    if "form" in question:
        (one,) = found
        assert parse(one["limited"]) == parse(question["form"])
        return
    values = question["value"] if isinstance(question["value"], list) else [question["value"]]
    assert [one["value"] for one in found] == [str(value) for value in values]


@pytest.mark.parametrize("question", QUESTIONS, ids=named)
def test_a_question_says_who_asked_and_why_the_answer_is_right(question: dict[str, Any]) -> None:
    assert {"source", "asked", "command", "why"} <= question.keys()
    assert len({"value", "form", "says"} & question.keys()) == 1
