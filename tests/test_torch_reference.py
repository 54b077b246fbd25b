"""What autograd keeps of a GPT, what its products cost, and what one rank of several has, as PyTorch counted it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from torch_models import by_kind
from torch_reasons import reasons, saved
from torch_reference import FUSED, MEASURED, Run, graph, number, read_again, sizes_of

import costgraph as cg
from costgraph.conventions import NOTES
from costgraph.conventions.torch import TORCH
from costgraph.graph.graph import Graph

Table = dict[str, Any]
HEAD = ("attention", "variant", "on", "models", "of", "phase")  # of a table; the other keys are rows


def runs(table: Table) -> Iterator[Run]:
    """The runs that a table holds the rows of."""
    for on in table["on"]:
        precision, device = on.split()
        yield Run(table["attention"], table["variant"], precision, device)


def rows(table: Table) -> Iterator[tuple[str, str, int]]:
    """Name, model and value of every row."""
    for name, values in table.items():
        if name not in HEAD:
            for model, value in zip(table["models"], values, strict=False):  # by op two models were counted
                yield name, model, value


SAVED = [(table, run) for table in MEASURED["saved"] for run in runs(table)]
NAMES = [f"{'-'.join(run)}" for _, run in SAVED]


def test_all_rows_are_there() -> None:
    assert sum(len(list(rows(table))) for table, _ in SAVED) == 5686
    assert sum(len(list(rows(table))) * len(table["of"]) for table in MEASURED["flops"]) == 290
    assert sum(map(len, RANKS.values())) == 144
    assert sum(len(list(rows(table))) for table in MEASURED["params"]) == 64


# --- what autograd keeps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "run"), SAVED, ids=NAMES)
def test_saved_bytes(table: Table, run: Run) -> None:
    """In all, by module, by op; `ln` are the norms of the blocks, `pos` is the table of positions."""
    for name, model, value in rows(table):
        if name != "kind:weight_cast":
            assert saved(run, model)[name] == value, (name, model)


@pytest.mark.parametrize(("table", "run"), SAVED, ids=NAMES)
def test_nothing_else_is_saved(table: Table, run: Run) -> None:
    by_op = {name for name, _, _ in rows(table) if "/" in name}
    first = table["models"][0]
    assert not by_op or {name for name in saved(run, first) if "/" in name} == by_op


@pytest.mark.parametrize("run", [run for _, run in SAVED if reasons(run)], ids="-".join)
def test_a_reason_changes_what_is_saved(run: Run) -> None:
    """So that one that holds no more, or never did, is seen."""
    for reason in reasons(run):
        assert saved(run, "g1") != saved(run, "g1", without=reason), reason.__doc__


@pytest.mark.parametrize(("table", "run"), [one for one in SAVED if one[1].autocast], ids=lambda one: "")
def test_copies_of_weights_under_autocast(table: Table, run: Run) -> None:
    for name, model, value in rows(table):
        if name == "kind:weight_cast":
            sizes = sizes_of(model, run)
            copies = [tensor for _, tensor in read_again(graph(run), ("weight",)) if tensor.name in graph(run).producer]
            assert sum(number(tensor.nbytes * tensor.times, sizes) for tensor in copies) == value


# --- parameters and FLOPs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", MEASURED["params"], ids=lambda table: table["variant"])
def test_parameters(table: Table) -> None:
    run = Run("manual_add", table["variant"])
    form = cg.params(graph(run, trained=False), TORCH)
    for name, model, value in rows(table):
        sizes = sizes_of(model, run)
        mine = {term.source: number(term.amount, sizes) for term in form.terms}
        tokens, positions = mine["embed.tokens.table"], mine["embed.positions.table"]
        total = sum(mine.values())
        known = {"total": total, "token_embedding": tokens, "position_embedding": positions}
        assert known.get(name, total - tokens - positions) == value, (name, model)


FLOPS = [(table, Run(of[0], of[1], device=of[2])) for table in MEASURED["flops"] for of in table["of"]]


@pytest.mark.parametrize(("table", "run"), FLOPS, ids=lambda one: "-".join(one) if isinstance(one, Run) else "")
def test_flops(table: Table, run: Run) -> None:
    g = graph(run, table["phase"] != "forward")
    amounts = {term.op: term.amount for term in cg.flops(g, TORCH).terms}
    for name, model, value in rows(table):
        sizes = sizes_of(model, run)
        kinds = {kind: sum(number(amounts[op.name], sizes) for op in ops) for kind, ops in by_kind(g).items()}
        fused = {kind: size for kind, size in kinds.items() if kind.startswith("flash_attention")}
        if name == "total":
            missed = sum(fused.values()) if uncounted(run) else 0
            assert sum(kinds.values()) - missed == value, model
            assert missed > 0 or not uncounted(run)
        else:
            kernel = FUSED.get(run.attention, "")
            named = {f"aten {kernel}": "flash_attention", f"aten {kernel}_backward": "flash_attention_grad"}
            assert kinds[named.get(name, name.removeprefix("aten "))] == value, (name, model)


def uncounted(run: Run) -> bool:
    """What the one kernel that CPU has for attention computes is not counted."""
    return run.attention == "sdpa" and run.device == "cpu"


# --- one rank of several ----------------------------------------------------------------------------------------------

MODES = {
    "tp": cg.tensor_parallel("T"),
    "sp": cg.tensor_parallel("T", sequence=True),
    "sp_naive": cg.tensor_parallel("T", sequence=True, keep_gathered=True),
}
RANKS = {name: measured for name, measured in MEASURED["ranks"].items() if name != "sizes"}


@pytest.mark.parametrize("name", RANKS)
def test_one_rank(name: str) -> None:
    """Measured on CPU: mean and reciprocal deviation are as wide as the activations."""
    mode, dropout, precision = name.split(",")
    run = Run("manual_add", dropout, precision, "cpu")
    g: Graph = cg.decoder(dropout=run.drops).apply(cg.backward, MODES[mode.removeprefix("mode=")])
    for numbers in RANKS[name]:
        row = dict(zip(MEASURED["ranks"]["sizes"], numbers, strict=True))
        sizes = {size: row[size] for size in "TDLAEBS"} | {"p": run.width}
        large, exact = (cg.activations(g, one).limit(**sizes).number for one in (NOTES, TORCH))
        assert large is not None
        assert exact is not None
        assert large + (exact - large) * Fraction(run.width, 4) == row["saved"], row
        assert cg.flops(g, TORCH, part="forward").limit(**sizes).number == row["flops"], row
