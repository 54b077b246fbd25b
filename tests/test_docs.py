"""Every example in the README and in docs/ is run: Python blocks as doctests, console blocks as commands."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONSOLE = re.compile(r"^```console\n\$ (.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = [pytest.param(m[1], m[2], id=f"{page.name}: {m[1]}") for page in PAGES for m in CONSOLE.finditer(page.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_give_what_is_printed(page: Path) -> None:
    failures, _ = doctest.testfile(str(page), module_relative=False)
    assert failures == 0


@pytest.mark.parametrize(("command", "printed"), COMMANDS)
def test_commands_print_what_is_shown(command: str, printed: str) -> None:
    name, *arguments = shlex.split(command)
    assert name == "costgraph"
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(
        [sys.executable, "-m", "costgraph", *arguments], capture_output=True, encoding="utf-8", env=environment, check=True
    )
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in printed.splitlines())
    assert re.fullmatch(pattern, run.stdout), run.stdout


def test_every_command_block_of_the_readme_names_the_program() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    assert all("costgraph" in block or "pytest" in block for block in blocks)


def test_every_linked_page_exists() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            beside = page.parent / target
            assert beside.exists() or (ROOT / "docs" / target).exists(), f"{page.name} links to {target}"
