"""How fast exported NumPy code is: against `sympy.lambdify(cse=True)` and against Python loops, at random points.

`python export.py [POINTS]`. All take turns in one run; each time is the least of five, of the processor. Results of
both are compared. "exported" writes into arrays that stand (`out=`) and leaves the check of the domains out; "fresh"
has new arrays for its results, "checked" checks as well, "each step" has a new array for the result of each operator,
as modules had before they used memory again. "plain loop" is the fastest loop in Python: it calls what lambdify makes
of the same expressions for `math`; "loop" calls the exported function itself once a point. The exit code is 1 if a goal
is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from inspect import signature
from time import process_time
from types import ModuleType
from typing import Any

import numpy as np
import sympy

import costgraph as cg
from costgraph.algebra.symbols import sympy_symbol

ROUNDS = 5
LOOPED = 100_000  # points of a Python loop: its time is linear in them
AT_LEAST = {"lambdify": 1, "plain loop": 50}  # how many times as fast the exported code has to be
OF_MANY = {"each step": 1.25}  # the same of several forms
FORMS: dict[str, Mapping[str, cg.ClosedForm]] = {
    "training FLOPs": cg.derive("flops").forms,
    "training with tensor parallelism": cg.derive(
        "params", "flops", "activations", "communication", "intensity", passes=["tensor_parallel(T)"]
    ).forms,
    "decoding": cg.derive("flops", "cache", "traffic", phase="decode").forms,
}


def seconds(function: Callable[[], Any]) -> float:
    """One call."""
    start = process_time()
    function()
    return process_time() - start


def points_of(names: list[str], points: int) -> dict[str, np.ndarray]:
    """Random sizes that keep what the forms assume."""
    random = np.random.default_rng(0)
    sizes = {name: random.integers(1, 1000, points).astype(np.float64) for name in names}
    for part, whole in (("T", "A"), ("A", "D")):  # T | A | D
        if part in sizes and whole in sizes:
            sizes[whole] *= sizes[part]
    return sizes


def module(forms: Mapping[str, cg.ClosedForm], target: str) -> ModuleType:
    """The exported module, imported."""
    made = ModuleType("generated_costs")
    exec(compile(cg.export(forms, target), f"{target}.py", "exec"), made.__dict__)
    return made


def compare(title: str, forms: Mapping[str, cg.ClosedForm], points: int) -> bool:
    """Print how long one set of forms takes, each way; whether the exported code is as fast as it has to be."""
    expressions = [form.expr for form in forms.values()]
    generated = module(forms, "numpy")
    names = [name for name in signature(generated.costs).parameters if name not in ("check", "out")]
    sizes = points_of(names, points)
    plainly = module(forms, "numpy")
    vars(plainly)["_in_place"] = lambda *arguments: ()
    few = list(zip(*(sizes[name][:LOOPED].tolist() for name in names), strict=True))

    printed = sympy.lambdify([sympy_symbol(name) for name in names], expressions, "numpy", cse=True)
    plain = sympy.lambdify([sympy_symbol(name) for name in names], expressions, "math", cse=True)
    for value, other in zip(generated.costs(**sizes).values(), printed(**sizes), strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-12)

    into = {name: np.empty(points) for name in forms}
    ways: dict[str, tuple[Callable[[], Any], int]] = {
        "exported": (lambda: generated.costs(**sizes, check=False, out=into), points),
        "fresh": (lambda: generated.costs(**sizes, check=False), points),
        "checked": (lambda: generated.costs(**sizes), points),
        "each step": (lambda: plainly.costs(**sizes, check=False, out=into), points),
        "lambdify": (lambda: printed(**sizes), points),
        "loop": (lambda: [generated.costs(*row, check=False) for row in few], len(few)),
        "plain loop": (lambda: [plain(*row) for row in few], len(few)),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (way, count) in ways.items():
            times[name].append(seconds(way) / count)
    took = {name: min(values) for name, values in times.items()}
    goals = AT_LEAST | (OF_MANY if len(forms) > 4 else {})
    print(f"{title}: {len(forms)} forms of {len(names)} sizes")
    print(f"  {'exported':10} {took['exported'] * 1e9:9.2f} ns a point")
    for name in ("fresh", "checked", "each step", "lambdify", "loop", "plain loop"):
        ratio = took[name] / took["exported"]
        goal = f"  at least {goals[name]}: {'yes' if ratio >= goals[name] else 'NO'}" if name in goals else ""
        print(f"  {name:10} {took[name] * 1e9:9.2f} ns a point {ratio:8.1f} x{goal}")
    return all(took[name] >= factor * took["exported"] for name, factor in goals.items())


def main(points: int) -> int:
    """The exit code: 1 if a goal was missed."""
    print(f"{points:.0e} random points, least of {ROUNDS}, NumPy {np.__version__}, sympy {sympy.__version__}")
    reached = [compare(title, forms, points) for title, forms in FORMS.items()]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**7))
