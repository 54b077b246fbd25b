"""What to change where a model does not fit: each move, typed by hand as it is printed, brings what it says."""

from __future__ import annotations

import shlex

import pytest

from costgraph import estimate
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.moves import Tried
from costgraph.estimation.reading import request
from costgraph.hardware.cluster import cluster

OPTIONS = {
    "--attention": "attention", "--precision": "precision", "--weights": "weights", "--cache-dtype": "cache_dtype",
    "--mesh": "mesh",
}  # fmt: skip


def run(**asked: object) -> Estimate:
    return estimate(request(**asked))  # type: ignore[arg-type]


def by_hand(asked: dict[str, object], move: str) -> Estimate:
    """What was asked with what a move prints put beside it."""
    words = shlex.split(move)
    changed = dict(asked)
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option == "--pass":
            changed["passes"] = [*changed.get("passes", ()), value]  # type: ignore[misc]
        else:
            changed[OPTIONS[option]] = value
    return run(**changed)


DOES_NOT_FIT: list[dict[str, object]] = [
    {"model": "llama-3-70b", "hardware": "a100-80gb-sxm", "limit": "B=8,S=4096", "new": 100},
    {"model": "llama-3-8b", "hardware": "rtx-4090", "limit": "B=40,S=8192", "phase": "decode", "attention": "eager"},
    {"model": "llama-3-8b", "cluster": "h100-sxm:4x1", "limit": "B=8,S=8192", "phase": "train", "attention": "eager",
     "mesh": "tensor(2)"},
    {"model": "llama-3-8b", "cluster": "h100-sxm:8x2", "limit": "B=64,S=4096", "phase": "train",
     "mesh": "data(4), tensor(2)"},
    {"model": "gpt2", "hardware": "a10", "limit": "B=64,S=1024", "phase": "train", "attention": "eager"},
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("asked", DOES_NOT_FIT, ids=lambda asked: f"{asked['model']}-{asked.get('phase', 'generate')}")
def test_a_move_that_is_typed_brings_what_it_says(asked: dict[str, object]) -> None:
    found = run(**asked)
    assert found.verdict.fits is False
    assert found.moves
    for one in found.moves:
        typed = by_hand(asked, one.move)
        assert (typed.verdict.needed, typed.verdict.fits, typed.least) == (
            one.verdict.needed, one.verdict.fits, one.seconds,
        )  # fmt: skip
        assert typed.request.degree.number == one.devices


@pytest.mark.parametrize("asked", DOES_NOT_FIT[:2], ids=["generate", "decode"])
def test_moves_help_and_those_that_fit_come_first_the_cheapest_before(asked: dict[str, object]) -> None:
    found = run(**asked)
    needed = found.verdict.needed
    assert all(one.verdict.needed < needed for one in found.moves)  # type: ignore[operator]
    fits = [one for one in found.moves if one.verdict.fits]
    assert found.moves[: len(fits)] == fits
    assert [one.price for one in fits] == sorted(one.seconds * one.devices for one in fits)
    assert len({one.move for one in found.moves}) == len(found.moves)


def test_what_fits_needs_no_move() -> None:
    assert run(model="gpt2", hardware="a10", limit="B=1,S=10").moves == []


def test_a_move_that_does_not_help_is_not_shown() -> None:
    """Weights alone do not fit here, so that fewer bytes of cache do not; and flash attention is on already."""
    found = run(model="llama-3-70b", hardware="a10", limit="B=1,S=16")
    assert not any(one.move.startswith("--attention") for one in found.moves)
    assert all(one.verdict.needed < found.verdict.needed for one in found.moves)  # type: ignore[operator]


@pytest.mark.slow
def test_where_no_single_move_is_enough_some_are_made_together() -> None:
    found = run(model="llama-3-70b", hardware="h100-sxm", limit="B=16,S=4096", phase="train", mesh="tensor(4)")
    fits = [one.move for one in found.moves if one.verdict.fits]
    assert "--pass 'recompute(full)' --mesh 'data(8, zero=3), tensor(4)'" in fits
    assert not {"--pass 'recompute(full)'", "--mesh 'data(8, zero=3), tensor(4)'"} & {*fits}


@pytest.mark.slow
def test_on_a_cluster_no_move_takes_more_devices_than_there_are() -> None:
    place = "h100-sxm:4x1"
    found = run(model="llama-3-70b", cluster=place, limit="B=8,S=4096", phase="train", mesh="tensor(2)")
    assert found.moves
    assert max(one.devices for one in found.moves) <= (cluster(place).devices or 0) == 4


def test_nothing_helps_where_nothing_can_be_split_or_replayed() -> None:
    """One token of a 405B on a card of 1 GB without a link: fewer bytes are all that is left."""
    found = run(
        model="llama-3.1-405b", hardware="flops=1 TFLOP/s, mem_bw=1 TB/s, mem=1 GB", limit="B=1,S=1", phase="decode"
    )
    assert {one.move.split()[0] for one in found.moves} <= {"--weights", "--cache-dtype"}
    assert not any(one.verdict.fits for one in found.moves)


def shown(move: str, moves: list[Tried]) -> bool:
    return any(one.move == move for one in moves)


@pytest.mark.slow
def test_a_pipeline_is_tried_with_as_many_microbatches_as_stages() -> None:
    found = run(model="llama-3-8b", hardware="h100-sxm", limit="B=8,S=512", phase="train")
    assert shown("--mesh 'pipeline(4), microbatches(4)'", found.moves)
