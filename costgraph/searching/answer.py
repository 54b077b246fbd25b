"""What is said of a search beside its plans: how it ranks, what it takes for granted, and why nothing was found."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from costgraph.algebra.quantities import rounded
from costgraph.estimation.assumed import BOUND, ESTIMATE, IDLE
from costgraph.hardware.links import WORDS
from costgraph.searching.asked import Search
from costgraph.searching.constraints import Constraint
from costgraph.searching.counts import Counts
from costgraph.searching.measures import COST, HOURS, MEASURES, SAID, shown
from costgraph.searching.search import Found
from costgraph.searching.space import Space
from costgraph.searching.space_reading import MANY
from costgraph.timing.roofline import EFFICIENCIES

PROMPTS = "all prompts of the batch are read at once: ttft is the time of that; tpot that of the last token"


def ranked_by(asked: Search) -> str:
    """What the first plan is best in."""
    time = "the bound" if not asked.question.rates.efficiency else "the estimate"
    words = {
        "step_time": f"time of a step, {time}", "tokens/s": f"tokens per second of decode steps, {time}",
        **{name: f"{MEASURES[name].unit}, {time}" for name in (COST, HOURS)}, "devices": f"devices, then {time}",
    }  # fmt: skip
    return f"{words[asked.by[0]]}; of plans that are alike in that, the one that needs less memory"


def assumed(asked: Search, counts: Counts | None = None) -> list[str]:
    """What the ranking takes for granted, one line for each; with counts also what was not derived, and why."""
    rates = asked.question.rates
    idle = f"; {IDLE}" if max(asked.space.numbers.get("P", (1,)), default=1) > 1 else ""
    lines = [BOUND if not rates.efficiency else f"{ESTIMATE}{idle}; {reached(asked)}"]
    lines.append(tried(asked.space))
    lines += [*left_out(asked.space), *(passed_over(counts) if counts else [])]
    of = asked.question.asked
    if of.phase == "generate":
        cost = (
            "; cost is that of the prefill and of all steps" if of.price is not None or asked.minimize == HOURS else ""
        )
        lines.append(f"{PROMPTS}{cost}")
    if asked.minimize == HOURS:
        lines.append(SAID[HOURS])
    return lines


def reached(asked: Search) -> str:
    """The efficiencies, and what is hidden."""
    rates = asked.question.rates
    shares = ", ".join(f"{name} {rounded(rates.efficiency.get(name, 1) * 100, 3)} %" for name in EFFICIENCIES)
    hides = ", ".join(
        f"{rounded(share * 100, 3)} % over {WORDS.get(axis, axis)}"
        for axis, share in rates.asked.overlap.items()
        if share
    )
    return f"efficiency: {shares}; hidden: {hides or 'nothing'}"


def tried(space: Space) -> str:
    """Which choices there were."""
    numbers = {name: values for name, values in space.numbers.items() if max(values, default=1) > 1}
    numbers = {name: values for name, values in numbers.items() if name != "v" or "P" in numbers}
    degrees = ", ".join(f"{name} {listed(values)}" for name, values in numbers.items())
    degrees += " on each replica" * space.each
    said = [f"zero {listed(space.zero)}", f"recompute {', '.join(space.recompute)}"]
    said += [f"schedule {', '.join(space.schedules)}"] if "P" in numbers else []
    said += [f"context {', '.join(space.context)}"] if "C" in numbers else []
    said += [f"sequence {', '.join('yes' if one else 'no' for one in space.sequence)}"] if "T" in numbers else []
    if space.kv_heads and max(numbers.get("T", (1,))) > space.kv_heads:
        said.append(f"copies of key/value heads where T is above {space.kv_heads}")
    return f"tried: {degrees}; {'; '.join(said)}; {stages(space)} (--over tries others; 'schedule=all' all of a choice)"


def left_out(space: Space) -> list[str]:
    """What is not tried: choices of which another one takes as long and needs no more; and what would be too much."""
    found = [f"not tried, as there are more than {number(MANY)} plans: {space.untried}"] if space.untried else []
    if max(space.numbers.get("C", (1,))) > 1 and "ring" in space.context and "gather" not in space.context:
        found.append("left out, as never better: context gather, which takes as long as ring and needs no less")
    return found


def passed_over(counts: Counts) -> list[str]:
    """How many graphs were not derived, and why none of their plans is among the best."""
    if not counts.passed:
        return []
    why = "the same is slower than the plans above where nothing is replayed, and replaying only adds time"
    return [f"not derived: {number(counts.passed)} more graphs that replay; {why}"]


def stages(space: Space) -> str:
    """Whether stages are alike."""
    if "P" not in space.numbers or max(space.numbers["P"]) == 1:
        return "no pipeline"
    whole = listed(tuple(one for one in space.uneven if one > 1))
    if not whole:
        return "layers in equal stages"
    return f"whole layers in {whole} unequal stages, with schedule {', '.join(space.uneven_schedules)}"


def listed(values: tuple[int, ...]) -> str:
    """A few of them, or the ends."""
    return ", ".join(map(str, values)) if len(values) <= 5 else f"{values[0]}, {values[1]} .. {values[-1]}"


# --- nothing was found ------------------------------------------------------------------------------------------------


def why_nothing(found: Found) -> Iterator[str]:
    """Which constraint excludes most, and what would have to give."""
    counts = found.counts
    if not counts.legal:
        yield from why_illegal(counts, found.search.space)
        return
    kept = " and ".join(map(str, found.search.where))
    yield f"no plan fits: {number(counts.legal)} legal plans, and none keeps {kept}"
    most = max(found.search.where, key=lambda one: counts.broken.get(one.text, 0))
    for one in found.search.where:
        broken = counts.broken.get(one.text, 0)
        if broken:
            yield said_of(one, broken, counts, one is most)


def said_of(one: Constraint, broken: int, counts: Counts, most: bool) -> str:
    """What one constraint excludes, and by how much the nearest plan breaks it."""
    nearest = ""
    if one.text in counts.closest and broken == counts.legal:
        plan = counts.closest[one.text]
        value = abs(plan.exactly[0])  # of what grows less is said to be worse
        nearest = instead(one, value, plan.structure.called(plan.numbers))
    return excluded(one.text, broken, counts.alone.get(one.text, 0), most, nearest)


def excluded(text: str, broken: int, alone: int = 0, most: bool = False, nearest: str = "") -> str:
    """How many break a limit, how many would be left without it, and which one comes nearest."""
    words = f"{text}: {number(broken)} break it{', the most' if most else ''}"
    words += f"; without it {number(alone)} would fit" if alone else ""
    return words + (f"; the nearest has {nearest}" if nearest else "")


def instead(one: Constraint, value: Fraction, of: str) -> str:
    """What one has that is beyond a limit; where both look alike, how far it is."""
    has, limit, beyond = shown(one.name, value), shown(one.name, one.limit), value - one.limit
    if has != limit:
        return f"{has} instead of {limit}: {of}"
    if not beyond:
        return f"exactly {has}: {of}"
    return f"{shown(one.name, abs(beyond))} {'more' if beyond > 0 else 'less'} than {limit}: {of}"


def why_illegal(counts: Counts, space: Space) -> Iterator[str]:
    """Which claim of the model excludes most, or why it cannot be spread at all."""
    if not counts.tried and not counts.refused:
        fewer = "" if space.all_devices else " or fewer"
        yield f"no plan is legal: no degrees that are tried come to {space.devices} devices{fewer}; --over tries others"
        return
    yield f"no plan is legal: of {number(counts.tried)} combinations of degrees none keeps all that they have to"
    for claim, broken in sorted(counts.illegal.items(), key=lambda pair: -pair[1])[:3]:
        alone = counts.illegal_alone.get(claim, 0)
        yield f"{claim}: {number(broken)} break it" + (f", {number(alone)} of them no other" if alone else "")
    for reason, times in sorted(counts.refused.items(), key=lambda pair: -pair[1])[:3]:
        yield f"{reason} ({number(times)} structures)"


def number(count: int) -> str:
    """With thin groups of digits."""
    return f"{count:,}".replace(",", " ")
