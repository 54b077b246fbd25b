"""Which plans may be: what the graph takes for granted of its symbols, on columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from costgraph.algebra.assumption import Divides, Enough, InDomain, IsSize
from costgraph.algebra.divisible import Holds
from costgraph.algebra.polynomial import Polynomial
from costgraph.records import dataclass
from costgraph.searching.columns import Columns, Program
from costgraph.searching.open_mesh import OpenMesh

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """One claim on columns, as whole numbers above and below a fraction bar, so that nothing is rounded.

    Args:
        claim: in words.
        above, below: of the fraction.
        kind: that it is `whole`, a positive `size`, any `positive` mean, or at least 1, `enough`.
    """

    claim: str
    above: Program
    below: Program
    kind: str

    def on(self, mesh: OpenMesh) -> Mask:
        """Where it does on a mesh, with an axis for each side, of length 1 where nothing depends on that side."""
        part = mesh.part({*self.above.symbols, *self.below.symbols})
        return self.holds(part).reshape(part.shape)

    def holds(self, columns: Columns) -> Mask:
        """Where it does."""
        if isinstance(columns, OpenMesh):
            part = columns.part({*self.above.symbols, *self.below.symbols})
            if part.length < columns.length:
                return columns.spread(self.holds(part), part)
        above, below = self.above.at(columns)[0], self.below.at(columns)[0]
        if self.kind == "enough":
            return np.asarray(above >= below)
        positive = above > 0
        if self.kind == "positive":
            return np.asarray(positive)
        whole = np.mod(above, below) == 0
        return np.asarray(whole & positive if self.kind == "size" else whole)


def rules(claims: Sequence[Holds]) -> tuple[Rule, ...]:
    """The claims that numbers can contradict; of others nothing is asked."""
    found: dict[str, Rule] = {}
    whole = {one.dividend / one.divisor for one in claims if isinstance(one, Divides) and one.divisor.is_monomial}
    for claim in claims:
        if not claim.symbols or (isinstance(claim, IsSize) and claim.layers and claim.size in whole):
            continue
        if isinstance(claim, Divides):
            rule = rule_of(str(claim), claim.dividend, claim.divisor, "whole")
        elif isinstance(claim, Enough):
            rule = rule_of(str(claim), claim.large, claim.small, "enough")
        elif isinstance(claim, IsSize):
            what = f"layers {claim.dim}".strip() if claim.layers else claim.dim
            kind = "positive" if claim.mean else "size"
            rule = rule_of(f"{what} = {claim.size}", claim.size, Polynomial.constant(1), kind)
        elif isinstance(claim, InDomain):
            rule = rule_of(str(claim), claim.value, Polynomial.constant(1), "size")
        else:
            continue
        found.setdefault(rule.claim, rule)
    return tuple(found.values())


def rule_of(words: str, large: Polynomial, small: Polynomial, kind: str) -> Rule:
    """A rule about `large / small`."""
    (above, under), (below, over) = large.fraction(), small.fraction()
    return Rule(words, Program.of([above * over]), Program.of([under * below]), kind)
