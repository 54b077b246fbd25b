"""The page of errata: what was printed, what follows, why, and what it changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from costgraph.library.entries.entry import Entry
from costgraph.library.entries.reading import Source, sources
from costgraph.library.judging.judge import Verdict
from costgraph.library.judging.judged_by import JUDGED
from costgraph.library.pages.links import link
from costgraph.records import dataclass

INTRODUCTION = (
    "What sources print is compared with what follows from a graph, or from their own numbers, and where a source "
    "contradicts itself or its own assumptions, that is recorded here, in the hope of being useful to its authors and "
    "readers. None of it takes away from what the sources teach: most were found because they print enough detail to "
    "be checked. An erratum is *major* if whoever follows the print gets a result, or comes to a decision, that is "
    "wrong by a tenth or more, in the source's own example if it has one; it is *minor* if it is less, or if the "
    "source has the same thing right at another place. Entries with one cause stand together. `costgraph check ID` "
    "repeats a proof; what is settled by an argument says so."
)


@dataclass(frozen=True)
class Cause:
    """Entries of one source that went wrong in one way; the first stands for the others."""

    verdicts: tuple[Verdict, ...]

    @property
    def major(self) -> bool:
        """Whether any of them changes a result."""
        return any(v.entry.erratum is not None and v.entry.erratum.severity == "major" for v in self.verdicts)


def causes(verdicts: Iterable[Verdict]) -> dict[str, list[Cause]]:
    """The causes of errata by source: majors first, and sources with most of them first."""
    found: dict[str, dict[str, list[Verdict]]] = {}
    for verdict in verdicts:
        erratum = verdict.entry.erratum
        if erratum is not None and verdict.outcome in ("erratum as recorded", "argued"):
            key = erratum.group or erratum.why
            found.setdefault(verdict.entry.source, {}).setdefault(key, []).append(verdict)
    sorted_ = {
        source: sorted((Cause(tuple(part)) for part in parts.values()), key=lambda cause: not cause.major)
        for source, parts in found.items()
    }
    return dict(sorted(sorted_.items(), key=lambda item: -sum(cause.major for cause in item[1])))


def page(verdicts: Iterable[Verdict], form: str = "markdown") -> str:
    """All errata: how many, the contents, and those of each source by cause, majors first."""
    found = causes(verdicts)
    lines = [heading("Errata", 1, form), prose(INTRODUCTION, form), "", prose(counted(found), form), ""]
    lines += contents(found) if form == "markdown" else []
    for key, parts in found.items():
        source = sources()[key]
        lines += [heading(cited(source), 2, form)]
        lines += [prose(where_read(source), form), ""]
        for cause in parts:
            lines += item(cause, form) if cause.major or form == "latex" else []
        if form == "markdown" and (minor := [cause for cause in parts if not cause.major]):
            lines += ["Minor:", "", *(in_brief(cause) for cause in minor), ""]
    return "\n".join(lines).rstrip() + "\n"


def counted(found: Mapping[str, Sequence[Cause]]) -> str:
    """How many causes and entries there are, how severe they are, and what the entries rest on."""
    listed = [cause for parts in found.values() for cause in parts]
    entries = [verdict for cause in listed for verdict in cause.verdicts]
    judged = Counter(verdict.judged for verdict in entries)
    rest = ", ".join(f"{judged[kind]} {kind}" for kind in JUDGED if judged[kind])
    major = sum(cause.major for cause in listed)
    return (
        f"{len(listed)} causes ({major} major, {len(listed) - major} minor) in {len(found)} sources, behind "
        f"{len(entries)} entries: {rest}."
    )


def contents(found: Mapping[str, Sequence[Cause]]) -> list[str]:
    """A table of the sources."""
    lines = ["| source | major | minor |", "|---|---:|---:|"]
    for key, parts in found.items():
        major = sum(cause.major for cause in parts)
        source = sources()[key]
        link = f"[{source.title}](#{anchor(cited(source))})"
        lines.append(f"| {link} | {major or ''} | {len(parts) - major or ''} |")
    return [*lines, ""]


def anchor(text: str) -> str:
    """Where a link to a heading leads, as GitHub and MyST make it of its text."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def where_read(source: Source) -> str:
    """The link, the version and the places that were read."""
    version = source.commit[:12] or source.version or "version not recorded"
    parts = [source.url, f"commit {version}" if source.commit else version]
    parts += [f"read: {source.read}"] if source.read else []
    parts += [source.note.rstrip(".")] if source.note else []
    return "; ".join(filter(None, parts)) + "."


def item(cause: Cause, form: str) -> list[str]:
    """One cause: its first entry in full, the others in a line."""
    first, *others = cause.verdicts
    entry, erratum = first.entry, first.entry.erratum
    assert erratum is not None  # or it would be none
    rows = [("printed", entry.statement, True), ("follows", entry.right, True)]
    if entry.says and erratum.says:
        rows = [("claimed", entry.says, False), ("follows", erratum.says, False)]
    rows += [("why", erratum.why, False)]
    rows += [("consequence", erratum.consequence, False), ("argument", entry.argument, False)]
    rows += [("also", "; ".join(map(brief, others)), False)] if others else []
    label = f"{erratum.kind}, {'major' if cause.major else 'minor'}{', argued' if first.outcome == 'argued' else ''}"
    if form == "latex":
        lines = [rf"\paragraph{{{escape(f'{entry.place}: {entry.title}')}}} \texttt{{{escape(entry.id)}}} ({label})"]
        lines += [r"\begin{description}"]
        lines += [rf"  \item[{name}] {verbatim(text) if code else escape(text)}" for name, text, code in rows if text]
        return [*lines, r"\end{description}", ""]
    lines = [f"**{placed(entry)}: {entry.title}** (`{entry.id}`; {label})", ""]
    lines += [f"- {name}: {f'`{text}`' if code else text}" for name, text, code in rows if text]
    return [*lines, ""]


def in_brief(cause: Cause) -> str:
    """One cause in a line of Markdown."""
    first, *others = cause.verdicts
    entry, erratum = first.entry, first.entry.erratum
    assert erratum is not None  # or it would be none
    kind = f"{erratum.kind}, argued" if first.outcome == "argued" else erratum.kind
    printed = (
        f"printed `{entry.statement}`" + (f", right `{entry.right}`" if entry.right else "") if entry.statement else ""
    )
    if entry.says and erratum.says:
        printed = f"claimed is: {entry.says} {erratum.says}"
    told = [printed, erratum.why, erratum.consequence, entry.argument]
    told += [f"also {'; '.join(map(brief, others))}"] if others else []
    return f"- **{placed(entry)}: {entry.title}** (`{entry.id}`; {kind}) " + " ".join(map(sentence, filter(None, told)))


def placed(entry: Entry) -> str:
    """The place of an entry in Markdown, which leads to its file where one is known."""
    address = link(entry)
    return entry.place if address == sources()[entry.source].url else f"[{entry.place}]({address})"


def sentence(text: str) -> str:
    """Text with a capital letter, unless it begins with a formula, and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def brief(verdict: Verdict) -> str:
    """Another entry of a cause: its id, what was printed, and what follows."""
    entry = verdict.entry
    if entry.says or not entry.right:
        return f"{entry.id} ({entry.place})"
    return f"{entry.id} ({entry.place}): printed {entry.statement}, right {entry.right}"


def cited(source: Source) -> str:
    """Title, authors, year, and which commit of a repository or version of a paper was read."""
    at = f"commit {source.commit[:7]}" if source.commit else source.numbered
    who = ", ".join(part for part in (source.authors, source.year, at) if part)
    return f"{source.title} ({who})" if who else source.title


def heading(text: str, level: int, form: str) -> str:
    """A heading with an empty line after it."""
    if form == "latex":
        return f"\\{'sub' * (level - 1)}section*{{{escape(text)}}}\n"
    return f"{'#' * level} {text}\n"


def prose(text: str, form: str) -> str:
    """A paragraph; in LaTeX, without the backquotes of Markdown."""
    return escape(text.replace("`", "").replace("*", "")) if form == "latex" else text


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
