"""Machines: what one device can hold, compute and move, each figure with its source.

Peaks are dense; figures for structured sparsity are kept apart and never used. A link's figure is for one direction, of
one device or of one of its links, as its file says. A node is what links join without a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import Quantity
from costgraph.errors import UserError, unknown
from costgraph.precision import ITEMSIZE
from costgraph.records import dataclass
from costgraph.shown import Shown

LISTED = ("fp16", "bf16", "tf32", "fp32", "int8", "int4", "fp8", "fp6", "fp4", "fp64")  # the order in messages
NETWORK = "network"  # the name of the link beyond the node
USUAL = ("bf16", "fp16", "fp32")  # the data type that is meant when none is named: the first that the machine has


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a specification: its exact value and where it was read."""

    quantity: Quantity
    source: str
    accessed: str = ""  # the day on which a copy was read; empty for what is recalled or typed
    note: str = ""
    sparse: Quantity | None = None
    recalled: bool = False  # known by heart, from the source that is named
    url: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A connection to other devices.

    Args:
        figure: bandwidth in one direction.
        per: what the figure is for, one `GPU` (all its links together) or one `link`.
        links: how many links the device has.
        reach: how many devices it joins; 1 for one that leads to a host or stays inside of the device, None where
            nobody said: it joins the node.
        latency: seconds until the first byte arrives, if stated.
    """

    figure: Figure
    per: str = "GPU"
    links: int = 1
    reach: int | None = None
    latency: Figure | None = None

    @property
    def per_device(self) -> Quantity:
        """What one device can send on all its links together."""
        return self.figure.quantity * (self.links if self.per == "link" else 1)


@dataclass(frozen=True, repr=False)
class Machine(Shown):
    """One device.

    Args:
        name: how it is asked for, such as `a100-80gb-sxm`.
        title: its name as the vendor writes it.
        memory: capacity in bytes, as it is printed.
        bandwidth: of its memory, bytes/s.
        peaks: dense rate of the matrix units per data type, FLOP/s.
        vector: rate of the vector units per data type, FLOP/s.
        links: by name, in the order of the file.
        reported: how much of its memory software is told of, where that is less.
        node: how many devices a node has, if that is known.
        network: the link beyond the node.
        vendor: who makes it.
        released: when it came out.
        note: what else is to be known.
    """

    name: str
    title: str
    memory: Figure
    bandwidth: Figure
    peaks: Mapping[str, Figure]
    vector: Mapping[str, Figure] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    reported: Figure | None = None
    node: int | None = None
    network: Link | None = None
    vendor: str = ""
    released: str = ""
    note: str = ""

    @property
    def usable(self) -> Figure:
        """The memory that programs may use: what is reported, or all of it where nobody says."""
        return self.reported or self.memory

    @property
    def alone(self) -> int | None:
        """How many devices are joined without a network: a node's, or what a link reaches; None for any number."""
        if self.node is not None:
            return self.node
        reaches = [link.reach for link in self.links.values()]
        return None if None in reaches else max(filter(None, reaches), default=1)

    @property
    def rates(self) -> dict[str, Figure]:
        """The fastest unit for every data type: the matrix units where they take it, else the vector units."""
        return {name: {**self.vector, **self.peaks}[name] for name in {**self.peaks, **self.vector}}

    @property
    def dtype(self) -> str:
        """The data type that is meant when none is named."""
        return next((name for name in USUAL if name in self.rates), next(iter(self.rates)))

    def rate(self, dtype: str | None = None) -> Quantity:
        """Peak FLOP/s for a data type.

        Raises:
            UserError: the specification has no rate for it; the message lists those it has.
        """
        dtype = dtype or self.dtype
        if dtype not in ITEMSIZE and dtype not in self.rates:
            raise unknown("data type", dtype, ITEMSIZE)
        if dtype not in self.rates:
            has = [name for name in (*LISTED, *self.rates) if name in self.rates]
            raise UserError(f"no {dtype} rate for {self.name}; it has {', '.join(dict.fromkeys(has))}")
        return self.rates[dtype].quantity

    def link(self, name: str | None = None) -> Link | None:
        """The link called `name`, which may be the `network`, or the first one of the file.

        Raises:
            UserError: there is no link of that name.
        """
        if name is None:
            return next(iter(self.links.values()), None)
        known = self.links if self.network is None else {**self.links, NETWORK: self.network}
        if name not in known:
            raise unknown(f"link of {self.name}", name, known or ("none is stated",))
        return known[name]

    def ridge(self, dtype: str | None = None) -> Quantity:
        """FLOPs that the device computes while it moves one byte."""
        return self.rate(dtype) / self.bandwidth.quantity

    def bindings(self, dtype: str | None = None, link: str | None = None) -> dict[str, Polynomial]:
        """Values of `hbm` (what is usable), `lambda_flops`, `lambda_mem` and, with a link, `lambda_comms`."""
        values = {
            "hbm": self.usable.quantity,
            "lambda_flops": self.rate(dtype),
            "lambda_mem": self.bandwidth.quantity,
        }
        if (found := self.link(link)) is not None:
            values["lambda_comms"] = found.per_device
        return {name: Polynomial.constant(value.value) for name, value in values.items()}


def itemsize(dtype: str | None) -> dict[str, Polynomial]:
    """The width `p` of a data type; empty for one that only a machine of the user's knows."""
    return {"p": Polynomial.constant(ITEMSIZE[dtype])} if dtype in ITEMSIZE else {}
