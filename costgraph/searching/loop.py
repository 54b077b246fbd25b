"""The loop of a sieve in C: made for forms with these terms, compiled once, and called with the numbers of a block."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from contextlib import suppress
from functools import cache, lru_cache, reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import get_ident
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costgraph.records import dataclass

COMPILERS = ("cc", "gcc", "clang")
OPTIONS = (
    "-O3",
    "-march=native",
    "-fno-trapping-math",
    "-ffinite-math-only",  # as sums of products of sizes are
    "-fno-signed-zeros",
    "-shared",
    "-fPIC",
    "-x",
    "c",
    "-",
)
SECONDS = 20  # that a compiler may take
STEP = 64  # inner points that are looked at together: where bounds decide for all of them, none is looked at alone
SOURCE = """\
#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("prefer-vector-width=512")
#endif

static inline double larger(double one, double other)
{{
    return one > other ? one : other;
}}

long places(
    long outer, long inner, const double *restrict weights, const double *restrict table,
    const double *restrict low, const double *restrict high, long *restrict found)
{{
    enum {{ STEP = {step}, TOGETHER = 256 }};
    const long stretches = (inner + STEP - 1) / STEP;
    long kept = 0;
    for (long row = 0; row < outer; row++) {{
        const double *restrict w = weights + row * {weights};
{sides}
        for (long first = 0; first < stretches; first += TOGETHER) {{
            const long some = stretches - first < TOGETHER ? stretches - first : TOGETHER;
            double from[TOGETHER], to[TOGETHER], values[STEP];
            for (long one = 0; one < some; one++) {{
                const long at = first + one;
                from[one] = {least};
                to[one] = {most};
            }}
            for (long one = 0; one < some; one++) {{
                const long start = (first + one) * STEP, place = row * inner + start;
                const long length = inner - start < STEP ? inner - start : STEP;
                if (from[one] > 0)
                    continue;
                if (to[one] <= 0) {{
                    for (long at = 0; at < length; at++)
                        found[kept + at] = place + at;
                    kept += length;
                    continue;
                }}
                for (long at = start; at < start + length; at++)
                    values[at - start] = {value};
                for (long at = 0; at < length; at++) {{
                    found[kept] = place + at;
                    kept += values[at] <= 0;
                }}
            }}
        }}
    }}
    return kept;
}}
"""

Terms = tuple[tuple[int, ...], ...]  # of each form the rows of the table that it is a sum of


@dataclass(frozen=True)
class Loop:
    """A function that says at which points all forms are at most 0."""

    function: Any

    def places(self, weights: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.int64]:
        """The places, the inner side changing first; an array that the next call writes into.

        Args:
            weights: by outer point, form and row of the table.
            table: a row for each product of the inner side.
        """
        weights, table = np.ascontiguousarray(weights), np.ascontiguousarray(table)
        outer, inner = len(weights), table.shape[1]
        starts = np.arange(0, inner, STEP)
        low, high = (np.ascontiguousarray(one.reduceat(table, starts, axis=1)) for one in (np.minimum, np.maximum))
        found = room(outer * inner, get_ident())
        given = (one.ctypes.data for one in (weights, table, low, high, found))
        kept = self.function(outer, inner, *given)
        return found[:kept]


@lru_cache(maxsize=4)
def room(points: int, thread: int) -> NDArray[np.int64]:
    """Where a thread writes the places of a block; asking for so much memory takes longer than the loop."""
    return np.empty(points, dtype=np.int64)


@lru_cache(maxsize=64)
def compiled(terms: Terms, rows: int) -> Loop | None:
    """The loop for forms of these terms, of a table of so many rows; None where nothing can compile it."""
    compiler = compiler_of()
    if compiler is None:
        return None
    with TemporaryDirectory(prefix="costgraph-") as folder, suppress(OSError, subprocess.SubprocessError):
        library = Path(folder) / "loop.so"
        subprocess.run(
            [compiler, *OPTIONS, "-o", str(library)], input=source(terms, rows), text=True,
            capture_output=True, check=True, timeout=SECONDS,
        )  # fmt: skip
        function = ctypes.CDLL(str(library)).places  # which stays loaded when its file is gone
        function.restype = ctypes.c_long
        function.argtypes = [ctypes.c_long, ctypes.c_long, *[ctypes.c_void_p] * 5]
        return Loop(function)
    return None


@cache
def compiler_of() -> str | None:
    """The C compiler of the system: what `CC` names, or one of the usual names."""
    asked = os.environ.get("CC", "").strip()
    return next(filter(None, map(shutil.which, (asked,) if asked else COMPILERS)), None)


def source(terms: Terms, rows: int) -> str:
    """The text of the loop: numbers of rows and nothing that a user wrote.

    A product is between its least and its largest in a stretch of the inner side, and so is a sum of products, the one
    side or the other by the sign of what a product is multiplied by.
    """
    used = [(form * rows + row, row) for form, own in enumerate(terms) for row in own]
    sides = [
        f"        const double *{side}{number} = (w[{number}] < 0 ? {ends[0]} : {ends[1]}) + {row} * stretches;"
        for number, row in used
        for side, ends in (("least", ("high", "low")), ("most", ("low", "high")))
    ]
    return SOURCE.format(
        step=STEP,
        weights=len(terms) * rows,
        sides="\n".join(sides),
        least=value(terms, rows, "least{number}[at]"),
        most=value(terms, rows, "most{number}[at]"),
        value=value(terms, rows, "table[{row} * inner + at]"),
    )


def value(terms: Terms, rows: int, product: str) -> str:
    """The largest form, of products that are written so."""
    sums = [
        " + ".join(f"w[{form * rows + row}] * {product.format(number=form * rows + row, row=row)}" for row in own)
        or "0"
        for form, own in enumerate(terms)
    ]
    return reduce(lambda some, other: f"larger({some}, {other})", sums)
