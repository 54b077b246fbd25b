"""In how many ways one thing is counted: every convention with a few options, on the work of one step or a part of it.

What is searched is all of this and nothing else, and is said. Of FLOPs: the conventions by name, each with at most two
options changed, and `notes` and `exact` with any (but for those of which a model without experts or windows has no
use); the forward pass, the backward pass, a training step, one with attention or everything recomputed; per step, per
sequence or per token. Of other measures see of_others.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cached_property
from itertools import combinations, product
from typing import Any, Literal, get_args, get_type_hints

from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.polynomial import product as times
from costgraph.algebra.quotient import Quotient
from costgraph.conventions import Convention
from costgraph.conventions.convention import Counting
from costgraph.conventions.known import PRESETS
from costgraph.errors import UserError
from costgraph.given import Options
from costgraph.library.readings.ways import way_in_words
from costgraph.measures.counting import Counted
from costgraph.precision import PRECISIONS
from costgraph.records import dataclass
from costgraph.setup import Setup

Work = Literal["train", "forward", "backward", "train, attention recomputed", "train, everything recomputed"]
Per = Literal["step", "sequence", "token"]
WORKS: tuple[Work, ...] = get_args(Work)
PERS: tuple[Per, ...] = get_args(Per)
MOST_OPTIONS, WITH_ANY_OPTIONS = 2, ("notes", "exact")
CHOICES: dict[str, tuple[Any, ...]] = {name: get_args(hint) for name, hint in get_type_hints(Counting).items()}
OF_EXPERTS, OF_WINDOWS = ("router", "parameters"), ("windows",)
RECOMPUTED: dict[Work, str] = {
    "train, attention recomputed": "recompute(selective)",
    "train, everything recomputed": "recompute(full)",
}
PHASES_OF: dict[str, tuple[str, ...]] = {
    "train": ("forward", "recompute", "backward"), "forward": ("forward",), "backward": ("backward",),
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One way to count: a convention, which work of a step, and a share of it.

    Args:
        convention: what is counted, under the name that one would type.
        changed: in how many options it differs from the convention of its base.
        work: of what.
        per: for how much of a step.
        precision: the policy, of what is under one.
        ways: of what is no FLOPs, what is counted otherwise than usual, as of `ways.py`.
    """

    convention: Convention
    changed: int = 0
    work: str = "train"
    per: Per = "step"
    precision: str = ""
    ways: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        per = f"per {self.per}" if self.per != "step" else ""
        ways = (way_in_words(name, value) for name, value in self.ways)
        return ", ".join(filter(None, (self.convention.name, *ways, self.precision, self.work, per)))

    @property
    def far(self) -> tuple[int, ...]:
        """How far-fetched it is: options first, then work, share and the order of policies and conventions."""
        work = WORKS.index(self.work) if self.work in WORKS else 0
        policy = list(PRECISIONS).index(self.precision) if self.precision else 0
        return self.changed, work, PERS.index(self.per), policy, list(PRESETS).index(self.convention.base)


@dataclass(frozen=True)
class Counts:
    """What every reading comes to, of one model.

    Args:
        of: the model and its sizes, as for `derive`, without a convention.
        works: of which work.
        pers: for how much of a step.
        near: if given, only this convention has options changed.
    """

    of: Options
    works: tuple[Work, ...] = WORKS
    pers: tuple[Per, ...] = PERS
    near: Convention | None = None

    def readings(self) -> Iterator[tuple[Reading, Quotient]]:
        """All of them, with their values."""
        shares = {per: self.share(per) for per in self.pers}
        pers = [per for i, per in enumerate(shares) if shares[per] not in list(shares.values())[:i]]
        for convention, changed in self.conventions():
            for work, per in product(self.there, pers):
                reading = Reading(convention, changed, work, per)
                yield reading, self.value(reading)

    @cached_property
    def there(self) -> tuple[Work, ...]:
        """Those of the works that the model has: a graph without attention or layers has nothing of them to replay."""
        return tuple(work for work in self.works if work not in RECOMPUTED or self.replays(RECOMPUTED[work]))

    def replays(self, step: str) -> bool:
        """Whether the model can replay what a pass does."""
        try:
            return bool(self.setup("", step).graph)
        except UserError:
            return False

    def conventions(self) -> Iterator[tuple[Convention, int]]:
        """The conventions, and in how many options each differs from its base."""
        near = self.near
        for base in (*([near] if near else []), *PRESETS.values()):
            most = len(self.options) if base.name in WITH_ANY_OPTIONS else MOST_OPTIONS
            if near is not None:
                most = MOST_OPTIONS if base == near else 0
            for number in range(most + 1):
                for names in combinations(self.options, number):
                    for values in product(*(self.others(name, base) for name in names)):
                        counting = replace(base.counting, **dict(zip(names, values, strict=True)))
                        if sensible(base, counting, names):
                            yield replace(base, counting=counting).named(base.base, PRESETS[base.base]), number

    def others(self, option: str, base: Convention) -> list[Any]:
        """What an option may be other than in a convention; without learned positions the embedding is all tables."""
        own = getattr(base.counting, option)
        return [one for one in CHOICES[option] if one != own and (one != "tables" or self.learned)]

    @cached_property
    def learned(self) -> bool:
        """Whether positions are."""
        return any(op.kind == "positions" for op in self.setup("", None).graph.ops)

    @cached_property
    def options(self) -> tuple[str, ...]:
        """The options that the model has a use for."""
        dims = {name for tensor in self.setup("", None).graph.tensors.values() for name in tensor.names}
        without = (*(OF_EXPERTS if "expert" not in dims else ()), *(OF_WINDOWS if "window" not in dims else ()))
        return tuple(one.name for one in fields(Counting) if one.name not in without)

    def same(self, reading: Reading) -> object:
        """What is equal for readings that count the same work as much, whatever they are called."""
        parts: dict[str, list[Polynomial]] = {}
        step = next((step for work, step in RECOMPUTED.items() if work == reading.work), None)
        graph = self.setup(reading.convention.library, step).graph
        terms = Counted(graph, reading.convention).terms(PHASES_OF.get(reading.work, PHASES_OF["train"]))
        for term in terms:
            name = graph.by_name[term.op].source if term.op in graph.by_name else term.op
            parts.setdefault(name, []).append(term.amount)
        return reading.per, frozenset((name, amount) for name, part in parts.items() if (amount := total(part)))

    # --- values -----------------------------------------------------------------------------------------------------

    def value(self, reading: Reading) -> Quotient:
        """What a reading comes to, with the sizes put in."""
        found = self.sums(reading.convention)[reading.work]  # type: ignore[index]
        return found / self.share(reading.per)

    def share(self, per: Per) -> Quotient:
        """How many of what an amount is a share of are in a step."""
        of = {"step": "", "sequence": "B", "token": "BS"}[per]
        return Quotient(times(Polynomial.symbol(name) for name in of).substitute(self.sizes))

    def sums(self, convention: Convention) -> dict[Work, Quotient]:
        """What a convention counts of each work."""
        if convention not in self.known:
            parts = {phase: self.summed(convention, None, phase) for phase in ("forward", "backward")}
            train = parts["forward"] + parts["backward"]
            found: dict[Work, Quotient] = {"train": train, "forward": parts["forward"], "backward": parts["backward"]}
            for work, step in RECOMPUTED.items():
                if work in self.there:
                    found[work] = train + self.summed(convention, step, "recompute")
            self.known[convention] = found
        return self.known[convention]

    @cached_property
    def known(self) -> dict[Convention, dict[Work, Quotient]]:
        """What was counted so far."""
        return {}

    def summed(self, convention: Convention, step: str | None, phase: str) -> Quotient:
        """The FLOPs of one phase."""
        setup = self.setup(convention.library, step)
        amount = total(term.amount for term in Counted(setup.graph, convention).terms((phase,)))
        return Quotient(amount.substitute(self.sizes))

    @cached_property
    def sizes(self) -> dict[str, Polynomial]:
        """What is put in."""
        bindings = self.setup("", None).bindings
        return {name: value for name, value in bindings.items() if isinstance(value, Polynomial)}

    def setup(self, library: str, step: str | None) -> Setup:
        """The model as its architecture demands or as a library computes it, with something recomputed or not."""
        key = library, step
        if key not in self.setups:
            counter = next((one for one in PRESETS.values() if one.library == library), PRESETS["exact"])
            more: dict[str, Any] = {"convention": counter, "passes": self.passes(step)}
            self.setups[key] = Setup.of(**{**self.of, **more})
        return self.setups[key]

    @cached_property
    def setups(self) -> dict[tuple[str, str | None], Setup]:
        """The setups that were made."""
        return {}

    def passes(self, step: str | None) -> list[Any]:
        """What was asked for, and what is recomputed."""
        asked = self.of.get("passes") or ()
        steps: list[Any] = [asked] if isinstance(asked, str) or not hasattr(asked, "__iter__") else list(asked)
        return [*steps, *([step] if step else [])]


def sensible(base: Convention, counting: Counting, changed: tuple[str, ...]) -> bool:
    """Whether every changed option can have an effect."""
    if counting.attention == "left_out" and {"causal", "windows"} & set(changed):
        return False
    if "parameters" in changed and counting.linear == "matmuls":
        return False
    return not (base.additions == "counted" and counting.multiply_add == 1)
