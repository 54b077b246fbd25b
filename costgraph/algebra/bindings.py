"""What symbols are bound to (`E=4,p=2`, `T->oo`), and how sizes compare (`S << D`, `S <= W`), as a user types it.

What a shell would take for itself has another spelling: `T=oo` is `T->oo`, and `S:much-less:D` is `S << D`.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import Literal, NamedTuple

from costgraph.algebra.named_letters import NO_LETTERS, Letters
from costgraph.algebra.parser import Size, size
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.spelling import ungrouped
from costgraph.algebra.symbols import INFINITY, SYMBOLS, Rational, check_domain, lookup
from costgraph.errors import UserError, need_text, shorten
from costgraph.frozen import FrozenMapping

SIGNS = ("<<", ">>", "<=", ">=", "≤", "≥")  # how sizes compare
IN_WORDS = {"much-less": "<<", "much-greater": ">>", "at-most": "<=", "at-least": ">="}  # between colons
OTHERWISE = {"≪": "<<", "≫": ">>", r"\ll": "<<", r"\gg": ">>", r"\leq": "<=", r"\geq": ">="}
NO_WIDTHS: Mapping[str, Rational] = {}
MAX_VALUE_TERMS = 50  # of what a symbol is replaced by, which may be raised to a power

Binding = Polynomial | Literal["oo"]  # what a symbol is bound to: a size, or infinity as a true limit


class Order(NamedTuple):
    """`small << large` (in the limit), or `small <= large`."""

    small: Polynomial
    large: Polynomial
    much: bool = True

    def __str__(self) -> str:
        """As one would type it."""
        return f"{self.small} {'<<' if self.much else '<='} {self.large}"


class Typed(FrozenMapping[str, Binding]):
    """Sizes as a user typed them.

    Args:
        items: what symbols are bound to.
        letters: of the user's own, and what they stand for.
        said: what is worth knowing of how the sizes were read.
    """

    __slots__ = ("letters", "said")

    def __init__(
        self, items: Mapping[str, Binding], letters: Mapping[str, Quotient] = NO_LETTERS, said: Iterable[str] = ()
    ) -> None:
        super().__init__(items)
        self.letters = letters if isinstance(letters, Letters) else Letters(letters)
        self.said = tuple(dict.fromkeys(said))


def parse_bindings(
    items: Iterable[str],
    symbols: Container[str] | None = None,
    also: Container[str] = (),
    letters: Mapping[str, Quotient] = NO_LETTERS,
    widths: Mapping[str, Rational] = NO_WIDTHS,
) -> Typed:
    """Read `E=4,p=2`, `T->oo` and the like into {symbol: value}.

    Args:
        items: the text, in one piece or several.
        symbols: those of the table that may occur; all unless given.
        also: further symbols that may be bound, and occur in no value.
        letters: of the user's own, with what they stand for.
        widths: words that stand for bytes per element, such as `bf16`.

    Raises:
        UserError: a missing or unreadable value, an unknown symbol, the same symbol twice, a value outside the domain.
    """
    bindings: dict[str, Binding] = {}
    said: list[str] = []
    for item in (part for text in items for part in split_sizes(text)):
        plain = item.replace("→", "->").replace("∞", INFINITY)
        arrow = "->" in plain
        typed, sign, value = (part.strip() for part in plain.partition("->" if arrow else "="))
        if not sign or not typed or typed[-1:] in ("<", ">"):
            raise UserError(f"'{shorten(item)}': {no_binding(item)}")
        if not value:
            raise UserError(f"'{shorten(item)}': a value is missing after {sign}")
        try:
            name = symbol_of(typed, symbols, letters, also)
            if name in bindings:
                raise UserError(f"{name} is given twice")
            if arrow and value != INFINITY:
                raise UserError(f"a limit goes to {INFINITY}, as in {name}->oo; a value is put in with {name}=VALUE")
            endless = value == INFINITY  # which is no size, so that `=` can mean nothing but the limit
            bindings[name] = "oo" if endless else value_of(name, value, symbols, letters, widths, said)
        except UserError as error:
            text = str(error)
            raise UserError(text if text.startswith(f"{item.strip()}: ") else f"'{shorten(item)}': {text}") from None
        nobody_said = typed not in letters or (isinstance(letters, Letters) and typed in letters.told)
        said += [f"{typed} read as {name}"] if typed != name and nobody_said else []
    check_bindings(bindings)
    return Typed(bindings, letters, said)


def symbol_of(
    name: str,
    symbols: Container[str] | None = None,
    letters: Mapping[str, Quotient] = NO_LETTERS,
    also: Container[str] = (),
) -> str:
    """The symbol that a name stands for: its own, that of one's own letters, or of what frameworks call a size.

    Raises:
        UserError: it stands for none, or for what is made of several; the message says what it is.
    """
    if name not in letters and (name in also or name in SYMBOLS):
        return name if name in also else lookup(name, symbols).name
    if isinstance(letters, Letters) and name in letters.functions:
        raise UserError(f"{name} stands for {letters.functions[name].text}; give what that is made of")
    if name in letters:
        meaning = str(letters[name])
    else:
        from costgraph.algebra.frameworks import AMBIGUOUS, meaning_of  # symbols need none of it

        short = name.rpartition(".")[2].replace("-", "_")
        meaning = meaning_of(short, symbols) or name
        if meaning == name and short in AMBIGUOUS:
            raise UserError(f"'{name}' has several meanings: {AMBIGUOUS[short]}")
    if meaning in SYMBOLS or meaning == name:
        return meaning if meaning in also else lookup(meaning, symbols).name
    raise UserError(f"{name} stands for {meaning}; give what that is made of")


def value_of(
    name: str,
    value: Size,
    symbols: Container[str] | None,
    letters: Mapping[str, Quotient],
    widths: Mapping[str, Rational],
    said: list[str],
) -> Polynomial:
    """The value that a user gives to a symbol, also as `4k`, `80GB` or a data type; `said` gets how it was read."""
    found: Rational | None = None
    if isinstance(value, str):
        word = value.strip() in widths and SYMBOLS[name].unit == "bytes/element"
        found = widths[value.strip()] if word else magnitude(name, value)
    if found is None:
        return bound(name, value, symbols, letters, said)
    said.append(f"{name}={value} read as {found}")
    return bound(name, found)


def magnitude(name: str, value: str) -> Rational | None:
    """The value of `4k` or `80GB`; None for any other text."""
    if not value[-1:].isalpha() or value[:1].isalpha():
        return None
    from costgraph.algebra.magnitudes import lone_for  # most values are a number or a symbol

    return lone_for(name, value)


def bound(
    name: str,
    value: Size,
    symbols: Container[str] | None = None,
    letters: Mapping[str, Quotient] = NO_LETTERS,
    said: list[str] | None = None,
) -> Polynomial:
    """The value that `name` takes, a size in these symbols, checked against the symbol's domain when it is a number."""
    lookup(name)
    if isinstance(value, str | float) and (word := str(value).strip()).lower() in ("inf", "infinity", INFINITY, "nan"):
        raise UserError(f"'{word}' is not a number; a true limit is written {name}=oo or {name}->oo")
    number = magnitude(name, value) if isinstance(value, str) else None
    polynomial = size(value if number is None else number, symbols, letters, said)
    if (number := polynomial.number) is not None:
        check_domain(name, number)
    elif polynomial.signs == {-1}:
        raise UserError(f"{name}={polynomial}: {name} cannot be negative")
    if len(polynomial) > MAX_VALUE_TERMS:
        raise UserError(f"{name}: a value of more than {MAX_VALUE_TERMS} terms")
    return polynomial


def check_bindings(bindings: Mapping[str, Binding]) -> None:
    """Refuse values that mention a symbol which is itself replaced: bindings are meant all at once."""
    for name, value in bindings.items():
        if isinstance(value, Polynomial):
            for other in value.symbols:
                if other in bindings and other != name:
                    raise UserError(f"{name}={value}: {other} is replaced as well; write {name} without it")


def parse_regime(text: str, letters: Mapping[str, Quotient] = NO_LETTERS) -> Order:
    """Read `S << D` or `S <= W`, two monomials; `D >> S` is read from the right, `S:much-less:D` as `S << D`.

    Raises:
        UserError: no such sign, or a side that is not a product of symbols.
    """
    need_text(text, "S << D")
    plain = in_signs(text)
    sign = next((sign for sign in SIGNS if sign in plain), "")
    left, _, right = plain.partition(sign) if sign else (plain, "", "")
    if not (left.strip() and right.strip()):
        raise UserError(f"'{shorten(text)}': {no_regime(text)}")
    sides = [size(left, letters=letters), size(right, letters=letters)]
    for side in sides:
        if not side.is_monomial or not side.symbols or side.leading_coefficient < 0:
            raise UserError(f"'{shorten(text)}': each side of {sign} must be a product of symbols")
    if not (sides[0] / sides[1]).symbols:
        raise UserError(f"'{shorten(text)}': both sides of {sign} are the same")
    if sign in (">>", ">=", "≥"):
        sides.reverse()
    return Order(sides[0], sides[1], sign in ("<<", ">>"))


def no_regime(text: str) -> str:
    """What to write for what is no regime: a limit, a value, or a comparison that says too little."""
    plain = "".join(text.replace("→", "->").replace("∞", INFINITY).split())
    if arrow := re.fullmatch(r"(\w+)(?:->|=)(?:oo|inf|infinity|\\infty)", plain):
        return f"a limit is put in with --limit '{arrow[1]}->oo'"
    if value := re.fullmatch(r"(\w+)==?(.+)", plain):
        return f"a value is put in with --limit {value[1]}={value[2]}"
    if sides := re.fullmatch(r"(\w+)([<>])(\w+)", plain):
        left, sign, right = sides.groups()
        return f"write {left} {sign * 2} {right} if much {'less' if sign == '<' else 'more'}, or {left} {sign}= {right}"
    return "write SMALL << LARGE, for example 'S << D' or S:much-less:D, or SMALL <= LARGE"


def no_binding(text: str) -> str:
    """What to write for what is no size: a regime, or a value behind another sign."""
    if re.search("<<|>>|<=|>=|[<>≪≫≤≥]", text):
        return f"a regime is asked for with --when '{shorten(text)}'"
    if typed := re.fullmatch(r"\s*([A-Za-z_]\w*)\s*(?::|\s)\s*(\w+)\s*", text):
        return f"write {typed[1]}={typed[2]}"
    return "write SYMBOL=VALUE or SYMBOL->oo"


def in_signs(text: str) -> str:
    """A comparison of sizes with `<<` and the like for the words between colons, and for signs of paper."""
    if text.isascii() and ":" not in text and "\\" not in text:
        return text
    for other, sign in OTHERWISE.items():
        text = re.sub(re.escape(other) + (r"(?![A-Za-z])" if other[0] == "\\" else ""), sign, text)
    return re.sub(rf":\s*({'|'.join(IN_WORDS)})\s*:", lambda word: f" {IN_WORDS[word[1]]} ", text)


def in_symbols(text: str, letters: Mapping[str, Quotient]) -> str:
    """A regime as everything reads it: as it was typed where that is in symbols of the table and in signs."""
    order = parse_regime(text, letters)
    return text if in_signs(text) == text and not letters else str(order)


def split_list(text: str) -> list[str]:
    """Split at the commas that stand outside parentheses."""
    need_text(text, "E=4,p=2")
    parts, depth, start = list[str](), 0, 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def split_sizes(text: str) -> list[str]:
    """The same of a list of sizes, in which `S=4,096` is one."""
    need_text(text, "E=4,p=2")
    parts, start = list[str](), 0
    for part in split_list(ungrouped(text)[0]):
        parts.append(text[start : start + len(part)])
        start += len(part) + 1
    return parts


def together(own: Mapping[str, Polynomial], typed: Mapping[str, Binding]) -> dict[str, Binding]:
    """A model's own sizes and those that were typed, which go before them.

    Either may be other sizes: `S=2*D` is typed, and an encoder's length S_e is S where nothing else is said.
    """
    left = {name: value for name, value in own.items() if name not in typed}
    numbers = {name: value for name, value in left.items() if value.number is not None}
    found = {name: value.substitute(numbers) if value != "oo" else value for name, value in typed.items()}
    known = numbers | {name: value for name, value in found.items() if value != "oo"}
    endless = {name for name, value in found.items() if value == "oo"}
    following: dict[str, Binding] = {
        name: "oo" if endless & {*value.symbols} else value.substitute(known) for name, value in left.items()
    }
    return {**following, **found}
