"""Published runs beside what is derived: the page, what it claims, and the reader of the files."""

from __future__ import annotations

import os
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from costgraph.errors import UserError
from costgraph.library.entries.reading import sources as of_library
from costgraph.validation.compared import EFFICIENCY, FITTED_ON, Compared, compared, timed
from costgraph.validation.page import in_ranges, page
from costgraph.validation.reading import everything, read, runs, set_aside, sources, unique
from costgraph.validation.run import COUNTED, KINDS, Run

PAGE = Path(__file__).parents[1] / "docs" / "validation.md"
GIB = 2**30
RUNS = {run.id: run for run in everything()}
TIMES = [run for run in runs() if run.timed]
DISAGREE = {
    "log-qwen2-0.5b-weights",  # whole, and not within half a percent: 11 MB that nothing explains
    "qwen3-235b-cache-vllm",  # tokens and bytes are likely of two cards
}


@pytest.fixture(scope="module")
def found() -> list[Compared]:
    return [compared(run) for run in runs()]


# --- what is claimed --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_page_is_up_to_date(found: list[Compared]) -> None:
    aside = [compared(run) for run in set_aside()]
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ:
        PAGE.write_text(page(found, aside))
    assert PAGE.read_text() == page(found, aside)


@pytest.mark.slow
def test_no_run_beats_its_bound(found: list[Compared]) -> None:
    assert [one.run.id for one in found if one.run.timed and one.ratio > 1] == []


@pytest.mark.slow
def test_no_estimate_is_below_its_bound(found: list[Compared]) -> None:
    assert [one.run.id for one in found if one.estimate is not None and one.estimate < one.derived] == []


@pytest.mark.slow
def test_the_paper_that_was_not_fitted_on_is_met_within_a_tenth(found: list[Compared]) -> None:
    """Narayanan et al., Table 1 and the plans of Table 2 that are not ZeRO-3."""
    rows = [one for one in found if one.run.source == "megatron-sc21" and "zero" not in one.run.id]
    assert len(rows) == 16
    assert [one.run.id for one in rows if abs(one.estimated - 1) > Fraction(1, 10)] == []


@pytest.mark.slow
def test_the_efficiency_is_the_percentage_that_fits_its_run_best() -> None:
    run = RUNS[FITTED_ON]
    off = {share: abs(timed(run, EFFICIENCY + Fraction(share, 100)).estimated - 1) for share in (-1, 0, 1)}
    assert min(off, key=off.__getitem__) == 0


@pytest.mark.slow
def test_what_a_whole_configuration_says_is_met_or_the_run_is_named(found: list[Compared]) -> None:
    whole = [one for one in found if one.run.whole and one.run.kind in COUNTED]
    assert len(whole) >= 30
    assert {one.run.id for one in whole if not one.near} == DISAGREE


@pytest.mark.slow
def test_every_difference_of_a_count_has_a_name(found: list[Compared]) -> None:
    counts = [one for one in found if not one.run.timed]
    assert [one.run.id for one in counts if not one.to_the_digit and not one.run.residuals] == []


@pytest.mark.slow
def test_every_time_that_is_off_by_more_than_a_tenth_has_a_name(found: list[Compared]) -> None:
    off = [one for one in found if one.run.timed and abs(one.estimated - 1) > Fraction(1, 10)]
    assert len(off) >= 35
    assert [one.run.id for one in off if not one.run.residuals] == []


@pytest.mark.slow
def test_an_estimate_is_the_sum_of_its_parts(found: list[Compared]) -> None:
    assert [one.run.id for one in found if one.run.timed and sum(one.parts.values()) != one.estimate] == []


@pytest.mark.slow
def test_numbers_in_the_names_of_times_hold(found: list[Compared]) -> None:
    """How far an H100 falls behind an A100, and that estimates fall with the width."""
    by_id = {one.run.id.removeprefix("mpt-"): one.estimated for one in found if one.run.id.startswith("mpt-")}
    cards = (("70b-2048-64", 64), ("30b-2048-16", 8), ("13b-2048-64", 8), ("7b-2048-8", 8), ("1b-2048-8", 8))
    behind = [1 - by_id[f"{name}-h100"] / by_id[f"{name.rpartition('-')[0]}-{on}-a100"] for name, on in cards]
    assert (round(100 * min(behind)), round(100 * max(behind))) == (16, 22)
    widths = [by_id[f"{size}-2048-8-a100"] for size in ("13b", "7b", "3b", "1b")]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.slow
def test_what_grows_with_a_microbatch_is_named_as_large_as_it_is(found: list[Compared]) -> None:
    rest = {one.run.id.removeprefix("bloom-memory-"): (one.measured - one.derived) / GIB for one in found}
    assert float((rest["pp12-mbs8"] - rest["pp12-mbs1"]) / 7) == pytest.approx(1.2, abs=0.05)
    assert float((rest["pp6-mbs4"] - rest["pp6-mbs1"]) / 3) == pytest.approx(1.5, abs=0.05)


@pytest.mark.slow
def test_rows_of_a_table_can_be_told_apart_and_say_where_they_are_from(found: list[Compared]) -> None:
    tables = [lines.splitlines() for lines in page(found).split("\n\n") if lines.startswith("| # |")]
    assert sum(len(lines) - 2 for lines in tables) == len(found)
    for heads, _, *rows in tables:
        cells = [[cell.strip() for cell in row.strip("|").split("|")][1:] for row in rows]
        names = [tuple(row[: 4 if "machine" in heads else 1]) for row in cells]
        assert [name for name, number in Counter(names).items() if number > 1] == []
        assert "machine" in heads or all(row[1].startswith("[") and row[2] for row in cells)


@pytest.mark.parametrize(
    ("rows", "text"), [([1], "1"), ([1, 2], "1-2"), ([1, 3, 4, 5, 9], "1, 3-5, 9"), ([2, 4], "2, 4")]
)
def test_rows_are_written_as_ranges(rows: list[int], text: str) -> None:
    assert in_ranges(rows) == text


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("", "whole"),
        ('assumed = ["a width"]', "assumed"),
        ('whole = false\nassumed = ["a width"]', "open"),
        ('recalled = true\nread = "excerpt"', "whole, recalled, excerpt"),
    ],
)
def test_a_run_says_what_its_configuration_rests_on(keys: str, text: str) -> None:
    assert read_one(f"{GOOD}{keys}\n").rests_on == text


@pytest.mark.slow
def test_residuals_of_known_size_bring_counts_nearer(found: list[Compared]) -> None:
    sized = [one for one in found if one.run.kind in COUNTED and one.explained != one.derived]
    assert len(sized) >= 9
    assert [one.run.id for one in sized if abs(one.closed - 1) >= abs(one.ratio - 1)] == []


# --- by hand ----------------------------------------------------------------------------------------------------------


def llama(layers: int, width: int, heads: int, kv: int, head: int, mlp: int, vocabulary: int) -> int:
    """Parameters of a Llama, whose head is not its embedding."""
    attention = width * head * (heads + 2 * kv) + heads * head * width
    return layers * (attention + 3 * width * mlp + 2 * width) + 2 * vocabulary * width + width


BY_HAND = {
    "llama-3.1-8b-weights": 2 * llama(32, 4096, 32, 8, 128, 14336, 128256),
    "llama-3-8b-weights-tp2": llama(32, 4096, 32, 8, 128, 14336, 128256) + 65 * 4096,  # norms are on both
    "log-llama-3.3-70b-mlx-weights": Fraction(9, 16) * llama(80, 8192, 64, 8, 128, 28672, 128256),
    "llama-3.1-8b-cache": 1952 * 16 * 2 * 32 * 8 * 128 * 2,
    "qwen3-235b-cache-vllm": 178880 * 2 * 94 * 1 * 128 * 2,  # one of four heads on a card
    "qwen3-235b-cache-sglang": 367404 * 2 * 94 * 1 * 128 * 2,
    "gpt-oss-120b-cache-full": 131072 * 2 * 18 * 2 * 8 * 64 * 2,
    "gpt-oss-120b-cache-window": 1280 * 2 * 18 * 2 * 8 * 64 * 2,
    "deepseek-v3-cache-latent": 10000 * 61 * (512 + 64) * 2,  # a latent is whole on both cards
    "deepseek-r1-cache-q8": Fraction(34, 32) * 32768 * 61 * 576,
    "deepseek-coder-v2-lite-cache": 116023 * 16 * 27 * 576 * 2,
    "log-deepseek-v3-cache-fp8": 524288 * 61 * 576,
    "log-gemma-2-2b-cache": 8192 * 26 * 2 * 4 * 256 * 2,
    "log-gpt-oss-20b-cache": (131072 * 12 + 2304 * 12) * 2 * 8 * 64 * 2,
    "log-laguna-cache-q4": (1048576 * 12 + 1024 * 36) * 2 * 1024 * Fraction(18, 32),
    "log-nemotron-cache": 1557504 * 2 * 6 * 1 * 128 * 2,  # two heads on four cards: each has one
    "log-phi-4-cache": 14815 * 16 * 2 * 40 * 10 * 128 * 2,
    "log-phi-4-gptq-cache": 715 * 16 * 2 * 40 * 10 * 128 * 2,
    "log-llama-3.2-1b-cache": 7366 * 16 * 2 * 16 * 8 * 64 * 2,
    "log-llama-30b-cache-fp32": 512 * 2 * 60 * 6656 * 4,
    "log-llama-7b-cache": 512 * 2 * 32 * 4096 * 2,
    "log-qwen3-30b-capacity": Fraction(2**29, 2 * 48 * 4 * 128 * 2),
    "log-qwen2-0.5b-capacity": Fraction(30891205120, 2 * 24 * 2 * 64 * 2),
}


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_counts_are_what_they_are_by_hand(name: str) -> None:
    assert compared(RUNS[name]).derived == BY_HAND[name]


def test_the_bound_of_the_smallest_gpt_is_its_causal_flops_over_all_peaks() -> None:
    """24 layers of width 2304, blocks computed four times forward, half of attention; its head is not recomputed."""
    batch, length, layers, width, vocabulary = 512, 2048, 24, 2304, 51200
    forward = 24 * batch * length * width**2 + 4 * batch * width * (length * (length + 1) // 2)
    flops = 4 * layers * forward + 6 * batch * length * width * vocabulary
    assert compared(RUNS["megatron-sc21-tab1.1"]).derived == Fraction(flops, 32 * 312 * 10**12)


def test_a_rate_is_a_time_by_the_flops_that_the_paper_counts() -> None:
    """Narayanan et al., Eq. 3, at 163 TFLOP/s and 3072 devices."""
    batch, length, layers, width, vocabulary = 3072, 2048, 128, 25600, 51200
    whole = 1 + Fraction(length, 6 * width) + Fraction(vocabulary, 16 * layers * width)
    flops = 96 * batch * length * layers * width**2 * whole
    assert compared(RUNS["megatron-sc21-tab1.10"]).measured == flops / (3072 * 163 * 10**12)


def test_tokens_per_second_are_a_time_by_the_tokens_of_a_step() -> None:
    assert compared(RUNS["mpt-7b-2048-8-a100"]).measured == Fraction(96 * 2048, 37130)
    assert compared(RUNS["torchtitan-8b-8-eager"]).measured == Fraction(16 * 8192, 8 * 5762)


def test_parameters_of_mpt_are_those_that_its_table_prints() -> None:
    """So that what was taken for its vocabulary, biases and positions holds."""
    from costgraph import derive

    printed = {"70b": 64862437376, "30b": 29975214080, "13b": 12853954560, "7b": 6658859008, "3b": 2651837440}
    for size, parameters in printed.items():
        ask = next(run.ask for run in TIMES if run.id.startswith(f"mpt-{size}-2048"))
        form = derive("params", op_set=ask.op_set, limit=ask.limit, convention="exact")
        assert form.limited["params"].number == parameters, size


AGGREGATE = ("4.4", "8.8", "18.2", "34.6", "70.8", "143.8", "227.1", "297.4", "410.2", "502.0")
DAYS = {"zero": (90, 74, 74, 169, 137, 140), "ptd": (84, 43, 23, 156, 80, 42)}
FASTER = {"22b": "29.0", "175b": "31.8", "530b": "29.7", "1t": "32.1"}


@pytest.mark.parametrize(("row", "petaflops"), list(enumerate(AGGREGATE, 1)))
def test_rates_of_all_devices_are_those_of_the_same_row(row: int, petaflops: str) -> None:
    """Narayanan et al., Table 1, last column: so that none of its numbers was misread."""
    run = RUNS[f"megatron-sc21-tab1.{row}"]
    nodes = int(run.cluster.rpartition("x")[2])
    assert float(petaflops) == pytest.approx(8 * nodes * int(run.printed) / 1000, rel=0.004, abs=0.06)


@pytest.mark.parametrize(("scheme", "row"), [(scheme, row) for scheme in DAYS for row in range(1, 7)])
def test_days_for_300_billion_tokens_are_those_of_the_same_row(scheme: str, row: int) -> None:
    """Narayanan et al., Table 2, last column; rates have two or three digits, and days are rounded either way."""
    run = RUNS[f"megatron-sc21-tab2.{scheme}.{row}"]
    batch = int(run.ask.limit.partition("B=")[2].partition(",")[0])
    seconds = compared(run).measured * 300 * 10**9 / (batch * 2048)
    assert float(seconds / 86400) == pytest.approx(DAYS[scheme][row - 1], rel=0.012)


@pytest.mark.parametrize(("size", "percent"), FASTER.items())
def test_times_of_a_row_differ_by_the_printed_increase(size: str, percent: str) -> None:
    """Korthikanti et al., Table 5."""
    full, present = (float(RUNS[f"korthikanti-2022-{size}-{how}"].printed) for how in ("full", "present"))
    assert 100 * (full / present - 1) == pytest.approx(float(percent), abs=0.1)


def test_a_measurement_rounds_to_its_last_digit() -> None:
    one = compared(RUNS["llama-3-8b-weights"])
    assert (one.measured, one.half) == (Fraction(1496, 100) * GIB, Fraction(GIB, 200))
    assert one.to_the_digit
    assert not compared(RUNS["llama-3.1-8b-weights"]).to_the_digit


# --- the files --------------------------------------------------------------------------------------------------------


def test_there_are_at_least_60_runs_and_a_table_for_each_kind_that_they_have() -> None:
    kinds = Counter(run.kind for run in runs())
    assert sum(kinds.values()) >= 60
    assert {kind for kind in KINDS if kinds[kind]} >= {"weights", "cache", "training memory", "step time"}


def test_every_source_is_used_and_has_an_address_or_says_why_not() -> None:
    own = sources().keys() - of_library().keys()
    assert own <= {run.source for run in everything()}
    assert [key for key in own if not (sources()[key].url or sources()[key].note)] == []


def test_what_was_not_read_in_full_or_is_recalled_is_no_time() -> None:
    assert [run.id for run in TIMES if run.read != "full" or run.recalled] == []


def test_what_counts_can_be_looked_up_and_what_cannot_is_set_aside() -> None:
    assert [run.id for run in runs() if not sources()[run.source].url] == []
    assert [run.id for run in set_aside() if sources()[run.source].url or run.timed] == []
    assert {run.id for run in everything()} == {run.id for run in (*runs(), *set_aside())}


GOOD = """
[defaults]
kind = "weights"
source = "megatron-sc21"
ask = { phase = "decode", limit = "p=2" }

[[run]]
id = "mine"
what = "a model"
place = "a table"
printed = "14.96"
unit = "GiB"
derive = "states"
ask = { model = "llama-3-8b" }
"""


def read_one(text: str) -> Run:
    (run,) = read(text, "mine.toml", sources())
    return run


def test_a_run_has_what_its_file_says_of_all() -> None:
    run = read_one(GOOD)
    assert (run.kind, run.source, run.whole) == ("weights", "megatron-sc21", True)
    assert (run.ask.model, run.ask.phase, run.ask.limit) == ("llama-3-8b", "decode", "p=2")


TIME = GOOD.replace('kind = "weights"', 'kind = "step time"').replace("GiB", "s")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("weights", "wieghts"), "unknown choice 'wieghts'"),
        (GOOD.replace("printed", "prinetd"), "unknown key 'prinetd'"),
        (GOOD.replace('printed = "14.96"\n', ""), "printed is missing"),
        (GOOD.replace("14.96", "about 15"), "'about 15' is not a decimal number"),
        (GOOD.replace("14.96", "-1"), "what was measured is more than nothing"),
        (GOOD.replace("GiB", "GiBs"), "unknown unit 'GiBs'"),
        (GOOD.replace("megatron-sc21", "megatron-sc12"), "unknown source 'megatron-sc12'"),
        (GOOD.replace('derive = "states"\n', ""), "weights needs derive"),
        (GOOD.replace('derive = "states"\n', 'derive = "states"\ncluster = "a10:1"\n'), "and no cluster"),
        (TIME, "a time needs cluster"),
        (TIME.replace('derive = "states"', ""), "a time needs cluster"),
        (GOOD.replace('{ model = "llama-3-8b" }', '"llama-3-8b"'), "ask must be a table"),
        (GOOD + 'residuals = ["a buffer"]\n', "residuals[1] must be a table"),
        (GOOD + "residuals = [{ bytes = 5 }]\n", "residuals[1]"),
        (GOOD.replace("[[run]]", "[run]"), "run must be a list"),
        (GOOD.replace('"mine"', '"mine'), "not valid TOML"),
    ],
)
def test_what_is_not_well_formed_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(UserError, match=r"^mine\.toml") as error:
        read_one(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_two_runs_of_one_id_are_refused() -> None:
    with pytest.raises(UserError, match="run 'mine' is there twice"):
        unique([read_one(GOOD), read_one(GOOD)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace('"states"', '"sttaes"'), "run 'mine': "),
        (GOOD.replace('"states"', '"cache"'), "run 'mine': "),
        (TIME.replace('derive = "states"', 'cluster = "a10:1"'), "S is open"),
        (GOOD.replace('"states"', '"peak"').replace("p=2", "B=1"), "run 'mine': "),
        (GOOD + 'residuals = [{ what = "a buffer", bytes = "2*x" }]\n', "run 'mine': "),
    ],
)
def test_what_cannot_be_derived_names_the_run(text: str, message: str) -> None:
    with pytest.raises(UserError, match=r"^run 'mine': ") as error:
        compared(read_one(text))
    assert message in str(error.value)
