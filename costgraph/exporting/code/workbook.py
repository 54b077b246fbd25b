"""A workbook from the JSON that a template describes it with."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

from costgraph.errors import UserError, shorten
from costgraph.exporting.targets import Target
from costgraph.json_text import parse_json

STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "head": {"bold": True, "bottom": 1},
    "input": {"bg_color": "#FFF2CC", "num_format": "#,##0.########"},
    "result": {"num_format": "#,##0.########"},
    "text": {"italic": True},
}
LONGEST_FORMULA, DEEPEST_FORMULA = 8192, 64  # what Excel opens: characters, and functions in one another
NO_TIME = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # the same input gives the same bytes


def workbook(text: str, target: Target) -> bytes:
    """The bytes of an xlsx file.

    Raises:
        UserError: XlsxWriter is not installed, the template's text describes no workbook, or Excel would not open it.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise UserError(f"{target.name} needs XlsxWriter: pip install 'costgraph[excel]'") from None
    try:
        content = parse_json(text)
        stream = io.BytesIO()
        book = xlsxwriter.Workbook(stream, {"in_memory": True})
        book.set_properties({**content["properties"], "created": NO_TIME})
        styles = {name: book.add_format(style) for name, style in STYLES.items()}
        for sheet in content["sheets"]:
            page = book.add_worksheet(sheet["name"])
            for column, width in enumerate(sheet["widths"]):
                page.set_column(column, column, width)
            cells: dict[str, int] = {}  # the row of this sheet in which a size stands
            for row, line in enumerate(sheet["rows"]):
                for column, cell in enumerate(line):
                    put(book, page, styles, row, column, cell if isinstance(cell, dict) else {"text": cell}, cells)
        book.close()
    except (LookupError, TypeError, AttributeError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise UserError(f"{target.name}: the template does not describe a workbook: {error!r}") from None
    except UserError as error:
        raise UserError(f"{target.name}: {error}") from None
    return stream.getvalue()


def refuse_unfit(formula: str) -> None:
    """Refuse a formula that Excel would call damage of the file.

    Raises:
        UserError: it is too long or too deep.
    """
    if len(formula) > LONGEST_FORMULA:
        size = f"{len(formula)} characters long; Excel takes {LONGEST_FORMULA}"
    elif (depth := nesting(formula)) > DEEPEST_FORMULA:
        size = f"{depth} functions deep; Excel takes {DEEPEST_FORMULA}"
    else:
        return
    raise UserError(f"the formula {shorten(formula)} is {size}; export it to another target, or its parts one by one")


def nesting(formula: str) -> int:
    """How many functions stand in one another."""
    opened: list[bool] = []  # of every parenthesis that is open: whether it is a function's
    deepest = 0
    for opening, closing in re.findall(r"(\w*\()|(\))", formula):
        if closing:
            opened.pop()
        else:
            opened.append(opening != "(")
            deepest = max(deepest, sum(opened))
    return deepest


def put(
    book: Any, page: Any, styles: dict[str, Any], row: int, column: int, cell: dict[str, Any], rows: dict[str, int]
) -> None:
    """Write one cell."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    style = styles.get(cell.get("style", ""))
    if "formula" in cell:
        formula = cell["formula"]
        for place, back in (("{above2}", 2), ("{above}", 1)):
            if place in formula:
                formula = formula.replace(place, xl_rowcol_to_cell(row - back, column))
        if cell.get("here"):  # the sizes of this column instead of the named ones
            formula = re.sub(r"\w+", lambda n: xl_rowcol_to_cell(rows[n[0]], column) if n[0] in rows else n[0], formula)
        refuse_unfit(formula)
        page.write_formula(row, column, formula, style, cell["value"] if cell["value"] is not None else 0)
    elif "number" in cell:
        page.write_number(row, column, cell["number"], style)
    elif cell.get("text"):
        page.write_string(row, column, cell["text"], style)  # never a formula, whatever it starts with
    if "is" in cell:
        rows[cell["is"]] = row
    if "name" in cell:
        where = xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)
        book.define_name(cell["name"], f"={page.get_name()}!{where}")
