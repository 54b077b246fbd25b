"""Named model sizes: bindings of the symbol table with their source, from `models/*.toml` or a file of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from costgraph.algebra.bindings import bound
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError, shorten, unknown
from costgraph.toml_tables import day, from_table, shown, whole
from costgraph.toml_text import of_package, parse_toml
from costgraph.user_files import MAX_TOML, read_text

if TYPE_CHECKING:
    from costgraph.graph.graph import Graph


@dataclass(frozen=True)
class Model:
    """A model by its sizes.

    Args:
        name: how it is asked for, such as `llama-2-7b`.
        title: its name as its authors write it.
        op_set: the graph it is: as text, with options, or made already.
        bindings: sizes by symbol; the sequence length and the batch are the user's.
        nominal: the parameter count in its name, for results of sources that round.
        source: where the sizes were read.
        exact: the exact parameter count that somebody else published or measured, if one is known.
    """

    name: str
    title: str
    op_set: str | Graph
    bindings: Mapping[str, Polynomial]
    nominal: Polynomial | None = None
    source: str = ""
    exact: int | None = None

    @classmethod
    def unnamed(cls, op_set: str | Graph) -> Model:
        """An op set without sizes."""
        return cls("", "", op_set, {})


def named() -> dict[str, Traversable]:
    """The files of the package by model name."""
    found = (files("costgraph") / "models").iterdir()
    return {file.name.removesuffix(".toml"): file for file in sorted(found, key=str) if file.name.endswith(".toml")}


def model(text: str) -> Model:
    """The model called `text`, or the one in the file at that path.

    Raises:
        UserError: unknown name (nearest names), unreadable file, or a size that its symbol cannot take.
    """
    if text.endswith(".toml") or "/" in text:
        place = f"model file {shorten(text, 200)}"
        return made(parse_toml(read_text(text, MAX_TOML, place), place), place, Path(text).stem)
    known = named()
    if text not in known:
        raise unknown("model", text, known)
    return made(of_package(known[text]), f"models/{text}.toml", text)


# --- the form of a file -----------------------------------------------------------------------------------------------


def size(symbol: str, value: Any) -> Polynomial:
    """One size: a number or text such as `129/32`, checked against the symbol's domain."""
    try:
        if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
            raise UserError("write a number or text such as '129/32'")
        return bound(symbol, Fraction(value) if isinstance(value, Decimal) else value)
    except UserError as error:
        raise UserError(f"{shorten(symbol, 40)} = {shown(value)}: {error}") from None


def sizes(table: Any) -> dict[str, Polynomial]:
    """The sizes of `[bindings]`."""
    if not isinstance(table, dict) or not table:
        raise UserError("a table of sizes is expected, such as D = '4096'")
    return {symbol: size(symbol, value) for symbol, value in table.items()}


@dataclass(frozen=True)
class Nominal:
    """The count in the model's name."""

    N_params: Annotated[Polynomial, partial(size, "N_params")]
    source: str = ""


@dataclass(frozen=True)
class Exact:
    """The count that somebody published or measured."""

    params: Annotated[int, whole]
    source: str = ""


@dataclass(frozen=True)
class Origin:
    """Where the sizes were read; `recalled` where it was not looked up again."""

    text: str = ""
    url: str = ""
    accessed: Annotated[str, day] = ""
    note: str = ""
    recalled: bool = False


@dataclass(frozen=True)
class ModelFile:
    """The keys of a file."""

    bindings: Annotated[Mapping[str, Polynomial], sizes]
    name: str = ""
    title: str = ""
    op_set: str = "decoder"
    nominal: Nominal | None = None
    exact: Exact | None = None
    source: Origin = Origin()


def made(table: Mapping[str, Any], place: str, name: str) -> Model:
    """A model from the tables of its file."""
    file = from_table(ModelFile, table, place)
    return Model(
        name=file.name or name,
        title=file.title or file.name or name,
        op_set=file.op_set,
        bindings=file.bindings,
        nominal=file.nominal.N_params if file.nominal else None,
        source=file.source.text,
        exact=file.exact.params if file.exact else None,
    )
