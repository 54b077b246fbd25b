"""Reads and checks what is searched for, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from math import gcd
from typing import Unpack

from costgraph.errors import UserError, shorten, unknown
from costgraph.estimation.asked import Request
from costgraph.estimation.reading import overlaps, request
from costgraph.given import Keywords, read_letters
from costgraph.graph.graph import Graph
from costgraph.hardware.catalog import chosen
from costgraph.hardware.cluster import Cluster, cluster
from costgraph.measures.params import parameters
from costgraph.mesh import Mesh
from costgraph.passes.recompute import Recompute
from costgraph.schedules import SCHEDULES
from costgraph.searching.asked import Search
from costgraph.searching.constraints import read_conditions
from costgraph.searching.evaluation import Rates
from costgraph.searching.measures import MEASURES, Measure
from costgraph.searching.plans import Question
from costgraph.searching.ranges import Over, read_over
from costgraph.searching.shares import Links
from costgraph.searching.space import PIPELINE_ZERO, Space, divisors
from costgraph.searching.structure import DEGREES, DEVICES, KINDS, replayed

PHASES = ("train", "generate")
GOALS = ("step_time", "cost", "devices")
TOP = 10
MOST = 1000  # plans that one may ask for
MOST_TRIED = 10**9  # combinations of numbers
MOST_STRUCTURES = 5000  # of which each is derived
CHOICES = ("zero", "recompute", "schedule", "context", "sequence")
CONTEXT = ("ring", "heads", "gather")
# what is tried unless somebody says otherwise; what is left out is seldom better
USUAL_SCHEDULES = ("1f1b", "interleaved", "zb-h1")
USUAL_CONTEXT = ("ring", "heads")
BATCHES = "1..4096..*2"


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
    efficiency: str = "",
    overlap: str = "",
    new: int | None = None,
    price: str | None = None,
    **of: Unpack[Keywords],
) -> Search:
    """Read what a user looks for.

    Args:
        cluster_of: nodes of a machine, `h100-sxm:8x128`.
        batch: sequences of a step on the whole mesh; of a generation it is searched unless given.
        minimize: `step_time`, `cost` (which needs a price) or `devices`.
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
    typed = {
        **of, "cluster": cluster_of, "phase": of.get("phase") or "train", "dtype": dtype, "link": link,
        "collectives": collectives if collectives != "ring" else "", "efficiency": efficiency, "overlap": overlap,
        "new": new, "price": price,
    }  # fmt: skip
    place = cluster(cluster_of)
    chosen(place.machine, dtype, link)
    phase = of.get("phase") or "train"
    if phase not in PHASES:
        raise unknown("phase", phase, PHASES)
    of["phase"] = phase
    if of.get("mesh"):
        raise UserError(f"search tries meshes; leave --mesh '{shorten(str(of['mesh']))}' out, or say --over 'T=[1, 8]'")
    if batch is not None:
        of["limit"] = typed["limit"] = [*listed(of.get("limit")), f"B={batch}"]
    asked = request(
        hardware=place.machine, dtype=dtype, link=link, collectives=collectives, efficiency=efficiency, new=new,
        price=price, **of,
    )  # fmt: skip
    hides = overlaps(overlap, Mesh(", ".join(KINDS.values())), efficiency) if overlap else {}
    asked = replace(asked, cluster=place, overlap=hides)
    letters = read_letters(of.get("let", ()), of.get("notation"))
    space = read_space(asked, place, read_over(over, letters), batch, minimize)
    check(asked, space, minimize, top)
    limits = ["peak <= hbm", *([where] if isinstance(where, str) else where)]
    kept = tuple(one.on(asked.rates) for one in read_conditions(limits, limitable(asked, space), letters))
    if asked.price is None and any(one.name == "cost" for one in kept):
        raise UserError("cost: at which price of a device? add --price '2.5 USD/h'")
    open_ = ("B",) if "B" in space.numbers else ()
    limited = tuple(one.name for one in kept)
    question = Question(asked, Links(place, link, asked.collectives), Rates(asked), open_, limited)
    return Search(question, space, kept, minimize, top, typed)


def limitable(asked: Request, space: Space) -> dict[str, Measure | None]:
    """What plans may be asked to keep within a limit: measures of the phase, and their numbers."""
    measures = {name: one for name, one in MEASURES.items() if asked.phase in (one.phases or (asked.phase,))}
    return {**measures, **dict.fromkeys(DEGREES), **dict.fromkeys(name for name in ("B",) if name in space.numbers)}


def listed(limit: object) -> list[str]:
    """What was typed of sizes, as several texts."""
    if isinstance(limit, Mapping):
        return [f"{name}={value}" for name, value in limit.items()]
    return [limit] if isinstance(limit, str) else list(map(str, limit)) if isinstance(limit, Iterable) else []


def check(asked: Request, space: Space, minimize: str, top: int) -> None:
    """Refuse what cannot be answered, before anything is derived.

    Raises:
        UserError: a size is open, cost without a price, or too much.
    """
    if minimize not in GOALS:
        raise unknown("goal of --minimize", minimize, GOALS)
    if minimize == "cost" and asked.price is None:
        raise UserError("--minimize cost: at which price of a device? add --price '2.5 USD/h'")
    if not 1 <= top <= MOST:
        raise UserError(f"--top {top}: write a number from 1 to {MOST}")
    for phase in asked.phases:
        graph = asked.graph(phase)
        needed = {name for one in graph.extents.values() for name in one.size.symbols} - asked.bindings.keys()
        needed -= {one.name for one in graph.definitions} | set(space.numbers)
        if needed:
            missing = ",".join(f"{name}=..." for name in sorted(needed))
            raise UserError(f"search needs all sizes: --limit {missing}" + (" (or --batch)" if "B" in needed else ""))
    if asked.phase == "generate" and has_encoder(asked):
        raise UserError(
            f"{asked.setup.model.name}: weights that only the prefill reads, an encoder's, are not searched; "
            "`costgraph fits` and `estimate` count them"
        )
    structures = list(islice(space.structures(), MOST_STRUCTURES + 1))
    if len(structures) > MOST_STRUCTURES:
        raise UserError(f"more than {MOST_STRUCTURES} graphs would be derived; say less with --over")
    if (tried := sum(map(space.size, structures))) > MOST_TRIED:
        raise UserError(f"{tried:,} combinations are too many; say less with --over".replace(",", " "))


def has_encoder(asked: Request) -> bool:
    """Whether a prefill reads weights that a decode step does not."""
    prefill, decode = (sum(1 for _ in parameters(asked.graph(phase))) for phase in ("prefill", "decode"))
    return prefill > decode


# --- what is tried ----------------------------------------------------------------------------------------------------


def read_space(
    asked: Request, place: Cluster, said: Mapping[str, tuple[str, ...]], batch: int | None, minimize: str
) -> Space:
    """The plans that are looked at: what was said, else what divides devices, layers and batch."""
    if place.devices is None:
        raise UserError(f"{place}: how many devices? write nodes, as in {place.machine.name}:8x128")
    for name in said:
        if name not in (*DEGREES, "B", *CHOICES):
            raise unknown("name in --over", name, (*DEGREES, "B", *CHOICES))
    all_devices = minimize == "step_time" and "devices" not in said
    numbers = {name: whole(name, said[name]) for name in (*DEGREES, "B") if name in said}
    usual, layers = usual_numbers(asked, place.devices, batch), layers_of(asked, asked.graph(asked.resting))
    if batch is not None and "B" in numbers:
        raise UserError(f"--batch {batch} and --over B=... contradict each other; give one of them")
    if asked.phase == "train" and "B" in numbers:
        raise UserError("--over B=...: a training step has the batch that --batch says")
    numbers = {**usual, **numbers}
    zero = tuple(map(int, choice(said, "zero", ("0", "1", "2", "3"), usual_zero(asked))))
    schedules = choice(said, "schedule", tuple(SCHEDULES), USUAL_SCHEDULES)
    asked_for = "P" in said  # else one way to work is tried, as each number of unequal stages is a graph of its own
    return Space(
        numbers, zero=zero,
        recompute=replays(said.get("recompute"), asked),
        schedules=schedules, layers=sum(layers), chunked="v" in said,
        uneven=tuple(one for one in numbers["P"] if any(count % one for count in layers)),
        uneven_zero=zero if asked_for or "zero" in said else (PIPELINE_ZERO,),
        uneven_schedules=schedules if asked_for or "schedule" in said else schedules[:1],
        context=choice(said, "context", CONTEXT, USUAL_CONTEXT),
        sequence=tuple(one == "yes" for one in choice(said, "sequence", ("yes", "no"), usual_sequence(asked))),
        devices=place.devices, all_devices=all_devices, deep_zero="zero" in said and asked.phase == "train",
    )  # fmt: skip


def usual_numbers(asked: Request, devices: int, batch: int | None) -> dict[str, tuple[int, ...]]:
    """Degrees that may divide what their axes split."""
    of_devices, graph = divisors(devices), asked.graph(asked.resting)
    layers = layers_of(asked, graph)
    even, most = gcd(*layers), sum(layers)
    trains = asked.phase == "train"
    found: dict[str, tuple[int, ...]] = dict.fromkeys(DEVICES, of_devices)
    found["T"] = tuple(one for one in of_devices if all(size % one == 0 for size in split(asked, graph, TENSOR)))
    found["X"] = tuple(one for one in of_devices if all(size % one == 0 for size in split(asked, graph, ("expert",))))
    if "expert" not in graph.extents:
        found["X"] = (1,)
    alike = tuple(one for one in of_devices if even % one == 0)
    found["P"] = alike if len(alike) > 1 else tuple(one for one in of_devices if one <= most)
    found["P"] = found["P"] if trains else (1,)
    found["v"] = tuple(one for one in divisors(even) if one > 1) if trains and even > 1 else (2,)
    found["C"] = tuple(one for one in of_devices if all(s % one == 0 for s in split(asked, graph, ("query",))))
    found["C"] = found["C"] if trains else (1,)
    found["M"] = divisors(int(asked.bindings["B"].number or 1)) if trains and "B" in asked.bindings else (1,)
    if not trains and batch is None and "B" not in asked.bindings:
        found["B"] = whole("B", read_over(f"B={BATCHES}")["B"])
    return found


TENSOR = ("head", "kv_head")


def split(asked: Request, graph: Graph, dims: tuple[str, ...]) -> list[int]:
    """The sizes of some dims of a graph, as far as they are numbers."""
    sizes = [graph.extents[name].size.substitute(asked.bindings).number for name in dims if name in graph.extents]
    return [int(size) for size in sizes if size is not None]


def layers_of(asked: Request, graph: Graph) -> tuple[int, ...]:
    """How many layers there are of each kind."""
    loops = {op.loop.kind.partition("/")[0]: op.loop.times for op in graph.ops if op.kind == "loop" and op.loop.number}
    return tuple(int(count.substitute(asked.bindings).number or 1) for count in loops.values()) or (1,)


def whole(name: str, texts: Iterable[str]) -> tuple[int, ...]:
    """Positive whole numbers, in ascending order.

    Raises:
        UserError: one is none.
    """
    found = set()
    for text in texts:
        if not text.isdigit() or not text.isascii() or int(text) < 1:
            raise UserError(f"--over {name}={shorten(text)}: write positive whole numbers, as in {name}=[1, 2, 4]")
        found.add(int(text))
    return tuple(sorted(found))


def choice(
    said: Mapping[str, tuple[str, ...]], name: str, known: tuple[str, ...], usual: tuple[str, ...]
) -> tuple[str, ...]:
    """What was said of a choice, in the order of the table."""
    for text in said.get(name, ()):
        if text not in known:
            raise unknown(f"{name} in --over", text, known)
    return tuple(one for one in known if one in said[name]) if name in said else usual


def replays(said: tuple[str, ...] | None, asked: Request) -> tuple[str, ...]:
    """What may be replayed: nothing, all, and of attention that is not fused its core."""
    passes = asked.setup.passes
    if any(isinstance(one, Recompute) for one in passes):
        if said:
            raise UserError("--pass recompute and --over recompute=... contradict each other; give one of them")
        return ("none",)
    if asked.phase != "train":
        return ("none",)
    for text in said or ():
        if text != "none":
            replayed(text)
    return said or ("none", *(("selective",) if asked.setup.attention == "eager" else ()), "full")


def usual_zero(asked: Request) -> tuple[str, ...]:
    """All stages in training; in generation weights are whole on each replica."""
    return ("0", "1", "2", "3") if asked.phase == "train" else ("0",)


def usual_sequence(asked: Request) -> tuple[str, ...]:
    """What no head splits rests in parts in training, where it sends as much and needs less."""
    return ("yes",) if asked.phase == "train" else ("no",)
