"""Named model sizes: bindings of the symbol table with their source, from `models/*.toml` or a file of the user's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from costgraph.algebra.bindings import bound
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError, unknown


@dataclass(frozen=True)
class Model:
    """A model by its sizes.

    Args:
        name: how it is asked for, such as `llama-2-7b`.
        title: its name as its authors write it.
        op_set: the graph it is, with options.
        bindings: sizes by symbol; the sequence length and the batch are the user's.
        nominal: the parameter count in its name, for results of sources that round.
        source: where the sizes were read.
        exact: the exact parameter count that somebody else published or measured, if one is known.
    """

    name: str
    title: str
    op_set: str
    bindings: Mapping[str, Polynomial]
    nominal: Polynomial | None
    source: str
    exact: int | None = None


def named() -> dict[str, Any]:
    """The files of the package by model name."""
    found = (files("costgraph") / "models").iterdir()
    return {file.name.removesuffix(".toml"): file for file in sorted(found, key=str) if file.name.endswith(".toml")}


def model(text: str) -> Model:
    """The model called `text`, or the one in the file at that path.

    Raises:
        UserError: unknown name (nearest names), unreadable file, or a size that its symbol cannot take.
    """
    if text.endswith(".toml") or "/" in text:
        try:
            return from_toml(Path(text).read_text(encoding="utf-8"), text, Path(text).stem)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8 text"
            raise UserError(f"model file {text}: {reason}") from None
    known = named()
    if text not in known:
        raise unknown("model", text, known)
    return from_toml(known[text].read_text(encoding="utf-8"), f"models/{text}.toml", text)


def from_toml(content: str, place: str, name: str) -> Model:
    """A model from the text of its file."""
    try:
        data = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{place}: {error}") from None
    for key in ("bindings", "nominal", "exact", "source"):
        if not isinstance(data.get(key, {}), dict):
            raise UserError(f"{place}: {key} must be a table, [{key}]")
    if not data.get("bindings"):
        raise UserError(f"{place}: the table [bindings] is missing, with sizes such as D = '4096'")
    sizes = {symbol: read(symbol, value, place) for symbol, value in data["bindings"].items()}
    nominal = data.get("nominal", {}).get("N_params")
    count = data.get("exact", {}).get("params")
    return Model(
        name=str(data.get("name", name)),
        title=str(data.get("title", name)),
        op_set=str(data.get("op_set", "decoder")),
        bindings=sizes,
        nominal=None if nominal is None else read("N_params", nominal, place),
        source=str(data.get("source", {}).get("text", "")),
        exact=None if count is None else int(count),
    )


def read(symbol: str, value: Any, place: str) -> Polynomial:
    """One size: a whole number or text, checked against the symbol's domain."""
    try:
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise UserError(f"{symbol} = {value!r}: write a whole number or text such as '129/32'")
        return bound(symbol, value)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
