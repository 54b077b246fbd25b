"""Reads which plans are tried: what somebody says, else what may divide devices, layers, heads and batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import gcd

from costgraph.algebra.magnitudes import lone
from costgraph.errors import UserError, shorten, unknown
from costgraph.estimation.asked import Request
from costgraph.graph.graph import Graph
from costgraph.hardware.cluster import Cluster
from costgraph.passes.recompute import Recompute
from costgraph.schedules import SCHEDULES
from costgraph.searching.ranges import read_over
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
BATCHES = "1..4096..*2"


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
    zero = tuple(map(int, choice(said, "zero", ZERO, usual_zero(asked))))
    schedules = choice(said, "schedule", tuple(SCHEDULES), USUAL_SCHEDULES)
    asked_for = "P" in said  # else one schedule is tried, as each number of unequal stages is a graph of its own
    return Space(
        numbers, zero=zero,
        recompute=replays(said.get("recompute"), asked),
        schedules=schedules, layers=layers, chunked="v" in said,
        uneven=tuple(one for one in numbers["P"] if any(count % one for count in layers)),
        uneven_schedules=schedules if asked_for or "schedule" in said else (UNEVEN_SCHEDULE,),
        context=choice(said, "context", CONTEXT, USUAL_CONTEXT),
        sequence=tuple(one == "yes" for one in choice(said, "sequence", SEQUENCE, usual_sequence(asked))),
        devices=place.devices, all_devices=all_devices,
        kv_heads=heads_shared(asked, asked.graph(asked.resting)),
    )  # fmt: skip


def usual_numbers(asked: Request, devices: int, batch: int | None) -> dict[str, tuple[int, ...]]:
    """Degrees that may divide what their axes split."""
    of_devices, graph = divisors(devices), asked.graph(asked.resting)
    layers = layers_of(asked, graph)
    even, most = gcd(*layers), sum(layers)
    trains = asked.phase == "train"
    found: dict[str, tuple[int, ...]] = dict.fromkeys(DEVICES, of_devices)
    found["T"] = usual_tensor(asked, graph, of_devices)
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


def usual_tensor(asked: Request, graph: Graph, of_devices: tuple[int, ...]) -> tuple[int, ...]:
    """What divides all heads; within a node also what copies key/value heads, so that each device has one."""
    shared, node = heads_shared(asked, graph), (asked.cluster.node if asked.cluster else None) or 1
    heads = shared * max(split(asked, graph, ("group",)), default=0)
    found = [one for one in of_devices if all(size % one == 0 for size in split(asked, graph, TENSOR))]
    copied = [one for one in of_devices if shared and shared < one <= node and one % shared == heads % one == 0]
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
