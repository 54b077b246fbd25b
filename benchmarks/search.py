"""How many plans a second are evaluated on one core: all forms of a structure in blocks, as a search does.

`python search.py [SECONDS]`. Every output counts: bytes alive at each instant that may be the peak, and what each
resource and each kind of collective takes on each stage.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from time import process_time

import numpy as np

from costgraph.estimation.reading import request
from costgraph.hardware.cluster import cluster
from costgraph.searching.columns import BLOCK
from costgraph.searching.evaluation import Rates
from costgraph.searching.plans import Costed, Question
from costgraph.searching.shares import Links
from costgraph.searching.structure import Structure

CLUSTER = "h100-sxm:8x128"
EFFICIENCY = "flops=0.6,mem=0.8,comms=0.7"
DENSE = Structure(("P", "N_d", "T", "M"), zero=1, recompute="full", schedule="1f1b", sequence=True)
EXPERTS = Structure(("P", "N_d", "X", "T", "M"), zero=1, recompute="full", schedule="1f1b", sequence=True)
CASES = {  # with at least as many plans a second
    "dense 70B, bound": ("llama-3-70b", DENSE, "", 2_000_000),
    "experts, bound": ("mixtral-8x7b", EXPERTS, "", 1_000_000),
    "dense 70B, estimate": ("llama-3-70b", DENSE, EFFICIENCY, 0),
    "experts, estimate": ("mixtral-8x7b", EXPERTS, EFFICIENCY, 0),
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
OUTPUTS = 30  # of a plan, at least


def costed(model: str, structure: Structure, efficiency: str) -> Costed:
    """The costs of a structure."""
    place = cluster(CLUSTER)
    asked = request(
        model=model, hardware=place.machine, phase="train", limit="B=1024,S=8192", efficiency=efficiency
    )  # fmt: skip
    asked = replace(asked, cluster=place)
    question = Question(asked, Links(place, None, asked.collectives), Rates(asked))
    return Costed(question, structure, structure.request(asked, {}))


def plans(structure: Structure) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """A block of plans, the numbers of microbatches changing first, as in a search."""
    at = np.arange(BLOCK)
    degrees = {name: 2.0 ** (1 + at // 64 // 3**place % 3) for place, name in enumerate(structure.open) if name != "M"}
    return {**degrees, "M": 8.0 * (1 + at % 64)}


def on_one_core() -> None:
    """Start anew with one thread: NumPy reads that when it is imported."""
    if any(os.environ.get(name) != "1" for name in THREADS):
        os.environ.update(dict.fromkeys(THREADS, "1"))
        os.execv(sys.executable, [sys.executable, *sys.argv])


def main(seconds: float) -> None:
    """Measure, and say whether it is fast enough."""
    for name, (model, structure, efficiency, least) in CASES.items():
        found, columns = costed(model, structure, efficiency), plans(structure)
        outputs = sum(one.outputs for one in found.evaluators.values())
        found.outputs(columns)
        start, done = process_time(), 0
        while process_time() - start < seconds:
            found.outputs(columns)
            done += BLOCK
        rate = done / (process_time() - start)
        verdict = "ok" if rate >= least and outputs >= OUTPUTS else "TOO SLOW"
        print(f"{rate / 1e6:6.2f} million plans/s  {outputs:4} outputs  {verdict:8}  {name}")


if __name__ == "__main__":
    on_one_core()
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0)
