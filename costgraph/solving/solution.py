"""Inverse questions: for which batch, length, degree does a relation between costs hold?

The answer is a formula with its domain of validity, and a number as soon as everything is bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Unpack

from costgraph.algebra.assumption import Assumption
from costgraph.algebra.called import ROOTS
from costgraph.algebra.definition import Definition, needed, settle
from costgraph.algebra.inequalities import Case, Condition, Relation, cases, coefficients, sign
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.powers import DIGITS
from costgraph.algebra.printers import UNICODE
from costgraph.algebra.real_roots import intervals
from costgraph.algebra.work import bounded
from costgraph.errors import UserError
from costgraph.given import Keywords, Options
from costgraph.hardware.cluster import Cluster
from costgraph.hardware.machine import Machine
from costgraph.records import dataclass
from costgraph.remarks import too_long
from costgraph.setup import Setup
from costgraph.shown import Recorded
from costgraph.signatures import spelled_out
from costgraph.solving.asked import Asked, ask
from costgraph.solving.knees import depending, difference, stretches, whole_numbers
from costgraph.solving.knees import formulas as split_cases
from costgraph.solving.unknown import Unknown
from costgraph.solving.unsatisfied import unsatisfied
from costgraph.solving.whole import Solution, with_numbers


@dataclass(frozen=True, repr=False)
class Answer(Recorded):
    """The question and what came out.

    Args:
        question: as typed.
        setup: what it was asked of.
        unknown: what it was solved for.
        formulas: the cases before anything but the measures' own parentheses was bound; empty if there is no formula.
        solutions: the cases with all bindings.
        assumptions: what the graph takes for granted.
        remarks: what was done that nobody asked for, was typed without effect, or was left open.
        definitions: what symbols in the question stand for that is no polynomial.
        policy: which of its measures are under which precision, in words.
    """

    question: str
    setup: Setup
    unknown: Unknown
    bindings: Mapping[str, Polynomial]
    formulas: tuple[Case, ...]
    solutions: tuple[Solution, ...]
    assumptions: tuple[Assumption, ...]
    remarks: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()
    policy: str = ""


@spelled_out(Options)
@bounded()
def solve(
    question: str,
    for_: str,
    *,
    model_name: str | None = None,
    hardware: str | Machine | Cluster | None = None,
    dtype: str | None = None,
    link: str | None = None,
    **of: Unpack[Keywords],
) -> Answer:
    """Solve a relation between costs for one symbol.

    Args:
        question: such as `states + activations <= hbm`; see `question` for what may stand in it.
        for_: the symbol, or a product such as `B*S`.
        model_name: the same as `model`.
        hardware: a machine, or a cluster such as `h100-sxm:8x4`, whose `hbm`, `lambda_flops`, `lambda_mem`,
            `lambda_comms` are put in.
        dtype: whose peak `lambda_flops` is, and how wide `p` is; bf16 or fp16, and `p` open, unless given.
        link: which link `lambda_comms` is.
        of: what it is asked of, as for `derive`: model, op_set, phase (decode where the question names the cache),
            passes, mesh, limit (sizes alone), convention, precision.

    Raises:
        UserError: anything unknown or unreadable; no positive value satisfies the relation (says by how much).
    """
    if model_name is not None:
        of["model"] = model_name
    return answer(ask(question, for_, hardware, dtype, link, **of))


def answer(asked: Asked) -> Answer:
    """What follows from a question that has been read."""
    form, wanted, assumptions = asked.form, asked.unknown, asked.assumptions
    defined = needed(asked.definitions, form.symbols)
    about = {*form.symbols, *(name for definition in defined for name in definition.symbols)}
    used = {name: value for name, value in asked.bindings.items() if name in about}
    try:
        formulas = tuple(unbound(form, asked.relation, wanted.name, defined)) if used else ()
    except UserError:  # a formula only once more is bound
        formulas = ()
    known, still_open = settle(defined, used)
    found = tuple(solved(form.substitute(known), asked.relation, wanted, assumptions, still_open))
    solutions = tuple(solution for solution in found if solution.possible or not wanted.whole)
    if not solutions:
        raise unsatisfied(asked, formulas)
    return Answer(
        asked.text, asked.setting.setup, wanted, used, formulas, solutions,
        tuple(a for a in assumptions if not a.settled),
        (*asked.remarks, *beyond(asked, solutions), *to_digits(defined, known)), defined, asked.setting.policy,
    )  # fmt: skip


def beyond(asked: Asked, solutions: Iterable[Solution]) -> list[str]:
    """Remarks on a sequence that is longer than the model was made for."""
    if asked.unknown.target != Polynomial.symbol("S"):
        return []
    ends = [end for solution in solutions for end in (solution.smallest, solution.largest) if end is not None]
    return too_long({**asked.bindings, "S": Polynomial.constant(max(ends))}) if ends else []


def to_digits(definitions: Iterable[Definition], known: Mapping[str, Polynomial]) -> list[str]:
    """Remarks on roots that were typed and are no rational numbers."""
    found = []
    for one in definitions:
        value, inside = known.get(one.name), one.arguments[0].substitute(known)
        if one.function in ROOTS and value is not None and value**one.index != inside:
            found.append(f"{one.written(UNICODE)} is read to {DIGITS} digits")
    return found


def unbound(form: Polynomial, relation: Relation, name: str, definitions: Sequence[Definition]) -> Iterable[Case]:
    """The cases before anything is bound."""
    split = depending(form, definitions, name)
    return split_cases(form, relation, name, split) if split else cases(form, relation, name)


def solved(
    form: Polynomial,
    relation: Relation,
    wanted: Unknown,
    assumptions: tuple[Assumption, ...],
    definitions: Sequence[Definition],
) -> Iterable[Solution]:
    """The cases of the bound form, with whole numbers where everything is bound."""
    if split := depending(form, definitions, wanted.name):
        yield from solved_by_sides(form, relation, wanted, assumptions, split)
        return
    if wanted.name not in form.symbols:
        yield from map(Solution, without(form, relation))
        return
    row = coefficients(form, wanted.name)
    if len(row) > 3 and any(row[1:-1]):
        if others := [name for name in form.symbols if name != wanted.name]:
            raise UserError(f"degree {len(row) - 1} in {wanted}: bind {', '.join(others)} to solve it")
        found = intervals(form, relation, wanted.name)
    else:
        found = cases(form, relation, wanted.name)
    numbers = form.symbols == (wanted.name,)
    at = difference(form, wanted.name, ())
    for case in found:
        yield with_numbers(case, relation, at, wanted, assumptions) if numbers else Solution(case)


def solved_by_sides(
    form: Polynomial,
    relation: Relation,
    wanted: Unknown,
    assumptions: tuple[Assumption, ...],
    definitions: Sequence[Definition],
) -> Iterable[Solution]:
    """The same where defined symbols depend on the unknown."""
    own = {definition.name for definition in definitions}
    inside = {*form.symbols, *(name for definition in definitions for name in definition.symbols)}
    if inside - own - {wanted.name}:
        yield from map(Solution, split_cases(form, relation, wanted.name, definitions))
    elif any(definition.jumps for definition in definitions):
        case, largest, smallest = whole_numbers(form, relation, wanted.name, definitions)
        yield Solution(case, largest, smallest)
    else:
        at = difference(form, wanted.name, definitions)
        for case in stretches(form, relation, wanted.name, definitions):
            yield with_numbers(case, relation, at, wanted, assumptions)


def without(form: Polynomial, relation: Relation) -> Iterable[Case]:
    """Where the unknown has cancelled: every value, if the rest holds."""
    above = form if relation in (">=", ">") else -form
    known, strict = sign(above, {}), relation in ("<", ">")
    if (known == 0 and not strict) or (known == 1 and relation != "=="):
        yield Case(None, None)
    elif known is None and relation != "==":
        yield Case(None, None, (Condition(above, ">" if strict else ">="),))
