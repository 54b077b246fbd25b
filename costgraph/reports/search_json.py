"""The JSON contract `costgraph.search/1`; see docs/search-and-sweep.md. Exact numbers are strings, `a/b` or whole."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from costgraph.reports.estimate_json import seconds, whole
from costgraph.searching.answer import assumed, ranked_by, why_nothing
from costgraph.searching.command import command, mesh_of
from costgraph.searching.search import Found, Plan

SCHEMA = "costgraph.search/1"


def to_json(found: Found) -> dict[str, Any]:
    """A search with its plans, in order."""
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
        "assumptions": assumed(found.search, found.counts),
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
    worse, taken = found.worse(at), answer.estimated(answer.main) or answer.least
    return {
        "mesh": mesh_of(plan),
        "recompute": plan.structure.recompute,
        "numbers": plan.numbers,
        "devices": plan.devices,
        "idle_devices": found.search.space.devices - plan.devices,
        "needed_bytes": whole(answer.verdict.needed),
        "needed": exact_of(answer.verdict.needed),
        "memory": {name: exact_of(size) for name, size in answer.verdict.parts.items()},
        "bound_s": seconds(bound.seconds),
        "bound_by": bound.longest.resource,
        "stage": bound.longest.stage or None,
        "busy_s": {name: seconds(amount) for name, amount in bound.resources.items()},
        "estimate_s": seconds(account.seconds) if account else None,
        "charged_s": {name: seconds(amount) for name, amount in account.parts.items()} if account else None,
        "mfu": seconds(answer.mfu(answer.main, taken)),
        "hfu": seconds(answer.hfu(answer.main, taken)),
        **(of_generation(plan) if answer.request.phase == "generate" else {}),
        "value": exact_of(plan.value),
        "next_is_worse_by": None if worse is None else float(worse),
        "command": command(plan, found.search.typed),
    }


def of_generation(plan: Plan) -> dict[str, Any]:
    """The first token, and how many there are in a second."""
    return {"ttft_s": seconds(plan.exactly("ttft")), "tokens_per_s": exact_of(plan.exactly("tokens/s"))}


def exact_of(value: Fraction | None) -> str | None:
    """A number that is not rounded."""
    return None if value is None else str(value)
