"""Names that no table has -> what they are made of: letters side by side, or what frameworks call a size.

`BSL` is `B*S*L`, each letter the longest that is known; `BSL(A + 2)²` is `B*S*L*(A + 2)**2`; `hidden_size` is `D`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from costgraph.algebra.called import FUNCTIONS, ROOTS
from costgraph.algebra.expression import Call, Name, Node, Power, Product, Ratio, fold, with_children
from costgraph.algebra.frameworks import AMBIGUOUS, meaning_of
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.syntax import FLOOR, ROOT, read
from costgraph.errors import UserError, unknown

if TYPE_CHECKING:
    from costgraph.algebra.parser import Reader

MAX_LETTERS = 60  # of one word
MAX_RUN = 6  # letters of a word that is taken for a product although one of them is unknown


def taken_apart(node: Node, reader: Reader) -> Node:
    """The tree with every word that has no meaning as a whole taken apart.

    Raises:
        UserError: a word has two readings; both are said.
    """
    apart = Apart(reader)
    return fold(node, apart.step, apart.whole)


class Apart:
    """Takes the words of one formula apart.

    Args:
        reader: knows which names and functions have a meaning as a whole.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    @cached_property
    def letters(self) -> Collection[str]:
        """What words may be made of."""
        symbols = self.reader.symbols
        return {*self.reader.names, *(name for name in SYMBOLS if symbols is None or name in symbols)}

    def whole(self, node: Node) -> Node | None:
        """What is not looked into: names, and calls of functions that there are."""
        match node:
            case Call(function) if function not in (FLOOR, *FUNCTIONS, *ROOTS) and self.reader.calls(function):
                return node
            case Name():
                return node if self.reader.means(node.name) else self.word(node)
        return None

    def word(self, node: Name) -> Node:
        """The same of a word that stands alone; one letter of a product that is unknown is pointed at."""
        found = self.name(node)
        if found == node and (letter := stray_letter(node.name, self.letters)):
            near = str(unknown("symbol", letter, self.letters)).partition(": choose")[0]
            raise self.refuse(node, f"in '{node.name}': {near}{self.reader.remedy(letter)}")
        return found

    def name(self, node: Name) -> Node:
        """What a word without a meaning of its own stands for; the word itself if it is nothing that is known."""
        short = node.name.rpartition(".")[2]
        found, factors = meaning_of(short, self.reader.symbols), in_letters(node.name, self.letters)
        if factors and all(letter in self.reader.names for letter in factors):
            return product(factors, node.column)  # somebody said what these letters mean
        if found and factors:
            raise self.refuse(
                node, f"'{node.name}' has two readings: {'*'.join(factors)} and {found}; write one of them"
            )
        if found:
            if (read_as := f"{node.name} read as {found}") not in self.reader.said:
                self.reader.said.append(read_as)
            return read(found).node
        if short in AMBIGUOUS:
            raise self.refuse(node, f"'{node.name}' has several meanings: {AMBIGUOUS[short]}")
        return product(factors, node.column) if factors else node

    def factors(self, node: Node) -> list[str]:
        """The letters of a word, or before parentheses; none where a name or a function has a meaning as a whole."""
        match node:
            case Name(name) if not self.reader.means(name):
                return in_letters(name, self.letters)
            case Call(function) if self.before(node) is not None:
                apart = [] if self.reader.means(function) else in_letters(function, self.letters)
                return apart or [function]
        return []

    def before(self, node: Call) -> Node | None:
        """The size before parentheses, where what looks like a call is a product; None where it is one, or unknown."""
        word = Name(node.function, column=node.column)
        if word.name == FLOOR or self.reader.calls(word.name) or len(node.arguments) != 1 or node.options:
            return None
        found = word if self.reader.means(word.name) else self.name(word)
        return found if found != word or self.reader.means(word.name) else None

    def step(self, node: Node, parts: tuple[Node, ...]) -> Node:
        """A node, the words in its parts taken apart already."""
        match node:
            case Call() if (size := self.before(node)) is not None:
                return Product(size, parts[0], column=node.column)
            case Power(base, exponent) if self.factors(raised(base)) and isinstance(parts[0], Product):
                last = Power(parts[0].right, exponent, column=node.column)  # a power is of the factor before it
                return replace(parts[0], right=last)
            case Call("root", (base, index)) if self.factors(base) and isinstance(parts[0], Product):
                return replace(parts[0], right=Call(ROOT, (parts[0].right, index), column=node.column))
            case Ratio(_, below) | Call("//", (_, below)):
                self.check_divisor(below)
        return node if parts == () else with_children(node, parts)

    def check_divisor(self, below: Node) -> None:
        """Refuse several factors without a sign behind a division."""
        inside = raised(below)
        letters = self.factors(inside)
        factors = [*letters, *(["(...)"] if isinstance(inside, Call) else [])]
        if letters and len(factors) > 1:
            both = f"/({'*'.join(factors)}) and /{'*'.join(factors)}"
            raise self.refuse(below, f"'/{''.join(factors)}' has two readings: {both}; write one of them")

    def refuse(self, node: Node, reason: str) -> UserError:
        """An error that points at `node`."""
        return self.reader.refuse(node, reason)


def raised(node: Node) -> Node:
    """What a power, or a root that was typed as one, is of."""
    match node:
        case Power(base) | Call("root", (base, _)):
            return raised(base)
    return node


def product(names: list[str], column: int) -> Node:
    """The product of names."""
    found: Node = Name(names[0], column=column)
    for name in names[1:]:
        found = Product(found, Name(name, column=column), column=column)
    return found


def in_letters(word: str, letters: Collection[str]) -> list[str]:
    """The letters that a word is made of, each the longest that is known and leaves a rest that is made of some.

    None where it is one letter, or not made of letters.
    """
    if not 2 <= len(word) <= MAX_LETTERS or word in letters:
        return []
    rest: dict[int, list[str]] = {len(word): []}  # from an index on
    for at in reversed(range(len(word))):
        for end in range(len(word), at, -1):
            if end in rest and word[at:end] in letters:
                rest[at] = [word[at:end], *rest[end]]
                break
    return rest.get(0, [])


def stray_letter(word: str, letters: Collection[str]) -> str:
    """The one letter that keeps a short word from being made of known ones; "" where it is more of a name."""
    if not 2 <= len(word) <= MAX_RUN or not word.isalpha() or word in letters:
        return ""
    found = {letter for letter in word if letter not in letters}
    return found.pop() if len(found) == 1 and len(set(word)) > 1 else ""
