"""An answer of `costgraph solve` as text, LaTeX, Markdown or JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from costgraph import printers
from costgraph.cli.output import writes_unicode
from costgraph.polynomial import Polynomial
from costgraph.solving.inequality import Case, Condition
from costgraph.solving.root import Root
from costgraph.solving.solution import MOST, Answer, Solution, claims
from costgraph.symbols import Rational

SCHEMA = "costgraph.solve/1"
SIMPLE = 10**9  # a fraction with a larger denominator is shown as a decimal


class Style:
    """How roots, conditions and signs are written."""

    def __init__(self, root: Callable[[Root], str], form: Callable[..., str], signs: dict[str, str]) -> None:
        self.root, self.form, self.signs = root, form, signs

    def sign(self, sign: str) -> str:
        """`<=` as it is written here."""
        return self.signs.get(sign, sign)


PYTHON = Style(Root.text, printers.python, {})
UNICODE = Style(Root.unicode, printers.unicode, {"<=": "≤", ">=": "≥", "==": "="})
LATEX = Style(Root.latex, printers.latex, {"<=": r"\le", ">=": r"\ge", "==": "="})


def value(root: Root, style: Style) -> str:
    """A root, rounded where the exact number says nothing to a person."""
    number = root.number
    if number is not None and (not root.is_exact or number.denominator >= SIMPLE):
        return f"{float(number):.10g}"
    return style.root(root)


def bounds(case: Case, unknown: Polynomial, style: Style) -> str:
    """`B <= ...`, `B >= ...`, `a <= B <= b`, `B = ...`, or that every value does."""
    name = style.form(unknown)
    low, high = case.low, case.high
    if low is None and high is None:
        return f"every {name}" if style is not LATEX else rf"\text{{every }} {name}"
    if low is not None and low == high:
        return f"{name} {style.sign('==')} {value(low, style)}"
    if low is not None and high is not None:
        return f"{value(low, style)} {style.sign('<=')} {name} {style.sign('<=')} {value(high, style)}"
    if high is not None:
        return f"{name} {style.sign('<=')} {value(high, style)}"
    return f"{name} {style.sign('>=')} {value(low or Root(unknown), style)}"


def domain(conditions: tuple[Condition, ...], style: Style) -> str:
    """When a case holds: `hbm > 216*L*D**2`."""
    return (" and " if style is not LATEX else r" \wedge ").join(condition(c, style) for c in conditions)


def condition(claim: Condition, style: Style) -> str:
    """One condition, solved for its symbol where it has only one."""
    if claim.strict and (solved := claim.solved) is not None:
        name, sign, number = solved
        return f"{style.form(Polynomial.symbol(name))} {sign} {style.form(number)}"
    left, right = claim.sides
    return f"{style.form(left, 'factored')} {'>' if claim.strict else style.sign('>=')} {style.form(right, 'factored')}"


def title(answer: Answer) -> str:
    """What was asked, in one line."""
    return f"{' '.join(answer.question.split())}, for {answer.unknown} ({answer.op_set}, {answer.phase})"


def text(answer: Answer, path: Path | None) -> str:
    """The formula, what it is with values put in, and when it holds."""
    style = UNICODE if writes_unicode(path) else PYTHON
    lines = [title(answer), "", *(f"  {line(case, answer, style)}" for case in answer.formulas)]
    if answer.formulas:
        at = ", ".join(f"{name}={number}" for name, number in answer.bindings.items())
        lines += ["", f"at {at}", ""]
    for solution in answer.solutions:
        lines.append("  " + line(solution.case, answer, style) + decimal(solution.case))
        lines += [f"  {said}" for said in whole(solution, answer)]
    notes = [f"counted ({answer.convention})"]
    if answer.assumptions:
        notes.append("assuming: " + ", ".join(map(str, answer.assumptions)))
    return "\n".join([*lines, "", *notes])


def line(case: Case, answer: Answer, style: Style) -> str:
    """One case with its domain."""
    holds = domain(case.conditions, style)
    return bounds(case, answer.unknown.target, style) + (f"    if {holds}" if holds else "")


def decimal(case: Case) -> str:
    """Fractions once more as decimals."""
    numbers = [root.number for root in (case.low, case.high) if root is not None and root.is_exact]
    shown = [
        f"{float(n):.6g}" for n in dict.fromkeys(n for n in numbers if n is not None and 1 < n.denominator < SIMPLE)
    ]
    return f"    (about {' and '.join(shown)})" if shown else ""


def whole(solution: Solution, answer: Answer) -> list[str]:
    """The extreme whole numbers."""
    lines = []
    if answer.unknown.whole and solution.case.low != solution.case.high:
        for word, found in (("smallest", solution.smallest), ("largest", solution.largest)):
            if found is not None:
                lines.append(f"{word} {answer.unknown}: {found}" + divides(word, solution, answer))
    return lines


def divides(word: str, solution: Solution, answer: Answer) -> str:
    """The neighbour that also keeps the assumptions on divisibility, if this one does not."""
    found = solution.smallest if solution.smallest is not None else solution.largest
    about = claims(answer.unknown, answer.assumptions)
    if not about or word != ("smallest" if solution.smallest is not None else "largest") or solution.divides == found:
        return ""
    nearest = f"{solution.divides}" if solution.divides is not None else f"none up to {MOST} more"
    return f"; with {' and '.join(map(str, about))}: {nearest}"


def latex(answer: Answer) -> str:
    """An `align*` environment, one line per case."""
    cases = [*answer.formulas, *(s.case for s in answer.solutions)]
    rows = []
    for case in cases:
        holds = domain(case.conditions, LATEX)
        suffix = rf" \qquad \text{{if }} {holds}" if holds else ""
        rows.append(rf"  &{bounds(case, answer.unknown.target, LATEX)}{suffix} \\")
    return "\n".join([f"% {title(answer)}", r"\begin{align*}", *dict.fromkeys(rows), r"\end{align*}"])


def markdown(answer: Answer) -> str:
    """A list with inline math."""
    lines = [f"**{title(answer)}**", ""]
    for case in dict.fromkeys([*answer.formulas, *(s.case for s in answer.solutions)]):
        holds = domain(case.conditions, LATEX)
        lines.append(f"- ${bounds(case, answer.unknown.target, LATEX)}$" + (f" if ${holds}$" if holds else ""))
    for solution in answer.solutions:
        lines += [f"- {said}" for said in whole(solution, answer)]
    return "\n".join(lines)


def to_json(answer: Answer) -> dict[str, Any]:
    """The JSON contract `costgraph.solve/1`; see docs/hardware.md."""
    return {
        "schema": SCHEMA,
        "question": answer.question,
        "for": str(answer.unknown),
        "op_set": answer.op_set,
        "phase": answer.phase,
        "convention": answer.convention,
        "limit": {name: str(number) for name, number in answer.bindings.items()},
        "formulas": [case_json(case) for case in answer.formulas],
        "solutions": [
            {
                **case_json(solution.case),
                "smallest": exact(solution.smallest),
                "largest": exact(solution.largest),
                "divides": exact(solution.divides),
            }
            for solution in answer.solutions
        ],
        "assumptions": [str(assumption) for assumption in answer.assumptions],
    }


def case_json(case: Case) -> dict[str, Any]:
    """Bounds in Python syntax and the conditions, each `left > right`."""
    return {
        "low": case.low and case.low.text(),
        "high": case.high and case.high.text(),
        "low_latex": case.low and case.low.latex(),
        "high_latex": case.high and case.high.latex(),
        "if": [condition(c, PYTHON) for c in case.conditions],
    }


def exact(number: Rational | None) -> str | None:
    """A number as a string."""
    return None if number is None else str(number)
