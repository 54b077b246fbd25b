"""The best plans, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from costgraph.algebra.quantities import rounded
from costgraph.cli.estimate_json import seconds, whole
from costgraph.reports.amounts import aside, percent, second
from costgraph.searching.answer import assumed, number, ranked_by, why_nothing
from costgraph.searching.command import command, mesh_of
from costgraph.searching.search import Found, Plan
from costgraph.searching.structure import NO_REPLAY

SCHEMA = "costgraph.search/1"
SIGNIFICANT = 20  # a part of memory below that share of it is not told of


def text(found: Found) -> str:
    """Everything that is said."""
    return "\n".join(lines(found))


def lines(found: Found) -> Iterator[str]:
    """Head, plans, assumptions."""
    yield title(found)
    yield tally(found)
    if not found.candidates:
        yield from ("", *why_nothing(found))
    else:
        yield f"ranked by {ranked_by(found.search)}"
    plans = found.plans
    for at in range(len(plans)):
        yield ""
        yield from of_plan(found, at, plans)
    yield ""
    yield from (f"assumes: {line}" for line in assumed(found.search))


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


def of_plan(found: Found, at: int, plans: tuple[Plan, ...]) -> Iterator[str]:
    """One plan: its axes, time, memory, and the command that estimates it."""
    plan = plans[at]
    replay = f"; recompute({plan.structure.recompute})" if plan.structure.recompute != NO_REPLAY else ""
    batch = f"; B={plan.numbers['B']}" if "B" in plan.numbers else ""
    yield f"{at + 1}. {mesh_of(plan) or 'one device'}{replay}{batch}"
    yield f"   {time(found, at, plans)}"
    yield f"   {memory(plan)}"
    yield f"   {command(plan, found.search.typed)}"


def time(found: Found, at: int, plans: tuple[Plan, ...]) -> str:
    """How long, by part, and how far the next plan is."""
    plan = plans[at]
    answer = plan.answer
    bound = answer.bound(answer.main)
    estimated = answer.estimated(answer.main)
    said = [f"{second(bound.seconds)} or more: {busy(plan)}"]
    if estimated is not None:
        account = answer.account(answer.main)
        charged = sorted(account.parts.items(), key=lambda part: -part[1])[:4] if account else []
        parts = ", ".join(f"{name} {second(amount)}" for name, amount in charged)
        share = percent(bound.seconds / estimated)
        said = [f"{second(estimated)}: {parts}; the bound is {share} of it, {second(bound.seconds)}"]
    said += [beside(found, plan)] if beside(found, plan) else []
    said += [f"next: {apart(plan, plans[at + 1])}"] if at + 1 < len(plans) else []
    return "; ".join(said)


def busy(plan: Plan) -> str:
    """How long each resource is busy at least, on the stage that takes longest."""
    found = plan.answer.bound(plan.answer.main)
    stage = f"{found.longest.stage}: " if found.longest.stage else ""
    parts = sorted(found.resources.items(), key=lambda part: -part[1])
    return stage + ", ".join(f"{name} {second(amount)}" for name, amount in parts if amount)


def beside(found: Found, plan: Plan) -> str:
    """What else it is ranked or kept by: tokens per second, the first token, cost, devices."""
    name, value = found.search.by[0], plan.value
    said = []
    if found.search.question.asked.phase == "generate":
        rate = plan.candidate.costed.exactly(plan.numbers, "tokens/s")
        first = plan.candidate.costed.exactly(plan.numbers, "ttft")
        said = [f"{rounded(rate)} tokens/s", f"first token {second(first)}"]
    if name == "cost":
        said.append(f"{rounded(value)} USD per million tokens")
    if name != "step_time" and not found.search.space.all_devices:
        said.append(f"{plan.answer.request.degree} devices")
    return ", ".join(said)


def apart(plan: Plan, other: Plan) -> str:
    """How much worse the next plan is in what both are ranked by."""
    if plan.value == other.value:
        return "as good"
    share = abs(other.value / plan.value - 1) * 100
    return f"{rounded(share, 3)} % worse"


def memory(plan: Plan) -> str:
    """What one device needs, by part."""
    found = plan.answer.verdict
    assert found.needed is not None
    assert found.usable is not None
    parts = ", ".join(
        f"{name} {aside(size).partition(' (')[0]}"
        for name, size in found.parts.items()
        if size * SIGNIFICANT >= found.needed
    )
    return f"{aside(found.needed)} of {aside(found.usable)}: {parts}"


# --- JSON -------------------------------------------------------------------------------------------------------------


def to_json(found: Found) -> dict[str, Any]:
    """The JSON contract `costgraph.search/1`; see docs/search.md. Exact numbers are strings, `a/b` or whole."""
    asked, counts = found.search.question.asked, found.counts
    return {
        "schema": SCHEMA,
        "model": asked.setup.model.name or None,
        "op_set": asked.setup.graph.name,
        "phase": asked.phase,
        "cluster": str(asked.cluster),
        "dtype": asked.dtype,
        "limit": {name: str(value) for name, value in asked.put_in.items()},
        "where": [str(one) for one in found.search.where],
        "minimize": found.search.minimize,
        "ranked_by": ranked_by(found.search),
        "assumptions": assumed(found.search),
        "counts": {
            "graphs": counts.structures, "plans": counts.tried, "legal": counts.legal, "fit": counts.fitting,
            "broken": counts.broken, "broken_alone": counts.alone, "illegal": counts.illegal,
            "refused": counts.refused,
        },
        "plans": [plan_json(plan, found, at) for at, plan in enumerate(found.plans)],
        "why": [] if found.candidates else list(why_nothing(found)),
    }  # fmt: skip


def plan_json(plan: Plan, found: Found, at: int) -> dict[str, Any]:
    """One plan."""
    answer = plan.answer
    bound, account = answer.bound(answer.main), answer.account(answer.main)
    after = found.plans[at + 1].value if at + 1 < len(found.plans) else None
    return {
        "mesh": mesh_of(plan),
        "recompute": plan.structure.recompute,
        "numbers": plan.numbers,
        "devices": int(answer.request.degree.number or 1),
        "needed_bytes": whole(answer.verdict.needed),
        "needed": exact_of(answer.verdict.needed),
        "memory": {name: exact_of(size) for name, size in answer.verdict.parts.items()},
        "bound_s": seconds(bound.seconds),
        "bound_by": bound.longest.resource,
        "stage": bound.longest.stage or None,
        "busy_s": {name: seconds(amount) for name, amount in bound.resources.items()},
        "estimate_s": seconds(account.seconds) if account else None,
        "charged_s": {name: seconds(amount) for name, amount in account.parts.items()} if account else None,
        **(of_generation(plan) if answer.request.phase == "generate" else {}),
        "value": exact_of(plan.value),
        "next_is_worse_by": None if after is None else float(abs(after / plan.value - 1)),
        "command": command(plan, found.search.typed),
    }


def of_generation(plan: Plan) -> dict[str, Any]:
    """The first token, and how many there are in a second."""
    costed, numbers = plan.candidate.costed, plan.numbers
    return {
        "ttft_s": seconds(costed.exactly(numbers, "ttft")),
        "tokens_per_s": exact_of(costed.exactly(numbers, "tokens/s")),
    }


def exact_of(value: Fraction | None) -> str | None:
    """A number that is not rounded."""
    return None if value is None else str(value)
