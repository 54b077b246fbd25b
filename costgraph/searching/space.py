"""Which plans there are: numbers of devices along each axis, and choices; structures, and blocks of plans of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from math import prod

import numpy as np

from costgraph.records import dataclass, replace
from costgraph.searching.open_mesh import OpenMesh, Side, meshes
from costgraph.searching.structure import DEVICES, Structure

REPLICAS = ("N_d", "X")  # axes along which devices have sequences of their own
UNEVEN_SCHEDULE = "1f1b"  # of unequal stages, each number of which is a graph of its own


@dataclass(frozen=True)
class Space:
    """The plans that are looked at.

    Args:
        numbers: by symbol, what degrees, chunks, microbatches (and in generation the batch) may be; 1 of an axis
            means that it is not there.
        each: whether that batch is the one of each replica, so that all of them have as much to do.
        zero: stages of ZeRO, where there is a data axis.
        recompute: what may be replayed.
        schedules: of pipelines.
        context: how attention looks at positions elsewhere.
        sequence: whether what no head splits rests in parts on a tensor axis.
        devices: how many there are.
        all_devices: whether plans use all of them; else some may be idle.
        untried: what is left out as there would be too many plans, in words.
        uneven: numbers of stages that do not divide the layers, so that whole layers are spread.
        uneven_schedules: schedules with these; each of them is a graph of its own.
        layers: how many there are of each kind; no stage has fewer than one, nor has a chunk.
        chunked: whether stages that are unequal may have chunks.
        kv_heads: how many key/value heads there are; a tensor axis of more devices copies them. 0 where it cannot.
    """

    numbers: Mapping[str, tuple[int, ...]]
    zero: tuple[int, ...]
    recompute: tuple[str, ...]
    schedules: tuple[str, ...]
    context: tuple[str, ...]
    sequence: tuple[bool, ...]
    devices: int
    all_devices: bool = False
    each: bool = False
    untried: str = ""
    uneven: tuple[int, ...] = ()
    uneven_schedules: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()
    chunked: bool = False
    kv_heads: int = 0

    def structures(self) -> Iterator[Structure]:
        """Those of which there are plans, as far as numbers of devices say."""
        names = [name for name in (*DEVICES, "M") if max(self.numbers.get(name, (1,))) > 1]
        must = {name for name in names if 1 not in self.numbers[name]}
        for chosen in product((False, True), repeat=len(names)):
            axes = tuple(name for name, there in zip(names, chosen, strict=True) if there)
            if must <= set(axes) and self.reachable(axes):
                yield from self.choices(axes)

    def choices(self, axes: tuple[str, ...]) -> Iterator[Structure]:
        """The structures with these axes."""
        zero: Iterable[int] = self.zero if "N_d" in axes else (0,)
        schedules = self.schedules if "P" in axes else ("",)
        if "P" in axes and "M" not in axes:
            return  # a pipeline takes its batch in parts
        options = product(
            zero,
            self.recompute,
            self.context if "C" in axes else ("",),
            self.sequence if "T" in axes else (False,),
            (False, True),
            schedules,  # last, as what these have in common is worked out once
        )
        for stage, replay, context, sequence, copies, schedule in options:
            found = Structure(axes, stage, replay, schedule, context, sequence, copies)
            if (copies and context == "heads") or not self.of("T", found):  # heads that are shared are not split
                continue
            if "P" not in axes or self.of("P", found):
                yield found
                if schedule == "interleaved":
                    yield replace(found, one_group=True)
            if "P" in axes and schedule in self.uneven_schedules:
                yield from self.unequal(found)

    def unequal(self, of: Structure) -> Iterator[Structure]:
        """The same with stages of unlike numbers of layers: numbers decide which, so that these are part of it."""
        if of.schedule != "interleaved":
            yield from (replace(of, degrees=(("P", stages),)) for stages in self.uneven)
            return
        for stages, chunks in product(self.larger("P"), self.larger("v") if self.chunked else ()):
            parts = stages * chunks
            if parts <= sum(self.layers) and any(count % parts for count in self.layers):
                found = replace(of, degrees=(("P", stages), ("v", chunks)))
                yield from (found, replace(found, one_group=True))

    def reachable(self, axes: tuple[str, ...]) -> bool:
        """Whether such axes can have as many devices as there are."""
        most = prod(max(self.larger(name), default=1) for name in axes if name in DEVICES)
        least = prod(min(self.larger(name), default=1) for name in axes if name in DEVICES)
        return least <= self.devices and (not self.all_devices or most >= self.devices)

    def larger(self, name: str) -> tuple[int, ...]:
        """The numbers of an axis that is there."""
        return tuple(value for value in self.numbers.get(name, ()) if value > 1)

    # --- plans --------------------------------------------------------------------------------------------------------

    def blocks(self, structure: Structure, first: int = 0, last: int | None = None) -> Iterator[OpenMesh]:
        """The plans of a structure, or some of them, on the devices that there are, some thousand at a time.

        Along the data axis are all devices that no other one takes, where all are used.
        """
        rest = "N_d" if self.all_devices and "N_d" in structure.open else ""
        names = [name for name in structure.open if name != rest]
        names += ["B"] if "B" in self.numbers else []
        devices = [name for name in names if name in DEVICES]
        lists = {name: self.of(name, structure) for name in sorted(names, key=lambda name: name not in DEVICES)}
        for mesh in meshes(lists, first, last, outside=len(devices)):
            outer = self.on_devices(structure, mesh.outer, rest)
            if outer.length:
                yield self.of_all(OpenMesh(outer, mesh.inner))

    def of_all(self, mesh: OpenMesh) -> OpenMesh:
        """The same with the batch of all replicas, where that of each is looked for."""
        replicas = np.ones(mesh.outer.length)
        for name in REPLICAS if self.each else ():
            replicas = replicas * mesh.outer.columns.get(name, 1.0)
        if bool((replicas == 1).all()):
            return mesh
        batch = replicas[:, None] * mesh["B"].reshape(mesh.shape)
        inner = {name: column for name, column in mesh.inner.columns.items() if name != "B"}
        return OpenMesh(mesh.outer, Side(inner, mesh.inner.length), {**mesh.both, "B": batch.ravel()})

    def of(self, name: str, structure: Structure) -> tuple[int, ...]:
        """The numbers of a symbol of a structure; chunks are two or more, axes that are there have two devices."""
        if name == "P":
            return tuple(value for value in self.larger(name) if value not in self.uneven)
        if name == "T":
            return self.tensor(structure)
        return self.numbers[name] if name == "B" else self.larger(name)

    def tensor(self, structure: Structure) -> tuple[int, ...]:
        """The numbers of devices of a tensor axis: more than key/value heads where these are copied, else up to them.

        1 stands for no axis, which copies nothing.
        """
        if "T" not in structure.axes:
            return () if structure.copies else (1,)
        if not self.kv_heads:
            return () if structure.copies else self.larger("T")
        return tuple(value for value in self.larger("T") if (value > self.kv_heads) == structure.copies)

    def on_devices(self, structure: Structure, side: Side, rest: str) -> Side:
        """The degrees among these that have so many devices."""
        fixed, columns = prod(value for name, value in structure.degrees if name in DEVICES), dict(side.columns)
        taken = np.full(side.length, float(fixed))
        for column in columns.values():
            taken = taken * column
        if rest:
            columns[rest] = np.floor(self.devices / taken)
            kept = (columns[rest] * taken == self.devices) & np.isin(columns[rest], self.larger(rest))
        else:
            kept = taken == self.devices if self.all_devices else taken <= self.devices
        if structure.one_group and "P" in columns:
            columns["M"] = columns["P"]
        return Side(columns, side.length).some(kept)

    def plans(self, structure: Structure) -> int:
        """How many there are of a structure, legal or not."""
        fixed = prod(value for name, value in structure.degrees if name in DEVICES)
        names = [*structure.open, *(["B"] if "B" in self.numbers else [])]
        taken = np.array([float(fixed)])
        for name in names:
            if name in DEVICES:
                taken = np.outer(taken, self.of(name, structure)).ravel()
                taken = taken[taken <= self.devices]
        return len(taken) * prod(len(self.of(name, structure)) for name in names if name not in DEVICES)

    def size(self, structure: Structure) -> int:
        """How many combinations of numbers are looked at, before any is left out."""
        rest = {"N_d"} if self.all_devices else set()
        names = [*(name for name in structure.open if name not in rest), *(["B"] if "B" in self.numbers else [])]
        return prod(len(self.of(name, structure)) for name in names)


def divisors(number: int) -> tuple[int, ...]:
    """All divisors, in ascending order."""
    small = [one for one in range(1, int(number**0.5) + 1) if number % one == 0]
    return tuple(sorted({*small, *(number // one for one in small)}))
