"""Symbols that stand for what is no polynomial: `S_w = min(S, W)`, `N_q = ceil(S/Q)`.

A sum keeps the symbol, and so stays a polynomial; the definition stands beside it. It resolves itself once its sides
can be compared: by numbers, because all symbols are positive, or because somebody says `S <= W`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction
from math import ceil, floor

from costgraph.algebra.bindings import Order
from costgraph.algebra.called import FUNCTIONS, ROOTS
from costgraph.algebra.conversion import from_quotient
from costgraph.algebra.expression import Call, Node, names, replaced
from costgraph.algebra.limits import by_reach, sign_at_infinity
from costgraph.algebra.parser import Reader
from costgraph.algebra.polynomial import ONE, Polynomial
from costgraph.algebra.powers import nth_root
from costgraph.algebra.printers import PYTHON, UNICODE, Style, render, unicode
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, in_order, lookup
from costgraph.algebra.syntax import Formula, read
from costgraph.algebra.whole import is_whole
from costgraph.errors import UserError, shorten
from costgraph.records import dataclass

LOOKS = 16  # sizes at which a difference is looked at


@dataclass(frozen=True, slots=True)
class Definition:
    """`name` stands for a function of sizes.

    Args:
        name: a symbol of the table.
        function: one of `FUNCTIONS`, or of `ROOTS`.
        arguments: two or more sizes for `min` and `max`, one for others, and the index of a root that is not square.
        made: the same as it was typed, where it is made of names that are no symbols and may change.
    """

    name: str
    function: str
    arguments: tuple[Polynomial, ...]
    made: Node | None = field(default=None, compare=False)

    def checked(self) -> Definition:
        """The definition itself.

        Raises:
            UserError: too few or too many arguments, or it is defined by itself.
        """
        if (len(self.arguments) == 1) != self.jumps or not self.arguments:
            takes = "one size" if self.jumps else "two sizes or more"
            raise UserError(f"{self.name}: {self.function} takes {takes}")
        if self.name in self.symbols:
            raise UserError(f"{self}: {self.name} is defined by itself")
        return self

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols that it depends on."""
        return tuple(in_order({name for argument in self.arguments for name in argument.symbols}))

    @property
    def node(self) -> Node:
        """What it stands for, as a tree."""
        return Call(self.function, tuple(from_quotient(Quotient(argument)) for argument in self.arguments))

    @property
    def jumps(self) -> bool:
        """Whether it is constant between places where it jumps, as what is rounded does."""
        return self.function in ("ceil", "floor")

    @property
    def index(self) -> int:
        """The index of a root."""
        return int(self.arguments[1].number or 0) if len(self.arguments) > 1 else 2

    @property
    def magnitudes(self) -> tuple[Polynomial, ...]:
        """Monomials of which one is as large as what it stands for, up to a factor.

        Raises:
            UserError: there are none.
        """
        found = (ONE, *self.arguments) if self.function == "ceil" else self.arguments
        if self.function in ("floor", *ROOTS) or not all(one.is_monomial for one in found):
            raise UserError(f"how {self} grows cannot be told; bind {' and '.join(self.symbols)}")
        return found

    def written(self, style: Style) -> str:
        """The definition in any style."""
        write = unicode if style is UNICODE else lambda argument: render(argument, "auto", style)
        return f"{style.symbol(self.name).strip()} = {style.call(self.function, [write(a) for a in self.arguments])}"

    def __str__(self) -> str:
        return self.written(PYTHON)

    def resolved(self, bindings: Mapping[str, Polynomial] | None = None) -> Definition | Polynomial:
        """The size that it stands for with symbols replaced, or the definition of what is still open."""
        arguments = tuple(argument.substitute(bindings or {}) for argument in self.arguments)
        if self.jumps or self.function in ROOTS:
            value = self.settled(arguments[0])
            return replace(self, arguments=arguments) if value is None else value
        kept: list[Polynomial] = []
        for argument in arguments:
            if not any(self.leaves_out(argument, other) for other in kept):
                kept = [other for other in kept if not self.leaves_out(other, argument)] + [argument]
        return kept[0] if len(kept) == 1 else replace(self, arguments=tuple(kept))

    def settled(self, size: Polynomial) -> Polynomial | None:
        """What is rounded, or a root to 40 digits, of a size where it is known: of a number, and of what is whole."""
        if (number := size.number) is None:
            return size if self.jumps and is_whole(size) else None
        if self.jumps:
            return Polynomial.constant((ceil if self.function == "ceil" else floor)(Fraction(number)))
        if number < 0 and self.index % 2 == 0:
            raise UserError(f"{self}: a root of {number} is no number")
        return Polynomial.constant(nth_root(Fraction(number), self.index))

    def leaves_out(self, one: Polynomial, other: Polynomial) -> bool:
        """Whether `other` makes `one` superfluous among the arguments of a minimum or maximum."""
        return at_least(one, other) if self.function == "min" else at_least(other, one)

    def decided(self, order: Order) -> Definition | Polynomial:
        """The same where `order` holds, such as `S <= W`."""
        if self.jumps or self.function in ROOTS:
            return self.rounded_where(order) if self.jumps else self
        small, large = (0, 1) if self.function == "min" else (1, 0)
        kept = list(self.arguments)
        for one in self.arguments:
            for other in self.arguments:
                pair = (one, other)
                if one in kept and other in kept and follows(pair[small], pair[large], order):
                    kept.remove(other)
        return kept[0] if len(kept) == 1 else replace(self, arguments=tuple(kept))

    def rounded_where(self, order: Order) -> Definition | Polynomial:
        """What is rounded where it is at most 1, or large."""
        (argument,) = self.arguments
        if self.function == "ceil" and follows(argument, ONE, order):
            return ONE
        return argument if order.much and follows(ONE, argument, order) else self

    def eventually(self, names: Sequence[str]) -> Definition | Polynomial:
        """What it is from some point on, as the symbols `names` grow without bound, however they do.

        Raises:
            UserError: that depends on how they grow, or it goes on changing in a way that no size follows.
        """
        if not set(names).intersection(self.symbols):
            return self
        if self.jumps:
            return self.rounded_at_last(names)
        if self.function in ROOTS:
            raise self.no_limit(names)
        kept = list(self.arguments)
        for one in self.arguments:
            for other in self.arguments:
                difference = one - other if self.function == "min" else other - one
                if one in kept and other in kept and sign_at_infinity(difference, names) == 1:
                    kept.remove(one)
        if len(kept) > 1 and any(set(names).intersection(argument.symbols) for argument in kept):
            raise self.no_limit(names)
        return kept[0] if len(kept) == 1 else replace(self, arguments=tuple(kept))

    def rounded_at_last(self, names: Sequence[str]) -> Polynomial:
        """What is rounded, where it goes to 0 and so stays between two whole numbers."""
        (argument,) = self.arguments
        vanishes = all(any(reach) and max(reach) <= 0 for reach in by_reach(argument, names))
        if not vanishes or len(argument.signs) != 1:
            raise self.no_limit(names)
        above = argument.signs == {1}
        return Polynomial.constant(int(above) if self.function == "ceil" else int(above) - 1)

    def no_limit(self, names: Sequence[str]) -> UserError:
        """The error for a limit that is no size."""
        arrows = " and ".join(f"{name}->oo" for name in names)
        return UserError(f"{self} has no limit for {arrows} that is a size; bind {', '.join(names)} instead")

    def sides(self) -> Iterator[tuple[Polynomial, list[Polynomial]]]:
        """Of a minimum or maximum each argument, and what must be at least 0 where it is the one."""
        for one in self.arguments:
            others = [other for other in self.arguments if other is not one]
            yield one, [other - one if self.function == "min" else one - other for other in others]


def define(name: str, value: str, sizes: Mapping[str, Polynomial] | None = None) -> Definition:
    """Read `min(S, W)` as what the symbol `name` stands for.

    Args:
        name: the symbol.
        value: a call of one of `FUNCTIONS`.
        sizes: of names that may occur and are no symbols.

    Raises:
        UserError: an unknown symbol, another function, or arguments that are no sizes.
    """
    lookup(name)
    formula = read(value)
    call = formula.node
    if not isinstance(call, Call) or call.function not in FUNCTIONS or call.options:
        raise UserError(f"{name} = {shorten(value)}: write one of {', '.join(FUNCTIONS)} of sizes, such as min(S, W)")
    reader = Reader(formula)
    own = {key: size for key, size in (sizes or {}).items() if key in names([call]) and key not in SYMBOLS}
    trees = {key: from_quotient(Quotient(size)) for key, size in own.items()}
    arguments = [reader.value(replaced(argument, trees) if own else argument) for argument in call.arguments]
    if not all(argument.is_polynomial for argument in arguments):
        raise UserError(f"{name} = {shorten(value)}: an argument is no size: it has a sum in a denominator")
    found = Definition(name, call.function, tuple(argument.numerator for argument in arguments), call if own else None)
    return found.checked()


def remade(definition: Definition, sizes: Mapping[str, Polynomial]) -> Definition:
    """The definition where the names that it is made of have other sizes."""
    if not isinstance(definition.made, Call):
        return definition
    trees = {key: from_quotient(Quotient(size)) for key, size in sizes.items() if key not in SYMBOLS}
    reader = Reader(Formula("", definition.made))
    arguments = [reader.value(replaced(argument, trees)).numerator for argument in definition.made.arguments]
    return replace(definition, arguments=tuple(arguments))


def needed(definitions: Iterable[Definition], symbols: Iterable[str]) -> tuple[Definition, ...]:
    """The definitions of these symbols, and of those that they depend on, in their order."""
    wanted = set(symbols)
    kept: list[Definition] = []
    for definition in reversed(list(definitions)):
        if definition.name in wanted:
            wanted.update(definition.symbols)
            kept.append(definition)
    return tuple(reversed(kept))


def settle(
    definitions: Iterable[Definition], bindings: Mapping[str, Polynomial]
) -> tuple[dict[str, Polynomial], tuple[Definition, ...]]:
    """The bindings with those of defined symbols that they settle, and the definitions that stay open.

    Raises:
        UserError: a defined symbol is bound.
    """
    definitions = list(definitions)
    defined = {definition.name: definition for definition in definitions}
    for name, bound in bindings.items():
        if inside := [one for one in bound.symbols if one in defined]:
            raise UserError(f"{name}={bound}: {defined[inside[0]]}; write it without {inside[0]}")
    if clash := [definition for definition in definitions if definition.name in bindings]:
        raise UserError(f"{clash[0]}: bind {' and '.join(clash[0].symbols)} instead of {clash[0].name}")
    return resolve(definitions, bindings)


def resolve(
    definitions: Iterable[Definition],
    bindings: Mapping[str, Polynomial],
    further: Callable[[Definition], Definition | Polynomial] = lambda definition: definition,
) -> tuple[dict[str, Polynomial], tuple[Definition, ...]]:
    """The same, one definition after the other, with a further step for those that bindings leave open."""
    known, left = dict(bindings), list[Definition]()
    for definition in definitions:
        value = definition.resolved(known)
        value = further(value) if isinstance(value, Definition) else value
        if isinstance(value, Polynomial):
            known[definition.name] = value
        else:
            left.append(value)
    return known, tuple(left)


def at_least(one: Polynomial, other: Polynomial) -> bool:
    """Whether `one >= other` for all positive symbols, those that count being at least 1."""
    difference, _ = (one - other).fraction()
    if -1 not in difference.signs:
        return True
    if any(difference.is_below_zero(point) for point in points(difference.symbols)):
        return False
    shifted = {
        name: Polynomial.symbol(name) + 1 for name in difference.symbols if SYMBOLS[name].domain == "positive integer"
    }
    return -1 not in difference.substitute(shifted).signs


def points(names: Sequence[str]) -> Iterator[dict[str, float]]:
    """Sizes at which a difference is looked at before anything is proved of it; counts are 1 at least."""
    sizes = (1.0, 1e6, 2.0, 4096.0, 64.0)
    for at in range(LOOKS):
        picks = ((number * number + at * (2 * number + 1) + at // 5) % 5 if at else 0 for number in range(len(names)))
        yield {name: sizes[pick] for name, pick in zip(names, picks, strict=True)}


def follows(one: Polynomial, other: Polynomial, order: Order) -> bool:
    """Whether `one <= other` where `order` holds; in the limit, where one side is to be much larger."""
    if not (one.is_monomial and other.is_monomial and one.signs == other.signs == {1}):
        return False
    spare = (other / one / (order.large / order.small)).number
    return spare is not None and (spare > 0 if order.much else spare >= 1)


def variants(definitions: Iterable[Definition], growing: Iterable[str]) -> list[dict[str, Polynomial]]:
    """All ways of replacing defined symbols that depend on `growing` by their magnitudes."""
    found: list[dict[str, Polynomial]] = [{}]
    names = set(growing)
    for definition in definitions:
        if names.intersection(definition.symbols):
            names.add(definition.name)
            found = [{**one, definition.name: size.substitute(one)} for one in found for size in definition.magnitudes]
    return found
