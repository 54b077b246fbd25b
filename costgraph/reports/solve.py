"""An answer of `costgraph solve` as a report: the formula, what it is at sizes, and when it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from costgraph.algebra import printers, roots
from costgraph.algebra.assumption import Divides
from costgraph.algebra.definition import Definition
from costgraph.algebra.divisible import MOST
from costgraph.algebra.inequalities import Case, Condition
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import Quantity, rounded
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.roots import Notation, Root
from costgraph.algebra.units import NONE, of_quantity
from costgraph.errors import shorten
from costgraph.records import dataclass
from costgraph.reports.nodes import Item, Listing, Math, Node, Note, Report
from costgraph.reports.root_names import Names
from costgraph.solving.solution import Answer
from costgraph.solving.whole import Solution, claims

SIMPLE = 10**9  # a fraction with a larger denominator is shown as a decimal


READABLE = 500  # characters of a definition
CASES = 16  # that are printed where sizes are put in, too


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


def title(answer: Answer) -> str:
    """What was asked, in one line."""
    return f"{shorten(answer.question, 200)}, for {answer.unknown} ({answer.setup})"


def put_in(answer: Answer) -> str:
    """What symbols of the question stand for; nothing where none was bound."""
    return ", ".join(bound(name, number) for name, number in answer.bindings.items())


def report(answer: Answer) -> Report:
    """The formula, what it is with values put in, and when it holds; first the numbers, where nothing is left open."""
    names = Named(answer)
    at = put_in(answer)
    found = [(solution.case, whole(solution, answer)) for solution in answer.solutions]
    at_sizes: list[tuple[Node, ...]] = [(Note(f"at {at}"),)] if at else []
    at_sizes += [(listing(found, names.at_sizes, answer, strong=True),)] if found else []
    while_open = open_sizes(answer, names)
    if while_open and at and found and all(is_number(case) for case, _ in found):
        return Report(title(answer), ((), *at_sizes, (Note("while sizes are open"),), while_open, notes(answer)))
    return Report(title(answer), ((), while_open, *at_sizes, notes(answer)))


def is_number(case: Case) -> bool:
    """Whether nothing is open in a case."""
    return not case.conditions and all(root is None or root.number is not None for root in (case.low, case.high))


def notes(answer: Answer) -> tuple[Note, ...]:
    """What symbols stand for, what was counted and assumed, was typed without effect, or was left open."""
    counted = f"counted ({answer.setup.convention.name})" + (f"; {answer.policy}" if answer.policy else "")
    lines = [defined(one) for one in answer.definitions]
    lines.append(Note(counted))
    if answer.assumptions:
        lines.append(Note(", ".join(map(str, answer.assumptions)), "assuming"))
    return (*lines, *(Note(shorten(remark, 600), "note") for remark in answer.remarks))


def defined(one: Definition) -> Note:
    """What a symbol stands for; of what nobody reads, of how many forms it is the largest."""
    if len(str(one)) > READABLE:
        return Note(f"{one.name} is the {one.function} of {len(one.arguments)} forms, which --json lists", "where")
    return Note(Math(one.written), "where", formula=True)


def open_sizes(answer: Answer, names: Named) -> tuple[Node, ...]:
    """The formula while sizes are open; of so many cases that nobody reads them, how many, where sizes are put in."""
    cases = answer.formulas
    if not cases:
        return ()
    found = listing([(case, []) for case in cases], names.while_open, answer)
    if len(cases) > CASES and answer.solutions:
        said = f"{len(cases)} cases while sizes are open, which --json lists"
        return (replace(found, items=(Item(said),)),)
    return (found,)


class Named:
    """The short names of an answer: chosen once, as Unicode is wide, and used in whatever style it is written.

    Args:
        answer: with its cases.
    """

    def __init__(self, answer: Answer) -> None:
        names = Names(roots.UNICODE)
        style = replace(UNICODE, names=names)
        for case in answer.formulas if not (len(answer.formulas) > CASES and answer.solutions) else ():
            bounds(case, answer.unknown.target, style)
        first = len(names.given)
        for solution in answer.solutions:
            bounds(solution.case, answer.unknown.target, style)
        self.names = names
        self.while_open, self.at_sizes = (self, range(first)), (self, range(first, len(names.given)))

    def meaning(self, of: printers.Style, at: int) -> str:
        """What the short name with a number stands for."""
        style = self.style(of)
        form, name = [*self.names.given.items()][at]
        return f"{name} {style.sign('==')} {style.notation.write(form, 'factored')}"

    def style(self, of: printers.Style) -> Style:
        """How an answer is written in a style of formulas: in LaTeX without short names."""
        if of is printers.LATEX:
            return LATEX
        known = UNICODE if of is printers.UNICODE else PYTHON
        return replace(known, names=self.names.written_in(known.notation))


def listing(
    cases: list[tuple[Case, list[str]]], names: tuple[Named, range], answer: Answer, strong: bool = False
) -> Listing:
    """Cases, each with its conditions and what is said below it, and what the names in them mean."""
    named, those = names
    unknown = answer.unknown.target
    items = []
    for case, below in cases:
        head = Math(lambda of, case=case: bounds(case, unknown, named.style(of)))  # type: ignore[misc]
        when = tuple(
            Math(lambda of, claim=claim: condition(claim, named.style(of)))  # type: ignore[misc]
            for claim in case.conditions
        )
        items.append(Item((head, about(case, answer)), tuple(below), when))
    for at in those:
        meaning = Math(lambda of, at=at: named.meaning(of, at))  # type: ignore[misc]
        items.append(Item(("with " if at == those[0] else "     ", meaning)))

    def tex() -> tuple[str, ...]:
        return tuple(rf"  &{bounds(case, unknown, LATEX)}{holds(case)} \\" for case, _ in cases)

    return Listing(tuple(items), indented=True, strong=strong, tex=tex)


def holds(case: Case) -> str:
    """The conditions of a case in LaTeX."""
    found = domain(case.conditions, LATEX)
    return rf" \qquad \text{{if }} {found}" if found else ""


def bound(name: str, number: Polynomial) -> str:
    """A value that was put in; a machine's figure also as people write it."""
    known = number.number
    dimension = of_quantity(name)
    if known is None or dimension == NONE:
        return f"{name}={shorten(str(number), 40)}"
    return f"{name}={shorten(str(number), 40)} ({Quantity(Fraction(known), dimension)})"


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
