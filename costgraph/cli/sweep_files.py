"""Tables of a sweep as files: CSV, JSON Lines, Parquet, a workbook; written block by block, whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from costgraph.cli.output import STDOUT, umask
from costgraph.cli.waiting import waiting
from costgraph.errors import UserError
from costgraph.searching.columns import DIGITS
from costgraph.searching.parts import arrow
from costgraph.searching.sweep import Block
from costgraph.searching.table import needed
from costgraph.user_files import reason

MOST_ROWS = 1_048_575  # of a worksheet, beside its head


def shown(value: str | float) -> str:
    """A value as text."""
    return str(value) if isinstance(value, str | int) else f"{value:.{DIGITS}g}"


def number(value: str | float) -> str | float | int:
    """A value with the digits that are sure."""
    if isinstance(value, str | int):
        return value
    found = float(f"{value:.{DIGITS}g}")
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


@contextlib.contextmanager
def target(path: Path | None) -> Iterator[IO[bytes]]:
    """Where the table goes: stdout, or a file that appears once it is whole."""
    if path is None or str(path) in STDOUT:
        waiting.end()
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    place = os.path.realpath(path)
    try:
        handle, name = tempfile.mkstemp(dir=os.path.dirname(place), prefix=".costgraph-")
    except OSError as error:
        raise UserError(f"{path}: {reason(error)}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(name, 0o666 & ~umask())
        put_in_place(name, place)
    except BaseException:
        os.unlink(name)
        raise


def put_in_place(made: str, place: str) -> None:
    """Give what was written its name; a folder of parts that had it is gone then, which a rename does not replace."""
    if not os.path.isdir(place) and not os.path.isdir(made):
        os.replace(made, place)
        return
    with tempfile.TemporaryDirectory(dir=os.path.dirname(place), prefix=".costgraph-") as before:
        if os.path.lexists(place):
            os.rename(place, os.path.join(before, "replaced"))
        os.rename(made, place)


def write_csv(blocks: Iterator[Block], names: Sequence[str], out: IO[bytes]) -> None:
    """With a head, and lines that end as RFC 4180 says."""
    out.write(line(names))
    for block in blocks:
        out.write(b"".join(line(map(shown, row)) for row in block.rows(names)))


def line(values: Any) -> bytes:
    """One line."""
    text = io.StringIO()
    csv.writer(text).writerow(list(values))
    return text.getvalue().encode()


def write_jsonl(blocks: Iterator[Block], names: Sequence[str], out: IO[bytes]) -> None:
    """An object a line."""
    for block in blocks:
        for row in block.rows(names):
            values = {name: number(value) for name, value in zip(names, row, strict=True)}
            out.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")


def write_parquet(blocks: Iterator[Block], names: Sequence[str], out: IO[bytes]) -> None:
    """Columns of texts, whole numbers and doubles; a group of rows for each block.

    Raises:
        UserError: pyarrow is missing.
    """
    parquet, writer = needed("pyarrow.parquet", "Parquet", "parquet"), None
    for block in blocks:
        table = arrow(block, names)
        writer = writer or parquet.ParquetWriter(out, table.schema)
        writer.write_table(table)
    if writer is None:
        raise UserError(NO_ROWS)
    writer.close()


NO_ROWS = "Parquet: no point is left, and so there is no table; say less with --where"


@contextlib.contextmanager
def folder(path: Path) -> Iterator[Path]:
    """A folder of Parquet files, which appears once all of them are whole.

    Raises:
        UserError: nothing was written into it.
    """
    place = Path(os.path.realpath(path))
    try:
        made = Path(tempfile.mkdtemp(dir=place.parent, prefix=".costgraph-"))
    except OSError as error:
        raise UserError(f"{path}: {reason(error)}") from None
    try:
        yield made
        if not any(made.iterdir()):
            raise UserError(NO_ROWS)
        made.chmod(0o777 & ~umask())
        put_in_place(str(made), str(place))
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def write_xlsx(blocks: Iterator[Block], names: Sequence[str], out: IO[bytes]) -> None:
    """One worksheet.

    Raises:
        UserError: XlsxWriter is missing, or there are more rows than a worksheet has.
    """
    xlsxwriter = needed("xlsxwriter", "xlsx", "excel")
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False})
    page = book.add_worksheet("sweep")
    page.write_row(0, 0, names)
    at = 0
    for block in blocks:
        for row in block.rows(names):
            at += 1
            if at > MOST_ROWS:
                raise UserError(f"xlsx: a worksheet has {MOST_ROWS} rows; write CSV or Parquet, or less with --where")
            page.write_row(at, 0, [number(value) for value in row])
    book.close()


WRITERS: dict[str, Callable[[Iterator[Block], Sequence[str], IO[bytes]], None]] = {
    "csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet, "xlsx": write_xlsx,
}  # fmt: skip


def write(blocks: Iterator[Block], names: Sequence[str], format_: str, path: Path | None) -> None:
    """Write a table into a file, or to stdout."""
    with target(path) as out:
        WRITERS[format_](blocks, names, out)
