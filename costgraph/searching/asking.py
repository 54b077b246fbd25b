"""Searches and sweeps as people ask for them from Python; `costgraph search` and `costgraph sweep` ask the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Unpack

from costgraph.errors import UserError
from costgraph.estimation.keywords import OnMachines, Rates, Searching, Sweeping
from costgraph.given import Options, names_size, with_keywords
from costgraph.hardware.cluster import Cluster
from costgraph.models.model import Model
from costgraph.searching.engines import engine as chosen
from costgraph.searching.ranges import Over
from costgraph.searching.table import needed
from costgraph.signatures import spelled_out

if TYPE_CHECKING:
    from costgraph.measures.named import Measures
    from costgraph.searching.points import Points
    from costgraph.searching.search import Found
    from costgraph.searching.sweep import Block
    from costgraph.searching.tally import Tally

OWN = ("price", "batch")  # options, whatever else is called so
MOST_ROWS = 10**7  # that are held at once


@spelled_out(Options, Rates)
def search(
    of: str | Model | None = None,
    /,
    cluster: str | Cluster | None = None,
    engine: str = "plain",
    scheduler: str | None = None,
    *,
    batch: int | None = None,
    minimize: str = "step_time",
    where: str | Iterable[str] = (),
    top: int = 10,
    over: Over = "",
    **options: Unpack[Searching],
) -> Found:
    """The best plans of a model on a cluster.

    >>> found = search("llama-3.2-1b", "h100-sxm:2x1", batch=4, S=1024, over="zero=[1, 3], recompute=none", top=2)
    >>> len(found.plans), found.plans[0].mesh
    (2, 'tensor(2, sequence=True), microbatches(4)')

    Args:
        of: a model, by name, as a file or as an object; `model` is the same.
        cluster: nodes of a machine, `h100-sxm:8x128`.
        engine: who looks at plans: `plain`, this process, or `dask`.
        scheduler: the address of a Dask cluster that is there; processes of this machine unless given.
        batch: sequences of a step on all devices; searched unless given, where tokens are generated.
        minimize: `step_time`, `cost` (device-hours without a price) or `devices`.
        where: what plans must keep, such as `peak <= 0.92*hbm`.
        top: how many plans.
        over: what is tried in place of all that may be, as text or as a mapping.
        options: all that `derive` takes of a question but a mesh, sizes by their symbols, too; and of machines `dtype`,
            `link`, `collectives`, `efficiency`, `overlap`, `new` and `price`, as `estimate` does.

    Raises:
        UserError: NumPy is missing; anything unknown, unreadable or out of its domain.
    """
    needed("numpy", "search", "search")
    from costgraph.searching.reading import read_search
    from costgraph.searching.search import search as looked_for

    own: Any = with_sizes(of_model(of, options))
    asked = read_search(cluster_of=cluster, batch=batch, minimize=minimize, where=where, top=top, over=over, **own)
    with chosen(engine, scheduler) as run:
        return looked_for(asked, run=run)


@spelled_out(Options, OnMachines)
def sweep(
    of: str | Model | None = None,
    /,
    over: Over = "",
    measures: Measures = (),
    where: str | Iterable[str] = (),
    pareto: Measures = (),
    engine: str = "plain",
    scheduler: str | None = None,
    **options: Unpack[Sweeping],
) -> Points:
    """A table of measures over sizes, machines, models and other choices.

    >>> points = sweep("llama-3-8b", {"B": [1, 2], "hardware": ["h100-sxm"]}, "peak,flops", S=2048)
    >>> [row[:2] for row in points.rows()]
    [('h100-sxm', 1), ('h100-sxm', 2)]

    Args:
        of: a model, by name, as a file or as an object; `model` is the same, and also a choice to sweep over.
        over: `B=1..64, hardware=[a100-80gb-sxm, h100-sxm]`, or a mapping whose values may be objects.
        measures: `peak,step_time`, or whatever `derive` measures, as text, as functions or as lists.
        where: what points must keep to be told of.
        pareto: measures in which no other point may be as good; all points unless said.
        engine: as for a search.
        scheduler: the same.
        options: all that `estimate` takes, `hardware` and sizes by their symbols among it.

    Raises:
        UserError: NumPy is missing; anything unknown, unreadable or out of its domain; more rows than can be held.
    """
    needed("numpy", "sweep", "search")
    from costgraph.searching.points import Points
    from costgraph.searching.sweep import sweep as looked_at
    from costgraph.searching.sweep_reading import read_sweep
    from costgraph.searching.tally import Tally

    typed = with_sizes(of_model(of, options))
    question = read_sweep(over, measures, where, pareto, {name: one for name, one in typed.items() if one is not None})
    tally = Tally()
    with chosen(engine, scheduler) as run:
        return Points(question, tuple(bounded(looked_at(question, tally, run=run), tally)), tally)


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


def of_model(of: str | Model | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with the model that is given as an argument.

    Raises:
        UserError: it is given twice.
    """
    if of is not None and options.get("model") is not None:
        raise UserError("the model is given twice, as the first argument and as model")
    return {"model": options.get("model") if of is None else of, **{k: v for k, v in options.items() if k != "model"}}


def with_sizes(options: dict[str, Any]) -> dict[str, Any]:
    """Options whose sizes, given as keywords, stand in the limit."""
    sizes = {name: one for name, one in options.items() if name not in OWN and names_size(name)}
    own = {name: one for name, one in options.items() if name not in sizes}
    return {**own, "limit": with_keywords(own.get("limit", ()), sizes)} if sizes else own
