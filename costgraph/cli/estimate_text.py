"""An estimate as text or Markdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from costgraph.algebra import printers
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quantities import Quantity, digits, rounded
from costgraph.algebra.units import BYTE, SECOND
from costgraph.cli.derive_text import Row, drawn, plain
from costgraph.cli.output import on_terminal, writes_unicode
from costgraph.errors import shorten
from costgraph.estimation.assumed import assumed
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.steps import Step
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
    parts = [memory(result, write), times(result)]
    if result.ready:
        parts += [*changes(result), resources(result), *charged(result), classes(result)]
        if explain:
            parts += [ops(step) for step in result.steps if step.name != "last token"]
    return parts


def lead(result: Estimate) -> list[str]:
    """The answer, before anything that it comes from."""
    lines = [fits(result)] if result.verdict.usable is not None else []
    if result.ready:
        longest = result.bound(result.main).longest
        stage = f" of the {longest.stage}" if longest.stage else ""
        lines.append(f"bound by {longest.resource}{stage}: {result.main.title} takes {second(result.least)} or more")
    return lines


# --- memory -------------------------------------------------------------------------------------------------------


def memory(result: Estimate, write: Write) -> Section:
    """What is alive at the worst instant, and what follows; what rests on a device while something is open."""
    found = result.verdict
    rows = [["memory of one device", "bytes"]]
    if found.needed is not None:
        rows += [[name, byte(size)] for name, size in found.parts.items()]
        rows.append(["in all", byte(found.needed)])
    else:
        for name, form in (*result.memory.items(), ("in all", total(result.memory.values()))):
            rows.append([name, write(form) if form.number is None else byte(Fraction(form.number))])
    return "memory", rows, [*where_most(result), *further(result)]


def where_most(result: Estimate) -> list[str]:
    """When the most is alive; while something is open, what the table leaves out."""
    found = result.verdict
    if found.needed is None:
        return ["that is what rests on a device; `costgraph derive peak` has all that is alive at once"]
    stage = f"on the {found.stage}, " if found.stage else ""
    return [f"the most is alive {stage}at {found.instant}"] if found.instant else []


def fits(result: Estimate) -> str:
    """The verdict."""
    found = result.verdict
    assert found.usable is not None
    if found.left is None:
        return f"fits if one device needs at most {aside(found.usable)}"
    if found.left >= 0:
        return f"fits: {aside(found.left)} of {aside(found.usable)} left for what is not counted"
    return f"does not fit: {aside(-found.left)} more than the {aside(found.usable)} of one device"


def further(result: Estimate) -> list[str]:
    """The largest batch, and how many devices it takes."""
    lines = []
    if result.largest_batch is not None:
        lines.append(batch(result))
    if result.verdict.fits is False and (devices := result.devices) is not None:
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
    about = " and ".join(map(str, result.divisors))
    if result.largest_batch:
        at_once = result.largest_batch_at_once
        less = f"; the prompts of {at_once or 'none'} are read at once" if at_once != result.largest_batch else ""
        return f"largest batch: B = {result.largest_batch}" + (f", with {about}" if about else "") + less
    least = result.smallest_batch
    if least is None:
        return f"no batch keeps {about}"
    return f"not even B = {least} fits" + (f", with {about}" if about else "")


NONE_DIVIDES = "; no T up to 1024 divides heads, width and vocabulary (pad V, as in --limit V=...)"


# --- time ---------------------------------------------------------------------------------------------------------


def times(result: Estimate) -> Section:
    """How long each kind of step takes: at least, and at the efficiencies that were named."""
    if not result.ready:
        missing = [n for n in result.unbound if not n.startswith("lambda")]
        lines = [f"for numbers, bind {', '.join(missing)} with --limit or --model"] if missing else []
        lines += [] if result.request.machine else ["for seconds, name a machine with --hardware"]
        return "time", [["step", "time"], *([s.title, "see the formula below"] for s in result.steps)], lines
    rows = [["time", "bound", "bound by", "tokens/s", *(ESTIMATED if result.request.efficiency else ())]]
    for step in result.steps:
        least, taken = result.bound(step), result.estimated(step)
        row = [step.title, second(least.seconds), least.longest.resource, at_rate(result, step, least.seconds)]
        if taken is not None:
            row += [second(taken), at_rate(result, step, taken), *shares(result, step, taken)]
        rows.append(row)
    return "time", rows, totals(result)


ESTIMATED = ("estimate", "tokens/s", "MFU", "HFU")


def at_rate(result: Estimate, step: Step, seconds: Fraction) -> str:
    """Tokens per second."""
    return digits(result.throughput(step, seconds))


def shares(result: Estimate, step: Step, seconds: Fraction) -> list[str]:
    """MFU and HFU."""
    return [percent(result.mfu(step, seconds)), percent(result.hfu(step, seconds))]


def intensity(step: Step) -> Fraction:
    """FLOPs per byte moved, the optimizer's update aside, as the measure of that name counts."""
    counted = [cost for cost in step.costs if cost.kind != "update"]
    moved = number(total(cost.moved for cost in counted))
    return number(total(cost.flops for cost in counted)) / moved if moved else Fraction(0)


def totals(result: Estimate) -> list[str]:
    """The whole generation, a run, what was measured, prices, and the machine's ridge point."""
    asked, lines = result.request, []
    if not asked.efficiency:
        lines.append("no estimate without --efficiency, as in 'flops=0.6,mem=0.8,comms=0.7'")
    lines += generated(result) + costs(result)
    lines += run(result) + measured(result)
    if asked.machine:
        ridge = asked.machine.ridge(asked.dtype).value
        each = ", ".join(f"{s.title} {rounded(intensity(s))}" for s in result.steps if s.name != "last token")
        lines.append(f"FLOP/byte: {each}; ridge point of the machine {rounded(ridge)}, below it memory bound")
    return lines


def generated(result: Estimate) -> list[str]:
    """How long all tokens of a generation take."""
    asked = result.request
    if not result.generation:
        return []
    tokens = number(asked.bindings["B"]) * asked.new
    said = [
        f"{kind} {second(took)} ({digits(tokens / took)} new tokens/s)"
        for kind, took in zip(("bound", "estimate"), result.generation, strict=True)
        if took is not None
    ]
    steps = f"prefill and {asked.new - 1} step{'s' * (asked.new != 2)}" if asked.new > 1 else "the prefill"
    return [f"{asked.new} new token{'s' * (asked.new > 1)}, {steps}: {', '.join(said)}"]


def costs(result: Estimate) -> list[str]:
    """USD per million tokens: generated ones if any are."""
    both = zip(("bound", "estimate"), result.usd_per_million_tokens, strict=True)
    said = ", ".join(f"{kind} {rounded(usd)} USD" for kind, usd in both if usd is not None)
    return [f"a million {'new ' if result.generation else ''}tokens: {said}"] if said else []


def run(result: Estimate) -> list[str]:
    """What a run of so many tokens takes."""
    return [
        f"{rounded(whole.tokens)} tokens, {kind}: {rounded(whole.hours)} GPU-hours, {rounded(whole.days)} days"
        + (f", {float(whole.usd):,.0f} USD" if whole.usd is not None else "")
        for kind, whole in result.runs.items()
    ]


def measured(result: Estimate) -> list[str]:
    """How far what somebody measured is from the bound and the estimate."""
    lines = []
    for name, found in result.measured.items():
        said = [f"{name} {second(found.seconds)}", f"the bound is {percent(found.bound)} of it"]
        said += [f"the estimate {percent(found.estimate)}"] if found.estimate is not None else []
        said += [f"MFU {percent(found.mfu)}", f"HFU {percent(found.hfu)}"]
        lines.append("measured: " + ", ".join(said))
    return lines


MOST_MOVES = 8


def changes(result: Estimate) -> list[Section]:
    """What to change where it does not fit: what fits, the cheapest first."""
    if not result.moves:
        return (
            [("what to change", [["what to change", ""], ["nothing that was tried helps", ""]], [])]
            if (result.verdict.fits is False)
            else []
        )
    before = result.least
    rows: list[Row] = [["what to change", "needs", "fits", "bound", "devices"]]
    for one in result.moves[:MOST_MOVES]:
        needs = byte(one.verdict.needed or 0).partition(" = ")[0]
        slower = one.seconds / before
        at_least = f"{second(one.seconds)} ({rounded(slower, 3)} x)"
        rows.append([one.move, needs, "yes" if one.verdict.fits else "no", at_least, str(one.devices)])
    return [("what to change", rows, [])]


def resources(result: Estimate) -> Section:
    """How long each resource is busy, of which the longest is the bound."""
    shown = [s for s in result.steps if s.name != "first token" or len(result.steps) == 1]
    rows: list[Row] = [["bound, of", *(s.title for s in shown)]]
    for name in dict.fromkeys(name for s in shown for name in result.bound(s).resources):
        found = [result.bound(s).resources.get(name) for s in shown]
        rows.append([name, *("-" if one is None else second(one) for one in found)])
    return "bound", rows, []


def charged(result: Estimate) -> list[Section]:
    """What an estimate is the sum of."""
    if not result.request.efficiency:
        return []
    shown = [s for s in result.steps if s.name != "first token"]
    accounts = [account for s in shown if (account := result.account(s)) is not None]
    rows: list[Row] = [["estimate, of", *(s.title for s in shown)]]
    for name in dict.fromkeys(name for one in accounts for name in one.parts):
        found = [one.parts.get(name) for one in accounts]
        rows.append([name, *("-" if one is None else second(one) for one in found)])
    return [("estimate", rows, [])]


def classes(result: Estimate) -> Section:
    """Where the time goes, and what bounds it there."""
    shown = [s for s in result.steps if s.name != "last token"]
    rows: list[Row] = [["op by op", *(cell for s in shown for cell in (s.title, "share", "bound by"))]]
    for kind in dict.fromkeys(kind for s in shown for kind in s.time.by_class):
        row: Row = [kind]
        for step in shown:
            part = step.time.by_class.get(kind, Time(()))
            row += [second(part.seconds), percent(part.seconds / step.time.seconds), part.bound]
        rows.append(row)
    return "where the time goes", rows, []


def ops(step: Step) -> Section:
    """Every op of a step: how long, and what it waits for."""
    rows: list[Row] = [[step.title, "time", "share", "bound by", "FLOP/byte"]]
    for cost, span in zip(step.costs, step.time.spans, strict=True):
        ratio = rounded(number(cost.flops) / number(cost.moved)) if cost.moved and cost.flops else "-"
        rows.append([span.name, second(span.seconds), percent(span.seconds / step.time.seconds), span.bound, ratio])
    return "ops", rows, []


def formulas(result: Estimate, write: Write, seconds: Callable[[Time], list[str]]) -> list[tuple[str, list[str]]]:
    """The forms behind the numbers, each a list of summands."""
    rows = [(f"{name}, bytes", [write(form)]) for name, form in result.forms.items()]
    rows += [(f"{s.title}, op by op, seconds", seconds(s.time)) for s in result.formulas if s.name != "last token"]
    return rows


def notes(result: Estimate) -> list[str]:
    """What the numbers mean."""
    asked = result.request
    fused = asked.setup.attention == "flash"
    counting = replace(asked.setup.convention.counting, causal="triangle") if fused else asked.setup.convention.counting
    done = replace(asked.setup.convention, counting=counting)  # by ops that take time, whatever a convention counts
    lines = [f"counted ({asked.setup.convention.name}): {done.describe(asked.setup.graph.kinds)}"]
    if asked.phase == "train":
        lines[0] += f"; states under {asked.setup.precision}"
    lines += assumed(result)
    lines += where(result)
    if asked.phase == "generate":
        lines.append("in the formula of a token S is the context, its own position included: the prompt and 1 at first")
    graphs = [step.whole for step in result.steps]
    if claims := dict.fromkeys(str(claim) for graph in graphs for claim in graph.assumptions):
        lines.append(f"assuming: {', '.join(claims)}")
    links = [hop.level.link for span in (asked.network.used if asked.network else ()) for hop in span.hops]
    late = "" if asked.efficiency and links and all(link.latency for link in links) else " and links"
    lines.append(f"left out: fragmentation, workspaces of kernels, latency of kernels{late}")
    lines += [f"note: {shorten(remark, 600)}" for remark in result.remarks]
    return lines


def where(result: Estimate) -> list[str]:
    """What symbols of the formulas stand for; by step where that is not the same in all of them."""
    style = printers.UNICODE
    found: dict[str, dict[str, list[str]]] = {}
    for step, one in result.defined:
        if step.name != "last token":
            found.setdefault(one.name, {}).setdefault(one.written(style), []).append(step.title)
    return [
        f"where {text}" + (f" in {' and '.join(titles)}" if len(texts) > 1 else "")
        for texts in found.values()
        for text, titles in texts.items()
    ]


# --- formats ------------------------------------------------------------------------------------------------------


def text(result: Estimate, explain: bool, path: Path | None) -> str:
    """Tables with what they mean, drawn with rich on a terminal, then the formulas."""
    pretty = printers.unicode if writes_unicode(path) else printers.python
    blocks = ["\n".join([title(result), *lead(result)])]
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
    blocks = [f"**{title(result)}**", "\n".join(f"- {line}" for line in lead(result))]
    for _, rows, lines in sections(result, explain, lambda form: f"${printers.latex(form)}$"):
        table = ["| " + " | ".join(row) + " |" for row in rows]
        table.insert(1, "|" + "---|" * len(rows[0]))
        blocks += ["\n".join(table), *(["\n".join(f"- {line}" for line in lines)] if lines else [])]
    found = formulas(result, printers.latex, lambda time: [time.latex()])
    blocks.append("\n".join(f"- {name} $= {' + '.join(summands)}$" for name, summands in found))
    return "\n\n".join([*blocks, "\n".join(f"- {line}" for line in notes(result))])
