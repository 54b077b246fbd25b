"""Whether a model fits, as a report of one line."""

from __future__ import annotations

from costgraph.errors import UserError
from costgraph.estimation.estimate import Estimate
from costgraph.reports.amounts import aside
from costgraph.reports.nodes import Report, Verdict


def report(result: Estimate) -> Report:
    """The verdict alone.

    Raises:
        UserError: a size is open, so that nobody can say.
    """
    return Report("", ((Verdict(line(result), result.verdict.fits),),))


def line(result: Estimate) -> str:
    """`fits: llama-3-8b on h100-sxm, generate at B=1, S=4096: needs 15.6 GiB (16.8 GB) of 79.1 GiB (84.9 GB), ...`.

    Raises:
        UserError: a size is open, so that nobody can say.
    """
    asked, found = result.request, result.verdict
    if found.needed is None or found.usable is None or found.left is None:
        missing = ", ".join(result.unbound) or "a size"
        raise UserError(f"whether it fits depends on {missing}; bind it with --limit")
    name, place = asked.setup.model.name or asked.setup.graph.name, asked.cluster
    sizes = ", ".join(f"{n}={asked.bindings[n]}" for n in ("B", "S") if n in asked.bindings)
    mesh = f", mesh {asked.setup.mesh}" if asked.setup.mesh else ""
    stage = f"on the {found.stage}, " if found.stage else ""
    start = f"{name} on {place}{mesh}, {asked.phase} at {sizes}"
    needs = f"needs {aside(found.needed)} of {aside(found.usable)}"
    where = f"most at {stage}{found.instant}"
    if found.fits:
        batch = f"; B up to {result.largest_batch}" if result.largest_batch else ""
        return f"fits: {start}: {needs}, {where}{batch}"
    change = f"; it does with {result.moves[0].move}" if result.moves and result.moves[0].verdict.fits else ""
    return f"does not fit: {start}: {needs}, {where}{change}"
