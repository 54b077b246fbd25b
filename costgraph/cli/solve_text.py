"""An answer of `costgraph solve` as text, LaTeX, Markdown or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from costgraph.algebra import printers, roots
from costgraph.algebra.assumption import Divides
from costgraph.algebra.divisible import MOST
from costgraph.algebra.inequalities import Case, Condition
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import Quantity, rounded
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.roots import Notation, Root
from costgraph.algebra.symbols import Rational
from costgraph.algebra.units import NONE, of_quantity
from costgraph.algebra.writing import text as written
from costgraph.cli.output import writes_unicode
from costgraph.cli.solve_names import Names
from costgraph.errors import shorten
from costgraph.solving.solution import Answer
from costgraph.solving.whole import Solution, claims

SCHEMA = "costgraph.solve/1"
SIMPLE = 10**9  # a fraction with a larger denominator is shown as a decimal


CASES = 16  # that are printed where sizes are put in, too
LINE = 110  # characters up to which an answer and its conditions stand on one line


@dataclass(frozen=True)
class Style:
    """How roots, conditions and signs are written.

    Args:
        notation: of roots and forms.
        signs: those that are not written as in Python.
        names: of long parts, if they get any.
    """

    notation: Notation
    signs: Mapping[str, str]
    names: Names | None = None

    def sign(self, sign: str) -> str:
        """`<=` as it is written here."""
        return self.signs.get(sign, sign)

    def root(self, root: Root) -> str:
        """A root, its long parts by name where they get one."""
        return self.names.root(root) if self.names else root.written(self.notation)

    def form(self, value: Quotient | Polynomial, shape: str = "auto") -> str:
        """A form."""
        return self.notation.write(value, shape)


PYTHON = Style(roots.PYTHON, {})
UNICODE = Style(roots.UNICODE, {"<=": "≤", ">=": "≥", "==": "="})
LATEX = Style(roots.LATEX, {"<=": r"\le", ">=": r"\ge", "==": "="})
OPEN = {"<=": "<", ">=": ">"}


def value(root: Root, style: Style) -> str:
    """A root, rounded where the exact number says nothing to a person."""
    number = root.number
    if number is not None and (not root.is_exact or number.denominator >= SIMPLE):
        return rounded(number, 10)
    return style.root(root)


def bounds(case: Case, unknown: Polynomial, style: Style) -> str:
    """`B <= ...`, `B > ...`, `a <= B <= b`, `B = ...`, or that every value does."""
    name = style.form(unknown)
    low, high = case.low, case.high
    if low is None and high is None:
        return f"every {name}" if style is not LATEX else rf"\text{{every }} {name}"
    if low is not None and low == high:
        return f"{name} {style.sign('==')} {value(low, style)}"
    most, least = ((style.sign(OPEN[sign] if case.strict else sign)) for sign in ("<=", ">="))
    if low is not None and high is not None:
        return f"{value(low, style)} {most} {name} {most} {value(high, style)}"
    if high is not None:
        return f"{name} {most} {value(high, style)}"
    return f"{name} {least} {value(low or Root(unknown), style)}"


def domain(conditions: tuple[Condition, ...], style: Style) -> str:
    """When a case holds: `hbm > 216*L*D**2`."""
    return (" and " if style is not LATEX else r" \wedge ").join(condition(c, style) for c in conditions)


def condition(claim: Condition, style: Style) -> str:
    """One condition, solved for its symbol where it has only one."""
    if style.names and (said := style.names.condition(claim, style.sign)):
        return said
    if (solved := claim.solved) is not None:
        name, sign, number = solved
        return f"{style.form(Polynomial.symbol(name))} {style.sign(sign)} {style.form(number)}"
    left, right = claim.sides
    return f"{style.form(left, 'factored')} {style.sign(claim.sign)} {style.form(right, 'factored')}"


def noted(answer: Answer) -> list[str]:
    """What was done that nobody asked for, was typed without effect, or was left open."""
    return [f"note: {shorten(remark, 600)}" for remark in answer.remarks]


def title(answer: Answer) -> str:
    """What was asked, in one line."""
    return f"{shorten(answer.question, 200)}, for {answer.unknown} ({answer.setup})"


def put_in(answer: Answer) -> list[str]:
    """What symbols of the question stand for, in one line; nothing where none was bound."""
    found = ", ".join(bound(name, number) for name, number in answer.bindings.items())
    return [f"at {found}"] if found else []


def counted(answer: Answer) -> str:
    """What was counted, and how wide what training keeps is."""
    return f"counted ({answer.setup.convention.name})" + (f"; {answer.policy}" if answer.policy else "")


def text(answer: Answer, path: Path | None) -> str:
    """The formula, what it is with values put in, and when it holds."""
    style = UNICODE if writes_unicode(path) else PYTHON
    style = replace(style, names=Names(style.notation))
    lines = [title(answer), "", *open_sizes(answer, style)]
    if at := put_in(answer):
        lines += ["", *at, ""] if answer.formulas else [*at, ""]
    lines += block([(solution.case, whole(solution, answer)) for solution in answer.solutions], answer, style)
    plain = printers.UNICODE if writes_unicode(path) else printers.PYTHON
    notes = [f"where {one.written(plain)}" for one in answer.definitions] + [counted(answer)]
    if answer.assumptions:
        notes.append("assuming: " + ", ".join(map(str, answer.assumptions)))
    notes += noted(answer)
    return "\n".join([*lines, "", *notes])


def open_sizes(answer: Answer, style: Style) -> list[str]:
    """The formula while sizes are open; of so many cases that nobody reads them, how many, where sizes are put in."""
    cases = answer.formulas
    if len(cases) > CASES and answer.solutions:
        return [f"  {len(cases)} cases while sizes are open, which --json lists; with these it is:"]
    return block([(case, []) for case in cases], answer, style)


def bound(name: str, number: Polynomial) -> str:
    """A value that was put in; a machine's figure also as people write it."""
    known = number.number
    dimension = of_quantity(name)
    if known is None or dimension == NONE:
        return f"{name}={shorten(str(number), 40)}"
    return f"{name}={shorten(str(number), 40)} ({Quantity(Fraction(known), dimension)})"


def block(cases: list[tuple[Case, list[str]]], answer: Answer, style: Style) -> list[str]:
    """Cases, each with its domain and what is said below it, and what the names in them mean."""
    lines: list[str] = []
    known = len(style.names.given) if style.names else 0
    heads = [bounds(case, answer.unknown.target, style) for case, _ in cases]  # names first, conditions use them
    for head, (case, below) in zip(heads, cases, strict=True):
        holds = [condition(c, style) for c in case.conditions]
        head += about(case, answer)
        together = f"if {' and '.join(holds)}" if holds else ""
        if len(head) + len(together) <= LINE:
            lines.append(f"{head}    {together}".rstrip())
        elif len(together) <= LINE:
            lines += [head, f"    {together}"]
        else:
            lines += [head, f"    if {holds[0]}", *(f"    and {claim}" for claim in holds[1:])]
        lines += below
    if style.names and (meanings := list(style.names.meanings(known, style.sign("==")))):
        lines += [f"{'with' if not i else '    '} {meaning}" for i, meaning in enumerate(meanings)]
    return [f"  {line}" for line in lines]


def about(case: Case, answer: Answer) -> str:
    """Fractions once more as decimals, and figures of a machine with their unit."""
    exact = [root for root in dict.fromkeys((case.low, case.high)) if root is not None and root.number is not None]
    dimension = answer.unknown.dimension
    if dimension != NONE:
        shown = [str(Quantity(Fraction(root.number or 0), dimension)) for root in exact]
    else:
        numbers = [root.number for root in exact if root.is_exact]
        shown = [rounded(n, 6) for n in numbers if n is not None and 1 < n.denominator < SIMPLE]
    return f"    (about {' and '.join(shown)})" if shown else ""


def whole(solution: Solution, answer: Answer) -> list[str]:
    """The extreme whole numbers, or that there is none."""
    if not answer.unknown.whole:
        return []
    case, name = solution.case, answer.unknown
    if case.low is not None and case.low == case.high:
        near = " and ".join(map(str, solution.between))
        return [f"no whole {name} solves it; next to it: {near}"] if near else []
    ends = {
        "smallest": (solution.smallest, solution.smallest_kept), "largest": (solution.largest, solution.largest_kept),
    }  # fmt: skip
    return [
        f"{word} {name}: {end}{instead(int(end), kept, answer)}"
        for word, (end, kept) in ends.items()
        if end is not None
    ]


def instead(end: int, kept: int | None, answer: Answer) -> str:
    """The neighbour that also keeps what is assumed, if this one does not; what to do about it where none does."""
    about = claims(answer.unknown, answer.assumptions)
    if not about or kept == end:
        return ""
    words = f"; with {' and '.join(map(str, about))}: "
    if kept is not None:
        return words + str(kept)
    advice = dict.fromkeys(one.advice for one in about if isinstance(one, Divides) and one.advice)
    return f"{words}none up to {MOST} more" + "".join(f"; {one}" for one in advice)


def latex(answer: Answer) -> str:
    """An `align*` environment, one line per case."""
    cases = [*answer.formulas, *(s.case for s in answer.solutions)]
    rows = []
    for case in cases:
        holds = domain(case.conditions, LATEX)
        suffix = rf" \qquad \text{{if }} {holds}" if holds else ""
        rows.append(rf"  &{bounds(case, answer.unknown.target, LATEX)}{suffix} \\")
    rows += [rf"  &\text{{where }} {one.written(printers.LATEX)} \\" for one in answer.definitions]
    said = [f"% {line}" for line in (title(answer), *put_in(answer), counted(answer), *noted(answer))]
    return "\n".join([*said, r"\begin{align*}", *dict.fromkeys(rows), r"\end{align*}"])


def markdown(answer: Answer) -> str:
    """A list with inline math."""
    lines = [f"**{title(answer)}**", ""]
    for case in dict.fromkeys([*answer.formulas, *(s.case for s in answer.solutions)]):
        holds = domain(case.conditions, LATEX)
        lines.append(f"- ${bounds(case, answer.unknown.target, LATEX)}$" + (f" if ${holds}$" if holds else ""))
    for solution in answer.solutions:
        lines += [f"- {said}" for said in whole(solution, answer)]
    lines += [f"- where ${one.written(printers.LATEX)}$" for one in answer.definitions]
    lines += [f"- {line}" for line in (*put_in(answer), counted(answer), *noted(answer))]
    return "\n".join(lines)


def to_json(answer: Answer) -> dict[str, Any]:
    """The JSON contract `costgraph.solve/1`; see docs/hardware.md."""
    return {
        "schema": SCHEMA,
        "question": answer.question,
        "for": str(answer.unknown),
        "model": answer.setup.model.name or None,
        "op_set": answer.setup.graph.name,
        "phase": answer.setup.phase,
        "passes": answer.setup.rewrites,
        "mesh": str(answer.setup.graph.mesh),
        "attention": answer.setup.attention,
        "convention": answer.setup.convention.name,
        "precision": str(answer.setup.precision),
        "limit": {name: str(number) for name, number in {**answer.setup.bindings, **answer.bindings}.items()},
        "formulas": [case_json(case) for case in answer.formulas],
        "solutions": [
            {
                **case_json(solution.case),
                "smallest": exact(solution.smallest),
                "largest": exact(solution.largest),
                "divides": exact(solution.divides),
                "smallest_kept": exact(solution.smallest_kept),
                "largest_kept": exact(solution.largest_kept),
                "between": [str(value) for value in solution.between],
            }
            for solution in answer.solutions
        ],
        "assumptions": [str(assumption) for assumption in answer.assumptions],
        "remarks": list(answer.remarks),
        "definitions": {one.name: written(one.node) for one in answer.definitions},
    }


def case_json(case: Case) -> dict[str, Any]:
    """Bounds in Python syntax and the conditions, each such as `left > right`."""
    return {
        "low": case.low and case.low.text(),
        "high": case.high and case.high.text(),
        "low_latex": case.low and case.low.latex(),
        "high_latex": case.high and case.high.latex(),
        "strict": case.strict,
        "if": [condition(c, PYTHON) for c in case.conditions],
    }


def exact(number: Rational | None) -> str | None:
    """A number as a string."""
    return None if number is None else str(number)
