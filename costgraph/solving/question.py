"""Questions in a user's words, such as `states(mixed_adam) + activations(p=2) <= hbm`, as exact forms.

Names are symbols of the table or measures of one graph, as `measures/parts.py` reads them. Quantities may be written
out: `80 GiB`, `0.5 TB`, `20 ms`, `312 TFLOP/s`.

The text goes through the whitelist of `parser`; nothing in it is executed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import field
from typing import ClassVar

from costgraph.algebra.assumption import without_rest
from costgraph.algebra.called import FUNCTIONS, ROOTS
from costgraph.algebra.defining import DefiningReader
from costgraph.algebra.definition import Definition
from costgraph.algebra.expression import Call, Name, walk
from costgraph.algebra.magnitudes import LONE, SCALES, lone
from costgraph.algebra.named_letters import NO_LETTERS
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.syntax import Formula, read
from costgraph.algebra.units import FACTORS, UNITS
from costgraph.algebra.whole import HEADS
from costgraph.closed_form import LARGEST, ClosedForm
from costgraph.errors import UserError, need_text, shorten
from costgraph.measures import MEASURES, joint, measure_named
from costgraph.measures.communication import Links
from costgraph.measures.parts import Measure, measure_at, under
from costgraph.records import dataclass, replace
from costgraph.setup import Setup

RELATIONS = ("<=", ">=", "==", "<", ">", "=")
OTHERWISE = {"≤": "<=", "≥": ">=", r"\leq": "<=", r"\le": "<=", r"\geq": ">=", r"\ge": ">="}  # as on paper
RELATION = re.compile(r"[≤≥]|\\[lg]eq?(?![A-Za-z])")
TYPED_UNITS = {**FACTORS, "s": UNITS["s"]}  # B is the batch, E the expansion of the MLP
MICRO = re.compile(r"[µμ]s\b")  # as answers print it, with the sign or the letter
# where `80 GiB` and `80GiB` multiply
COUNTED = re.compile(rf"(?<=[\d.)]) ?(?= *(?:{'|'.join(sorted(TYPED_UNITS, key=len, reverse=True))})\b)")


@dataclass
class Setting:
    """What measures are taken of, letters and sizes of the question, how it was read, and what was asked so far.

    `made` says what symbols stand for that were made of minima, maxima and roots in the question.
    """

    setup: Setup
    links: Links | None = None
    letters: Mapping[str, Quotient] = NO_LETTERS
    said: list[str] = field(default_factory=list)
    sizes: Mapping[str, Polynomial] = field(default_factory=dict)
    used: dict[str, ClosedForm] = field(default_factory=dict)
    asked: dict[str, Measure] = field(default_factory=dict)
    made: list[Definition] = field(default_factory=list)

    def measure(self, asked: Measure) -> Quotient:
        """A measure of the whole graph or of a part, with symbols replaced.

        Raises:
            UserError: a word that is neither a part of the model nor a precision, or a measure that is zero there.
        """
        found = asked.of(self.setup.graph, self.setup.convention, self.setup.precision, self.links)
        if not found.terms:
            part = f" of {', '.join(asked.words)}" if asked.words else ""
            raise UserError(f"{asked.name}{part} is 0 in phase {self.setup.phase}; choose another --phase or part")
        self.used[asked.name] = found
        self.asked[str(asked)] = asked
        return found.value

    def reading(self, side: Formula) -> Reading:
        """What reads one side of the question."""
        graph = self.setup.graph
        known = (*HEADS, *without_rest(graph.assumptions))
        return Reading(
            side, graph.symbols, self.letters, self.said, self.sizes, known, graph.definitions, self.made, setting=self
        )

    @property
    def policy(self) -> str:
        """Which of the measures are under which precision, in words."""
        return under(self.asked.values(), self.setup.graph, self.setup.precision)


@dataclass(frozen=True)
class Reading(DefiningReader):
    """Reads one side of a question: what the parser reads, and measures."""

    expected: ClassVar[str] = "symbol or measure"
    takes_letters: ClassVar[bool] = True
    setting: Setting = field(kw_only=True)

    def means(self, name: str) -> bool:
        """Whether it is a measure, a unit or a symbol."""
        return name in TYPED_UNITS or measure_named(of_largest(name)) is not None or super().means(name)

    def calls(self, function: str) -> bool:
        """Whether it is a measure."""
        return measure_named(function) is not None or super().calls(function)

    def name(self, node: Name) -> Quotient:
        """A measure, a unit or a symbol."""
        if measure_named(measure := of_largest(node.name)) is not None:
            return self.measured(replace(node, name=measure))
        return Quotient(TYPED_UNITS[node.name].scale) if node.name in TYPED_UNITS else super().name(node)

    @property
    def also(self) -> Iterable[str]:
        """Measures."""
        return MEASURES

    def call(self, node: Call) -> Quotient:
        """A measure with words and bindings in parentheses, or a function of sizes."""
        return super().call(node) if node.function in (*FUNCTIONS, *ROOTS) else self.measured(node)

    def put_in(self, value: Quotient) -> Quotient:
        """What a function is taken of: as it was typed, so that a formula of all sizes can be given."""
        return value

    def measured(self, node: Name | Call) -> Quotient:
        """The measure's form, an error pointing at where it was asked for."""
        asked = measure_at(node, self)
        try:
            return self.setting.measure(asked)
        except UserError as error:
            raise self.refuse(node, str(error)) from None


def of_largest(name: str) -> str:
    """The measure that a symbol such as `max_peak` is the largest of, as answers have it; else the name itself."""
    measure = name.removeprefix(LARGEST)
    return measure if measure in MEASURES else name


def form(side: Formula, setting: Setting) -> Quotient:
    """One side as an exact form.

    Raises:
        UserError: what is not allowed, with its column.
    """
    return setting.reading(side).value()


def spelled_out(side: Formula, setting: Setting) -> Formula:
    """One side with words taken apart that have no meaning as a whole: `BSL` and `hidden_size`.

    Raises:
        UserError: a word has two readings.
    """
    return replace(side, node=setting.reading(side).apart(side.node))


def parts(text: str, said: list[str]) -> tuple[Formula, str, Formula]:
    """Left side, relation (`<=`, `>=`, `==`, `<`, `>`) and right side; `=` is read as `==`, `80 GiB` as `80*GiB`.

    A side that is a lone number may have a magnitude, as in `params == 7B`; `said` gets how it was read.

    Raises:
        UserError: no relation, or more than one.
    """
    need_text(text, "states <= hbm")
    text = COUNTED.sub("*", joint(RELATION.sub(lambda sign: OTHERWISE[sign[0]], MICRO.sub("us", text))))
    found, depth, at = [], 0, 0
    while at < len(text):
        depth += (text[at] in "({") - (text[at] in ")}")
        sign = next((r for r in RELATIONS if text.startswith(r, at)), None) if depth == 0 else None
        if sign:
            found.append((at, sign))
        at += len(sign or " ")
    if len(found) != 1:
        what = "no relation" if not found else "more than one relation"
        raise UserError(f"'{shorten(text)}': {what}; write LEFT <= RIGHT, LEFT >= RIGHT or LEFT == RIGHT")
    ((at, sign),) = found
    left, right = (side(part, said) for part in (text[:at], text[at + len(sign) :]))
    return left, "==" if sign == "=" else sign, right


def side(text: str, said: list[str]) -> Formula:
    """One side of a relation, a number with a magnitude or an expression."""
    if (number := lone(text)) is None:
        return read(text)
    said.append(f"{text.strip()} read as {number}")
    return read(str(number))


def refuse_two_readings(question: str, used: Container[str]) -> None:
    """Refuse a lone `7B` beside another `B` of the question, which is as good a reading of it.

    Args:
        question: as it was typed.
        used: symbols that the question names: in its sides, as what is looked for, as axes of the mesh.

    Raises:
        UserError: with both readings.
    """
    for part in re.split(r"[<>=≤≥]+", question):
        found = LONE.fullmatch(part)
        if found and found[2] in SCALES and found[2] in used:
            both = f"{lone(part)} and {found[1]}*{found[2]}, as {found[2]} is a size of the question"
            raise UserError(f"'{part.strip()}' has two readings: {both}; write one of them")


def names(side: Formula) -> set[str]:
    """Every name that occurs in one side, and those of measures that are called."""
    return {
        name
        for node in walk(side.node)
        if (name := node.name if isinstance(node, Name) else node.function if isinstance(node, Call) else "")
    }
