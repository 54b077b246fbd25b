"""Formulas out of LaTeX: the right sides of displayed equations, with their left sides as names.

A row that begins with its sign goes on with the row before, or with its name; `cases` are cases, each of them read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from costgraph.library.auditing.code_shapes import Formula, UnreadError
from costgraph.library.auditing.names import infer
from costgraph.library.auditing.tex_source import between, braced, plain, prepared
from costgraph.library.auditing.tex_sums import without_sums
from costgraph.library.auditing.values import LONGEST

DISPLAYS = re.compile(
    r"\\begin\{(?P<name>(?:equation|align|alignat|flalign|gather|multline|displaymath|eqnarray|IEEEeqnarray|dmath)\*?)\}|(?<!\\)\\\[|\$\$"
)
ROWS = re.compile(r"\\\\(?:\[[^\]]*\])?")
EQUALS = re.compile(r"(?<![<>!:])=|\\approx(?![A-Za-z])|\\simeq(?![A-Za-z])|\\equiv(?![A-Za-z])")
DROPPED = re.compile(
    r"\\(?:label|tag|hspace|vspace)\*?\{[^}]*\}|\\(?:nonumber|notag|quad|qquad|displaystyle)(?![A-Za-z])|\\[,;!:]|&"
)
FRAMES = re.compile(
    r"\\begin\{(?:split|aligned|gathered|array)\}(?:\{[^}]*\})?|\\end\{(?:split|aligned|gathered|array)\}"
)
COLUMNS = re.compile(r"\{[^{}]*\}")
BOUND = re.compile(r"\\(?:leq?q?|geq?q?|leqslant|geqslant|propto|lesssim|gtrsim|sim|ll|gg)(?![A-Za-z])|[<>]")
ALONE = re.compile(r"\\?[A-Za-z]+(?:_(?:\w|\{[^{}]*\}))?")
CASES = re.compile(r"\\begin\{(?P<name>d?cases)\}")
STANDS_FOR_CASES = re.compile("\ue000([0-9]+)\ue000")
GOES_ON = re.compile(r"[+-]|\\(?:times|cdot)(?![A-Za-z])")
UNIT = re.compile(
    r"[\[(]?\\(?:text|mathrm)\{\s*[\[(]?(?:flops?|bytes?)(?:\s*(?:/|per)\s*\w+)?[\])]?\s*\}[\])]?$", re.IGNORECASE
)
NO_LETTERS = re.compile(
    r"\\(?:text|mathrm)\{[^{}]*\}|\\(?:times|cdot|d?frac|left|right|[bB]igg?[lr]?|ldots|dots)(?![A-Za-z])|\d[eE]\d"
)


def equations(source: str) -> list[Formula]:
    """The equations of a file, row by row, without what stands in comments; its own short commands are put in."""
    return list(rows(prepared(source)))


def rows(source: str) -> Iterator[Formula]:
    """Each row of each display with an equals sign, and what goes on with it."""
    first, at = 1, 0
    for opens, start, end, _ in between(source, DISPLAYS):
        if (columns := COLUMNS.match(source, start)) and re.search("IEEE|alignat", source[opens:start]):
            start = columns.end()
        first, at = first + source.count("\n", at, start), start
        held: list[str] = []
        for found in joined(FRAMES.sub(" ", set_aside(source[start:end], held)), first):
            yield from each_case(found, held)


def set_aside(body: str, held: list[str]) -> str:
    """A display with a mark in the place of each `cases`, so that their rows and signs are not taken for its own."""
    parts, at = [], 0
    for opens, start, end, closes in between(body, CASES):
        lines = "\n" * body.count("\n", opens, closes)
        parts += [body[at:opens], f"\ue000{len(held)}\ue000{lines}"]
        held.append(body[start:end])
        at = closes
    return "".join([*parts, body[at:]])


def joined(body: str, first: int) -> Iterator[Formula]:
    """The formulas of a display, each with the rows that go on with it."""
    name, at, line, last = "", 0, first, None
    for row in [*ROWS.finditer(body), None]:
        said, end = body[at : row.start() if row else len(body)], row.end() if row else len(body)
        begins, line = line + said[: len(said) - len(said.lstrip())].count("\n"), line + body.count("\n", at, end)
        at = end
        left, *sides = (" ".join(side.split()) for side in split_outside(DROPPED.sub(" ", said).strip().rstrip(".,;")))
        if last is not None and left and goes_on(last.text, left):
            last, left = replace(last, text=f"{last.text} {left}"), ""
        name = left or name
        formulas = [side for side in map(without_unit, sides) if re.search("[A-Za-z\ue000]", NO_LETTERS.sub("", side))]
        if (
            not formulas and sides and infer(sides[-1]).measure and re.search("[A-Za-z]", NO_LETTERS.sub("", left))
        ):  # the name stands behind
            name, formulas = sides[-1], [left]
        if formulas:
            *before, end_of_chain = [one for one in formulas if not ALONE.fullmatch(one)] or formulas[-1:]
            yield from filter(None, [last, *(Formula(name or "an equation", begins, one) for one in before)])
            last = Formula(name or "an equation", begins, end_of_chain)
        elif not sides and (bound := BOUND.search(left)) and left[: bound.start()].strip():
            yield from filter(None, [last])
            name, last = left[: bound.start()].strip(), None
            yield Formula(name, begins, unread=f"'{bound[0]}' is no equation")
    yield from filter(None, [last])


def goes_on(before: str, row: str) -> bool:
    """Whether a row goes on with the one before."""
    return len(before) <= LONGEST and bool(GOES_ON.match(row) or re.search(r"([+*-]|\\times|\\cdot)$", before))


def split_outside(row: str) -> list[str]:
    """A row at its equals signs, apart from those inside of braces."""
    cuts, depth, at = [], 0, 0
    signs = {sign.start(): sign.end() for sign in EQUALS.finditer(row)}
    for position, letter in enumerate(row):
        depth += (letter == "{") - (letter == "}")
        if depth == 0 and position in signs:
            cuts.append(row[at:position])
            at = signs[position]
    return [*cuts, row[at:]]


def without_unit(side: str) -> str:
    """A side without the unit behind it, and without the braces that name its parts."""
    for command in (r"\underbrace", r"\overbrace"):
        while (start := side.find(command)) >= 0:
            inside, end = braced(side, start + len(command))
            _, after = braced(side, end + 1) if side[end : end + 1] in ("_", "^") else ("", end)
            if not inside:
                break
            side = f"{side[:start]}{{{inside}}}{side[after:]}"
    return UNIT.sub("", side).strip()


def each_case(found: Formula, held: list[str]) -> Iterator[Formula]:
    """A formula, once for each case that it has."""
    marks = STANDS_FOR_CASES.findall(found.text)
    if len(found.text) > LONGEST:
        yield replace(found, text="", unread="too long")
    elif not marks:
        yield summed(found)
    elif len(marks) > 1:
        yield replace(found, text="", unread="several cases in one equation")
    else:
        before: list[str] = []
        for row in filter(str.strip, ROWS.split(held[int(marks[0])])):
            value, said = (DROPPED.sub(" ", part).strip().rstrip(",;.") for part in row.partition("&")[::2])
            condition = re.sub(r"^(if|for|when)\b\s*", "", plain(said))
            cases = tuple(f"not {one}" for one in before) if condition in ("otherwise", "else") else (condition,)
            text = found.text.replace(f"\ue000{marks[0]}\ue000", f"({without_unit(value)})")
            yield summed(replace(found, text=" ".join(text.split()), cases=tuple(filter(None, cases))))
            before.append(condition)


def summed(found: Formula) -> Formula:
    """A formula without sums over what is alike, or why they are not read."""
    try:
        return replace(found, text=without_sums(found.text))
    except UnreadError as error:
        return replace(found, text="", unread=str(error))
