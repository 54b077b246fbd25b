"""Inverse questions: for which batch, length, degree does a relation between costs hold?

The answer is a formula with its domain of validity, and a number as soon as everything is bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import cast

from costgraph.assumption import Assumption, Divides
from costgraph.conventions import CONVENTIONS, PRECISIONS
from costgraph.derivation import check_order, with_phase
from costgraph.errors import UserError, shorten, unknown
from costgraph.hardware.machine import chosen, itemsize
from costgraph.hardware.units import BYTE, Quantity
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call
from costgraph.parser import parse_bindings, size
from costgraph.passes import PASSES
from costgraph.passes.tensor_parallel import TensorParallel
from costgraph.polynomial import Polynomial
from costgraph.quotient import Quotient
from costgraph.sizes import Model, model
from costgraph.solving.dimension import check
from costgraph.solving.inequality import Case, Condition, Relation, cases, coefficients, sign
from costgraph.solving.question import Setting, names, parts, read
from costgraph.solving.real_roots import intervals
from costgraph.symbols import SYMBOLS, Rational

DEGREE = "T"
MOST = 4096  # how far a degree that divides is looked for


@dataclass(frozen=True)
class Unknown:
    """What is solved for: a symbol, or a product such as `B*S`, for which its first symbol stands in."""

    target: Polynomial
    name: str

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return all(SYMBOLS[name].domain == "positive integer" for name in self.target.symbols)

    def enter(self, form: Quotient) -> Quotient:
        """The form in the unknown: with B := B/S, the letter B stands for the product B*S.

        Raises:
            UserError: a factor of the product is left over.
        """
        symbol = Polynomial.symbol(self.name)
        if self.target == symbol:
            return form
        rest = self.target / symbol
        result = form.substitute({self.name: symbol / rest})
        if left := [name for name in rest.symbols if name in result.symbols]:
            raise UserError(f"--for {self.target}: {left[0]} does not only occur as a part of {self.target}")
        return result

    def __str__(self) -> str:
        return str(self.target)


@dataclass(frozen=True)
class Solution:
    """One answer, with the conditions under which it holds.

    Args:
        case: bounds of the unknown and conditions, as forms or numbers.
        largest, smallest: the extreme whole numbers (the extreme exact ones where fractions make sense) that satisfy
            the relation, once everything is bound.
        divides: the extreme whole number that also keeps the assumptions on divisibility; None where none does, or
            nothing is assumed.
    """

    case: Case
    largest: Rational | None = None
    smallest: Rational | None = None
    divides: int | None = None

    @property
    def possible(self) -> bool:
        """Whether a whole number from 1 on lies between the bounds; those of an equation are not asked."""
        equal = self.case.low is not None and self.case.low == self.case.high and self.smallest == self.largest
        return equal or self.largest is None or max(self.smallest or 1, 1) <= self.largest


@dataclass(frozen=True)
class Answer:
    """The question and what came out.

    Args:
        question: as typed.
        unknown: what it was solved for.
        formulas: the cases before anything but the measures' own parentheses was bound; empty if there is no formula.
        solutions: the cases with all bindings.
        assumptions: what the graph takes for granted.
        remarks: what was done that nobody asked for.
    """

    question: str
    op_set: str
    phase: str
    unknown: Unknown
    bindings: Mapping[str, Polynomial]
    formulas: tuple[Case, ...]
    solutions: tuple[Solution, ...]
    assumptions: tuple[Assumption, ...]
    convention: str
    remarks: tuple[str, ...] = ()


def solve(
    question: str,
    for_: str,
    op_set: str | None = None,
    model_name: str | None = None,
    phase: str | None = None,
    passes: Iterable[str] = (),
    limit: str | Iterable[str] = (),
    hardware: str | None = None,
    dtype: str | None = None,
    link: str | None = None,
    convention: str = "notes",
    precision: str = "mixed_adam",
) -> Answer:
    """Solve a relation between costs for one symbol.

    The other arguments are those of `derive` and `estimate`; the phase is train, or decode where the question names
    the cache.

    Args:
        question: such as `states + activations <= hbm`; see `question` for what may stand in it.
        for_: the symbol, or a product such as `B*S`.
        op_set: the graph, with options; that of the model unless given.
        model_name: a named size, or a file.
        phase: train, forward, prefill or decode.
        passes: such as `tensor_parallel(T)`, in the order in which they are applied.
        limit: values for other symbols.
        hardware: a machine whose `hbm`, `lambda_flops`, `lambda_mem`, `lambda_comms` are put in.
        dtype: whose peak `lambda_flops` is, and how wide `p` is; bf16 or fp16, and `p` open, unless given.
        link: which link `lambda_comms` is.
        convention: what is counted.
        precision: of the training state, where a measure names none.

    Raises:
        UserError: anything unknown or unreadable; no positive value satisfies the relation (says by how much).
    """
    left, between, right = parts(question)
    passes = list(passes)
    relation, wanted = cast(Relation, between), unknown_of(for_)
    named = model(model_name) if model_name else None
    added = split((left, right), wanted, passes)
    passes += [added] if added else []
    setting = asked_of(
        (left, right), op_set or (named.op_set if named else "decoder"), phase, passes, convention, precision
    )
    bindings = given(wanted, named, limit, hardware, dtype, link)
    sides = read(left, setting), read(right, setting)
    check(left, right, setting)
    difference = wanted.enter(sides[0] - sides[1])
    assumptions = tuple(a.substitute(bindings) if isinstance(a, Divides) else a for a in setting.graph.assumptions)
    form = settled(difference, relation, wanted)
    used = {name: value for name, value in bindings.items() if name in form.symbols}
    try:
        formulas = tuple(cases(form, relation, wanted.name)) if used else ()
    except UserError:  # a formula only once more is bound
        formulas = ()
    found = tuple(solved(form.substitute(used), relation, wanted, assumptions))
    solutions = tuple(solution for solution in found if solution.possible or not wanted.whole)
    if not solutions:
        near = {int(v) for solution in found for v in (solution.smallest, solution.largest) if v is not None and v >= 1}
        reason = no_value(question, wanted, difference.substitute(used), relation, setting, near)
        raise UserError(reason + outside(formulas, relation, wanted, used))
    return Answer(
        question, setting.graph.name, setting.phase, wanted, used, formulas, solutions,
        tuple(a for a in assumptions if isinstance(a, str) or not a.settled), setting.convention.name,
        (f"solved for {DEGREE} with --pass '{added}', as no pass splits the model",) if added else (),
    )  # fmt: skip


def given(
    wanted: Unknown,
    named: Model | None,
    limit: str | Iterable[str],
    hardware: str | None,
    dtype: str | None,
    link: str | None,
) -> dict[str, Polynomial]:
    """Values of all symbols but the unknown; those that were typed go before those of the model and the machine."""
    typed = parse_bindings([limit] if isinstance(limit, str) else limit)
    for name, value in typed.items():
        if value == "oo":
            raise UserError(f"{name}->oo: solving needs sizes, not limits")
        if name in wanted.target.symbols:
            raise UserError(f"{name} is what the question is solved for; take it out of --limit")
    device = chosen(hardware, dtype, link)
    bindings = (device.bindings(dtype, link) if device else {}) | itemsize(dtype)
    if named:
        bindings |= named.bindings
        if named.nominal is not None:
            bindings["N_params"] = named.nominal
    bindings |= {name: value for name, value in typed.items() if isinstance(value, Polynomial)}
    return {name: value for name, value in bindings.items() if name not in wanted.target.symbols}


def unknown_of(text: str) -> Unknown:
    """Read `--for B` or `--for B*S`."""
    target = size(text)
    if len(target.terms) != 1 or not target.symbols or set(target.terms.values()) != {1}:
        raise UserError(f"--for {shorten(text)}: name a symbol, or a product of symbols such as B*S")
    if any(power not in (0, 1) for power in next(iter(target.terms))):
        raise UserError(f"--for {shorten(text)}: a product of different symbols, without powers")
    return Unknown(target, target.symbols[0])


def asked_of(
    sides: tuple[str, str],
    op_set: str,
    phase: str | None,
    passes: Iterable[str],
    convention: str,
    precision: str,
) -> Setting:
    """The graph that the measures in both sides are taken of."""
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    steps = [parse_call("pass", text, PASSES) for text in passes]
    if phase is None and "cache" in names(sides[0]) | names(sides[1]):
        phase = None if any(step.name in ("prefill", "decode") for step in steps) else "decode"
    phase, steps = with_phase(phase, steps)
    check_order(steps)
    graph = parse_call("op set", op_set, OP_SETS).apply(*steps)
    return Setting(graph, phase, parse_call("convention", convention, CONVENTIONS), precision)


def split(sides: tuple[str, str], wanted: Unknown, passes: list[str]) -> str:
    """A pass that makes the model depend on the unknown, where that is the degree and no pass does; else nothing."""
    typed = any(text.strip().startswith(TensorParallel.name) for text in passes)
    if wanted.target.symbols != (DEGREE,) or typed or DEGREE in names(sides[0]) | names(sides[1]):
        return ""
    return f"{TensorParallel.name}({DEGREE})"


def settled(difference: Quotient, relation: Relation, wanted: Unknown) -> Polynomial:
    """What must be at most, at least or exactly 0, without a divisor.

    Raises:
        UserError: the unknown does not occur, or the divisor may have either sign.
    """
    signs = {c > 0 for c in difference.denominator.terms.values()}
    if relation != "==" and len(signs) > 1:
        raise UserError(f"the divisor {difference.denominator} may have either sign; multiply it out")
    form = difference.numerator * (1 if signs == {True} else -1)
    if wanted.name not in form.symbols:
        raise UserError(f"{wanted} does not occur in the question, or cancels from it")
    return form


def solved(
    form: Polynomial, relation: Relation, wanted: Unknown, assumptions: tuple[Assumption, ...]
) -> Iterable[Solution]:
    """The cases of the bound form, with whole numbers where everything is bound."""
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
    for case in found:
        yield with_numbers(case, relation, form, wanted, assumptions) if numbers else Solution(case)


def without(form: Polynomial, relation: Relation) -> Iterable[Case]:
    """Where the unknown has cancelled: every value, if the rest holds."""
    holds = -form if relation == "<=" else form
    known = sign(holds, {})
    if known == 0 or (known == 1 and relation != "=="):
        yield Case(None, None)
    elif known is None and relation != "==":
        yield Case(None, None, (Condition(holds, strict=False),))


def with_numbers(
    case: Case, relation: Relation, form: Polynomial, wanted: Unknown, assumptions: tuple[Assumption, ...]
) -> Solution:
    """The case with its extreme values."""
    low = None if case.low is None else case.low.number
    high = None if case.high is None else case.high.number
    if relation == "==" or not wanted.whole:
        return Solution(case, high, low)
    smallest = None if low is None else max(nearest(form, relation, wanted.name, ceil(low)), 1)
    largest = None if high is None else nearest(form, relation, wanted.name, floor(high))
    found = smallest if smallest is not None else largest
    step = 1 if smallest is not None else -1
    divides = None if found is None else dividing(int(found), step, wanted, assumptions)
    return Solution(case, largest, smallest, divides)


def nearest(form: Polynomial, relation: Relation, name: str, guess: int) -> int:
    """The whole number at a bound that was rounded: the guess unless the exact form says that a neighbour is right."""

    def holds(value: int) -> bool:
        number = Fraction(form.substitute({name: Polynomial.constant(value)}).number or 0)
        return number <= 0 if relation == "<=" else number >= 0

    return next((v for v in (guess, guess - 1, guess + 1) if v > 0 and holds(v)), guess)


def dividing(start: int, step: int, wanted: Unknown, assumptions: tuple[Assumption, ...]) -> int | None:
    """The first whole number from `start` on that keeps every assumption such as T | A; None if none does."""
    found = claims(wanted, assumptions)
    for value in range(start, start + MOST if step > 0 else 0, step) if found else ():
        try:
            for claim in found:
                claim.substitute({wanted.name: Polynomial.constant(value)})
        except UserError:
            continue
        return value
    return None


def claims(wanted: Unknown, assumptions: tuple[Assumption, ...]) -> list[Divides]:
    """The assumptions on divisibility that the unknown, a single symbol, has a part in."""
    names = wanted.target.symbols
    about = [a for a in assumptions if isinstance(a, Divides)]
    return [a for a in about if len(names) == 1 and names[0] in (*a.divisor.symbols, *a.dividend.symbols)]


def outside(formulas: Iterable[Case], relation: Relation, wanted: Unknown, bindings: Mapping[str, Polynomial]) -> str:
    """The formulas that would answer the question, had their conditions been met."""
    said = ""
    for case in formulas:
        failed = [c for c in case.conditions if (sign(c.form.substitute(bindings), {}) or 0) < (1 if c.strict else 0)]
        root = case.high or case.low
        if failed and root is not None:
            between = relation if relation == "==" else "<=" if case.high else ">="
            at = ", ".join(f"{name}={bindings[name]}" for c in failed for name in c.form.symbols if name in bindings)
            said += f"; {wanted} {between} {root.text()} needs {' and '.join(map(str, failed))}, but {at}"
    return said


def no_value(
    question: str, wanted: Unknown, difference: Quotient, relation: Relation, setting: Setting, near: Iterable[int]
) -> str:
    """Why nothing satisfies the relation, and by how much it fails where it fails least, at 1, `near` or far out."""
    text = f"no {wanted} satisfies {shorten(question, 100)}"
    best: tuple[Fraction, str] | None = None
    for place, value in (
        *(
            (f"{wanted} = {v}", difference.substitute({wanted.name: Polynomial.constant(v)}))
            for v in sorted({1, *near})
        ),
        (f"{wanted} -> oo", difference.at_infinity(wanted.name)),
    ):
        if not value.is_infinite and (number := value.number) is not None:
            by = abs(Fraction(number))
            best = (by, place) if best is None or by < best[0] else best
    if best is None:
        if relation == "==":
            return text
        units = {form.unit for form in setting.used.values()}
        unit = f" {units.pop()}" if len(units) == 1 else ""
        least = difference.substitute({wanted.name: Polynomial.constant(1)})
        return (
            f"{text}: at {wanted} = 1 the sides differ by {least}{unit}; bind {', '.join(least.symbols)} for a number"
        )
    side = {"<=": "too large", ">=": "too small", "==": "off"}[relation]
    return f"{text}: at {best[1]} the left side is {amount(best[0], setting)} {side}"


def amount(value: Fraction, setting: Setting) -> str:
    """A number with the unit of the question's measures, if they have one in common."""
    units = {form.unit for form in setting.used.values()}
    if units == {"byte"}:
        return str(Quantity(value, BYTE))
    return f"{float(value):.6g}" + (f" {units.pop()}" if len(units) == 1 else "")
