"""What the page knows of a scenario: its forms, and where their sums stand among those of the program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from costgraph.algebra.definition import Definition, needed
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.symbols import in_order
from costgraph.closed_form import ClosedForm
from costgraph.exploring.program import Program
from costgraph.exploring.scenarios import TIMES, Arm, Scenario
from costgraph.exporting.forms import Form, source
from costgraph.graph.op import Op
from costgraph.measures.communication import part
from costgraph.provenance import Term
from costgraph.remarks import why_zero

Row = tuple[str, str, str, Polynomial]  # op, what it is of, part, amount
Ops = Mapping[str, Op]


class Made:
    """Sums of the arms of a measure, each made once: instants have most of their terms in common."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, ...], tuple[list[Polynomial], Polynomial]] = {}  # what is summed stays beside

    def total(self, amounts: list[Polynomial]) -> Polynomial:
        """The sum of these very amounts."""
        which = tuple(map(id, amounts))
        if which not in self.known:
            self.known[which] = amounts, total(amounts)
        return self.known[which][1]


def described(scenario: Scenario, program: Program) -> dict[str, Any]:
    """A scenario as the page reads it."""
    ops = {name: op for stage in scenario.stages for name, op in stage.by_name.items()}
    rows: dict[Row, int] = {}  # by the order in which they occur here
    forms = [
        {**measure(name, arms, program, rows, ops), "zero": zero(name, scenario)}
        for name, arms in scenario.forms.items()
    ]
    terms = [program.row((op, of, kind, program.sum(amount), drawn(op, ops))) for op, of, kind, amount in rows]
    found = definitions(scenario)
    told = {one.name for one in found}
    inside = {name for one in found for name in one.symbols} - told
    used = scenario.symbols - told | inside | scenario.setup.mesh.named.keys()
    return {
        "key": scenario.plan.key,
        "phase": scenario.plan.phase,
        "place": scenario.plan.place,
        "axes": [*scenario.plan.mesh.named],
        "forms": forms,
        "terms": terms,
        "claims": claims(scenario, program),
        "defined": [program.definition(one) for one in found],
        "even": [program.evenly(one) for name, one in scenario.crossing.evenly.items() if name in told],
        "assumptions": [str(one) for one in scenario.forms["flops"][0][1].assumptions],
        "counted": counted(scenario),
        "said": str(scenario.setup),
        "attention": scenario.setup.attention,
        "last": scenario.plan.phase != "train" and scenario.setup.model != scenario.model,
        "used": [name for name in in_order(used) if not name.startswith("max_")],
    }


def counted(scenario: Scenario) -> str:
    """What is counted in amounts, and what is counted otherwise in times."""
    kinds, amounts = scenario.graph.kinds, scenario.setup.convention
    found = amounts.describe(kinds).split("; ")
    timed = {form.convention for name in TIMES for _, form in scenario.forms.get(name, ())}
    others = [part for one in timed for part in one.describe(kinds).split("; ") if part not in found]
    return "; ".join(found) + (f". Times count {'; '.join(others)}" if others else "")


def claims(scenario: Scenario, program: Program) -> list[int]:
    """The numbers of what the forms take for granted."""
    closed = [form for arms in scenario.forms.values() for _, form in arms]
    alike = {id(one.assumptions): one for one in closed}.values()  # all arms of a stage say the same
    found = [program.claimed(Form(one.name, one.value, one)) for one in alike]
    return list(dict.fromkeys(number for numbers in found for number in numbers))


def definitions(scenario: Scenario) -> list[Definition]:
    """What symbols of the forms stand for: minima and what is rounded; a maximum is shown by its arms."""
    found = {one.name: one for arms in scenario.forms.values() for _, form in arms for one in form.defined}
    return [*found.values(), *needed(scenario.crossing.definitions.values(), scenario.symbols)]


def measure(name: str, arms: Iterable[Arm], program: Program, rows: dict[Row, int], ops: Ops) -> dict[str, Any]:
    """One measure: its arms, of which the largest is the value, each with its sums and terms."""
    found = list(arms)
    made = Made()
    described_ = [arm(at, one, program, rows, ops, made) for at, one in found]
    before: set[int] = set()
    for one in described_:  # instants have most of their terms in common: what one has and the one before has not
        before, one["terms"] = one["terms"], sorted(one["terms"] ^ before)
    return {"name": name, "unit": found[0][1].unit, "source": source(name), "arms": described_}


def zero(name: str, scenario: Scenario) -> str:
    """Why a measure is 0 if it is; on a page a remedy that one types is none."""
    return why_zero(name, scenario.plan.phase, scenario.setup.mesh).partition(" is 0: ")[2].partition(";")[0]


def arm(at: str, form: ClosedForm, program: Program, rows: dict[Row, int], ops: Ops, made: Made) -> dict[str, Any]:
    """One of the sums of which a measure is the largest."""
    merged_ = list(merged(form, ops, made))
    sums = parts_of(form.name, form, merged_, made)
    return {
        "at": at,
        "parts": [[kind, program.sum(amount, copied=True)] for kind, amount in sums.items()],
        "terms": {rows.setdefault(row, len(rows)) for row in merged_},
    }


def parts_of(name: str, form: ClosedForm, rows: Iterable[Row], made: Made) -> dict[str, Polynomial]:
    """The sums that a form consists of.

    What is alive at a peak is summed by part: instants have most of their sums in common, and it reads well. What is
    sent is summed by the axes over which it goes.
    """
    if name != "peak" and not (name in TIMES and any(kind for _, _, kind, _ in rows)):
        return {"": form.value.numerator}
    found: dict[str, list[Polynomial]] = {}
    for _, _, kind, amount in rows:
        found.setdefault(kind, []).append(amount)
    sums = {kind: made.total(amounts) for kind, amounts in found.items()}
    return {kind: amount for kind, amount in sums.items() if amount} or {"": form.value.numerator}


def merged(form: ClosedForm, ops: Ops, made: Made) -> Iterator[Row]:
    """The terms of a form: op, what it is of, part and amount; those of one op and part that stand together are one."""
    found: dict[tuple[str, str], list[Term]] = {}
    timed = form.name in TIMES
    for term in form.terms:
        over = part(ops[term.op]) if timed and term.op in ops else ""
        found.setdefault((term.op, over or term.part), []).append(term)
    for (op, kind), same in found.items():
        if len(same) == 1:
            yield op, same[0].source, kind, same[0].amount
            continue
        sources = ", ".join(dict.fromkeys(term.source for term in same))
        yield op, sources, kind, made.total([term.amount for term in same])


def drawn(op: str, ops: Ops) -> str:
    """The forward op in whose place a term is drawn; empty for what stands for no op."""
    if op not in ops:
        return ""
    return op if ops[op].phase == "forward" else ops[op].source
