"""Commands that refuse what is typed twice, of which one would win without a word."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from costgraph.cli.plain_values import read_plainly
from costgraph.errors import UserError


class Once(TyperCommand):
    """A command whose options stand once, unless they are repeatable."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Arguments and options, `--help` among them."""
        return read_plainly(super().get_params(ctx))

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
