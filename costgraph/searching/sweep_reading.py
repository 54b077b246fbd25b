"""Reads and checks what is swept over, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from costgraph.algebra.bindings import bound, split_list
from costgraph.algebra.polynomial import ONE
from costgraph.algebra.units import BYTE, SECOND, Powers
from costgraph.errors import UserError, unknown
from costgraph.estimation.asked import Request
from costgraph.estimation.reading import request
from costgraph.given import read_letters, read_mesh, read_model
from costgraph.hardware.cluster import cluster
from costgraph.measures import MEASURES
from costgraph.searching.constraints import read_constraints
from costgraph.searching.costs import MEASURES as OF_PLANS
from costgraph.searching.grid import Grid
from costgraph.searching.ranges import Over, read_objects, read_over
from costgraph.searching.reading import listed, whole
from costgraph.searching.structure import NO_REPLAY, replayed
from costgraph.searching.sweep import Sweep

CHOICES = (
    "model", "hardware", "cluster", "phase", "mesh", "attention", "precision", "weights", "cache_dtype", "dtype",
    "recompute", "link", "collectives",
)  # fmt: skip
MOST = 10**9  # points
MOST_COMBINATIONS = 10**4  # each of which is derived anew
UNITS: dict[str, Powers] = {"peak": BYTE, "step_time": SECOND, "bound": SECOND, "ttft": SECOND, "tpot": SECOND}


def read_sweep(
    over: Over, measures: str | Iterable[str], where: str | Iterable[str] = (), pareto: str | Iterable[str] = "",
    typed: Mapping[str, Any] | None = None,
) -> Sweep:  # fmt: skip
    """Read what a user wants a table of.

    Args:
        over: `B=1..64, S=[2048, 8192], hardware=[a100-80gb-sxm, h100-sxm]`.
        measures: `peak,step_time,cost`.
        where: what points must keep to be told of, such as `peak <= 80 GB`.
        pareto: measures in which no other point may be as good.
        typed: what is the same everywhere, as for `estimate`.

    Raises:
        UserError: anything unknown, unreadable, out of its domain, given twice, or too much.
    """
    fixed = dict(typed or {})
    fixed.setdefault("phase", "train")
    letters = read_letters(fixed.get("let", ()), fixed.get("notation"))
    said = read_over(over, letters)
    if not said:
        raise UserError("sweep: over what? write --over 'B=1..64, S=[2048, 8192]'")
    choices = {name: values for name, values in said.items() if name in CHOICES}
    numbers = {name: whole(name, values) for name, values in said.items() if name not in CHOICES}
    if twice := [name for name in choices if fixed.get(name) is not None and name != "phase"]:
        raise UserError(f"--{twice[0]} and --over {twice[0]}=... contradict each other; give one of them")
    for name in numbers:
        bound(name, 1)
    asked = names_of(measures, "--measures", (*OF_PLANS, *MEASURES))
    best = names_of(pareto, "--pareto", asked) if pareto else ()
    grid = Grid(choices, numbers)
    if grid.size > MOST or grid.combinations > MOST_COMBINATIONS:
        most = f"{MOST:,} points of {MOST_COMBINATIONS:,} combinations of choices".replace(",", " ")
        raise UserError(f"{grid.size} points of {grid.combinations} combinations are too many; at most {most}")
    units: dict[str, Powers | None] = {name: UNITS.get(name) for name in (*OF_PLANS, *asked, *numbers)}
    limits = read_constraints([where] if isinstance(where, str) else where, units, {}, letters)
    asking = Asking(fixed, tuple(numbers), read_objects(over, letters))
    return Sweep(grid, asked, limits, best, asking.request, degrees_of(fixed, choices), fixed)


def degrees_of(fixed: Mapping[str, Any], choices: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The symbols in degrees of any mesh that is swept over."""
    found: dict[str, None] = {}
    for given in choices.get("mesh", (fixed.get("mesh") or "",)):
        for axis in read_mesh(given).named.values():
            found |= dict.fromkeys(axis.size.symbols)
    return tuple(found)


def names_of(text: str | Iterable[str], option: str, known: Sequence[str]) -> tuple[str, ...]:
    """Names of measures, each once.

    Raises:
        UserError: one is unknown, or there are none.
    """
    found = [part.strip() for one in ([text] if isinstance(text, str) else text) for part in split_list(one)]
    if not all(found) or not found:
        raise UserError(f"{option}: which measures? as in {option} peak,step_time")
    for name in found:
        plain = name.partition("(")[0].partition(".")[0]
        if name not in known and not any(one.partition("(")[0].partition(".")[0] == plain for one in known):
            raise unknown(f"measure in {option}", name, known)
    return tuple(dict.fromkeys(found))


class Asking:
    """Makes the question of each combination of choices.

    Args:
        fixed: what is the same in all of them.
        open_: the numbers that are swept over.
        objects: what texts of choices stand for that were given as objects.
    """

    def __init__(
        self, fixed: Mapping[str, Any], open_: Sequence[str], objects: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.fixed, self.open, self.objects = fixed, tuple(open_), objects

    def request(self, choices: Mapping[str, str], ones: Sequence[str]) -> Request:
        """The question, with some degrees 1 and all other numbers open.

        Raises:
            UserError: it cannot be asked.
        """
        meant = {name: self.objects.get(name, {}).get(text, text) for name, text in choices.items()}
        of: dict[str, Any] = {**self.fixed, **meant}
        replay = of.pop("recompute", NO_REPLAY)
        passes = list(of.pop("passes", None) or [])
        if replay != NO_REPLAY:
            passes.append(replayed(str(replay)))
        open_ = [name for name in self.open if name not in ones]
        model = read_model(of.get("model"), of.get("op_set"))
        symbolic = [name for name in open_ if name in model.bindings]
        limit = listed(of.pop("limit", None))
        if ones:
            of["mesh"] = read_mesh(of["mesh"]).substitute(dict.fromkeys(ones, ONE))
        place = of.pop("cluster", None)
        if place is not None:
            of["cluster"] = cluster(place)
        return request(**cast(Any, {**of, "passes": passes, "limit": limit, "symbolic": symbolic}))
