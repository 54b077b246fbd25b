"""A bound on the time of a step, which nothing beats: by pipelines that are run, and by costs counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest
from command_line import costgraph

from costgraph import derive, estimate
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.closed_form import ClosedForm
from costgraph.estimation.bound import Bound
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.reading import request
from costgraph.measures.times import smaller
from costgraph.pictures.jobs import Job
from costgraph.pictures.orders import Run, run

FAST = 10**20  # of what is not looked at
COMPUTES = f"flops=1 FLOP/s, mem_bw={FAST} B/s, mem=1 GB, link_bw={FAST} B/s, node=1024"
MOVES = f"flops={FAST} FLOP/s, mem_bw=1 B/s, mem=1 GB, link_bw={FAST} B/s, node=1024"


def asked(**of: object) -> Estimate:
    return estimate(request(**of))  # type: ignore[arg-type]


def bound(**of: object) -> Bound:
    found = asked(**of)
    return found.bound(found.main)


# --- pipelines, run ---------------------------------------------------------------------------------------------------

D, S, E = 4, 6, 4  # of a decoder, its MLP four times as wide


def layers_of(found: Estimate, L: int, P: int) -> list[int]:
    """How many layers each stage has, as the answer says."""
    said = next((str(one) for one in found.main.whole.assumptions if str(one).startswith("layers of each")), "")
    counts: list[int] = []
    for item in said.removeprefix("layers of each stage ").split(", ") if said else [f"{P} x {L // P}"]:
        times, _, each = item.rpartition(" x ")
        counts += [int(each)] * int(times or 1)
    assert (len(counts), sum(counts)) == (P, L)
    return counts


def flops(kind: str, layers: int, words: int, tokens: int) -> int:
    """FLOPs of a microbatch: forward, gradients of inputs, of weights; a position sees itself and those before."""
    seen = Fraction(2 * 2 * D * (S + 1), 2)  # scores and values of one position
    matrices = 2 * (4 + 2 * E) * D**2
    head = 2 * D * words
    each = {"F": matrices + seen, "B": matrices + 2 * seen, "W": Fraction(matrices)}[kind]
    return int(tokens * (layers * each + head))


FOLDED = ("zb-v", "v-half", "v-min", "dualpipev")  # in the shape of a V
SINCE = ("zb-h2", *FOLDED)


def plans(many: int, schedules: tuple[str, ...]) -> Iterator[tuple[str, int, int, int, int, int]]:
    """Schedules, stages, microbatches, chunks, layers and words that fit one another, drawn by a seed."""
    draw = Random(14)
    while many:
        schedule = draw.choice(schedules)
        if schedule in SINCE:
            P, v = draw.randint(3, 5), 2 if schedule in FOLDED else 1
            L = P * v * draw.randint(1, 2) + draw.choice((0, 0, 1, 3))
            yield schedule, P, draw.randint(2 * P, 3 * P), v, L, draw.choice((0, 0, 20, 100, 400))
            many -= 1
            continue
        P, v = draw.randint(2, 5), draw.randint(2, 3) if schedule == "interleaved" else 1
        M = P * draw.randint(2, 3) if schedule == "interleaved" else draw.randint(P, 3 * P)
        L = P * v * draw.randint(1, 3) if v > 1 else draw.randint(P, 4 * P)
        yield schedule, P, M, v, L, draw.choice((0, 0, 20, 100, 400))
        many -= 1


@pytest.mark.parametrize(
    ("schedule", "P", "M", "v", "L", "V"),
    [*plans(60, ("gpipe", "1f1b", "interleaved", "zb-h1")), *plans(50, SINCE)],
)
def test_no_run_of_a_pipeline_is_faster(schedule: str, P: int, M: int, v: int, L: int, V: int) -> None:
    """Stages of unlike costs, at the peak and below it."""
    found = asked(
        op_set="decoder(head=True)" if V else "decoder", hardware=COMPUTES, phase="train", attention="eager",
        mesh=f"pipeline({P}, schedule='{schedule}', v={v}), microbatches({M})",
        limit=f"B={M},S={S},L={L},D={D},A=2,E={E},p=2" + (f",V={V},K={S}" if V else ""),
    )  # fmt: skip
    layers = layers_of(found, L, P)

    def took(stage: int, job: Job) -> Fraction:
        words = V if (stage, job.chunk) == (0 if schedule in FOLDED else P - 1, v - 1) else 0
        return Fraction(flops(job.kind, Fraction(layers[stage], v), words, S))  # type: ignore[arg-type]

    least = found.bound(found.main).seconds
    made = run(schedule, P, M, v)
    at_peak = length(made, took)
    assert least <= at_peak
    if L % (P * v) == 0 and not V:
        assert least == at_peak
    draw = Random(P * M)
    assert least <= length(made, lambda stage, job: took(stage, job) / draw.choice((1, Fraction(2, 3), Fraction(1, 5))))


def length(made: Run, took: Callable[[int, Job], Fraction], after: Sequence[int] = ()) -> Fraction:
    """How long a step takes with what each stage does behind it."""
    steps = made.steps(list(made.slots(took)))
    return max(step + more for step, more in zip(steps, after or [0] * made.P, strict=True))


@pytest.mark.parametrize(
    ("schedule", "P", "M", "v", "L", "V"),
    [*plans(40, ("gpipe", "1f1b", "zb-h1")), *plans(25, SINCE)],
)
def test_no_run_of_a_pipeline_reads_faster(schedule: str, P: int, M: int, v: int, L: int, V: int) -> None:
    """Weights are read by each microbatch; then every stage updates what it has, and the last one more than others."""
    found = asked(
        op_set="decoder(head=True)" if V else "decoder", hardware=MOVES, phase="train",
        mesh=f"pipeline({P}, schedule='{schedule}'), microbatches({M})",
        limit=f"B={M},S={S},L={L},D={D},A=2,E={E},p=2" + (f",V={V},K={S}" if V else ""),
    )  # fmt: skip
    layers = layers_of(found, L, P)
    matrices, norms = (4 + 2 * E) * D**2, 4 * D
    last = 0 if schedule in FOLDED else P - 1

    def took(stage: int, job: Job) -> Fraction:
        ends = (V + 2 if job.kind == "F" else V + 1) * D if V and (stage, job.chunk) == (last, v - 1) else 0
        scales = {"F": norms, "B": norms // 2, "W": 0}[job.kind]  # shifts are added on the way forward alone
        each = Fraction(layers[stage], v) * (scales + (0 if job.kind == "W" else matrices))
        return 2 * (each + (ends if job.kind != "W" else 0))

    tables = {0: (V + S) * D if V else 0}
    tables[last] = tables.get(last, 0) + ((2 if last == 0 else V + 2) * D if V else 0)
    kept = [layers[stage] * (matrices + norms) + tables.get(stage, 0) for stage in range(P)]
    step = length(run(schedule, P, M), took, [30 * one for one in kept])
    least = found.bound(found.main).resources["memory"]
    assert least <= step
    if len({*layers}) == 1 and not V and schedule not in SINCE:
        assert least >= step - 2 * (P - 1) * norms * L  # gradients of norms wait for nothing


OPEN: dict[str, Any] = {"op_set": "decoder(head=True)", "phase": "train", "attention": "eager"}


@cache
def of_open_sizes(schedule: str) -> ClosedForm:
    return derive("step_time", **OPEN, mesh=f"pipeline(P, schedule='{schedule}')").forms["step_time"]


@pytest.mark.parametrize(
    ("schedule", "seed"),
    [(name, seed) for name in ("gpipe", "1f1b", "zb-h1", *SINCE) for seed in range(25 if name not in SINCE else 8)],
)
def test_a_form_of_open_sizes_is_the_bound_at_any_of_them(schedule: str, seed: int) -> None:
    """Wherever a stage is idle longest, and whether gradients or an update fill the way back; of two stages no more."""
    draw = Random(seed)
    P = draw.choice((2, 3, 4, 8) if schedule not in SINCE else (6,) if schedule == "v-min" else (4, 8))
    many = 1 if schedule not in SINCE else 2
    rates = {"lambda_flops": 10 ** draw.randint(0, 9), "lambda_mem": 10 ** draw.randint(0, 9), "lambda_comms": FAST}
    sizes = {
        "L": P * draw.randint(1, 3) * many,
        "D": 2 ** draw.randint(2, 9),
        "A": 2,
        "E": 2 ** draw.randint(0, 3),
        "p": 2,
    }
    sizes |= {"V": 2 ** draw.randint(0, 14), "S": 2 ** draw.randint(0, 12), "K": 2**12}
    M = P * draw.randint(1, 3) * many
    sizes["B"] = M * draw.randint(1, 4)
    words = "flops={} FLOP/s, mem_bw={} B/s, mem=1 GB, link_bw={} B/s, node=1024"
    exact = bound(
        **OPEN, hardware=words.format(*rates.values()), mesh=f"pipeline({P}, schedule='{schedule}'), microbatches({M})",
        limit=sizes,
    ).seconds  # fmt: skip
    bindings = {name: Polynomial.constant(size) for name, size in {**sizes, **rates, "P": P, "M": M}.items()}
    found = of_open_sizes(schedule).limited(bindings).number
    assert found is not None
    assert found <= exact if P == 2 else found == exact


@pytest.mark.parametrize(
    ("one", "other", "least"),
    [
        ("2*D", "3*D", "2*D"), ("D*S + D", "D", "D"), ("D*S", "D*S", "D*S"), ("3*D + S", "2*D + 4*S", "2*D + S"),
        ("D", "S", "0"), ("4*D - 3*S", "5*D - 4*S", "4*D - 4*S"),
    ],
)  # fmt: skip
def test_of_amounts_that_sizes_order_what_both_have_in_common_is_sure(one: str, other: str, least: str) -> None:
    sides = [parse(text).numerator for text in (one, other, least)]
    assert smaller(sides[0], sides[1]) == smaller(sides[1], sides[0]) == sides[2]


@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_a_token_goes_through_all_stages(phase: str) -> None:
    """In a pipeline that only goes forward the first stage, too, waits for the others."""
    of = {"op_set": "decoder", "hardware": COMPUTES, "phase": phase, "limit": f"B=4,S={S},L=6,D={D},A=2,E=4,p=2"}
    whole = bound(**of).seconds
    assert bound(**of, mesh="pipeline(3), microbatches(1)").seconds == whole
    assert bound(**of, mesh="pipeline(3), microbatches(4)").seconds == whole * (4 + 2) / 4 / 3


# --- what is computed, counted one by one -----------------------------------------------------------------------------

UNIT = "flops=1 FLOP/s, mem_bw=1 B/s, mem=1 GB, link_bw=1 B/s, node=8, net_bw=1 B/s"
LLAMA = {"L": 32, "D": 4096, "A": 32, "G": 8, "H": 128, "F": 14336, "V": 128256}
MISTRAL = {"L": 32, "D": 4096, "A": 32, "G": 8, "H": 128, "F": 14336, "V": 32000}
MODELS = {"llama-3-8b": (LLAMA, 10**9), "mistral-7b": (MISTRAL, 4096)}


def busy(resource: str, **of: object) -> int:
    """How long a resource of one per second is busy, which is what it does."""
    seconds = bound(hardware=UNIT, **of).resources[resource]
    assert seconds.denominator == 1
    return int(seconds)


def in_a_layer(m: dict[str, int]) -> int:
    return m["D"] * m["H"] * (2 * m["A"] + 2 * m["G"]) + 3 * m["D"] * m["F"]


def pairs(length: int, window: int) -> int:
    """How many positions all positions see."""
    return sum(min(at + 1, window) for at in range(length))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("length", [100, 5000])
def test_a_prefill_computes_what_is_seen_and_the_last_logits(name: str, length: int) -> None:
    m, window = MODELS[name]
    tokens = 2 * length
    linear = 2 * tokens * m["L"] * in_a_layer(m) + 2 * 2 * m["D"] * m["V"]
    scores = 2 * 2 * m["L"] * m["A"] * m["H"] * 2 * pairs(length, window)
    assert busy("compute", model=name, phase="prefill", limit=f"B=2,S={length}") == linear + scores


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("attention", "matmuls"), [("eager", 6), ("flash", 7)])
def test_a_training_step_computes_everything_three_times_and_scores_once_more_in_flash(
    name: str, attention: str, matmuls: int
) -> None:
    m, window = MODELS[name]
    tokens = 2 * 5000
    linear = 6 * tokens * (m["L"] * in_a_layer(m) + m["D"] * m["V"])
    scores = 2 * matmuls * m["L"] * m["A"] * m["H"] * 2 * pairs(5000, window)
    assert busy("compute", model=name, phase="train", attention=attention, limit="B=2,S=5000") == linear + scores


@pytest.mark.parametrize("name", MODELS)
def test_a_decode_step_computes_one_position(name: str) -> None:
    m, window = MODELS[name]
    linear = 2 * 3 * (m["L"] * in_a_layer(m) + m["D"] * m["V"])
    scores = 2 * 3 * m["L"] * m["A"] * m["H"] * 2 * min(5000, window)
    assert busy("compute", model=name, phase="decode", limit="B=3,S=5000") == linear + scores


@pytest.mark.parametrize(("order", "most"), [("contiguous", 3), ("zigzag", 0)])
def test_of_contiguous_positions_the_last_device_sees_most(order: str, most: int) -> None:
    """4 devices of 26 positions each: the last sees all before; or each as much as any other."""
    length, C = 104, 4
    each = [sum(at + 1 for at in range(c * 26, c * 26 + 26)) for c in range(C)]
    seen = each[most] if order == "contiguous" else Fraction(sum(each), C)
    linear = 2 * 26 * LLAMA["L"] * in_a_layer(LLAMA)
    scores = 2 * LLAMA["L"] * LLAMA["A"] * LLAMA["H"] * 2 * seen
    found = bound(
        hardware=UNIT, model="llama-3-8b", phase="forward", mesh=f"context({C}, order='{order}')",
        limit=f"B=1,S={length}",
    )  # fmt: skip
    head = 2 * 26 * LLAMA["D"] * LLAMA["V"]
    assert found.resources["compute"] == linear + scores + head


# --- what must be read ------------------------------------------------------------------------------------------------


def norms(m: dict[str, int]) -> int:
    return (2 * m["L"] + 1) * m["D"]


def read_once(m: dict[str, int]) -> int:
    """Elements of all weights but the table in which words are looked up."""
    return m["L"] * in_a_layer(m) + norms(m) + m["D"] * m["V"]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("length", [100, 5000])
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_inference_reads_weights_once_and_the_cache_once(name: str, length: int, phase: str) -> None:
    """A prefill writes the cache, which of a window holds what it sees."""
    m, window = MODELS[name]
    cache = 2 * m["L"] * m["G"] * m["H"] * min(length, window)
    found = busy("memory", model=name, phase=phase, limit=f"B=3,S={length}")
    assert found == 2 * (read_once(m) + 3 * cache)


@pytest.mark.parametrize("M", [1, 4])
@pytest.mark.parametrize(("zero", "resting"), [(0, 1), (1, 8), (3, 8)])
def test_training_reads_weights_twice_a_microbatch_and_updates_all_state_once(M: int, zero: int, resting: int) -> None:
    """A gradient of 4 bytes, a master copy and two moments are read; a weight of 2 and all but the gradient written."""
    m = LLAMA
    whole = read_once(m) + m["D"] * m["V"]
    mesh = f"data(8, zero={zero})" + (f", microbatches({M})" if M > 1 else "")
    found = busy("memory", model="llama-3-8b", phase="train", mesh=mesh, limit="B=32,S=128")
    assert found == M * 2 * 2 * read_once(m) + 30 * whole // resting


MIXTRAL = {"L": 32, "D": 4096, "A": 32, "G": 8, "H": 128, "F": 14336, "V": 32000}


@pytest.mark.parametrize(
    ("devices", "hit"), [(1, 2), (2, 1), (4, 1), (8, 1)]
)  # 2 of 8 experts for each token; on two devices or more some device has one
@pytest.mark.parametrize("batch", [8, 64])
def test_experts_are_read_that_one_token_is_sent_to(devices: int, hit: int, batch: int) -> None:
    m = MIXTRAL
    attention = m["L"] * m["D"] * m["H"] * (2 * m["A"] + 2 * m["G"])
    one, router = m["L"] * 3 * m["D"] * m["F"], m["L"] * m["D"] * 8
    cache = batch // devices * 2 * m["L"] * m["G"] * m["H"] * 100
    mesh = {"mesh": f"experts({devices})"} if devices > 1 else {}
    found = busy("memory", model="mixtral-8x7b", phase="decode", limit=f"B={batch},S=100", **mesh)
    assert found == 2 * (attention + hit * one + router + norms(m) + m["D"] * m["V"] + cache)
    step = bound(hardware=UNIT, model="mixtral-8x7b", phase="decode", limit=f"B={batch},S=100", **mesh)
    assert step.resources["compute"] == 2 * batch // devices * (
        attention + 2 * one + router + m["D"] * m["V"] + 2 * m["L"] * m["A"] * m["H"] * 100
    )


def test_more_experts_are_chosen_than_there_are_devices() -> None:
    """Of 8 chosen experts the fullest of 3 or so devices has three; Qwen3 30B A3B chooses 8 of 128."""
    for devices, hit in {2: 4, 16: 1}.items():
        alone = busy("memory", model="qwen3-30b-a3b", phase="decode", limit="B=16,S=1")
        split = busy("memory", model="qwen3-30b-a3b", phase="decode", limit="B=16,S=1", mesh=f"experts({devices})")
        one = 48 * 3 * 2048 * 768 * 2
        cache = 16 * 2 * 48 * 4 * 128 * 2
        assert alone - split == (8 - hit) * one + cache - cache // devices


# --- what is sent, link by link ---------------------------------------------------------------------------------------

BLOCKS = "L=3,D=64,A=8,E=4,p=2"
WIDTH, LAYERS = 64, 3


def sent(mesh: str, node: int, phase: str = "train") -> dict[str, Fraction]:
    machine = UNIT.replace("node=8", f"node={node}")
    found = bound(op_set="decoder", hardware=machine, phase=phase, mesh=mesh, limit=f"B=8,S=32,{BLOCKS}")
    return {name: seconds for name, seconds in found.resources.items() if name not in ("compute", "memory")}


def partial_sums(batch: Fraction, degree: int, phase: str = "train") -> Fraction:
    """Of attention and MLP in each layer, forward and, where it trains, backward: twice around a ring of each."""
    ways = 4 if phase == "train" else 2
    return LAYERS * ways * 2 * Fraction(degree - 1, degree) * batch * 32 * WIDTH * 2


def weights(degree: int) -> int:
    """Bytes on a device: four square matrices and two of the MLP in parts, scales and shifts of two norms whole."""
    return 2 * LAYERS * (12 * WIDTH**2 // degree + 4 * WIDTH)


def test_activations_go_over_the_link_in_a_node_and_gradients_over_the_network() -> None:
    found = sent("data(2), tensor(8)", node=8)
    assert found == {"link": partial_sums(Fraction(4), 8), "network": 2 * Fraction(1, 2) * weights(8)}


def test_without_a_backward_nothing_goes_over_the_network() -> None:
    assert sent("data(2), tensor(8)", 8, "prefill") == {"link": partial_sums(Fraction(4), 8, "prefill")}


def test_a_group_on_two_nodes_adds_up_within_each_first() -> None:
    """Of W bytes a pair sends half, then the halves go around two nodes, then the pair gathers: W and W/2."""
    found = sent("data(4), tensor(2)", node=4)
    assert found == {"link": partial_sums(Fraction(2), 2) + weights(2), "network": Fraction(weights(2), 2)}


def test_weights_that_rest_in_parts_are_gathered_twice_and_gradients_scattered() -> None:
    """ZeRO 3 over two nodes of one device each: half of what a device computes with, three times; shifts once less."""
    found = sent("data(2, zero=3)", node=1)
    shifts = 2 * LAYERS * 2 * WIDTH
    assert found == {"network": Fraction(1, 2) * (3 * weights(1) - shifts)}


def test_a_stage_in_the_middle_passes_on_activations_and_gradients() -> None:
    """Of 3 stages of a layer each, every one on a node of its own; the ends send one of both."""
    mesh = "pipeline(3), microbatches(4)"
    found = bound(
        op_set="decoder", hardware=UNIT.replace("node=8", "node=1"), phase="train", mesh=mesh,
        limit=f"B=8,S=32,{BLOCKS}",
    )  # fmt: skip
    one = 8 * 32 * WIDTH * 2
    by_stage = {arm.stage: arm.seconds.number for arm in found.arms if arm.resource == "network"}
    assert by_stage == {"first stage": one, "middle stage": 2 * one, "last stage": one}


def test_a_bound_says_that_it_counts_what_is_done() -> None:
    said = costgraph("derive", "step_time", "--phase", "prefill").said
    assert "counted (exact(causal=triangle))" in said
    assert "the full attention square" not in said
    assert "the full attention square" in costgraph("derive", "flops", "--phase", "prefill").said
