"""What follows from a time: what a run takes, and how far a measurement is from what is possible."""

from __future__ import annotations

from fractions import Fraction

from costgraph.records import dataclass


@dataclass(frozen=True)
class Run:
    """A run of many tokens.

    Args:
        tokens: how many.
        seconds: of all devices together.
        devices: how many there are.
        price: USD per second of one device.
    """

    tokens: int
    seconds: Fraction
    devices: int
    price: Fraction | None

    @property
    def hours(self) -> Fraction:
        """GPU-hours."""
        return self.seconds * self.devices / 3600

    @property
    def days(self) -> Fraction:
        """Days."""
        return self.seconds / 86400

    @property
    def usd(self) -> Fraction | None:
        """What all devices cost."""
        return None if self.price is None else self.price * self.seconds * self.devices


@dataclass(frozen=True)
class Measured:
    """A step that somebody measured.

    Args:
        seconds: how long it took.
        bound, estimate: how long these are, as shares of it.
        mfu, hfu: shares of the peak.
    """

    seconds: Fraction
    bound: Fraction
    estimate: Fraction | None
    mfu: Fraction
    hfu: Fraction
