"""The page of published runs: memory, rates and times beside what is derived, each difference with its name."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from statistics import median

from costgraph.given import read_mesh
from costgraph.library.entries.reading import Source
from costgraph.library.entries.reading import sources as of_library
from costgraph.library.pages.errata import cited
from costgraph.mesh import Axis, PipelineAxis
from costgraph.validation.compared import EFFICIENCY, FITTED_ON, NEAR, Compared
from costgraph.validation.reading import sources
from costgraph.validation.run import COUNTED, KINDS

INTRODUCTION = """# Published runs

What others measured and published, beside what costgraph derives from the configuration that they state. Nothing is
ever computed from these numbers: they are data (`formulas/measured/`), and a test compares this page with what follows
from the configurations. `COSTGRAPH_UPDATE_GOLDEN=1 pytest tests/test_validation.py` writes it.

*Memory at rest* and *rates of FLOPs* are counts: they agree to the printed digit, or something was measured that the
model does not have, and the difference has a name. *Training memory* is what a graph needs at its fullest instant,
which is less than what a framework holds. *Times* have a bound, which no run may beat, and an estimate, which is as
good as its one assumption. A run that disagrees stays in its table.
"""
KIND_SAYS = {
    "weights": "Bytes of the weights of one device: `states` in inference.",
    "cache": "Bytes of keys and values of one device: `cache`.",
    "capacity": "Blocks or tokens that a cache has room for: what is given to it over the bytes of one.",
    "rate of FLOPs": (
        "FLOPs of a token as the source counts them, times the tokens per second that it prints beside the rate."
    ),
    "training memory": (
        "`peak`, the most that tensors of the graph take at once, against what was allocated, reserved, or seen on the "
        "card. Frameworks hold more: what they reserve and do not use, workspaces, buffers of collectives, the context."
    ),
}
SET_ASIDE = "These count for nothing above: what they stand in cannot be named. What is derived is shown all the same."
WIDTH = 120


def page(found: Sequence[Compared], aside: Sequence[Compared] = ()) -> str:
    """All of it.

    Args:
        found: the runs that count.
        aside: those that do not, which are listed at the end.
    """
    memory = [one for one in found if not one.run.timed]
    times = [one for one in found if one.run.timed]
    lines = [INTRODUCTION, *summary(found)]
    for kind in KINDS:
        if rows := [one for one in memory if one.run.kind == kind]:
            lines += ["", f"## {heading(kind)}", "", KIND_SAYS[kind], "", *of_memory(rows)]
    lines += ["", "## Times", "", *assumptions(found)]
    papers_first = sorted(dict.fromkeys(one.run.source for one in times), key=lambda key: key not in of_library())
    for key in papers_first:
        rows = [one for one in times if one.run.source == key]
        lines += ["", f"### {title(sources()[key])}", "", *of_times(rows)]
    if aside:
        lines += ["", "## Set aside", "", SET_ASIDE, "", *of_memory(aside)]
    lines += ["", "## Sources", ""]
    lines += [f"- {linked(sources()[key])}" for key in dict.fromkeys(one.run.source for one in (*found, *aside))]
    return "\n".join(lines) + "\n"


def heading(kind: str) -> str:
    """A kind as a heading."""
    return {"cache": "Caches", "rate of FLOPs": "Rates of FLOPs"}.get(kind, kind.capitalize())


# --- the summary ------------------------------------------------------------------------------------------------------


def summary(found: Sequence[Compared]) -> list[str]:
    """Counts, medians and ranges by kind."""
    lines = ["| | runs | median | from | to |", "|---|---:|---:|---:|---:|"]
    for kind in KINDS:
        if rows := [one for one in found if one.run.kind == kind and not one.run.timed]:
            lines += [spread(f"{kind}: derived / measured", [one.ratio for one in rows])]
            if any(one.explained != one.derived for one in rows):
                lines += [spread("with residuals that are known in bytes", [one.closed for one in rows])]
    times = [one for one in found if one.run.timed]
    lines += [spread("time: bound / measured", [one.ratio for one in times])]
    lines += [spread("time: estimate / measured", [one.estimated for one in times])]
    return [*lines, "", *wrapped(verdict(found))]


def verdict(found: Sequence[Compared]) -> str:
    """What the ratios come to, in words."""
    counted = [one for one in found if one.run.whole and one.run.kind in COUNTED]
    whole = [one for one in counted if not (one.run.assumed or one.run.recalled)]
    digits, near = sum(one.to_the_digit for one in whole), sum(one.near for one in whole)
    times = [one for one in found if one.run.timed]
    above = sum(one.ratio > 1 for one in times)
    close, far = (sum(abs(one.estimated - 1) <= Fraction(share, 100) for one in times) for share in (10, 30))
    labelled = sum(one.run.labelled not in ("", one.run.unit) for one in found)
    off = "; ".join(one.run.what for one in whole if not one.near)
    return (
        f"Of {len(whole)} weights and caches whose configuration is stated whole, {digits} agree to the printed digit, "
        f"and {near} to it or within {float(100 * NEAR)} % once residuals of known size are added"
        f"{f' (not: {off})' if off else ''}; {len(counted) - len(whole)} more rest on what was assumed or recalled. "
        f"{above or 'None'} of {len(times)} times {'are' if above else 'is'} below its bound. Of their estimates "
        f"{close} are within 10 %, {far} within 30 %. What {labelled} logs call GB is GiB, and stands here as such."
    )


def spread(name: str, ratios: Sequence[Fraction]) -> str:
    """A row of the summary."""
    return f"| {name} | {len(ratios)} | {ratio(median(ratios))} | {ratio(min(ratios))} | {ratio(max(ratios))} |"


# --- memory -----------------------------------------------------------------------------------------------------------


def of_memory(rows: Sequence[Compared]) -> list[str]:
    """A table of memory or rates, and what explains the differences."""
    known = any(one.explained != one.derived for one in rows)
    lines = [f"| run | measured | derived | derived / measured |{' with residuals |' if known else ''}"]
    lines += [f"|---|---:|---:|---:|{'---:|' if known else ''}"]
    for one in rows:
        unit = one.run.unit + "s" * (one.run.unit in ("block", "token"))
        cells = [one.run.what, f"{one.run.printed} {unit}", in_its_unit(one), ratio(one.ratio)]
        cells += [ratio(one.closed) if one.explained != one.derived else ""] if known else []
        lines += [f"| {' | '.join(cells)} |"]
    return [*lines, *named(rows)]


def in_its_unit(one: Compared) -> str:
    """What is derived, with one digit more than what was printed."""
    digits = len(one.run.printed.partition(".")[2])
    per_unit = one.derived / one.measured * Fraction(one.run.printed)
    return f"{float(per_unit):.{digits + 1}f}"


def named(rows: Sequence[Compared]) -> list[str]:
    """What explains the differences, and what was assumed: each once, with the runs that it holds for."""
    said: dict[str, dict[str, None]] = {}
    for one in rows:
        parts = [one.run.aside] if one.run.aside else []
        parts += [residual.what for residual in one.run.residuals]
        parts += [f"assumed: {', '.join(one.run.assumed)}"] if one.run.assumed else []
        if parts:
            said.setdefault("; ".join(parts), {})[one.run.what] = None
    everybody = dict.fromkeys(one.run.what for one in rows)
    lines = [
        line
        for text, names in said.items()
        for line in wrapped(f"- {'all' if len(everybody) > 1 and names == everybody else '; '.join(names)}: {text}.")
    ]
    return ["", *lines] if lines else []


# --- times ------------------------------------------------------------------------------------------------------------


def assumptions(found: Sequence[Compared]) -> list[str]:
    """What bound and estimate take for granted."""
    fitted = next((one.run for one in found if one.run.id == FITTED_ON), None)
    on = f"{title(sources()[fitted.source])}, {fitted.place}, {fitted.what}" if fitted else FITTED_ON
    return [
        *wrapped(
            "The bound is the longest of what compute (under a causal mask of what is seen), memory and each link take "
            "at the printed rates of the machine; compute and memory wait as the schedule says. The estimate has one "
            f"number that is not derived: products of matrices reach {float(100 * EFFICIENCY):.0f} % of the peak. It "
            f"was fitted on one run ({on}) and is used for all others, on other machines and of other programs as "
            "well. Memory and links are taken at their printed rates, ops follow one another, and nothing hides "
            "behind anything. The run, and that nothing hides, were chosen with both papers in view; the other sources "
            "were computed afterwards."
        ),
        "",
        *wrapped(
            "Plans are written by axis: P stages (× the chunks of each, if they are interleaved), N_d copies (with the "
            "stage of ZeRO), T devices to a layer (with an s under sequence parallelism), M microbatches."
        ),
    ]


def of_times(rows: Sequence[Compared]) -> list[str]:
    """A table of times."""
    lines = ["| run | devices | plan | seconds | bound | estimate |", "|---|---:|---|---:|---:|---:|"]
    for one in rows:
        mesh = read_mesh(one.run.ask.mesh)
        plan = " ".join(written(axis) for axis in mesh.axes)
        cells = [one.run.what, str(mesh.devices.number), plan, seconds(one.measured), ratio(one.ratio, 2)]
        lines += [f"| {' | '.join([*cells, ratio(one.estimated, 2)])} |"]
    return [*lines, *named(rows)]


def written(axis: Axis) -> str:
    """An axis in a few letters."""
    more = ""
    if isinstance(axis, PipelineAxis) and axis.chunks.number != 1:
        more = f"×{axis.chunks}"
    more += f" zero{zero}" if (zero := getattr(axis, "zero", 0)) else ""
    more += "s" if getattr(axis, "sequence", False) else ""
    return f"{axis.symbol}{axis.size}{more}"


def seconds(value: Fraction) -> str:
    """Seconds to four digits."""
    return f"{float(value):.4g}"


# --- text -------------------------------------------------------------------------------------------------------------


def ratio(value: Fraction, digits: int = 4) -> str:
    """A quotient."""
    return f"{float(value):.{digits}f}"


def title(source: Source) -> str:
    """Authors and year, or the title where nobody is named."""
    who = source.authors.partition(",")[0].partition(" and ")[0]
    return f"{who} {source.year}: {source.title}" if who and source.year else source.title


def linked(source: Source) -> str:
    """A source with its address."""
    text = cited(source)
    note = f". {source.note}" if source.note else ""
    return (f"[{text}]({source.url})" if source.url else text) + note


def wrapped(text: str) -> list[str]:
    """A paragraph or an item of a list in lines."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and len(line) + len(word) >= WIDTH:
            lines, line = [*lines, line], "  " * text.startswith("- ") + word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]
