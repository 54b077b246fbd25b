"""Commands whose options stand once, and whose plain values are read without pydantic."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from costgraph.errors import UserError


class Once(TyperCommand):
    """A command that refuses what is typed twice, unless it is repeatable: one of the two would win without a word."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for one in self.params:
            if hasattr(one, "get_runtime_param"):
                one.process_value = partial(value, one, one.process_value)  # type: ignore[method-assign]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            UserError: an option that takes one value has two.
        """
        _, _, typed = self.make_parser(ctx).parse_args(args=list(args))
        for one in typed:
            if one.nargs == 1 and not one.multiple and not getattr(one, "is_flag", False) and typed.count(one) > 1:
                raise UserError(f"{one.opts[0]} is given twice; it takes one value")
        return super().parse_args(ctx, args)


def value(one: Any, usual: Any, ctx: Any, typed: Any) -> Any:
    """What an option or argument has as its value: from 0.29 on typer asks pydantic, even about what was left out.

    Starting pydantic takes as long as deriving does. So what it would leave as it is, and plain numbers and names of
    new files, are read here; everything else, and whatever is to be refused, is typer's.
    """
    kind = one.type_descriptor.annotation
    if one.callback is not None or (one.required and one.value_is_missing(typed)):
        return usual(ctx, typed)
    if typed is None:
        return [] if one.multiple or one.nargs == -1 else None
    if kind is str and isinstance(typed, str):
        return typed
    if kind == list[str] and isinstance(typed, list | tuple) and all(isinstance(text, str) for text in typed):
        return list(typed)
    if kind is int and isinstance(typed, str) and typed.isascii() and typed.isdecimal() and len(typed) < 20:
        return int(typed)
    if kind is Path and isinstance(typed, str) and not os.path.lexists(typed):
        return Path(typed)
    return usual(ctx, typed)
