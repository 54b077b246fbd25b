"""Where a tensor lies with respect to a cut, and the next collective on the way to where it is needed.

A dim is cut into blocks, outermost cut first; the elements of a block are cut into even parts inside of that. So only
what is cut innermost can be put together again, and only what is whole inside can be cut further.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from costgraph.graph.tensor import Tensor
from costgraph.mesh import Cut

WHOLE, PARTIAL, SHARDED = "(whole)", "(partial)", "(sharded)"  # states beside the names of dims
KINDS = ("part", "reduce_scatter", "all_to_all", "all_reduce", "all_gather")  # what makes a tensor smaller comes first

Change = tuple[str, str, str]  # of state: kind, from where, to where
Order = Callable[[str, Iterable[Cut]], list[Cut]]  # cuts of a dim, or of elements, outermost first


def state(tensor: Tensor, cut: Cut) -> str:
    """Where a tensor lies with respect to one cut: `WHOLE`, `PARTIAL`, `SHARDED`, or the name of the dim it splits."""
    if cut in tensor.partial:
        return PARTIAL
    if cut in tensor.shards:
        return SHARDED
    return next((dim.name for dim in tensor.dims if cut in dim.cuts), WHOLE)


def kind_of(was: str, to: str) -> str:
    """The collective that changes a state into another."""
    if was == PARTIAL:
        return "all_reduce" if to == WHOLE else "reduce_scatter"
    if was == WHOLE:
        return "part"
    return "all_gather" if to == WHOLE else "all_to_all"


def next_change(tensor: Tensor, goal: Mapping[Cut, str], order: Order) -> tuple[Change, tuple[Cut, ...]] | None:
    """The next change of state of a tensor that is needed in these states, and over which cuts; none if it is there."""
    was = {cut: state(tensor, cut) for cut in goal}
    if was == goal:
        return None
    held = {dim.name: dim.cuts for dim in tensor.dims} | {SHARDED: tensor.shards}
    changes: dict[Change, list[Cut]] = {}
    for cut, to in steps(was, goal, held, order).items():
        if was[cut] != to:
            changes.setdefault((kind_of(was[cut], to), was[cut], to), []).append(cut)
    ready = {change: cuts for change in changes if (cuts := possible(change, changes[change], goal, held, order))}
    if not ready:  # each waits for another to leave a dim: one leaves by way of the whole tensor
        change, cuts = next((change, cuts) for change, cuts in changes.items() if change[1] in held)
        ready = {("all_gather", change[1], WHOLE): innermost(held[change[1]], cuts)}
    first = min(ready, key=precedence(changes))
    return first, tuple(cut for cut in goal if cut in ready[first])


def steps(
    was: Mapping[Cut, str], goal: Mapping[Cut, str], held: Mapping[str, tuple[Cut, ...]], order: Order
) -> dict[Cut, str]:
    """Where each cut goes next: to its goal, unless by way of the whole tensor."""
    found = dict(goal)
    for where, cuts in held.items():
        stay = order(where, [cut for cut in goal if goal[cut] == where])
        kept = next((i for i, cut in enumerate(cuts) if cut not in stay[i : i + 1]), len(cuts))
        found |= {cut: WHOLE for cut in cuts[kept:] if goal[cut] == where}  # one that goes outside of it is missing
    for cut, to in found.items():
        if was[cut] != to and SHARDED in (was[cut], to) and not {WHOLE, PARTIAL} & {was[cut], to}:
            found[cut] = WHOLE
    return found


def possible(
    change: Change, cuts: list[Cut], goal: Mapping[Cut, str], held: Mapping[str, tuple[Cut, ...]], order: Order
) -> list[Cut]:
    """Those of the cuts for which nothing else has to change before."""
    _, was, to = change
    if was in held:
        cuts = innermost(held[was], cuts)
    if to in held:
        stay = order(to, [cut for cut in goal if goal[cut] == to])
        if any(cut not in stay for cut in held[to]):
            return []
        coming = stay[len(held[to]) :]
        cuts = coming[: next((i for i, cut in enumerate(coming) if cut not in cuts), len(coming))]
    return cuts


def innermost(held: tuple[Cut, ...], cuts: Container[Cut]) -> list[Cut]:
    """Those of `cuts` inside of which all are among them."""
    outside = next((i for i, cut in enumerate(reversed(held)) if cut not in cuts), len(held))
    return list(held[len(held) - outside :])


def precedence(changes: Iterable[Change]) -> Callable[[Change], tuple[bool, bool, int]]:
    """What comes first: even parts are of blocks, so that no dim changes while there are any."""
    dims = any(not {was, to} <= {WHOLE, PARTIAL, SHARDED} for _, was, to in changes)
    return lambda change: (change[1] != SHARDED, dims and change[2] == SHARDED, KINDS.index(change[0]))
