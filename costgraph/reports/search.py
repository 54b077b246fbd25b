"""The best plans of a search as a report: each with its time, its memory and the command that estimates it."""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.algebra.quantities import rounded
from costgraph.reports.amounts import aside, percent, second
from costgraph.reports.nodes import Item, Listing, Node, Note, Report, Verdict
from costgraph.searching.answer import assumed, number, ranked_by, why_nothing
from costgraph.searching.command import command
from costgraph.searching.measures import COST, HOURS, MEASURES
from costgraph.searching.search import Found, Plan

SIGNIFICANT = 20  # a part of memory below that share of it is told of as the rest


def report(found: Found) -> Report:
    """Everything that is said."""
    lead: list[Node] = [Note(tally(found))]
    if found.candidates:
        lead.append(Note(ranked_by(found.search), "ranked by"))
    else:
        first, *rest = why_nothing(found)
        lead = [Verdict(first, good=False), *map(Note, rest), *lead]
    plans = [(Listing((item(found, at),), strong=at == 0),) for at in range(len(found.plans))]
    return Report(title(found), (tuple(lead), *plans, tuple(map(Note, assumed(found.search, found.counts)))))


def title(found: Found) -> str:
    """What was asked, in one line."""
    asked = found.search.question.asked
    own, typed = asked.setup.model.bindings, asked.setup.sizes
    sizes = ", ".join(f"{name}={value}" for name, value in asked.put_in.items() if name in typed or name not in own)
    new = f", {asked.new} new" if asked.new else ""
    what = ", ".join([asked.setup.title, *asked.setup.beside])
    return f"{what} on {asked.cluster}, {asked.dtype}: {asked.phase} at {sizes}{new}"


def tally(found: Found) -> str:
    """How many plans there were."""
    counts = found.counts
    return (
        f"{number(counts.tried)} plans of {number(counts.structures)} graphs, {number(counts.legal)} of them legal,"
        f" {number(counts.fitting)} fit"
    )


# --- a plan -----------------------------------------------------------------------------------------------------------


def item(found: Found, at: int) -> Item:
    """One plan: its axes, time, memory, and the command that estimates it."""
    plan = found.plans[at]
    head = f"{at + 1}. {plan.called}"
    return Item(head, ("; ".join(times(found, at)), memory(plan)), typed=command(plan, found.search.typed))


def times(found: Found, at: int) -> Iterator[str]:
    """How long, by part, and how far the next plan is."""
    plan = found.plans[at]
    answer = plan.answer
    bound, estimated = answer.bound(answer.main), answer.estimated(answer.main)
    if estimated is None:
        yield f"{second(bound.seconds)} or more: {busy(plan)}"
    else:
        account = answer.account(answer.main)
        charged = sorted(account.parts.items(), key=lambda part: -part[1])[:4] if account else []
        parts = ", ".join(f"{name} {second(amount)}" for name, amount in charged)
        share = percent(bound.seconds / estimated)
        yield f"{second(estimated)}: {parts}"
        yield f"the bound is {share} of it, {second(bound.seconds)}"
    if said := ", ".join(beside(found, plan)):
        yield said
    if (worse := found.worse(at)) is not None:
        yield f"next: {f'{rounded(worse * 100, 3)} % worse' if worse else 'as good'}"


def busy(plan: Plan) -> str:
    """How long each resource is busy at least, on the stage that takes longest."""
    found = plan.answer.bound(plan.answer.main)
    stage = f"{found.longest.stage}: " if found.longest.stage else ""
    parts = sorted(found.resources.items(), key=lambda part: -part[1])
    return stage + ", ".join(f"{name} {second(amount)}" for name, amount in parts if amount)


def beside(found: Found, plan: Plan) -> Iterator[str]:
    """What else it is ranked or kept by: tokens per second, the first token, cost, devices."""
    name, answer = found.search.by[0], plan.answer
    if found.search.question.asked.phase == "train":
        yield f"MFU {percent(answer.mfu(answer.main, answer.estimated(answer.main) or answer.least))}"
    if found.search.question.asked.phase == "generate":
        yield f"{rounded(plan.exactly('tokens/s'))} tokens/s"
        yield f"first token {second(plan.exactly('ttft'))}"
    if name in (COST, HOURS):
        yield f"{rounded(plan.value)} {MEASURES[name].unit}"
    if idle := found.search.space.devices - plan.devices:
        yield f"{plan.devices} device{'s' * (plan.devices > 1)}, {idle} idle"
    elif name == "devices":
        yield f"{plan.devices} devices"


def memory(plan: Plan) -> str:
    """What one device needs, by part: the small ones together."""
    found = plan.answer.verdict
    assert found.needed is not None
    assert found.usable is not None
    large = {name: size for name, size in found.parts.items() if size * SIGNIFICANT >= found.needed}
    small = found.needed - sum(large.values())
    parts = [f"{name} {aside(size).partition(' (')[0]}" for name, size in (*large.items(), ("rest", small)) if size]
    return f"needs {aside(found.needed)} of {aside(found.usable)}: {', '.join(parts)}"
