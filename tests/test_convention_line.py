"""The line that says what was counted speaks of the norms that the graph has."""

from __future__ import annotations

import pytest

import costgraph as cg
from costgraph.blocks import Attention, Block, Gated, Layers, Norm
from costgraph.conventions import EXACT
from costgraph.conventions.known import CONVENTIONS
from costgraph.models.architecture import Architecture

BOTH = "LayerNorms keep mean and rstd, RMSNorms rstd (4 bytes each per position)"


def mixed() -> Architecture:
    block = Block(Attention(qk_norm=Norm()), Gated(), Norm("layer"))
    return Architecture((Layers("L", block),), norm=None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "llama-2-7b"}, "norms keep rstd (4 bytes per position)"),
        ({"model": "gpt2"}, "norms keep mean and rstd (4 bytes each per position)"),
        ({"model": "command-r"}, "norms keep mean and rstd (4 bytes each per position)"),  # without a shift
        ({"op_set": mixed}, BOTH),
        ({"op_set": "decoder"}, "norms keep mean and rstd (4 bytes each per position)"),
        ({"op_set": "matmul"}, ""),
    ],
)
def test_the_line_says_what_the_norms_of_the_graph_keep(asked: dict[str, object], said: str) -> None:
    setup = cg.derive("params", convention="exact", **asked).setup  # type: ignore[arg-type]
    line = setup.convention.describe(setup.graph.kinds)
    assert line.rpartition("; ")[2] == (said or "dropout masks of one byte")


def test_without_a_graph_the_line_says_it_of_both() -> None:
    assert EXACT.describe().endswith(BOTH)


@pytest.mark.parametrize("name", ["notes", "table_a1"])
def test_statistics_that_are_left_out_are_kept_by_none(name: str) -> None:
    assert "keep" not in CONVENTIONS[name]().describe({"rms_norm"})
