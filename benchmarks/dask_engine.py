"""CPU time of a sweep on a Dask cluster of two processes over that of the plain engine, for the same points.

`python dask_engine.py [POINTS]`. Of the cluster all counts that is done from handing out the first piece to the last
result: client, scheduler, workers. Starting processes does not, as a cluster is there before.
"""

from __future__ import annotations

import sys
from time import process_time
from typing import Any

import distributed
from dask.delayed import delayed

from costgraph.searching import on_dask
from costgraph.searching.engines import Run, plain
from costgraph.searching.sweep import Sweep, sweep
from costgraph.searching.sweep_reading import read_sweep
from costgraph.searching.tally import Tally

MOST = 1.15  # times the CPU of the plain run


def asked(points: int) -> Sweep:
    """So many points of a training step."""
    over = f"B=1..{points // 1000}, S=1..1000"
    return read_sweep(
        over, "peak,step_time", pareto="peak,step_time", typed={"model": "llama-3-70b", "hardware": "h100-sxm"}
    )


def swept(of: Sweep, run: Run) -> int:
    """How many points were looked at."""
    tally = Tally()
    for _ in sweep(of, tally, run=run):
        pass
    return tally.points


def main(points: int) -> None:
    """Measure, and say whether it is cheap enough."""
    of, small = asked(points), asked(1000)
    swept(small, plain)
    start = process_time()
    swept(of, plain)
    alone = process_time() - start
    with on_dask.client_of(distributed, None, 2) as client:

        def run(look: Any, pieces: Any, /) -> Any:
            return on_dask.run(client, delayed, look, pieces)

        client.run(swept, small, plain)  # imports, as in the plain run
        swept(small, run)
        before = process_time() + sum(client.run(process_time).values())
        swept(of, run)
        together = process_time() + sum(client.run(process_time).values()) - before
    ratio = together / alone
    verdict = "ok" if ratio <= MOST else "TOO MUCH"
    print(f"{points:,} points: plain {alone:.2f} s, Dask {together:.2f} s of CPU, {ratio:.3f} times as much  {verdict}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000_000)
