"""Machines: what one device can hold, compute and move, each figure with its source.

Peaks are dense; figures for structured sparsity are kept apart and never used. A link's figure is for one direction, of
one device or of one of its links, as its file says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import Quantity
from costgraph.errors import UserError, unknown
from costgraph.precision import ITEMSIZE

LISTED = ("fp16", "bf16", "tf32", "fp32", "int8", "int4", "fp8", "fp6", "fp4", "fp64")  # the order in messages
USUAL = ("bf16", "fp16", "fp32")  # the data type that is meant when none is named: the first that the machine has


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a specification: its exact value and where it was read."""

    quantity: Quantity
    source: str
    accessed: str = ""  # the day on which a copy was read; empty for what is recalled or typed
    note: str = ""
    sparse: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A connection to other devices.

    Args:
        figure: bandwidth in one direction.
        per: what the figure is for, one `GPU` (all its links together) or one `link`.
        links: how many links the device has.
    """

    figure: Figure
    per: str = "GPU"
    links: int = 1

    @property
    def per_device(self) -> Quantity:
        """What one device can send on all its links together."""
        return self.figure.quantity * (self.links if self.per == "link" else 1)


@dataclass(frozen=True)
class Machine:
    """One device.

    Args:
        name: how it is asked for, such as `a100-80gb-sxm`.
        title: its name as the vendor writes it.
        memory: capacity in bytes.
        bandwidth: of its memory, bytes/s.
        peaks: dense rate of the matrix units per data type, FLOP/s.
        vector: rate of the vector units per data type, FLOP/s.
        links: by name, in the order of the file.
    """

    name: str
    title: str
    memory: Figure
    bandwidth: Figure
    peaks: Mapping[str, Figure]
    vector: Mapping[str, Figure] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)

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
        """The link called `name`, or the first one of the file.

        Raises:
            UserError: there is no link of that name.
        """
        if name is None:
            return next(iter(self.links.values()), None)
        if name not in self.links:
            raise unknown(f"link of {self.name}", name, self.links or ("none is stated",))
        return self.links[name]

    def ridge(self, dtype: str | None = None) -> Quantity:
        """FLOPs that the device computes while it moves one byte."""
        return self.rate(dtype) / self.bandwidth.quantity

    def bindings(self, dtype: str | None = None, link: str | None = None) -> dict[str, Polynomial]:
        """Values of the symbols `hbm`, `lambda_flops`, `lambda_mem` and, with a link, `lambda_comms`."""
        values = {
            "hbm": self.memory.quantity,
            "lambda_flops": self.rate(dtype),
            "lambda_mem": self.bandwidth.quantity,
        }
        if (found := self.link(link)) is not None:
            values["lambda_comms"] = found.per_device
        return {name: Polynomial.constant(value.value) for name, value in values.items()}


def itemsize(dtype: str | None) -> dict[str, Polynomial]:
    """The width `p` of a data type; empty for one that only a machine of the user's knows."""
    return {"p": Polynomial.constant(ITEMSIZE[dtype])} if dtype in ITEMSIZE else {}
