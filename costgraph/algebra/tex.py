r"""LaTeX of formulas as papers have it -> as on paper: `\frac{s}{6h}` becomes `((s)/(6h))`, `N_{\text{a}}` `N_a`.

Only what stands in a table here is read; nothing is expanded or defined.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import NoReturn

from costgraph.algebra.spelling import Spelled, at_column
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import unknown

MAX_DEPTH = 60  # groups one inside the other
FRACTIONS = ("frac", "dfrac", "tfrac", "cfrac")
UPRIGHT = ("text", "mathrm", "textrm", "operatorname", "mathit", "mathsf", "mathtt", "textit", "texttt", "mathbf", "rm")
SIZES = ("left", "right", *(f"{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")))
SIGNS = {
    "cdot": "·", "times": "×", "ast": "*", "div": "/", "lceil": "⌈", "rceil": "⌉", "lfloor": "⌊", "rfloor": "⌋",
    "{": "(", "}": ")", "lbrace": "(", "rbrace": ")", "_": "_", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ll": "≪", "gg": "≫", "infty": "∞", "lt": "<", "gt": ">", "lbrack": "(", "rbrack": ")",
}  # fmt: skip
SPACES = (
    *",;:! ()[]", "quad", "qquad", "thinspace", "displaystyle", "textstyle", "limits", "nolimits", "nonumber",
)  # fmt: skip
FUNCTIONS = ("max", "min")
LETTERS = (
    "alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "kappa", "lambda", "mu", "nu", "rho", "sigma", "tau",
    "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Sigma", "Phi", "Psi", "Omega", "ell",
)  # fmt: skip
ROOT_INDEX = re.compile(r"\s*\[\s*([0-9]{1,3})\s*\]")
COMMAND = re.compile(r"\\([A-Za-z]+|.|$)", re.DOTALL)
ALONE = ("equation", "displaymath", "math")  # environments of one formula
IN_LINES = ("aligned", "align", "split", "gathered", "gather", "multline", "alignedat", "flalign")  # or of lines of it
FENCES = (  # around a formula
    ("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)"),
    *((rf"\begin{{{name}{star}}}", rf"\end{{{name}{star}}}") for name in (*ALONE, *IN_LINES) for star in ("", "*")),
)  # fmt: skip
NEXT_LINE = re.compile(r"\\\\(?:\*|\s*\[[^\]]*\])?|\{\}")  # or a group with nothing in it, before a sign
THOUSANDS = re.compile(r"(?<=[0-9])(?:\{,\}|\\,)(?=[0-9]{3}(?![0-9]))")
SQUARE = {"[": "(", "]": ")", ".": ""}  # what \left and \right may stand before, beside parentheses


def plain(text: str) -> Spelled:
    """The text as on paper.

    Raises:
        UserError: a command that is not read, a group that is not closed, or groups too deep; with the column.
    """
    return Translator(text).translated()


class Translator:
    """Goes through a text once, group by group."""

    def __init__(self, text: str) -> None:
        self.typed = text
        self.at, self.end, self.in_lines = fenced(text)
        self.pieces: list[tuple[str, int]] = []

    def translated(self) -> Spelled:
        """The whole text."""
        self.group("", 0)
        found = [(char, at) for text, at in self.pieces for char in text]
        return Spelled("".join(char for char, _ in found), tuple(at for _, at in found))

    def group(self, close: str, depth: int) -> None:
        """What stands up to a closing brace, or to the end."""
        start = self.at
        self.check_depth(depth)
        while self.at < self.end:
            char = self.typed[self.at]
            if char == close:
                self.at += 1
                return
            if self.skipped(char):
                continue
            match char:
                case "\\":
                    self.command(depth)
                case "{":
                    self.at += 1
                    self.parenthesised(depth)
                case "_":
                    self.subscript(depth)
                case "^":
                    self.superscript(depth)
                case "}" | "$" | "&":
                    self.refuse(self.at, f"'{char}' ends nothing that was begun")
                case _:
                    self.put(" " if char in "~\n\t" else char)
                    self.at += 1
        if close:
            self.refuse(start, "a brace { is not closed")

    def skipped(self, char: str) -> bool:
        """Whether something stands here that says nothing: a comma of thousands, or what aligns lines of a formula."""
        if char in "{\\" and (comma := THOUSANDS.match(self.typed, self.at, self.end)):
            self.at = comma.end()
            return True
        line = NEXT_LINE.match(self.typed, self.at, self.end) if char in "{\\" else None
        if line is None and not (char == "&" and self.in_lines):
            return False
        self.put(" ")
        self.at = line.end() if line else self.at + 1
        return True

    def parenthesised(self, depth: int) -> None:
        """A group that has been opened, as a factor."""
        self.put("(")
        self.group("}", depth + 1)
        self.put(")")

    def argument(self, depth: int) -> None:
        """A group, a command or one character, in parentheses."""
        self.skip_spaces()
        self.check_depth(depth)
        if self.at >= self.end:
            self.refuse(self.at, "something is missing at the end")
        if self.typed[self.at] == "{":
            self.at += 1
            self.parenthesised(depth)
            return
        self.put("(")
        if self.typed[self.at] == "\\":
            self.command(depth + 1)
        else:
            self.put(self.typed[self.at])
            self.at += 1
        self.put(")")

    def command(self, depth: int) -> None:
        """A command and what belongs to it."""
        start = self.at
        found = COMMAND.match(self.typed, self.at, self.end)
        name = found[1] if found else ""
        self.at = found.end() if found else self.end
        if name in FRACTIONS:
            self.put("(", start)
            self.argument(depth)
            self.put("/")
            self.argument(depth)
            self.put(")")
        elif name in UPRIGHT:
            self.word(self.raw(), start)
        elif name in LETTERS or name in FUNCTIONS:
            self.word(name, start)
        elif name == "sqrt":
            self.root(start, depth)
        elif name in SIGNS:
            self.put(SIGNS[name], start)
        elif name in SIZES:
            self.skip_spaces()
            if (following := self.typed[self.at : self.at + 1]) in SQUARE:
                self.at += 1
                self.put(SQUARE[following], start)
        elif name in SPACES:
            self.put(" ", start)
        else:
            known = (*FRACTIONS, *UPRIGHT, *SIGNS, *FUNCTIONS, *LETTERS, "left", "right", "sqrt")
            self.refuse(start, str(unknown("TeX command", name, known)))

    def root(self, start: int, depth: int) -> None:
        r"""A square root, or `\sqrt[3]{...}` as a power."""
        index = ROOT_INDEX.match(self.typed, self.at, self.end)
        if index is None:
            self.put("√", start)
            self.argument(depth)
            return
        self.at = index.end()
        self.put("(", start)
        self.argument(depth)
        self.put(f"^(1/{index[1]}))", start)

    def superscript(self, depth: int) -> None:
        """A power; of digits without braces TeX raises the first alone."""
        start = self.at
        self.at += 1
        self.skip_spaces()
        digits = self.typed[self.at : self.at + 2]
        if digits.isdigit() and len(digits) == 2:
            both = f"^{{{digits}}} and ^{{{digits[0]}}} times {digits[1]}"
            self.refuse(start, f"'^{digits}' has two readings: {both}; write the braces")
        self.put("^", start)
        self.argument(depth)

    def subscript(self, depth: int) -> None:
        """A subscript, which belongs to the name before it."""
        start = self.at
        self.at += 1
        if self.typed[self.at : self.at + 1] not in ("{", "\\"):
            self.put("_", start)  # letters follow, as in N_params
            return
        if self.typed[self.at] == "\\":
            found = COMMAND.match(self.typed, self.at, self.end)
            self.at = found.end() if found else self.end
            inside = self.raw() if found and found[1] in UPRIGHT else found[1] if found else ""
        else:
            inside = self.raw()
        before = re.search(r"[A-Za-z][A-Za-z0-9]*$", "".join(text for text, _ in self.pieces[-30:]))
        if before is None or not inside:
            self.refuse(start, "a subscript belongs to a letter, as in N_{params}")
        word = before[0]
        for at in range(len(word)):
            if (known := self.of_table.get(f"{word[at:]}_{inside}")) is not None:
                for _ in range(len(word) - at):
                    self.pieces.pop()
                self.word(known, start)
                return
        self.put(f"_{named(inside)}", start)
        self.apart()

    def word(self, text: str, start: int) -> None:
        """A name, which runs together with no letter beside it."""
        if self.pieces and self.pieces[-1][0][-1:].isalnum():
            self.put(" ", start)
        for char in self.of_table.get(text, named(text)):  # one piece each, so that a subscript finds its letters
            self.put(char, start)
        self.apart()

    def apart(self) -> None:
        """End a name before a letter or digit."""
        if self.typed[self.at : self.at + 1].isalnum():
            self.put(" ")

    @cached_property
    def of_table(self) -> dict[str, str]:
        """The symbols that are typeset otherwise than they are called: `M_hbm`, `lambda_FLOP/s`."""
        found: dict[str, str] = {}
        for name, symbol in SYMBOLS.items():
            base, _, below = symbol.tex.lstrip("\\").partition("_")
            typeset = f"{letters(base)}_{letters(below)}" if below and base[-1:] != "{" else letters(symbol.tex)
            found.update({typeset: name} if typeset != name else {})
        return found

    def raw(self) -> str:
        """What stands in braces, as letters alone."""
        self.skip_spaces()
        if self.typed[self.at : self.at + 1] != "{":
            self.refuse(self.at, "a group in braces is missing")
        depth, start = 0, self.at
        while self.at < self.end:
            char = self.typed[self.at]
            depth += (char == "{") - (char == "}")
            self.at += 1
            if not depth:
                return letters(self.typed[start + 1 : self.at - 1])
        self.refuse(start, "a brace { is not closed")

    def check_depth(self, depth: int) -> None:
        """Refuse what is nested too deeply."""
        if depth > MAX_DEPTH:
            self.refuse(self.at, f"nested more than {MAX_DEPTH} deep")

    def skip_spaces(self) -> None:
        """Go on to what is no space."""
        while self.at < self.end and self.typed[self.at].isspace():
            self.at += 1

    def put(self, text: str, at: int | None = None) -> None:
        """Write something that stands for what was typed at an index."""
        if text:
            self.pieces.append((text, self.at if at is None else at))

    def refuse(self, at: int, reason: str) -> NoReturn:
        """An error that points at an index of what was typed."""
        raise at_column(self.typed, at + 1, reason)


def fenced(text: str) -> tuple[int, int, bool]:
    """Where a formula begins and ends inside of `$$ $$` and the like, and of spaces; and whether it may have lines."""
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    in_lines = False
    while fence := next((one for one in FENCES if within(text, one, start, end)), None):
        start, end = start + len(fence[0]), end - len(fence[1])
        in_lines |= any(name in fence[0] for name in IN_LINES)
        inside = text[start:end]
        start, end = start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())
    return start, end, in_lines


def within(text: str, fence: tuple[str, str], start: int, end: int) -> bool:
    """Whether all of it stands between the two."""
    return text.startswith(fence[0], start) and text.endswith(fence[1], start + len(fence[0]), end)


def letters(inside: str) -> str:
    r"""What a group of letters says: `\text{FLOP/s}` says `FLOP/s`."""
    words = re.sub(rf"\\(?:{'|'.join(UPRIGHT)})(?![A-Za-z])|[{{}}$]", "", inside.replace(r"\_", "_"))
    return "_".join(words.replace("~", " ").split())


def named(inside: str) -> str:
    """Letters as a part of a name: what cannot stand in one becomes an underscore."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", inside).strip("_")
