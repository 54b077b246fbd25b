"""The best plans of a search to look at: how long each takes and what it needs, by part."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from textwrap import fill
from typing import TYPE_CHECKING, Any

from costgraph.errors import UserError
from costgraph.pictures.picture import FAINT, GREY, HATCHES, INK, OKABE_ITO, Picture, of_figure, page
from costgraph.searching.answer import assumed, ranked_by
from costgraph.searching.search import Found, Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 10  # plans that are shown
GIB = 2**30
Amounts = Mapping[str, Fraction]


def draw(found: Found) -> Picture:
    """The plans one below the other, the best at the top.

    Raises:
        UserError: matplotlib is missing, or there is no plan.
    """
    if not found.plans:
        raise UserError("no plan was found, and so there is nothing to draw")
    return of_figure(lambda: picture(found))


def picture(found: Found) -> Figure:
    """Two columns of bars: seconds, and GiB of one device."""
    plans = found.plans[:MOST]
    figure = page(11.0, 2.9 + 0.62 * len(plans))
    layout: Any = figure.get_layout_engine()
    layout.set(h_pad=0.1)  # so that legends are apart from the caption
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.15, 1.0))
    estimated = bool(found.search.question.rates.efficiency)
    bars(left, [times(plan) for plan in plans], stacked=estimated)
    bars(right, [memory(plan) for plan in plans], stacked=True)
    left.set_yticks(range(len(plans)), [fill(plan.called, 44) for plan in plans], fontsize=9)
    left.invert_yaxis()
    left.set_xlabel("seconds of a step, estimated" if estimated else "seconds that each resource is busy at least")
    right.set_xlabel("GiB of one device")
    usable = plans[0].answer.verdict.usable
    if usable is not None:
        right.set_xlim(right=1.03 * max(right.get_xlim()[1], float(usable) / GIB))
        right.axvline(float(usable) / GIB, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        right.annotate(
            "usable", (float(usable) / GIB, 1), (-4, 3), xycoords=("data", "axes fraction"), ha="right",
            textcoords="offset points", fontsize=9, color=INK,
        )  # fmt: skip
    asked = found.search.question.asked
    sizes = ", ".join(f"{name}={value}" for name, value in asked.setup.sizes.items())
    title = f"Plans of {asked.setup.model.title or asked.setup.graph.name} on {asked.cluster}, {asked.phase} at {sizes}"
    figure.suptitle(
        fill(title, 82, max_lines=2, placeholder=" ..."), ha="left", x=0.01, fontsize=14, fontweight="bold", color=INK
    )
    said = f"Ranked by {ranked_by(found.search)}. {assumed(found.search)[0]}."
    figure.supxlabel(fill(said, 140, max_lines=3, placeholder=" ..."), ha="left", x=0.01, fontsize=9, color=GREY)
    return figure


def times(plan: Plan) -> dict[str, float]:
    """Seconds by part of the estimate; of a bound what each resource takes."""
    answer = plan.answer
    account = answer.account(answer.main)
    parts: Amounts = account.parts if account else answer.bound(answer.main).resources
    return {name: float(amount) for name, amount in parts.items() if amount}


def memory(plan: Plan) -> dict[str, float]:
    """GiB by part."""
    return {name: float(amount) / GIB for name, amount in plan.answer.verdict.parts.items() if amount}


def bars(axes: Axes, rows: list[dict[str, float]], stacked: bool) -> None:
    """A bar for each plan: parts that add up side by side, others below each other."""
    sums: dict[str, float] = {}
    for row in rows:
        for name, amount in row.items():
            sums[name] = sums.get(name, 0.0) + amount
    names = sorted(sums, key=lambda name: -sums[name])
    looks: dict[str, Any] = {
        name: {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0.6}
        for name, color, hatch in zip(names, OKABE_ITO, HATCHES, strict=False)
    }
    ends = [0.0] * len(rows)
    height = 0.66 if stacked else 0.72 / max(len(names), 1)
    for place, name in enumerate(names):
        values = [row.get(name, 0.0) for row in rows]
        at = [number + (0.0 if stacked else (place - (len(names) - 1) / 2) * height) for number in range(len(rows))]
        label = name if name in looks else "_nolegend_"
        axes.barh(at, values, height, left=ends if stacked else None, label=label, **looks.get(name, {"color": FAINT}))
        ends = [end + value for end, value in zip(ends, values, strict=True)]
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#e4e6e8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(
        loc="upper left", bbox_to_anchor=(0, -0.28 if len(rows) < 4 else -0.16), ncols=2, frameon=False, fontsize=8.5
    )
