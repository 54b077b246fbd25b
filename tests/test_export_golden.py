"""Exported programs that a person has read; COSTGRAPH_UPDATE_GOLDEN writes the golden files anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import costgraph as cg
from costgraph.exporting.targets import available, load

GOLDEN = Path(__file__).parent / "golden" / "code"
TARGETS = [name for name in available() if load(name).kind in ("code", "data") and load(name).writer == "text"]
COMMAND = ["--measures", "flops,activations", "--pass", "tensor_parallel(T)", "--limit", "E=4,p=2"]


@pytest.mark.parametrize("target", TARGETS)
def test_the_program_is_as_reviewed(target: str) -> None:
    derivation = cg.derive("flops", "activations", passes=["tensor_parallel(T)"], limit="E=4,p=2")
    text = cg.export(derivation, target)
    assert isinstance(text, str)
    path = GOLDEN / f"{target}{load(target).suffix}.txt"
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ:
        path.write_text(text, encoding="utf-8")
    assert text.rstrip("\n") == path.read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["0", "1"])
@pytest.mark.parametrize("target", ["numpy", "sql"])
def test_the_command_line_writes_the_same_bytes_under_every_hash_seed(target: str, seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "costgraph", "export", target, *COMMAND]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout.decode() == (GOLDEN / f"{target}{load(target).suffix}.txt").read_text(encoding="utf-8")
