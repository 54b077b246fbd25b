"""Signatures for people: keywords that a function takes by a TypedDict, each by its name.

Type checkers know a TypedDict; `help`, notebooks and the prompts that complete names ask the function itself.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
SIZES = Parameter("sizes", Parameter.VAR_KEYWORD, annotation="Size")  # by their symbols: B=1


def spelled_out(*options: type) -> Callable[[Function], Function]:
    """Show the keywords of these TypedDicts in the signature of a function, in place of `**options`, and sizes last."""

    def decorated(function: Function) -> Function:
        own = signature(function)
        named = {name: one for name, one in own.parameters.items() if one.kind is not Parameter.VAR_KEYWORD}
        typed = {name: kind for one in options for name, kind in one.__annotations__.items() if name not in named}
        more = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=..., annotation=getattr(kind, "__forward_arg__", kind))
            for name, kind in typed.items()
        ]
        function.__signature__ = own.replace(parameters=[*named.values(), *more, SIZES])  # type: ignore[attr-defined]
        return function

    return decorated
