"""How fast a search and a sweep evaluate, on one core: plans in blocks, and points of an open mesh.

`python search.py [SECONDS]`. Of plans every output counts: bytes alive at each instant that may be the peak, and what
each resource and each kind of collective takes on each stage. Points are those of a mesh of five axes, of which no
sub-term is computed on the whole; they take turns with what `sympy.lambdify(cse=True)` makes of the same form for
NumPy, on whole columns of as many points; once more with the question which points keep a limit, for which there is a
compiled loop. The exit code is 1 if a goal is missed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from time import process_time
from typing import Any

import numpy as np
import sympy

import costgraph as cg
from costgraph.algebra.symbols import sympy_symbol
from costgraph.estimation.reading import request
from costgraph.hardware.cluster import cluster
from costgraph.searching.columns import Program
from costgraph.searching.constraints import Constraint
from costgraph.searching.open_mesh import LARGE, OpenMesh, meshes
from costgraph.searching.plans import Costed, Question
from costgraph.searching.shares import Links
from costgraph.searching.sieve import PAYS, Sieve
from costgraph.searching.stage_times import Rates
from costgraph.searching.structure import Structure

CLUSTER = "h100-sxm:8x128"
EFFICIENCY = "flops=0.6,mem=0.8,comms=0.7"
DENSE = Structure(("P", "N_d", "T", "M"), zero=1, recompute="full", schedule="1f1b", sequence=True)
EXPERTS = Structure(("P", "N_d", "X", "T", "M"), zero=1, recompute="full", schedule="1f1b", sequence=True)
CASES = {  # with at least as many plans a second
    "dense 70B, bound": ("llama-3-70b", DENSE, "", 2_000_000),
    "experts, bound": ("mixtral-8x7b", EXPERTS, "", 1_000_000),
    "dense 70B, estimate": ("llama-3-70b", DENSE, EFFICIENCY, 0),
    "experts, estimate": ("mixtral-8x7b", EXPERTS, EFFICIENCY, 0),
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
OUTPUTS = 30  # of a plan, at least
MICROBATCHES = 64  # numbers of them
AXES = {name: [float(at + first) for at in range(40)] for first, name in enumerate(("B", "S", "L", "D", "E"), 1)}
POINTS = 4_000_000  # of 102 400 000
OPEN = 25  # times lambdify
COMPILED = 3.5  # times an open mesh in NumPy that keeps a limit


def costed(model: str, structure: Structure, efficiency: str) -> Costed:
    """The costs of a structure."""
    place = cluster(CLUSTER)
    asked = request(
        model=model, hardware=place.machine, phase="train", limit="B=1024,S=8192", efficiency=efficiency
    )  # fmt: skip
    asked = replace(asked, cluster=place)
    question = Question(asked, Links(place, None, asked.collectives), Rates(asked))
    return Costed(question, structure, structure.derived_from(asked, {}))


def plans(structure: Structure) -> OpenMesh:
    """A block of plans, the numbers of microbatches changing first, as in a search."""
    degrees = {name: [2, 4, 8, 16, 32] for name in structure.open if name != "M"}
    microbatches = [8 * number for number in range(1, 1 + MICROBATCHES)]
    return next(meshes({**degrees, "M": microbatches}, outside=len(degrees)))


def on_one_core() -> None:
    """Start anew with one thread: NumPy reads that when it is imported."""
    if any(os.environ.get(name) != "1" for name in THREADS):
        os.environ.update(dict.fromkeys(THREADS, "1"))
        os.execv(sys.executable, [sys.executable, *sys.argv])


def of_plans(seconds: float) -> bool:
    """Print how many plans a second there are; whether these are enough."""
    reached = True
    for name, (model, structure, efficiency, least) in CASES.items():
        found, columns = costed(model, structure, efficiency), plans(structure)
        outputs = sum(one.outputs for one in found.evaluators.values())
        per_second = columns.length / least_time(lambda f=found, c=columns: f.outputs(c), seconds)  # type: ignore[misc]
        enough = per_second >= least and outputs >= OUTPUTS
        goal = f"  at least {least / 1e6:.0f}: {'yes' if enough else 'NO'}" if least else ""
        print(f"{name:24} {per_second / 1e6:7.2f} million plans/s of {outputs} outputs{goal}")
        reached = reached and enough
    return reached


def least_time(function: Callable[[], Any], seconds: float) -> float:
    """Seconds of the processor that a call takes: the least of all that there is time for."""
    function()
    start, least = process_time(), float("inf")
    while process_time() - start < seconds:
        before = process_time()
        function()
        least = min(least, process_time() - before)
    return least


def of_points(seconds: float) -> bool:
    """Print how many points a second there are on an open mesh, and on columns; whether that is often enough."""
    form = cg.derive("flops", op_set="decoder").forms["flops"]
    program = Program.of([form.value.numerator])
    columns = [np.concatenate([mesh[name] for mesh in meshes(AXES, 0, POINTS)]) for name in AXES]
    printed = sympy.lambdify([sympy_symbol(name) for name in AXES], form.expr, "numpy", cse=True)
    np.testing.assert_allclose(
        np.concatenate([program.at(mesh)[0] for mesh in meshes(AXES, 0, POINTS)]), printed(*columns), rtol=1e-12
    )

    def on_mesh() -> None:
        for mesh in meshes(AXES, 0, POINTS, LARGE):
            program.at(mesh)

    least = {"an open mesh of five axes": float("inf"), "lambdify on columns": float("inf")}
    for _ in range(3):
        for name, function in zip(least, (on_mesh, lambda: printed(*columns)), strict=True):
            least[name] = min(least[name], least_time(function, seconds / 3) / POINTS)
    mesh, whole = least.values()
    for name, each in least.items():
        print(f"{name:26} {1e-6 / each:7.0f} million points/s", end="")
        ratio = f"  {whole / mesh:.1f} x, at least {OPEN}: {'yes' if whole >= OPEN * mesh else 'NO'}\n"
        print(ratio if each == mesh else "")
    return whole >= OPEN * mesh


def of_limits(seconds: float) -> bool:
    """Print how many points a second are looked at for those that keep a limit; whether that is often enough.

    In NumPy on columns, evaluated and compared; on an open mesh the same; as a sieve, in NumPy and compiled.
    """
    form = cg.derive("flops", op_set="decoder").forms["flops"]
    limit = Constraint("", "flops", "<=", Fraction(10**5))
    columns = [np.concatenate([mesh[name] for mesh in meshes(AXES, 0, POINTS)]) for name in AXES]
    printed = sympy.lambdify([sympy_symbol(name) for name in AXES], form.expr, "numpy", cse=True)
    plain, compiled = (Sieve.of([(limit, form.value, ())], points) for points in (1, PAYS))
    assert plain is not None
    assert compiled is not None
    program = Program.of([form.value.numerator])

    def sieved(sieve: Sieve) -> int:
        return sum(len(sieve.places(mesh)) for mesh in meshes(AXES, 0, POINTS, sieve.block))

    ways: dict[str, Callable[[], int]] = {
        "lambdify on columns": lambda: len(np.flatnonzero(printed(*columns) <= 1e5)),
        "an open mesh": lambda: sum(
            len(np.flatnonzero(program.at(mesh)[0] <= 1e5)) for mesh in meshes(AXES, 0, POINTS, LARGE)
        ),
        "sieve": lambda: sieved(plain),
        "sieve, compiled": lambda: sieved(compiled),
    }
    assert len({way() for way in ways.values()}) == 1
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(3):
        for name, way in ways.items():
            least[name] = min(least[name], least_time(way, seconds / 3) / POINTS)
    print("which points keep a limit:")
    for name, each in least.items():
        print(f"  {name:24} {1e-6 / each:7.0f} million points/s  {least['lambdify on columns'] / each:6.1f} x")
    ratio = least["an open mesh"] / least["sieve, compiled"]
    reached = ratio >= COMPILED and least["lambdify on columns"] >= COMPILED * OPEN * least["sieve, compiled"]
    print(f"  compiled {ratio:.1f} x an open mesh, at least {COMPILED}, and {COMPILED * OPEN} x lambdify: ", end="")
    print("yes" if reached else "NO")
    return reached


def main(seconds: float) -> int:
    """The exit code: 1 if a goal was missed."""
    return 0 if all([of_plans(seconds), of_points(seconds), of_limits(seconds)]) else 1


if __name__ == "__main__":
    on_one_core()
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0))
