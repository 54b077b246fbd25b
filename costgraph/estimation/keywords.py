"""What an estimate, a search and a sweep take beside the options of a setup, each in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from costgraph.given import Keywords

if TYPE_CHECKING:
    from costgraph.hardware.cluster import Cluster
    from costgraph.hardware.machine import Machine


class Rates(TypedDict, total=False):
    """How fast a machine is taken to be, what is generated on it, and what it costs; see `reading.request`."""

    dtype: str | None
    link: str | None
    collectives: str
    efficiency: str | Mapping[str, object]
    overlap: str | Mapping[str, object]
    new: int | None
    price: str | float | None


class Run(Rates, total=False):
    """The same, on which machines, a whole run, and what somebody measured."""

    cluster: str | Cluster | None
    tokens: str | float | None
    measured: str | Mapping[str, object]


class OnMachines(Run, total=False):
    """The same, with the machine, where that is no argument of its own."""

    hardware: str | Machine | Cluster | None


class Estimating(Keywords, Run, total=False):
    """What `estimate` takes."""


class Searching(Keywords, Rates, total=False):
    """What `search` takes."""


class Sweeping(Keywords, OnMachines, total=False):
    """What `sweep` takes."""
