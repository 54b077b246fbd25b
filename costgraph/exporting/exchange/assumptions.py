"""Assumptions as JSON and back: an object whose key `kind` says what the others mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from costgraph.algebra.assumption import Assumption, AtMost, Choice, Claim, Divides, Enough, InDomain
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import unknown
from costgraph.records import dataclass

if TYPE_CHECKING:
    from costgraph.exporting.exchange.document import Place


@dataclass(frozen=True)
class Kind:
    """A kind of claim: the type that stands for it, and which of its fields are sums and which are text."""

    made: Callable[..., Claim]
    sums: tuple[str, ...]
    texts: tuple[str, ...] = ()


CHOICE = "choice"  # made by the model, in words: {"kind": "choice", "text": "dropout on"}
DIM = "dim"  # documents of the first versions do not say which dim a claim is about
KINDS: dict[str, Kind] = {
    "divides": Kind(Divides, sums=("divisor", "dividend"), texts=("advice", DIM)),
    "at_most": Kind(AtMost, sums=("small", "large"), texts=(DIM,)),
    "enough": Kind(Enough, sums=("small", "large"), texts=("advice",)),
    "in_domain": Kind(InDomain, sums=("value",), texts=("name",)),
}


def written(one: Assumption, polynomial: Callable[[Polynomial], Any]) -> dict[str, Any]:
    """An assumption as an object, its sums written by `polynomial`."""
    if isinstance(one, Choice):
        return {"kind": CHOICE, "text": str(one)}
    name, kind = next((name, kind) for name, kind in KINDS.items() if kind.made is type(one))
    sums = {key: polynomial(getattr(one, key)) for key in kind.sums}
    return {"kind": name, **sums, **{key: getattr(one, key) for key in kind.texts}}


def read(at: Place) -> Assumption:
    """An assumption from an object; one without a kind is a choice in words, or else a divisibility.

    Raises:
        UserError: no such kind, a key that is missing or wrong, or a claim that is known to be false.
    """
    if at.text("kind", CHOICE if at.has("text") else "divides") == CHOICE:
        about, _, how = at.text("text").partition(" ")
        return Choice(about, how)
    name = at.text("kind", "divides")
    if name not in KINDS:
        at.refuse(str(unknown("kind", name, (*KINDS, CHOICE))))
    kind = KINDS[name]
    claim = kind.made(
        **{k: at.polynomial(k) for k in kind.sums}, **{k: at.text(k, "" if k == DIM else None) for k in kind.texts}
    )
    if isinstance(claim, InDomain) and claim.name not in SYMBOLS:
        at.refuse(str(unknown("symbol", claim.name, SYMBOLS)))
    if isinstance(claim, Divides) and not claim.divisor:
        at.refuse("the divisor is zero")
    with at.told():
        return claim.substitute({})
