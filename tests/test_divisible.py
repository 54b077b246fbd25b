"""Batches and degrees keep what the model assumes of them, such as `8 | B`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from command_line import costgraph
from hypothesis import given
from hypothesis import strategies as st

import costgraph as cg
from costgraph.algebra.assumption import Assumption, AtMost, Divides, Enough
from costgraph.algebra.divisible import nearest_kept
from costgraph.algebra.parser import size
from costgraph.errors import UserError
from costgraph.estimation.estimate import Estimate, estimate
from costgraph.estimation.reading import request

NEAREST: list[tuple[int, bool, list[Assumption], int | None]] = [
    (138, False, [Divides(size(8), size("B"))], 136),
    (138, True, [Divides(size(8), size("B"))], 144),
    (136, False, [Divides(size(8), size("B"))], 136),
    (7, False, [Divides(size(8), size("B"))], None),
    (100, False, [Divides(size(8), size("2*B")), Divides(size(3), size("B"))], 96),
    (100, True, [Divides(size("B"), size(96))], None),
    (100, False, [Divides(size("B"), size(96))], 96),
    (10**9, False, [Divides(size("2*B"), size(96))], 48),
    (10**9, False, [Divides(size("B"), size(96)), Enough(size(97), size("B"))], None),
    (3, True, [Divides(size("B"), size(96)), Enough(size(5), size("B"))], 6),
    (100, False, [Divides(size("N_d"), size("B"))], 100),  # what is open is not judged
    (100, False, [Divides(size(7), size("S"))], 100),
    (100, False, [AtMost(size("B"), size(8))], 100),  # one that turns out false is shown
    (10**9, False, [Divides(size(10**6), size("B"))], 10**9),
    (10**9 - 1, False, [Divides(size(10**6), size("B"))], 10**9 - 10**6),
]


@pytest.mark.parametrize(("start", "upwards", "claims", "found"), NEAREST)
def test_the_nearest_number_that_keeps_all_claims(
    start: int, upwards: bool, claims: list[Assumption], found: int | None
) -> None:
    assert nearest_kept("B", start, upwards, claims) == found


@given(st.integers(1, 500), st.booleans(), st.lists(st.integers(1, 12), max_size=3), st.integers(1, 6))
def test_nothing_between_start_and_answer_keeps_them(start: int, up: bool, below: list[int], each: int) -> None:
    claims = [Divides(size(divisor), size("B") * each) for divisor in below]

    def keeps(value: int) -> bool:
        return all(value * each % divisor == 0 for divisor in below)

    found = nearest_kept("B", start, up, claims)
    between = range(start, found if found is not None else 0, 1 if up else -1)
    assert found is None or keeps(found)
    assert not any(map(keeps, between))


def on_a_mesh(mesh: str, phase: str = "train", precision: str = "mixed_adam", **more: Any) -> Estimate:
    """Llama 2 7B on A100s."""
    asked = {"model": "llama-2-7b", "hardware": "a100-80gb-sxm", "limit": "S=2048"} | more
    return estimate(request(phase=phase, mesh=mesh, precision=precision, **asked))


LARGEST: list[tuple[dict[str, str], int, str]] = [
    ({"mesh": "data(8),tensor(8)"}, 176, "largest batch: B = 176, with 8 | B"),
    ({"mesh": "data(2),data(4,zero=3)"}, 40, "largest batch: B = 40, with 8 | B"),
    ({"mesh": "data(8)", "precision": "mixed_adam"}, 0, "not even B = 8 fits, with 8 | B"),
    (
        {"mesh": "data(4, zero=3)", "phase": "generate"},
        264,
        "largest batch: B = 264, with 4 | B; B = 300 if prompts are read a few at a time",
    ),
    ({"mesh": "tensor(8)", "phase": "decode"}, 620, "largest batch: B = 620"),
]


@pytest.mark.parametrize(("asked", "largest", "said"), LARGEST, ids=[str(asked) for asked, _, _ in LARGEST])
def test_the_largest_batch_is_one_that_the_mesh_can_split(asked: dict[str, str], largest: int, said: str) -> None:
    found = on_a_mesh(**asked)
    assert found.largest_batch == largest
    options = [word for name, value in asked.items() for word in (f"--{name}", value)]
    options += [] if "phase" in asked else ["--phase", "train"]
    command = ["estimate", "--model", "llama-2-7b", "--hardware", "a100-80gb-sxm", "--limit", "S=2048,B=8", *options]
    assert said in costgraph(*command).stdout.splitlines()
    assert json.loads(costgraph(*command, "--json").stdout)["largest_batch"] == largest


@pytest.mark.parametrize("mesh", ["data(8),tensor(8)", "data(2),data(4,zero=3)", "data(5, zero=1),tensor(2)"])
def test_the_largest_batch_fits_and_the_next_one_of_the_mesh_does_not(mesh: str) -> None:
    found = on_a_mesh(mesh)
    largest, step = found.largest_batch, found.smallest_batch
    assert largest
    assert step
    for batch, fits in ((largest, True), (largest + step, False)):
        left = on_a_mesh(mesh, limit=f"S=2048,B={batch}").verdict.left
        assert left is not None
        assert (left >= 0) == fits


def test_questions_look_for_the_same_batch() -> None:
    asked = ["--model", "llama-2-7b", "--hardware", "a100-80gb-sxm", "--mesh", "data(8),tensor(8)"]
    answer = costgraph(
        "solve", "states + activations <= hbm", "--for", "B", *asked, "--limit", "S=2048", "--json"
    ).stdout
    assert json.loads(answer)["solutions"][0]["divides"] == "168"


def test_a_degree_that_is_far_from_the_next_multiple_is_found() -> None:
    answer = cg.solve("activations >= hbm", "B", mesh="data(100000)", limit="E=4,S=8,D=64,A=2,L=1,p=2,hbm=1000000")
    assert answer.solutions[0].divides == 5600000


PADDED = [(50257, 4, 50260), (50257, 8, 50264), (32001, 8, 32008), (151936, 7, 151942), (128256, 5, 128260)]


@pytest.mark.parametrize(("words", "devices", "padded"), PADDED)
def test_a_vocabulary_is_padded_to_the_next_multiple_of_its_own(words: int, devices: int, padded: int) -> None:
    of = {"op_set": "decoder(head=True)", "mesh": f"tensor({devices})", "A": devices, "D": devices, "E": 4}
    with pytest.raises(UserError, match=rf"{words} words(; .* would)?; pad to the next multiple, V={padded}$"):
        cg.derive("flops", **of, V=words)  # type: ignore[arg-type]
    assert cg.derive("flops", **of, V=padded).forms  # type: ignore[arg-type]
