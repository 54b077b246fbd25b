"""An estimate as a report: does it fit, what bounds it and how long, then where that comes from."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from costgraph.algebra.polynomial import total
from costgraph.algebra.printers import LATEX, Style
from costgraph.algebra.quantities import digits, rounded
from costgraph.errors import shorten
from costgraph.estimation.assumed import assumed
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.sizes import MOST
from costgraph.estimation.steps import Step
from costgraph.reports.amounts import aside, byte, grouped, percent, second
from costgraph.reports.nodes import (
    WRITERS,
    Column,
    Item,
    Listing,
    Math,
    Node,
    Note,
    Report,
    Table,
    Verdict,
    Words,
    math,
)
from costgraph.timing.roofline import Time, number

Section = tuple[Node, ...]
Row = tuple[Words, ...]


def report(result: Estimate, explain: bool = False) -> Report:
    """All that an estimate says; with every op and the formulas where they are asked for, or where nothing is bound."""
    parts = [lead(result), memory(result), times(result)]
    if result.ready:
        parts += [*changes(result), resources(result), *charged(result), classes(result)]
        if explain:
            parts += [ops(step) for step in result.steps if step.name != "last token"]
    with_formulas = explain or not result.ready
    parts += [formulas(result)] if with_formulas else []
    return Report(title(result), (*parts, tuple(notes(result, with_formulas))))


def table(heads: tuple[str, ...], rows: list[Row], strong: tuple[int, ...] = (), turns: bool = False) -> Table:
    """Rows under heads; what stands in the columns `strong` was asked for."""
    columns = tuple(Column(head, strong=at in strong) for at, head in enumerate(heads))
    return Table(columns, tuple(rows), turns=turns)


def title(result: Estimate) -> str:
    """What was asked, in one line."""
    asked = result.request
    place = f" on {asked.machine.title}, {asked.dtype}" if asked.machine else " on any machine"
    own, typed = asked.setup.model.bindings, asked.setup.sizes
    sizes = ", ".join(f"{n}={shorten(str(v), 40)}" for n, v in asked.put_in.items() if n in typed or n not in own)
    new = f", {shorten(str(asked.new), 40)} new" if asked.new else ""
    what = ", ".join([asked.setup.title, *asked.setup.beside])
    return f"{what}{place}: {asked.phase}" + (f" at {sizes}" if sizes else "") + new


def lead(result: Estimate) -> Section:
    """The answer, before anything that it comes from."""
    lines = [Verdict(fits(result), result.verdict.fits)] if result.verdict.usable is not None else []
    if result.ready:
        longest = result.bound(result.main).longest
        stage = f" of the {longest.stage}" if longest.stage else ""
        said = f"bound by {longest.resource}{stage}: {result.main.title} takes {second(result.least)} or more"
        lines.append(Verdict(said))
    return tuple(lines)


# --- memory -------------------------------------------------------------------------------------------------------


def memory(result: Estimate) -> Section:
    """What is alive at the worst instant, and what follows; what rests on a device while something is open."""
    found = result.verdict
    rows: list[Row]
    if found.needed is not None:
        rows = [(name, byte(size)) for name, size in (*found.parts.items(), ("in all", found.needed))]
    else:
        sizes = (*result.memory.items(), ("in all", total(result.memory.values())))
        rows = [(name, math(form) if form.number is None else byte(Fraction(form.number))) for name, form in sizes]
    said = [*where_most(result), *further(result)]
    return (table(("memory of one device", "bytes"), rows), *map(Note, said))


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
    assert found.needed is not None
    needs = f"needs {aside(found.needed)} of {aside(found.usable)}"
    if found.left >= 0:
        return f"fits: {needs}; {aside(found.left)} left for what is not counted"
    return f"does not fit: {needs}, {aside(-found.left)} more than there is"


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
                + (also if whole else none_divides(result.padded))
            )
    return lines


def batch(result: Estimate) -> str:
    """The largest batch, and what it keeps: over 8 devices it is a multiple of 8."""
    about = " and ".join(map(str, result.divisors))
    if result.largest_batch:
        return f"largest batch: B = {result.largest_batch}" + (f", with {about}" if about else "") + decoding(result)
    least = result.smallest_batch
    if least is None:
        return f"no batch keeps {about}"
    return f"not even B = {least} fits" + (f", with {about}" if about else "") + decoding(result)


def decoding(result: Estimate) -> str:
    """For how much more there is room while tokens are generated; "" for no more."""
    more = result.largest_batch_decoding or 0
    return f"; B = {more} if prompts are read a few at a time" if more > (result.largest_batch or 0) else ""


def none_divides(padded: dict[str, int]) -> str:
    """That no degree divides all sizes, and which would if the vocabulary were padded."""
    sizes = ", ".join(f"{name}={size}" for name, size in padded.items() if name != "T")
    remedy = f"; T = {padded['T']} does with the vocabulary padded, --limit {sizes}" if padded else ""
    return f"; no T up to {MOST} divides heads, width and vocabulary{remedy}"


# --- time ---------------------------------------------------------------------------------------------------------


def times(result: Estimate) -> Section:
    """How long each kind of step takes: at least, and at the efficiencies that were named."""
    if not result.ready:
        missing = [n for n in result.unbound if not n.startswith("lambda")]
        how = "--limit" if result.request.setup.model.name else "--limit or --model"
        lines = [f"for numbers, bind {', '.join(missing)} with {how}"] if missing else []
        lines += [] if result.request.machine else ["for seconds, name a machine with --hardware"]
        waiting: list[Row] = [(step.title, "see the formula below") for step in result.steps]
        return (table(("step", "time"), waiting), *map(Note, lines))
    heads = ("time", "bound", "bound by", "tokens/s", *(ESTIMATED if result.request.efficiency else ()))
    rows: list[Row] = []
    for step in result.steps:
        least, taken = result.bound(step), result.estimated(step)
        row = [step.title, second(least.seconds), least.longest.resource, at_rate(result, step, least.seconds)]
        if taken is not None:
            row += [second(taken), at_rate(result, step, taken), *shares(result, step, taken)]
        rows.append(tuple(row))
    return (table(heads, rows, strong=(1, 4), turns=True), *map(Note, totals(result)))


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
        f"{whole.tokens:,} tokens, {kind}: {grouped(whole.hours)} GPU-hours, {grouped(whole.days)} days"
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
        return [(Note("nothing that was tried helps", "what to change"),)] if result.verdict.fits is False else []
    rows: list[Row] = []
    for one in result.moves[:MOST_MOVES]:
        needs = byte(one.verdict.needed or 0).partition(" = ")[0]
        at_least = f"{second(one.seconds)} ({rounded(one.seconds / result.least, 3)} x)"
        rows.append((one.move, needs, "yes" if one.verdict.fits else "no", at_least, str(one.devices)))
    return [(table(("what to change", "needs", "fits", "bound", "devices"), rows),)]


def resources(result: Estimate) -> Section:
    """How long each resource is busy, of which the longest is the bound."""
    shown = [s for s in result.steps if s.name != "first token" or len(result.steps) == 1]
    return of_each("bound, of", shown, [result.bound(s).resources for s in shown])


def charged(result: Estimate) -> list[Section]:
    """What an estimate is the sum of."""
    if not result.request.efficiency:
        return []
    shown = [s for s in result.steps if s.name != "first token"]
    accounts = [account for s in shown if (account := result.account(s)) is not None]
    return [of_each("estimate, of", shown, [one.parts for one in accounts])]


def of_each(head: str, steps: list[Step], found: list[dict[str, Fraction]]) -> Section:
    """What is so many seconds, by step."""
    names = dict.fromkeys(name for one in found for name in one)
    rows: list[Row] = [(name, *(second(one[name]) if name in one else "-" for one in found)) for name in names]
    return (table((head, *(step.title for step in steps)), rows),)


def classes(result: Estimate) -> Section:
    """Where the time goes, and what bounds it there."""
    shown = [s for s in result.steps if s.name != "last token"]
    rows: list[Row] = []
    for kind in dict.fromkeys(kind for s in shown for kind in s.time.by_class):
        row: list[Words] = [kind]
        for step in shown:
            part = step.time.by_class.get(kind, Time(()))
            row += [second(part.seconds), percent(part.seconds / step.time.seconds), part.bound]
        rows.append(tuple(row))
    heads = ("op by op", *(cell for s in shown for cell in (s.title, "share", "bound by")))
    return (table(heads, rows, turns=True),)


def ops(step: Step) -> Section:
    """Every op of a step: how long, and what it waits for."""
    rows: list[Row] = []
    for cost, span in zip(step.costs, step.time.spans, strict=True):
        ratio = rounded(number(cost.flops) / number(cost.moved)) if cost.moved and cost.flops else "-"
        rows.append((span.name, second(span.seconds), percent(span.seconds / step.time.seconds), span.bound, ratio))
    return (table((step.title, "time", "share", "bound by", "FLOP/byte"), rows),)


# --- formulas -----------------------------------------------------------------------------------------------------


def formulas(result: Estimate) -> Section:
    """The forms behind the numbers, those of times each a list of summands."""
    items = [Item((f"{name}, bytes = ", math(form))) for name, form in result.forms.items()]
    for step in result.formulas:
        if step.name != "last token":
            first, *others = summands(step.time)
            below = tuple(("+ ", other) for other in others)
            items.append(Item((f"{step.title}, op by op, seconds = ", first), below))
    return (Listing(tuple(items)),)


def summands(time: Time) -> list[Math]:
    """The summands of a time, each the longest of some."""

    def write(style: Style, at: int) -> str:
        form = r"\max\left({}\right)" if style is LATEX else "max({})"
        return (time.parts(WRITERS[id(style)], form) or ["0"])[at]

    return [Math(lambda style, at=at: write(style, at)) for at in range(max(1, len(time.parts(str, "{}"))))]  # type: ignore[misc]


def notes(result: Estimate, with_formulas: bool) -> list[Note]:
    """What the numbers mean."""
    asked = result.request
    fused = asked.setup.attention == "flash"
    counting = replace(asked.setup.convention.counting, causal="triangle") if fused else asked.setup.convention.counting
    done = replace(asked.setup.convention, counting=counting)  # by ops that take time, whatever a convention counts
    counted = done.describe(asked.setup.graph.kinds)
    counted += f"; states under {asked.setup.precision}" if asked.phase == "train" else ""
    lines = [Note(counted, f"counted ({asked.setup.convention.name})"), *map(Note, assumed(result))]
    if with_formulas:
        lines += where(result)
        if asked.phase == "generate":
            lines.append(Note(CONTEXT))
    graphs = [step.whole for step in result.steps]
    if claims := dict.fromkeys(str(claim) for graph in graphs for claim in graph.assumptions):
        lines.append(Note(", ".join(claims), "assuming"))
    links = [hop.level.link for span in (asked.network.used if asked.network else ()) for hop in span.hops]
    late = "" if asked.efficiency and links and all(link.latency for link in links) else " and links"
    lines.append(Note(f"fragmentation, workspaces of kernels, latency of kernels{late}", "left out"))
    lines += [] if with_formulas else [Note("the formulas and every op stand in --explain")]
    return [*lines, *(Note(shorten(remark, 600), "note") for remark in result.remarks)]


CONTEXT = "in the formula of a token S is the context, its own position included: the prompt and 1 at first"


def where(result: Estimate) -> list[Note]:
    """What symbols of the formulas stand for; by step where that is not the same in all of them."""
    found: dict[str, dict[str, tuple[Math, list[str]]]] = {}
    for step, one in result.defined:
        if step.name != "last token":
            _, titles = found.setdefault(one.name, {}).setdefault(str(one), (Math(one.written), []))
            titles.append(step.title)
    return [
        Note(("where ", text, f" in {' and '.join(titles)}" if len(texts) > 1 else ""))
        for texts in found.values()
        for text, titles in texts.values()
    ]
