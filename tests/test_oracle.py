"""The engine against PyTorch's own counters on real model code (tests/data/README.md says how they were read).

Differences that are known are named constants; everything else has to agree to the byte.
"""

from __future__ import annotations

import csv
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from recipes import by_place

import costgraph as cg
from costgraph.algebra.polynomial import Polynomial
from costgraph.closed_form import ClosedForm
from costgraph.conventions import EXACT, NOTES
from costgraph.graph.graph import Graph

DATA = Path(__file__).parent / "data"
Row = dict[str, str]

BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}

# What PyTorch keeps and a model of the architecture does not have:
LOSS_SCALARS = 1  # the mean's divisor, one element of the activations' type
POSITION_ID_BYTES = 8  # an int64 per position, kept for the gradient of the position table
FLASH_RNG_BYTES = 24  # seed and offset of the generator, a layer; kept even without dropout
# What depends on the device: the norms' mean and rstd are fp32 on CUDA, and of the activations' type on CPU.
STATISTIC_BYTES = 4

# Which places of our graph PyTorch's modules are.
MODULES = {"attn": ["attn"], "mlp": ["mlp"], "lm_head": ["head"], "loss": ["loss"], "ln": ["norm"], "ln_f": ["norm"]}


@cache
def table(file: str) -> list[Row]:
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def rows(file: str, **where: str) -> list[Row]:
    return [row for row in table(file) if all(row[key] == value for key, value in where.items())]


def cases(file: str, *show: str, **where: str) -> list[Any]:
    found = rows(file, **where)
    assert found, f"no rows in {file} for {where}"
    return [pytest.param(row, id="-".join(row[key] for key in ("model", *show))) for row in found]


def sizes(row: Row) -> dict[str, Any]:
    numbers: dict[str, Any] = {key: int(row[key]) for key in ("B", "S", "D", "L", "A") if row[key]}
    numbers |= {key: int(row[key]) for key in ("V", "T") if row[key]}
    return numbers | {"E": Fraction(row["E"]), "K": int(row["S"]), "p": BYTES[row["precision"]]}


def value_of(form: ClosedForm, row: Row) -> Any:
    return form.limit(**sizes(row)).number


def number(poly: Polynomial, row: Row) -> Any:
    return poly.substitute({k: Polynomial.constant(v) for k, v in sizes(row).items()}).number


# --- parameters and FLOPs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", cases("reference_gpt.csv", "variant", quantity="params"))
def test_parameters(row: Row) -> None:
    """Our biases are all or none; PyTorch's attention and MLP have theirs apart, so the others' are left out."""
    off = [f"{place}." for place in ("attn", "mlp") if f"{place}_bias=0" in row["variant"]]
    form = cg.params(cg.decoder(head=True, biases=True), EXACT)
    kept = [t for t in form.terms if not (t.source.endswith(".bias") and t.op.startswith(tuple(off)))]
    assert sum(number(term.amount, row) for term in kept) == int(row["value"])


@pytest.mark.parametrize(("biases", "variant"), [(False, "attn_bias=0,mlp_bias=0"), (True, "attn_bias=1,mlp_bias=1")])
def test_parameters_with_all_biases_or_none(biases: bool, variant: str) -> None:
    for row in rows("reference_gpt.csv", quantity="params", variant=variant):
        assert value_of(cg.params(cg.decoder(head=True, biases=biases), EXACT), row) == int(row["value"])


@pytest.mark.parametrize("row", cases("reference_gpt.csv", "attn", "phase", "variant", quantity="flops"))
def test_flops(row: Row) -> None:
    fused = [cg.flash_attention] if row["attn"] == "aten_flash" else []
    trained = [cg.backward] if row["phase"] == "forward+backward" else []
    g = cg.decoder(head=True, dropout=row["variant"] != "p=0").apply(*fused, *trained)
    assert value_of(cg.flops(g), row) == int(row["value"])


# --- saved activations ------------------------------------------------------------------------------------------------


def trained(row: Row, **options: bool) -> Graph:
    fused = [cg.flash_attention] if row["attn"] == "aten_flash" else []
    dropout = row["variant"] not in ("p=0",) and not row["variant"].endswith("p=0.0")
    return cg.decoder(dropout=dropout, **options).apply(*fused, cg.backward)  # type: ignore[arg-type]


def known_differences(row: Row) -> dict[str, int]:
    """Bytes that PyTorch keeps on top of the exact convention, by module."""
    rng = FLASH_RNG_BYTES * int(row["L"]) if row["attn"] == "aten_flash" else 0
    return {"loss": LOSS_SCALARS * BYTES[row["precision"]], "pos": POSITION_ID_BYTES * int(row["S"]), "attn": rng}


@pytest.mark.parametrize(
    "row",
    cases("reference_gpt.csv", "attn", "precision", "variant", quantity="saved_bytes", breakdown="total"),
)
def test_saved_bytes_in_all(row: Row) -> None:
    form = cg.activations(trained(row, head=True), EXACT)
    assert value_of(form, row) + sum(known_differences(row).values()) == int(row["value"])


@pytest.mark.parametrize(
    "row",
    cases("reference_gpt.csv", "attn", "precision", "variant", quantity="saved_bytes", breakdown="total"),
)
def test_saved_bytes_by_module(row: Row) -> None:
    """`ln` is the norms of the blocks, `ln_f` the one after them, `pos` the position table."""
    terms = cg.activations(trained(row, head=True), EXACT).terms
    extra = known_differences(row)
    same_run = {key: row[key] for key in ("model", "attn", "precision", "variant", "quantity")}
    for module in (*MODULES, "pos"):
        (measured,) = rows("reference_gpt.csv", breakdown=module, **same_run)
        mine = [t for t in terms if t.op.partition(".")[0] in MODULES.get(module, [])]
        if module in ("ln", "ln_f"):
            mine = [t for t in mine if (t.op == "norm.final") == (module == "ln_f")]
        counted = sum(number(term.amount, row) for term in mine)
        assert counted + extra.get(module, 0) == int(measured["value"]), module


def test_modules_cover_every_place() -> None:
    places = by_place(cg.activations(cg.decoder(head=True).apply(cg.backward), EXACT))
    assert set(places) == {place for parts in MODULES.values() for place in parts}


# --- one rank of several ----------------------------------------------------------------------------------------------

MODES = {
    "tp": cg.tensor_parallel("T"),
    "sp": cg.tensor_parallel("T", sequence=True),
    "sp_naive": cg.tensor_parallel("T", sequence=True, keep_gathered=True),
}


def rank(row: Row) -> Graph:
    mode = row["variant"].partition(",")[0].removeprefix("mode=")
    return trained(row).apply(MODES[mode])


@pytest.mark.parametrize(
    "row", cases("reference_block_parallel.csv", "T", "D", "L", "precision", "variant", quantity="flops")
)
def test_flops_of_a_rank(row: Row) -> None:
    assert value_of(cg.flops(rank(row), phase="forward"), row) == int(row["value"])


@pytest.mark.parametrize(
    "row", cases("reference_block_parallel.csv", "T", "D", "L", "precision", "variant", quantity="saved_bytes")
)
def test_saved_bytes_of_a_rank(row: Row) -> None:
    """Measured on CPU: mean and rstd are as wide as the activations."""
    g = rank(row)
    large = value_of(cg.activations(g, NOTES), row)
    statistics = value_of(cg.activations(g, EXACT), row) - large
    assert large + statistics * BYTES[row["precision"]] / STATISTIC_BYTES == int(row["value"])
