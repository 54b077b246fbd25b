"""Forms, limits and maxima as formulas in the language of a document; long ones get named arms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from costgraph.algebra.bindings import SIGNS, parse_bindings, parse_regime
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.printers import render
from costgraph.algebra.quotient import Quotient
from costgraph.exporting.documents.markup import MATHS, Math
from costgraph.exporting.escapes import Verbatim

Record = dict[str, Any]  # what a template sees
WIDE = 44  # characters, as on a blackboard, from which on a formula may need two lines
LONG = 37  # characters above or below a fraction bar, from which on the two get names
MANY = 16  # terms that are easier read in factors
LONG_ABOVE = 50  # the same where only what stands above is a sum


def shown(value: Quotient, math: Math) -> Quotient:
    """A form in the symbols that a document prints."""
    return math.names(value).substitute(math.rewrite)


def formula(value: Quotient, math: Math, shape: str = "auto") -> Verbatim:
    """A form in the language of the document."""
    value = shown(value, math)
    return tidy(render(value, shape, math.tall), math)


def tidy(text: str, math: Math) -> Verbatim:
    """A formula without needless spaces."""
    text = unstretched(" ".join(text.split()))
    if math.plain is math.style or math is MATHS["text"]:
        text = re.sub(r"(?<=[(/]) | (?=[)/])", "", text)
    return Verbatim(text)


STRETCHED = re.compile(r"\\mathopen\{\}\\left\(((?:(?!\\mathopen|\\frac).)*?)\\right\)\\mathclose\{\}")


def unstretched(text: str) -> str:
    """LaTeX whose parentheses grow only around fractions."""
    while (plain := STRETCHED.sub(r"(\1)", text)) != text:
        text = plain
    return text


def width(value: Quotient, math: Math, shape: str = "auto") -> int:
    """How many characters a form takes on a blackboard."""
    return len(tidy(render(shown(value, math), shape, math.plain), MATHS["text"]))


def record(text: str, at: str = "", broken: str = "") -> Record:
    """A line of a row: a formula, the condition under which it holds, and what to break where it is too wide."""
    pieces = list(map(Verbatim, split_mathml(broken))) if broken else []
    return {"at": at, "math": Verbatim(text), "wide": bool(broken), "broken": Verbatim(broken), "pieces": pieces}


SIGN = re.compile(r"<mo>(?:[+−=]|&gt;)</mo>|<(/?)(?:mrow|msup|msub|mfrac)>")


def split_mathml(text: str) -> list[str]:
    """A formula in pieces, each from a sign on that stands in nothing else: MathML itself ends no lines."""
    found, depth, start = list[str](), 0, 0
    for sign in SIGN.finditer(text):
        if sign[0].startswith("<mo>"):
            if depth == 0 and sign.start() > start:
                found.append(text[start : sign.start()])
                start = sign.start()
        else:
            depth += -1 if sign[1] else 1
    return [re.sub("^<mo>", '<mo form="infix">', piece) for piece in [*found, text[start:]]]


def main(value: Quotient, math: Math, shape: str = "auto", before: str = "", after: Quotient | None = None) -> Record:
    """A formula that holds without conditions, perhaps with a name before it and another form of it after it."""
    length = width(value, math, shape) + len(before) + (width(after, math) if after is not None else 0)
    same = math.equals + formula(after, math) if after is not None else ""
    text = before + formula(value, math, shape) + same
    if length <= WIDE:
        return record(text)
    lower = tidy(render(shown(value, math), shape, math.style), math)
    return record(text, broken=before + lower + same)


def under(value: Quotient, math: Math, at: str) -> Record:
    """A formula under a condition, which is broken where it is too long to stand beside it."""
    broken = formula(value, replace(math, tall=math.style)) if width(value, math) > WIDE else ""
    return record(formula(value, math), at, broken)


def one_fraction(value: Quotient, math: Math) -> Verbatim:
    """A sum of fractions over their common denominator."""
    above, below = apart(shown(value, math))
    if len(above) < 2 or below == ONE:
        return formula(value, math)
    sides = [str(formula(Quotient(side), math)) for side in (above, below)]
    if not math.style.stacked:
        sides = [f"({side})" for side in sides]
    return Verbatim(math.style.fraction(sides[0], sides[1], False))


# --- named arms -------------------------------------------------------------------------------------------------------


def is_long(value: Quotient, math: Math) -> bool:
    """Whether a fraction is too much for one line."""
    if not value.numerator or value.is_infinite:
        return False
    sides = apart(shown(value, math))
    limit = LONG_ABOVE if sides[1].is_monomial else LONG
    return sides[1].number is None and max(width(Quotient(side), math) for side in sides) > limit


def apart(value: Quotient) -> tuple[Polynomial, Polynomial]:
    """What stands above and below the fraction bar, without negative powers and fractions in it."""
    above, below = value.numerator.fraction()
    return above, value.denominator * below


def arms(value: Quotient, math: Math, names: tuple[str, str], at: str = "", before: str = "") -> list[Record]:
    """A fraction with long sums: first the quotient with names for them, then each of them."""
    value = shown(value, math)
    over, under = apart(value)
    above, below = map(math.word, names)
    if under.is_monomial:
        whole = math.style.fraction(above, formula(Quotient(under), math), len(under.symbols) > 1)
        shape = "expanded" if len(over) <= MANY else "auto"
        return [record(before + whole, at), main(Quotient(over), math, shape, before=above + math.equals)]
    return [
        record(before + math.style.fraction(above, below, False), at),
        main(Quotient(value.numerator), math, before=above + math.equals),
        main(Quotient(value.denominator), math, before=below + math.equals),
    ]


def arm_names(measure: str) -> tuple[str, str]:
    """What stands above and below the fraction bar of a measure."""
    return ("work", "traffic") if measure == "intensity" else ("sum", "divisor")


def maximum(sides: Sequence[tuple[str, Quotient]], math: Math) -> list[Record]:
    """The longest of several times; where they do not fit into a line, each under its name, and long sums too."""
    if len(sides) == 1:
        return named(sides[0][1], math, "compute")
    if sum(width(value, math) for _, value in sides) <= WIDE:
        return [record(math.maximum([formula(value, math) for _, value in sides]))]
    whole = record(math.maximum([math.word(name) for name, _ in sides]))
    return [whole, *(line for name, value in sides for line in named(value, math, name, math.word(name) + math.equals))]


DONE = {"compute": "work", "memory": "moved"}  # over its rate this is a time


def named(value: Quotient, math: Math, resource: str, before: str = "") -> list[Record]:
    """What a resource takes; where that is too much for a line, the sum above its rate has a name of its own."""
    if not is_long(value, math):
        return [main(value, math, before=before)]
    return arms(value, math, (DONE.get(resource.rpartition(" ")[2], "sent"), "divisor"), before=before)


# --- conditions -------------------------------------------------------------------------------------------------------


def condition(text: str, math: Math) -> Verbatim:
    """`E=4,T->oo`, `S << D` or `S <= W` in the language of the document."""
    if any(sign in text for sign in SIGNS):
        small, large, much = parse_regime(text)
        sign = math.much_less if much else math.at_most
        return Verbatim(formula(Quotient(small), math) + sign + formula(Quotient(large), math))
    symbol = math.style.symbol
    parts = []
    for name, bound in parse_bindings([text]).items():
        left = symbol(name).strip()
        if isinstance(bound, Polynomial):
            parts.append(left + math.equals.strip() + formula(Quotient(bound), math))
        else:
            parts.append(left + math.arrow + math.style.infinity)
    return Verbatim(math.comma.join(parts))
