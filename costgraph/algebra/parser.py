"""Text that a user typed, read as an exact quotient without ever being executed.

`syntax.read` turns it into a tree; a `Reader` folds the tree. Exponents, digits and terms are bounded before anything
is computed, and work before it is done.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import ClassVar

from costgraph.algebra.called import FUNCTIONS, ROOTS, called
from costgraph.algebra.expression import Call, Name, Node, Number, Power, Product, Ratio, Sum, fold
from costgraph.algebra.named_letters import NO_LETTERS, Letters
from costgraph.algebra.numerals import exact_number
from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.quotient import Quotient, undivided
from costgraph.algebra.symbols import SYMBOLS, Rational, Symbols, lookup
from costgraph.algebra.syntax import ALLOWED, FLOOR, LARGEST, TOO_LONG, Formula, check_power, read
from costgraph.algebra.whole import HEADS, is_whole
from costgraph.algebra.work import bounded
from costgraph.errors import UserError, shorten
from costgraph.records import dataclass

MAX_EXPONENT = 64
MAX_TERMS = 5000
MAGNITUDES = {"k": "k", "K": "k", "M": "M", "B": "G", "T": "T"}  # letters that are powers of 1000 behind a number, too
NUMBER_BEFORE = re.compile(r"(?<![\w.])[0-9]+(?:\.[0-9]+)?$", re.ASCII)

Size = Polynomial | Rational | float | str  # what Python callers may pass where a size is meant


def parse(
    text: str,
    symbols: Container[str] | None = None,
    letters: Mapping[str, Quotient] = NO_LETTERS,
    said: list[str] | None = None,
) -> Quotient:
    """The formula in `text` as an exact quotient of polynomials in the symbols of the table.

    Args:
        text: numbers (decimals are read as rationals), symbols, `+ - * / **` and parentheses, also as on paper.
        symbols: those that can occur; any of the table unless given.
        letters: of one's own, with what they stand for.
        said: gets what is worth knowing of how the text was read.

    Raises:
        UserError: anything else, with the column and what would be allowed there.
    """
    return Reader(read(text), symbols, letters, [] if said is None else said).value()


def size(
    value: Size,
    symbols: Container[str] | None = None,
    letters: Mapping[str, Quotient] = NO_LETTERS,
    said: list[str] | None = None,
) -> Polynomial:
    """A size given as text, in which only `symbols` and `letters` may occur, as number or polynomial."""
    if isinstance(value, str):
        names, known = NOTHING_PLAIN if letters else plain_size(value)
        own = symbols.own if isinstance(symbols, Symbols) else symbols
        if known is not None and (own is None or all(name in own for name in names)):  # of others it may be refused
            return known
        quotient = parse(value, symbols, letters, said)
        if not quotient.is_polynomial:
            raise UserError(f"'{shorten(value)}' is not a size: it has a sum in a denominator")
        return quotient.numerator
    if isinstance(value, Polynomial):
        return value
    if (number := value if type(value) is int else exact_number(value)) is None:
        many = "; of many numbers a form is asked itself, form(B=array)" if hasattr(value, "__len__") else ""
        raise UserError(f"{shorten(repr(value))} is no size; give a number, or text such as '2*D'{many}")
    return Polynomial.constant(number)


NOTHING_PLAIN: tuple[frozenset[str], Polynomial | None] = frozenset(), None


@lru_cache(maxsize=1024)
def plain_size(text: str) -> tuple[frozenset[str], Polynomial | None]:
    """The symbols in a text such as `2*D`, and its value; no value where anything else stands in it."""
    formula = read(text)
    names = frozenset(word.name for word in formula.words if isinstance(word, Name))
    if formula.said or not names <= SYMBOLS.keys() or any(isinstance(word, Call) for word in formula.words):
        return names, None
    value = Reader(formula).value()
    return names, value.numerator if value.is_polynomial else None


@dataclass(frozen=True)
class Reader:
    """The exact value of a formula. What else names and calls may mean is up to subclasses.

    Args:
        formula: as it was read.
        symbols: those that can occur; any of the table unless given.
        names: what further names stand for; they go before symbols.
        said: gets what is worth knowing of how the text was read.
        bound: sizes that are put in.
        known: quotients that leave no rest in the question, such as heads by devices.
    """

    expected: ClassVar[str] = "symbol"
    takes_letters: ClassVar[bool] = False  # whether whoever typed the formula may say what letters mean
    formula: Formula
    symbols: Container[str] | None = None
    names: Mapping[str, Quotient] = field(default_factory=dict)
    said: list[str] = field(default_factory=list, compare=False)
    bound: Mapping[str, Polynomial] = field(default_factory=dict)
    known: Sequence[Polynomial] = HEADS

    def value(self, node: Node | None = None) -> Quotient:
        """The value of the formula, or of a part of it.

        Raises:
            UserError: an unknown name, a division by zero, or more work than is done for one expression.
        """
        if node is None:
            self.said.extend(one for one in self.formula.said if one not in self.said)
        with bounded():
            return fold(self.apart(self.formula.node if node is None else node), self.step, self.whole)

    def apart(self, node: Node) -> Node:
        """The tree, with words that have no meaning as a whole taken apart."""
        whole = node is self.formula.node
        words = self.formula.words if whole else Formula("", node).words
        if all(self.means(word.name) if isinstance(word, Name) else self.calls(word.function) for word in words):
            return node
        from costgraph.algebra.juxtaposed import taken_apart  # most formulas are spelled out

        return taken_apart(node, self)

    def means(self, name: str) -> bool:
        """Whether a name has a meaning as a whole."""
        return name in self.names or name in self.functions or name in SYMBOLS

    @property
    def functions(self) -> Mapping[str, Formula]:
        """Letters of one's own that stand for functions of sizes."""
        return self.names.functions if isinstance(self.names, Letters) else NO_LETTERS.functions

    def calls(self, function: str) -> bool:
        """Whether there is a function of this name; of another one a call is a product."""
        return function in (FLOOR, *FUNCTIONS, *ROOTS)

    def whole(self, node: Node) -> Quotient | None:
        """The value of what is not computed from the values of its parts."""
        match node:
            case Name(name) if name in self.names:
                self.tell(name)
                return self.names[name]
            case Name(name) if name in self.functions:
                return replace(self, formula=self.functions[name], names=NO_LETTERS).value()
            case Name():
                self.check_magnitude(node)
                return self.name(node)
            case Number(value):
                return undivided(Polynomial.constant(value))
            case Call(function) if function != FLOOR:
                return self.call(node)
        return None

    def tell(self, letter: str) -> None:
        """Say what a letter stands for, where nobody typed that."""
        told = self.names.told.get(letter, letter) if isinstance(self.names, Letters) else letter
        if told != letter and (read_as := f"{letter} read as {told}") not in self.said:
            self.said.append(read_as)

    def check_magnitude(self, node: Name) -> None:
        """Refuse `4k` where k is no size of what is asked about, so that thousands may be meant."""
        if node.name not in MAGNITUDES or not isinstance(self.symbols, Symbols) or node.name in self.symbols.own:
            return
        at = max(node.column - 1, 0)
        number = NUMBER_BEFORE.search(self.formula.text, 0, at)
        if number is None or not self.formula.text.startswith(node.name, at):
            return
        from costgraph.algebra.units import DECIMAL  # most formulas have no such factor

        typed, scale = number[0], DECIMAL[MAGNITUDES[node.name]]
        both = f"{Fraction(typed) * scale} and {typed}*{node.name}"
        meaning = f"{node.name} is the {SYMBOLS[node.name].meaning}, which is not in what is asked about"
        raise self.refuse(node, f"'{typed}{node.name}' has two readings: {both}; write one of them ({meaning})")

    def name(self, node: Name) -> Quotient:
        """What a name stands for."""
        try:
            return undivided(Polynomial.symbol(lookup(node.name, self.symbols, self.expected, self.also).name))
        except UserError as error:
            raise self.refuse(node, f"{error}{self.remedy(node.name)}") from None

    def remedy(self, name: str) -> str:
        """What else whoever typed the formula may do about an unknown name: give it a meaning."""
        lettered = self.takes_letters and self.symbols is not None and name not in SYMBOLS
        return f"; or say what it means: --let '{name}=...'" if lettered else ""

    @property
    def also(self) -> Iterable[str]:
        """Names that an error may offer beside symbols."""
        return self.names

    def call(self, node: Call) -> Quotient:
        """What a call stands for."""
        if node.function in (*FUNCTIONS, *ROOTS):
            return called(node, self)
        if node.function in SYMBOLS or node.function in self.names:
            raise self.refuse(node, f"{node.function} is a size: write one factor in the parentheses behind it")
        raise self.refuse(node, f"'{shorten(node.function)}' is neither a size nor a function here; {ALLOWED}")

    def put_in(self, value: Quotient) -> Quotient:
        """What a function is taken of: with the sizes that are known."""
        return value.substitute(self.bound)

    def undecided(self, node: Call, sizes: Sequence[Quotient]) -> Quotient:
        """What a minimum, a maximum or what is rounded is of sizes that are open: nothing that a quotient can be."""
        raise self.refuse(
            node, f"{node.function} of sizes that are open is no size; put in numbers, or write the one that is meant"
        )

    def irrational(self, node: Call, outside: Quotient, inside: Polynomial, index: int) -> Quotient:
        """The value of a root of which something is left: none that is a quotient of sums."""
        raise self.refuse(node, f"a root of {shorten(str(inside), 40)} is left, which is no size")

    def refuse(self, node: Node, reason: str) -> UserError:
        """An error that points at `node`."""
        return self.formula.refuse(node, reason)

    def step(self, node: Node, parts: tuple[Quotient, ...]) -> Quotient:
        """Arithmetic, refused when its result would not fit."""
        match node:
            case Sum():
                return self.sum(node, parts)
            case Product():
                self.check_terms(node, *parts)
                return self.fits(node, parts[0] * parts[1])
            case Ratio(_, below):
                return self.ratio(node, below, parts)
            case Call("//", (_, below)):
                return self.floor(node, self.ratio(node, below, parts), parts)
            case Power(_, exponent):
                return self.power(node, parts[0], exponent)
        raise TypeError(node)

    def sum(self, node: Sum, parts: tuple[Quotient, ...]) -> Quotient:
        """The sum: polynomials are merged in one go."""
        value = Quotient(total(part.numerator for part in parts if part.is_polynomial))
        for part in parts:
            if not part.is_polynomial:
                self.check_terms(node, value, part)
                value = self.fits(node, value + part)
        return self.fits(node, value)

    def ratio(self, node: Node, below: Node, parts: tuple[Quotient, ...]) -> Quotient:
        """The quotient."""
        if not parts[1].numerator:
            raise self.refuse(below, "division by zero")
        self.check_sizes(node, parts[0], len(parts[1].denominator), len(parts[1].numerator))
        return self.fits(node, parts[0] / parts[1])

    def floor(self, node: Node, value: Quotient, parts: tuple[Quotient, ...]) -> Quotient:
        """A floor division: of numbers rounded down, of sizes the quotient where it leaves no rest; either is said."""
        inside = value.substitute(self.bound)
        if (number := inside.number) is not None:
            found = number.numerator // number.denominator
            if found != number:
                self.said.append(f"{floored(parts)} read as {found}, {number} rounded down")
            return Quotient(found)
        if any(one.is_polynomial and is_whole(one.numerator, self.known) for one in (value, inside)):
            if not any(is_whole(one.numerator) for one in (value, inside)):
                self.said.append(f"// read as an exact division: {parts[1]} divides {parts[0]}")
            return value
        return self.rounded_down(node, value, parts)

    def rounded_down(self, node: Node, value: Quotient, parts: tuple[Quotient, ...]) -> Quotient:
        """What is rounded down of sizes that are open: nothing that a quotient of sums can be.

        Raises:
            UserError: with both readings.
        """
        above, below = (shorten(str(part), 40) for part in parts)
        both = f"{shorten(str(value))} where {below} divides {above}, and that rounded down"
        raise self.refuse(node, f"// has two readings: {both}; write / for the first, or put in numbers")

    def power(self, node: Power, base: Quotient, exponent: int) -> Quotient:
        """A power, if it is small enough."""
        if (value := base.number) is not None:
            check_power(self.formula, node, value, exponent)
        elif exponent > MAX_EXPONENT:
            raise self.refuse(node, f"an exponent may be at most {MAX_EXPONENT}")
        terms = max(len(base.numerator), len(base.denominator))
        if terms > 1 and comb(terms + exponent, terms) > MAX_TERMS:
            raise self.refuse(node, f"expands to more than {MAX_TERMS} terms")
        return self.fits(node, base**exponent)

    def check_terms(self, node: Node, left: Quotient, right: Quotient) -> None:
        """Refuse a sum or product of quotients that would have too many terms."""
        self.check_sizes(node, left, len(right.numerator), len(right.denominator))

    def check_sizes(self, node: Node, left: Quotient, above: int, below: int) -> None:
        """The same, of a factor with so many terms above and below the line."""
        if len(left.numerator) * above + len(left.denominator) * below > MAX_TERMS:
            raise self.refuse(node, f"expands to more than {MAX_TERMS} terms")

    def fits(self, node: Node, value: Quotient) -> Quotient:
        """`value`, unless one of its coefficients has too many digits or an exponent is too large."""
        for side in (value.numerator, value.denominator):
            if side is ONE:
                continue
            if len(side) > MAX_TERMS:
                raise self.refuse(node, f"expands to more than {MAX_TERMS} terms")
            if side.has_number_beyond(LARGEST):
                raise self.refuse(node, TOO_LONG)
            if side.has_power_beyond(4 * MAX_EXPONENT):
                raise self.refuse(node, f"an exponent may be at most {4 * MAX_EXPONENT}")
        return value


def floored(parts: tuple[Quotient, ...]) -> str:
    """`a//b` as one types it."""
    above, below = (text if re.fullmatch(r"-?\w+", text) else f"({text})" for text in map(str, parts))
    return f"{above}//{below}"
