"""What is imported when: start-up time is a matter of loaded modules, and those can be tested without a clock."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import costgraph

PACKAGE = Path(costgraph.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Prints the loaded top-level modules on the last line, also when the program ends by sys.exit.
REPORT = "import atexit, sys; atexit.register(lambda: print('', *sorted({m.partition('.')[0] for m in sys.modules})))\n"
# Runs one command after the other; says which one was the first to load something that none of them may load.
COMMANDS = """
import json, sys
from costgraph.__main__ import main
for forbidden, arguments in map(json.loads, sys.argv[1:]):
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as end:
        assert not end.code, arguments
    assert not set(forbidden) & set(sys.modules), f"{arguments} loads one of {forbidden}"
"""
# What is imported only where a text needs it: formulas as on paper, names of frameworks, other words.
SPARE = tuple(
    f"costgraph.{name}"
    for name in (
        "aliases", "algebra.frameworks", "algebra.juxtaposed", "algebra.magnitudes", "algebra.paper", "algebra.tex",
    )
)  # fmt: skip
DECODER = ["derive", "--op-set", "decoder", "--limit", "E=4,p=2", "--format"]
EXPLAINING = [["--explain"], ["--when", "S << D"], ["--limit", "S->oo", "--form", "leading"]]
TRAINING = ["estimate", "--model", "llama-3-8b", "--phase", "train", "--limit", "B=8,S=2048", "--hardware", "h100-sxm"]
HEAVY = ("sympy", "networkx", "pydantic", "rich", "pint", "numpy", "importlib.resources")
NOT_ASKED_FOR = ("costgraph.cli.estimate", "costgraph.cli.export", "costgraph.cli.solve", "costgraph.cli.cheatsheet")
UNUSED = (  # by a question about an op set on one device
    "costgraph.passes.place",
    "costgraph.passes.lora",
    "costgraph.passes.decode",
    "costgraph.measures.peak",
    "costgraph.models.family",
    "costgraph.hardware",
    "costgraph.pictures",
    "costgraph.solving",
    "costgraph.estimation",
)
LIGHT = {  # what is the matter: the modules that may not be loaded, and by which commands
    "the version": ((*HEAVY, "typer", "dataclasses", "costgraph.cli.commands"), [["--version"]]),
    "help": (
        (*HEAVY, *NOT_ASKED_FOR, "costgraph.algebra.polynomial"),
        [["--help"], ["derive", "--help"], ["graph", "--help"], ["list", "--help"]],
    ),
    "an op set": (
        (*HEAVY, *NOT_ASKED_FOR, *UNUSED, *SPARE, "jinja2"),
        [[*DECODER, "text"], [*DECODER, "json"], [*DECODER, "latex"], [*DECODER, "markdown"]],
    ),
    "explaining and limits": (
        (*HEAVY, *NOT_ASKED_FOR, *SPARE, "jinja2"),
        [["derive", "flops", "--op-set", "decoder", *options] for options in EXPLAINING],
    ),
    "an estimate": (
        (*HEAVY, "jinja2", "costgraph.library"),
        [TRAINING],
    ),
    "a question": ((*HEAVY, "jinja2"), [["solve", "cache <= 80 GiB", "--for", "B", "--limit", "p=2"]]),
    "code": (HEAVY, [["export", "numpy", "--op-set", "decoder"]]),
    "a cheat sheet": ((*HEAVY, "jinja2"), [["cheatsheet"]]),
    "an entry": ((*HEAVY, "jinja2"), [["check", "korthikanti-2022-eq1"], ["formulas", "show", "korthikanti-2022-eq1"]]),
}


def loaded(code: str, *arguments: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running `code`."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def module_level_imports(source: Path) -> Iterator[str]:
    """What a module imports as soon as it is imported, type checking aside."""
    pending: list[ast.stmt] = list(ast.parse(source.read_text(encoding="utf-8")).body)
    while pending:
        match pending.pop():
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=orelse):
                pending.extend(orelse)
            case ast.If(body=body, orelse=orelse):
                pending.extend([*body, *orelse])
            case ast.Try(body=body, handlers=handlers):
                pending.extend([*body, *(statement for handler in handlers for statement in handler.body)])


def test_the_package_alone_loads_nothing_heavy() -> None:
    assert not {"sympy", "networkx", "typer", "rich"} & loaded(REPORT + "import costgraph")


@pytest.mark.parametrize("what", LIGHT)
def test_no_command_loads_what_it_can_do_without(what: str) -> None:
    forbidden, commands = LIGHT[what]
    modules = loaded(REPORT + COMMANDS, *(json.dumps([forbidden, arguments]) for arguments in commands))
    assert "costgraph" in modules  # the report works


def test_what_is_forbidden_exists() -> None:
    for name in {name for forbidden, _ in LIGHT.values() for name in forbidden}:
        assert find_spec(name) is not None, name


def test_only_the_parts_of_the_library_that_a_form_may_be_in_are_parsed() -> None:
    code = (
        "import sys; from costgraph.library.entries import reading; from costgraph.__main__ import main\n"
        f"sys.argv[1:] = {[*DECODER, 'text']}\n"
        "try: main()\n"
        "except SystemExit: print(reading.parsed.cache_info().misses, len(reading.blocks()))"
    )
    parsed, there = map(int, sorted(loaded(code), key=int))
    assert parsed < there / 10


def test_an_expression_is_what_loads_sympy() -> None:
    assert "sympy" in loaded(REPORT + "import costgraph as cg; cg.params(cg.decoder()).expr")


@pytest.mark.parametrize("name", costgraph.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(costgraph, name) is not None
    assert name in dir(costgraph)


def test_the_list_of_public_names_is_the_table_of_where_they_live() -> None:
    assert sorted(costgraph.__all__) == sorted(["__version__", *costgraph._PUBLIC])
    assert list(costgraph._PUBLIC) == sorted(costgraph._PUBLIC)
    assert len(costgraph.__all__) <= 50


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'decodre'"):
        costgraph.decodre  # noqa: B018


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_sympy_is_imported_inside_functions(source: Path) -> None:
    assert "sympy" not in {name.partition(".")[0] for name in module_level_imports(source)}
