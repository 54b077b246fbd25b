"""Schedules of a pipeline: how long its stages are idle, and how many microbatches they hold at once, as forms.

P stages take M microbatches a step; each holds v chunks of layers, which lie around the stages in turn, or, of a
schedule that is folded, from the first stage to the last and back. The forms hold for stages that cost the same and
sends that take no time; the tests run every schedule and compare.
"""

from __future__ import annotations

from costgraph.schedules.flushed import GPipe, Interleaved, OneForwardOneBackward
from costgraph.schedules.folded import DualPipeV, VHalf, VMin, ZeroBubbleV
from costgraph.schedules.schedule import Claims, Costs, Schedule, Stage, assumptions_of_stage
from costgraph.schedules.zero_bubble import ZeroBubbleH1, ZeroBubbleH2

__all__ = ["SCHEDULES", "Claims", "Costs", "Schedule", "Stage", "assumptions_of_stage"]

SCHEDULES: dict[str, Schedule] = {
    one.name: one
    for one in (
        GPipe(), OneForwardOneBackward(), Interleaved(), ZeroBubbleH1(), ZeroBubbleH2(), ZeroBubbleV(), VHalf(), VMin(),
        DualPipeV(),
    )
}  # fmt: skip
