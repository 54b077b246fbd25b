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
TOGETHER = 4  # outer points that are looked at together, so that the table is read once for them
SOURCE = """\
static inline double larger(double one, double other)
{{
    return one > other ? one : other;
}}

static inline double smaller(double one, double other)
{{
    return one < other ? one : other;
}}

long places(long outer, long inner, const double *restrict weights, const double *restrict table, long *restrict found)
{{
    enum {{ STEP = 256 }};
    long kept = 0;
    for (long row = 0; row < outer; row += {together}) {{
        const double *restrict w[{together}];
        for (long one = 0; one < {together}; one++)
            w[one] = weights + (row + one < outer ? row + one : outer - 1) * {weights};
        for (long start = 0; start < inner; start += STEP) {{
            const long end = start + STEP < inner ? start + STEP : inner;
            double {first};
            for (long at = start; at < end; at++) {{
{comparing}
            }}
            const double least[{together}] = {{ {all} }};
            for (long one = 0; one < {together} && row + one < outer; one++)
                for (long at = start; least[one] <= 0 && at < end; at++)
                    if ({value} <= 0)
                        found[kept++] = (row + one) * inner + at;
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
        """The places, the inner side changing first.

        Args:
            weights: by outer point, form and row of the table.
            table: a row for each product of the inner side.
        """
        weights, table = np.ascontiguousarray(weights), np.ascontiguousarray(table)
        outer, inner = len(weights), table.shape[1]
        found = room(outer * inner)
        kept = self.function(outer, inner, weights.ctypes.data, table.ctypes.data, found.ctypes.data)
        return np.sort(found[:kept], kind="stable")  # of points that were looked at together the first first


@lru_cache(maxsize=4)
def room(points: int) -> NDArray[np.int64]:
    """Where the places of a block are written; asking for so much memory takes longer than the loop."""
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
        function.argtypes = [ctypes.c_long, ctypes.c_long, *[ctypes.c_void_p] * 3]
        return Loop(function)
    return None


@cache
def compiler_of() -> str | None:
    """The C compiler of the system: what `CC` names, or one of the usual names."""
    asked = os.environ.get("CC", "").strip()
    return next(filter(None, map(shutil.which, (asked,) if asked else COMPILERS)), None)


def source(terms: Terms, rows: int) -> str:
    """The text of the loop: numbers of rows and nothing that a user wrote."""
    every = range(TOGETHER)
    return SOURCE.format(
        together=TOGETHER,
        weights=len(terms) * rows,
        first=", ".join(f"least{one} = 1" for one in every),
        comparing="\n".join(
            f"                least{one} = smaller({value(terms, rows, str(one))}, least{one});" for one in every
        ),
        all=", ".join(f"least{one}" for one in every),
        value=value(terms, rows, "one"),
    )


def value(terms: Terms, rows: int, one: str) -> str:
    """The largest form at a point; `one` says which of the outer points that are looked at together."""
    sums = [
        " + ".join(f"w[{one}][{form * rows + row}] * table[{row} * inner + at]" for row in own) or "0"
        for form, own in enumerate(terms)
    ]
    return reduce(lambda some, other: f"larger({some}, {other})", sums)
