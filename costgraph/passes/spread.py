"""Whole layers on the stages of a pipeline, where these do not divide them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate


def spread(costs: Sequence[Fraction], chunks: int, before: Fraction, behind: Fraction) -> list[int]:
    """How many layers each chunk gets, so that the costliest is as cheap as can be; among those, the most even ones.

    Args:
        costs: of the layers, in order.
        chunks: at most as many as there are layers.
        before: what the first chunk costs beside its layers.
        behind: what the last one does.
    """
    total = [Fraction(0), *accumulate(costs)]
    most = cheapest(total, chunks, before, behind)
    best: dict[int, tuple[Fraction, list[int]]] = {0: (Fraction(0), [])}
    for chunk in range(chunks):
        extra = (before if chunk == 0 else 0) + (behind if chunk == chunks - 1 else 0)
        found: dict[int, tuple[Fraction, list[int]]] = {}
        for start, (spent, ends) in best.items():
            for end in range(start + 1, len(costs) - (chunks - chunk - 1) + 1):
                cost = total[end] - total[start] + extra
                if cost > most:
                    break
                if end not in found or spent + cost**2 < found[end][0]:
                    found[end] = spent + cost**2, [*ends, end - start]
        best = found
    return best[len(costs)][1]


def cheapest(total: Sequence[Fraction], chunks: int, before: Fraction, behind: Fraction) -> Fraction:
    """The least that the costliest chunk can cost; `total` are the costs of the first layers."""
    layers = len(total) - 1
    candidates = sorted(
        {total[j] - total[i] + extra for i in range(layers) for j in range(i + 1, layers + 1)
         for extra in {Fraction(0), before if i == 0 else Fraction(0), behind if j == layers else Fraction(0),
                       (before if i == 0 else 0) + (behind if j == layers else 0)}}
    )  # fmt: skip
    return candidates[bisect_left(candidates, True, key=lambda most: fits(total, chunks, before, behind, most))]


def fits(total: Sequence[Fraction], chunks: int, before: Fraction, behind: Fraction, most: Fraction) -> bool:
    """Whether there are chunks of which none costs more; each takes as many layers as it can."""
    layers, start = len(total) - 1, 0
    for chunk in range(chunks):
        left = chunks - chunk - 1
        extra = (before if chunk == 0 else 0) + (behind if left == 0 else 0)
        end = start
        while end < layers - left and total[end + 1] - total[start] + extra <= most:
            end += 1
        if end == start:
            return False
        start = end
    return start == layers


def by_stage(sizes: Sequence[int], kinds: Sequence[str], stages: int, folded: bool = False) -> list[Mapping[str, int]]:
    """Of each stage how many layers of each kind it has; chunks lie around the stages in turn, or there and back."""
    found: list[dict[str, int]] = [{} for _ in range(stages)]
    start = 0
    for chunk, size in enumerate(sizes):
        mine = found[-1 - chunk % stages if folded and chunk // stages % 2 else chunk % stages]
        for kind in kinds[start : start + size]:
            mine[kind] = mine.get(kind, 0) + 1
        start += size
    return list(found)
