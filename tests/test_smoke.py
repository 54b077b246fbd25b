"""Every command and every kind of file once, with what each extra brings: what a new environment has to pass."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from command_line import ROOT, costgraph

import costgraph as cg

pytestmark = pytest.mark.slow  # to run by itself: other tests look closer

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(?:sh|console)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PRINTED = re.findall(r"^(?:\$ )?costgraph (.*)$", "".join(BLOCKS), re.MULTILINE)
COMMANDS = [
    "list symbols",
    "list hardware",
    "derive --phase decode --pass tensor_parallel(T) --format json",
    "graph --phase train --format dot",
    "solve cache<=hbm --for S --op-set decoder --phase decode --hardware 'mem=9 MiB, flops=1 PFLOP/s, mem_bw=2 TB/s'",
    "solve B**3+S*B==10**9 --for B --limit S=2",
    "check 001-2.8b 001-2.14 000-A1-01",
    "formulas search FALCON memory",
    "cheatsheet",
    *(f"export {target} --measures flops,params" for target in ("python", "numpy", "c", "rust", "sql", "json")),
    "export sql --measures flops --dialect postgres",
    "export latex-derivation --measures params",
]
FILES = {  # what writes the file -> how it begins
    "cheatsheet -o sheet.pdf --engine typst": b"%PDF-",
    "cheatsheet -o sheet.html": b"<!DOCTYPE html>",
    "export excel --measures flops -o costs.xlsx": b"PK\x03\x04",
    "estimate --model gpt-3 --hardware a10 --phase prefill --limit B=1,S=8 --plot roofline.png": b"\x89PNG",
}


@pytest.mark.parametrize("command", [*PRINTED, *COMMANDS])
def test_a_command_does_something(command: str, tmp_path: Path) -> None:
    done = costgraph(*shlex.split(command), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("command", FILES)
def test_a_file_is_of_its_kind(command: str, tmp_path: Path) -> None:
    done = costgraph(*shlex.split(command), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.iterdir()
    assert path.read_bytes().startswith(FILES[command])


def test_a_form_becomes_an_expression() -> None:
    expression = cg.params(cg.decoder()).limit(E=4).expr
    assert str(expression) == "12*D**2*L"
