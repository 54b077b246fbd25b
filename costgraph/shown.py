"""Answers show themselves as their reports: with `print`, in a Python prompt and in a notebook.

A report is made above what it reports on, and printing is asked of the object. So the one arrow up is a table of names,
as that of the public names is: a module is imported when an answer is first shown.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from costgraph.pictures.picture import Picture
    from costgraph.reports.nodes import Report

REPORTS = {  # kind of answer -> the module whose function `report` makes its report; its JSON is of the one beside it
    "Answer": "solve",
    "Checked": "check",
    "Cluster": "cluster",
    "Comparison": "compare",
    "Derivation": "derive",
    "Estimate": "estimate",
    "Found": "search",
    "Graph": "graph",
    "Machine": "machine",
    "Mesh": "mesh",
    "Model": "model",
    "Points": "sweep",
}
MOST = 59  # lines in a prompt


class Shown:
    """What is shown as its report."""

    __slots__ = ()

    @property
    def report(self) -> Report:
        """The answer as data, which `costgraph.reports` writes."""
        return self._reported()

    def _reported(self, **how: Any) -> Report:
        """The same, made with options, and in the words of where it is read."""
        made = import_module(f"costgraph.reports.{REPORTS[type(self).__name__]}").report(self, **how)
        return cast("Report", made.heard)

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        """The report as text."""
        layout, printers = import_module("costgraph.reports.layout"), import_module("costgraph.algebra.printers")
        return str(layout.text(self.report, printers.UNICODE if takes_unicode() else printers.PYTHON))

    def __repr__(self) -> str:
        lines = self.shown.splitlines()
        return "\n".join(lines if len(lines) <= MOST else [*lines[: MOST - 1], "... (print shows all of it)"])

    def _repr_html_(self) -> str:
        return str(import_module("costgraph.reports.html").html(self.report))

    def _repr_markdown_(self) -> str | None:
        return str(import_module("costgraph.reports.markdown").markdown(self.report))

    def _repr_latex_(self) -> str:
        return str(import_module("costgraph.reports.latex").latex(self.report))


class Recorded(Shown):
    """What is JSON beside its report."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints, as a dictionary; `costgraph.schemas` says what it holds."""
        return as_json(self)


class Drawn(Recorded):
    """What has a picture beside its report and its JSON."""

    __slots__ = ()

    def plot(self, *kind: str) -> Picture:
        """A picture of the answer, as `cg.plot` draws it.

        Raises:
            UserError: there is none, matplotlib is missing, or something is open that has to be bound.
        """
        return cast("Picture", import_module("costgraph.pictures.plot").plot(self, *kind))


class Explained(Drawn):
    """What can say of every number what it is made of."""

    __slots__ = ()

    def explain(self) -> Report:
        """The report with the op and the tensor, or the formula, that each number comes from, as of `--explain`."""
        return self._reported(explain=True)


def as_json(answer: Shown, **how: Any) -> dict[str, Any]:
    """An answer as JSON, made where its report is."""
    made = import_module(f"costgraph.reports.{REPORTS[type(answer).__name__]}_json").to_json(answer, **how)
    return cast("dict[str, Any]", made)


def takes_unicode() -> bool:
    """Whether stdout takes signs such as `²`."""
    try:
        "²∞×".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
