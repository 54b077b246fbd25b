"""Whatever is typed or read: an answer or a short refusal, soon and in little memory. More of it: tests/hostile.py."""

from __future__ import annotations

import sys
import time

import pytest
from hostile import SECONDS, Command, faulty, judge_all
from hostile_files import KINDS
from hostile_input import MADE, Input
from hostile_inputs import PLACES, inputs
from hostile_texts import FAMILIES

import costgraph.cli

SAMPLE, SEED = 150, 9


@pytest.mark.slow
def test_a_sample_of_hostile_inputs_is_answered_or_refused() -> None:
    failed = [(given, verdict) for given, verdict in judge_all(inputs(SAMPLE, SEED)) if verdict.fault]
    assert not failed


def test_every_command_option_and_family_is_reached() -> None:
    many = list(inputs(5000, SEED))
    places = {f"{command} {option}".strip() for command, (_, options) in PLACES.items() for option in options}
    assert places | set(KINDS) <= {given.place for given in many}
    assert {given.family for given in many} == {
        *FAMILIES, "mutated command lines", "spoilt files", "templates", "odd paths",
    }  # fmt: skip
    assert {content for given in many for _, content in given.files if isinstance(content, str)} == set(MADE)
    commands = {command.name or command.callback.__name__ for command in costgraph.cli.app.registered_commands
                if command.callback}  # fmt: skip
    assert commands <= {place.split()[0] for place in places}


def test_the_same_seed_gives_the_same_inputs() -> None:
    assert list(inputs(100, 3)) == list(inputs(100, 3)) != list(inputs(100, 4))


def raises(arguments: tuple[str, ...]) -> int:
    raise RuntimeError(arguments)


def prints_a_traceback(arguments: tuple[str, ...]) -> int:
    print("Traceback (most recent call last):", file=sys.stderr)
    return 2


def is_a_bug(arguments: tuple[str, ...]) -> int:
    print("error: this is a bug in costgraph", file=sys.stderr)
    return 3


def is_slow(arguments: tuple[str, ...]) -> int:
    while True:
        time.perf_counter()


def is_large(arguments: tuple[str, ...]) -> int:
    return len(bytes(bytearray(b"x") * (11 * 10**8))) * 0


def ends(arguments: tuple[str, ...]) -> int:
    import os

    os._exit(0)


def is_silent(arguments: tuple[str, ...]) -> int:
    return 2


PLANTED: dict[Command, str] = {
    raises: "traceback: RuntimeError",
    prints_a_traceback: "traceback: Traceback",
    is_a_bug: "exit 3: error: this is a bug",
    is_slow: f"takes more than {SECONDS:g} s",
    is_large: "MemoryError",
    ends: "ends the process",
    is_silent: "says 0 lines",
}


@pytest.mark.slow
@pytest.mark.parametrize("command", PLANTED)
def test_the_judge_sees_what_is_wrong(command: Command) -> None:
    ((_, verdict),) = judge_all([Input("planted", "", ("x",))], command)
    assert PLANTED[command] in verdict.fault


def test_the_judge_sees_memory_and_time() -> None:
    assert faulty(0, "", 1.0, 10**8) == ""
    assert faulty(0, "", 1.0, 2 * 10**9) == "takes 2000 MB"
    assert faulty(0, "", 6.0, 0) == "takes 6.0 s"
