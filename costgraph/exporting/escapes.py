"""Free text made safe for a target: comments, documents, and what is in its language already."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any


class Verbatim(str):
    """Text that is in the language of the target already and must not be escaped."""

    __slots__ = ()


def comment(text: str) -> str:
    """Free text for a comment, a docstring or a string literal of any programming language, on one line."""
    text = "".join(" " if char.isspace() else char for char in text if char.isprintable() or char.isspace())
    for mark, instead in (
        ("\\", "/"),
        ('"', "'"),
        ("*/", "* /"),
        ("/*", "/ *"),
        ("-->", "-- >"),
        ("`", "'"),
        ("${", "$ {"),
    ):
        text = text.replace(mark, instead)
    return " ".join(text.split())


def substitution(table: Mapping[str, str]) -> Callable[[str], str]:
    """A function that replaces characters one by one."""
    mapping = str.maketrans(dict(table))
    return lambda text: text.translate(mapping)


LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"$<$", ">": r"$>$", "|": r"$\mid$", "×": r"$\times$",
    "→": r"$\to$", "·": r"$\cdot$", "≪": r"$\ll$", "≥": r"$\ge$", "≤": r"$\le$", "−": "$-$",
    "–": "--", "µ": r"$\mu$",
}  # fmt: skip


POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
NO_POWERS = str.maketrans(POWERS, "0123456789")


QUOTE = "'"
OPTION = re.compile(r"(--[a-z][a-z-]*(?: '[^']*')?)")  # of a command, with its value in quotes


def latex(text: str) -> str:
    """Free text for LaTeX, with quotation marks that open and close; what is to be typed can be copied."""
    pieces = OPTION.split(text)
    return "".join(typed(piece) if at % 2 else prose(piece) for at, piece in enumerate(pieces))


def prose(text: str) -> str:
    """What is to be read."""
    text = substitution(LATEX)(re.sub(r'"([^"]*)"', r"``\1''", text).replace('"', "''"))
    return re.sub(f"[{POWERS}]+", lambda found: f"$^{{{found[0].translate(NO_POWERS)}}}$", text)


def typed(text: str) -> str:
    """An option of a command, without the dashes and quotation marks that type makes of what is typed."""
    straight = r"{\textquotesingle}" if '"' in text else '"'  # which typewriter fonts have themselves
    return rf"\texttt{{{substitution(LATEX)(text).replace('--', '-{}-').replace(QUOTE, straight)}}}"


def typst(text: str) -> str:
    """Free text for Typst; what is to be typed can be copied."""
    prose = substitution({char: f"\\{char}" for char in "\\*_`$#<>@[]~/"})
    pieces = OPTION.split(text)
    return "".join(f"#raw({json.dumps(piece)})" if at % 2 else prose(piece) for at, piece in enumerate(pieces))


ESCAPES: dict[str, Callable[[str], str]] = {
    "none": str,
    "comment": comment,
    "latex": latex,
    "html": substitution({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}),
    "typst": typst,
    "markdown": substitution({"\\": "\\\\", "|": "\\|", "<": "&lt;", "*": "\\*", "_": "\\_", "`": "\\`", "$": "\\$"}),
}


def escaped(value: Any, escape: Callable[[str], str]) -> Any:
    """The same data with all free text made safe for the target."""
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Mapping):
        return {key: escaped(entry, escape) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [escaped(entry, escape) for entry in value]
    return value
