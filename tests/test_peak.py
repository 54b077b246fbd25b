"""The most that is alive at once: loops, views, gradients, what is gathered, generation; and how it is asked for."""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

import pytest
from command_line import costgraph
from torch_peak import walk
from torch_peak_runs import Run, graph

import costgraph as cg
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.blocks import Attention, Block, Embedding, Gated, Head, Layers, Norm
from costgraph.conventions import EXACT
from costgraph.conventions.torch import TORCH
from costgraph.graph.builder import Builder
from costgraph.graph.graph import Graph
from costgraph.largest import Largest
from costgraph.measures.lifetimes import BEFORE, Lifetimes
from costgraph.measures.peak import Instant, Walk, peak
from costgraph.measures.schedule import scheduled
from costgraph.models.architecture import Architecture
from costgraph.passes import Backward, FlashAttention, Pass, Update
from costgraph.passes.recompute import Recompute
from costgraph.precision import policy
from costgraph.setup import Setup

SIZES = {"B": 2, "S": 16, "D": 24, "A": 4, "G": 2, "H": 6, "F": 40, "V": 50, "K": 16, "p": 4}
FP32 = policy("fp32_adam")


def said(*arguments: str) -> str:
    found = costgraph(*arguments)
    assert found.returncode == 0, found.stderr
    return found.stdout


def model(times: list[int | str], drops: bool = False) -> Architecture:
    block = Block(Attention(positions="rotary", dropout=drops), Gated(), Norm("rms"), dropout=drops)
    return Architecture(
        tuple(Layers(one, block, kind=f"l{at}" * (len(times) > 1)) for at, one in enumerate(times)),
        Embedding(),
        Norm("rms"),
        Head(tied=False),
    )


def number(graph: Graph, **more: int) -> tuple[int, tuple[str, ...]]:
    found = peak(graph, EXACT, FP32).limit(**{**SIZES, **more})
    assert found.number is not None
    return int(found.number), found.at


@pytest.mark.parametrize("layers", [1, 2, 5])
@pytest.mark.parametrize("passes", [[], [FlashAttention()], [Recompute("selective")], [Recompute("full")]], ids=str)
@pytest.mark.parametrize("sizes", [{}, {"S": 200, "K": 200}, {"V": 5000}, {"F": 3000}], ids=str)
def test_a_loop_is_as_its_layers_one_after_the_other(layers: int, passes: list[Pass], sizes: dict[str, int]) -> None:
    """What a loop says without being unrolled is what the layers say that it stands for."""
    steps = [Backward(), Update(FP32), *passes]
    known = {name: size for name, size in {**SIZES, **sizes}.items() if name != "K"}
    once = peak(model(["L"]).build().apply(*steps), EXACT, FP32).limit(L=layers, **known)
    apart = peak(model([1] * layers).build().apply(*steps), EXACT, FP32).limit(**known)
    assert once.number == apart.number is not None


@pytest.mark.parametrize("key", ["r1 fp32 eager none", "l6 bf16 flash full", "l1 bf16 eager selective"])
def test_the_running_sum_is_that_of_what_is_alive(key: str) -> None:
    """What is added up op by op is, at every instant, what the buffers say one by one."""
    one = Run(*key.split())
    found = walk(one)
    sums = dict(found.running(found.buffers))
    assert len(sums) > 50
    for instant, alive in sums.items():
        assert alive == total(term.amount for term in found.terms(instant)), found.label(instant)


def chain(*ops: tuple[str, str, tuple[str, ...]]) -> Graph:
    """Ops on vectors, each `name, kind, operands`."""
    b = Builder("chain", {"d": "D"})
    b.input("x", "d")
    for name, kind, operands in ops:
        b.op(name, kind, *operands)
    return b.build()


@pytest.mark.parametrize(
    ("ops", "vectors"),
    [
        ([("a", "gelu", ("x",))], 2),
        ([("a", "gelu", ("x",)), ("b", "gelu", ("a",))], 3),  # a is read while b is written, and x is the caller's
        ([("a", "gelu", ("x",)), ("b", "gelu", ("a",)), ("c", "gelu", ("b",))], 3),
        ([("a", "gelu", ("x",)), ("b", "gelu", ("a",)), ("c", "add", ("b", "a"))], 4),  # a is read again
        ([("a", "gelu", ("x",)), ("b", "gelu", ("x",)), ("c", "gelu", ("a",))], 4),
    ],
)
def test_a_tensor_is_gone_behind_its_last_reader(ops: list[tuple[str, str, tuple[str, ...]]], vectors: int) -> None:
    assert peak(chain(*ops), EXACT).text() == f"{vectors}*D*p"


@pytest.mark.parametrize(
    ("model", "options", "sizes", "at", "parts"),
    [
        ("llama-3.1-8b", {"phase": "decode"}, {"B": 8, "S": 4096}, "attn.scale", {"cache": 2**32}),
        ("llama-3.1-8b", {"phase": "prefill"}, {"B": 1, "S": 64}, "head.logits", {"weights": 2 * 8030261248}),
        ("llama-3.1-8b", {"phase": "prefill"}, {"B": 1, "S": 8192}, "attn.scale", {}),
        ("llama-3.1-8b", {}, {"B": 1, "S": 8192}, "attn.softmax.grad", {"optimizer": 12 * 8030261248}),
    ],
)  # fmt: skip
def test_the_instant_and_what_is_alive_there(
    model: str, options: dict[str, Any], sizes: dict[str, int], at: str, parts: dict[str, int]
) -> None:
    found = cg.derive("peak", model=model, limit=sizes, **options).limited["peak"]
    assert found.at[0].startswith(at)
    alive: dict[str, int] = {}
    for term in found.terms:
        alive[term.part] = alive.get(term.part, 0) + int(term.amount.number or 0)
    assert {part: alive[part] for part in parts} == parts
    assert sum(alive.values()) == found.number


def test_a_segment_is_replayed_before_any_gradient_of_an_op_that_needs_it() -> None:
    """The gradient by attention's weights reads values alone; that by values, of the same call, what is replayed."""
    order = [op.name for op in scheduled(model(["L"]).build().apply(Backward(), Recompute("selective")))]
    assert order.index("attn.softmax.replay") < order.index("attn.values.grad_attn.softmax")
    assert order.index("attn.out.grad_weight") < order.index("attn.scores.replay")


def test_scores_of_a_prefill_are_alive_twice() -> None:
    """One of them while the other is written; they are what a long prompt takes without flash attention."""
    sizes = {"B": 1, "S": 16384}
    eager, flash = (
        cg.derive("peak", model="llama-3.1-8b", phase="prefill", limit=sizes, attention=one).limited["peak"].number
        for one in ("eager", "flash")
    )
    assert eager is not None
    assert flash is not None
    assert eager - flash > 2 * 32 * 16384**2 * 2 - 16384 * 128256 * 2 * 2


@pytest.mark.parametrize("zero", [0, 1, 2, 3])
def test_zero_on_a_data_axis(zero: int) -> None:
    """What rests in parts; weights are gathered around the ops that read them, and one layer's at most at once."""
    setup = Setup.of(model="llama-3.1-8b", mesh=f"data(64, zero={zero})", limit="B=64,S=128", precision="mixed_adam")
    found = cg.derive("peak", model="llama-3.1-8b", mesh=f"data(64, zero={zero})", limit="B=64,S=128").limited["peak"]
    alive: dict[str, int] = {}
    for term in found.terms:
        alive[term.part] = alive.get(term.part, 0) + int(term.amount.number or 0)
    count = 8030261248
    assert alive["weights"] == 2 * count // (64 if zero == 3 else 1)
    assert alive["optimizer"] == 12 * count // (64 if zero else 1)
    table = 128256 * 4096 * 2
    assert alive.get("gathered", 0) <= (table if zero == 3 else 0)
    walked = Walk(Lifetimes(setup.graph, setup.precision), EXACT)
    assert any(one.part == "gathered" for one in walked.buffers) == (zero == 3)


def test_all_degrees_1_are_the_unplaced_form() -> None:
    plain = cg.derive("peak", model="gpt2", limit="B=2,S=64,p=2").limited["peak"].number
    placed = cg.derive("peak", model="gpt2", mesh="data(N_d, zero=3), tensor(T)", limit="B=2,S=64,p=2,N_d=1,T=1")
    # what is gathered from one device is there a second time
    assert plain is not None
    assert (placed.limited["peak"].number or 0) >= plain


def test_gradients_of_a_tied_table_are_added_in_place_but_for_pytorch() -> None:
    one = Run("r4", "fp32", "eager", "none")
    table = one.number(Polynomial.symbol("V") * Polynomial.symbol("D")) * 4
    natural = Walk(Lifetimes(graph(one), one.policy), EXACT)
    at = {op.name: position for position, op in enumerate(natural.of.ops)}["embed.tokens.table.grad_sum"]
    size = one.number(total(term.amount for term in natural.terms(Instant(at))))
    theirs = one.number(total(term.amount for term in Walk(natural.of, TORCH).terms(Instant(at))))
    assert theirs - size == table


def test_a_peak_is_at_least_what_is_kept() -> None:
    every: tuple[dict[str, Any], ...] = ({"model": "gpt2"}, {"op_set": "decoder", "convention": "exact"})
    for options in every:
        sizes = "B=2,S=64,p=2" if "model" in options else "B=2,S=64,D=64,A=4,L=3,E=4,p=2"
        found = cg.derive("peak", "states", "activations", limit=sizes, **options)
        known = {name: form.number or 0 for name, form in found.limited.items()}
        assert known["peak"] >= known["activations"] > 0
        assert known["peak"] >= known["states"] > 0


# --- how it is asked for ----------------------------------------------------------------------------------------------


def test_it_is_not_among_the_defaults() -> None:
    assert "peak" not in cg.derive(model="gpt2").forms


@pytest.mark.parametrize(
    ("asked", "message"),
    [("peak(attn)", "of all that a device holds"), ("peak(dims=st)", "of all that a device holds")],
)
def test_a_part_of_a_peak_is_refused(asked: str, message: str) -> None:
    with pytest.raises(cg.UserError, match=message):
        cg.derive(asked, model="gpt2")


@pytest.mark.parametrize(
    ("typed", "shown", "size"),
    [
        ("2 GiB", "2 GiB", 2**31),
        ("2GiB", "2 GiB", 2**31),
        ("1.5 GB", "1500 MB", 15 * 10**8),
        ("0.5*GiB", "512 MiB", 2**29),
        ("7 byte", "7 byte", 7),
    ],
)
def test_an_allowance_for_what_is_not_modelled_is_a_part_of_the_answer(typed: str, shown: str, size: int) -> None:
    plain = cg.derive("peak", model="gpt2", limit="B=1,S=8,p=2").limited["peak"]
    found = cg.derive(f"peak(allowance={typed})", model="gpt2", limit="B=1,S=8,p=2").limited
    ((name, form),) = found.items()
    assert name == f"peak(allowance={shown})"
    assert (form.number or 0) - (plain.number or 0) == size
    assert [term.amount for term in form.terms if term.part == "allowance"] == [size]
    assert form.at == plain.at


def test_an_allowance_is_shown() -> None:
    text = said("derive", "peak(fp32_adam, allowance=2 GiB)", "--model", "gpt2", "--limit", "B=1,S=8,p=2")
    assert "peak(fp32_adam, allowance=2 GiB) (byte)" in text
    assert "  allowance  2,147,483,648\n  sum" in text
    one, other = (
        said("solve", question, "--for", "B", "--model", "llama-3.2-1b", "--limit", "S=4096,p=2")
        for question in ("peak(allowance=2 GiB) <= 80 GiB", "peak + 2 GiB <= 80 GiB")
    )
    assert one.partition("largest B")[2].split()[:2] == other.partition("largest B")[2].split()[:2]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("peak(allowance=2)", "bytes with their unit"),
        ("peak(allowance=-2 GiB)", "bytes with their unit"),
        ("peak(allowance=0 GiB)", "bytes with their unit"),
        ("peak(allowance=2 FLOP)", "an allowance is bytes with their unit"),
        ("peak(allowance=2*D)", "bytes with their unit"),
        ("peak(allowance=GiB**2)", "bytes with their unit"),
        ("peak(allowance=1 GiB, allowance=2 GiB)", "given twice|repeated"),
        ("states(allowance=2 GiB)", "for what peak leaves out"),
    ],
)
def test_an_allowance_that_is_none_is_refused(asked: str, message: str) -> None:
    with pytest.raises(cg.UserError, match=message):
        cg.derive(asked, model="gpt2")


def test_a_peak_under_another_precision() -> None:
    found = cg.derive("peak", "peak(fp32_adam)", model="gpt2", limit="B=1,S=8,p=2").limited
    assert found["peak"].number != found["peak(fp32_adam)"].number


def test_json_has_the_candidates_or_the_instant() -> None:
    left = json.loads(said("derive", "peak", "--model", "gpt2", "--json"))["measures"]["peak"]
    assert left["limited"].startswith("Max(")
    assert {"at", "expr"} == left["candidates"][0].keys()
    one = json.loads(said("derive", "peak", "--model", "gpt2", "--limit", "B=1,S=1024,p=2", "--json", "--explain"))
    found = one["measures"]["peak"]
    assert found["value"] is not None
    assert found["at"][0].count(",") >= 1


def test_text_fits_into_80_columns() -> None:
    for limit in ((), ("--limit", "B=1,S=1024,p=2")):
        text = said("derive", "peak", "--model", "gpt2", *limit)
        block = text[text.index("peak (byte)") :].split("\n\n")[0]
        assert max(map(len, block.splitlines())) <= 80
        assert " at " in block or "largest of" in block


def test_a_question_about_a_peak_is_solved() -> None:
    """The largest batch is that at which the peak still fits."""
    text = said("solve", "peak <= 80 GiB", "--for", "B", "--model", "llama-3.2-1b", "--limit", "S=4096,p=2")
    peaks = cg.derive("peak", model="llama-3.2-1b", limit="S=4096,p=2").limited["peak"]
    assert "largest B: 2" in text
    fits = [(peaks.limit(B=batch).number or 0) <= 80 * 2**30 for batch in (2, 3)]
    assert fits == [True, False]


def test_candidates_are_few() -> None:
    found = cg.derive("peak", model="llama-3.1-8b").limited["peak"]
    assert isinstance(found, Largest)
    assert len(found.candidates) < 12


@pytest.mark.parametrize("zero", [0, 1, 2])
def test_microbatches_accumulate_into_gradients_that_are_there_before(zero: int) -> None:
    """One microbatch is alive at a time; what is accumulated is there in all its layers, reduced or not."""
    setup = Setup.of(model="gpt2", mesh=f"data(4, zero={zero}), microbatches(8)", precision="fp32_adam")
    walked = Walk(Lifetimes(setup.graph, setup.precision), EXACT)
    before = [one for one in walked.buffers if one.born == BEFORE and one.part == "gradients"]
    sizes = dict(setup.finite("a test"))
    there = total(one.each * one.times for one in before).substitute({**sizes, "p": Polynomial.constant(4)}).number
    assert there == 4 * 124439808 // (4 if zero == 2 else 1)
    whole, parts = (
        cg.derive("peak", model="gpt2", mesh=mesh, limit="B=64,S=1024,p=4", precision="fp32_adam")
        .limited["peak"]
        .number
        for mesh in ("data(4)", "data(4), microbatches(8)")
    )
    assert whole is not None
    assert parts is not None
    assert parts < whole / 3


def test_caches_of_all_microbatches_are_there() -> None:
    one, all_of = (
        cg.derive("peak", model="gpt2", phase="decode", mesh=mesh, limit="B=64,S=1024,p=2").limited["peak"]
        for mesh in ("", "microbatches(8)")
    )
    caches = [
        sum(int(term.amount.number or 0) for term in form.terms if term.part == "cache") for form in (one, all_of)
    ]
    assert caches[0] == caches[1] > 0


def deep(layers: int) -> Graph:
    """Matrices and activations, layer by layer."""
    b = Builder("deep", {"batch": "B", "model": "D", "ffn": "F"})
    x = b.input("x", ("batch", "model"))
    for i in range(layers):
        y = b.einsum(f"l{i}.up", "bd,df->bf", x, b.parameter(f"l{i}.up.weight", ("model", "ffn")))
        y = b.op(f"l{i}.act", "gelu", y)
        x = b.einsum(f"l{i}.down", "bf,fd->bd", y, b.parameter(f"l{i}.down.weight", ("ffn", "model")))
    return b.build().apply(Backward())


def test_of_layers_written_out_the_first_and_the_last_are_candidates() -> None:
    """However many there are, which keeps a long graph linear."""
    found = [peak(deep(layers), EXACT, FP32) for layers in (5, 50)]
    few, many = (len(one.candidates) if isinstance(one, Largest) else 1 for one in found)
    assert few == many < 8


def test_cases_that_nobody_reads_are_counted_where_sizes_are_put_in() -> None:
    asked = ("peak <= 80 GiB", "--for", "B", "--model", "llama-3.2-1b", "--attention", "flash")
    run = costgraph("solve", *asked, "--mesh", "data(8, zero=3)", "--limit", "S=4096,p=2")
    assert "cases while sizes are open" in run.stdout
    assert "largest B: 81; with 8 | B: 80" in run.stdout
    assert run.stdout.count("\n") < 20


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"model": "gpt2"}, "B=2,S=64,p=2"),
        ({"model": "gpt2", "convention": "notes"}, "B=2,S=64,p=2"),  # which neglects some of what is alive
        ({"model": "gemma-2-9b", "phase": "prefill"}, "B=2,S=6000"),  # S_w = min(S, W)
        ({"model": "gemma-2-9b", "phase": "decode"}, "B=8,S=9000"),
        ({"model": "llama-3.1-8b", "passes": "recompute(every=4)"}, "B=2,S=4096"),
        ({"model": "mixtral-8x7b", "mesh": "data(2, zero=3), experts(4)", "passes": "recompute(full)"}, "B=16,S=512"),
    ],
)
def test_a_peak_that_is_asked_for_at_sizes_is_the_same(options: dict[str, Any], sizes: str) -> None:
    """Instants that are picked by numbers are those that win among the forms; the form is that of the instant."""
    setup = Setup.of(**options, limit=sizes)
    among_forms = peak(setup.graph, setup.convention, setup.precision).limited(setup.bindings)
    at_sizes = peak(setup.graph, setup.convention, setup.precision, sizes=setup.finite("a test"))
    bound = at_sizes.limited(setup.bindings)
    assert bound.number == among_forms.number is not None
    assert (bound.at, bound.remainder) == (among_forms.at, among_forms.remainder)
    assert at_sizes.symbols


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ['1f1b", v=1', 'interleaved", v=2'])
@pytest.mark.parametrize("passes", [(), "recompute(selective)", "recompute(full)"])
def test_so_it_is_of_stages_with_layers_of_several_kinds(schedule: str, passes: str | tuple[str, ...]) -> None:
    mesh = f'pipeline(8, schedule="{schedule}), data(2, zero=1), context(2), experts(8), tensor(2), microbatches(16)'
    test_a_peak_that_is_asked_for_at_sizes_is_the_same(
        {"model": "deepseek-v3", "mesh": mesh, "passes": passes}, "B=1024,S=4096"
    )


def test_a_peak_at_some_sizes_is_open_in_the_others() -> None:
    setup = Setup.of(model="llama-3.1-8b", limit="S=4096")
    at_sizes = peak(setup.graph, setup.convention, setup.precision, sizes=setup.finite("a test")).limited(
        setup.bindings
    )
    whole = cg.derive("peak", model="llama-3.1-8b", limit="S=4096").limited["peak"]
    assert at_sizes.symbols == whole.symbols
    for batch in (1, 64, 4096):
        assert at_sizes.limit(B=batch).number == whole.limit(B=batch).number is not None


@pytest.mark.parametrize(
    ("model", "mesh", "sizes"),
    [
        ("deepseek-v3", "pipeline(16), data(8, zero=1), context(2), experts(8), tensor(4), microbatches(32)", "B=8192"),
        ("llama-3-70b", "pipeline(4), data(8, zero=1), tensor(8, sequence=True), microbatches(16)", "B=1024"),
    ],
)
def test_a_peak_at_sizes_takes_no_time(model: str, mesh: str, sizes: str) -> None:
    """It is asked for by each estimate; among the forms of all instants it takes some eight times as long."""
    setup = Setup.of(model=model, mesh=mesh, limit=f"{sizes},S=4096")
    known = setup.finite("a test")
    began = perf_counter()
    peak(setup.graph, setup.convention, setup.precision, sizes=known).limited(known)
    assert perf_counter() - began < 1
