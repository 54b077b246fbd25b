"""Reports as they leave a command: as text for a person at a terminal, or in a format for somebody else."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from costgraph.cli.output import colored, deliver, on_terminal, writes_unicode

if TYPE_CHECKING:
    from costgraph.reports.layout import Line
    from costgraph.reports.nodes import Report

LOOKS = {"": "", "strong": "bold", "head": "bold", "good": "bold green", "bad": "bold red"}


def tell(report: Report, format_: str = "text", output: Path | None = None, otherwise: int | None = None) -> None:
    """Write a report as text, Markdown, LaTeX or HTML, to stdout or into a file.

    Args:
        report: what to write.
        format_: one of these.
        output: the file, if any.
        otherwise: how wide text is where no terminal says it; rows are not folded unless given.
    """
    match format_:
        case "markdown":
            from costgraph.reports.markdown import markdown

            deliver(markdown(report), output)
        case "latex":
            from costgraph.reports.latex import latex

            deliver(latex(report), output)
        case "html":
            from costgraph.reports.html import html

            deliver(html(report), output, document=True)
        case _:
            deliver(as_text(report, output, otherwise), output)


def as_text(report: Report, output: Path | None, otherwise: int | None) -> str:
    """Text, as wide as the terminal where a person looks at one."""
    from costgraph.algebra.printers import PYTHON, UNICODE
    from costgraph.reports.layout import lines

    seen = output is None and on_terminal()
    found = lines(report, UNICODE if writes_unicode(output) else PYTHON, width() if seen else otherwise)
    return drawn(found) if seen and colored() else "\n".join("".join(span.text for span in line) for line in found)


def width() -> int:
    """Characters on a line of the terminal."""
    return max(shutil.get_terminal_size().columns, 20)


def drawn(found: Sequence[Line]) -> str:
    """Lines as a terminal draws them."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    with console.capture() as capture:
        for line in found:
            console.print(Text.assemble(*((span.text, LOOKS[span.look]) for span in line)), soft_wrap=True)
    return capture.get()
