"""Reads and checks what is searched for, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Unpack

from costgraph.algebra.quotient import Quotient
from costgraph.errors import UserError, each_text, shorten, unknown
from costgraph.estimation.asked import Request
from costgraph.estimation.reading import Pairs, overlaps, request
from costgraph.given import Keywords, read_letters, whole_number
from costgraph.hardware.catalog import chosen
from costgraph.hardware.cluster import Cluster, cluster
from costgraph.mesh import Mesh
from costgraph.searching.asked import Search
from costgraph.searching.constraints import Constraint, read_conditions
from costgraph.searching.measures import MEASURES, Measure, check_priced, told
from costgraph.searching.plans import Question
from costgraph.searching.ranges import Over, read_over
from costgraph.searching.shares import Links
from costgraph.searching.space import Space
from costgraph.searching.space_reading import MOST_STRUCTURES, read_space
from costgraph.searching.stage_times import Rates
from costgraph.searching.structure import DEGREES, KINDS

PHASES = ("train", "generate")
GOALS = ("step_time", "cost", "devices")
TOP = 10
MOST = 1000  # plans that one may ask for
MOST_TRIED = 10**9  # combinations of numbers


def read_search(
    *,
    cluster_of: str | Cluster | None,
    batch: int | None = None,
    minimize: str = "step_time",
    where: str | Iterable[str] = (),
    top: int = TOP,
    over: Over = "",
    dtype: str | None = None,
    link: str | None = None,
    collectives: str = "ring",
    efficiency: Pairs = "",
    overlap: Pairs = "",
    new: int | None = None,
    price: str | float | None = None,
    **of: Unpack[Keywords],
) -> Search:
    """Read what a user looks for.

    Args:
        cluster_of: nodes of a machine, `h100-sxm:8x128`.
        batch: sequences of a step on the whole mesh; of a generation it is searched unless given.
        minimize: `step_time`, `cost` (device-hours without a price) or `devices`.
        where: what plans must keep, such as `peak <= 0.92*hbm`.
        top: how many are shown.
        over: what is tried in place of what usually is: `T=[1, 2, 4, 8], zero=[1, 3], recompute=[none, full]`.
        dtype: data type whose peak counts, as for `estimate`; so are all that follow.
        link: over which collectives go.
        collectives: `ring` or `tree`.
        efficiency: shares of the peaks that are reached; with them plans are ranked by the estimate.
        overlap: which share of what collectives take hides behind something else, by axis.
        new: how many tokens are generated.
        price: of one device.
        of: what is searched for, as for `derive`: model, op_set, passes, limit, precision, attention; no mesh.

    Raises:
        UserError: anything unknown, unreadable or out of its domain; sizes that are not said.
    """
    if cluster_of is None:
        raise UserError("search: over which devices? name nodes of a machine, as in --cluster h100-sxm:8x128")
    phase = phase_of(of)
    if batch is not None:
        of["limit"] = [*listed(of.get("limit")), f"B={whole_number('--batch', batch)}"]
    typed = {
        **of, "cluster": cluster_of, "phase": phase, "dtype": dtype, "link": link,
        "collectives": collectives if collectives != "ring" else "", "efficiency": efficiency, "overlap": overlap,
        "new": new, "price": price,
    }  # fmt: skip
    place = cluster(cluster_of)
    chosen(place.machine, dtype, link)
    of["phase"] = phase
    asked = request(
        hardware=place.machine, dtype=dtype, link=link, collectives=collectives, efficiency=efficiency, new=new,
        price=price, **of,
    )  # fmt: skip
    hides = overlaps(overlap, Mesh(", ".join(KINDS.values())), efficiency) if overlap else {}
    asked = replace(asked, cluster=place, overlap=hides)
    letters = read_letters(of.get("let", ()), of.get("notation"))
    space = read_space(asked, place, read_over(over, letters), batch, minimize)
    check(asked, space, minimize, top := whole_number("--top", top))
    (goal,) = told([minimize], price is not None)
    limits = read_limits(["peak <= hbm", *each_text(where, "T <= 8")], asked, space, letters)
    question = Question(
        asked, Links(place, link, asked.collectives), Rates(asked), tuple({"B"} & space.numbers.keys()),
        (*(one.name for one in limits), goal),
    )  # fmt: skip
    return Search(question, space, limits, goal, top, typed)


def phase_of(of: Keywords) -> str:
    """The phase that is searched for.

    Raises:
        UserError: another one, or a mesh, which is what a search finds.
    """
    phase = of.get("phase") or "train"
    if phase not in PHASES:
        raise unknown("phase", phase, PHASES)
    if of.get("mesh"):
        raise UserError(f"search tries meshes; leave --mesh '{shorten(str(of['mesh']))}' out, or say --over 'T=[1, 8]'")
    return phase


def read_limits(
    texts: list[str], asked: Request, space: Space, letters: Mapping[str, Quotient]
) -> tuple[Constraint, ...]:
    """What plans must keep, in numbers.

    Raises:
        UserError: unreadable, unknown, or in USD without a price.
    """
    found = tuple(one.on(asked.rates) for one in read_conditions(texts, limitable(asked, space), letters))
    check_priced([one.name for one in found], asked.price is not None)
    return found


def limitable(asked: Request, space: Space) -> dict[str, Measure | None]:
    """What plans may be asked to keep within a limit: measures of the phase, and their numbers."""
    measures = {name: one for name, one in MEASURES.items() if asked.phase in (one.phases or (asked.phase,))}
    return {**measures, **dict.fromkeys(DEGREES), **dict.fromkeys(name for name in ("B",) if name in space.numbers)}


def listed(limit: object) -> list[str]:
    """What was typed of sizes, as several texts."""
    if isinstance(limit, Mapping):
        return [f"{name}={value!s}" for name, value in limit.items()]
    return [limit] if isinstance(limit, str) else list(map(str, limit)) if isinstance(limit, Iterable) else []


def check(asked: Request, space: Space, minimize: str, top: int) -> None:
    """Refuse what cannot be answered, before anything is derived.

    Raises:
        UserError: a size is open, or too much.
    """
    if minimize not in GOALS:
        raise unknown("goal of --minimize", minimize, GOALS)
    if top > MOST:
        raise UserError(f"--top {top}: write a number from 1 to {MOST}")
    for phase in asked.phases:
        graph = asked.graph(phase)
        needed = {name for one in graph.extents.values() for name in one.size.symbols} - asked.bindings.keys()
        needed -= {one.name for one in graph.definitions} | set(space.numbers)
        if needed:
            missing = ",".join(f"{name}=..." for name in sorted(needed))
            raise UserError(f"search needs all sizes: --limit {missing}" + (" (or --batch)" if "B" in needed else ""))
    structures = list(islice(space.structures(), MOST_STRUCTURES + 1))
    if len(structures) > MOST_STRUCTURES:
        raise UserError(f"more than {MOST_STRUCTURES} graphs would be derived; say less with --over")
    if (tried := sum(map(space.size, structures))) > MOST_TRIED:
        raise UserError(f"{tried:,} combinations are too many; say less with --over".replace(",", " "))
