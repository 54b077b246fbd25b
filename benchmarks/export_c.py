"""How fast the exported C loop over arrays is, in blocks, against the plain loop that calls the function of one point.

`python export_c.py [POINTS]`. Both are compiled from the same header with the same flags and take turns over the same
random points; each time is the least of five, of the processor. Their results are compared. The exit code is 1 if a
goal is missed.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from export import FORMS, ROUNDS, points_of, seconds

import costgraph as cg
from costgraph.algebra.expression import names
from costgraph.exporting.forms import collect

AT_LEAST = {  # flags -> how many times as fast as the plain loop blocks have to be
    "-O2": 1.8,
    "-O3 -march=native": 0.9,  # of which GCC makes vectors as well
}
BOTH = """#include "costs.h"
void blocks({declared}) {{ costgraph_costs_of({passed}); }}
void plain({declared})
{{
    for (size_t point = 0; point < points; point++) {{
        const struct costgraph_results results = costgraph_costs({sizes});
        {stored}
    }}
}}
"""


def library(forms: Mapping[str, cg.ClosedForm], letters: list[str], flags: str) -> ctypes.CDLL:
    """Both loops, compiled."""
    declared = [*(f"const double *restrict of_{n}" for n in letters), *(f"double *restrict to_{n}" for n in forms)]
    text = BOTH.format(
        declared=", ".join(["size_t points", *declared]),
        passed=", ".join(["points", *(one.split("restrict ")[1] for one in declared)]),
        sizes=", ".join(f"of_{name}[point]" for name in letters),
        stored="\n        ".join(f"to_{name}[point] = results.costgraph_{name};" for name in forms),
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "costs.h").write_text(str(cg.export(forms, "c")))
        (Path(folder) / "both.c").write_text(text)
        options = ["-std=c99", *flags.split(), "-fPIC", "-shared"]
        subprocess.run(["gcc", *options, "-o", "both.so", "both.c", "-lm"], cwd=folder, check=True)
        return ctypes.CDLL(f"{folder}/both.so")


def took(loop: Callable[..., Any], points: int, arrays: Iterable[np.ndarray]) -> float:
    """Nanoseconds of the processor for a point."""
    addresses = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
    return seconds(lambda: loop(ctypes.c_size_t(points), *addresses)) / points * 1e9


def compare(title: str, forms: Mapping[str, cg.ClosedForm], points: int) -> bool:
    """Print how long one set of forms takes, each way; whether blocks are as fast as they have to be."""
    letters = names([form.node for form in collect(forms)])
    sizes = points_of(letters, points)
    results = {way: [np.zeros(points) for _ in forms] for way in ("blocks", "plain")}
    print(f"{title}: {len(forms)} forms of {len(letters)} sizes")
    reached = True
    for flags, factor in AT_LEAST.items():
        loops = library(forms, letters, flags)
        rounds = [
            [took(loops[way], points, [*sizes.values(), *into]) for way, into in results.items()] for _ in range(ROUNDS)
        ]
        for one, other in zip(*results.values(), strict=True):
            assert np.isfinite(one).all()
            np.testing.assert_allclose(one, other, rtol=1e-12)
        blocks, plain = map(min, zip(*rounds, strict=True))
        reached &= plain >= factor * blocks
        print(f"  {flags:18} blocks {blocks:6.2f} ns a point, plain loop {plain:6.2f}, {plain / blocks:.1f} x", end="")
        print(f"  at least {factor}: {'yes' if plain >= factor * blocks else 'NO'}")
    return reached


def main(points: int) -> int:
    """The exit code: 1 if a goal was missed."""
    print(f"{points:.0e} random points, least of {ROUNDS}, {subprocess.getoutput('gcc --version').splitlines()[0]}")
    reached = [compare(title, forms, points) for title, forms in FORMS.items()]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**6))
