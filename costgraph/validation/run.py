"""What a published run is: where it was printed, what was run, and what explains the difference.

formulas/measured/README.md explains the format.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal, get_args

from costgraph.records import dataclass
from costgraph.toml_tables import decimal_text

Kind = Literal["weights", "cache", "capacity", "training memory", "step time", "rate of FLOPs"]
KINDS: tuple[Kind, ...] = get_args(Kind)
COUNTED = ("weights", "cache")  # what a stated configuration leaves no room in
Extent = Literal["full", "excerpt"]


@dataclass(frozen=True)
class Asked:
    """What was run, as `costgraph derive` and `costgraph estimate` take it."""

    model: str = ""
    op_set: str = ""
    phase: str = ""
    passes: tuple[str, ...] = ()
    mesh: str = ""
    attention: Literal["flash", "eager"] = "eager"
    precision: str = ""
    limit: str = ""
    weights: str = ""
    cache_dtype: str = ""


@dataclass(frozen=True)
class Residual:
    """Something that was measured and is not derived.

    Args:
        what: in words.
        bytes: how much it is, if that is known: an expression.
    """

    what: str
    bytes: str = ""


@dataclass(frozen=True)
class Run:
    """One measured number.

    Args:
        id: unique.
        kind: what was measured.
        what: model and devices, in a few words.
        source: a key of the bibliography.
        place: where in the source.
        printed: the number, with its digits.
        unit: in which it is meant, such as `GiB`; `labelled` is what the source calls it, if that is another one.
        ask: what was run.
        derive: of memory and rates, what corresponds to it: measures of the model, as in `costgraph solve`. `peak` is
            the most that is alive, as in `costgraph estimate`.
        cluster: of times, on what.
        dtype: of times, whose peak counts.
        seconds: of times, what a step took: an expression of `printed`, `devices`, sizes, and `flops` of the
            whole model as `counted`; the print itself unless given.
        counted: the convention of FLOPs and parameters.
        whole: whether the source states all that the number depends on.
        read: whether the source was read in full, at least the table or section, or an excerpt of it.
        recalled: whether part of the configuration was written down from memory.
        assumed: what the source does not say.
        residuals: what explains the difference.
        aside: why it counts for nothing, such as a source that nobody can look up.
    """

    id: str
    kind: Kind
    what: str
    source: str
    place: str
    printed: Annotated[str, decimal_text]
    unit: str
    ask: Asked
    labelled: str = ""
    derive: str = ""
    cluster: str = ""
    dtype: str = ""
    seconds: str = "printed"
    counted: str = "exact"
    whole: bool = True
    read: Extent = "full"
    recalled: bool = False
    assumed: tuple[str, ...] = ()
    residuals: tuple[Residual, ...] = field(default_factory=tuple)
    aside: str = ""

    @property
    def timed(self) -> bool:
        """Whether it is a time."""
        return self.kind == "step time"

    @property
    def rests_on(self) -> str:
        """How much of the configuration its source states, and how it was read, in a few words."""
        stated = "open" if not self.whole else "assumed" if self.assumed else "whole"
        more = ("recalled" if self.recalled else "", "excerpt" if self.read == "excerpt" else "")
        return ", ".join(word for word in (stated, *more) if word)
