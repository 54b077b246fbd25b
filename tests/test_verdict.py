"""Does it fit: the peak of one device against what it has to use, and the verdict turned around."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph import estimate
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.reading import request

PLANS: list[dict[str, object]] = [
    {"model": "llama-3-8b", "hardware": "rtx-4090", "phase": "decode", "limit": "B=3,S=2048"},
    {"model": "llama-3-8b", "hardware": "rtx-4090", "phase": "prefill", "limit": "B=2,S=2048"},
    {"model": "llama-3-8b", "hardware": "h100-sxm", "limit": "B=8,S=2048", "phase": "generate"},
    {"model": "gpt2", "hardware": "a10", "phase": "train", "limit": "B=8,S=1024"},
    {"model": "gpt2", "hardware": "a10", "phase": "train", "limit": "B=8,S=1024", "passes": ["recompute(full)"]},
    {"model": "gpt2", "hardware": "h100-sxm", "phase": "train", "limit": "B=32,S=1024", "mesh": "data(8, zero=1)"},
    {"model": "gpt2", "hardware": "h100-sxm", "phase": "train", "limit": "B=32,S=1024",
     "mesh": "pipeline(4), data(2), microbatches(4)"},
    {"model": "gemma-3-1b", "hardware": "a10", "phase": "decode", "limit": "B=16,S=4096"},
    {"model": "granite-3.0-1b-a400m", "hardware": "a10", "phase": "decode", "limit": "B=16,S=4096"},
]  # fmt: skip


def run(**asked: object) -> Estimate:
    return estimate(request(**asked))  # type: ignore[arg-type]


def with_batch(asked: dict[str, object], batch: int) -> dict[str, object]:
    return asked | {"limit": f"B={batch}," + str(asked["limit"]).split(",", 1)[1]}


def ids(asked: dict[str, object]) -> str:
    return f"{asked['model']}-{asked['phase']}-{asked.get('mesh', '')}"


@pytest.mark.parametrize("asked", PLANS, ids=ids)
def test_a_device_needs_its_peak_and_has_what_is_usable(asked: dict[str, object]) -> None:
    found = run(**asked).verdict
    machine = cg.machine(str(asked["hardware"]))
    phases = ["prefill", "decode"] if asked["phase"] == "generate" else [str(asked["phase"])]
    options = {name: asked[name] for name in ("model", "mesh", "passes") if name in asked}
    batch, length = str(asked["limit"]).removeprefix("B=").split(",S=")
    peaks = []
    for phase in phases:
        at = int(length) + (asked["phase"] == "generate" and phase == "decode")  # the one token that is generated
        model = str(options["model"]) + ("(head=last)" if phase == "prefill" else "")
        of: Any = options | {"model": model}
        sizes = f"B={batch},S={at},p=2"
        form = cg.derive("peak", phase=phase, limit=sizes, attention="flash", convention="exact", **of).limited["peak"]
        peaks.append(form.number)
    assert found.needed == max(Fraction(one) for one in peaks if one is not None)
    assert found.usable == machine.usable.quantity.value
    assert found.left == found.usable - found.needed
    assert found.fits is (found.left >= 0)
    assert sum(found.parts.values()) == found.needed


@pytest.mark.slow
@pytest.mark.parametrize("asked", PLANS, ids=ids)
def test_the_largest_batch_fits_and_the_next_does_not(asked: dict[str, object]) -> None:
    found = run(**asked)
    largest = found.largest_batch
    assert largest
    step = {"data(8, zero=1)": 8, "pipeline(4), data(2), microbatches(4)": 8}.get(str(asked.get("mesh")), 1)
    assert run(**with_batch(asked, largest)).verdict.fits is True
    assert run(**with_batch(asked, largest + step)).verdict.fits is False
    assert largest % step == 0


def test_prompts_that_are_not_read_at_once_leave_room_for_more() -> None:
    found = run(model="llama-3-8b", hardware="rtx-4090", limit="B=1,S=4096")
    assert found.largest_batch is not None
    assert found.largest_batch_decoding is not None
    assert found.largest_batch < found.largest_batch_decoding
    decode = {"model": "llama-3-8b", "hardware": "rtx-4090", "phase": "decode"}
    assert run(**decode, limit=f"B={found.largest_batch_decoding},S=4097").verdict.fits is True
    assert run(**decode, limit=f"B={found.largest_batch_decoding + 1},S=4097").verdict.fits is False


@pytest.mark.slow
def test_the_fewest_devices_fit_and_one_less_does_not() -> None:
    asked = {"model": "llama-3-70b", "hardware": "a100-80gb-sxm", "limit": "B=1,S=2048"}
    found = run(**asked)
    assert found.devices is not None
    fewest, divides = found.devices
    assert fewest is not None
    assert divides is not None
    assert run(**asked, mesh=f"tensor({divides})").verdict.fits is True
    assert fewest == 2  # 141 GB of weights on cards of 85 GB
    assert run(**asked).verdict.fits is False


def test_a_model_of_two_halves_keeps_both_while_it_generates() -> None:
    """Weights of the encoder stay, though a decode step does not read them."""
    found = run(model="flan-t5-xl", hardware="a10", limit="B=1,S=64", new=16)
    assert found.verdict.parts["weights"] >= 2 * 2_849_757_184 * Fraction(99, 100)


# --- fits -------------------------------------------------------------------------------------------------------------

SAYS = {  # what is typed -> exit code, how it begins
    "fits gpt2 rtx-4090": (0, "fits: gpt2 on rtx-4090, generate at B=1, S=1024: "),
    "fits llama-3-8b rtx-4090": (0, "fits: llama-3-8b on rtx-4090, generate at B=1, S=4096: "),
    "fits llama-3-70b rtx-4090": (1, "does not fit: llama-3-70b on rtx-4090, generate at B=1, S=4096: "),
    "fits gpt2 rtx-4090 --limit B=2": (0, "fits: gpt2 on rtx-4090, generate at B=2, S=1024: "),
    "fits gpt2 rtx-4090 --limit S=100 --limit B=3": (0, "fits: gpt2 on rtx-4090, generate at B=3, S=100: "),
    "fits gpt2 rtx-4090 --phase train": (0, "fits: gpt2 on rtx-4090, train at B=1, S=1024: "),
    "fits llama-3-70b h100-sxm:8x1 --mesh tensor(8)": (
        0,
        "fits: llama-3-70b on h100-sxm:8x1, mesh tensor(8), generate",
    ),
    "fits bert-large a10 --phase forward": (0, "fits: bert-large on a10, forward at B=1, S=512: "),
}


@pytest.mark.parametrize("typed", SAYS)
def test_fits_says_so_in_one_line_and_by_its_exit_code(typed: str) -> None:
    code, begins = SAYS[typed]
    found = costgraph(*typed.split(" "))
    assert (found.returncode, found.stderr) == (code, "")
    assert found.stdout.startswith(begins)
    assert found.stdout.count("\n") == 1


def test_the_batch_that_fits_says_fits() -> None:
    line = costgraph("fits", "llama-3-8b", "rtx-4090").stdout
    batch = int(line.rpartition("B up to ")[2])
    assert costgraph("fits", "llama-3-8b", "rtx-4090", "--limit", f"B={batch}").returncode == 0
    assert costgraph("fits", "llama-3-8b", "rtx-4090", "--limit", f"B={batch + 1}").returncode == 1


REFUSED = {  # what is typed -> what the one line on stderr has
    "fits llama-3-70b h100-sxm:8": "nothing says how the model is spread over them: --mesh 'tensor(8)'; `costgraph",
    "fits llama-3-70b h100-sxm:8 --mesh tensor(16)": "the mesh has 16 devices (tensor 16), and h100-sxm:8x1 8",
    "fits nothere a10": "unknown model 'nothere'",
    "fits gpt2 nothere": "unknown hardware 'nothere'",
    "fits bert-large a10": "bert-large is an encoder, which neither generates nor caches",
    "fits gpt2 a10 --limit B=nan": "'nan' is not a number",
    "fits gpt2 a10 --limit B=0": "B",
    "fits gpt2 a10 --mesh tensor(2)": "2 devices do not divide 50257 words; 29 would",
    "fits llama-3-8b a10 --symbolic L": "symbolic",
    "fits llama-3-8b h100-sxm:8 --mesh pipeline(2)": "whether it fits depends on M; bind it with --limit",
    "fits llama-3-8b h100-sxm:2x2 --mesh tensor(3)": "3 devices do not divide 8 key/value heads; 2 or 4 would\n",
    "fits llama-3-8b h100-sxm:8x8 --mesh tensor(12)": "8 would\n",
    "fits llama-3-8b h100-sxm:8x2 --mesh tensor(16)": "8 would; fewer key/value heads than devices can be",
}


@pytest.mark.parametrize("typed", REFUSED)
def test_what_cannot_be_said_is_refused_in_one_line(typed: str) -> None:
    found = costgraph(*typed.split(" "))
    assert (found.returncode, found.stdout) == (2, "")
    assert REFUSED[typed] in found.stderr
    assert found.stderr.count("\n") == 1


def test_more_devices_than_heads_copy_them() -> None:
    assert costgraph("fits", "llama-3-8b", "h100-sxm:8x2", "--mesh", "tensor(16, replicate_kv=True)").returncode == 0


def test_fits_as_json_is_the_verdict_of_an_estimate() -> None:
    fits = json.loads(costgraph("fits", "llama-3-8b", "rtx-4090", "--json").stdout)
    sizes = ["--limit", "B=1,S=4096", "--hardware", "rtx-4090", "--json"]
    whole = json.loads(costgraph("estimate", "--model", "llama-3-8b", *sizes).stdout)
    assert fits == {"schema": "costgraph.fits/1", **whole["verdict"]}


# --- what was wrong once ----------------------------------------------------------------------------------------------

A10 = 23028 * 2**20  # bytes that an A10 reports of its 24 GiB
TOKEN = 2 * 32 * 4096 * 2  # bytes of keys and values of a token of Llama 2 7B in bf16


def test_weights_of_four_bits_leave_the_cache_as_wide_as_it_was() -> None:
    """Half a byte for each of 6.7e9 weights; the cache of 350 positions and the new one has 2 bytes an element."""
    found = run(model="llama-2-7b", hardware="a10", weights="int4", limit="B=1,S=350")
    room = A10 - 6_738_415_616 // 2
    assert found.largest_batch_decoding is not None
    assert room // (TOKEN * 351) - 2 <= found.largest_batch_decoding <= room // (TOKEN * 351)
    assert found.memory["cache"].number == 351 * TOKEN


def test_usable_memory_is_what_a_device_reports() -> None:
    """24 GiB would hold 45 sequences of 500 tokens beside the weights, the 22.5 GiB of the card 40."""
    found = run(model="llama-2-7b", hardware="a10", limit="B=1,S=350", new=150)
    assert found.largest_batch == 40
    assert (A10 - 2 * 6_738_415_616) // (TOKEN * 500) == 40


@pytest.mark.slow
@pytest.mark.parametrize(("attention", "core"), [("eager", 5 * 96 * 2048**2), ("flash", 0)])
def test_while_layers_are_replayed_one_of_them_is_alive(attention: str, core: int) -> None:
    """96 inputs of layers, and all that one layer of GPT-3 saves: 34 bytes a position and width, and the scores.

    Of the second of two microbatches, at which all gradients are there already.
    """
    found = run(
        model="gpt-3", op_set="decoder", phase="train", hardware="a100-80gb-sxm", passes=["recompute(full)"],
        limit="B=2,S=2048", attention=attention, mesh="microbatches(2)",
    )  # fmt: skip
    inputs, layer = 96 * 2048 * 12288 * 2, 2048 * 12288 * (34 if core else 20) + core
    alive = found.verdict.parts["saved"] + found.verdict.parts["working"]
    assert inputs + layer < alive


def test_an_encoder_neither_generates_nor_caches() -> None:
    found = costgraph("estimate", "--model", "bert-large", "--hardware", "a10", "--limit", "B=1,S=128")
    assert (found.returncode, found.stdout) == (2, "")
    assert "ask for phase forward or train" in found.stderr


def test_a_mesh_that_cuts_the_batch_has_a_sequence_for_each_part() -> None:
    said = costgraph("fits", "llama-3-8b", "h100-sxm", "--mesh", "data(16), tensor(2)").stdout
    assert "generate at B=16, S=4096" in said


@pytest.mark.parametrize("typed", ["batch_size=4", "batch=4", "B=4"])
def test_usual_sizes_are_those_that_were_not_typed_in_whatever_letters(typed: str) -> None:
    assert "generate at B=4, S=4096" in costgraph("fits", "llama-3-8b", "h100-sxm", "--limit", typed).stdout


def test_a_measurement_below_the_bound_is_doubted() -> None:
    asked = {"model": "llama-3-8b", "hardware": "h100-sxm", "phase": "train", "limit": "B=1,S=100"}
    for step, doubted in (("1 ms", True), ("1 s", False)):
        found = cg.estimate(request(**asked, measured=f"step={step}"))  # type: ignore[arg-type]
        assert any("below the bound" in remark for remark in found.remarks) == doubted


@pytest.mark.parametrize(
    ("machine", "sizes", "shown"),
    [
        ("h100-sxm", {"B": 1, "S": 4096}, "<fits: needs 15.82 GiB = 16.99 GB of 79.11 GiB = 84.94 GB>"),
        ("t4", {"B": 1, "S": 4096}, "<does not fit: needs 15.82 GiB = 16.99 GB of 15 GiB = 16.11 GB>"),
        ("h100-sxm", {"S": 4096}, "<needs 922779648*B + 16062619648 byte of 79.11 GiB = 84.94 GB>"),
    ],
)
def test_a_verdict_shows_itself_in_the_units_of_memory(machine: str, sizes: dict[str, int], shown: str) -> None:
    asked: Any = sizes
    assert repr(cg.estimate("llama-3-8b", machine, **asked).verdict) == shown
