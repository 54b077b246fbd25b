"""A table of a sweep has at every point what each command says of it by itself."""

from __future__ import annotations

import csv
import io
import json
import resource
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import costgraph
from hypothesis import given
from hypothesis import strategies as st

import costgraph as cg
from costgraph.algebra.parser import size
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.estimation.assumed import assumed
from costgraph.estimation.estimate import Estimate, estimate
from costgraph.estimation.reading import request
from costgraph.hardware.cluster import cluster
from costgraph.mesh import Mesh
from costgraph.searching.answer import assumed as of_search
from costgraph.searching.grid import Grid
from costgraph.searching.pareto import front
from costgraph.searching.reading import read_search
from costgraph.searching.sweep import Sweep, sweep
from costgraph.searching.sweep_reading import read_sweep
from costgraph.searching.tally import Tally

DIGITS = 12


def rows(of: Sweep) -> list[dict[str, Any]]:
    """All rows, with the digits that are told."""
    found = []
    for block in sweep(of, Tally()):
        for row in block.rows(of.names):
            values = (value if isinstance(value, str) else f"{value:.{DIGITS}g}" for value in row)
            found.append(dict(zip(of.names, values, strict=True)))
    return found


def digits(value: Fraction) -> str:
    """An exact value with as many digits."""
    return f"{float(value):.{DIGITS}g}"


def asked(**of: Any) -> Estimate:
    """One point by itself."""
    return estimate(request(phase="train", **of))


# --- the same as one by one -------------------------------------------------------------------------------------------


def test_every_point_is_what_estimate_says_to_the_last_digit() -> None:
    table = rows(
        read_sweep(
            "hardware=[a100-80gb-sxm, h100-sxm], B=[1, 3], S=[64, 1000]", "peak,step_time,cost,flops",
            typed={"model": "llama-3.2-1b", "price": "2.5 USD/h"},
        )
    )  # fmt: skip
    assert len(table) == 8
    for row in table:
        one = asked(
            model="llama-3.2-1b", hardware=row["hardware"], limit=f"B={row['B']},S={row['S']}", price="2.5 USD/h"
        )
        flops = cg.derive("flops", model="llama-3.2-1b", attention="flash", limit=f"B={row['B']},S={row['S']}")
        assert one.verdict.needed is not None
        assert row["peak"] == digits(one.verdict.needed)
        assert row["step_time"] == digits(one.least)
        assert row["cost"] == digits(one.usd_per_million_tokens[0] or Fraction(0))
        assert row["flops"] == digits(Fraction(flops.limited["flops"].number or 0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mesh", "over"),
    [
        ("data(N_d, zero=3), tensor(T, sequence=True)", "N_d=[1, 2, 4], T=[1, 2, 8], B=8, S=256"),
        ("pipeline(P), data(N_d, zero=1), microbatches(M)", "P=[1, 2, 4], N_d=[2], M=[4, 8], B=16, S=128"),
        ("data(2), context(C, how='ring')", "C=[2, 4], recompute=[none, full], B=8, S=[256, 512]"),
    ],
)
def test_degrees_are_swept_as_any_size(mesh: str, over: str) -> None:
    typed = {"model": "llama-3.2-1b", "cluster": "h100-sxm:8x4", "mesh": mesh, "efficiency": "flops=0.5,comms=0.7"}
    table = rows(read_sweep(over, "peak,step_time,bound,devices", typed=typed))
    assert table
    for row in table:
        sizes = [f"{name}={row[name]}" for name in ("B", "S")]
        degrees: dict[str, Polynomial] = {name: size(row[name]) for name in ("T", "N_d", "C", "P", "M") if name in row}
        passes = "recompute(full)" if row.get("recompute") == "full" else ()
        one = asked(limit=sizes, passes=passes, **{**typed, "mesh": Mesh(mesh).substitute(degrees)})
        seconds = one.estimated(one.main)
        assert one.verdict.needed is not None
        assert seconds is not None
        assert row["peak"] == digits(one.verdict.needed)
        assert row["bound"] == digits(one.least)
        assert row["step_time"] == digits(seconds)


def test_points_that_do_not_divide_are_left_out_and_counted() -> None:
    tally = Tally()
    typed = {"model": "llama-3.2-1b", "hardware": "h100-sxm", "mesh": "data(N_d)"}
    found = list(sweep(read_sweep("B=1..8, N_d=[2, 4], S=16", "peak", typed=typed), tally))
    assert sum(map(len, found)) == tally.told == 4 + 2
    assert (tally.points, tally.illegal) == (16, 10)


def test_a_symbol_that_stands_for_a_minimum_is_swept() -> None:
    """Windows of attention: a cache grows until it is full."""
    table = rows(read_sweep("S=[512, 8192], B=1", "cache", typed={"model": "gemma-2-2b", "phase": "decode"}))
    for row in table:
        form = cg.derive("cache", model="gemma-2-2b", phase="decode", limit=f"B=1,S={row['S']}")
        assert row["cache"] == digits(Fraction(form.limited["cache"].number or 0))


def test_only_points_that_keep_what_was_asked_are_told_of() -> None:
    typed = {"model": "llama-3.2-1b", "hardware": "h100-sxm"}
    every = rows(read_sweep("B=1..16, S=1024", "peak", typed=typed))
    kept = rows(read_sweep("B=1..16, S=1024", "peak", ["peak <= 40 GiB", "B >= 2"], typed=typed))
    assert kept == [row for row in every if float(row["peak"]) <= 40 * 2**30 and int(row["B"]) >= 2]
    assert kept


# --- limits -----------------------------------------------------------------------------------------------------------

LIMITS = [  # that say the same
    ("peak <= 0.5*hbm", "peak <= 0.5*hbm*lambda_mem/lambda_mem"),
    ("peak <= 40 GiB", "peak <= 42949672960 byte"),
    ("step_time <= 20 ms", "step_time <= 0.02 s"),
    ("cost <= 0.005", "cost <= 0.005 USD"),
    ("cost <= 0.005", "cost <= 0.005 USD per million tokens"),
    ("cost <= 0.005", "cost <= 0.000000005 USD/token"),
    ("tokens/s >= 100000", "tokens/s >= 100000 token/s"),
    ("mfu >= 0.9", "mfu >= 90 %"),
    ("hfu >= 0.9", "hfu >= 90%"),
    ("B <= 2", "B < 3"),
]


@pytest.mark.parametrize(("mesh", "said"), [("pipeline(4), microbatches(4)", True), ("data(4, zero=1)", False)])
def test_an_estimate_says_that_idle_time_is_that_of_stages_that_are_alike(mesh: str, said: bool) -> None:
    typed: dict[str, Any] = {"model": "llama-3.2-1b", "efficiency": "flops=0.5"}
    swept = read_sweep("B=8, S=64", "step_time", typed={**typed, "cluster": "h100-sxm:8x1", "mesh": mesh})
    alone = asked(**typed, cluster=cluster("h100-sxm:8x1"), limit="B=8,S=64", mesh=mesh)
    over = "" if said else "P=1"
    spread = read_search(cluster_of="h100-sxm:2x1", limit="S=64", batch=2, over=over, **typed)
    for lines in (swept.assumptions, assumed(alone), of_search(spread)):
        assert any("as if all stages took as long as the longest" in line for line in lines) == said


SAME = [
    ({"hardware": "h100-sxm"}, ()),
    ({"cluster": "h100-sxm:8x2", "mesh": "data(N_d)", "limit": "N_d=16"}, ()),
    ({"hardware": "h100-sxm", "phase": "generate", "new": 3}, ("device_hours <= 1",)),
]


@pytest.mark.parametrize(("typed", "where"), SAME, ids=str)
def test_cost_without_a_price_is_told_in_device_hours_under_their_name(
    typed: dict[str, Any], where: tuple[str, ...]
) -> None:
    typed = {"model": "llama-3.2-1b", **typed}
    bare = read_sweep("B=[16, 32], S=64", "peak,cost", where, pareto="cost,peak", typed=typed)
    assert bare.measures == ("peak", "device_hours")
    assert bare.pareto == ("device_hours", "peak")
    assert "device_hours: cost without a --price, in device-hours per million tokens" in bare.assumptions[-1]
    hours, dollars = rows(bare), rows(read_sweep("B=[16, 32], S=64", "cost,peak", pareto="cost,peak",
                                                 typed={**typed, "price": "1 USD/h"}))  # fmt: skip
    assert [row["device_hours"] for row in hours] == [row["cost"] for row in dollars] != []


PRICED = {"model": "llama-3.2-1b", "hardware": "h100-sxm", "price": "2 USD/h"}


@pytest.mark.parametrize(("one", "other"), LIMITS)
def test_limits_that_say_the_same_keep_the_same_points(one: str, other: str) -> None:
    over, measures = "B=[1, 2, 4, 8, 16, 32], S=1024", "peak,step_time,cost,tokens/s,mfu,hfu"
    every, kept, alike = (rows(read_sweep(over, measures, where, typed=PRICED)) for where in ((), [one], [other]))
    assert kept == alike
    assert 0 < len(kept) < len(every)


def test_sizes_that_decide_which_layers_stages_have_are_not_swept_over() -> None:
    """13 local and 13 global layers on two stages: how these are spread by what they cost depends on the sequence."""
    typed = {"model": "gemma-2-2b", "cluster": "h100-sxm:4x2", "mesh": "pipeline(2), microbatches(4)"}
    with pytest.raises(UserError, match="which layers each stage has depends on S; bind it"):
        sweep(read_sweep("B=[8, 16], S=[16, 4096]", "peak,bound", typed=typed), Tally())
    (row,) = rows(read_sweep("B=[8]", "peak,bound", typed={**typed, "limit": "S=16"}))
    said = asked(limit="B=8,S=16", **typed)
    assert (row["peak"], row["bound"]) == (digits(said.verdict.needed or Fraction(0)), digits(said.least))


DERIVED = [  # a measure, and limits on it that say the same
    ("states", "states <= 20 GB", "states <= 20000000000"),
    ("cache", "cache <= 0.0005*hbm", "cache <= 42467328 byte"),
    ("flops(attn)", "flops(attn) <= 3 TFLOP", "flops(attn) <= 3000000000000"),
    ("intensity", "intensity >= 100 FLOP/byte", "intensity >= 100"),
    ("communication", "communication <= 300 MB", "communication <= 300000000 byte"),
]


@pytest.mark.parametrize(("measure", "one", "other"), DERIVED)
def test_a_limit_on_what_is_derived_is_in_its_unit(measure: str, one: str, other: str) -> None:
    typed: dict[str, Any] = {"model": "llama-3.2-1b", "hardware": "h100-sxm", "mesh": "data(N_d, zero=1)"}
    typed["phase"] = "decode" if measure == "cache" else "train"
    over = "N_d=[1, 2, 4], B=[4, 8], S=[64, 512, 4096]"
    every, kept, alike = (rows(read_sweep(over, measure, where, typed=typed)) for where in ((), [one], [other]))
    assert kept == alike
    assert 0 < len(kept) < len(every)


@pytest.mark.parametrize("where", ["states <= 3 s", "states <= lambda_mem", "flops <= 3 GB", "params >= 1 USD"])
def test_a_limit_on_what_is_derived_in_something_else_is_refused(where: str) -> None:
    measure = where.partition(" ")[0]
    with pytest.raises(UserError, match=rf"'{where}'.*(is|not) in "):
        sweep(read_sweep("B=[1, 2], S=64", measure, where, typed=PRICED), Tally())


@pytest.mark.parametrize("where", ["peak <= 40 GiB, B >= 2", "B >= 2,peak <= 40 GiB", ("B >= 2", "peak <= 40 GiB")])
def test_several_limits_stand_in_one_text(where: str | tuple[str, ...]) -> None:
    over = "B=[1, 2, 4, 8, 16, 32], S=1024"
    apart = rows(read_sweep(over, "peak", ["peak <= 40 GiB", "B >= 2"], typed=PRICED))
    assert rows(read_sweep(over, "peak", where, typed=PRICED)) == apart
    assert 0 < len(apart) < 5


NO_LIMITS = [
    ("peak <= 2*lambda_mem", "the limit is in byte/s, not in byte"),
    ("step_time <= hbm", "the limit is in byte, not in s"),
    ("peak <= 10", "has no unit"),
    ("mfu >= 40 GB", "write a number, as in 'mfu >= 0.4' or 'mfu >= 40 %'"),
    ("devices <= 40 %", "write a number"),
    ("cost <= 0.5 EUR", "unknown unit 'EUR'"),
    ("cost <= 0.5 s", "is in s"),
    ("B <= hbm", "the limit of a number is a number"),
    ("B <= 3 s", "the limit of a number is a number"),
    ("B <= 3,", "write NAME <= LIMIT"),
    ("B <= 3, 4", "write NAME <= LIMIT"),
    ("B <= 3, peek <= 1 GiB", "'peek': did you mean peak?"),
]


@pytest.mark.parametrize(("where", "said"), NO_LIMITS)
def test_a_limit_in_something_else_is_refused(where: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        read_sweep("B=[1, 2], S=1024", "peak", where, typed=PRICED)
    assert said in str(error.value)


def test_a_limit_in_quantities_of_a_machine_is_that_of_each() -> None:
    typed = {"model": "llama-3.2-1b"}
    table = rows(read_sweep("hardware=[a100-40gb-sxm, h200], B=1..16, S=1024", "peak", "peak <= hbm", typed=typed))
    for hardware in ("a100-40gb-sxm", "h200"):
        mine = [row for row in table if row["hardware"] == hardware]
        alone = read_sweep("B=1..16, S=1024", "peak", "peak <= hbm", typed={**typed, "hardware": hardware})
        assert [{**row, "hardware": hardware} for row in rows(alone)] == mine
        assert mine
    assert len({row["hardware"]: row for row in table}) == 2


@pytest.mark.parametrize("measure", ["peak", "cache", "step_time", "flops", "tokens/s"])
def test_a_prompt_that_is_swept_over_is_one_that_is_typed(measure: str) -> None:
    typed = {"model": "llama-3.2-1b", "hardware": "h100-sxm", "phase": "generate", "new": 300}
    swept = rows(read_sweep("S=[64, 512], B=2", measure, typed=typed))
    alone = [rows(read_sweep("B=2", measure, typed={**typed, "limit": f"S={row['S']}"}))[0] for row in swept]
    assert [row[measure] for row in swept] == [row[measure] for row in alone]


# --- shares of the peak, and other axes -------------------------------------------------------------------------------

RUNS: list[dict[str, Any]] = [
    {"phase": "train"},
    {"phase": "train", "passes": "recompute(full)", "efficiency": "flops=0.5,mem=0.8"},
    {"phase": "generate", "new": 9},
    {"phase": "prefill", "model": "gemma-2-2b"},
    {"phase": "generate", "model": "t5-base", "new": 7, "limit": "S_e=64"},
    {"phase": "train", "cluster": "h100-sxm:8x2", "mesh": "tensor(16, replicate_kv=True)"},
    {"phase": "train", "cluster": "a100-80gb-sxm:4x4", "mesh": "tensor(16, sequence=True, replicate_kv=True)"},
    {"phase": "train", "cluster": "h100-sxm:8x1", "mesh": "pipeline(2), tensor(4, sequence=True), microbatches(4)"},
    {"phase": "train", "cluster": "h100-sxm:8x1", "mesh": "data(2), context(4, how='ring')", "attention": "eager"},
]


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_shares_of_the_peak_are_those_of_an_estimate(run: dict[str, Any]) -> None:
    typed = {"model": "llama-3.2-1b", **run} | ({} if "cluster" in run else {"hardware": "h100-sxm"})
    (row,) = rows(read_sweep("B=8, S=512", "mfu,hfu,step_time,peak", typed=typed))
    sizes = ["B=8,S=512", *([typed.pop("limit")] if "limit" in typed else [])]
    one = estimate(request(limit=sizes, **typed))
    seconds = one.estimated(one.main) or one.least
    assert row["step_time"] == digits(seconds)
    assert row["peak"] == digits(one.verdict.needed or Fraction(0))
    assert row["mfu"] == digits(one.mfu(one.main, seconds))
    assert row["hfu"] == digits(one.hfu(one.main, seconds))


CHOSEN: list[tuple[str, str, str, list[str]]] = [  # a choice, its option, a measure, values
    ("efficiency", "efficiency", "step_time", ["flops=0.5,mem=0.8", "flops=0.25,mem=0.5"]),
    ("convention", "convention", "flops", ["exact", "notes", "palm"]),
    ("pass", "passes", "flops", ["recompute(full)", "recompute(selective)"]),
    ("price", "price", "cost", ["2 USD/h", "3 USD/h"]),
    ("precision", "precision", "peak", ["mixed_adam", "adam_8bit"]),
]


@pytest.mark.parametrize(("choice", "option", "measure", "values"), CHOSEN, ids=lambda one: str(one))
def test_an_option_as_an_axis_is_the_option(choice: str, option: str, measure: str, values: list[str]) -> None:
    typed = {"model": "llama-3.2-1b", "hardware": "h100-sxm", "attention": "eager"}
    if choice != "price":
        typed["price"] = "2 USD/h"
    several = ", ".join(f"[{value}]" for value in values)
    table = rows(read_sweep(f"{choice}=[{several}], B=1, S=8192", measure, typed=typed))
    alone = [rows(read_sweep("B=1, S=8192", measure, typed={**typed, option: value}))[0] for value in values]
    assert [row[measure] for row in table] == [row[measure] for row in alone]
    assert len({row[measure] for row in table}) > 1


def test_an_axis_may_have_a_point_without() -> None:
    typed = {"model": "llama-3.2-1b", "hardware": "h100-sxm"}
    table = rows(read_sweep("efficiency=[none, flops=0.5], pass=[none, recompute(full)], B=1, S=64", "flops,step_time",
                            typed=typed))  # fmt: skip
    plain = rows(read_sweep("B=1, S=64", "flops,step_time", typed=typed))
    assert table[0]["flops"] == plain[0]["flops"]
    assert table[0]["step_time"] == plain[0]["step_time"]
    assert len({(row["flops"], row["step_time"]) for row in table}) == 4


# --- Pareto -----------------------------------------------------------------------------------------------------------

tables = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=40)


@given(tables, st.integers(1, 3))
def test_a_front_is_what_no_other_point_beats(table: list[tuple[int, ...]], width: int) -> None:
    points = [row[:width] for row in table]
    beaten = {
        at for at, one in enumerate(points)
        if any(all(a <= b for a, b in zip(other, one, strict=True)) and other != one for other in points)
    }  # fmt: skip
    columns = [np.array([float(row[at]) for row in points]) for at in range(width)]
    assert front(columns).tolist() == [at for at in range(len(points)) if at not in beaten]


@given(tables, st.integers(1, 3), st.randoms())
def test_ties_of_a_front_are_decided_exactly(table: list[tuple[int, ...]], width: int, at: Any) -> None:
    """Doubles are off in their last digits, so that equal values look unlike and unlike ones equal."""
    points = [tuple(Fraction(10**12 + value) for value in row[:width]) for row in table]
    beaten = {
        place for place, one in enumerate(points)
        if any(all(a <= b for a, b in zip(other, one, strict=True)) and other != one for other in points)
    }  # fmt: skip
    columns = [np.array([float(row[at_]) * (1 + at.randint(-9, 9) * 1e-12) for row in points]) for at_ in range(width)]
    found = front(columns, lambda row, column: points[row][column])
    assert found.tolist() == [place for place in range(len(points)) if place not in beaten]


def test_a_front_is_that_of_all_points_whatever_the_blocks() -> None:
    typed = {"model": "llama-3.2-1b", "price": "2 USD/h"}
    over = "hardware=[a100-80gb-sxm, h100-sxm], B=1..100, S=[64, 128, 1024]"
    every = rows(read_sweep(over, "step_time,cost", typed=typed))
    best = rows(read_sweep(over, "step_time,cost", pareto="step_time,cost", typed=typed))
    keys = [(float(row["step_time"]), float(row["cost"])) for row in every]
    unbeaten = [
        row for row, key in zip(every, keys, strict=True)
        if not any(one[0] <= key[0] and one[1] <= key[1] and one != key for one in keys)
    ]  # fmt: skip
    assert best == unbeaten


# --- grids ------------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from("BSTMC"), st.lists(st.integers(1, 9), min_size=1, unique=True), max_size=4))
def test_a_grid_has_every_combination_once_in_order(numbers: dict[str, list[int]]) -> None:
    grid = Grid({}, {name: tuple(values) for name, values in numbers.items()})
    found = [
        tuple(int(column[at]) for column in block.values())
        for block in grid.blocks()
        for at in range(len(next(iter(block.values()), [0])))
    ]
    assert found == list(product(*numbers.values()))
    assert grid.size == len(found)


@given(
    st.dictionaries(st.sampled_from("BSTMC"), st.lists(st.integers(1, 4), min_size=1, unique=True), max_size=4),
    st.sets(st.sampled_from("TMC")), st.data(),
)  # fmt: skip
def test_any_stretch_of_a_grid_is_that_of_its_parts_in_the_order_of_the_axes(
    numbers: dict[str, list[int]], degrees: set[str], data: st.DataObject
) -> None:
    """Parts are the points in which some degrees are 1, and the others are not."""
    grid = Grid({}, {name: tuple(values) for name, values in numbers.items()})
    first, last = sorted(data.draw(st.integers(0, grid.size)) for _ in range(2))
    found: dict[str, list[float]] = {name: [] for name in numbers}
    there = 0
    for ones, part in grid.parts(sorted(degrees)):
        for block in part.blocks(grid.before(first, part), grid.before(last, part)):
            there += block.length
            for name, values in found.items():
                values += [1.0] * block.length if name in ones else block[name].tolist()
    columns = {name: np.array(values) for name, values in found.items()}
    order = grid.order(columns).tolist() if numbers else range(there)
    rows_ = [tuple(int(column[at]) for column in columns.values()) for at in order]
    assert rows_ == list(product(*numbers.values()))[first:last]


ORDERED = [
    ("B=1..3, T=[1, 2, 4]", "tensor(T)", "", 9),
    ("T=[1, 2], hardware=[a100-80gb-sxm, h100-sxm], B=1..2, N_d=[1, 2]", "data(N_d), tensor(T)", "", 12),
    ("N_d=[1, 2], B=[2, 4], T=[1, 2, 4]", "data(N_d, zero=1), tensor(T)", "step_time,devices", 8),
]


@pytest.mark.parametrize(("over", "mesh", "pareto", "many"), ORDERED)
def test_rows_are_in_the_order_of_the_axes_whatever_is_1(over: str, mesh: str, pareto: str, many: int) -> None:
    typed = {"model": "llama-3.2-1b", "mesh": mesh, "limit": "S=64"}
    typed |= {} if "hardware" in over else {"hardware": "h100-sxm"}
    of = read_sweep(over, "step_time,devices", pareto=pareto, typed=typed)
    axes = [*of.grid.choices, *of.grid.numbers]
    found = [tuple(row[name] for name in axes) for row in rows(of)]
    choices = product(*of.grid.choices.values(), *([str(one) for one in list_] for list_ in of.grid.numbers.values()))
    there = set(found)
    assert found == [point for point in choices if point in there]
    assert len(found) == many


@pytest.mark.slow
def test_a_hundred_million_points_take_no_more_memory_than_few() -> None:
    """Both runs keep the best points alone; the larger one has a thousand times as many."""
    typed = {"model": "llama-3.2-1b", "hardware": "h100-sxm"}
    peaks = []
    for over in ("B=1..1000, S=1..100", "B=1..100000, S=1..1000"):
        tally = Tally()
        for _ in sweep(read_sweep(over, "step_time,peak", pareto="step_time,peak", typed=typed), tally):
            pass
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert tally.points == 10**8
    assert peaks[1] - peaks[0] < 50_000  # KiB


# --- on the command line ----------------------------------------------------------------------------------------------

FEW = (
    "--model",
    "llama-3.2-1b",
    "--over",
    "hardware=[a100-80gb-sxm, h100-sxm], B=[1, 2], S=64",
    "--measures",
    "peak,flops",
)


def test_formats_say_the_same(tmp_path: Path) -> None:
    lines = costgraph("sweep", *FEW, "--format", "csv").stdout
    table = list(csv.DictReader(io.StringIO(lines)))
    assert [row["hardware"] for row in table] == ["a100-80gb-sxm"] * 2 + ["h100-sxm"] * 2
    objects = [json.loads(line) for line in costgraph("sweep", *FEW, "--format", "jsonl").stdout.splitlines()]
    assert [{name: str(value) for name, value in one.items()} for one in objects] == table
    for suffix in ("csv", "jsonl", "parquet", "xlsx"):
        assert costgraph("sweep", *FEW, "-o", str(tmp_path / f"table.{suffix}")).returncode == 0
    assert (tmp_path / "table.csv").read_bytes().decode() == lines


def test_parquet_is_read_by_others(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    path = tmp_path / "table.parquet"
    assert costgraph("sweep", *FEW, "-o", str(path)).returncode == 0
    found = duckdb.sql(f"select hardware, B, peak from '{path}' order by hardware, B").fetchall()
    table = list(csv.DictReader(io.StringIO(costgraph("sweep", *FEW, "--format", "csv").stdout)))
    assert [(one, f"{b:.12g}", f"{peak:.12g}") for one, b, peak in found] == [
        (row["hardware"], row["B"], row["peak"]) for row in table
    ]


def test_a_workbook_has_the_table(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    path = tmp_path / "table.xlsx"
    assert costgraph("sweep", *FEW, "-o", str(path)).returncode == 0
    found = list(openpyxl.load_workbook(path).active.values)
    assert found[0] == ("hardware", "B", "S", "peak", "flops")
    assert len(found) == 5


def test_text_shows_the_first_rows_and_says_how_many_there_are() -> None:
    run = costgraph("sweep", *FEW, "--top", "3")
    lines = run.stdout.splitlines()
    assert lines[0] == "peak, flops over hardware, B, S: train, model llama-3.2-1b"
    assert lines[1].split() == ["hardware", "B", "S", "peak", "flops"]
    assert "1 more row; --top shows more, -o table.csv writes all" in lines
    assert lines[-3] == "4 points, 4 of them told of"


def test_the_size_is_said_before_much_is_done() -> None:
    run = costgraph("sweep", "--model", "llama-3.2-1b", "--over", "B=1..2000, S=8", "--measures", "flops", "--top", "1")
    assert run.stderr.startswith("note: 2 000 points\n")


REFUSED = [
    (("--over", ""), "sweep: over what?"),
    (("--over", "B=1..4", "--measures", "speed"), "unknown measure in --measures 'speed'"),
    (("--over", "B=1..4, S=8", "--measures", "step_time"), "sweep: on which machine?"),
    (
        ("--over", "S=1..4", "--measures", "peak", "--hardware", "h100-sxm"),
        "peak: bind B with --limit, or sweep over it",
    ),
    (("--over", "B=1..4, S=8", "--measures", "flops", "--top", "-1"), "--top -1: write a number of rows from 1 on"),
    (
        ("--over", "B=1..4, S=8", "--measures", "cost", "--hardware", "h100-sxm", "--where", "cost <= 1"),
        "cost is USD: at which price of a device? add --price '2.5 USD/h', or limit device_hours",
    ),
    (("--over", "B=1..4", "--measures", "flops"), "flops depends on S; bind it with --limit, or sweep over it"),
    (("--over", "hardware=h100-sxm", "--hardware", "a10", "--measures", "flops"), "contradict each other"),
    (("--over", "B=1..100000, S=1..100000", "--measures", "flops"), "are too many"),
    (("--over", "B=1..4, S=8", "--measures", "flops", "--pareto", "peak"), "unknown measure in --pareto 'peak'"),
    (("--over", "B=1..4, Q_x=8", "--measures", "flops"), "Q_x"),
    (
        ("--over", "limit=S", "--measures", "flops"),
        "unknown name in --over 'limit': choose from model, op_set, hardware",
    ),
    (("--over", "efficency=none", "--measures", "flops"), "did you mean efficiency"),
    (("--over", "pass=none, passes=none", "--measures", "flops"), "pass and passes are the same"),
    (("--over", "new=x, B=1, S=8", "--phase", "generate", "--measures", "flops"), "write positive whole numbers"),
    (("--over", "B=1, S=8", "--measures", "ttft", "--hardware", "h100-sxm"), "ttft is of --phase generate or prefill"),
    (("--over", "B=1, S=8", "--measures", "flops", "--where", "peak <= 0.9*hbm"), "hbm of which machine?"),
    (("--over", "B=1..4, S=8", "--measures", "flops", "--format", "docx"), "unknown format 'docx'"),
]


@pytest.mark.parametrize(("options", "said"), REFUSED, ids=lambda one: " ".join(one) if isinstance(one, tuple) else "")
def test_what_cannot_be_swept_is_refused_in_one_line(options: tuple[str, ...], said: str) -> None:
    run = costgraph("sweep", "--model", "llama-3.2-1b", *options)
    assert run.returncode == 2
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


WRONG_EVERYWHERE = [  # an option, and what is said of it
    ("--price", "2", "has no unit"),
    ("--price", "2 EUR/h", "EUR"),
    ("--efficiency", "flops=2", "write a share above 0 and up to 1"),
    ("--overlap", "foo=1", "foo"),
    ("--convention", "x", "unknown convention 'x'"),
    ("--pass", "foo", "unknown pass 'foo'"),
    ("--precision", "foo", "foo"),
    ("--weights", "z", "z"),
    ("--cache-dtype", "qq", "qq"),
    ("--dtype", "q8", "q8"),
    ("--link", "q", "q"),
    ("--collectives", "q", "q"),
    ("--phase", "q", "unknown phase 'q'"),
    ("--op-set", "zz", "zz"),
    ("--limit", "V=x", "V"),
    ("--mesh", "tensr(2)", "did you mean tensor?"),
    ("--mesh", "experts(2)", "there are no experts in this graph to split"),
    ("--mesh", "tensor(2), tensor(2)", "tensor"),
    ("--where", "step_time <= 3*hbm", "the limit is in byte"),
]


@pytest.mark.parametrize("over", ["B=[4, 8], S=8", "B=[4, 8], S=8, attention=[flash, eager]", "S=8, B=4"])
@pytest.mark.parametrize(("option", "value", "said"), WRONG_EVERYWHERE)
def test_what_is_wrong_at_all_points_is_refused_before_any_row(over: str, option: str, value: str, said: str) -> None:
    typed = {"--model": "llama-3.2-1b", "--hardware": "h100-sxm", "--price": "2 USD/h", option: value}
    words = [word for pair in typed.items() for word in pair]
    run = costgraph("sweep", *words, "--over", over, "--measures", "step_time,cost", "--format", "csv")
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


def test_of_different_reasons_why_nothing_can_be_the_first_is_told() -> None:
    over = "precision=[foo, bar, baz], B=4, S=8"
    with pytest.raises(UserError, match=r"'foo'.* \(no combination can be, for 2 more reasons\)"):
        sweep(read_sweep(over, "flops", typed={"model": "llama-3.2-1b"}), Tally())


def test_a_combination_that_cannot_be_is_left_out_with_its_reason() -> None:
    run = costgraph(
        "sweep", "--model", "llama-3.2-1b", "--over", "mesh=[tensor(2), experts(2)], B=4, S=8", "--measures", "params"
    )
    assert run.returncode == 0
    assert "there are no experts in this graph to split" in run.stdout


def test_a_name_is_swept_once() -> None:
    with pytest.raises(UserError, match="B is given twice"):
        read_sweep("B=1, B=2", "flops")


@pytest.mark.parametrize(
    ("measures", "more", "said"),
    [
        ("cache, flops", {}, "cache is 0: one is kept in"),
        ("communication", {}, "communication is 0: one device sends nothing"),
        ("communication", {"mesh": "data(2)", "phase": "prefill"}, "communication is 0: no axis makes devices send"),
    ],
)
def test_a_column_of_zeros_says_why(measures: str, more: dict[str, Any], said: str) -> None:
    assert said in str(cg.sweep("llama-3-8b", "B=[2, 4]", measures, S=512, **more))


def test_zeros_among_others_need_no_reason() -> None:
    assert "is 0" not in str(cg.sweep("llama-3-8b", "phase=[train, prefill]", "cache", B=1, S=512))


def test_a_column_of_text_has_one_notation_and_derived_measures_have_units() -> None:
    measures = "params,flops,states,intensity,mfu"
    run = costgraph("sweep", "llama-3.2-1b", "a10", "--over", "B=[1, 512], S=1024", "--measures", measures)
    lines = run.stdout.splitlines()
    assert "attention: flash, unless --attention eager" in lines  # which computes scores again
    asked: Any = {"phase": "train", "attention": "flash", "S": 1024}
    flops = [f"{float(cg.flops('llama-3.2-1b', B=batch, **asked)):.6g}" for batch in (1, 512)]
    assert flops[1].endswith("e+15")
    assert [line.split()[:4] for line in lines[3:5]] == [
        ["1", "1024", "1235814400", flops[0]],
        ["512", "1024", "1235814400", flops[1]],
    ]
    assert "units: params parameter; flops FLOP; states byte; intensity FLOP/byte" in lines
