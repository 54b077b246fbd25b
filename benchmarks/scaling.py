"""How time and memory grow with the size of a graph, and what printing costs: `python scaling.py [LARGEST]`.

Processor time is measured, of several runs the least, beside what `import sympy` takes: on another machine, or on a
busy one, goals shift with it.
"""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import process_time
from typing import Any, TypeVar

import costgraph as cg
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.shapes import SHAPES, write
from costgraph.algebra.symbols import EVERYWHERE, SYMBOLS, Symbol, declare
from costgraph.graph.builder import Builder
from costgraph.graph.graph import Graph

AT_MOST = {"params": 1.5, "flops": 3.0, "traffic": 2.5}  # microseconds an op, of a graph that stands
GROWTH = 1.2  # at most, from the smallest to the largest graph
WRITING = 25.0  # milliseconds at most, for 300 monomials
RUNS = 5
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


def chain(ops: int, sizes: tuple[str, ...] = ("B", "S", "D", "E*D")) -> Graph:
    """A deep MLP written out, layer by layer: two projections, an activation and a residual connection each."""
    b = Builder("chain", dict(zip("bsdf", sizes, strict=True)))
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


def least(task: Callable[[], Callable[[], Any]]) -> float:
    """Processor seconds of the quickest of several runs, each prepared anew."""
    return min(timed(task())[0] for _ in range(RUNS))


def sympy() -> float:
    """Processor seconds of `import sympy` in an interpreter of its own."""
    code = "import time; before = time.process_time(); import sympy; print(time.process_time() - before)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(3)]
    return min(map(float, runs))


def verdict(*met: bool) -> str:
    """Whether all goals are met."""
    return "yes" if all(met) else "NO"


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


def cold(measure: Measure, graph: Graph) -> Callable[[], tuple[cg.Term, ...]]:
    """Measuring a graph that was never measured before, to the last term."""
    copy = fresh(graph)
    return lambda: measure(copy).terms


def scaling(sizes: list[int]) -> None:
    """Passes and measures, by the number of ops in the graph that they are applied to."""
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
            rows[name].append(least(partial(cold, measure, graph)) / len(graph.ops))
        memory["build"].append(kept(partial(chain, ops // grown)) * grown / ops)
        for name in WEIGHED:
            memory[name].append(kept(cold(MEASURES[name], graph)) / len(graph.ops))
    heading = "".join(f"{ops:>12,}" for ops in sizes) + "    growth"
    print(f"microseconds an op {heading}   goal: at most, and {GROWTH} x")
    for name, values in rows.items():
        micro, growth = [value * 1e6 for value in values], values[-1] / values[0]
        limit = AT_MOST.get(name)
        goal = f"{limit:6.1f}   {verdict(max(micro) <= limit, growth <= GROWTH)}" if limit else ""
        print(f"{name:19}" + "".join(f"{v:12.1f}" for v in micro) + f"{growth:8.2f} x  {goal}")
    print(f"\nbytes an op kept   {heading}")
    for name, values in memory.items():
        print(f"{name:19}" + "".join(f"{v:12.0f}" for v in values) + f"{values[-1] / values[0]:8.2f} x")


def symbols(ops: int = 10_000) -> None:
    """The same measures with a larger table of symbols, and of a graph whose sizes are the last of them."""
    small = chain(ops // 10).apply(*PASSES.values())
    before = {name: least(partial(cold, MEASURES[name], small)) for name in AT_MOST}
    count = len(SYMBOLS)
    added = [declare(Symbol(f"x_{i}", f"x_{{{i}}}", "", "a size", "positive integer", 2)).name for i in range(30)]
    last = chain(ops // 10, (added[-1], added[-2], added[-3], f"{added[-4]}*{added[-3]}")).apply(*PASSES.values())
    print(f"\nmicroseconds an op  {count:>10} symbols{len(SYMBOLS):>10} symbols, sizes the last of them")
    for name, first in before.items():
        again, longer = (least(partial(cold, MEASURES[name], graph)) for graph in (small, last))
        row = "".join(f"{seconds / len(small.ops) * 1e6:18.2f}" for seconds in (first, again, longer))
        print(f"{name:14}{row}   at most {GROWTH} x   {verdict(max(again, longer) <= GROWTH * first)}")


def layers() -> None:
    """Deriving with L as a symbol and as a number."""
    print("\nderive the decoder  milliseconds")
    for name, sizes in {"L symbolic": {}, "L = 1000": {"L": 1000}}.items():
        print(f"{name:18}{least(partial(partial, derived, sizes)) * 1000:12.1f}")


def derived(sizes: dict[str, int]) -> list[str]:
    """The training measures of the decoder as text."""
    graph = cg.decoder().substitute(**sizes).apply(cg.backward)
    return [measure(graph).text() for measure in (cg.params, cg.states, cg.flops, cg.activations)]


def presentation(names: list[str], monomials: int = 300) -> None:
    """Writing a large polynomial in every shape: one at random, and one that is a product of sums."""
    draw = random.Random(0)
    drawn = Polynomial.constant(0)
    while len(drawn) < monomials:
        drawn += Polynomial.monomial({name: draw.choice((0, 0, 1, 2)) for name in names}, draw.randint(1, 99))
    letters = [Polynomial.symbol(name) for name in ("B", "S", "L", "D", "A", "E", "V", "K")]
    product = (letters[0] + letters[1] + 1) * (letters[2] + 2 * letters[3] + letters[4])
    product = product * (letters[5] + letters[6] + 3) * (letters[7] + letters[0] + letters[2] + 5)
    product = product * (letters[1] + 7) * (letters[3] + 3)
    print(f"\n{len(SYMBOLS)} symbols, {len(names)} drawn from  monomials  milliseconds   at most {WRITING:.0f}")
    for name, poly in {"random": drawn, "product": product}.items():
        for shape in (*SHAPES, "D"):
            taken = least(partial(unwritten, poly, shape)) * 1000
            print(f"{name + ', ' + shape:24}{len(poly):13}{taken:14.1f}   {verdict(taken <= WRITING)}")


def unwritten(poly: Polynomial, shape: str) -> Callable[[], Any]:
    """Writing a polynomial of which nothing is known yet."""
    return partial(write, total(poly.monomials()), shape)


def main(largest: int) -> None:
    print(f"Python {sys.version.split()[0]}, import sympy {sympy() * 1000:.0f} ms")
    core = [name for name, symbol in SYMBOLS.items() if symbol.group in EVERYWHERE]
    scaling([size for size in SIZES if size <= largest])
    layers()
    symbols()
    presentation(core)
    presentation(list(SYMBOLS)[:50])
    print(f"\nimport sympy again {sympy() * 1000:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1])
