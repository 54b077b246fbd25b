"""What an expression is measured in, from what its names are: FLOPs and bytes are neither added nor compared."""

from __future__ import annotations

from abc import ABC, abstractmethod

from costgraph.algebra.expression import Call, Name, Node, Power, Product, Ratio, Sum, fold
from costgraph.algebra.units import NONE, Powers, times
from costgraph.records import dataclass


@dataclass(frozen=True, slots=True)
class Amount:
    """What a part of an expression is measured in.

    Args:
        dimension: in powers of the bases.
        bare: whether it is made of numbers alone.
        counts: whether nothing above the line is measured in anything. A count may stand for FLOPs or bytes, as in
            `6*N_params*B*S/lambda_flops`, where the 6 is FLOPs for a parameter and a token.
        scaled: whether a number, such as that 6, is a factor.
        unit: whether it is a unit or so many of one, such as `80*GB`: that number is no such factor.
    """

    dimension: Powers = NONE
    bare: bool = True
    counts: bool = True
    scaled: bool = False
    unit: bool = False


class Measuring(ABC):
    """Folds a tree into an `Amount`. What names, calls and sums are is up to subclasses."""

    def amount(self, node: Node) -> Amount:
        """What `node` is measured in."""
        return fold(node, self.step)

    def step(self, node: Node, parts: tuple[Amount, ...]) -> Amount:
        """One node."""
        match node:
            case Name():
                return self.name(node)
            case Call():
                return self.call(node, parts)
            case Sum():
                return self.sum(node, parts)
            case Product():
                return self.quotient(parts[0], parts[1], 1, parts[0].counts and parts[1].counts)
            case Ratio():
                return self.quotient(parts[0], parts[1], -1, parts[0].counts)
            case Power(_, exponent):
                base = parts[0]
                return Amount(times(NONE, base.dimension, exponent), base.bare, base.counts, base.scaled)
        return Amount()

    def quotient(self, left: Amount, right: Amount, power: int, counts: bool) -> Amount:
        """`left * right**power`."""
        pairs = ((left, right), (right, left))
        scaled = left.scaled or right.scaled or any(one.bare and not other.unit for one, other in pairs)
        unit = any(one.unit and (other.unit or other.bare) for one, other in pairs)
        dimension = times(left.dimension, right.dimension, power)
        return Amount(dimension, left.bare and right.bare, counts, scaled, unit)

    @abstractmethod
    def name(self, node: Name) -> Amount:
        """What a name is measured in."""

    @abstractmethod
    def call(self, node: Call, parts: tuple[Amount, ...]) -> Amount:
        """What a call is measured in."""

    @abstractmethod
    def sum(self, node: Sum, parts: tuple[Amount, ...]) -> Amount:
        """What a sum is measured in; unlike terms are refused."""
