"""An estimate as text or Markdown."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from costgraph.algebra import printers
from costgraph.algebra.assumption import Divides
from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.quantities import Quantity, digits, rounded
from costgraph.algebra.units import BYTE, SECOND
from costgraph.cli.derive_text import Row, drawn, plain
from costgraph.cli.output import on_terminal, writes_unicode
from costgraph.errors import shorten
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.stages import Stage
from costgraph.timing.roofline import Time, number

Write = Callable[[Polynomial], str]
Section = tuple[str, list[Row], list[str]]  # title, table, lines under it


def byte(amount: Fraction | int) -> str:
    """`80 GiB = 85.9 GB`."""
    return str(Quantity(Fraction(amount), BYTE))


def aside(amount: Fraction) -> str:
    """`80 GiB (85.9 GB)`, for use in a sentence."""
    binary, _, decimal = byte(amount).partition(" = ")
    return f"{binary} ({decimal})" if decimal else binary


def second(amount: Fraction) -> str:
    """`23.33 ms`."""
    return str(Quantity(amount, SECOND))


def percent(share: Fraction) -> str:
    """`86.0 %`."""
    return f"{rounded(share * 100, 3)} %"


def title(result: Estimate) -> str:
    """What was asked, in one line."""
    asked = result.request
    place = f" on {asked.machine.title}, {asked.dtype}" if asked.machine else " on any machine"
    own, typed = asked.setup.model.bindings, asked.setup.sizes
    sizes = ", ".join(f"{n}={shorten(str(v), 40)}" for n, v in asked.put_in.items() if n in typed or n not in own)
    new = f", {shorten(str(asked.new), 40)} new" if asked.new else ""
    what = ", ".join([asked.setup.title, *asked.setup.beside])
    return f"{what}{place}: {asked.phase}" + (f" at {sizes}" if sizes else "") + new


def sections(result: Estimate, explain: bool, write: Write) -> list[Section]:
    """Everything that is said, in order."""
    parts = [memory(result, write), times(result, write)]
    if not result.unbound and result.request.machine:
        parts.append(classes(result))
        if explain:
            parts += [ops(stage) for stage in result.stages if stage.name != "last token"]
    return parts


# --- memory -------------------------------------------------------------------------------------------------------


def memory(result: Estimate, write: Write) -> Section:
    """The split, and whether it fits."""
    rows = [["memory of one device", "bytes"]]
    for name, form in (*result.memory.items(), ("in all", result.needed)):
        rows.append([name, write(form) if form.number is None else byte(Fraction(form.number))])
    return "memory", rows, [line for line in (fits(result), *further(result)) if line]


def fits(result: Estimate) -> str:
    """The verdict."""
    if result.capacity is None or result.left is None:
        return "" if result.capacity is None else f"fits if that is at most {aside(result.capacity)}"
    if result.left >= 0:
        return f"fits: {aside(result.left)} of {aside(result.capacity)} left for what is not counted"
    return f"does not fit: {aside(-result.left)} more than the {aside(result.capacity)} of one device"


def further(result: Estimate) -> list[str]:
    """The largest batch, and how many devices it takes."""
    lines = []
    if result.largest_batch is not None:
        lines.append(batch(result))
    if result.left is not None and result.left < 0 and (devices := result.devices) is not None:
        smallest, whole = devices
        if smallest is None:
            lines.append("no tensor-parallel degree fits: what does not shrink with T is too large by itself")
        else:
            also = (
                f"; {shorten(str(whole), 40)} is the first that divides heads, width and vocabulary"
                if whole != smallest
                else ""
            )
            lines.append(
                f"fits with tensor_parallel(T) from T = {shorten(str(smallest), 40)}"
                + (also if whole else NONE_DIVIDES)
            )
    return lines


def batch(result: Estimate) -> str:
    """The largest batch, and what it keeps: over 8 devices it is a multiple of 8."""
    about = " and ".join(str(claim) for claim in result.claims if isinstance(claim, Divides))
    if result.largest_batch:
        return f"largest batch: B = {result.largest_batch}" + (f", with {about}" if about else "")
    least = result.smallest_batch
    if least is None:
        return f"no batch keeps {about}"
    return f"not even B = {least} fits" + (f", with {about}" if about else "")


NONE_DIVIDES = "; no T up to 1024 divides heads, width and vocabulary (pad V, as in --limit V=...)"


# --- time ---------------------------------------------------------------------------------------------------------


def times(result: Estimate, write: Write) -> Section:
    """How long each kind of step takes, by three ways of counting."""
    if result.unbound or not result.request.machine:
        missing = [n for n in result.unbound if not n.startswith("lambda")]
        lines = [f"for numbers, bind {', '.join(missing)} with --limit or --model"] if missing else []
        lines += [] if result.request.machine else ["for seconds, name a machine with --hardware"]
        return "time", [["step", "time, op by op"], *([s.name, "see the formula below"] for s in result.stages)], lines
    rows = [["time", "op by op", "overlapped", "weights", "bound by", "token/s", "MFU"]]
    for stage in result.stages:
        share = result.mfu(stage)
        rows.append(
            [
                stage.name,
                second(stage.time.seconds),
                second(stage.time.optimistic),
                second(stage.thumb.seconds) if stage.thumb.spans else "-",
                stage.time.bound,
                digits(result.throughput(stage)),
                "-" if share is None else percent(share),
            ]
        )
    return "time", rows, totals(result)


def intensity(stage: Stage) -> Fraction:
    """FLOPs per byte moved, the optimizer's update aside, as the measure of that name counts."""
    counted = [cost for cost in stage.costs if cost.kind != "update"]
    return number(total(cost.flops for cost in counted)) / number(total(cost.moved for cost in counted))


def totals(result: Estimate) -> list[str]:
    """The whole generation, its price, and the machine's ridge point."""
    asked, lines = result.request, []
    if result.generation:
        took, thumb = result.generation
        rate = number(asked.bindings["B"]) * asked.new / took
        lines.append(
            f"prefill and {shorten(str(asked.new), 40)} new token{'s' if asked.new > 1 else ''}: {second(took)} "
            f"({digits(rate)} new token/s); weights alone {second(thumb)}"
        )
    if (usd := result.cost_per_million) is not None:
        lines.append(f"cost: {rounded(usd)} USD per million {'new ' if result.generation else ''}tokens")
    if asked.machine:
        ridge = asked.machine.ridge(asked.dtype).value
        each = ", ".join(f"{s.name} {rounded(intensity(s))}" for s in result.stages)
        lines.append(f"FLOP/byte: {each}; ridge point of the machine {rounded(ridge)}, below it memory bound")
    if asked.efficiency:
        lines.append("efficiency: " + ", ".join(f"{name} {percent(e)}" for name, e in asked.efficiency.items()))
    return lines


def classes(result: Estimate) -> Section:
    """Where the time goes, and what bounds it there."""
    shown = [s for s in result.stages if s.name != "last token"]
    rows: list[Row] = [["class of op", *(cell for s in shown for cell in (s.name, "share", "bound by"))]]
    for kind in dict.fromkeys(kind for s in shown for kind in s.time.by_class):
        row: Row = [kind]
        for stage in shown:
            part = stage.time.by_class.get(kind, Time(()))
            row += [second(part.seconds), percent(part.seconds / stage.time.seconds), part.bound]
        rows.append(row)
    return "where the time goes", rows, []


def ops(stage: Stage) -> Section:
    """Every op of a step: how long, and what it waits for."""
    rows: list[Row] = [[stage.name, "time", "share", "bound by", "FLOP/byte"]]
    for cost, span in zip(stage.costs, stage.time.spans, strict=True):
        ratio = rounded(number(cost.flops) / number(cost.moved)) if cost.moved and cost.flops else "-"
        share = percent(span.seconds / stage.time.seconds)
        rows.append([span.name, second(span.seconds), share, span.bound, ratio])
    return "ops", rows, []


def formulas(result: Estimate, write: Write, seconds: Callable[[Time], list[str]]) -> list[tuple[str, list[str]]]:
    """The forms behind the numbers, each a list of summands."""
    rows = [(f"{name}, bytes", [write(form)]) for name, form in result.forms.items()]
    rows += [(f"{s.name}, seconds", seconds(s.time)) for s in result.formulas if s.name != "last token"]
    return rows


def notes(result: Estimate) -> list[str]:
    """What the numbers mean."""
    asked = result.request
    lines = [f"counted ({asked.setup.convention.name}): {asked.setup.convention.describe(asked.setup.graph.kinds)}"]
    if asked.phase == "train":
        lines[0] += f"; states under {asked.setup.precision}"
    lines.append(
        "op by op: the sum over ops of the longer of computing and moving, collectives not overlapped; overlapped: the "
        "largest of the three sums, which no schedule beats; weights: " + thumb(result)
    )
    lines += where(result)
    if asked.phase == "generate":
        lines.append("in the formula of a token S is the context, its own position included: the prompt and 1 at first")
    if asked.machine and (link := asked.machine.link(asked.link)) is not None and asked.degree != ONE:
        name = asked.link or next(iter(asked.machine.links))
        lines.append(f"link: {name}, {link.per_device} in one direction per device")
    sources = [stage.source for stage in result.stages]
    if claims := dict.fromkeys(str(claim) for graph in sources for claim in graph.assumptions):
        lines.append(f"assuming: {', '.join(claims)}")
    lines.append("left out: temporary buffers, fragmentation, latency of kernels and links")
    lines += [f"note: {shorten(remark, 600)}" for remark in result.remarks]
    return lines


def where(result: Estimate) -> list[str]:
    """What symbols of the formulas stand for; by stage where that is not the same in all of them."""
    style = printers.UNICODE
    found: dict[str, dict[str, list[str]]] = {}
    for stage, one in result.defined:
        if stage.name != "last token":
            found.setdefault(one.name, {}).setdefault(one.written(style), []).append(stage.name)
    return [
        f"where {text}" + (f" in {' and '.join(stages)}" if len(texts) > 1 else "")
        for texts in found.values()
        for text, stages in texts.items()
    ]


def thumb(result: Estimate) -> str:
    """How the rule of thumb counts parameters."""
    count = result.request.params
    return (
        f"N_params = {shorten(str(count), 40)}, each read once"
        if count is not None
        else "every weight of a matmul, read once"
    )


# --- formats ------------------------------------------------------------------------------------------------------


def text(result: Estimate, explain: bool, path: Path | None) -> str:
    """Tables with what they mean, drawn with rich on a terminal, then the formulas."""
    pretty = printers.unicode if writes_unicode(path) else printers.python
    blocks = [title(result)]
    for _, rows, lines in sections(result, explain, pretty):
        if path is None and on_terminal():
            blocks.append(drawn(rows, lines).rstrip())
        else:
            blocks.append("\n".join([*plain(rows), *lines]))
    found = formulas(result, pretty, lambda time: time.parts(pretty, "max({})"))
    blocks.append("\n".join(f"{name} = " + "\n    + ".join(summands) for name, summands in found))
    return "\n\n".join([*blocks, "\n".join(notes(result))])


def markdown(result: Estimate, explain: bool) -> str:
    """GitHub tables and formulas with inline math."""
    blocks = [f"**{title(result)}**"]
    for _, rows, lines in sections(result, explain, lambda form: f"${printers.latex(form)}$"):
        table = ["| " + " | ".join(row) + " |" for row in rows]
        table.insert(1, "|" + "---|" * len(rows[0]))
        blocks += ["\n".join(table), *(["\n".join(f"- {line}" for line in lines)] if lines else [])]
    found = formulas(result, printers.latex, lambda time: [time.latex()])
    blocks.append("\n".join(f"- {name} $= {' + '.join(summands)}$" for name, summands in found))
    return "\n\n".join([*blocks, "\n".join(f"- {line}" for line in notes(result))])
