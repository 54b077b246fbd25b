"""Values of options and arguments, read without pydantic where they are plain.

From 0.29 on typer asks pydantic about every value, also about what was left out, and starting pydantic takes as long
as deriving does.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from typer.core import TyperGroup


class PlainGroup(TyperGroup):
    """A group of commands whose own options are read plainly."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The options of the whole, `--help` among them."""
        return read_plainly(super().get_params(ctx))


def read_plainly(params: list[Any]) -> list[Any]:
    """Let what was left out, text, plain numbers and names of new files be read here; the rest stays typer's."""
    for one in params:
        if hasattr(
            one, "get_runtime_param"
        ):  # before 0.29 there is no pydantic to start, and no type of Python in help
            one.process_value = partial(value, one)
            one.display_type_rich = partial(word, one)
            if one.param_type_name == "argument":
                one.metavar = one.metavar or one.name.upper()
    return params


def word(one: Any, ctx: Any) -> str | None:
    """What stands for a value in help: an option has a word for it, an argument is called by its name."""
    if one.param_type_name == "argument":
        return None
    if one.metavar:
        return str(one.metavar)
    kind = one.type_descriptor.annotation
    return {int: "NUMBER", Path: "FILE", bool: None}.get(kind, "TEXT")


def value(one: Any, ctx: Any, typed: Any) -> Any:
    """What an option or argument has as its value, just as typer would find; whatever is to be refused is typer's."""
    kind = one.type_descriptor.annotation
    if kind is int and isinstance(typed, str) and not is_plain(kind, typed):
        typed = number(typed, one)
    if (one.required and one.value_is_missing(typed)) or not is_plain(kind, typed):
        return type(one).process_value(one, ctx, typed)
    found = plain(one, typed)
    return found if one.callback is None else one.callback(ctx, one, found)


def number(typed: str, one: Any) -> str:
    """A whole number without groups of digits or a magnitude: `1,024` is `1024`, and so is `1Ki`.

    Raises:
        UserError: it is none.
    """
    from costgraph.algebra.magnitudes import lone  # plain numbers need none of it
    from costgraph.algebra.parser import size
    from costgraph.errors import UserError, shorten

    found = lone(typed)
    try:
        found = size(typed).number if found is None else found
    except UserError:
        found = None
    if found is None or found.denominator != 1:
        raise UserError(f"{one.opts[0]}: '{shorten(typed)}' is no whole number; write one, such as 1024")
    return str(found)


def is_plain(kind: Any, typed: Any) -> bool:
    """Whether there is only one way to read what was typed."""
    if isinstance(typed, str):
        return (
            kind is str
            or (kind is int and typed.isascii() and typed.isdecimal() and len(typed) < 20)
            or (kind is Path and not os.path.lexists(typed))
        )
    if isinstance(typed, list | tuple):
        return bool(kind == list[str]) and all(isinstance(text, str) for text in typed)
    return typed is None


def plain(one: Any, typed: Any) -> Any:
    """A plain value."""
    if typed is None:
        return () if one.multiple or one.nargs == -1 else None
    kind = one.type_descriptor.annotation
    return kind(typed) if kind in (int, Path) else list(typed) if isinstance(typed, tuple) else typed
