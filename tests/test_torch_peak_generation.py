"""Peaks of generation against PyTorch's memory tracker, to the byte: code of our own, and as transformers builds it."""

from __future__ import annotations

import pytest
from torch_peak_generation import reasons_of_growing, reasons_of_library
from torch_peak_inference import Reasons, generated, reasons_of_generation
from torch_peak_runs import MEASURED, Run

from costgraph.algebra.polynomial import total
from costgraph.graph.builder import Purpose
from costgraph.measures.peak import Walk

TABLES: dict[str, Reasons] = {
    "inference": reasons_of_generation,
    "growing": reasons_of_growing,
    "generation": reasons_of_library,
}
ROWS = [(table, key) for table in TABLES for key in MEASURED[table] if key != "of"]
PHASES: tuple[Purpose, ...] = ("prefill", "decode")


def peak(run: Run, found: Walk) -> int:
    """The most bytes that are alive."""
    return max(run.number(total(term.amount for term in found.terms(one))) for one in found.largest())


@pytest.mark.parametrize(("table", "key"), ROWS)
@pytest.mark.parametrize("phase", PHASES)
def test_generation(table: str, key: str, phase: Purpose) -> None:
    run, of = Run(*key.split()), MEASURED[table]["of"].index(f"peak_{phase}")
    assert peak(run, generated(run, phase, TABLES[table])) == MEASURED[table][key][of]


@pytest.mark.slow
def test_each_reason_changes_a_peak() -> None:
    """So that one that holds no more, or never did, is seen."""
    changing, every = set(), set()
    for table, key in ROWS:
        run, of = Run(*key.split()), TABLES[table]
        for phase in PHASES:
            whole = peak(run, generated(run, phase, of))
            for reason in of(run, phase):
                every.add(reason.__name__)
                if peak(run, generated(run, phase, of, without=reason)) != whole:
                    changing.add(reason.__name__)
    assert changing == every
