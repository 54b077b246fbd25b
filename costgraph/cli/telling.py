"""How an answer leaves a command: as text for a person at a terminal, or in a format for somebody else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.output import check_target, colored, deliver, on_terminal, writes_unicode
from costgraph.records import dataclass

if TYPE_CHECKING:
    from costgraph.reports.layout import Line
    from costgraph.reports.nodes import Report

REPORT = ("text", "json", "latex", "markdown", "html")
NARROWEST = 20  # characters on a line
LOOKS = {"": "", "strong": "bold", "head": "bold", "good": "bold green", "bad": "bold red"}


@dataclass(frozen=True)
class To:
    """Where an answer goes.

    Args:
        format: one of those that the command has.
        path: the file; stdout without one.
        force: whether a file may be replaced.
    """

    format: str = "text"
    path: Path | None = None
    force: bool = False

    def tell(
        self,
        report: Callable[[], Report],
        record: Callable[[], Any] = lambda: None,
        otherwise: int | None = None,
        **others: Callable[[], str],
    ) -> None:
        """Write an answer.

        Args:
            report: makes it as a report, which text, Markdown, LaTeX and HTML are written of.
            record: makes what JSON says.
            otherwise: how wide text is where neither `COLUMNS` nor a terminal says it; rows are not folded without.
            others: for each format of the command's own, what makes it.
        """
        if self.format in others:
            deliver(others[self.format](), self.path, document=True)
        elif self.format == "json":
            import json

            deliver(json.dumps(record(), indent=2, ensure_ascii=False), self.path, document=True)
        elif self.format == "text":
            deliver(as_text(report(), self.path, otherwise), self.path)
        else:
            deliver(written(report(), self.format, self.path), self.path, document=self.format == "html")


STDOUT = To()


def answers(*formats_: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command `--format`, `--json`, `-o` and `--force`, in place of its parameter `to`.

    Args:
        formats_: those that it has, the usual one first.
    """
    typed = {
        "format_": (None, Annotated[str | None, formats.option(formats_)]),
        "json_": (False, arg.Json),
        "output": (None, arg.Output),
        "force": (False, arg.Force),
    }
    options = {
        name: Parameter(name, Parameter.KEYWORD_ONLY, default=usual, annotation=kind)
        for name, (usual, kind) in typed.items()
        if name != "json_" or "json" in formats_
    }

    def made(values: dict[str, Any]) -> To:
        output, force = values["output"], values["force"]
        found = formats.chosen(values["format_"], formats_, output, values.get("json_", False))
        check_target(output, force)
        return To(found, output, force)

    return arg.in_place_of("to", options, made)


def written(report: Report, format_: str, output: Path | None) -> str:
    """A report as Markdown, LaTeX or HTML, which is a page of its own in a file, and an element on stdout."""
    match format_:
        case "markdown":
            from costgraph.reports.markdown import markdown

            return markdown(report)
        case "latex":
            from costgraph.reports.latex import latex

            return latex(report)
        case _:
            from costgraph.reports.html import html, page

            return html(report) if output is None else page(report)


def as_text(report: Report, output: Path | None, otherwise: int | None) -> str:
    """Text, as wide as `COLUMNS` says, or the terminal where a person looks at one."""
    from costgraph.algebra.printers import PYTHON, UNICODE
    from costgraph.reports.layout import lines

    seen = output is None and on_terminal()
    found = lines(report, UNICODE if writes_unicode(output) else PYTHON, width(seen) or otherwise)
    return drawn(found) if seen and colored() else "\n".join("".join(span.text for span in line) for line in found)


def width(seen: bool) -> int | None:
    """Characters on a line that `COLUMNS` asks for, else those of a terminal that is seen; None where nobody says."""
    wanted = os.environ.get("COLUMNS", "")
    asked = int(wanted) if wanted.isdecimal() and len(wanted) < 10 else 0
    found = asked or (shutil.get_terminal_size().columns if seen else 0)
    return max(found, NARROWEST) if found else None


def drawn(found: Sequence[Line]) -> str:
    """Lines as a terminal draws them."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    with console.capture() as capture:
        for line in found:
            console.print(Text.assemble(*((span.text, LOOKS[span.look]) for span in line)), soft_wrap=True)
    return capture.get()
