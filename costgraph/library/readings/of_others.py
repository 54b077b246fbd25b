"""In how many ways anything but FLOPs is counted: what of a sum counts, widths, policies, what is recomputed, units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import combinations, product
from typing import Any

from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.conventions import Convention
from costgraph.conventions.known import PRESETS
from costgraph.derivation import derived
from costgraph.errors import UserError
from costgraph.given import Options
from costgraph.library.readings.of_flops import RECOMPUTED, Reading
from costgraph.library.readings.ways import OF_MEASURES, Subject
from costgraph.measures.parts import read_measure
from costgraph.precision import PRECISIONS
from costgraph.records import dataclass
from costgraph.setup import Setup

KEPT = ("activations", "peak")  # what recomputation is for
NEGLECTED = {"norm": "norms", "bias": "biases", "statistic": "statistics"}  # by conventions, as ways call it
MOST_WAYS = 4  # that are other than usual at once
ITEMSIZES = {"1/2": Polynomial.constant(1) / 2, **{str(n): Polynomial.constant(n) for n in (1, 2, 4)}}
# A number in GB that was divided by 2**30 is too small by the third power of 1000/1024, one in GiB by 10**9 too large.
MISTAKEN = {
    said: power
    for n, letter in enumerate("KMGT", 1)
    for said, power in ((f"{letter}iB called {letter}B", n), (f"{letter}B called {letter}iB", -n))
}


@dataclass(frozen=True)
class Sum:
    """A measure as the sum of terms that no way tells apart, each with what values of ways multiply it by.

    Args:
        ways: the unusual values of each way that changes it.
        parts: the factor of each of these values, in order, and the amount.
    """

    ways: Mapping[str, tuple[str, ...]]
    parts: Mapping[tuple[Quotient, ...], Quotient]

    def value(self, chosen: Mapping[str, str]) -> Quotient:
        """What it comes to with these values chosen."""
        places = [(name, value) for name, values in self.ways.items() for value in values]
        at = [place for place, (name, value) in enumerate(places) if chosen.get(name) == value]
        found = Quotient(0)
        for factors, amount in self.parts.items():
            for place in at:
                amount = amount * factors[place]
            found = found + amount
        return found


@dataclass(frozen=True)
class OtherCounts:
    """What every reading of a measure comes to, of one model.

    Args:
        of: the model and its sizes, as for `derive`, without a convention.
        measure: what is counted.
        powers: of which powers of 1000 or 1024 bytes the units are that numbers were typed with.
        most: how many ways are other than usual at once.
        together: values of ways of which any number may be there at once.
    """

    of: Options
    measure: str
    powers: tuple[int, ...] = ()
    most: int = MOST_WAYS
    together: tuple[tuple[str, str], ...] = ()

    def readings(self) -> Iterator[tuple[Reading, Quotient]]:
        """All of them, with their values; what a convention cannot count is left out."""
        policies = tuple(PRECISIONS) if self.open and self.usual.phase == "train" else ("",)
        works: tuple[str, ...] = (self.usual.phase, *(RECOMPUTED if self.measure.startswith(KEPT) else ()))
        seen: list[tuple[str, str, Sum]] = []
        for base, precision, work in product(self.conventions, policies, works):
            plain = Reading(base, 0, work, precision=precision)
            try:
                ways = self.ways(plain)
            except UserError:
                continue
            if (precision, work, self.sum(plain)) in seen:  # of a convention before it
                continue
            seen.append((precision, work, self.sum(plain)))
            for chosen in self.chosen(ways):
                other = base.base != self.usual.convention.base
                reading = Reading(base, len(chosen) + other, work, precision=precision, ways=chosen)
                yield reading, self.value(reading)

    def chosen(self, ways: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[tuple[str, str], ...]]:
        """What is other than usual at once."""
        for number in range(min(self.most, len(ways)) + 1):
            for names in combinations(ways, number):
                for values in product(*(ways[name] for name in names)):
                    yield tuple(zip(names, values, strict=True))
        alike = [pair for pair in self.together if pair[1] in ways.get(pair[0], ())]
        for number in range(self.most + 1, len(alike) + 1):
            yield from combinations(alike, number)

    @cached_property
    def usual(self) -> Setup:
        """The model as it was asked for."""
        return Setup.of(**self.of)

    @cached_property
    def open(self) -> bool:
        """Whether the measure is under a precision policy."""
        return read_measure(self.measure, self.usual.graph).open

    @cached_property
    def conventions(self) -> tuple[Convention, ...]:
        """Those by name that count something but FLOPs otherwise than the ones before them."""
        kinds: dict[object, Convention] = {}
        for one in (self.usual.convention, *PRESETS.values()):
            kinds.setdefault((one.neglects, one.library, one.doubles), PRESETS[one.base])
        return tuple(
            sorted(
                kinds.values(), key=lambda one: (one.name != self.usual.convention.base, list(PRESETS).index(one.name))
            )
        )

    def ways(self, plain: Reading) -> dict[str, tuple[str, ...]]:
        """The unusual values of each way that changes what a reading comes to."""
        whole = self.sum(plain)
        found: dict[str, tuple[str, ...]] = {}
        symbols = {name for amount in whole.parts.values() for name in amount.symbols}
        if "p" in symbols and "p" not in self.usual.sizes:
            usual = self.usual.bindings.get("p")
            found["itemsize"] = tuple(name for name, size in ITEMSIZES.items() if size != usual)
        for name, values in whole.ways.items():
            found[name] = tuple(value for value in values if whole.value({name: value}).numerator)
        if self.powers:
            found["unit"] = tuple(said for said, power in MISTAKEN.items() if abs(power) in self.powers)
        return {name: some for name, some in found.items() if some}

    @property
    def described(self) -> str:
        """What is searched, in words."""
        plain = Reading(self.usual.convention, 0, self.usual.phase, precision=str(self.usual.precision) * self.open)
        ways = [f"{name} ({', '.join(values)})" for name, values in self.ways(plain).items()]
        said = [
            f"the conventions by name, with up to {self.most} of these: {'; '.join(ways)}"
            if ways
            else "the conventions by name"
        ]
        said += ["under every precision policy"] if self.open and self.usual.phase == "train" else []
        said += ["with attention or everything recomputed, or nothing"] if self.measure.startswith(KEPT) else []
        return ", ".join(said)

    def same(self, reading: Reading) -> object:
        """What is equal for readings that count the same, whatever they are called: a policy may change nothing."""
        apart = self.ways(Reading(PRESETS["exact"], 0, reading.work, precision=reading.precision))
        neglected = [NEGLECTED[role] for role in reading.convention.neglects]
        left_out = ((name, "left_out") for name in neglected if name in apart)
        return frozenset({*reading.ways, *left_out}), self.value(reading)

    # --- values -----------------------------------------------------------------------------------------------------

    def value(self, reading: Reading) -> Quotient:
        """What a reading comes to, with the sizes put in."""
        chosen = dict(reading.ways)
        size = ITEMSIZES.get(chosen.get("itemsize", ""), self.usual.bindings.get("p"))
        found = self.sum(reading).value(chosen)
        found = found.substitute({"p": size}) if isinstance(size, Polynomial) else found
        power = MISTAKEN.get(chosen.get("unit", ""), 0)
        return found * Quotient(1000, 1024) ** power if power else found

    def sum(self, reading: Reading) -> Sum:
        """The terms of a convention, a policy and what is recomputed."""
        key = reading.convention, reading.precision, reading.work
        if key not in self.known:
            self.known[key] = self.summed(reading)
        return self.known[key]

    @cached_property
    def known(self) -> dict[object, Sum]:
        """What was derived so far."""
        return {}

    def summed(self, reading: Reading) -> Sum:
        """The same, derived."""
        steps = [step for work, step in RECOMPUTED.items() if work == reading.work]
        more: dict[str, Any] = {"precision": reading.precision} if reading.precision else {}
        if "p" in self.usual.model.bindings and "p" not in self.usual.sizes:
            more["symbolic"] = [*names(self.of.get("symbolic")), "p"]
        passes = [*names(self.of.get("passes")), *steps]
        setup = Setup.of(**{**self.of, **more, "convention": reading.convention, "passes": passes})
        found = derived(setup, [self.measure])
        (form,) = found.limited.values()
        known = OF_MEASURES.get(self.measure.partition("(")[0], ())
        if not known or form.over:
            return Sum({}, {(): form.value})
        sizes = {name: size for name, size in setup.bindings.items() if isinstance(size, Polynomial)}
        subject = Subject(found.graph, settle(found.graph.definitions, sizes)[0], setup.precision)
        places = [(way, value) for way in known for value in [*way.words][1:]]
        rows = [([quotient(way.factor(term, subject, value)) for way, value in places], term) for term in form.terms]
        used = [place for place in range(len(places)) if any(factors[place] != Quotient(1) for factors, _ in rows)]
        parts: dict[tuple[Quotient, ...], Quotient] = {}
        for factors, term in rows:
            group = tuple(factors[place] for place in used)
            parts[group] = parts.get(group, Quotient(0)) + Quotient(term.amount)
        ways: dict[str, tuple[str, ...]] = {}
        for way, value in (places[place] for place in used):
            ways[way.name] = (*ways.get(way.name, ()), value)
        return Sum(ways, parts)


def quotient(factor: Quotient | Polynomial) -> Quotient:
    """A factor as a quotient."""
    return factor if isinstance(factor, Quotient) else Quotient(factor)


def names(given: Any) -> list[Any]:
    """What was given, as a list."""
    return [given] if isinstance(given, str) and given else [] if isinstance(given, str) else [*(given or ())]
