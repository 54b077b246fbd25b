"""Dims: the named sizes that tensors are made of, and how they are cut over devices.

A name says what a dim is to the model (`head`, `ffn`, `query`); passes and meshes choose by it. Letters are for specs:
those of the table are short for a name wherever a shape is typed (`bsd` is `batch query model`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.mesh import Cut, devices
from costgraph.records import dataclass

# Customary letters. `context` are the positions that a query looks at, `group` the heads that share a key/value head.
NAMES: Mapping[str, str] = {
    "b": "batch", "s": "query", "t": "context", "d": "model", "a": "head", "g": "kv_head", "r": "group", "h": "width",
    "f": "ffn", "v": "vocab", "k": "position", "c": "stacked", "m": "row", "n": "column",
}  # fmt: skip
LETTERS: Mapping[str, str] = {name: letter for letter, name in NAMES.items()}


@dataclass(frozen=True, slots=True)
class Dim:
    """One index of a tensor.

    Args:
        name: what it is to the model.
        size: on one device.
        cuts: how it is cut, outermost first; what is computed on stands outside of what merely rests in parts.
    """

    name: str
    size: Polynomial
    cuts: tuple[Cut, ...] = ()

    def __hash__(self) -> int:
        return hash((self.name, self.size))

    @property
    def split(self) -> Polynomial:
        """Over how many devices it is cut."""
        return devices(self.cuts)

    @property
    def whole(self) -> Polynomial:
        """Its size in the whole model."""
        return self.size * self.split if self.cuts else self.size

    def cut(self, by: Iterable[Cut]) -> Dim:
        """The part that one device holds once it is cut further."""
        by = tuple(by)
        return Dim(self.name, self.size / devices(by), (*self.cuts, *by)) if by else self

    def joined(self, by: Iterable[Cut]) -> Dim:
        """The same without these cuts."""
        gone = [cut for cut in self.cuts if cut in by]
        return Dim(self.name, self.size * devices(gone), tuple(cut for cut in self.cuts if cut not in gone))


def named(key: str) -> str:
    """The name of a dim that is called `key`, a name or a customary letter.

    Raises:
        UserError: no name: lower-case letters and `_`.
    """
    if not (key.isascii() and key.replace("_", "").isalpha() and key.islower()):
        raise UserError(f"'{key}' is no dim: write a name in lower-case letters, such as query, or one letter")
    return NAMES.get(key, key)


def shape(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """The names in `batch query model`, or of the letters in `bsd`.

    Raises:
        UserError: a dim twice.
    """
    words = text.split()
    letters = len(words) == 1 and words[0] not in known
    names = tuple(named(word) for word in (words[0] if letters else words))
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise UserError(f"'{text}': dim {twice[0]} stands twice")
    return names


def letters(names: Iterable[str]) -> str:
    """Dims as they are printed in little room: `bsd`, with names in full where there is no letter for one."""
    names = list(names)
    short = [LETTERS.get(name, name) for name in names]
    return ("" if all(len(word) == 1 for word in short) else " ").join(short)


def sizes(dims: Iterable[Dim]) -> str:
    """Dims as they are printed in a message: `batch B, model D`."""
    return ", ".join(f"{dim.name} {dim.whole}" for dim in dims) or "a scalar"
