"""The page of errata: what was printed, what follows, why, and what it changes."""

from __future__ import annotations

from collections.abc import Iterable

from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import Source, sources
from costgraph.library.judging.judge import Verdict

FORMATS = ("markdown", "latex")
INTRODUCTION = (
    "Every formula of the library is derived again, and where a source contradicts itself or its own assumptions, that "
    "is recorded here, in the hope of being useful to its authors and readers. None of it takes away from what the "
    "sources teach: most were found because they print enough detail to be checked. "
    "`costgraph check ID` repeats a proof."
)


def page(verdicts: Iterable[Verdict], form: str = "markdown") -> str:
    """All errata, by source: first those proved by computation, then those settled by an argument."""
    found = [v for v in verdicts if v.entry.erratum and v.outcome in ("erratum as recorded", "argued")]
    proved = [v for v in found if v.outcome == "erratum as recorded"]
    argued = [v for v in found if v.outcome == "argued"]
    lines = [heading("Errata", 1, form), prose(INTRODUCTION, form), ""]
    for title, part in (("Proved by computation", proved), ("Settled by an argument", argued)):
        lines += [heading(f"{title} ({len(part)})", 2, form)]
        for key in dict.fromkeys(v.entry.source for v in part):
            lines += [heading(cited(sources()[key]), 3, form)]
            for verdict in part:
                if verdict.entry.source == key:
                    lines += item(verdict.entry, form)
    return "\n".join(lines).rstrip() + "\n"


def item(entry: Entry, form: str) -> list[str]:
    """One erratum."""
    erratum = entry.erratum
    if erratum is None:
        return []
    rows = [("printed", entry.statement, True), ("follows", entry.right, True)]
    if entry.says and erratum.says:
        rows = [("claimed", entry.says, False), ("follows", erratum.says, False)]
    rows += [("why", erratum.why, False)]
    rows += [("consequence", erratum.consequence, False), ("argument", entry.argument, False)]
    label = f"{erratum.kind}, {erratum.severity}"
    if form == "latex":
        lines = [rf"\paragraph{{{escape(f'{entry.place}: {entry.title}')}}} \texttt{{{escape(entry.id)}}} ({label})"]
        lines += [r"\begin{description}"]
        lines += [rf"  \item[{name}] {verbatim(text) if code else escape(text)}" for name, text, code in rows if text]
        return [*lines, r"\end{description}", ""]
    lines = [f"**{entry.place}: {entry.title}** (`{entry.id}`; {label})", ""]
    lines += [f"- {name}: {f'`{text}`' if code else text}" for name, text, code in rows if text]
    return [*lines, ""]


def cited(source: Source) -> str:
    """Title, authors, year, and the commit of a repository."""
    at = source.commit and f"commit {source.commit[:7]}"
    who = ", ".join(part for part in (source.authors, source.year, at) if part)
    return f"{source.title} ({who})" if who else source.title


def heading(text: str, level: int, form: str) -> str:
    """A heading with an empty line after it."""
    if form == "latex":
        return f"\\{'sub' * (level - 1)}section*{{{escape(text)}}}\n"
    return f"{'#' * level} {text}\n"


def prose(text: str, form: str) -> str:
    """A paragraph; in LaTeX, without the backquotes of Markdown."""
    return escape(text.replace("`", "")) if form == "latex" else text


def verbatim(text: str) -> str:
    """A formula in typewriter type."""
    return rf"\texttt{{{escape(text)}}}"


SPECIAL = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
})  # fmt: skip


def escape(text: str) -> str:
    """Text for LaTeX."""
    return text.translate(SPECIAL)
