"""How time and memory grow with the size of a graph, and what printing costs: `python scaling.py [LARGEST]`."""

from __future__ import annotations

import gc
import random
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median
from time import process_time
from typing import Any, TypeVar

import costgraph as cg
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.shapes import SHAPES, write
from costgraph.algebra.symbols import SYMBOLS
from costgraph.builder import Builder
from costgraph.graph import Graph

AT_MOST = 30.0  # microseconds an op, for one measure of a graph that stands
SIZES = (1_000, 10_000, 100_000)
T = TypeVar("T")
Measure = Callable[[Graph], cg.ClosedForm]
PASSES: dict[str, Any] = {"backward": cg.backward, "tensor_parallel(T)": cg.tensor_parallel("T")}
MEASURES: dict[str, Measure] = {
    "params": cg.params,
    "states": cg.states,
    "flops": cg.flops,
    "activations": cg.activations,
    "traffic": cg.traffic,
    "communication": cg.communication,
    "cache": cg.cache,
    "intensity": cg.intensity,
}

WEIGHED = ("flops", "traffic")  # measures whose memory is looked at, too: tracing is slow


def chain(ops: int) -> Graph:
    """A deep MLP written out, layer by layer: two projections, an activation and a residual connection each."""
    b = Builder("chain", {"b": "B", "s": "S", "d": "D", "f": "E*D"})
    x = b.input("x", "bsd")
    for i in range(ops // 4):
        y = b.einsum(f"l{i}.up", "bsd,df->bsf", x, b.parameter(f"l{i}.up.weight", "df"))
        y = b.op(f"l{i}.act", "gelu", y)
        y = b.einsum(f"l{i}.down", "bsf,fd->bsd", y, b.parameter(f"l{i}.down.weight", "fd"))
        x = b.op(f"l{i}.residual", "residual", y, x)
    return b.build()


def timed(task: Callable[[], T]) -> tuple[float, T]:
    """Processor seconds and result; the garbage collector runs as it does for any user."""
    gc.collect()
    start = process_time()
    result = task()
    return process_time() - start, result


def kept(task: Callable[[], Any]) -> int:
    """Bytes that the result of a task holds."""
    gc.collect()
    tracemalloc.start()
    result = task()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del result
    return size


def fresh(graph: Graph) -> Graph:
    """The same graph, standing, with nothing computed yet."""
    copy = replace(graph, tensors={name: replace(tensor) for name, tensor in graph.tensors.items()})
    _ = copy.nx, copy.producer, copy.by_name
    return copy


def cold(measure: Measure, graph: Graph) -> Callable[[], cg.ClosedForm]:
    """Measuring a graph that was never measured before."""
    return partial(measure, fresh(graph))


def scaling(sizes: list[int]) -> None:
    grown = len(chain(40).apply(*PASSES.values()).ops) // 40  # the passes make it that much larger
    rows: dict[str, list[float]] = {name: [] for name in ("build", *PASSES, *MEASURES)}
    memory: dict[str, list[float]] = {name: [] for name in ("build", *WEIGHED)}
    for ops in sizes:
        seconds, graph = timed(partial(chain, ops // grown))
        rows["build"].append(seconds / len(graph.ops))
        for name, step in PASSES.items():
            seconds, graph = timed(partial(graph.apply, step))
            rows[name].append(seconds / len(graph.ops))
        for name, measure in MEASURES.items():
            runs = [timed(cold(measure, graph))[0] for _ in range(3)]
            rows[name].append(median(runs) / len(graph.ops))
        memory["build"].append(kept(partial(chain, ops // grown)) * grown / ops)
        for name in WEIGHED:
            memory[name].append(kept(cold(MEASURES[name], graph)) / len(graph.ops))
    heading = "".join(f"{ops:>12,}" for ops in sizes) + "    growth"
    print(f"microseconds an op {heading}  at most {AT_MOST:.0f}")
    for name, values in rows.items():
        micro = [value * 1e6 for value in values]
        goal = ("yes" if max(micro) <= AT_MOST else "NO") if name in MEASURES else ""
        print(f"{name:19}" + "".join(f"{v:12.1f}" for v in micro) + f"{micro[-1] / micro[0]:8.2f} x  {goal}")
    print(f"\nbytes an op kept   {heading}")
    for name, values in memory.items():
        print(f"{name:19}" + "".join(f"{v:12.0f}" for v in values) + f"{values[-1] / values[0]:8.2f} x")


def layers() -> None:
    """Deriving with L as a symbol and as a number."""
    print("\nderive the decoder  milliseconds")
    for name, sizes in {"L symbolic": {}, "L = 1000": {"L": 1000}}.items():
        times = [timed(partial(derived, sizes))[0] for _ in range(15)]
        print(f"{name:18}{median(times) * 1000:12.1f}")


def derived(sizes: dict[str, int]) -> list[str]:
    """The training measures of the decoder as text."""
    graph = cg.decoder().substitute(**sizes).apply(cg.backward)
    return [measure(graph).text() for measure in (cg.params, cg.states, cg.flops, cg.activations)]


def presentation(monomials: int = 200) -> None:
    """Writing a large polynomial in every shape: one at random, and one that is a product of sums."""
    draw = random.Random(0)
    drawn = Polynomial.constant(0)
    while len(drawn) < monomials:
        powers = {name: draw.choice((0, 0, 1, 2)) for name in SYMBOLS}
        drawn += Polynomial.monomial(powers, draw.randint(1, 99))
    letters = [Polynomial.symbol(name) for name in ("B", "S", "L", "D", "A", "E", "V", "K")]
    product = (letters[0] + letters[1] + 1) * (letters[2] + 2 * letters[3] + letters[4])
    product = product * (letters[5] + letters[6] + 3) * (letters[7] + letters[0] + letters[2] + 5)
    product = product * (letters[1] + 7)
    print("\npresentation        monomials     seconds   at most 1")
    for name, poly in {"random": drawn, "product": product}.items():
        for shape in (*SHAPES, "D"):
            seconds, _ = timed(partial(write, poly, shape))
            verdict = "yes" if seconds <= 1 else "NO"
            print(f"{name + ', ' + shape:20}{len(poly):9}{seconds:12.3f}   {verdict}")


def main(largest: int) -> None:
    print(f"Python {sys.version.split()[0]}")
    scaling([size for size in SIZES if size <= largest])
    layers()
    presentation()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1])
