"""What is known of every plan and point, in one table: what it is called, measured in, and whether more is better.

`derive` has measures of the same names, as forms over one link; these are numbers over the links of a cluster, and at
efficiencies where these are named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from costgraph.algebra.quantities import Quantity, rounded
from costgraph.algebra.symbols import Rational
from costgraph.algebra.units import BYTE, NONE, SECOND, Powers, powers
from costgraph.errors import UserError
from costgraph.records import dataclass

PER = 10**6  # tokens that the cost is of
COST, HOURS = "cost", "device_hours"  # in USD, and what that is told in where nobody says a price
HOURS_PER = Fraction(PER, 3600)  # of a second of one device for each token


@dataclass(frozen=True)
class Measure:
    """One of them.

    Args:
        words: what it is called beside an axis of a picture.
        dimension: what it is measured in.
        per: how many of its units are one of its dimension, where it is told in another one.
        unit: that one, in words; where it stands, a plain number is a limit, too.
        grows: whether more is better.
        timed: whether it follows from a time, of which a bound or an estimate is told.
        phases: in which it is asked for; in all unless given.
    """

    words: str
    dimension: Powers
    per: Rational = 1
    unit: str = ""
    grows: bool = False
    timed: bool = False
    phases: tuple[str, ...] = ()

    @property
    def bare(self) -> bool:
        """Whether a plain number says how much of it there is."""
        return bool(self.unit) or self.dimension == NONE


MEASURES = {
    "peak": Measure("memory of one device", BYTE),
    "step_time": Measure("time of a step", SECOND, timed=True),
    "bound": Measure("least time of a step", SECOND, timed=True),
    "ttft": Measure("time to the first token", SECOND, timed=True, phases=("generate", "prefill")),
    "tpot": Measure("time per token", SECOND, timed=True, phases=("generate", "decode")),
    COST: Measure("cost", powers(USD=1, token=-1), PER, "USD per million tokens", timed=True),
    HOURS: Measure("cost", powers(s=1, token=-1), HOURS_PER, "device-hours per million tokens", timed=True),
    "tokens/s": Measure("throughput", powers(token=1, s=-1), 1, "tokens per second", grows=True, timed=True),
    "mfu": Measure("share of the peak, useful FLOPs", NONE, grows=True, timed=True),
    "hfu": Measure("share of the peak, all FLOPs", NONE, grows=True, timed=True),
    "devices": Measure("devices", NONE),
}
SHARES = ("mfu", "hfu")  # of the peak, which take a count of FLOPs beside a time
GROWING = tuple(name for name, one in MEASURES.items() if one.grows)
SAID = {
    COST: "cost: USD per million tokens",
    HOURS: "device_hours: cost without a --price, in device-hours per million tokens; all machines count alike",
    "mfu": "mfu: useful FLOPs, causal ones, nothing replayed, over what the peak allows in step_time",
    "hfu": "hfu: all FLOPs, causal ones, with what is replayed, over what the peak allows in step_time",
}


def shown(name: str, value: Fraction) -> str:
    """A value in its unit, as far as that is one of bytes or of seconds."""
    of = MEASURES.get(name)
    return str(Quantity(value, of.dimension)) if of and not of.bare else rounded(value, 6)


def said_of(names: Sequence[str]) -> Iterator[str]:
    """In what some of them are counted, where the name does not say it."""
    yield from (SAID[name] for name in names if name in SAID)


def told(names: Iterable[str], priced: bool) -> tuple[str, ...]:
    """The measures that can be told of: cost in device-hours where nobody says a price."""
    return tuple(dict.fromkeys(HOURS if name == COST and not priced else name for name in names))


def check_priced(names: Iterable[str], priced: bool) -> None:
    """Refuse a limit in USD where nobody says a price.

    Raises:
        UserError: what would say one, or what can be limited without.
    """
    if COST in names and not priced:
        raise UserError(f"{COST} is USD: at which price of a device? add --price '2.5 USD/h', or limit {HOURS}")


def check_phase(names: Sequence[str], phase: str) -> None:
    """Refuse what a phase does not have.

    Raises:
        UserError: the first token of what reads no prompt, or a further one of what writes none.
    """
    for name in names:
        if name in MEASURES and (there := MEASURES[name].phases) and phase not in there:
            raise UserError(f"{name} is of --phase {' or '.join(there)}; {phase} has step_time")
