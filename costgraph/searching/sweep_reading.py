"""Reads and checks what is swept over, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from costgraph.algebra.bindings import bound
from costgraph.algebra.polynomial import ONE
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import UserError, unknown
from costgraph.estimation.asked import Request
from costgraph.estimation.reading import request
from costgraph.given import read_letters, read_mesh, read_model
from costgraph.hardware.cluster import cluster
from costgraph.measures import MEASURES
from costgraph.measures.named import Measures, names_of_measures
from costgraph.searching.command import FLAGS
from costgraph.searching.constraints import DERIVED, read_conditions
from costgraph.searching.grid import Grid
from costgraph.searching.measures import MEASURES as OF_PLANS
from costgraph.searching.measures import told
from costgraph.searching.ranges import Over, read_objects, read_over
from costgraph.searching.reading import listed
from costgraph.searching.space_reading import whole
from costgraph.searching.structure import NO_REPLAY, replayed
from costgraph.searching.sweep import Sweep

CHOICES = (
    "model", "op_set", "hardware", "cluster", "phase", "mesh", "attention", "precision", "weights", "cache_dtype",
    "dtype", "convention", "passes", "recompute", "efficiency", "overlap", "link", "collectives", "new", "price",
)  # fmt: skip
ALSO = {"pass": "passes", "op-set": "op_set", "cache-dtype": "cache_dtype"}  # as options are typed
MAY_BE_NONE = ("efficiency", "overlap", "passes")  # of which `none` says that there are none
MOST = 10**9  # points
MOST_COMBINATIONS = 10**4  # each of which is derived anew


def read_sweep(
    over: Over, measures: Measures, where: str | Iterable[str] = (), pareto: Measures = "",
    typed: Mapping[str, Any] | None = None,
) -> Sweep:  # fmt: skip
    """Read what a user wants a table of.

    Args:
        over: `B=1..64, S=[2048, 8192], hardware=[a100-80gb-sxm, h100-sxm]`.
        measures: `peak,step_time,cost`.
        where: what points must keep to be told of, such as `peak <= 0.92*hbm`.
        pareto: measures in which no other point may be as good.
        typed: what is the same everywhere, as for `estimate`.

    Raises:
        UserError: anything unknown, unreadable, out of its domain, given twice, or too much.
    """
    fixed = {"phase": "train"} | dict(typed or {})
    letters = read_letters(fixed.get("let", ()), fixed.get("notation"))
    grid = read_grid(over, letters, fixed)
    asked = names_of(measures, "--measures", KNOWN)
    best = names_of(pareto, "--pareto", asked) if pareto else ()
    limitable = {name: OF_PLANS.get(name, DERIVED) for name in (*KNOWN, *asked)} | dict.fromkeys(grid.numbers)
    asking = Asking(fixed, tuple(grid.numbers), {ALSO.get(name, name): of for name, of in read_objects(over).items()})
    priced = fixed.get("price") not in (None, "") or "price" in grid.choices
    return Sweep(
        grid, told(asked, priced), read_conditions(where, limitable, letters), told(best, priced), asking.request,
        degrees_of(fixed, grid.choices), fixed,
    )  # fmt: skip


KNOWN = tuple(dict.fromkeys((*OF_PLANS, *MEASURES)))


def read_grid(over: Over, letters: Mapping[str, Quotient], fixed: Mapping[str, Any]) -> Grid:
    """What is swept over: choices by name, and sizes.

    Raises:
        UserError: nothing, a name that is neither, one that is typed for all points as well, or too many points.
    """
    said = read_over(over, letters)
    if not said:
        raise UserError("sweep: over what? write --over 'B=1..64, S=[2048, 8192]'")
    choices = {ALSO.get(name, name): values for name, values in said.items() if ALSO.get(name, name) in CHOICES}
    sizes = {name: values for name, values in said.items() if ALSO.get(name, name) not in CHOICES}
    if len(choices) + len(sizes) < len(said):
        raise UserError("--over: pass and passes are the same; write all values in one list")
    if twice := [name for name in choices if fixed.get(name) not in (None, "", []) and name != "phase"]:
        flag = FLAGS.get(twice[0], f"--{twice[0]}")
        raise UserError(f"{flag} and --over {twice[0]}=... contradict each other; give one of them")
    for name in sizes:
        check_size(name)
    grid = Grid(choices, {name: whole(name, values) for name, values in sizes.items()})
    if grid.size > MOST or grid.combinations > MOST_COMBINATIONS:
        most = f"{MOST:,} points of {MOST_COMBINATIONS:,} combinations of choices".replace(",", " ")
        raise UserError(f"{grid.size} points of {grid.combinations} combinations are too many; at most {most}")
    return grid


def check_size(name: str) -> None:
    """Refuse what is neither a size nor a choice.

    Raises:
        UserError: that it is not, with the choices.
    """
    try:
        bound(name, 1)
    except UserError:
        raise unknown("name in --over", name, (*CHOICES, *SYMBOLS)) from None


def degrees_of(fixed: Mapping[str, Any], choices: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The symbols in degrees of any mesh that is swept over."""
    found: dict[str, None] = {}
    for given in choices.get("mesh", (fixed.get("mesh") or "",)):
        for axis in read_mesh(given).named.values():
            found |= dict.fromkeys(axis.size.symbols)
    return tuple(found)


def names_of(given: Measures, option: str, known: Sequence[str]) -> tuple[str, ...]:
    """Names of measures, each once.

    Raises:
        UserError: one is unknown, or there are none.
    """
    found = names_of_measures(given)
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

    def meant(self, name: str, text: str) -> Any:
        """What a text of a choice stands for.

        Raises:
            UserError: it is no number where one is needed.
        """
        if name in MAY_BE_NONE and text == "none":
            return ""
        if name == "new":
            return whole(name, [text])[0]
        return self.objects.get(name, {}).get(text, text)

    def request(self, choices: Mapping[str, str], ones: Sequence[str]) -> Request:
        """The question, with some degrees 1 and all other numbers open.

        Raises:
            UserError: it cannot be asked.
        """
        meant = {name: self.meant(name, text) for name, text in choices.items()}
        of: dict[str, Any] = {**self.fixed, **meant}
        replay = of.pop("recompute", NO_REPLAY)
        given = of.pop("passes", None) or []
        passes = [given] if isinstance(given, str) else list(given)
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
