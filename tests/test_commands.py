"""The table of commands: its lines are those of the commands, and values are read as typer reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import costgraph

from costgraph.cli.commands import COMMANDS, command, made
from costgraph.cli.plain_values import is_plain, value
from costgraph.errors import UserError

MODULES = Path(__file__).parents[1] / "costgraph" / "cli"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_table_is_the_first_of_the_help_of_the_command(name: str) -> None:
    table: Any = command()
    assert table.commands[name].get_short_help_str(1000) == made(name).get_short_help_str(1000)
    assert COMMANDS[name][2] == (made(name).help or "").split("\n")[0]


def test_every_function_with_the_options_of_a_setup_is_a_command() -> None:
    with_options = {file.stem for file in MODULES.glob("*.py") if "@arg.of_setup(" in file.read_text()}
    assert with_options <= {module for module, _, _ in COMMANDS.values()}


def test_a_command_that_there_is_not_has_those_that_are_near() -> None:
    run = costgraph("deriv")
    assert (run.returncode, run.stderr) == (2, "error: No such command 'deriv'. Did you mean 'derive'?\n")


def test_the_version_is_the_same_on_both_ways() -> None:
    assert costgraph("--version").stdout == costgraph("--version", "derive").stdout != ""


def param(name: str) -> Any:
    """An option of `estimate`."""
    return next(one for one in made("estimate").params if one.name == name)


@pytest.mark.skipif(not hasattr(param("new"), "get_runtime_param"), reason="typer reads values without pydantic")
@pytest.mark.parametrize(
    ("name", "typed", "plain"),
    [
        ("model", None, True),
        ("model", "llama-3-8b", True),
        ("model", "", True),
        ("model", "\udcff", True),  # no UTF-8
        ("limit", None, True),
        ("limit", (), True),
        ("limit", ["B=1", "S=2"], True),
        ("new", None, True),
        ("new", "150", True),
        ("new", "007", True),
        ("new", " 7 ", False),
        ("new", "+7", False),
        ("new", "-7", False),
        ("new", "1_000", False),
        ("new", "²", False),
        ("output", None, True),
        ("output", "no/such/file.txt", True),
        ("output", "../a//b", True),
        ("output", __file__, False),
        ("explain", True, False),
    ],
)
def test_plain_values_are_what_typer_makes_of_them(name: str, typed: Any, plain: bool) -> None:
    one = param(name)
    assert is_plain(one.type_descriptor.annotation, typed) == plain
    try:
        usual = type(one).process_value(one, None, typed)
    except Exception as error:
        with pytest.raises((type(error), UserError)):  # what is no number is refused in words of ours
            value(one, None, typed)
    else:
        found = value(one, None, typed)
        assert (found, type(found)) == (usual, type(usual))
