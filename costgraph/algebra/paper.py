"""Formulas as on paper -> as programs write them: `34BSL²(D + A)/T` becomes `34*BSL**2*(D+A)/T`.

Signs that only paper has get their names, and a product gets its sign wherever two factors stand side by side. Names
that are run together, such as `BSL`, stay one word here: which letters there are is known where a formula gets its
value (`juxtaposed.py`). Every character of what is made knows the column that it was read from.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NoReturn
from unicodedata import numeric

from costgraph.algebra.spelling import Spelled, at_column, end_of
from costgraph.errors import shorten

TEX = re.compile(r"[\\{}$]")
SIGNS = {
    "×": "*", "·": "*", "⋅": "*", "∗": "*", "∙": "*", "−": "-", "–": "-", "÷": "/", "∕": "/", "⁄": "/",
    "⌉": ")", "⌋": ")", "^": "**", "∞": "oo", "≤": "<=", "≥": ">=", "≪": "<<", "≫": ">>",
}  # fmt: skip
OPENING = {"⌈": "ceil(", "⌊": "floor(", "√": "sqrt", "(": "(", "[": "("}
FRACTIONS = {sign: f"({Fraction(numeric(sign)).limit_denominator(10)})" for sign in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"}
SPACES = " ~\u00a0\u2000-\u200a\u202f\u205f"  # as TeX and PDF files have them
FACES = (
    {  # letters and digits as mathematics sets them
        start + at: letter
        for first, starts in (
            ("A", (0x1D400, 0x1D434, 0x1D468, 0x1D5A0, 0x1D5D4, 0x1D608, 0x1D63C, 0x1D670)),
            ("a", (0x1D41A, 0x1D44E, 0x1D482, 0x1D5BA, 0x1D5EE, 0x1D622, 0x1D656, 0x1D68A)),
        )
        for start in starts
        for at, letter in enumerate(chr(ord(first) + at) for at in range(26))
    }
    | {0x1D7CE + at: str(at % 10) for at in range(50)}
    | {0x210E: "h"}
)
INDEX = re.compile(r"\w\[\s*\w*\s*\]")  # what programs mean by it
NUMBERED = re.compile(rf"\(([0-9]{{1,3}})\)[{SPACES}]*\Z")
NOT_READ = {
    "|": "bars are not read; leave them out, as sizes are positive",
    "%": "% is not read; write /100 for percent, or leave a comment out",
    "≈": "a formula is one side; write it alone",
}
BETWEEN = ("*", "/", "//", "**")  # two factors
SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
RAISED = str.maketrans(SUPERSCRIPT, "0123456789-")
TOKEN = re.compile(
    rf"(?P<space>[{SPACES}]+)"
    r"|(?P<number>0[xXoObB]\w+|(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    rf"|(?P<raised>[{SUPERSCRIPT}]+)"
    r"|(?P<key>\[\s*(?:'[^']*'|\x22[^\x22]*\x22)\s*\])"
    r"|(?P<sign>\*\*|//|<<|>>|<=|>=|==|.)",
    re.ASCII | re.DOTALL,
)


def spelled(text: str) -> Spelled:
    """The text as programs write it.

    Raises:
        UserError: TeX that is not read, or what has two readings; with the column, and with both.
    """
    end = end_of(text)
    source = Spelled(text[:end].translate(FACES), range(end))
    if TEX.search(text):
        from costgraph.algebra.tex import plain  # most formulas are no TeX

        source = plain(text)
    return Writer(text, source).written()


class Writer:
    """Goes through a text once.

    `factor` is whether a factor has just ended, so that another one behind it makes a product; `divisor` where in the
    output what stands behind a `/` began, as long as nothing has ended it; `outer` the same of the parentheses around,
    with what opened each, and where.
    """

    def __init__(self, typed: str, source: Spelled) -> None:
        self.typed, self.source = typed, source
        self.pieces: list[str] = []
        self.places: list[int] = []
        self.factor = False
        self.divisor: int | None = None
        self.outer: list[tuple[str, int, int | None]] = []

    def written(self) -> Spelled:
        """The whole text."""
        called = False  # whether a name has just ended, behind which a parenthesis may open a call
        rooted = False  # the same of a root sign
        for token in TOKEN.finditer(self.source.text):
            kind, text, at = token.lastgroup or "", token.group(), self.source.places[token.start()]
            if rooted and kind != "space" and text != "(":
                self.refuse(at, f"how far does the root go? Write its parentheses, as in √({shorten(text, 20)})")
            rooted = text == "√" or (rooted and kind == "space")
            match kind:
                case "space":
                    self.space(text, at)
                    continue
                case "number":
                    self.number(text, at)
                case "name":
                    self.begin(text, at)
                    self.put(text, at)
                    self.factor = True
                case "key":  # of a configuration
                    self.put(text, at)
                    self.factor = True
                case "raised":
                    if not self.factor:
                        self.refuse(at, f"'{text}' raises nothing")
                    self.put(f"**{text.translate(RAISED)}", at)
                case _ if text in FRACTIONS:
                    self.number(text, at, FRACTIONS[text])
                case _ if text in OPENING:
                    self.check_numbered(token)
                    self.open(text, at, called and text == "(")
                case _:
                    self.sign(SIGNS.get(text, text), at)
            called = kind == "name" or text == "√"
        for opened, at, _ in reversed(self.outer):
            self.refuse(at, f"'{opened}' was never closed")
        return Spelled("".join(self.pieces), tuple(self.places))

    def space(self, text: str, at: int) -> None:
        """Spaces; a tilde is one between factors, and says about how much before all of them."""
        if "~" in text and not self.pieces:
            self.refuse(at, "a formula is exact; write it without ~")

    def check_numbered(self, token: re.Match[str]) -> None:
        """Refuse a number in parentheses behind a space at the end, which may be that of an equation."""
        before = self.source.text[: token.start()]
        if self.factor and before[-1:].isspace() and (found := NUMBERED.match(self.source.text, token.start())):
            both = f"a factor, *{found[1]}, and the number of an equation"
            self.refuse(
                self.source.places[token.start()],
                f"'{found[0].strip()}' has two readings: {both}; write one, or nothing",
            )

    def number(self, text: str, at: int, spelled: str = "") -> None:
        """A number, behind a factor only where it cannot be meant as a power or as more digits."""
        if self.factor and text.isdigit() and self.pieces[-1].isdigit():
            both = f"{self.pieces[-1]}{text} and {self.pieces[-1]}*{text}"
            self.refuse(at, f"'{self.pieces[-1]} {text}' has two readings: {both}; write one of them")
        if self.factor:
            self.refuse(at, f"'{text}' stands behind a factor; write * or ** before it")
        if "E" in text[1:] and text[:2] not in ("0x", "0X"):
            first, _, power = text.partition("E")
            product = f"{first}*E{power}" if power[0] in "+-" else f"{first}*E*{power}"
            self.refuse(at, f"'{text}' has two readings: {first}e{power} and {product}; write one of them")
        self.put(spelled or text, at)
        self.factor = True

    def open(self, text: str, at: int, call: bool) -> None:
        """A parenthesis, of a product unless it may be that of a call."""
        if text == "[" and at and INDEX.match(self.typed, at - 1):
            self.refuse(at, "an index is not read; write the size that it stands for")
        if not call:
            self.begin("(...)", at)
        self.put(OPENING[text], at)
        if text != "√":
            self.outer.append((text, at, self.divisor))
            self.divisor = None
        self.factor = False

    def sign(self, text: str, at: int) -> None:
        """An operation, or the end of parentheses."""
        if text in NOT_READ:
            self.refuse(at, NOT_READ[text])
        if text in (")", "]"):
            opened, _, self.divisor = self.outer.pop() if self.outer else ("", at, None)
            if not opened or (opened == "[") != (text == "]"):
                other = f"; '{opened}' is open" if opened else ""
                self.refuse(at, f"this {'parenthesis' if text == ')' else 'bracket'} closes nothing{other}")
            text = ")"
        elif text in BETWEEN and self.pieces and self.pieces[-1] in BETWEEN:
            self.refuse(at, "a sign of a product, quotient or power stands behind another")
        elif text in ("/", "//"):
            self.divisor = len(self.pieces) + 1
        elif text != "**" and (self.factor or text not in "+-"):
            self.divisor = None
        self.put(text, at)
        self.factor = text in (")", "oo")

    def begin(self, text: str, at: int) -> None:
        """The sign of a product, if a factor stands before the one that begins.

        Raises:
            UserError: both would stand behind a division, or only the first: papers mean either.
        """
        if not self.factor:
            return
        if self.divisor is not None:
            below = "".join(self.pieces[self.divisor :])
            self.refuse(at, two_readings(below, text))
        self.put("*", at)

    def put(self, text: str, at: int) -> None:
        """Write a piece that stands for what was typed at an index."""
        self.pieces.append(text)
        as_typed = self.typed.startswith(text, at)
        self.places += range(at, at + len(text)) if as_typed else [at] * len(text)

    def refuse(self, at: int, reason: str) -> NoReturn:
        """An error that points at an index of what was typed."""
        raise at_column(self.typed, at + 1, reason)


def two_readings(below: str, factor: str) -> str:
    """What is said of a product without a sign that stands behind a division."""
    both = f"/({below}*{factor}) and /{below}*{factor}"
    return f"'/{below} {factor}' has two readings: {shorten(both, 80)}; write one of them"
