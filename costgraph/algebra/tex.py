r"""LaTeX of formulas as papers have it -> as on paper: `\frac{s}{6h}` becomes `((s)/(6h))`, `N_{\text{a}}` `N_a`.

Only what stands in a table here is read; nothing is expanded or defined.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NoReturn

from costgraph.algebra.fences import fenced
from costgraph.algebra.spelling import Spelled, at_column
from costgraph.algebra.tex_commands import (
    AROUND,
    FACES,
    FRACTIONS,
    FUNCTIONS,
    LETTERS,
    NOT_READ,
    PASSED_OVER,
    SECOND,
    SEVERAL,
    SIGNS,
    SIZES,
    SPACES,
    UPRIGHT,
)
from costgraph.algebra.tex_names import letters, named, typeset

MAX_DEPTH = 60  # groups one inside the other
ROOT_INDEX = re.compile(r"\s*\[\s*([0-9]{1,3})\s*\]")
COMMAND = re.compile(r"\\([A-Za-z]+|.|$)", re.DOTALL)
NEXT_LINE = re.compile(r"\\\\(?:\*|\s*\[[^\]]*\])?|\{\}")  # or a group with nothing in it, before a sign
THOUSANDS = re.compile(r"(?<=[0-9])(?:\{,\}|\\,)(?=[0-9]{3}(?![0-9]))")
KNOWN = (*FRACTIONS, *UPRIGHT, *SIGNS, *FUNCTIONS, *LETTERS, *AROUND, "left", "right", "sqrt")
WORD = re.compile(r"[A-Za-z][\w.]*", re.ASCII)
IN_WORDS = ("text", "mbox", "hbox")  # how faces of prose begin
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
            self.starred()
            self.upright(name, start, depth)
        elif name in FACES:
            self.word(letters(self.until_closed()), start)
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
        elif name in PASSED_OVER:
            self.starred()
            self.raw()
            self.put(" ", start)
        elif name in AROUND or name in SECOND:
            self.around(name, depth)
        else:
            self.refuse(start, self.unread(name))

    def upright(self, name: str, start: int, depth: int) -> None:
        r"""Letters in another face; in one of formulas, such as \mathbf, anything."""
        before = self.at
        inside = self.raw()
        if WORD.fullmatch(inside) or inside in typeset():
            self.word(inside, start)
        elif name.startswith(IN_WORDS):
            self.refuse(start, rf"\{name} has words in it and not a size; leave it out, or write what it says")
        else:
            self.at = before
            self.argument(depth)

    def around(self, name: str, depth: int) -> None:
        r"""A formula with something around it that says nothing: `\underbrace{4 D^2}_{\text{attention}}`."""
        if name in SECOND:
            self.raw()
        self.argument(depth)
        sign = {"underbrace": "_", "overbrace": "^"}.get(name)
        self.skip_spaces()
        if sign and self.typed[self.at : self.at + 1] == sign:
            self.at += 1
            self.raw()

    def unread(self, name: str) -> str:
        """What is said of a command that is not read."""
        if name in ("begin", "end"):
            environment = self.raw().rstrip("*")
            several = environment in SEVERAL
            return f"an environment '{environment}' is not read: " + (
                "write the one formula that is meant" if several else "write the formula without it"
            )
        if name == "mathcal" and self.typed.startswith(("O", "{O}"), self.at):
            return "an order of growth is no formula; leave it out"
        if name in NOT_READ:
            return rf"\{name} is not read: {NOT_READ[name]}"
        near = get_close_matches(name, KNOWN, n=1, cutoff=0.7)
        advice = rf"did you mean \{near[0]}?" if near else "write what it stands for"
        return rf"unknown TeX command '\{name}': {advice}" if name else "a command is missing behind \\"

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
            if (known := typeset().get(f"{word[at:]}_{inside}")) is not None:
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
        for char in typeset().get(text, named(text)):  # one piece each, so that a subscript finds its letters
            self.put(char, start)
        self.apart()

    def apart(self) -> None:
        """End a name before a letter or digit."""
        if self.typed[self.at : self.at + 1].isalnum():
            self.put(" ")

    def raw(self) -> str:
        """What stands in braces, as letters alone; or one letter or command without them."""
        self.skip_spaces()
        if self.at < self.end and self.typed[self.at] not in "{}$&":
            found = COMMAND.match(self.typed, self.at, self.end)
            inside = found[0] if found else self.typed[self.at]
            self.at += len(inside)
            return letters(inside.lstrip("\\"))
        if self.typed[self.at : self.at + 1] != "{":
            self.refuse(self.at, "a group in braces is missing")
        self.at += 1
        inside = self.until_closed()
        self.at += 1
        return letters(inside)

    def until_closed(self) -> str:
        """What stands up to the brace that closes the group, or to the end where none was opened."""
        depth, start = 0, self.at
        while self.at < self.end:
            char = self.typed[self.at]
            depth += (char == "{") - (char == "}")
            if depth < 0:
                return self.typed[start : self.at]
            self.at += 1
        if depth or self.typed[start - 1 : start] == "{":
            self.refuse(start - 1, "a brace { is not closed")
        return self.typed[start : self.at]

    def starred(self) -> None:
        """Pass over the star of a command that has one."""
        if self.typed[self.at : self.at + 1] == "*":
            self.at += 1

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
