"""`costgraph estimate`: memory, time, the largest batch, how many devices, what it costs."""

from fractions import Fraction

import pytest

from costgraph import UserError, decoder, estimate, machine
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.reading import request
from costgraph.passes.prefill import Prefill
from costgraph.timing.costs import costs
from costgraph.timing.roofline import spans

TENTH = "flops=100 TFLOP/s, mem_bw=1 TB/s, mem=10 GB, link_bw=100 GB/s"  # round figures


def run(**asked: object) -> Estimate:
    return estimate(request(**asked))  # type: ignore[arg-type]


def plain(**asked: object) -> Estimate:
    """Blocks of 2 layers, width 1024, on a machine with round figures."""
    sizes = "L=2,D=1024,A=8,E=4,p=2," + str(asked.pop("limit", "B=1,S=1000"))
    if not any("flash" in step for step in asked.get("passes", ())):  # type: ignore[attr-defined]
        asked = {"attention": "eager"} | asked
    return run(**({"op_set": "decoder", "hardware": TENTH, "limit": sizes, "convention": "notes"} | asked))


# --- memory -------------------------------------------------------------------------------------------------------

WEIGHTS = 2 * 2 * 12 * 1024**2  # layers, bytes, 12*D**2 parameters in a layer
TOKEN = 2 * 2 * 2 * 1024  # keys and values, layers, bytes


def test_inference_needs_weights_and_cache() -> None:
    memory = plain(phase="decode").memory
    assert {name: form.number for name, form in memory.items()} == {"weights": WEIGHTS, "cache": TOKEN * 1000}


def test_the_cache_is_counted_at_the_last_token() -> None:
    assert plain(new=24).memory["cache"].number == TOKEN * 1024
    assert plain(phase="prefill").memory["cache"].number == TOKEN * 1000


def test_training_needs_states_and_activations() -> None:
    memory = plain(phase="train").memory
    parts = {name: form.number for name, form in memory.items()}
    assert (parts["weights"], parts["gradients"]) == (WEIGHTS, 2 * WEIGHTS)
    assert parts["optimizer"] == 6 * WEIGHTS
    assert parts["activations"] == 2 * 1000 * (34 * 1024 + 5 * 8 * 1000)


def test_the_largest_batch_fits_and_one_more_does_not() -> None:
    largest = plain(phase="decode").largest_batch
    assert largest is not None
    assert plain(phase="decode", limit=f"B={largest},S=1000").verdict.left >= 0  # type: ignore[operator]
    assert plain(phase="decode", limit=f"B={largest + 1},S=1000").verdict.left < 0  # type: ignore[operator]
    assert largest <= (10**10 - WEIGHTS) // (TOKEN * 1000)  # what is computed with takes room, too


def test_no_batch_fits_where_the_weights_do_not() -> None:
    found = run(model_name="gpt-3", hardware="a10", limit="B=1,S=1")
    assert found.largest_batch == 0
    assert found.verdict.left is not None
    assert found.verdict.left < 0


def test_how_many_devices_is_checked_by_splitting_over_them() -> None:
    asked = {
        "op_set": "decoder",
        "model_name": "gpt-3",
        "hardware": "a100-80gb-sxm",
        "limit": "B=1,S=2048",
        "phase": "train",
    }
    assert run(**asked).devices == (42, 48)
    fits = run(**asked, passes=["tensor_parallel(48)"])
    assert fits.verdict.left is not None
    assert fits.verdict.left >= 0
    below = run(**asked, passes=["tensor_parallel(32)"])  # the next smaller divisor of 96 heads
    assert below.verdict.left is not None
    assert below.verdict.left < 0
    assert fits.devices is None


def test_a_vocabulary_that_no_degree_divides_is_padded_to_the_next_multiple_of_one_that_fits() -> None:
    """50257 words share no factor with 96 heads; 48 devices divide all else, and 1048 times 48 is 50304."""
    asked = {"op_set": "decoder(head=True)", "model_name": "gpt-3", "hardware": "a100-80gb-sxm", "phase": "train"}
    found = run(**asked, limit="B=1,S=2048")
    assert found.padded == {"T": 48, "V": 50304}
    assert "T = 48 does with the vocabulary padded, limit={'V': 50304}" in " ".join(str(found).split())
    assert run(**asked, limit="B=1,S=2048,V=50304").devices == (42, 48)
    assert run(**asked, limit="B=1,S=2048,V=50304").padded == {}
    assert run(**asked, limit="B=1,S=2048,V=32001").padded == {"T": 48, "V": 32016}


@pytest.mark.parametrize(
    ("op_set", "limit", "devices"),
    [
        ("decoder(head=True)", "B=1,S=2048", (42, None)),  # 50257 words share no factor with 96 heads
        ("decoder(head=True)", "B=1,S=2048,V=50304", (42, 48)),  # padded, as they are in practice
        ("decoder", "B=1,S=8,L=1,D=64", (1, 1)),
    ],
)
def test_degrees_divide_every_size_that_is_split(op_set: str, limit: str, devices: tuple[int, int | None]) -> None:
    asked = {"model_name": "gpt-3", "hardware": "a100-80gb-sxm", "phase": "train"}
    if "D=64" in limit:
        limit += ",A=8"
    assert run(op_set=op_set, limit=limit, **asked).devices == devices


def test_what_every_device_keeps_can_be_too_much() -> None:
    found = run(op_set="decoder", model_name="gpt-3", hardware="l4", limit="B=64,S=2048", phase="train")
    assert found.devices == (None, None)


# --- time ---------------------------------------------------------------------------------------------------------


def test_a_stage_is_the_roofline_of_its_graph() -> None:
    found = plain(phase="prefill").steps[0]
    graph = decoder().apply(Prefill).substitute(B=1, S=1000, L=2, D=1024, A=8, E=4, p=2)
    direct = spans(costs(graph)).substitute(machine(TENTH).bindings())
    assert found.time.seconds == direct.seconds
    assert found.time.optimistic == direct.optimistic


def test_weights_alone_are_two_flops_per_parameter_and_token() -> None:
    (found,) = plain(phase="prefill").steps
    params = 24 * 1024**2
    assert found.thumb.sums["compute"].number == Fraction(2 * params * 1000, 10**14)
    assert found.thumb.sums["memory"].number == Fraction(2 * params, 10**12)


def test_training_is_six_flops_per_parameter_and_token() -> None:
    (found,) = plain(phase="train").steps
    assert found.thumb.sums["compute"].number == Fraction(6 * 24 * 1024**2 * 1000, 10**14)


def test_a_given_count_of_parameters_is_used_by_the_rule_of_thumb_alone() -> None:
    usual, given = plain(phase="decode"), plain(phase="decode", limit="B=1,S=1000,N_params=7000000")
    assert given.steps[0].thumb.seconds == Fraction(2 * 7_000_000, 10**12)
    assert given.steps[0].time.seconds == usual.steps[0].time.seconds
    assert given.memory == usual.memory


def test_efficiency_makes_everything_slower_and_the_mfu_smaller() -> None:
    usual, half = plain(phase="train"), plain(phase="train", efficiency="flops=0.5,mem=0.5")
    assert half.steps[0].time.seconds == 2 * usual.steps[0].time.seconds
    assert usual.estimated(usual.main) is None  # nobody says how long it takes
    taken = half.estimated(half.main)
    assert taken == 2 * usual.steps[0].time.seconds
    assert half.mfu(half.main, taken) == usual.mfu(usual.main, taken / 2) / 2
    assert half.bound(half.main).seconds == usual.bound(usual.main).seconds


def test_replayed_flops_are_not_useful() -> None:
    usual, again = plain(phase="train"), plain(phase="train", passes=["recompute(full)"])
    assert again.steps[0].useful == usual.steps[0].useful
    second = Fraction(1)
    assert again.mfu(again.main, second) == usual.mfu(usual.main, second) == usual.hfu(usual.main, second)
    assert again.hfu(again.main, second) > again.mfu(again.main, second)


def test_two_devices_send_over_the_link() -> None:
    found = plain(phase="train", passes=["tensor_parallel(2)"])
    sent = 8 * 2 * 1000 * 1024 * 2 // 2  # 8*p*B*D*L*S*(T-1)/T bytes
    assert found.steps[0].time.by_class["communication"].seconds == Fraction(sent, 10**11)


def test_a_link_that_is_not_stated_is_asked_for() -> None:
    with pytest.raises(UserError, match="tensor: 2 devices of custom stand in more than one node"):
        plain(phase="train", passes=["tensor_parallel(2)"], hardware="flops=1 TFLOP/s, mem_bw=1 TB/s, mem=1 GB")


def test_the_first_token_comes_from_the_prefill_and_each_other_one_from_a_step() -> None:
    found = plain(new=20, efficiency="flops=1")
    assert found.generation is not None
    steps = [plain(phase="decode", limit=f"B=1,S={s}") for s in range(1001, 1020)]  # 19 of them
    prefill = plain(phase="prefill")
    assert found.generation[0] == sum(one.bound(one.main).seconds for one in (prefill, *steps))
    assert found.generation[1] == sum(one.main.time.seconds for one in (prefill, *steps))
    assert found.steps[1].time.seconds == steps[0].main.time.seconds
    assert found.steps[2].time.seconds == steps[-1].main.time.seconds


def test_one_new_token_takes_a_prefill() -> None:
    found = plain(efficiency="flops=1")
    assert found.generation == (found.bound(found.steps[0]).seconds, found.steps[0].time.seconds)


def test_generation_counts_efficiency_once() -> None:
    usual, half = (plain(new=20, efficiency=text).generation for text in ("mem=1", "flops=0.5,mem=0.5"))
    assert usual is not None
    assert usual[1] is not None
    assert half == (usual[0], 2 * usual[1])


def test_a_price_becomes_a_cost_per_million_tokens() -> None:
    found = plain(phase="decode", price="3.6 USD/h", limit="B=4,S=1000", efficiency="flops=1")
    assert found.usd_per_million_tokens == (found.least / 4 * 1000, found.main.time.seconds / 4 * 1000)  # 0.001 USD/s
    both = plain(phase="decode", price="3.6 USD/h", limit="B=4,S=1000", passes=["tensor_parallel(2)"])
    assert both.usd_per_million_tokens == (both.least / 4 * 1000 * 2, None)


def test_the_data_type_decides_the_rate_and_the_width() -> None:
    half = run(
        op_set="decoder", hardware="h100-sxm", limit="B=1,S=8,L=1,D=64,A=1,E=4", phase="decode", convention="notes"
    )
    quarter = run(
        op_set="decoder",
        hardware="h100-sxm",
        limit="B=1,S=8,L=1,D=64,A=1,E=4",
        phase="decode",
        convention="notes",
        dtype="fp8",
    )
    assert (half.request.dtype, half.memory["weights"].number) == ("bf16", 2 * 12 * 64**2)
    assert quarter.memory["weights"].number == 12 * 64**2
    assert quarter.request.reached("flops") > half.request.reached("flops")


def test_useful_work_does_not_depend_on_what_a_fused_op_replays() -> None:
    (usual,) = plain(phase="train").steps
    (fused,) = plain(phase="train", passes=["flash_attention"]).steps
    assert fused.useful == usual.useful


@pytest.mark.parametrize(("phase", "matmuls"), [("prefill", 2), ("train", 7)])
@pytest.mark.parametrize("convention", ["notes", "exact(causal=half)", "exact(linear=parameters, backward=twice)"])
def test_a_fused_attention_takes_the_time_of_the_scores_that_are_seen(
    phase: str, matmuls: int, convention: str
) -> None:
    (stage,) = plain(phase=phase, passes=["flash_attention"], convention=convention).steps
    (eager,) = plain(phase=phase, convention=convention).steps
    fused, steps = (
        sum(cost.flops.number or 0 for cost in one.costs if cost.kind == "attention core") for one in (stage, eager)
    )
    assert fused == matmuls * 2 * 2 * 1024 * (1000 * 1001 // 2)  # layers, multiply and add, width, pairs
    assert steps == (matmuls - (phase == "train")) * 2 * 2 * 1024 * 1000**2


# --- symbolic -----------------------------------------------------------------------------------------------------


def test_everything_stays_a_formula_while_something_is_unbound() -> None:
    found = run(op_set="decoder", limit="p=2", phase="decode")
    assert found.unbound == (
        "B",
        "S",
        "L",
        "D",
        "E",
        "lambda_flops",
        "lambda_mem",
    )  # no scores move, so A has no effect
    assert found.verdict.left is None
    assert found.largest_batch is None
    assert found.generation is None
    assert found.steps[0].time.text().startswith("Max(8*B*L*D**2/lambda_flops")


def test_the_largest_batch_needs_no_batch() -> None:
    assert plain(phase="decode", limit="S=1000").largest_batch == plain(phase="decode").largest_batch


# --- generation -----------------------------------------------------------------------------------------------------


def head_of_prefill(model: str, phase: str) -> int:
    """FLOPs of the logits of a prompt of 7 tokens, twice."""
    stage = next(s for s in run(model=model, phase=phase, limit="B=2,S=7").steps if s.name == "prefill")
    return int(next(cost for cost in stage.costs if cost.name == "head.logits").flops.number or 0)


@pytest.mark.parametrize(
    ("model", "phase", "rows"),
    [
        ("llama-2-7b", "generate", 2),
        ("llama-2-7b(head=last)", "generate", 2),
        ("llama-2-7b(head=all)", "generate", 2 * 7),
        ("llama-2-7b", "prefill", 2),
        ("llama-2-7b(head=last)", "prefill", 2),
        ("llama-2-7b(head=all)", "prefill", 2 * 7),
    ],
)
def test_generating_needs_logits_of_the_last_position_alone(model: str, phase: str, rows: int) -> None:
    assert head_of_prefill(model, phase) == 2 * rows * 4096 * 32000


@pytest.mark.parametrize(
    ("mesh", "limit"),
    [
        ("pipeline(P), tensor(2), microbatches(4)", "P=1"),
        ("data(N_d), tensor(2), microbatches(4)", "N_d=1"),
        ("context(C), tensor(2), microbatches(4)", "C=1"),
        ("pipeline(P), tensor(T), microbatches(M)", "P=1,T=2,M=4"),
    ],
)
def test_an_axis_of_one_device_changes_nothing(mesh: str, limit: str) -> None:
    with_it, without = (
        estimate(model="llama-3-8b", hardware="h100-sxm", mesh=mesh, phase="train", limit=f"B=8,S=4096{limit}")
        for mesh, limit in ((mesh, f",{limit}"), ("tensor(2), microbatches(4)", ""))
    )
    assert with_it.bound(with_it.main).seconds == without.bound(without.main).seconds
    assert with_it.verdict.needed == without.verdict.needed
