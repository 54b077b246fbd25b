"""What letters of one's own stand for, as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from costgraph.algebra.quotient import Quotient
from costgraph.algebra.syntax import Formula
from costgraph.frozen import FrozenMapping


class Letters(FrozenMapping[str, Quotient]):
    """What letters of one's own stand for.

    Args:
        items: by letter.
        told: of letters that nobody typed a meaning for, as in a notation, the meaning as it is told where one occurs.
        said: what is worth knowing of how the meanings were read.
        functions: of letters that stand for what is no size, such as `min(S, W)` or `sqrt(B)`, their formulas.
    """

    __slots__ = ("functions", "said", "told")

    def __init__(
        self,
        items: Mapping[str, Quotient],
        told: Mapping[str, str] = FrozenMapping({}),
        said: Iterable[str] = (),
        functions: Mapping[str, Formula] = FrozenMapping({}),
    ) -> None:
        super().__init__(items)
        self.told, self.said, self.functions = told, tuple(said), functions


NO_LETTERS = Letters({})
