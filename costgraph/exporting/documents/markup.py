"""How formulas are written in LaTeX, Typst, MathML and plain text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import LATEX, UNICODE, Style
from costgraph.exporting.documents.sums import NONE, Names
from costgraph.records import dataclass

TYPST = Style(
    symbol=str,  # replaced by the notation
    power=lambda base, n: f"{base}^({n})",
    times=" ",
    fraction=lambda above, below, _: f"frac({above}, {below})",
    open="(",
    close=")",
    infinity="oo",
    dot=" dot ",
    stacked=True,
)
MATHML = Style(
    symbol=str,
    power=lambda base, n: f"<msup><mrow>{base}</mrow><mn>{n}</mn></msup>",
    times="<mo>&#8290;</mo>",
    fraction=lambda above, below, _: f"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>",
    open='<mrow><mo form="prefix" lspace="0" rspace="0">(</mo>',
    close='<mo form="postfix" lspace="0" rspace="0">)</mo></mrow>',
    infinity="<mi>∞</mi>",
    dot="<mo>·</mo>",
    number=lambda text: f"<mn>{text}</mn>",
    plus="<mo>+</mo>",
    minus="<mo>−</mo>",
    negative='<mo form="prefix">−</mo>',
    stacked=True,
)


@dataclass(frozen=True, slots=True)
class Math:
    """How formulas are written in one kind of document.

    Args:
        style: of polynomials.
        tall: the same for what stays on one line, where parentheses may be as tall as what is in them.
        word: text in a formula.
        subscript: a letter with a subscript.
        fraction: a symbol that is shown as a quotient of two, on one line.
        maximum: the largest of several formulas.
        inline: a formula within text.
        greek: the letter of that name.
        equals, arrow, much_less, less, greater, at_most, at_least, comma: signs with their spaces.
        divides: the sign between divisor and dividend.
        plain: the same symbols as characters; tells how wide a formula will be.
        rewrite: what is put in for symbols before anything is printed, where a notation shows one as a quotient.
        names: of sums that formulas share, which are put in before that.
    """

    style: Style
    tall: Style
    word: Callable[[str], str]
    subscript: Callable[[str, str], str]
    fraction: Callable[[str, str], str]
    maximum: Callable[[Sequence[str]], str]
    inline: Callable[[str], str]
    greek: Callable[[str], str]
    equals: str
    arrow: str
    much_less: str
    less: str
    greater: str
    at_most: str
    at_least: str
    comma: str
    divides: str
    plain: Style = UNICODE
    rewrite: Mapping[str, Polynomial] = field(default_factory=dict)
    names: Names = NONE


def flat(math: Math) -> Math:
    """The same with fractions on one line, as `a/(b c)`, where many short rows stand below each other."""
    if not math.style.stacked:
        return math

    def on_one_line(style: Style) -> Style:
        def fraction(above: str, below: str, compound: bool) -> str:
            return math.fraction(above, f"{style.open}{below}{style.close}" if compound else below)

        return replace(style, fraction=fraction, stacked=False)

    return replace(math, style=on_one_line(math.style), tall=on_one_line(math.tall))


GREEK = {"lambda": "λ"}

MATHS: dict[str, Math] = {
    "latex": Math(
        style=replace(LATEX, open="(", close=")"),
        tall=replace(LATEX, open=r"\mathopen{}\left(", close=r"\right)\mathclose{}"),
        word=lambda w: rf"\mathrm{{{w.replace(' ', '~')}}}",
        subscript=lambda a, b: rf"{a}_{{\mathrm{{{b}}}}}" if len(b) > 1 else f"{a}_{{{b}}}",
        fraction=lambda a, b: f"{a}/{b}",
        maximum=lambda sides: r"\max\mathopen{}\left(" + ", ".join(sides) + r"\right)",
        inline=lambda m: f"${m}$",
        greek=lambda name: f"\\{name}",
        equals=" = ", arrow=r" \to ", much_less=r" \ll ", less=" < ", greater=" > ", at_most=r" \le ",
        at_least=r" \ge ", comma=", ", divides=r" \mid ",
    ),
    "typst": Math(
        style=TYPST,
        tall=TYPST,
        word=lambda w: f'"{w}"',
        subscript=lambda a, b: f'{a}_"{b}"',
        fraction=lambda a, b: f"{a} slash {b}",
        maximum=lambda sides: f"max({', '.join(sides)})",
        inline=lambda m: f"${m}$",
        greek=str,
        equals=" = ", arrow=" -> ", much_less=" << ", less=" < ", greater=" > ", at_most=" <= ", at_least=" >= ",
        comma=", ", divides=" divides ",
    ),
    "mathml": Math(
        style=replace(MATHML, open="<mo stretchy=\"false\">(</mo>", close="<mo stretchy=\"false\">)</mo>"),
        tall=MATHML,
        word=lambda w: f"<mtext>{w}</mtext>",
        subscript=lambda a, b: f"<msub>{a}<mtext>{b}</mtext></msub>",
        fraction=lambda a, b: f"{a}<mo>/</mo>{b}",
        maximum=lambda sides: (
            f"<mrow><mi>max</mi>{MATHML.open}" + "<mo>,</mo>".join(sides) + f"{MATHML.close}</mrow>"
        ),
        inline=lambda m: f"<math>{m}</math>",
        greek=lambda name: f"<mi>{GREEK[name]}</mi>",
        equals="<mo>=</mo>", arrow="<mo>→</mo>", much_less="<mo>≪</mo>", less="<mo>&lt;</mo>",
        greater="<mo>&gt;</mo>", at_most="<mo>≤</mo>", at_least="<mo>≥</mo>", comma="<mo>,</mo>", divides="<mo>∣</mo>",
    ),
    "text": Math(
        style=UNICODE,
        tall=UNICODE,
        word=str,
        subscript=lambda a, b: f"{a}_{b}",
        fraction=lambda a, b: f"{a}/{b}",
        maximum=lambda sides: f"max({', '.join(sides)})",
        inline=lambda m: " ".join(m.split()),
        greek=GREEK.__getitem__,
        equals=" = ", arrow=" → ", much_less=" ≪ ", less=" < ", greater=" > ", at_most=" ≤ ", at_least=" ≥ ",
        comma=", ", divides=" | ",
    ),
}  # fmt: skip
