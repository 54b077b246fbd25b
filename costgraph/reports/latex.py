"""A report as LaTeX: its formulas in an `align*` environment, all else as comments."""

from __future__ import annotations

from costgraph.algebra.printers import LATEX, PYTHON
from costgraph.reports.layout import of_node
from costgraph.reports.nodes import Listing, Node, Note, Parts, Report, Table, Verdict, said


def latex(report: Report) -> str:
    """What is said first, then formulas, then where they come from."""
    remarks = [report.title, *(remark(node) for node in report.nodes if is_remark(node))]
    comments = [f"% {line}" for line in remarks if line]
    lines = [line for node in report.nodes for line in formulas(node)]
    others = [node for node in report.nodes if isinstance(node, Table | Parts | Listing) and not node.tex]
    tables = [line for node in others for line in text(node)]
    return "\n".join([*comments, r"\begin{align*}", *dict.fromkeys(lines), r"\end{align*}", *tables])


def is_remark(node: Node) -> bool:
    """Whether a node is said in words."""
    return isinstance(node, Verdict) or (isinstance(node, Note) and not node.formula)


def remark(node: Node) -> str:
    """A node that is said in words."""
    assert isinstance(node, Verdict | Note)
    word = node.word if isinstance(node, Note) else ""
    return f"{word}: {said(node.text, PYTHON)}" if word else said(node.text, PYTHON)


def formulas(node: Node) -> list[str]:
    """The lines of a node in the environment."""
    if isinstance(node, Table | Parts | Listing):
        return list(node.tex)
    if isinstance(node, Note) and node.formula:
        return [rf"  &\text{{{node.word} }} {said(node.text, LATEX)} \\"]
    return []


def text(node: Node) -> list[str]:
    """A node without formulas of its own, as comments."""
    lines = ["".join(span.text for span in line) for line in of_node(node, PYTHON, None)]
    return ["%", *(f"% {line}" for line in lines)]
