"""Small changes to what an entry of the literature says: one coefficient, exponent, sign or comparison at a time."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from costgraph.library.entries.entry import Entry, Erratum

FLIPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.Gt, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
Mutant = tuple[str, str, Entry]  # what was changed, into what, the changed entry


def mutants(entry: Entry) -> Iterator[Mutant]:
    """Every changed version of an entry."""
    yield from of(entry, "value", numbers)
    yield from of(entry, "printed", expressions)
    for name in ("claim", "shows", "drops", "constant", "derived"):
        yield from of(entry, name, changes)
    for given, text in entry.given.items():
        for other in changes(text):
            yield f"given.{given}", other, replace(entry, given={**entry.given, given: other})
    for name, text in entry.catalog.items():
        machine, _, figure = text.partition(" ")
        other = f"{machine} {'memory' if figure == 'bandwidth' else 'bandwidth'}"
        yield f"catalog.{name}", other, replace(entry, catalog={**entry.catalog, name: other})
    used = words(" ".join((entry.printed, entry.claim, entry.drops, entry.constant, entry.right)))
    for letter in sorted(used & entry.letters.keys()):
        for other in changes(entry.letters[letter]):
            yield f"notation.{letter}", other, replace(entry, notation={**entry.letters, letter: other})
    for parts in lists(entry.structure):
        yield "structure", "; ".join(parts), replace(entry, structure=parts)
    if entry.unit and (entry.let or entry.derive):
        other = "byte" if "FLOP" in entry.unit.partition("/")[0] else "FLOP"
        yield "unit", other, replace(entry, unit=other)
    if entry.erratum:
        for name, other, erratum in of_erratum(entry, entry.erratum):
            yield f"erratum.{name}", other, replace(entry, erratum=erratum)


def of(entry: Entry, name: str, change: Callable[[str], Iterator[str]]) -> Iterator[Mutant]:
    """The versions of an entry with one text changed."""
    if text := getattr(entry, name):
        for other in change(text):
            yield name, other, replace(entry, **{name: other})  # type: ignore[arg-type]


def of_erratum(entry: Entry, erratum: Erratum) -> Iterator[tuple[str, str, Erratum]]:
    """The versions of an erratum."""
    if isinstance(erratum.right, tuple):
        for parts in lists(erratum.right):
            yield "right", "; ".join(parts), replace(erratum, right=parts)
    elif erratum.right:
        change = numbers if entry.value else changes if entry.claim else expressions
        for other in change(erratum.right):
            yield "right", other, replace(erratum, right=other)
    for other in changes(erratum.shows) if erratum.shows else ():
        yield "shows", other, replace(erratum, shows=other)
    if erratum.slip and " becomes " not in erratum.slip:
        for other in changes(erratum.slip):
            yield "slip", other, replace(erratum, slip=other)


def words(text: str) -> set[str]:
    """The names in a text."""
    return set(re.findall(r"[A-Za-z_]\w*", text))


def numbers(text: str) -> Iterator[str]:
    """A printed number with its first or last digit one higher, or with its sign reversed."""
    mantissa, e, power = text.partition("e")
    for at in {next(i for i, c in enumerate(mantissa) if c in "123456789" or c == mantissa[-1]), len(mantissa) - 1}:
        digit = (int(mantissa[at]) + 1) % 10
        yield f"{mantissa[:at]}{digit}{mantissa[at + 1 :]}{e}{power}"
    if text.strip("0."):
        yield f"-{text}"


def lists(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Einsums, kinds or places with one more, one fewer, or one index or op renamed."""
    if parts:
        yield (*parts, parts[-1])
        yield from [parts[1:]] if parts[1:] else []
        yield from ((*parts[:at], part[:-1] + "z", *parts[at + 1 :]) for at, part in enumerate(parts))


def expressions(text: str) -> Iterator[str]:
    """A formula changed in one place, negated, or doubled."""
    yield f"-({text})"
    yield f"2*({text})"
    yield from changes(text)


def changes(text: str) -> Iterator[str]:
    """An expression with the first digit of one number one higher, one sign or one comparison turned."""
    count = sum(1 for _ in ast.walk(ast.parse(text, mode="eval")))
    for at in range(count):
        tree = ast.parse(text, mode="eval")
        if changed(list(ast.walk(tree))[at]):
            yield ast.unparse(tree)


def changed(node: ast.AST) -> bool:
    """Change one node; whether there was something to change."""
    match node:
        case ast.Compare(ops=[first, *rest]):
            node.ops = [FLIPPED[type(first)](), *rest]  # type: ignore[list-item]
        case ast.Constant(value=int() | float() as number):
            node.value = number + 10 ** (math.floor(math.log10(number)) if number else 0)
        case ast.BinOp(op=ast.Add()):
            node.op = ast.Sub()
        case ast.BinOp(op=ast.Sub()):
            node.op = ast.Add()
        case ast.UnaryOp(op=ast.USub()):
            node.op = ast.UAdd()
        case _:
            return False
    return True
