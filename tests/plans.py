"""Plans in many shapes, each asked of `estimate` by itself: what a search of them has to say."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np

from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.estimate import Estimate, estimate
from costgraph.estimation.reading import request
from costgraph.hardware.cluster import cluster
from costgraph.searching.asked import Search
from costgraph.searching.plans import Costed, Question
from costgraph.searching.shares import Links
from costgraph.searching.stage_times import Rates
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
    Structure(("P", "T", "M"), schedule="zb-h2", sequence=True),
    Structure(("P", "N_d", "M"), zero=1, schedule="zb-v"),
    Structure(("P", "N_d", "M"), zero=1, recompute="full", schedule="dualpipev"),
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
    return Costed(of, structure, structure.derived_from(of.asked, known))


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
    found = costed(of, structure, {})
    legal = 0
    for _ in range(200):
        numbers = drawn(structure, at)
        said = answer(of.asked, structure, numbers, known)
        yield found, numbers, said
        legal += said is not None
        if legal == most:
            return


def measures(said: Estimate, seconds: Fraction) -> dict[str, Fraction]:
    """What an estimate says that plans are ranked or kept by."""
    needed, costs = said.verdict.needed, said.usd_per_million_tokens
    assert needed is not None
    found = {
        "peak": needed, "step_time": seconds, "bound": said.bound(said.main).seconds,
        "tokens/s": said.throughput(said.main, seconds), "mfu": said.mfu(said.main, seconds),
        "hfu": said.hfu(said.main, seconds),
    }  # fmt: skip
    cost = costs[1] or costs[0]
    return found if cost is None else found | {"cost": cost}


def exhaustively(of: Search) -> list[tuple[tuple[Fraction, ...], Estimate]]:
    """Every plan, asked of `estimate` by itself, without columns and without doubles."""
    found = []
    known: dict[str, Setup] = {}
    for structure in of.space.structures():
        numbers = {name: of.space.of(name, structure) for name in structure.open}
        for values in product(*numbers.values()):
            plan = {**dict(structure.degrees), **dict(zip(numbers, values, strict=True))}
            if "P" in numbers and any(count % (plan["P"] * plan.get("v", 1)) for count in of.space.layers):
                continue  # which is a structure of its own
            try:
                said = estimate(structure.request(of.question.asked, known, plan))
                seconds = said.estimated(said.main) or said.bound(said.main).seconds
            except UserError:
                continue
            devices = Fraction(said.request.degree.number or 0)
            if of.space.all_devices and devices != of.space.devices:
                continue
            if structure.schedule == "interleaved" and not structure.one_group and plan["M"] == plan["P"]:
                continue
            named = measures(said, seconds) | {"devices": devices}
            named |= {name: Fraction(value) for name, value in plan.items()}
            if all(one.holds_exactly(named[one.name]) for one in of.where):
                found.append((tuple(named[name] for name in of.by), said))
    return sorted(found, key=lambda one: one[0])
