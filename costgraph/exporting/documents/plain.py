"""The cheat sheet as plain text for a terminal, laid out without a template: reading and compiling one takes longer."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from costgraph.exporting.documents.mathematics import Record

RATES = "Dense rates; GB/s: one direction of a link; ridge: FLOPs while a byte moves."
COUNTED = (
    "Derived from the graph that stands for each (norms with gain and bias, encoders without embeddings); "
    "FLOPs and cache of the first token."
)
SLIPS = "* printed with a slip and corrected here; see `costgraph formulas errata`"
BESIDE = 78  # characters of a line, from which on there is room for the name of a model beside its numbers


def text(sheet: Record) -> str:
    """What stands on a sheet, in lines of its `columns`."""
    return "".join(f"{line.rstrip()}\n" for line in lines(sheet, sheet["columns"]))


def lines(sheet: Record, columns: int) -> Iterator[str]:
    """One after the other."""
    yield "Costs of a transformer"
    yield folded(f"derived op by op from the graph of {sheet['op_set']}", columns)
    yield f"costgraph {sheet['version']}, derivation {sheet['hash']}"
    yield from ("", "SYMBOLS, AND THEIR SIZE IN THE REFERENCE MODEL")
    for one in sheet["symbols"]:
        meaning = one["meaning"] + (f" [{one['unit']}]" if one["unit"] else "")
        yield f"  {one['math']:<8} {one['typical']:>11}  {folded(meaning, columns - 24, 26)}"
    yield from ("", "CONVENTIONS")
    assumed = [f"Assumed: {', '.join(sheet['assumptions'])}."] if sheet["assumptions"] else []
    for sentence in (*sheet["conventions"], *assumed, *(f"Note: {remark}." for remark in sheet["remarks"])):
        yield f"  {folded(sentence, columns - 4, 2)}"
    for section in sheet["sections"]:
        yield from ("", section["title"].upper())
        if section["note"]:
            yield f"  {folded(section['note'], columns - 4, 2)}"
        for row in section["rows"]:
            yield from formulas(row, columns)
    yield from machines(sheet["machines"], columns)
    yield from models(sheet["models"], sheet["sizes"], columns) if sheet["models"] else ()
    yield from sources(sheet["works"], columns) if sheet["works"] else ()


def formulas(row: Record, columns: int) -> Iterator[str]:
    """A row: what it is and who printed it, its formulas, and a worked number where it has room or below."""
    name = f"{row['label']} [{row['unit']}]" + (f"  {row['source']}" if row["source"] else "")
    yield f"  {folded(name, columns - 4, 6)}"
    worked = f"({row['worked']})" if row["worked"] else ""
    for line in row["lines"]:
        formula = (f"{line['at']}:  " if line["at"] else "") + line["math"]
        apart = bool(worked) and len(formula) + len(worked) > columns - 12
        beside = f"    {worked}" if worked and not apart else ""
        yield f"      {folded(formula, columns - 8, 8, break_long_words=False)}{beside}"
        if apart:
            yield f"        {worked}"
        worked = ""


def machines(found: list[dict[str, str]], columns: int) -> Iterator[str]:
    """The table of machines; a name for which there is no room stands above its numbers."""
    names = columns - 47
    line = f"  %-{names}s %5s %6s %12s %7s %6s"
    yield from ("", "HARDWARE", f"  {folded(RATES, columns - 2, 2)}")
    yield line % ("", "GiB", "TB/s", "TFLOP/s", "ridge", "GB/s")
    for one in found:
        if long := len(one["title"]) > names:
            yield f"  {one['title']}"
        peak = f"{one['peak']} {one['dtype']}"
        title = "" if long else one["title"]
        yield line % (title, one["memory"], one["bandwidth"], peak, one["ridge"], one["link"])


def models(found: list[dict[str, str]], letters: dict[str, str], columns: int) -> Iterator[str]:
    """The table of models, in the letters of the sheet; where there is no room, names stand above their numbers."""
    line = "  %-14s %4s %6s %4s %14s %9s %9s %9s" if columns >= BESIDE else "  %.0s%4s %6s %4s %11s %9s %9s %9s"
    yield from ("", "MODELS", f"  {folded(COUNTED, columns - 8, 2)}")
    sizes = ("L", "D", "A")
    yield line % ("", *(letters[size] for size in sizes), "parameters", "GiB bf16", "GFLOP", "cache KiB")
    for one in found:
        if columns < BESIDE:
            yield f"  {one['title']}"
        yield line % tuple(one[key] for key in ("title", *sizes, "params", "weights", "flops", "cache"))


def sources(works: list[dict[str, str]], columns: int) -> Iterator[str]:
    """The bibliography."""
    yield from ("", "SOURCES")
    for number, work in enumerate(works, 1):
        cited = f"[{number}] {work['text']}" + (f". {work['at']}" if work["at"] else "")
        yield f"  {folded(cited, columns - 4, 6, break_on_hyphens=False, break_long_words=False)}"
    yield from ("  What cites no source is derived here.", f"  {folded(SLIPS, columns - 2, 4)}")


def folded(text: str, width: int, further: int = 0, **options: Any) -> str:
    """A text in lines of this width, of which those after the first stand further in."""
    if len(text) <= width:
        return text
    return f"\n{' ' * further}".join(wrap(text, width, expand_tabs=False, replace_whitespace=False, **options))
