"""Jinja2 in a sandbox: a template sees plain data, never Python, and a name it misses is an error with its line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
from jinja2.bccache import Bucket
from jinja2.exceptions import SecurityError

from costgraph.errors import UserError, unknown
from costgraph.exporting.escapes import ESCAPES, escaped
from costgraph.exporting.sandbox import Sandbox
from costgraph.exporting.targets import Target, text_of
from costgraph.resources import data_folder

SHARED = "_shared"  # folder of what templates of several targets import


TOML_MARKS = {kind: (f"{kind}_start_string", f"{kind}_end_string") for kind in ("block", "variable", "comment")}


class Compiled(jinja2.BytecodeCache):
    """Templates that were compiled before in this process; those that have changed since count as others."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what is known."""
        bucket.code = self.known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        assert bucket.code is not None
        self.known[bucket.key, bucket.checksum] = bucket.code


@cache
def compiled(marks: frozenset[tuple[str, str]]) -> Compiled:
    """Those with these delimiters, on which it depends how a template is read."""
    return Compiled()


def render(target: Target, context: Mapping[str, Any]) -> str:
    """The target's template filled in.

    Raises:
        UserError: the template is missing or wrong, misses a name, or reaches for Python internals; with file and line.
    """
    if target.escape not in ESCAPES:
        raise UserError(f"{target.name}: {unknown('escape', target.escape, ESCAPES)}")
    marks = delimiters(target)
    environment = Sandbox(
        loader=jinja2.ChoiceLoader(
            [jinja2.FunctionLoader(reader(folder)) for folder in (*target.folders, data_folder("exporters") / SHARED)]
        ),
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=compiled(frozenset(marks.items())),
        **marks,
    )
    environment.add_filter("json", lambda value: json.dumps(value, ensure_ascii=False))
    try:
        return environment.get_template(target.template).render(escaped(context, ESCAPES[target.escape]))
    except jinja2.TemplateNotFound as error:
        raise UserError(f"{target.name}: there is no template '{error.name}' in {places(target)}") from None
    except jinja2.TemplateSyntaxError as error:
        raise UserError(f"{error.filename or error.name}, line {error.lineno}: {error.message}") from None
    except SecurityError as error:
        raise UserError(f"{location(error, target)}: not allowed in a template: {error}") from None
    except jinja2.TemplateRuntimeError as error:
        raise UserError(f"{location(error, target)}: {error.message}") from None
    except UserError:  # a template that cannot be read
        raise
    except Exception as error:  # templates are programs: anything can go wrong in them
        raise UserError(f"{location(error, target)}: {type(error).__name__}: {error}") from None


def reader(folder: Any) -> Callable[[str], tuple[str, str, Callable[[], bool]] | None]:
    """A function that reads a template of the folder, and nothing outside it."""

    def read(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        if not re.fullmatch(r"[\w.-]+", name) or name.startswith("."):
            return None
        path = folder / name
        there = os.path.lexists(path) if isinstance(path, Path) else path.is_file()
        return (text_of(folder, name), str(path), lambda: True) if there else None

    return read


def delimiters(target: Target) -> dict[str, str]:
    """Jinja's delimiters as the target wants them: `block = "<% %>"`."""
    chosen: dict[str, str] = {}
    for kind, text in target.marks.items():
        if kind not in TOML_MARKS or len(text.split()) != 2:
            raise UserError(f'{target.name}: marks are block, variable and comment, each as in "<% %>"')
        chosen |= dict(zip(TOML_MARKS[kind], text.split(), strict=True))
    return chosen


def places(target: Target) -> str:
    """The folders of a target, for a message."""
    return " or ".join(str(folder) for folder in target.folders)


def location(error: BaseException, target: Target) -> str:
    """The file and line of the template in which an error came up."""
    found, at = target.template, error.__traceback__
    while at is not None:
        name = at.tb_frame.f_code.co_filename
        if any(name.startswith(str(folder)) for folder in target.folders):
            found = f"{name}, line {at.tb_lineno}"
        at = at.tb_next
    return found
