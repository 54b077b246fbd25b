"""Which share of the peak is used: by useful FLOPs, causal and nothing replayed, and by all."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import costgraph as cg
from costgraph import estimate
from costgraph.algebra.symbols import Rational
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.reading import request

UNIT = "flops=1 FLOP/s, mem_bw=1000 TB/s, mem=1000 GB, link_bw=1000 TB/s, node=1024"
L, D, A, G, H, F, V = 32, 4096, 32, 8, 128, 14336, 128256  # of Llama 3 8B
LAYER = D * H * (2 * A + 2 * G) + 3 * D * F
BATCH, LENGTH = 32, 128
SCORES = (
    2 * A * H * LENGTH * (LENGTH + 1) // 2 * BATCH
)  # multiply-adds of scores and values of a layer, of what is seen
MATRICES = BATCH * LENGTH * (L * LAYER + D * V)
USEFUL = 6 * MATRICES + 6 * L * SCORES


def run(
    mesh: str = "", passes: str = "", attention: str = "eager", model: str = "llama-3-8b", **of: object
) -> Estimate:
    asked: dict[str, object] = {"mesh": mesh} if mesh else {}
    asked |= {"passes": [passes]} if passes else {}
    asked |= {"limit": f"B={BATCH},S={LENGTH}", "phase": "train"} | of
    return estimate(request(model=model, hardware=UNIT, attention=attention, **asked))  # type: ignore[arg-type]


def both(found: Estimate) -> tuple[Rational, Rational]:
    """Useful FLOPs of a step on all devices, and all of them: over seconds and a peak of one they are MFU and HFU."""
    devices = int(found.request.degree.number or 0)
    return found.mfu(found.main, Fraction(1)) * devices, found.hfu(found.main, Fraction(1)) * devices


REPLAYS = [  # attention, pass -> what is done besides
    ("eager", "", 0),
    ("eager", "recompute(selective)", 2 * L * SCORES),
    ("eager", "recompute(full)", 2 * BATCH * LENGTH * L * LAYER + 2 * L * SCORES),
    ("flash", "", L * SCORES),  # the scores once more, in its backward
]


@pytest.mark.parametrize(("attention", "passes", "more"), REPLAYS)
def test_what_is_replayed_counts_in_hfu_alone(attention: str, passes: str, more: int) -> None:
    assert both(run(passes=passes, attention=attention)) == (USEFUL, USEFUL + more)


MESHES = [
    "tensor(8)",
    "data(4, zero=3), tensor(2)",
    "context(4, order='contiguous')",
    "context(4, order='zigzag')",
    "pipeline(4), microbatches(8)",
    "pipeline(5), microbatches(8)",  # 6 and 7 layers, and the head
    "pipeline(4, v=2, schedule='interleaved'), microbatches(8), data(2), tensor(2)",
]


@pytest.mark.parametrize("mesh", MESHES)
def test_useful_work_is_the_models_however_it_is_spread(mesh: str) -> None:
    assert both(run(mesh)) == (USEFUL, USEFUL)


@pytest.mark.parametrize("mesh", ["", *MESHES])
@pytest.mark.parametrize("passes", ["", "recompute(full)"])
def test_no_device_is_used_more_than_entirely_at_the_bound(mesh: str, passes: str) -> None:
    found = run(mesh, passes, attention="flash")
    mfu, hfu = found.mfu(found.main, found.least), found.hfu(found.main, found.least)
    assert 0 < mfu < hfu <= 1


def test_a_single_device_that_computes_all_the_time_is_used_entirely() -> None:
    found = run()
    assert found.mfu(found.main, found.least) == 1


def test_experts_that_a_token_is_not_sent_to_are_no_work() -> None:
    """Granite 3.0 1B: 8 of 32 experts 512 wide; 24 layers of width 1024, 16 heads and 8 of keys of 64."""
    layer = 1024 * 64 * (2 * 16 + 2 * 8) + 8 * 3 * 1024 * 512 + 1024 * 32
    scores = 2 * 16 * 64 * LENGTH * (LENGTH + 1) // 2
    useful = 6 * BATCH * (LENGTH * (24 * layer + 1024 * 49152) + 24 * scores)
    assert both(run(model="granite-3.0-1b-a400m"))[0] == useful


@pytest.mark.parametrize("mesh", ["", "pipeline(4), microbatches(8)", "tensor(8)"])
def test_the_measure_is_that_at_the_bound(mesh: str) -> None:
    found = run(mesh)
    rates = "lambda_flops=1,lambda_mem=10**15,lambda_comms=10**15"
    sizes = f"B={BATCH},S={LENGTH},{rates}"
    asked: Any = {"mesh": mesh} if mesh else {}
    form = cg.derive("mfu", model="llama-3-8b", phase="train", limit=sizes, attention="eager", **asked).limited["mfu"]
    assert form.number == found.mfu(found.main, found.least)


def test_a_measured_step_has_its_shares() -> None:
    found = run("data(8)", measured="step=1000 s").measured["step"]
    assert found.mfu == Fraction(USEFUL, 8 * 1000)
    assert found.estimate is None
    assert found.bound * 1000 == run("data(8)").least
