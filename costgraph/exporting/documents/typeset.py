"""From the source of a document to pages: pdflatex where TeX is installed, the typst wheel where it is not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Literal

from costgraph.errors import UserError

Engine = Literal["latex", "typst"]
ENGINES: tuple[Engine, ...] = ("latex", "typst")
RUNS = 2  # the second one knows how many pages there are
PATIENCE = 120  # seconds


def engine(wanted: str | None) -> Engine:
    """The program that will make the pages.

    Raises:
        UserError: neither is installed, or not the one that is wanted; says what to install.
    """
    latex, typst = shutil.which("pdflatex") is not None, has_typst()
    if wanted == "latex" and not latex:
        raise UserError("pdflatex is not installed: apt-get install texlive-latex-recommended, or use --engine typst")
    if wanted == "typst" and not typst:
        raise UserError("the typst wheel is not installed: pip install 'costgraph[typst]'")
    if wanted in ENGINES:
        return wanted
    if not latex and not typst:
        raise UserError(
            "making pages needs TeX (apt-get install texlive-latex-recommended) "
            "or Typst (pip install 'costgraph[typst]')"
        )
    return "latex" if latex else "typst"


def has_typst() -> bool:
    """Whether the typst wheel is there."""
    from importlib.util import find_spec

    return find_spec("typst") is not None


def pdflatex(source: str) -> bytes:
    """The PDF of a LaTeX document; the same bytes for the same source.

    Raises:
        UserError: TeX refuses the document; with the relevant lines of its log.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "document.tex").write_text(source, encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "document.tex"]
        environment = {
            **os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "max_print_line": "200",
            "openin_any": "p", "openout_any": "p",
        }  # fmt: skip
        for _ in range(RUNS):
            try:
                done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                raise UserError(f"pdflatex did not finish in {PATIENCE} seconds") from None
            except OSError as error:
                raise UserError(f"pdflatex cannot be run: {error.strerror}") from None
            log = done.stdout.decode("utf-8", "replace")
            if done.returncode or not (folder / "document.pdf").is_file():
                raise UserError(f"pdflatex failed: {relevant(log) or f'status {done.returncode}, no log, no pages'}")
        return (folder / "document.pdf").read_bytes()


def relevant(log: str) -> str:
    """The lines of TeX's log that say what went wrong: from the first `!` to the line number."""
    lines = log.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("!")), None)
    if start is None:
        return " ".join(lines[-3:])
    end = next((i for i, line in enumerate(lines[start:], start) if re.match(r"l\.\d+", line)), start + 3)
    return " / ".join(line.strip() for line in lines[start : end + 1] if line.strip())


def typst(source: str, kind: Literal["pdf", "png"]) -> list[bytes]:
    """A PDF, or one PNG per page, of a Typst document; the same bytes for the same source.

    Raises:
        UserError: Typst refuses the document, or its wheel is not installed.
    """
    engine("typst")
    import typst as compiler

    try:
        made: Any = compiler.compile(source.encode(), format=kind, ppi=144, timestamp=0, ignore_system_fonts=True)
    except compiler.TypstError as error:
        raise UserError(f"typst failed: {' '.join(str(error.diagnostic or error).split())}") from None
    return made if isinstance(made, list) else [made]
