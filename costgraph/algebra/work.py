"""How much work a question may take: predicted from sizes before it is done, and counted without a clock.

The unit is one product of two terms. What a user's text can make large (expansions, divisions, roots, exact values of
exported forms) says what it is about to do with `spend`; inside `bounded` the sum of all that may not exceed the
budget. Outside, as where the library of published formulas is checked, nothing is counted.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar, Token

from costgraph.errors import UserError

BUDGET = 3_000_000  # products of two terms: about two seconds
WORD = 512  # bits of a number that are multiplied in about the time that a term takes anyway


class TooMuchWork(UserError):
    """What was asked for would take too long; nothing has been computed in vain for longer than the budget."""


_left: ContextVar[list[int] | None] = ContextVar("work left", default=None)


class bounded(ContextDecorator):
    """Inside, at most `budget` is spent; the outermost budget counts. A generator would make it three times as slow."""

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        self.token: Token[list[int] | None] | None = None

    def _recreate_cm(self) -> bounded:
        """A budget of its own for each call of a function that this decorates."""
        return bounded(self.budget)

    def __enter__(self) -> None:
        if _left.get() is None:
            self.token = _left.set([self.budget])

    def __exit__(self, *_: object) -> None:
        if self.token is not None:
            _left.reset(self.token)


def spend(steps: int, what: str = "working out this expression") -> None:
    """Announce `steps` products of terms that are about to be computed.

    Raises:
        TooMuchWork: more than what is left of the budget; they are not to be computed.
    """
    left = _left.get()
    if left is None:
        return
    left[0] -= steps
    if left[0] < 0:
        raise TooMuchWork(f"{what} takes too many steps: write it with fewer terms, lower powers or smaller numbers")


def weight(bits: int) -> int:
    """How many times as long a product takes with numbers of so many bits together."""
    return 1 + bits // WORD
