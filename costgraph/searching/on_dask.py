"""Pieces as delayed tasks of Dask, on a cluster that is there, or on processes of this machine."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from costgraph.errors import UserError
from costgraph.searching.engines import Run
from costgraph.searching.table import needed

Piece = TypeVar("Piece")
Part = TypeVar("Part")

AHEAD = 3  # tasks for each worker that are handed out at a time; twice as many are under way at most: memory is bounded
# Dask has its workers give back every table of some 100 kB at once, which makes of each a system call and page faults
LARGE = str(2**28)
USUAL_MEMORY = {
    f"distributed.nanny.pre-spawn-environ.{name}": LARGE
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")
}
SECONDS = 10  # that a scheduler has to answer


@contextmanager
def on_dask(scheduler: str | None = None, workers: int | None = None) -> Iterator[Run]:
    """Who looks at pieces on a cluster.

    Args:
        scheduler: the address of one that is there, `tcp://host:8786`; without one processes of this machine work.
        workers: how many of these; one for each core unless given.

    Raises:
        UserError: Dask is missing, or nothing answers at the address.
    """
    distributed = needed("distributed", "--engine dask", "dask")
    with client_of(distributed, scheduler, workers) as client:
        yield partial(run, client, needed("dask.delayed", "--engine dask", "dask").delayed)


@contextmanager
def client_of(distributed: Any, scheduler: str | None, workers: int | None) -> Iterator[Any]:
    """A client of the cluster; of processes of this machine, which end with it, where no scheduler is named."""
    if scheduler is None:
        place = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
        with (
            needed("dask.config", "--engine dask", "dask").set(USUAL_MEMORY),
            distributed.LocalCluster(n_workers=workers, silence_logs=logging.ERROR, **place) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            yield client
        return
    try:
        client = distributed.Client(scheduler, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"--scheduler {scheduler}: {str(error).splitlines()[0]}") from None
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise UserError(f"--scheduler {scheduler}: it has no workers; start some with: dask worker {scheduler}")
        yield client


def run(client: Any, delayed: Any, look: Callable[[Piece], Part], pieces: Iterable[Piece], /) -> Iterator[Part]:
    """What a function gives of each piece, in their order; no more of them are under way than workers need.

    They are handed out some at a time: a graph of its own for each costs the scheduler as much as half a piece.
    """
    with_all = client.scatter(look, broadcast=True)
    some = AHEAD * max(sum(client.nthreads().values()), 1)
    under_way: deque[Any] = deque()
    rest = iter(pieces)
    while handed := [delayed(compact, pure=False)(with_all, piece) for piece in islice(rest, some)]:
        under_way += client.compute(handed)
        while len(under_way) > some:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


def compact(look: Callable[[Any], Any], piece: Any) -> Any:
    """A task: what is handed on of one piece."""
    return look(piece).compact()
