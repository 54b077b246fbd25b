"""Closed forms as documents and programs: reads the targets in `exporters/` and dresses what was derived."""

from __future__ import annotations

from pathlib import Path

from costgraph.algebra.work import bounded
from costgraph.errors import UserError
from costgraph.exporting.forms import Forms, collect
from costgraph.exporting.targets import Target, load

__all__ = ["export"]


def export(
    forms: Forms,
    target: str,
    *,
    symbols_as: str = "args",
    shape: str = "auto",
    dialect: str | None = None,
    exporters: str | Path | None = None,
) -> str | bytes:
    """Forms as the text of a module in another language, or as the bytes of a workbook.

    Args:
        forms: closed forms, a derivation, or `{name: closed form or sympy expression}`.
        target: a folder of `exporters/`, such as `numpy`, `c` or `json`; see `costgraph export --list`.
        symbols_as: whether functions take symbols one by one (`args`) or in one value (`dataclass`).
        shape: how formulas are written: auto, expanded, factored, leading, or a symbol to collect by.
        dialect: for `sql`, another dialect than DuckDB's (needs sqlglot).
        exporters: a folder with more targets, or with templates that replace those of a target.

    Returns:
        The text; bytes for `excel`. The same input gives the same result on every machine.

    Raises:
        UserError: unknown target, a form it cannot express, a name that is reserved there, or a wrong template.
    """
    chosen = load(target, Path(exporters) if exporters is not None else None)
    return dress(chosen, forms, symbols_as, shape, dialect)


@bounded()
def dress(
    target: Target, forms: Forms, symbols_as: str = "args", shape: str = "auto", dialect: str | None = None
) -> str | bytes:
    """Forms in a target that has been read already."""
    from costgraph.exporting import templates
    from costgraph.exporting.code import module

    if target.kind not in ("code", "data"):
        raise UserError(
            f"{target.name} is a document about one op set: costgraph export {target.name} --op-set decoder"
        )
    if dialect is not None and not target.dialects:
        raise UserError(f"{target.name} has no dialects; leave --dialect out")
    found = collect(forms, shape)
    if target.kind == "data":
        from costgraph.exporting.exchange.writing import document

        return templates.render(target, {"document": document(found)})
    text = templates.render(target, module.context(target, found, symbols_as))
    if dialect is not None:
        from costgraph.exporting.code.dialects import transpile

        return transpile(text, dialect)
    if target.writer == "xlsx":
        from costgraph.exporting.code.workbook import workbook

        return workbook(text, target)
    return text
