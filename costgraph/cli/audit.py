"""`costgraph audit`: the formulas of a Python or LaTeX file, each against what is derived."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from xml.etree import ElementTree

import typer

from costgraph.cli import arguments as arg
from costgraph.cli import formats
from costgraph.cli.output import check_target, deliver

if TYPE_CHECKING:
    from costgraph.library.checking.audit import Audited

FORMATS = ("table", "json", "junit")


@arg.of_setup()
def audit(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Python or LaTeX files; FILE.py:FUNCTION for one function.")
    ],
    measure: Annotated[str | None, typer.Option(help="What the formulas give.  [default: what names say]")] = None,
    asked: arg.Asked = arg.NOTHING,
    let: arg.Let = None,
    notation: arg.Notation = None,
    per: Annotated[
        str | None, typer.Option(help="token or sequence, if they are of one.  [default: as names say]")
    ] = None,
    format_: Annotated[str | None, formats.option(FORMATS)] = None,
    output: arg.Output = None,
    force: arg.Force = False,
) -> None:
    """Compare formulas of code, which is not run, or a paper with what is derived; exit with 1 if one differs."""
    format_ = formats.chosen(format_, FORMATS, output)
    check_target(output, force)
    from costgraph.library.checking.audit import SCHEMA, counts
    from costgraph.library.checking.audit import audit as run

    options = asked.in_letters(let, notation)
    found = [one for file in files for one in run(file, measure or "", per=per or "", **options)]
    if format_ == "json":
        listed = [one.to_json() for one in found]
        said = json.dumps({"schema": SCHEMA, "counts": counts(found), "formulas": listed}, indent=2, ensure_ascii=False)
    else:
        said = junit(found) if format_ == "junit" else table(found)
    deliver(said, output, document=format_ != "table")
    raise typer.Exit(int(any(one.outcome == "differs" for one in found)))


def table(found: Sequence[Audited]) -> str:
    """What agrees and what differs, formula by formula; then what could not be read; last the counts."""
    from costgraph.library.checking.audit import counts

    lines: list[str] = []
    for one in (one for one in found if one.compared is not None):
        lines += [f"{place(one)}: {one.outcome}", *rows(one), ""]
    unread = [one for one in found if one.compared is None]
    lines += ["not read:", *(f"  {place(one)}: {one.said}" for one in unread), ""] if unread else []
    counted = [f"{number:5}  {outcome}" for outcome, number in sorted(counts(found).items())]
    return "\n".join([*lines, *(counted or ["no formula with a name that says what it gives; name it with --measure"])])


def place(one: Audited) -> str:
    """Where a formula stands, and under which conditions."""
    cases = f" if {' and '.join(one.formula.cases)}" if one.formula.cases else ""
    return f"{one.file}:{one.formula.line}: {one.formula.name}{cases}"


def rows(one: Audited) -> list[str]:
    """A formula beside what is derived."""
    from costgraph.algebra.printers import python

    compared = one.compared
    if compared is None:
        return []
    shown = [
        ("asked of", compared.head),
        ("read as", one.read),
        ("formula", python(compared.printed)),
        ("derived", f"{python(compared.exactly)} {compared.unit}"),
    ]
    if not compared.agrees:
        terms = ", ".join(dict.fromkeys(term.op for term in compared.responsible))
        shown += [("differs by", python(compared.difference, "factored")), ("because", one.said), ("in", terms[:200])]
    return [f"  {name:10}  {text}" for name, text in shown if text]


def junit(found: Sequence[Audited]) -> str:
    """JUnit XML: one suite per file; what differs fails, what is not read is skipped."""
    root = ElementTree.Element("testsuites", name="costgraph audit")
    for file in dict.fromkeys(one.file for one in found):
        part = [one for one in found if one.file == file]
        failed, skipped = (sum(one.outcome == outcome for one in part) for outcome in ("differs", "not read"))
        suite = ElementTree.SubElement(
            root, "testsuite", name=file, tests=str(len(part)), failures=str(failed), skipped=str(skipped), errors="0"
        )
        for one in part:
            case = ElementTree.SubElement(suite, "testcase", classname=file, name=place(one))
            if one.outcome == "differs":
                ElementTree.SubElement(case, "failure", message=one.said).text = "\n".join(rows(one))
            elif one.outcome == "not read":
                ElementTree.SubElement(case, "skipped", message=one.said)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")
