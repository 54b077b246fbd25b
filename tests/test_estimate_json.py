"""`estimate --json`: its keys and types, null where there is nothing, and every number as the text says it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from command_line import costgraph

TRAIN = "estimate --model gpt2 --phase train --limit B=8,S=128 --hardware a10"
FULL = f"{TRAIN} --efficiency flops=0.5,mem=0.8 --tokens 1B --price 1USD/h"
DECODE = "estimate --model llama-3-8b --hardware rtx-4090 --limit B=1,S=512 --new 8 --efficiency flops=0.5"
OPEN = "estimate --model gpt2 --phase decode"
PIPELINE = (
    "estimate --model gpt2 --phase train --limit B=8,S=128 --cluster h100-sxm:8 --mesh pipeline(2),microbatches(4)"
    " --efficiency flops=0.5"
)
TOO_LARGE = "estimate --model llama-3-70b --hardware a10 --limit B=1,S=128"
ALL = (TRAIN, FULL, DECODE, OPEN, PIPELINE, TOO_LARGE)

VERDICT = {"fits": bool, "needed_bytes": int, "usable_bytes": int, "stage": str, "instant": str, "parts": dict}
STEP = {
    "name": str, "bound_s": float, "estimate_s": float, "tokens_per_s": float, "bound_tokens_per_s": float,
    "mfu": float, "hfu": float, "bound_by": str, "stage": str, "busy_s": dict, "assumptions": list,
}  # fmt: skip


def asked(typed: str) -> dict[str, Any]:
    found = costgraph(*typed.split(" "), "--json")
    assert (found.returncode, found.stderr) == (0, "")
    data = json.loads(found.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("typed", ALL)
def test_a_verdict_and_a_step_have_their_keys_and_types(typed: str) -> None:
    data = asked(typed)
    for name, types in (("verdict", VERDICT), ("step", STEP)):
        assert {*data[name]} == {*types}
        wrong = {key: value for key, value in data[name].items() if not (value is None or type(value) is types[key])}
        assert wrong == {}


@pytest.mark.parametrize(
    ("typed", "verdict", "step"),
    [
        (TRAIN, {"stage"}, {"estimate_s", "tokens_per_s", "mfu", "hfu", "stage"}),
        (FULL, {"stage"}, {"stage"}),
        (DECODE, {"stage"}, {"stage"}),
        (PIPELINE, set(), set()),
        (OPEN, {"fits", "needed_bytes", "usable_bytes", "stage", "instant"}, {*STEP} - {"assumptions"}),
    ],
)
def test_what_there_is_not_is_null(typed: str, verdict: set[str], step: set[str]) -> None:
    data = asked(typed)
    assert {key for key, value in data["verdict"].items() if value is None} == verdict
    assert {key for key, value in data["step"].items() if value is None} == step


@pytest.mark.parametrize("typed", [FULL, PIPELINE])
def test_two_runs_say_the_same(typed: str) -> None:
    assert costgraph(*typed.split(" "), "--json").stdout == costgraph(*typed.split(" "), "--json").stdout


UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def number(text: str) -> float:
    """`23.33 ms` in seconds, `1.5 GiB` in bytes."""
    value, unit = text.split()[:2]
    return float(value) * UNITS[unit]


@pytest.mark.parametrize("typed", [FULL, DECODE, PIPELINE])
def test_the_text_says_the_same_numbers(typed: str) -> None:
    data, lines = asked(typed), costgraph(*typed.split(" ")).said.splitlines()
    step, verdict = data["step"], data["verdict"]
    (row,) = [line for line in lines if line.startswith(f"{step['name']} ") and "%" in line and "bound by" not in line][
        :1
    ]
    cells = re.split(r"  +", row)
    assert number(cells[1]) == pytest.approx(step["bound_s"], rel=1e-3)
    assert cells[2] == step["bound_by"]
    assert float(cells[3]) == pytest.approx(step["bound_tokens_per_s"], rel=1e-3)
    assert number(cells[4]) == pytest.approx(step["estimate_s"], rel=1e-3)
    assert float(cells[5]) == pytest.approx(step["tokens_per_s"], rel=1e-3)
    assert float(cells[6].split()[0]) / 100 == pytest.approx(step["mfu"], rel=1e-2)
    assert float(cells[7].split()[0]) / 100 == pytest.approx(step["hfu"], rel=1e-2)
    (line,) = [line for line in lines if line.startswith("in all ")]
    assert number(re.split(r"  +", line)[1]) == pytest.approx(verdict["needed_bytes"], rel=1e-3)
    for part, size in verdict["parts"].items():
        (line,) = [line for line in lines if line.startswith(f"{part} ")][:1]
        assert number(re.split(r"  +", line)[1]) == pytest.approx(size, rel=1e-3)
    assert lines[1].startswith("fits: " if verdict["fits"] else "does not fit: ")
    assert all(said in lines for said in step["assumptions"])


def test_a_run_costs_its_device_hours() -> None:
    data = asked(FULL)
    for kind, seconds in (("bound", data["step"]["bound_s"]), ("estimate", data["step"]["estimate_s"])):
        run = data["runs"][kind]
        assert run["gpu_hours"] == pytest.approx(seconds * 1e9 / (8 * 128) / 3600)
        assert run["usd"] == pytest.approx(run["gpu_hours"])
        assert run["days"] == pytest.approx(run["gpu_hours"] / 24)


def test_numbers_beyond_all_floats_are_whole() -> None:
    data = asked(TRAIN + " --tokens 1e400 --price 1USD/h")
    assert type(data["runs"]["bound"]["usd"]) is int
