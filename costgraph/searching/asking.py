"""Searches and sweeps as people ask for them from Python; `costgraph search` and `costgraph sweep` ask the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from costgraph.errors import UserError
from costgraph.given import names_size, with_keywords
from costgraph.hardware.cluster import Cluster
from costgraph.models.model import Model
from costgraph.searching.engines import engine as chosen
from costgraph.searching.ranges import Over
from costgraph.searching.table import needed

if TYPE_CHECKING:
    from costgraph.searching.points import Points
    from costgraph.searching.search import Found
    from costgraph.searching.sweep import Block, Tally

OWN = ("price", "batch")  # options, whatever else is called so
MOST_ROWS = 10**7  # that are held at once


def best(
    model: str | Model | None = None,
    cluster: str | Cluster | None = None,
    engine: str = "plain",
    scheduler: str | None = None,
    **options: Any,
) -> Found:
    """The best plans of a model on a cluster.

    >>> found = best("llama-3.2-1b", "h100-sxm:2x1", batch=4, S=1024, over="zero=[1, 3], recompute=none", top=2)
    >>> len(found.plans), found.plans[0].mesh
    (2, 'tensor(2, sequence=True), microbatches(4)')

    Args:
        model: by name, as a file or as an object.
        cluster: nodes of a machine, `h100-sxm:8x128`.
        engine: who looks at plans: `plain`, this process, or `dask`.
        scheduler: the address of a Dask cluster that is there; processes of this machine unless given.
        options: those of `searching.reading.read_search`: batch, minimize, where, top, over (text or a mapping),
            efficiency, overlap, limit, phase, new, price, ...; and sizes by their symbols.

    Raises:
        UserError: NumPy is missing; anything unknown, unreadable or out of its domain.
    """
    needed("numpy", "search", "search")
    from costgraph.searching.reading import read_search
    from costgraph.searching.search import search

    asked = read_search(cluster_of=cluster, **{"model": model, **with_sizes(options)})
    with chosen(engine, scheduler) as run:
        return search(asked, run=run)


def swept(
    model: str | Model | None = None,
    over: Over = "",
    measures: str | Iterable[str] = (),
    where: str | Iterable[str] = (),
    pareto: str | Iterable[str] = (),
    engine: str = "plain",
    scheduler: str | None = None,
    **options: Any,
) -> Points:
    """A table of measures over sizes, machines, models and other choices.

    >>> points = swept("llama-3-8b", {"B": [1, 2], "hardware": ["h100-sxm"]}, "peak,flops", S=2048)
    >>> [row[:2] for row in points.rows()]
    [('h100-sxm', 1), ('h100-sxm', 2)]

    Args:
        model: by name, as a file or as an object; also a choice to sweep over.
        over: `B=1..64, hardware=[a100-80gb-sxm, h100-sxm]`, or a mapping whose values may be objects.
        measures: `peak,step_time`, or whatever `derive` measures.
        where: what points must keep to be told of.
        pareto: measures in which no other point may be as good; all points unless said.
        engine: as for a search.
        scheduler: the same.
        options: those of `estimate`: hardware, cluster, limit, phase, mesh, efficiency, ...; and sizes by their
            symbols.

    Raises:
        UserError: NumPy is missing; anything unknown, unreadable or out of its domain; more rows than can be held.
    """
    needed("numpy", "sweep", "search")
    from costgraph.searching.points import Points
    from costgraph.searching.sweep import Tally, sweep
    from costgraph.searching.sweep_reading import read_sweep

    typed = {"model": model, **with_sizes(options)}
    question = read_sweep(over, measures, where, pareto, {name: one for name, one in typed.items() if one is not None})
    tally = Tally()
    with chosen(engine, scheduler) as run:
        return Points(question, tuple(bounded(sweep(question, tally, run=run), tally)), tally)


def bounded(blocks: Iterable[Block], tally: Tally) -> Iterator[Block]:
    """Blocks that are held all at once.

    Raises:
        UserError: there are more rows than that.
    """
    for block in blocks:
        if tally.told > MOST_ROWS:
            raise UserError(
                f"more than {MOST_ROWS} rows at once; say less with --where or --pareto, or write a table, which is "
                "not held: costgraph sweep -o table.parquet"
            )
        yield block


def with_sizes(options: dict[str, Any]) -> dict[str, Any]:
    """Options whose sizes, given as keywords, stand in the limit."""
    sizes = {name: options.pop(name) for name in list(options) if name not in OWN and names_size(name)}
    return {**options, "limit": with_keywords(options.get("limit", ()), sizes)} if sizes else options
