"""Letters of one's own, in which sizes and formulas are typed: `batch_size=B, h=D`, those of a source, or of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cache
from pathlib import Path

from costgraph.algebra.bindings import split_sizes
from costgraph.algebra.defining import DefiningReader
from costgraph.algebra.named_letters import Letters
from costgraph.algebra.parser import parse
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.syntax import Formula
from costgraph.algebra.syntax import read as read_formula
from costgraph.errors import UserError, each_text, need_text, shorten, unknown
from costgraph.records import dataclass
from costgraph.resources import data_folder
from costgraph.toml_tables import from_table
from costgraph.toml_text import of_package, parse_toml
from costgraph.user_files import MAX_TOML, read_text

FILE = "notations.toml"
EXAMPLE = "'batch_size=B, seqlen=S'"


@dataclass(frozen=True)
class Contents:
    """What letters stand for, by the name of the notation."""

    notations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@cache
def notations() -> Mapping[str, Mapping[str, str]]:
    """What letters stand for in a source's own notation, by the notation's name."""
    table = of_package(data_folder("formulas") / FILE)
    return from_table(Contents, {"notations": table}, FILE).notations


def read(let: str | Iterable[str] | Mapping[str, str], notation: str | None, in_formula: bool = True) -> Letters:
    """What letters stand for, those that were typed before those of the notation.

    Args:
        let: such as `batch_size=B, h=D`, as text or as a mapping.
        notation: its name, or a file of letters.
        in_formula: whether a letter of the notation may stand for something else than the symbol of that name. In a
            formula of a source it does; where sizes are bound, `D` stays the width unless `let` says otherwise.

    Raises:
        UserError: an unknown notation, a file that is none, or a letter without a meaning in symbols of the table.
    """
    of_source = of_notation(notation) if notation is not None else {}
    texts = {name: text for name, text in of_source.items() if in_formula or name not in SYMBOLS} | typed(let)
    found, functions, said = dict[str, Quotient](), dict[str, Formula](), list[str]()
    for name, text in texts.items():
        if not all(part.isascii() and part.isidentifier() for part in name.split(".")):
            raise UserError(f"'{shorten(name)}' cannot be a letter of one's own: write letters, digits, _ and dots")
        try:
            found[name] = meaning(text, read_as := list[str]())
        except UserError as error:
            if (function := of_open_sizes(text)) is None:
                raise UserError(f"{name}={shorten(text)}: {error}") from None
            functions[name] = function
        said += [f"{name}: {one}" for one in read_as]
    own = typed(let)
    told = {name: text for name, text in of_source.items() if name not in own and name != text}
    return Letters(found, told, said, functions)


def meaning(text: str, said: list[str]) -> Quotient:
    """What a letter stands for, also a lone number such as `4k`; `said` gets how it was read."""
    from costgraph.algebra.magnitudes import lone  # most questions are in symbols of the table

    number = lone(text)
    if number is None:
        return parse(text, said=said)
    said.append(f"{text.strip()} read as {number}")
    return Quotient(number)


def of_open_sizes(text: str) -> Formula | None:
    """The formula of a letter that stands for a minimum, a root and the like of sizes; None if it is none."""
    try:
        reader = DefiningReader(read_formula(text))
        reader.value()
    except UserError:
        return None
    return reader.formula if reader.made else None


def typed(let: str | Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    """Letters as they were typed."""
    if isinstance(let, Mapping):
        return {str(name): str(text) for name, text in let.items()}
    found: dict[str, str] = {}
    for item in (part for text in each_text(let, EXAMPLE.strip("'")) for part in split_sizes(text)):
        name, sign, text = (part.strip() for part in item.partition("="))
        if not (sign and name and text):
            raise UserError(f"'{shorten(item)}': write LETTER=MEANING, as in --let {EXAMPLE}")
        name = name.removeprefix("\\") if name.startswith("\\") and name[1:].isalpha() else name  # \Psi, as in LaTeX
        if name in found:
            raise UserError(f"--let: {name} is given twice")
        found[name] = text
    return found


def of_notation(name: str) -> Mapping[str, str]:
    """The letters of a source, or of a file that has them as `h = "D"`, or as one table of notations."""
    need_text(name, "megatron")
    if name in notations():
        return notations()[name]
    if not name.endswith(".toml"):
        raise UserError(f"{unknown('notation', name, notations())}, or name a file ending in .toml")
    table = parse_toml(read_text(Path(name), MAX_TOML), name)
    given = {key: value for key, value in table.items() if key in ("notations", "entry", "sources")} or {
        "notations": {name: table}
    }
    found = from_table(Contents, {"notations": given.get("notations", {})}, name).notations
    if len(found) != 1:
        raise UserError(f'{name}: {len(found)} notations ({", ".join(found) or "none"}); write one, as h = "D"')
    return next(iter(found.values()))
