"""The page of published runs: memory, rates and times beside what is derived, each difference with its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

*Source* is the number in the list at the end, and the place. *Configuration* says what a number rests on: it is stated
`whole`; something was `assumed`, which stands below the table; or it is left `open` by the source. Part of it may be
`recalled`, written down from memory, and of the source an `excerpt` may be all that was read. What stands below a table
begins with the rows that it is about.
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
        "card. Frameworks hold more: what they reserve and do not use, workspaces, buffers of collectives, the "
        "context. torchtitan's runs under selective checkpointing, whose times are below, have no row: no pass replays "
        "every second product."
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
    numbers = numbered([*found, *aside])
    lines = [INTRODUCTION, *summary(found)]
    for kind in KINDS:
        if rows := [one for one in memory if one.run.kind == kind]:
            lines += ["", f"## {heading(kind)}", "", *wrapped(KIND_SAYS[kind]), "", *of_memory(rows, numbers)]
    lines += ["", "## Times", "", *assumptions(found)]
    papers_first = sorted(dict.fromkeys(one.run.source for one in times), key=lambda key: key not in of_library())
    for key in papers_first:
        rows = [one for one in times if one.run.source == key]
        cite = f"Source {address(key, numbers)}, {where(rows)}."
        lines += ["", f"### {title(sources()[key])}", "", *wrapped(cite), "", *of_times(rows)]
    if aside:
        lines += ["", "## Set aside", "", SET_ASIDE, "", *of_memory(aside, numbers)]
    lines += ["", "## Sources", ""]
    lines += [f"{numbers[key]}. {linked(sources()[key])}" for key in numbers]
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


def of_memory(rows: Sequence[Compared], numbers: Mapping[str, int]) -> list[str]:
    """A table of memory or rates, and what explains the differences."""
    known = any(one.explained != one.derived for one in rows)
    heads = "| # | run | source | configuration | measured | derived | derived / measured |"
    lines = [f"{heads}{' with residuals |' if known else ''}", f"|---:|---|---|---|---:|---:|---:|{'---:|' * known}"]
    for row, one in enumerate(rows, 1):
        unit = one.run.unit + "s" * (one.run.unit in ("block", "token"))
        source = f"{address(one.run.source, numbers)}, {one.run.place}"
        cells = [str(row), one.run.what, source, one.run.rests_on]
        cells += [f"{one.run.printed} {unit}", in_its_unit(one), ratio(one.ratio)]
        cells += [ratio(one.closed) if one.explained != one.derived else ""] if known else []
        lines += [f"| {' | '.join(cells)} |"]
    return [*lines, *named(rows)]


def in_its_unit(one: Compared) -> str:
    """What is derived, with one digit more than what was printed."""
    digits = len(one.run.printed.partition(".")[2])
    per_unit = one.derived / one.measured * Fraction(one.run.printed)
    return f"{float(per_unit):.{digits + 1}f}"


def named(rows: Sequence[Compared]) -> list[str]:
    """What explains the differences, and what was assumed: each once, with the rows that it holds for."""
    said: dict[str, list[int]] = {}
    for row, one in enumerate(rows, 1):
        parts = [one.run.aside] if one.run.aside else []
        parts += [residual.what for residual in one.run.residuals]
        parts += [f"assumed: {', '.join(one.run.assumed)}"] if one.run.assumed else []
        if parts:
            said.setdefault("; ".join(parts), []).append(row)
    lines = [
        line
        for text, about in said.items()
        for line in wrapped(f"- {'All' if 1 < len(about) == len(rows) else in_ranges(about)}: {text}.")
    ]
    return ["", *lines] if lines else []


def in_ranges(rows: Sequence[int]) -> str:
    """Numbers that go up, as `1, 3-5`."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in runs)


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
        "",
        *wrapped(
            "*ops*, *sent* and *idle* are what the estimate is the sum of, over the time measured like bound and "
            "estimate: what computes or moves on a device, what goes over links, and what waits. An estimate that is "
            "off by more than a tenth has a name below its table, which says `likely` where it is not proved and `not "
            "known` where nobody knows. What is left within a tenth is of kinds that the estimate has one number for "
            "or none: products that reach more of the peak than that share, or less; memory and links at less than "
            "their printed rates; the start of kernels; and, with the other sign, sends that hide behind products."
        ),
    ]


def of_times(rows: Sequence[Compared]) -> list[str]:
    """A table of times."""
    lines = ["| # | run | machine | devices | plan | seconds | bound | estimate | ops | sent | idle |"]
    lines += ["|---:|---|---|---:|---|---:|---:|---:|---:|---:|---:|"]
    for row, one in enumerate(rows, 1):
        mesh = read_mesh(one.run.ask.mesh)
        plan = " ".join(written(axis) for axis in mesh.axes)
        cells = [str(row), one.run.what, one.run.cluster.partition(":")[0], str(mesh.devices.number), plan]
        shares = (one.ratio, one.estimated, *(part / one.measured for part in one.parts.values()))
        lines += [f"| {' | '.join([*cells, seconds(one.measured), *(ratio(share, 2) for share in shares)])} |"]
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


def numbered(runs: Sequence[Compared]) -> dict[str, int]:
    """The numbers of sources in the list at the end, by their keys."""
    return {key: number for number, key in enumerate(dict.fromkeys(one.run.source for one in runs), 1)}


def address(key: str, numbers: Mapping[str, int]) -> str:
    """The number of a source, which leads to it."""
    url = sources()[key].url
    return f"[{numbers[key]}]({url})" if url else str(numbers[key])


def where(rows: Sequence[Compared]) -> str:
    """The places of rows, each once; rows of one table are its rows."""
    return "; ".join(dict.fromkeys(one.run.place.partition(", row ")[0] for one in rows))


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
