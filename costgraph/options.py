"""Options by name, as in `tensor_parallel(T, sequence=True)`: text -> what a table holds under that name.

An option's type follows from its annotation, for text (`convert`) and for objects (`checked`): bool, `Literal[...]`, a
size, text, or a class.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import fields
from functools import cache
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from costgraph.algebra.parser import Size, size
from costgraph.algebra.syntax import source, tree
from costgraph.errors import UserError, shorten, unknown

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


# A lone number with a magnitude, or a name that begins with a digit, as an option: `decoder(kv_heads=4k)`,
# `pipeline(4, schedule=1f1b)`. Python knows no such number.
BEGINS_WITH_DIGITS = re.compile(r"(?<=[=(,])(\s*)([0-9]+(?:\.[0-9]+)?[A-Za-z][A-Za-z0-9]*)(?=\s*[,)])")


def parse_call(what: str, text: str, table: Mapping[str, Callable[..., Any]]) -> Any:
    """Read `name` or `name(value, option=value)` and build what the table holds under that name.

    Raises:
        UserError: unknown name or option, or a value of another kind.
    """
    text = BEGINS_WITH_DIGITS.sub(r"\1'\2'", text)
    head, mark, rest = text.partition("(")
    if head.strip() not in table and (error := otherwise(what, text.strip(), table)):
        raise error
    if re.search(r"\)\s+[A-Za-z]", rest):
        raise UserError(f"{what} '{shorten(text)}': one stands behind the other; write a comma between them")
    spelled = {name.replace("-", "_"): name for name in table}  # megatron-2025 is a name, too
    node = tree((head.replace("-", "_") if is_named(what, head.strip(), table) else head) + mark + rest)
    call = node if isinstance(node, ast.Call) else ast.Call(func=node, args=[], keywords=[])
    if not isinstance(call.func, ast.Name):
        raise UserError(f"'{shorten(text)}': write NAME or NAME(OPTION=VALUE, ...)")
    name = spelled.get(call.func.id, call.func.id)
    if name not in table:
        from costgraph.aliases import understood  # names of the table need none

        name = understood(what, name)
    if name not in table:
        raise unknown(what, name, table)
    options: dict[str, str] = {}
    for keyword in call.keywords:
        if (option := keyword.arg or "**") in options:
            raise UserError(f"{name}: {option} is given twice")
        options[option] = source(text, keyword.value)
    return bind(name, table[name], [source(text, arg) for arg in call.args], options)


def is_named(what: str, name: str, table: Container[str]) -> bool:
    """Whether a table has a name, or one that it is short for."""
    if name in table:
        return True
    from costgraph.aliases import understood  # names of the table need none

    return understood(what, name) in table


# A name and its value as other tools have them: `tp=4`, `tp:4`, `tp4`, `zero_3`, `recompute=full`, `8x4`, `fsdp(8)`.
VALUED = re.compile(r"([A-Za-z_-]*?)\s*(?:[=:(]|[-_ ]?(?=[0-9]))\s*([0-9]+(?:x[0-9]+)*|[A-Za-z]\w*)\s*\)?")
OPEN = re.compile(r"\((?:N_d|T|P|C|X|M)\b")  # the open degree in a remedy


def otherwise(what: str, text: str, table: Mapping[str, Callable[..., Any]]) -> UserError | None:
    """An error for a name with a value as other tools have them, with how that is written; None for anything else."""
    from costgraph.aliases import meant, understood

    found = VALUED.fullmatch(text)
    if not text:
        return None
    if found is None and not (text.isidentifier() or re.fullmatch(r"[\w.:/-]+", text)):
        return None if "(" in text else UserError(f"{what} '{shorten(text)}': write NAME or NAME(OPTION=VALUE, ...)")
    name, value = found.groups() if found else (text, "")
    known = understood(what, name)
    if known in table and (not found or "(" in text):
        return None
    if found and not name:
        ways = [
            f"{one}({degree})" for one, degree in zip(("data", "tensor", "pipeline"), value.split("x"), strict=False)
        ]
        alone = [f"{one}({value})" for one in ("tensor", "data", "pipeline")]
        written = ", ".join(ways) if "x" in value else " or ".join(alone)
        return UserError(f"{what} '{text}': write {written}") if "tensor" in table else None
    if known in table:
        parameters, hints = asked(table[known])
        first = hints[next(iter(parameters))] if parameters else None
        takes = first is not None and (first == Size or value in map(str, get_args(first)))
        return UserError(f"{what} '{text}': write {known}{f'({value})' if takes else ''}")
    together = meant(f"{name}{value}".replace("_", "").replace("-", ""), what) if found else ""
    if remedy := together or (OPEN.sub(f"({value}", meant(name, what)) if found else ""):
        return UserError(f"unknown {what} '{text}': write {remedy}")
    return unknown(what, text.partition("(")[0] if "(" in text else text, table)


def bind(name: str, make: Callable[..., Any], args: list[str], options: dict[str, str]) -> Any:
    """Call `make` with options given as text, each converted by the annotation of its parameter."""
    known, hints = asked(make)
    parameters = list(known)
    if len(args) > len(parameters):
        raise UserError(f"{name}: takes at most {len(parameters)} options ({', '.join(parameters) or 'none'})")
    for parameter, arg in zip(parameters, args, strict=False):
        if parameter in options:
            raise UserError(f"{name}: {parameter} is given twice")
        if other := choice_of(arg.strip("'\""), parameter, hints):
            raise UserError(f"{name}: {shorten(arg)} is a choice of {other}; write {other}={shorten(arg)}")
        options[parameter] = arg
    for option in options:
        if option not in parameters:
            raise unknown_option(name, option, parameters)
    missing = [p for p, s in known.items() if s.default is s.empty and p not in options]
    if missing:
        raise UserError(f"{name}: a value is missing for {missing[0]}, as in {name}({missing[0]}=...)")
    return make(**{option: convert(name, option, text, hints[option]) for option, text in options.items()})


def unknown_option(name: str, option: str, parameters: Collection[str]) -> UserError:
    """An error for an option that there is not; a size that frameworks call so is put in elsewhere."""
    from costgraph.algebra.frameworks import CALLED  # only where something is wrong
    from costgraph.aliases import meant_as

    what = f"option of {name}"
    if (texts := CALLED.get(option, ())) and not meant_as(what, option):
        return UserError(f"unknown {what} '{option}': write --limit {texts[0]}=...")
    return unknown(what, option, parameters)


def choice_of(word: str, parameter: str, hints: Mapping[str, Any]) -> str:
    """The option that a word is a choice of, where it stands in the place of another; "" if of none."""
    of = {name: {str(one) for kind in (hint, *get_args(hint)) if get_origin(kind) is Literal for one in get_args(kind)}
          for name, hint in hints.items()}  # fmt: skip
    if word in of.get(parameter, ()):
        return ""
    return next((name for name, choices in of.items() if word in choices and not word.isdigit()), "")


@cache
def asked(make: Callable[..., Any]) -> tuple[Mapping[str, Parameter], dict[str, Any]]:
    """The parameters and their annotations; a pass is a dataclass, and its fields are its parameters."""
    return signature(make).parameters, get_type_hints(make)


def convert(name: str, option: str, text: str, hint: Any) -> Any:
    """The text of one option as the type its parameter is annotated with."""
    if hint is bool:
        if text not in ("True", "False"):
            raise UserError(f"{name}: {option}={shorten(text)} must be True or False")
        return text == "True"
    if hint is str:
        return text.strip("'\"")
    if literal := next((one for one in (hint, *get_args(hint)) if get_origin(one) is Literal), None):
        word, choices = text.strip("'\""), {str(choice): choice for choice in get_args(literal)}
        if word not in choices and str in get_args(hint):
            return word
        if word not in choices:
            raise unknown(f"{option} of {name}", word, filter(None, choices))
        return choices[word]
    return size(number(text.strip("'\"")))


def number(text: str) -> Size:
    """A size that was typed, also as `4k`.

    Raises:
        UserError: `4K`, which has three readings.
    """
    if not (text[:1].isdigit() and text[-1:].isalpha()):
        return text
    from costgraph.algebra.magnitudes import lone  # most options are a number or a symbol

    found = lone(text)
    return text if found is None else found


def checked(name: str, given: DataclassInstance) -> None:
    """Check that the options in the fields of a dataclass are what they are annotated with.

    Raises:
        UserError: one is not; the message says what it can be.
    """
    hints = field_hints(type(given))
    for field in fields(given):
        check(name, field.name, getattr(given, field.name), hints[field.name])


@cache
def field_hints(kind: type[DataclassInstance]) -> dict[str, Any]:
    """The annotations of the fields of a dataclass."""
    return get_type_hints(kind)


def check(name: str, option: str, value: object, hint: Any) -> None:
    """Check one option that was given as an object."""
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        said = [choice for choice in choices if choice != ""]
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            if isinstance(value, str) and all(isinstance(choice, str) for choice in choices):
                raise unknown(f"{option} of {name}", value, said)
            raise UserError(f"{name}: {option}={shown(value)} must be one of {', '.join(map(repr, said))}")
    elif hint is bool:
        if not isinstance(value, bool):
            raise UserError(f"{name}: {option}={shown(value)} must be True or False")
    elif hint == Size:
        try:
            size(value)  # type: ignore[arg-type]
        except UserError as error:
            raise UserError(f"{name}: {option}={shown(value)}: {error}") from None
    elif not isinstance(value, kinds := get_args(hint) or (hint,)):
        words = " or ".join("text" if kind is str else kind.__name__ for kind in kinds)
        raise UserError(f"{name}: {option}={shown(value)} must be {words}")


def shown(value: object) -> str:
    """An object in a message."""
    return shorten(repr(value))


def typed(name: str, made: DataclassInstance) -> str:
    """A call as one would type it: the first field by position, then those that differ from their defaults."""
    given = {field.name: getattr(made, field.name) for field in fields(made)}
    options = [
        f"{'' if at == 0 else f'{field.name}='}{size(value) if isinstance(value, float) else value}"
        for at, field in enumerate(fields(made))
        if field.default != (value := given[field.name])
    ]
    return f"{name}({', '.join(options)})" if options else name
