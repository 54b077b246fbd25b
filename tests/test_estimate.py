"""`costgraph estimate`: memory, time, the largest batch, how many devices, what it costs."""

import json
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from test_cli import costgraph

import costgraph as cg
from costgraph import UserError, decoder, estimate, machine, model, request
from costgraph.estimation.estimate import Estimate
from costgraph.hardware.roofline import Rates, costs, spans
from costgraph.sizes import named

GOLDEN = Path(__file__).parent / "golden"
TENTH = "flops=100 TFLOP/s, mem_bw=1 TB/s, mem=10 GB, link_bw=100 GB/s"  # round figures


def run(**asked: object) -> Estimate:
    return estimate(request(**asked))  # type: ignore[arg-type]


def plain(**asked: object) -> Estimate:
    """Blocks of 2 layers, width 1024, on a machine with round figures."""
    sizes = "L=2,D=1024,A=8,E=4,p=2," + str(asked.pop("limit", "B=1,S=1000"))
    return run(**({"op_set": "decoder", "hardware": TENTH, "limit": sizes} | asked))


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
    assert plain(phase="decode", limit=f"B={largest},S=1000").left >= 0  # type: ignore[operator]
    assert plain(phase="decode", limit=f"B={largest + 1},S=1000").left < 0  # type: ignore[operator]
    assert largest == (10**10 - WEIGHTS) // (TOKEN * 1000)


def test_no_batch_fits_where_the_weights_do_not() -> None:
    found = run(model_name="gpt-3", hardware="a10", limit="B=1,S=1")
    assert found.largest_batch == 0
    assert found.left is not None
    assert found.left < 0


def test_how_many_devices_is_checked_by_splitting_over_them() -> None:
    asked = {
        "op_set": "decoder",
        "model_name": "gpt-3",
        "hardware": "a100-80gb-sxm",
        "limit": "B=1,S=2048",
        "phase": "train",
    }
    assert run(**asked).devices == (55, 96)
    fits = run(**asked, passes=["tensor_parallel(96)"])
    assert fits.left is not None
    assert fits.left >= 0
    below = run(**asked, passes=["tensor_parallel(48)"])  # the next smaller divisor of 96 heads
    assert below.left is not None
    assert below.left < 0
    assert fits.devices is None


@pytest.mark.parametrize(
    ("op_set", "limit", "devices"),
    [
        ("decoder(head=True)", "B=1,S=2048", (56, None)),  # 50257 words share no factor with 96 heads
        ("decoder(head=True)", "B=1,S=2048,V=50304", (56, 96)),  # padded, as they are in practice
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
    found = plain(phase="prefill").stages[0]
    graph = decoder().apply(cg.prefill).substitute(B=1, S=1000, L=2, D=1024, A=8, E=4, p=2)
    direct = spans(costs(graph), Rates().substitute(machine(TENTH).bindings()))
    assert found.time.seconds == direct.seconds
    assert found.time.optimistic == direct.optimistic


def test_weights_alone_are_two_flops_per_parameter_and_token() -> None:
    (found,) = plain(phase="prefill").stages
    params = 24 * 1024**2
    assert found.thumb.sums["compute"].number == Fraction(2 * params * 1000, 10**14)
    assert found.thumb.sums["memory"].number == Fraction(2 * params, 10**12)


def test_training_is_six_flops_per_parameter_and_token() -> None:
    (found,) = plain(phase="train").stages
    assert found.thumb.sums["compute"].number == Fraction(6 * 24 * 1024**2 * 1000, 10**14)


def test_a_given_count_of_parameters_is_used_by_the_rule_of_thumb_alone() -> None:
    usual, given = plain(phase="decode"), plain(phase="decode", limit="B=1,S=1000,N_params=7000000")
    assert given.stages[0].thumb.seconds == Fraction(2 * 7_000_000, 10**12)
    assert given.stages[0].time.seconds == usual.stages[0].time.seconds
    assert given.memory == usual.memory


def test_efficiency_makes_everything_slower_and_the_mfu_smaller() -> None:
    usual, half = plain(phase="train"), plain(phase="train", efficiency="flops=0.5,mem=0.5")
    assert half.stages[0].time.seconds == 2 * usual.stages[0].time.seconds
    assert half.mfu(half.stages[0]) == usual.mfu(usual.stages[0]) / 2  # type: ignore[operator]


def test_replayed_flops_are_not_useful() -> None:
    usual, again = plain(phase="train"), plain(phase="train", passes=["recompute(full)"])
    assert again.stages[0].useful == usual.stages[0].useful
    assert again.mfu(again.stages[0]) < usual.mfu(usual.stages[0])  # type: ignore[operator]


def test_two_devices_send_over_the_link() -> None:
    found = plain(phase="train", passes=["tensor_parallel(2)"])
    sent = 8 * 2 * 1000 * 1024 * 2 // 2  # 8*p*B*D*L*S*(T-1)/T bytes
    assert found.stages[0].time.by_class["communication"].seconds == Fraction(sent, 10**11)


def test_a_link_that_is_not_stated_is_asked_for() -> None:
    with pytest.raises(UserError, match="no link rate for custom"):
        plain(phase="train", passes=["tensor_parallel(2)"], hardware="flops=1 TFLOP/s, mem_bw=1 TB/s, mem=1 GB")


def test_generation_is_prefill_and_one_step_for_each_new_token() -> None:
    found = plain(new=20)
    assert found.generation is not None
    steps = [plain(phase="decode", limit=f"B=1,S={s}").stages[0].time.seconds for s in range(1001, 1021)]
    prefill = plain(phase="prefill").stages[0].time.seconds
    assert found.generation[0] == prefill + sum(steps)
    assert found.stages[1].time.seconds == steps[0]
    assert found.stages[2].time.seconds == steps[-1]


def test_generation_counts_efficiency_once() -> None:
    usual, half = plain(new=20).generation, plain(new=20, efficiency="flops=0.5,mem=0.5").generation
    assert usual is not None
    assert half is not None
    assert half == (2 * usual[0], 2 * usual[1])


def test_a_price_becomes_a_cost_per_million_tokens() -> None:
    found = plain(phase="decode", price="3.6 USD/h", limit="B=4,S=1000")
    per_token = found.stages[0].time.seconds / 4
    assert found.cost_per_million == per_token * 1000  # 0.001 USD/s for a million tokens
    both = plain(phase="decode", price="3.6 USD/h", limit="B=4,S=1000", passes=["tensor_parallel(2)"])
    assert both.cost_per_million == both.stages[0].time.seconds / 4 * 1000 * 2


def test_the_data_type_decides_the_rate_and_the_width() -> None:
    half = run(op_set="decoder", hardware="h100-sxm", limit="B=1,S=8,L=1,D=64,A=1,E=4", phase="decode")
    quarter = run(op_set="decoder", hardware="h100-sxm", limit="B=1,S=8,L=1,D=64,A=1,E=4", phase="decode", dtype="fp8")
    assert (half.request.dtype, half.memory["weights"].number) == ("bf16", 2 * 12 * 64**2)
    assert quarter.memory["weights"].number == 12 * 64**2
    assert quarter.request.rates.flops == half.request.rates.flops * 2 or quarter.request.rates.flops.number


def test_useful_work_does_not_depend_on_what_a_fused_op_replays() -> None:
    (usual,) = plain(phase="train").stages
    (fused,) = plain(phase="train", passes=["flash_attention"]).stages
    assert fused.useful == usual.useful
    assert sum(cost.flops.number or 0 for cost in fused.costs) > (usual.useful.number or 0)


# --- symbolic -----------------------------------------------------------------------------------------------------


def test_everything_stays_a_formula_while_something_is_unbound() -> None:
    found = run(op_set="decoder", limit="p=2", phase="decode")
    assert found.unbound == ("B", "S", "L", "D", "A", "E", "lambda_flops", "lambda_mem")
    assert found.left is None
    assert found.largest_batch is None
    assert found.generation is None
    assert found.stages[0].time.text().startswith("Max(8*B*L*D**2/lambda_flops")


def test_the_largest_batch_needs_no_batch() -> None:
    assert plain(phase="decode", limit="S=1000").largest_batch == plain(phase="decode").largest_batch


# --- models -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", named())
def test_a_model_names_its_source_and_its_sizes_are_consistent(name: str) -> None:
    found = model(name)
    assert found.source
    assert found.name == name
    assert {"L", "D", "A", "E", "V"} <= set(found.bindings)
    assert found.nominal is not None


EXACTLY = {  # parameters that the op set does not have, or (negative) has in addition
    "bert-large": ((30522 + 512 + 2) * 1024 + 2 * 1024 + 1024**2 + 1024, "exact"),  # embeddings and their norm, pooler
    "falcon-40b": (0, "exact"),
    "opt-175b": (0, "exact"),
    "llama-2-7b": ((2 * 32 + 1) * 4096, "notes"),  # + scales of RMSNorm
}


@pytest.mark.parametrize("name", EXACTLY)
def test_the_parameter_count_is_the_published_one(name: str) -> None:
    found = model(name)
    more, convention = EXACTLY[name]
    form = cg.derive("params", op_set=found.op_set, convention=convention).forms["params"]
    number = form.limited(found.bindings).number
    assert number is not None
    assert number + more == found.exact


def test_llama_is_7e9_for_those_who_round() -> None:
    assert model("llama-2-7b").nominal == 7 * 10**9


MODEL = "op_set = 'decoder'\n[bindings]\nL = 2\nD = '64'\n"


def test_a_model_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MODEL)
    found = model(str(tmp_path / "mine.toml"))
    assert (found.name, found.bindings["D"].number) == ("mine", 64)


REFUSED_MODELS = {
    ("D = '64'", "D = 'sixty'"): "unknown symbol 'sixty'",
    ("D = '64'", "D = '0'"): "must be a positive integer",
    ("D = '64'", "D = 64.5"): "write a whole number or text",
    ("D = '64'", "H = 64"): "unknown symbol 'H'",
    ("[bindings]", "[sizes]"): "the table [bindings] is missing",
    ("[bindings]", "[bindings"): "mine.toml: ",
    ("[bindings]", "nominal = 3\n[bindings]"): "nominal must be a table",
}


@pytest.mark.parametrize("change", REFUSED_MODELS)
def test_unusable_models_are_refused_with_the_place(change: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MODEL.replace(*change))
    with pytest.raises(UserError) as refused:
        model(str(tmp_path / "mine.toml"))
    assert REFUSED_MODELS[change] in str(refused.value)
    assert "mine.toml" in str(refused.value)


# --- the command --------------------------------------------------------------------------------------------------

RUNS = {
    "estimate.txt": "estimate --model llama-2-7b --hardware a10 --limit B=1,S=350 --new 150 --price 1USD/h",
    "estimate_train.md": "estimate --model gpt-3 --op-set decoder --phase train --hardware a100-80gb-sxm"
    " --limit B=1,S=2048 --pass tensor_parallel(8) --format markdown",
    "estimate_symbolic.txt": "estimate --op-set decoder --phase decode --limit p=2",
    "estimate.json": "estimate --model opt-175b --op-set decoder --phase decode --hardware h100-sxm"
    " --limit B=8,S=544 --json",
    "solve.txt": "solve states+activations<=hbm --for B --model gpt-3 --op-set decoder --limit S=2048,p=2"
    " --hardware mi300x --pass tensor_parallel(32)",
    "solve.json": "solve states+activations<=hbm --for S --limit E=4,p=2 --json",
}


@pytest.mark.parametrize("name", RUNS)
def test_output_is_as_reviewed(name: str) -> None:
    found = costgraph(*RUNS[name].split(" "))
    assert (found.returncode, found.stderr) == (0, "")
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ:
        (GOLDEN / name).write_text(found.stdout)
    assert found.stdout == (GOLDEN / name).read_text()


def test_json_holds_exact_numbers_and_formulas() -> None:
    data = json.loads((GOLDEN / "estimate.json").read_text())
    assert data["schema"] == "costgraph.estimate/1"
    assert Fraction(data["memory"]["weights"]["value"]) == 324 * 2**30
    (stage,) = data["stages"].values()
    assert Fraction(stage["seconds"]) == sum(Fraction(op["seconds"]) for op in stage["ops"].values())
    assert stage["form"].startswith("Max(")


REFUSED = {
    "--hardware a100-80": "unknown hardware 'a100-80': did you mean a100-80gb",
    "--hardware a100-80gb-sxm --dtype fp8": "no fp8 rate for a100-80gb-sxm; it has fp16, bf16, tf32, fp32, int8",
    "--hardware a10 --link nvlink": "unknown link of a10 'nvlink'",
    "--model gpt3": "unknown model 'gpt3': did you mean gpt-3?",
    "--model ./nowhere.toml": "model file ./nowhere.toml: No such file",
    "--phase training": "unknown phase 'training': did you mean train?",
    "--new 0": "at least one new token",
    "--new 3 --phase train": "new tokens are what --phase generate is about",
    "--hardware=": "the name of the hardware is empty",
    "--model=": "unknown model ''",
    "--link nvlink": "a link of which machine? name it with --hardware",
    "--dtype fp99": "unknown data type 'fp99'",
    "--limit T->oo": "an estimate needs sizes, not limits",
    "--price 2.5": "has no unit; write a price such as '2.5 USD/h'",
    "--price 0USD/h": "must be positive",
    "--price 1USD/h": "the price of which machine? name it with --hardware",
    "--efficiency flops=0.5,mem=1,flops=0.6": "flops is given twice",
    "--efficiency speed=1": "unknown efficiency 'speed': choose from flops, mem, comms",
    "--efficiency flops=0": "write a share above 0 and up to 1",
    "--efficiency flops=1.5": "write a share above 0 and up to 1",
    "--precision int8": "unknown precision",
    "--format latex": "unknown format",
    "--json --format text --plot x.bmp --hardware a10": "a file that ends in .svg, .png, .pdf",
    "--plot x.svg": "a roofline needs numbers: bind B, S, L, D, A, E, p and name --hardware",
    "--plot x.svg --hardware a10 --limit L=1,D=8,A=1,E=4": "a roofline needs numbers: bind B, S",
    "--model gpt-3 --op-set decoder --limit B=1,S=8,p=2 --pass tensor_parallel(7)": "T | A does not hold",
    "--model gpt-3 --limit B=1,S=8,p=2 --pass tensor_parallel(8)": "8 does not divide 50257; a vocabulary",
    "--op-set decoder --pass tensor_parallel(7) --limit A=96": "7 does not divide 96",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_bad_input_is_refused_in_one_line(arguments: str) -> None:
    found = costgraph("estimate", *arguments.split(" "))
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.count("\n") == 1
    assert REFUSED[arguments] in found.stderr or "7 does not divide 96" in found.stderr


BEYOND = "longer than K=4096, the longest sequence that the model was made for"
REMARKS = {  # what was typed -> what is said about it
    "--limit B=1,S=8": [],
    "--limit B=1,S=8,T=8": ["T does not occur in the estimate; split the model with --pass 'tensor_parallel(T)'"],
    "--limit B=1,S=8,T=8 --pass tensor_parallel(T)": [],
    "--limit N_params=7e9,m=3,hbm=7": ["hbm does not occur in the estimate", "m does not occur in the estimate"],
    "--limit S=4000 --new 96": [],
    "--limit S=4000 --new 97": [f"S=4000 and 97 new: {BEYOND}"],
    "--limit S=4097 --phase prefill": [f"S=4097: {BEYOND}"],
    "--op-set decoder --limit V=9": ["V does not occur in the estimate"],
}  # fmt: skip


@pytest.mark.parametrize("arguments", REMARKS)
def test_what_was_typed_without_effect_or_beyond_the_model_is_remarked(arguments: str) -> None:
    asked = ["estimate", "--model", "llama-2-7b", *arguments.split(" ")]
    found, data = costgraph(*asked), json.loads(costgraph(*asked, "--json").stdout)
    assert found.returncode == 0
    assert sorted(found.stderr.splitlines()) == [f"note: {said}" for said in REMARKS[arguments]]
    assert sorted(data["remarks"]) == REMARKS[arguments]


def test_an_unsatisfiable_question_ends_with_exit_code_2() -> None:
    found = costgraph("solve", "states <= hbm", "--for", "V", "--limit", "L=2,D=8,E=4")
    assert found.returncode == 2
    assert found.stderr == "error: V does not occur in the question, or cancels from it\n"


def test_every_op_says_what_it_waits_for() -> None:
    asked = ["estimate", "--model", "llama-2-7b", "--hardware", "a10", "--limit", "B=1,S=512", "--phase", "prefill"]
    printed = costgraph(*asked, "--explain").stdout
    ops = json.loads(costgraph(*asked, "--json").stdout)["stages"]["prefill"]["ops"]
    for name, op in ops.items():
        assert re.search(rf"^{re.escape(name)} .* {op['bound']} ", printed, re.MULTILINE)
    assert {op["bound"] for op in ops.values()} == {"compute", "memory"}


def test_output_is_plain_where_nothing_else_can_be_written() -> None:
    for command in (RUNS["estimate.txt"], RUNS["solve.txt"]):
        found = costgraph(*command.split(" "), PYTHONIOENCODING="ascii")
        assert (found.returncode, found.stderr) == (0, "")
        assert found.stdout.isascii()


def test_lists_name_machines_and_models() -> None:
    assert "h100-sxm" in costgraph("list", "hardware").stdout
    assert re.search(r"^gpt-3 +GPT-3 175B: L=96, D=12288", costgraph("list", "models").stdout, re.MULTILINE)


def test_a_bound_estimate_imports_neither_sympy_nor_the_units_library() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['costgraph', 'estimate', '--model', 'gpt-3', '--hardware', 'h100-sxm', '--limit', 'B=1,S=2']\n"
        "import costgraph.cli as c\n"
        "try: c.main()\nexcept SystemExit: pass\n"
        "assert not {'sympy', 'pint', 'matplotlib', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("arguments", ["B=1,S=8,A={},D={}", "B={},S=8", "B=1,S={}", "B=1,S=8,N_params={}"])
def test_a_number_of_hundreds_of_digits_stays_on_its_line(arguments: str) -> None:
    asked = ["--op-set", "decoder", "--model", "gpt-3", "--hardware", "a10", "--limit", *arguments.split(" ")]
    found = costgraph("estimate", *(part.replace("{}", "9" * 400) for part in asked))
    assert found.returncode == 0, found.stderr
    assert max(map(len, (found.stdout + found.stderr).splitlines())) < 400


def test_a_degree_of_hundreds_of_digits_is_refused_with_the_reason() -> None:
    found = costgraph("estimate", "--model", "gpt-3", "--pass", f"tensor_parallel({'9' * 400})", "--limit", "B=1,S=8")
    assert found.returncode == 2
    assert "does not divide 96" in found.stderr
