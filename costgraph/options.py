"""Options by name, as in `tensor_parallel(T, sequence=True)`: text -> what a table holds under that name."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, Literal, get_args, get_origin, get_type_hints

from costgraph.algebra.parser import size
from costgraph.algebra.syntax import source, tree
from costgraph.errors import UserError, shorten, unknown


def parse_call(what: str, text: str, table: Mapping[str, Callable[..., Any]]) -> Any:
    """Read `name` or `name(value, option=value)` and build what the table holds under that name.

    An option's type follows from the annotation of the parameter: bool, `Literal[...]` or a size.

    Raises:
        UserError: unknown name or option, or a value of another kind.
    """
    node = tree(text)
    call = node if isinstance(node, ast.Call) else ast.Call(func=node, args=[], keywords=[])
    if not isinstance(call.func, ast.Name):
        raise UserError(f"'{shorten(text)}': write NAME or NAME(OPTION=VALUE, ...)")
    name = call.func.id
    if name not in table:
        raise unknown(what, name, table)
    options: dict[str, str] = {}
    for keyword in call.keywords:
        if (option := keyword.arg or "**") in options:
            raise UserError(f"{name}: {option} is given twice")
        options[option] = source(text, keyword.value)
    return bind(name, table[name], [source(text, arg) for arg in call.args], options)


def bind(name: str, make: Callable[..., Any], args: list[str], options: dict[str, str]) -> Any:
    """Call `make` with options given as text, each converted by the annotation of its parameter."""
    parameters = list(signature(make).parameters)
    if len(args) > len(parameters):
        raise UserError(f"{name}: takes at most {len(parameters)} options ({', '.join(parameters) or 'none'})")
    for parameter, arg in zip(parameters, args, strict=False):
        if parameter in options:
            raise UserError(f"{name}: {parameter} is given twice")
        options[parameter] = arg
    hints = get_type_hints(make)  # a pass is a dataclass: its fields are its parameters
    for option in options:
        if option not in parameters:
            raise unknown(f"option of {name}", option, parameters)
    missing = [p for p, s in signature(make).parameters.items() if s.default is s.empty and p not in options]
    if missing:
        raise UserError(f"{name}: a value is missing for {missing[0]}, as in {name}({missing[0]}=...)")
    return make(**{option: convert(name, option, text, hints[option]) for option, text in options.items()})


def convert(name: str, option: str, text: str, hint: Any) -> Any:
    """The text of one option as the type its parameter is annotated with."""
    if hint is bool:
        if text not in ("True", "False"):
            raise UserError(f"{name}: {option}={shorten(text)} must be True or False")
        return text == "True"
    if get_origin(hint) is Literal:
        word, choices = text.strip("'\""), {str(choice): choice for choice in get_args(hint)}
        if word not in choices:
            raise unknown(f"{option} of {name}", word, choices)
        return choices[word]
    return size(text.strip("'\""))
