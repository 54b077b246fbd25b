"""The source of a paper before its equations are read: comments out, its own short commands put in, names in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

COMMENTS = re.compile(r"((?<!\\)(?:\\\\)*)%[^\n]*")
NOT_SET = re.compile(
    r"\\begin\{(comment|verbatim\*?|Verbatim|lstlisting|minted)\}.{0,100000}?\\end\{\1\}|\\iffalse(?![A-Za-z]).{0,100000}?\\fi(?![A-Za-z])",
    re.DOTALL,
)
COMMANDS = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand)\*?\s*\{?\\([A-Za-z]+)\}?\s*(?:\[([0-9])\])?\s*(?=\{)|\\def\s*\\([A-Za-z]+)\s*(?=\{)"
    r"|\\DeclareMathOperator\*?\s*\{\\([A-Za-z]+)\}\s*(?=\{)"
)
DEEPEST, LONGEST, LONGEST_PART, MOST = 4, 1_000_000, 2000, 1000
IN_WORDS = re.compile(
    r"\\(?:text|textrm|textbf|textit|textsf|mathrm|mathit|mathbf|mathsf|operatorname\*?)\s*\{([^{}]*)\}"
)
RATIO = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")


def prepared(source: str) -> str:
    """A source without comments and with its own commands put in, on the lines that it had."""
    text = COMMENTS.sub(r"\1", source.replace("\ue000", " "))
    text = NOT_SET.sub(lambda found: "\n" * found[0].count("\n"), text)
    commands: dict[str, tuple[int, str]] = {}
    for found in islice(COMMANDS.finditer(text), MOST):
        body, end = braced(text, found.end())
        if "\n" not in body and end > found.end():
            commands[found[1] or found[3] or found[4]] = (int(found[2] or 0), body)
    if not commands:
        return text
    text = COMMANDS.sub(lambda found: "\n" * found[0].count("\n"), text)
    for _ in range(DEEPEST):
        more = put_in(text, commands)
        if more == text or len(more) > LONGEST:
            break
        text = more
    return text


def put_in(text: str, commands: dict[str, tuple[int, str]]) -> str:
    """A text with each of its own commands replaced by what it stands for, once."""
    parts, at = [], 0
    for use in re.finditer(r"\\(" + "|".join(sorted(commands, key=len, reverse=True)) + r")(?![A-Za-z])", text):
        if use.start() < at:
            continue
        count, body = commands[use[1]]
        end = use.end()
        for number in range(1, count + 1):
            argument, end = braced(text, end)
            body = body.replace(f"#{number}", argument)
        parts += [text[at : use.start()], body]
        at = end
    return "".join([*parts, text[at:]])


def braced(text: str, at: int) -> tuple[str, int]:
    """What stands in the braces that open there, and where they end; one sign without, nothing of what is too long."""
    while text[at : at + 1].isspace():
        at += 1
    if text[at : at + 1] != "{":
        return text[at : at + 1], at + 1
    depth = 0
    for end in range(at, min(len(text), at + LONGEST_PART)):
        depth += (text[end] == "{") - (text[end] == "}")
        if depth == 0:
            return text[at + 1 : end], end + 1
    return "", at


def between(text: str, opening: re.Pattern[str]) -> Iterator[tuple[int, int, int, int]]:
    """What stands between signs that open and close it: where it opens, begins, ends, closes."""
    at, missing = 0, set()
    while found := opening.search(text, at):
        name = found["name"]
        close = f"\\end{{{name}}}" if name else found[0].replace("[", "]")
        end = -1 if close in missing else text.find(close, found.end())
        if end < 0:
            missing.add(close)
            at = found.end()
        else:
            at = end + len(close)
            yield found.start(), found.end(), end, at


def plain(name: str) -> str:
    """A name in LaTeX in the words that it is set in."""
    text = name
    for _ in range(DEEPEST):
        text = RATIO.sub(r"\1/\2", IN_WORDS.sub(r"\1", text))
    return " ".join(text.split())
