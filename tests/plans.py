"""Plans in many shapes, each asked of `estimate` by itself: what a search of them has to say."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.estimate import Estimate, estimate
from costgraph.estimation.reading import request
from costgraph.hardware.cluster import cluster
from costgraph.searching.evaluation import Rates
from costgraph.searching.plans import Costed, Question
from costgraph.searching.shares import Links
from costgraph.searching.structure import Structure
from costgraph.setup import Setup

DENSE = (
    Structure(("T",), sequence=True),
    Structure(("N_d", "T"), zero=3, sequence=True),
    Structure(("N_d", "C", "T", "M"), zero=3, recompute="full", context="heads", sequence=True),
    Structure(("N_d", "C", "M"), zero=2, recompute="every=4", context="gather"),
    Structure(("P", "N_d", "T", "M"), zero=1, recompute="full", schedule="1f1b", sequence=True),
    Structure(("P", "N_d", "C", "T", "M"), schedule="interleaved", context="ring", sequence=True),
    Structure(("P", "T", "M"), schedule="interleaved", sequence=True, one_group=True),
    Structure(("P", "N_d", "T", "M"), zero=1, schedule="zb-h1", sequence=True),
    Structure(("P", "N_d", "M"), zero=1, schedule="gpipe"),
)
OF_EXPERTS = (
    Structure(("N_d", "X"), zero=3, recompute="full"),
    Structure(("P", "N_d", "X", "T", "M"), zero=1, recompute="full", schedule="1f1b", sequence=True),
    Structure(("N_d", "C", "X", "T", "M"), zero=2, context="ring", sequence=True),
)
CHOICES = {"T": (2, 4, 8, 16), "C": (2, 4), "X": (2, 4, 16), "P": (2, 4, 8, 3), "v": (2, 5), "M": (4, 8, 16, 32)}
OTHER = (2, 4, 8, 5)


def question(
    model: str, where: str, sizes: str, efficiency: str, overlap: Mapping[str, Fraction], **of: str
) -> Question:
    """A training step of a model on a cluster."""
    place = cluster(where)
    asked = request(model=model, hardware=place.machine, phase="train", limit=sizes, efficiency=efficiency, **of)  # type: ignore[arg-type]
    asked = replace(asked, cluster=place, overlap=overlap)
    return Question(asked, Links(place, None, asked.collectives), Rates(asked))


def costed(of: Question, structure: Structure, known: dict[str, Setup]) -> Costed:
    """The costs of a structure."""
    return Costed(of, structure, structure.request(of.asked, known))


def drawn(structure: Structure, at: random.Random) -> dict[str, int]:
    """Numbers of a plan, legal or not."""
    found = {name: at.choice(CHOICES.get(name, OTHER)) for name in structure.open}
    return {**found, "M": found["P"]} if structure.one_group else found


def answer(of: Request, structure: Structure, numbers: Mapping[str, int], known: dict[str, Setup]) -> Estimate | None:
    """What `estimate` says of one plan by itself; None where it refuses it."""
    try:
        found = estimate(structure.request(of, known, {n: v for n, v in numbers.items() if n in structure.open}))
        _ = found.bound(found.main).seconds
    except UserError:
        return None
    return found


def column(numbers: Mapping[str, int]) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """A block of one plan."""
    return {name: np.array([float(value)]) for name, value in numbers.items()}


def answered(
    of: Question, structure: Structure, seed: int, most: int
) -> Iterator[tuple[Costed, dict[str, int], Estimate | None]]:
    """Some plans, with what `estimate` says."""
    at, known = random.Random(seed), dict[str, Setup]()
    found = costed(of, structure, known)
    legal = 0
    for _ in range(200):
        numbers = drawn(structure, at)
        said = answer(of.asked, structure, numbers, known)
        yield found, numbers, said
        legal += said is not None
        if legal == most:
            return
