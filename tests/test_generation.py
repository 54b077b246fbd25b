"""Many tokens: a prefill, which gives the first, and a decode step for each further one, at the context it sees."""

from __future__ import annotations

from fractions import Fraction

import pytest

from costgraph import estimate
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.reading import request

DEVICE = "flops=100 TFLOP/s, mem_bw=1 TB/s, mem=1000 GB, link_bw=20 GB/s, node=2, net_bw=2 GB/s"
CASES = [  # model, sizes, tokens, mesh, overlap
    ("llama-3.2-1b", "B=2,S=100", 9, "", ""),
    ("gemma-3-1b", "B=1,S=508", 9, "", ""),  # a window of 512 fills on the way
    ("mistral-7b", "B=3,S=4092", 9, "tensor(2)", "tensor=all"),
    ("granite-3.0-1b-a400m", "B=4,S=60", 7, "", ""),
    ("granite-3.0-1b-a400m", "B=4,S=60", 7, "experts(4)", "experts=0.5"),
    ("llama-3.2-1b", "B=4,S=100", 7, "pipeline(2), microbatches(4)", ""),
    ("gemma-3-1b", "B=4,S=509", 7, "pipeline(2), microbatches(2)", "pipeline=all"),
    ("llama-3.2-1b", "B=4,S=100", 7, "data(2), tensor(2)", "tensor=0.9,data=all"),
]


def run(model: str, phase: str, limit: str, mesh: str, overlap: str, **of: object) -> Estimate:
    asked: dict[str, object] = {"model": model, "phase": phase, "limit": limit, "overlap": overlap, **of}
    asked |= {"mesh": mesh} if mesh else {}
    return estimate(request(hardware=DEVICE, efficiency="flops=0.5,mem=0.7,comms=0.3", **asked))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(("model", "limit", "new", "mesh", "overlap"), CASES)
def test_tokens_take_a_prefill_and_their_steps(model: str, limit: str, new: int, mesh: str, overlap: str) -> None:
    whole = run(model, "generate", limit, mesh, overlap, new=new).generation
    assert whole is not None
    batch, prompt = limit.split(",S=")
    contexts = range(int(prompt) + 1, int(prompt) + new)
    parts = [run(model, "prefill", limit, mesh, overlap)]
    parts += [run(model, "decode", f"{batch},S={seen}", mesh, overlap) for seen in contexts]
    assert len(parts) == new
    assert whole[0] == sum(part.least for part in parts)
    taken = [part.estimated(part.main) for part in parts]
    assert whole[1] == sum((one for one in taken if one is not None), Fraction(0))


def test_each_further_token_costs_more_than_the_one_before() -> None:
    found = [run("llama-3.2-1b", "generate", "B=2,S=100", "", "", new=n).generation for n in (1, 2, 3)]
    first, second, third = (one[0] for one in found if one is not None)
    assert 0 < second - first < third - second
