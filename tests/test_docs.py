"""Every example in the README and in docs/ is run: Python blocks as doctests, console blocks as commands.

With COSTGRAPH_UPDATE_GOLDEN set, console blocks are written anew first; `...` keeps standing for lines left out.
"""

import doctest
import os
import re
import shlex
import subprocess
import sys
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from command_line import costgraph

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONSOLE = re.compile(r"^```console\n\$ (.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = [
    pytest.param(m[1], m[2], id=f"{page.name}: {m[1]}") for page in PAGES for m in CONSOLE.finditer(page.read_text())
]


SLOW = {"a-published-plan.md"}  # all plans of a cluster, several times
EXAMPLES = [pytest.param(page, id=page.name, marks=[pytest.mark.slow] if page.name in SLOW else []) for page in PAGES]


@pytest.mark.parametrize("page", EXAMPLES)
def test_python_examples_give_what_is_printed(page: Path) -> None:
    failures, _ = doctest.testfile(str(page), module_relative=False)
    assert failures == 0


@pytest.mark.slow  # a command each
@pytest.mark.parametrize(("command", "printed"), COMMANDS)
def test_commands_print_what_is_shown(command: str, printed: str) -> None:
    name, *arguments = shlex.split(command)
    assert name == "costgraph"
    run = costgraph(*arguments)
    says_no = (
        run.stdout.startswith("does not fit: ") or "\ndiffers by " in run.stdout
    )  # `fits` and `check` exit with that
    assert run.returncode == says_no, run.stderr
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ and not shows(printed, run.stdout):
        new = updated(printed, run.stdout)
        for page in PAGES:
            text = page.read_text()
            page.write_text(text.replace(f"$ {command}\n{printed}```", f"$ {command}\n{new}```"))
        printed = new
    assert shows(printed, run.stdout), run.stdout


def shows(printed: str, output: str) -> bool:
    """Whether a block shows the output, with `...` for lines left out."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in printed.splitlines())
    return re.fullmatch(pattern, output) is not None


def updated(printed: str, output: str) -> str:
    """The block with each stretch between `...` replaced by what is most like it in the output."""
    rest, made = output.splitlines(), list[str]()
    for stretch in re.split(r"^\.\.\.\n", printed, flags=re.MULTILINE):
        lines = stretch.splitlines()
        if not made and "..." not in printed.splitlines():
            return output
        starts = range(len(rest) - len(lines) + 1) if made else [0]
        start = max(starts, key=lambda i: SequenceMatcher(None, "\n".join(rest[i : i + len(lines)]), stretch).ratio())
        made += [*(["..."] if made else []), *rest[start : start + len(lines)]]
        rest = rest[start + len(lines) :]
    return "\n".join(made) + "\n"


def test_a_block_is_updated_between_its_dots() -> None:
    printed = "first 1\n...\nthird 3\nfourth 4\n...\n"
    output = "first 9\nsecond\nanother\nthird 7\nfourth 8\nfifth\n"
    assert not shows(printed, output)
    assert updated(printed, output) == "first 9\n...\nthird 7\nfourth 8\n...\n"
    assert shows(updated(printed, output), output)
    assert updated("one\n", "two\nthree\n") == "two\nthree\n"


def test_every_command_block_of_the_readme_names_the_program() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    assert all("costgraph" in block or "pytest" in block for block in blocks)


TYPED = [  # behind the two that set up, which .ci/run runs as they stand, from a clone on
    block
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    if ".venv" not in block
]


@pytest.mark.slow  # a process for each command
@pytest.mark.parametrize("block", TYPED, ids=lambda block: block.partition("\n")[0])
def test_what_the_readme_says_to_type_runs_as_it_is_printed(block: str, tmp_path: Path) -> None:
    command = 'costgraph() { python -m costgraph "$@"; }\n' + block
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    named = re.findall(r"--plot (\S+)", block)
    assert sorted(named) == sorted(file.name for file in tmp_path.iterdir())


NEEDED = [("plot", r"^(\$ )?costgraph .* --plot "), ("search", r"^(\$ )?costgraph (search|sweep) ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_first_install_is_enough_for_what_a_page_types(page: Path) -> None:
    """That of the README, which .ci/run types in a clone with all that stands below it."""
    (brought,) = re.findall(r"^python3 -m venv .*-e '\.\[(.*)\]' && costgraph ", PAGES[0].read_text(), re.MULTILINE)
    needed = {extra for extra, typed in NEEDED if re.search(typed, page.read_text(), re.MULTILINE)}
    assert needed <= {*brought.split(",")}
    assert needed or page.stem not in ("README", "search-and-sweep")


def test_every_linked_page_exists() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            beside = page.parent / target
            assert beside.exists() or (ROOT / "docs" / target).exists(), f"{page.name} links to {target}"
