"""Roots of linear and quadratic equations, exactly: `(above + factor * sqrt(radicand)) / below`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING

from costgraph.algebra.defined import DefinedReader
from costgraph.algebra.expression import Call
from costgraph.algebra.polynomial import ONE, ZERO, Polynomial, content
from costgraph.algebra.powers import extract, nth_root
from costgraph.algebra.printers import latex, python, unicode
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import RATIO, Rational, Symbol, declare
from costgraph.algebra.syntax import read
from costgraph.records import dataclass

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True, slots=True)
class Notation:
    """How a root is written.

    Args:
        write: a form, in a shape if one is named.
        root: what stands under a root sign, with the index of the root.
        square: something in parentheses, or a name, squared.
        times: between a factor and a root.
        stacked: whether fractions are drawn with a bar.
    """

    write: Callable[..., str]
    root: Callable[[str, int], str]
    square: Callable[[str], str]
    times: str
    stacked: bool = False


def grouped(text: str) -> str:
    """In parentheses, unless it is a name."""
    return text if text.isidentifier() and len(text) == 1 else f"({text})"


PYTHON = Notation(python, lambda r, n: f"sqrt({r})" if n == 2 else f"({r})**(1/{n})", lambda a: f"{grouped(a)}**2", "*")
UNICODE = Notation(unicode, lambda r, n: f"√({r})" if n == 2 else f"({r})^(1/{n})", lambda a: f"{grouped(a)}²", "")
LATEX = Notation(
    latex, lambda r, n: rf"\sqrt{'' if n == 2 else f'[{n}]'}{{{r}}}", lambda a: rf"\left({a}\right)^{{2}}", " ", True
)


@dataclass(frozen=True, slots=True)
class Root:
    """A value of the unknown.

    Args:
        above, factor, radicand, below: as in the module's formula; `radicand` is 0 for a plain quotient.
        index: the root that is taken, 2 for a square root.
        square, rest: how the radicand is written where it has symbols, `square**2 + rest`.
        rounded: whether `above` is only the first digits of a root of higher degree.
    """

    above: Polynomial
    below: Polynomial = ONE
    factor: Polynomial = ZERO
    radicand: Polynomial = ZERO
    index: int = 2
    square: Polynomial = ZERO
    rest: Polynomial = ZERO
    rounded: bool = False

    @property
    def plain(self) -> Quotient | None:
        """The root as a quotient, if nothing is under a root sign."""
        return None if self.radicand else Quotient(self.above, self.below)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that occur."""
        return (Quotient(self.above, self.below) + Quotient(self.factor) + Quotient(self.radicand)).symbols

    @property
    def number(self) -> Rational | None:
        """The exact value, or an irrational one to 40 digits; None while a symbol is unbound or it is not real."""
        if self.plain is not None:
            return self.plain.number
        parts = [part.number for part in (self.above, self.factor, self.radicand, self.below)]
        if any(part is None for part in parts) or not parts[3]:
            return None
        above, factor, radicand, below = (Fraction(part or 0) for part in parts)
        if radicand < 0 and self.index % 2 == 0:
            return None
        return (above + factor * nth_root(radicand, self.index)) / below

    @property
    def is_exact(self) -> bool:
        """Whether `number` is the value itself and not its first 40 digits."""
        value = self.radicand.number
        if self.rounded or not self.radicand:
            return not self.rounded
        return value is not None and nth_root(Fraction(value), self.index) ** self.index == value

    @property
    def expr(self) -> sympy.Expr:
        """A sympy expression."""
        import sympy

        surd = self.factor.to_sympy() * sympy.root(self.radicand.to_sympy(), self.index)
        return (self.above.to_sympy() + surd) / self.below.to_sympy()

    def same_as(self, text: str) -> bool:
        """Whether a text, as it is printed here in any notation, says the same root."""
        if self.rounded:
            return text.strip() == self._digits()
        reader = RootReader(read(text), surd=declare(SURD).name)
        value = reader.value()
        pulled, inside = extract(self.radicand, self.index) if self.radicand else (ONE, ZERO)
        surd = Polynomial.symbol(reader.surd) * pulled * self.factor
        own = Quotient(self.above + surd if self.radicand else self.above, self.below)
        return value == own and {*reader.taken} == ({(inside, self.index)} if self.radicand else set())

    def text(self) -> str:
        """Python syntax."""
        return self.written(PYTHON)

    def unicode(self) -> str:
        """As on a blackboard."""
        return self.written(UNICODE)

    def latex(self) -> str:
        """LaTeX for math mode."""
        return self.written(LATEX)

    def written(self, notation: Notation) -> str:
        """In any notation."""
        write = notation.write
        if self.rounded:
            return self._digits()
        if self.plain is not None:
            return write(self.plain)
        above = self._above(notation)
        if self.below == ONE:
            return above
        if notation.stacked:
            return rf"\frac{{{above}}}{{{write(self.below)}}}"
        below = write(self.below) if self.below.number is not None else grouped(write(self.below))
        return f"{f'({above})' if self.above else above}/{below}"

    def _digits(self) -> str:
        """A rounded root as a decimal of 40 digits."""
        value = Fraction(self.number or 0)
        with localcontext(prec=40):
            return f"{Decimal(value.numerator) / Decimal(value.denominator):f}"

    def _above(self, notation: Notation) -> str:
        """The upper side, the positive part first."""
        write = notation.write
        minus = self.factor.leading_coefficient < 0
        size = -self.factor if minus else self.factor
        surd = notation.root(self.inside(notation), self.index)
        if size != ONE:
            before = write(size)
            surd = f"{before}{'·' if '/' in before and not notation.times else notation.times}{surd}"
        if not self.above:
            return f"-{surd}" if minus else surd
        above = write(self.above)
        if minus:
            return f"{above} - {surd}"
        return f"{surd} - {above[1:]}" if above.startswith("-") else f"{surd} + {above}"

    def inside(self, notation: Notation) -> str:
        """What stands under the root sign."""
        write = notation.write
        if not self.square:
            return write(self.radicand)
        square, rest = notation.square(write(self.square)), write(self.rest, "factored")
        return f"{square} - {rest[1:].lstrip()}" if rest.startswith("-") else f"{square} + {rest}"


def linear(c1: Polynomial, c0: Polynomial, sign: int) -> Root:
    """Where `c1 * X + c0` is 0; `sign` is that of `c1`, and what stands below the line is made positive."""
    quotient = Quotient(-c0 * sign, c1 * sign)
    return Root(quotient.numerator, quotient.denominator)


def pure(a: Polynomial, c: Polynomial, index: int, sign: int) -> Root:
    """The positive X where `a * X**index + c` is 0; `sign` is that of `a`."""
    inside = Quotient(-c * sign, a * sign)
    # (n/d)**(1/k) = (n*d**(k-1))**(1/k)/d
    below = inside.denominator
    factor, radicand = extract(inside.numerator * below ** (index - 1), index)
    if radicand == ONE:
        whole = Quotient(factor, below)
        return Root(whole.numerator, whole.denominator)
    return Root(ZERO, below, factor, radicand, index)


def quadratic(a: Polynomial, b: Polynomial, c: Polynomial, sign: int) -> Root:
    """The root of `a*X**2 + b*X + c` with this sign before the square root, as (-b/2 +- sqrt(b**2/4 - a*c))/a."""
    half = b / 2
    radicand = half * half - a * c
    if len(radicand) > 1:
        written = half if half.leading_coefficient > 0 else -half  # the sign says nothing inside a square
        return Root(-half, a, ONE * sign, radicand, square=written, rest=-a * c)
    factor, radicand = extract(radicand, 2)
    if radicand in (ZERO, ONE):
        quotient = Quotient(-half + factor * sign, a)
        return Root(quotient.numerator, quotient.denominator)
    shared = content(half, factor, a)
    return Root(-half / shared, a / shared, factor / shared * sign, radicand)


SURD = Symbol("the_root", r"\rho", "", "a root while it is compared", RATIO, 1)


@dataclass(frozen=True)
class RootReader(DefinedReader):
    """Reads a formula with one root in it; `taken` gets what is under the root sign, without whole powers."""

    surd: str = ""
    taken: list[tuple[Polynomial, int]] = field(default_factory=list, compare=False)

    def irrational(self, node: Call, outside: Quotient, inside: Polynomial, index: int) -> Quotient:
        """A symbol that stands for the root."""
        self.taken.append((inside, index))
        return outside * Quotient(Polynomial.symbol(self.surd))
