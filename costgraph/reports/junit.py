"""Outcomes as JUnit XML, for continuous integration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple
from xml.etree import ElementTree

from costgraph.reports.nodes import Words, plain

State = Literal["passed", "failure", "skipped"]


class Outcome(NamedTuple):
    """One case: of which file, what it is called, how it ended and why, all of it, and what else is known of it."""

    file: str
    name: str
    state: State
    message: str = ""
    detail: str = ""
    properties: tuple[tuple[str, str], ...] = ()


def junit(name: str, outcomes: Iterable[Outcome]) -> str:
    """One suite per file."""
    cases = list(outcomes)
    root = ElementTree.Element("testsuites", name=name)
    for file in dict.fromkeys(case.file for case in cases):
        part = [case for case in cases if case.file == file]
        failed, skipped = (sum(case.state == state for case in part) for state in ("failure", "skipped"))
        suite = ElementTree.SubElement(
            root, "testsuite", name=file, tests=str(len(part)), failures=str(failed), skipped=str(skipped), errors="0"
        )
        for case in part:
            add(suite, case)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def in_lines(rows: Iterable[tuple[Words, ...]]) -> str:
    """Names with what is said of them, for the detail of a case."""
    pairs = [(plain(name), plain(text)) for name, text in rows]
    width = max((len(name) for name, _ in pairs), default=0)
    return "\n".join(f"{name:{width}}  {text}" for name, text in pairs)


def add(suite: ElementTree.Element, case: Outcome) -> None:
    """Put a case into its suite."""
    element = ElementTree.SubElement(suite, "testcase", classname=case.file, name=case.name)
    if case.properties:
        properties = ElementTree.SubElement(element, "properties")
        for name, value in case.properties:
            ElementTree.SubElement(properties, "property", name=name, value=value)
    if case.state != "passed":
        said = ElementTree.SubElement(element, case.state, message=case.message)
        said.text = case.detail or None
