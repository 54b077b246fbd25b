"""Costs that grow: forms of one unit over a size, and where one overtakes another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import combinations, pairwise
from math import floor, inf
from typing import TYPE_CHECKING

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import rounded
from costgraph.algebra.symbols import SYMBOLS, Rational
from costgraph.closed_form import ClosedForm
from costgraph.comparing.comparison import FIRST, Comparison
from costgraph.derivation import Derivation
from costgraph.errors import UserError, shorten
from costgraph.pictures.picture import OKABE_ITO, Picture, aligned, marked, of_figure, page, plain, titled
from costgraph.records import dataclass
from costgraph.setup import Setup
from costgraph.solving.solution import solved
from costgraph.solving.unknown import Unknown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RANGES = {"S": (128, 2**20), "B": (1, 2**12)}  # of the sizes that are usually asked about; of others:
USUAL = (1, 2**12)
POINTS = 48  # in between
AROUND = 16  # how many times below and above a crossing a picture shows
MOST = len(OKABE_ITO)
LONG = 10**12  # a size from which on it is written with an exponent


@dataclass(frozen=True)
class Line:
    """A form in one symbol, with its name, and the positions K that its model was made for, if it says so."""

    name: str
    form: ClosedForm
    longest: int | None = None

    def most(self, symbol: str) -> float:
        """Up to which size it is drawn."""
        return self.longest if symbol == "S" and self.longest is not None else inf

    def exactly(self, symbol: str, value: int) -> Rational | None:
        """Its value; None where what it takes for granted does not hold."""
        try:
            return self.form.limited({symbol: Polynomial.constant(value)}).number
        except UserError:
            return None

    def at(self, symbol: str, value: int) -> float | None:
        """The same, to be drawn."""
        found = self.exactly(symbol, value)
        return None if found is None else float(found)


@dataclass(frozen=True)
class Crossing:
    """Where two lines meet; or where one jumps over the other, which is the first whole size behind that."""

    at: Fraction
    names: tuple[str, str]
    jumps: bool = False

    def written(self, symbol: str) -> str:
        """In words."""
        how, at = ("overtakes", "from") if self.jumps else ("=", "at")
        return f"{self.names[0]} {how} {self.names[1]} {at} {self.size(symbol)}"

    def size(self, symbol: str) -> str:
        """Where, as six digits; rounded ones say so."""
        digits = rounded(self.at, 6)
        if "e" in digits and self.at < LONG:
            digits = str(int(Fraction(digits)))
        return f"{symbol} {'=' if Fraction(digits) == self.at else '≈'} {digits}"


def draw(found: Derivation | Comparison) -> Picture:
    """The measures of a derivation, or the first of a comparison that grows; the others of that are named below.

    Args:
        found: with every size bound but one.

    Raises:
        UserError: matplotlib is missing, none or more than one size is open, measures have more than one unit, or
            there are too many lines.
    """
    left = ""
    if isinstance(found, Comparison):
        every = list(found.measures.values())
        one = next((one for one in every if open_in(one.at)), every[0])
        others = [other.name for other in every if other is not one]
        left = f"Not drawn: {', '.join(others)}" if others else ""
        lines = [
            Line(shorten(side.text, 40), form, longest(side.setup))
            for side, form in zip((found.a, found.b), one.at, strict=True)
        ]
        title = one.name
        said = " against ".join(dict.fromkeys(str(side.setup) for side in (found.a, found.b)))
        setup, forms = found.a.setup, [form for each in every for form in (each.a, each.b)]
    else:
        lines = [Line(name, form, longest(found.setup)) for name, form in found.limited.items()]
        check_units(lines)
        title, said, setup, forms = ", ".join(found.limited), found.head, found.setup, list(found.forms.values())
    if not open_in(line.form for line in lines):
        raise not_growing(forms, found.measures if isinstance(found, Comparison) else found.forms, setup)
    symbol = open_size(lines)
    sizes = [f"{name} = {setup.bindings[name]}" for name in FIRST if name in setup.bindings]
    below = ", ".join([said, *sizes])
    return of_figure(lambda: picture(lines, symbol, title, below, left))


def longest(setup: Setup) -> int | None:
    """How many positions a model was made for, where it says so."""
    most = setup.bindings.get("K")
    return int(most.number) if isinstance(most, Polynomial) and most.number is not None else None


def check_units(lines: list[Line]) -> None:
    """Refuse lines that have no axis in common."""
    by_unit: dict[str, list[str]] = {}
    for line in lines:
        by_unit.setdefault(line.form.unit, []).append(line.name)
    if len(by_unit) > 1:
        units = "; ".join(f"{', '.join(names)} in {unit}" for unit, names in by_unit.items())
        raise UserError(f"a picture has one unit: {units}; draw those of each unit into a file of their own")


def open_in(forms: Iterable[ClosedForm]) -> set[str]:
    """The symbols of forms that are not bound."""
    every = tuple(forms)
    return {name for form in every for name in form.symbols} - {one.name for form in every for one in form.defined}


def not_growing(forms: Iterable[ClosedForm], measures: Iterable[str], setup: Setup) -> UserError:
    """An error that says why nothing grows: the sizes are bound, or no form has one that could be open."""
    names = {
        name for form in forms for name in (*form.symbols, *(other for one in form.defined for other in one.symbols))
    }
    bound = [name for name in setup.bindings if name in names and name not in setup.model.bindings]
    needed = "a cost that grows needs one open size"
    if bound:
        return UserError(f"{needed}, such as {bound[-1]}: leave it out of --limit")
    return UserError(
        f"{needed}, and there is none in {', '.join(measures)}: name a measure that has one, such as flops"
    )


def open_size(lines: list[Line]) -> str:
    """The one symbol that is not bound."""
    if len(lines) > MOST:
        raise UserError(f"{len(lines)} lines are more than the {MOST} colours: name fewer measures")
    names = open_in(line.form for line in lines)
    wanted = next(name for name in (*FIRST, *sorted(names)) if name in names)
    if others := sorted(names - {wanted}):
        raise UserError(f"a picture over {wanted} needs all other sizes: bind {', '.join(others)}")
    return wanted


def crossings(lines: list[Line], symbol: str) -> Iterator[Crossing]:
    """Where two of the lines meet, exactly."""
    for a, b in combinations(lines, 2):
        difference = (a.form.value - b.form.value).numerator
        defined = tuple({one.name: one for line in (a, b) for one in line.form.defined}.values())
        if not difference:
            continue
        try:
            answers = list(solved(difference, ">", Unknown(Polynomial.symbol(symbol), symbol), (), defined))
        except UserError:  # what is rounded makes a difference rise and fall
            yield from jumps(a, b, symbol)
            continue
        roots = {end.number for one in answers for end in (one.case.low, one.case.high) if end is not None}
        yield from (Crossing(Fraction(root), (a.name, b.name)) for root in roots if root is not None and root >= 1)


def jumps(a: Line, b: Line, symbol: str) -> Iterator[Crossing]:
    """Where one of two lines that are drawn overtakes the other, by halving between points of the picture."""

    def above(size: int) -> bool | None:
        one, other = a.exactly(symbol, size), b.exactly(symbol, size)
        return None if one is None or other is None else one > other

    for low, high in pairwise(values(symbol, [])):
        first, last = above(low), above(high)
        if None in (first, last) or first == last:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if above(middle) == first else (low, middle)
        yield Crossing(Fraction(high), (a.name, b.name) if last else (b.name, a.name), jumps=True)


def values(symbol: str, met: list[Crossing]) -> list[int]:
    """The whole numbers at which lines are drawn, evenly spread as their logarithms are."""
    low, high = RANGES.get(symbol, USUAL)
    if met:
        low = max(1, min(low, int(met[0].at / AROUND)))
        high = max(high if len(met) > 1 else 0, int(max(one.at for one in met) * AROUND))
    ratio = (high / low) ** (1 / POINTS)
    return sorted({round(low * ratio**step) for step in range(POINTS + 1)})


def picture(lines: list[Line], symbol: str, title: str, said: str, left: str = "") -> Figure:
    """The lines, and a mark where two of them meet; `left` says what is not drawn."""
    met = sorted(crossings(lines, symbol), key=lambda one: one.at)
    ends = {line.name: line.most(symbol) for line in lines}
    beyond = [one for one in met if one.at > min(ends[name] for name in one.names)]
    met = [one for one in met if one not in beyond]
    xs = values(symbol, met)
    figure = page()
    axes = figure.add_subplot()
    axes.set(xscale="log", yscale="log")
    looks = ("-", (0, (6, 2)), (0, (2, 1.5)), "-", (0, (6, 2)), (0, (2, 1.5)))  # told apart without colours, too
    for line, color, look in zip(lines, OKABE_ITO, looks, strict=False):
        most = line.most(symbol)
        drawn = [*(x for x in xs if x < most), *([int(most)] if most <= xs[-1] else [])]
        points = [(x, y) for x in drawn if (y := line.at(symbol, x)) is not None and y > 0]
        if points:
            axes.plot(*zip(*points, strict=True), color=color, linestyle=look, linewidth=2.4, label=line.name)
    if not axes.get_lines():
        raise UserError(f"no value of {symbol} from {xs[0]} to {xs[-1]} keeps what is assumed")
    for row, one in enumerate(met):
        mark(axes, one, lines, symbol, row)
    axes.set_xlabel(f"{symbol}, {SYMBOLS[symbol].meaning}")
    axes.set_ylabel(lines[0].form.unit)
    axes.xaxis.set_major_formatter(lambda x, _: plain(x))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(which="major", color="#e4e6e8", linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(which="minor", length=0)
    axes.legend(loc="best", frameon=False, fontsize=11)
    at = ", ".join(one.written(symbol) for one in met)
    far = ", ".join(one.written(symbol) for one in beyond)
    kept = dict.fromkeys(int(most) for most in ends.values() if most <= xs[-1])
    told = (
        at and f"Crossovers: {at}", far and f"Beyond what is drawn: {far}",
        kept and f"Up to the positions K that models were made for: {', '.join(map(str, kept))}", left,
    )  # fmt: skip
    below = ". ".join(text for text in told if text)
    titled(figure, axes, f"{title} over {symbol}", said, below)
    return aligned(figure, axes)


def mark(axes: Axes, one: Crossing, lines: list[Line], symbol: str, row: int) -> None:
    """Where two lines meet, with the size."""
    line = next(line for line in lines if line.name == one.names[0])
    left = max(floor(one.at), 1)
    below, above = line.at(symbol, left), line.at(symbol, left + 1)
    if below is None:  # what the line takes for granted does not hold there
        return
    at, height = float(one.at), below + float(one.at - left) * ((above or below) - below)
    marked(axes, at, height, one.size(symbol), row)
