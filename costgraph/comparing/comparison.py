"""Two setups side by side: their forms, the difference by part, the ratio, and where one overtakes the other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Unpack

from costgraph.algebra.inequalities import sign
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.shapes import factor
from costgraph.algebra.symbols import COUNT, SYMBOLS
from costgraph.algebra.work import bounded
from costgraph.closed_form import ClosedForm
from costgraph.comparing.sides import Given, Side, read_side
from costgraph.derivation import Derivation, derived
from costgraph.errors import UserError
from costgraph.given import Keywords, Options
from costgraph.measures.by_part import by_part
from costgraph.measures.named import Measures
from costgraph.records import dataclass
from costgraph.shown import Drawn
from costgraph.signatures import spelled_out
from costgraph.solving.solution import solved
from costgraph.solving.unknown import Unknown
from costgraph.solving.whole import Solution

FIRST = ("S", "B", "T", "N_d")  # what a crossover is looked for in, if there is a choice
SHORT, LOW = 24, 3  # monomials, and powers, of a factor whose sign is looked for from 1 on


def sign_of(form: Polynomial) -> int | None:
    """The sign of a form of sizes, each of which is 1 at least; None if it depends on them, 0 for none at all."""
    known: int | None = sign(form, {})
    powers = [power for one in form.monomials() for power in one.powers.values()]
    if known is not None or len(form) > SHORT or max(powers, default=0) > LOW or min(powers, default=0) < 0:
        return known
    counts = [name for name in form.symbols if name in SYMBOLS and SYMBOLS[name].domain == COUNT]
    moved = form.substitute({name: Polynomial.symbol(name) + ONE for name in counts})
    at_one = moved.substitute({name: Polynomial.constant(0) for name in counts})
    return sign(moved, {}) if at_one else None  # at 1 it may be 0


def decided(form: Polynomial) -> tuple[int, Polynomial]:
    """The sign of all factors whose sign is known, and the product of the others."""
    whole = factor(form)
    known, rest = (1 if whole.monomial.leading_coefficient > 0 else -1), ONE
    for part in (one.expand() for one in whole.sums):
        if (side := sign_of(part)) is None:
            rest = rest * part
        else:
            known *= side
    return known, rest


@dataclass(frozen=True)
class Part:
    """A part of the model on both sides, in all layers, with all sizes put in; 0 where one side has none."""

    name: str
    a: Quotient
    b: Quotient

    @property
    def difference(self) -> Quotient | None:
        """That of the first side minus that of the second; none of two of which one is infinite."""
        return None if self.a.is_infinite or self.b.is_infinite else self.a - self.b


@dataclass(frozen=True)
class Crossing:
    """Where the first side is larger than the second, by one symbol."""

    symbol: str
    above: tuple[Solution, ...]


@dataclass(frozen=True)
class Compared:
    """One measure of two setups.

    Args:
        name: the measure.
        a, b: its forms before any size is put in.
        at: the same with sizes put in.
        parts: of both, with sizes put in; none for quotients.
        same_sizes: whether symbols mean the same sizes on both sides.
        unlike: symbols that were left free and are other sizes on each side.
    """

    name: str
    a: ClosedForm
    b: ClosedForm
    at: tuple[ClosedForm, ClosedForm]
    parts: tuple[Part, ...]
    same_sizes: bool
    unlike: frozenset[str] = frozenset()

    @property
    def unit(self) -> str:
        """That of the measure."""
        return self.a.unit

    @property
    def symbolic(self) -> Quotient | None:
        """The difference before sizes are put in, where symbols mean the same on both sides."""
        return self.a.value - self.b.value if self.same_sizes and not self.clash else None

    @property
    def difference(self) -> Quotient | None:
        """The difference with sizes put in."""
        return None if self.clash or self.infinite else self.at[0].value - self.at[1].value

    @property
    def infinite(self) -> bool:
        """Whether a true limit has no value on a side, and so neither a difference nor a ratio."""
        return any(form.value.is_infinite for form in self.at)

    @property
    def ratio(self) -> Quotient | None:
        """The first over the second; none over nothing."""
        first, second = (form.value for form in self.at)
        return first / second if second.numerator and not self.clash and not self.infinite else None

    @property
    def clash(self) -> str:
        """A symbol that stands for something else on either side, which no difference can have."""
        first, second = ({one.name: one for one in form.defined} for form in self.at)
        other = {name for name in first.keys() & second.keys() if first[name] != second[name]}
        return min(other | {name for form in self.at for name in form.symbols if name in self.unlike}, default="")

    @cached_property
    def open_sign(self) -> tuple[int, Polynomial] | None:
        """The difference as a known sign times a form whose sign depends on sizes, 1 if on none; None if there is none.

        A sign of 0 is no difference.
        """
        if self.difference is None:
            return None
        if not self.difference.numerator:
            return 0, ONE
        known, form = decided(self.difference.numerator)
        below, rest = decided(self.difference.denominator)
        return (known * below, form) if rest == ONE else None

    @property
    def verdict(self) -> str:
        """In words which is larger, where that is clear: `A`, `B`, `equal`; else empty."""
        if self.open_sign is None or self.open_sign[1] != ONE:
            return ""
        return {1: "A", -1: "B", 0: "equal"}[self.open_sign[0]]

    @cached_property
    def crossing(self) -> Crossing | None:
        """Where the first is larger; none where that is clear, or more than one symbol decides."""
        if self.open_sign is None or self.verdict:
            return None
        known, form = self.open_sign
        defined = tuple({one.name: one for side in self.at for one in side.defined}.values())
        about = {*form.symbols, *(name for one in defined if one.name in form.symbols for name in one.symbols)}
        about -= {one.name for one in defined}
        for name in sorted(about, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name)):
            wanted = Unknown(Polynomial.symbol(name), name)
            try:
                found = tuple(solved(form * known, ">", wanted, (), defined))
            except UserError:
                continue
            return Crossing(name, tuple(one for one in found if one.possible))
        return None


@dataclass(frozen=True, repr=False)
class Comparison(Drawn):
    """Two sides and their measures."""

    a: Side
    b: Side
    derivations: tuple[Derivation, Derivation]
    measures: Mapping[str, Compared]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is worth knowing of either side, and what could not be subtracted."""
        found = dict.fromkeys(remark for one in self.derivations for remark in one.remarks)
        for one in self.measures.values():
            if name := one.clash:
                found[f"{one.name}: {name} stands for something else on each side; put in sizes to compare"] = None
            if one.infinite:
                found[f"{one.name}: grows without bound in that limit; leave it out to compare"] = None
        return tuple(found)


@spelled_out(Options)
@bounded()
def compare(a: Given, b: Given, *measures: Measures, **common: Unpack[Keywords]) -> Comparison:
    """Compare two setups.

    Args:
        a: the first side: a word (a convention, model, phase, pass, precision or op set), options as text, such as
            `mesh=data(8); attention=flash`, or as a mapping; a model or a graph as an object.
        b: the second side, given in the same ways.
        measures: such as `flops` or `flops(attn)`, as for `derive`; without any, a usual choice for the phase of the
            first.
        common: options of both, as for `derive`.

    Raises:
        UserError: anything unknown, unreadable or out of its domain.
    """
    sides = read_side(a, common), read_side(b, common)
    first = derived(sides[0].setup, measures)
    second = derived(sides[1].setup, tuple(first.forms))
    return compared(sides, (first, second))


def compared(sides: tuple[Side, Side], found: tuple[Derivation, Derivation]) -> Comparison:
    """The comparison of what was derived."""
    first, second = found
    sizes = [{**one.setup.model.symbolic, **one.setup.bindings} for one in found]
    free = first.setup.model.symbolic.keys() & second.setup.model.symbolic.keys()
    measures = {
        name: Compared(
            name,
            form,
            second.forms[name],
            (first.limited[name], second.limited[name]),
            parts_of(name, found),
            same_sizes=sizes[0] == sizes[1],
            unlike=frozenset(symbol for symbol in free if sizes[0][symbol] != sizes[1][symbol]),
        )
        for name, form in first.forms.items()
    }
    return Comparison(*sides, found, measures)


def parts_of(name: str, found: tuple[Derivation, Derivation]) -> tuple[Part, ...]:
    """The parts of both sides in the order of the first, those that only the second has behind them."""
    both: list[dict[str, Quotient]] = []
    for one in found:
        sums: dict[str, Quotient] = {}
        for part in by_part(one.forms[name], one.graph):
            value = one.of_part(name, part)
            sums[part.name] = sums[part.name] + value if part.name in sums else value
        both.append(sums)
    names = dict.fromkeys([*both[0], *both[1]])
    return tuple(Part(name, *(sums.get(name, Quotient(0)) for sums in both)) for name in names)
