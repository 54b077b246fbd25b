"""What is imported when: start-up time is a matter of loaded modules, and those can be tested without a clock."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
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
LIGHT = {  # the modules that may not be loaded -> by what
    ("sympy", "networkx"): [["--help"], ["--version"], ["derive", "--help"], ["graph", "--help"], ["list", "--help"]],
    ("sympy", "networkx", "jinja2", *SPARE): [
        *([*DECODER, form] for form in ("text", "json", "latex", "markdown")),
        *(["derive", "flops", "--op-set", "decoder", *options] for options in EXPLAINING),
    ],
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


@pytest.mark.parametrize("forbidden", LIGHT, ids=["help and version", "deriving, explaining and limits"])
def test_no_command_loads_what_it_can_do_without(forbidden: tuple[str, ...]) -> None:
    modules = loaded(REPORT + COMMANDS, *(json.dumps([forbidden, arguments]) for arguments in LIGHT[forbidden]))
    assert "networkx" in modules or "networkx" in forbidden  # the report works


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
