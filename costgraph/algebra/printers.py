"""Exact forms as text: Python syntax, Unicode for people, LaTeX.

One printer walks the written shape; a `Style` says how numbers, symbols, powers and fractions look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby

from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.shapes import Product, Sum, write
from costgraph.algebra.symbols import SYMBOLS
from costgraph.records import dataclass

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


SPELLED = {"root": "({})**(1/{})"}
UPRIGHT = {"ceil": "⌈{}⌉", "floor": "⌊{}⌋", "sqrt": "√({})", "root": "({})^(1/{})"}
TEX_CALLS = {
    "ceil": r"\lceil {} \rceil", "floor": r"\lfloor {} \rfloor", "sqrt": r"\sqrt{{{}}}", "root": r"\sqrt[{1}]{{{0}}}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """How the parts of a formula look."""

    symbol: Callable[[str], str]
    power: Callable[[str, int], str]
    times: str
    fraction: Callable[[str, str, bool], str]  # above, below, whether below is more than one factor
    open: str
    close: str
    infinity: str
    number: Callable[[str], str] = str
    plus: str = " + "
    minus: str = " - "
    negative: str = "-"
    dot: str = "·"  # a product where factors must not run together, as between numbers
    stacked: bool = False  # whether fractions are drawn with a bar, so that nothing above it needs parentheses
    call: Callable[[str, list[str]], str] = lambda name, inside: called(name, inside, SPELLED, f"{name}({{}})")


def called(name: str, inside: Sequence[str], signs: Mapping[str, str], otherwise: str) -> str:
    """A function of what stands in its parentheses, as a sign if it has one."""
    return signs[name].format(*inside) if name in signs else otherwise.format(", ".join(inside))


def ratio(above: str, below: str, compound: bool) -> str:
    """A fraction on one line."""
    return f"{above}/({below})" if compound else f"{above}/{below}"


PYTHON = Style(
    symbol=str, power=lambda base, n: f"{base}**{n}", times="*", fraction=ratio, open="(", close=")", infinity="oo",
    dot="*",
)  # fmt: skip
UNICODE = Style(
    symbol=lambda name: name if len(name) == 1 else f" {name} ",
    power=lambda base, n: base + str(n).translate(SUPERSCRIPTS),
    times="",
    fraction=ratio,
    open="(",
    close=")",
    infinity="∞",
    call=lambda name, inside: called(name, inside, UPRIGHT, f"{name}({{}})"),
)
LATEX = Style(
    symbol=lambda name: SYMBOLS[name].tex,
    power=lambda base, n: f"{base}^{{{n}}}",
    times=" ",
    fraction=lambda above, below, _: rf"\frac{{{above}}}{{{below}}}",
    open=r"\left(",
    close=r"\right)",
    infinity=r"\infty",
    dot=r" \cdot ",
    stacked=True,
    call=lambda name, inside: called(name, inside, TEX_CALLS, rf"\{name}\left({{}}\right)"),
)


def python(value: Quotient | Polynomial, shape: str = "auto") -> str:
    """Python syntax, which the parser reads back."""
    return render(value, shape, PYTHON)


def unicode(value: Quotient | Polynomial, shape: str = "auto") -> str:
    """As on a blackboard: `BSL(34D + 5AS)`."""
    return tidy(render(value, shape, UNICODE))


def tidy(text: str) -> str:
    """A formula in the style `UNICODE` with spaces only where they keep a longer name apart."""
    text = " ".join(text.split())
    for apart, joined in (
        ("( ", "("),
        (" )", ")"),
        ("/ ", "/"),
        (" /", "/"),
        *((f" {power}", power) for power in "²³⁴⁵⁶⁷⁸⁹"),
    ):
        text = text.replace(apart, joined)
    return text


def latex(value: Quotient | Polynomial, shape: str = "auto") -> str:
    """LaTeX for math mode."""
    return render(value, shape, LATEX)


def render(value: Quotient | Polynomial, shape: str, style: Style) -> str:
    """A form in one shape and style."""
    if isinstance(value, Quotient):
        return quotient_text(value.numerator, value.denominator, shape, style)
    return quotient_text(value, ONE, shape, style)


@lru_cache(maxsize=1024)  # a document writes a formula to see how wide it is, and then to show it
def quotient_text(numerator: Polynomial, denominator: Polynomial, shape: str, style: Style) -> str:
    """`a/(b + c)`."""
    if not denominator:
        return style.infinity if numerator == ONE else f"-{style.infinity}"
    above = write(numerator, shape)
    if denominator == ONE:
        return sum_text(above, style)
    return style.fraction(factor_text(above, style), sum_text(write(denominator, shape), style), True)


def sum_text(written: Sum, style: Style) -> str:
    """`a + b - c`."""
    text = ""
    for part in sorted(written.products, key=is_negative) if opens_negative(written) else written.products:
        negative = is_negative(part)
        body = product_text(Product(-part.monomial, part.sums) if negative else part, style)
        sign = (style.minus if negative else style.plus) if text else style.negative if negative else ""
        text += sign + body
    return text or style.number("0")


def opens_negative(written: Sum) -> bool:
    """Whether a sum would begin with a minus although something is added in it: `hbm - x` reads better."""
    return bool(written.products) and is_negative(written.products[0])


def is_negative(part: Product) -> bool:
    """Whether the number in front is below zero."""
    return part.monomial.leading_coefficient < 0


def factor_text(written: Sum, style: Style) -> str:
    """A sum as the upper side of a fraction: in parentheses on one line when it has several parts."""
    text = sum_text(written, style)
    return f"({text})" if len(written.products) > 1 and not style.stacked else text


def product_text(part: Product, style: Style) -> str:
    """`12*B*S*(S + D)/T`."""
    powers, coefficient = part.monomial.powers.items(), part.monomial.leading_coefficient
    factors = [parenthesised(factor, sum(1 for _ in same), style) for factor, same in groupby(part.sums)]
    above = [*symbols(((n, e) for n, e in powers if e > 0), style), *factors]
    below = symbols(((n, -e) for n, e in powers if e < 0), style)
    if coefficient.numerator != 1 or not above:
        above.insert(0, style.number(str(coefficient.numerator)))
    if coefficient.denominator != 1:
        below.insert(0, style.number(str(coefficient.denominator)))
    text = style.times.join(above)
    if style.stacked and below and len(above) == len(part.sums) == 1:
        text = sum_text(part.sums[0], style)  # alone above the bar
    return style.fraction(text, style.times.join(below), len(below) > 1) if below else text


def symbols(powers: Iterable[tuple[str, int]], style: Style) -> list[str]:
    """Symbols with their powers."""
    return [style.symbol(name) if e == 1 else style.power(style.symbol(name), e) for name, e in powers]


def parenthesised(factor: Sum, power: int, style: Style) -> str:
    """A sum as a factor, raised to a power when it occurs several times."""
    text = f"{style.open}{sum_text(factor, style)}{style.close}"
    return text if power == 1 else style.power(text, power)
