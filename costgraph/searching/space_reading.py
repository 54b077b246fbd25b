"""Reads which plans are tried: what somebody says, else what divides what an axis splits: heads, layers, batch, ..."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from math import gcd

from costgraph.algebra.magnitudes import lone
from costgraph.errors import UserError, shorten, unknown
from costgraph.estimation.asked import Request
from costgraph.graph.graph import Graph
from costgraph.hardware.cluster import Cluster
from costgraph.passes.recompute import Recompute
from costgraph.records import replace
from costgraph.schedules import SCHEDULES
from costgraph.searching.space import UNEVEN_SCHEDULE, Space, divisors
from costgraph.searching.structure import DEGREES, DEVICES, replayed

CHOICES = ("zero", "recompute", "schedule", "context", "sequence")
ALL = "all"  # of a choice
ZERO = ("0", "1", "2", "3")
CONTEXT = ("ring", "heads", "gather")
SEQUENCE = ("yes", "no")
# What is tried unless somebody says otherwise. Left out is what is never better: keys and values that are gathered are
# as many bytes over the same links as those that go round a ring, sent as often, under the same claims; of C >= 2
# blocks a device holds all, and not two. Tests hold the forms of both beside each other. Left out are schedules, too,
# in which stages do not wait for others to end a step, which is another way to train, and those in the shape of a V.
USUAL_SCHEDULES = ("gpipe", "1f1b", "interleaved", "zb-h1")
USUAL_CONTEXT = ("ring", "heads")
EXACTLY, MOST_EACH = 256, 4096  # batches of a replica: all up to the one, by steps of 1/128 at most up to the other
MOST_REPLICAS = 1024  # of a generation whose batch is searched: any number up to that, above what divides the devices
MOST_STRUCTURES = 5000  # of which each is derived
MANY = 5 * 10**6  # plans, legal or not; where there are more, fewer degrees are tried, and the answer says so
ONLY_DIVISORS = "degrees that do not divide the {} devices"
ONLY_ALL = "plans that leave devices idle"


def read_space(
    asked: Request, place: Cluster, said: Mapping[str, tuple[str, ...]], batch: int | None, minimize: str
) -> Space:
    """The plans that are looked at: what was said, else what divides layers, heads, positions, experts and batch."""
    if place.devices is None:
        raise UserError(f"{place}: how many devices? write nodes, as in {place.machine.name}:8x128")
    for name in said:
        if name not in (*DEGREES, "B", *CHOICES):
            raise unknown("name in --over", name, (*DEGREES, "B", *CHOICES))
    numbers = {name: whole(name, said[name]) for name in (*DEGREES, "B") if name in said}
    usual, layers = usual_numbers(asked, place.devices, batch), layers_of(asked, asked.graph(asked.resting))
    if batch is not None and "B" in numbers:
        raise UserError(f"--batch {batch} and --over B=... contradict each other; give one of them")
    if asked.phase == "train" and "B" in numbers:
        raise UserError("--over B=...: a training step has the batch that --batch says")
    numbers = {**usual, **numbers}
    zero = tuple(map(int, choice(said, "zero", ZERO, usual_zero(asked))))
    schedules = choice(said, "schedule", tuple(SCHEDULES), USUAL_SCHEDULES)
    asked_for = "P" in said  # else one schedule is tried, as each number of unequal stages is a graph of its own
    found = Space(
        numbers, zero=zero,
        recompute=replays(said.get("recompute"), asked),
        schedules=schedules, layers=layers, chunked="v" in said,
        uneven=tuple(one for one in numbers["P"] if any(count % one for count in layers)),
        uneven_schedules=schedules if asked_for or "schedule" in said else (UNEVEN_SCHEDULE,),
        context=choice(said, "context", CONTEXT, USUAL_CONTEXT),
        sequence=tuple(one == "yes" for one in choice(said, "sequence", SEQUENCE, usual_sequence(asked))),
        devices=place.devices, each="B" in usual and "B" not in said,
        kv_heads=heads_shared(asked, asked.graph(asked.resting)),
    )  # fmt: skip
    return bounded(found, said, minimize)


def bounded(space: Space, said: Iterable[str], minimize: str) -> Space:
    """The same, or where there are too many plans those with fewer degrees, then those on all devices alone."""
    if many(space):
        even = divisors(space.devices)
        fewer = {name: tuple(one for one in space.numbers[name] if one in even) for name in {*DEVICES} - {*said}}
        untried = ONLY_DIVISORS.format(space.devices)
        space = replace(space, numbers={**space.numbers, **fewer}, untried=untried)
        if minimize == "step_time" and many(space):
            space = replace(space, all_devices=True, untried=f"{untried}, {ONLY_ALL}")
    return space


def many(space: Space) -> bool:
    """Whether there are more plans than are looked at by themselves."""
    found = 0
    for structure in islice(space.structures(), MOST_STRUCTURES):
        found += space.plans(structure)
        if found > MANY:
            return True
    return False


def usual_numbers(asked: Request, devices: int, batch: int | None) -> dict[str, tuple[int, ...]]:
    """Degrees that divide what their axes split, whether or not they divide the devices, of which some are idle then.

    Where no number of stages divides all layers, each is a graph of its own: only those that divide the devices.
    """
    graph, trains = asked.graph(asked.resting), asked.phase == "train"
    layers = layers_of(asked, graph)
    even, sequences = gcd(*layers), int(asked.bindings["B"].number or 1) if "B" in asked.bindings else 0
    found: dict[str, tuple[int, ...]] = dict.fromkeys(("P", "C", "M"), (1,))
    if trains:
        alike = up_to(devices, divisors(even))
        found["P"] = alike if len(alike) > 1 else up_to(sum(layers), divisors(devices))
        found["C"] = dividing(devices, asked, graph, ("query",))
        found["M"] = divisors(sequences or 1)
    found["N_d"] = up_to(devices, divisors(sequences or 1))
    found["X"] = dividing(devices, asked, graph, ("expert",)) if "expert" in graph.extents else (1,)
    found["T"] = usual_tensor(asked, graph, devices)
    found["v"] = tuple(one for one in divisors(even) if one > 1) if trains and even > 1 else (2,)
    if not trains and not sequences:
        found["N_d"] = tuple(sorted({*range(1, min(devices, MOST_REPLICAS) + 1), *divisors(devices)}))
        found["B"] = batches()
    return {name: found[name] for name in (*DEGREES, "B") if name in found}


def batches() -> tuple[int, ...]:
    """Batches of a replica: all that are few, of more those with as many digits, so that none is far from any other."""
    found, first, step = list(range(1, EXACTLY)), EXACTLY, 2
    while first < MOST_EACH:
        found += range(first, 2 * first, step)
        first, step = 2 * first, 2 * step
    return (*found, MOST_EACH)


def dividing(devices: int, asked: Request, graph: Graph, dims: tuple[str, ...]) -> tuple[int, ...]:
    """What divides the sizes of some dims; what divides the devices where there are none."""
    return up_to(devices, divisors(gcd(*split(asked, graph, dims)) or devices))


def up_to(most: int, values: Iterable[int]) -> tuple[int, ...]:
    """Those that are no more."""
    return tuple(one for one in values if one <= most)


TENSOR = ("head", "kv_head")


def usual_tensor(asked: Request, graph: Graph, devices: int) -> tuple[int, ...]:
    """What divides all heads; within a node also what copies key/value heads, so that each device has one."""
    shared, node = heads_shared(asked, graph), (asked.cluster.node if asked.cluster else None) or 1
    heads = shared * max(split(asked, graph, ("group",)), default=0)
    found = dividing(devices, asked, graph, TENSOR)
    copied = [one for one in divisors(heads) if shared < one <= min(node, devices) and one % shared == 0]
    return tuple(sorted({*found, *copied}))


def heads_shared(asked: Request, graph: Graph) -> int:
    """How many key/value heads there are, where several heads share each; 0 otherwise."""
    return max(split(asked, graph, TENSOR[1:]), default=0) if "group" in graph.extents else 0


def split(asked: Request, graph: Graph, dims: tuple[str, ...]) -> list[int]:
    """The sizes of some dims of a graph, as far as they are numbers."""
    sizes = [graph.extents[name].size.substitute(asked.bindings).number for name in dims if name in graph.extents]
    return [int(size) for size in sizes if size is not None]


def layers_of(asked: Request, graph: Graph) -> tuple[int, ...]:
    """How many layers there are of each kind."""
    loops = {op.loop.kind.partition("/")[0]: op.loop.times for op in graph.ops if op.kind == "loop" and op.loop.number}
    return tuple(int(count.substitute(asked.bindings).number or 1) for count in loops.values()) or (1,)


def whole(name: str, texts: Iterable[str]) -> tuple[int, ...]:
    """Positive whole numbers, `4k` and `4Ki` among them, in ascending order.

    Raises:
        UserError: one is none.
    """
    found = set()
    for text in texts:
        number = int(text) if text.isdigit() and text.isascii() else lone(text)
        if number is None or number < 1 or number.denominator > 1:
            forms = f"{name}=[1, 2, 4] or {name}=1..64..*2"
            raise UserError(f"--over {name}={shorten(text)}: write positive whole numbers, as in {forms}")
        found.add(int(number))
    return tuple(sorted(found))


def choice(
    said: Mapping[str, tuple[str, ...]], name: str, known: tuple[str, ...], usual: tuple[str, ...]
) -> tuple[str, ...]:
    """What was said of a choice, in the order of the table."""
    if said.get(name) == (ALL,):
        return known
    for text in said.get(name, ()):
        if text not in known:
            raise unknown(f"{name} in --over", text, (*known, ALL))
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
    return ZERO if asked.phase == "train" else ("0",)


def usual_sequence(asked: Request) -> tuple[str, ...]:
    """What no head splits rests in parts in training, or whole, which sends no gradients of norms."""
    return SEQUENCE if asked.phase == "train" else ("no",)
