"""Einsum specifications: parse them, bind their letters to sizes, cost them and differentiate them.

A contraction needs no rule of its own: its FLOPs are 2 (one multiply, one add) times the product of the sizes of all
its letters, and the gradient of an operand is the einsum with that operand and the result swapped.
"""

from __future__ import annotations

from functools import cache, cached_property

from costgraph.algebra.polynomial import ZERO, Polynomial, product
from costgraph.errors import UserError
from costgraph.graph.dim import Dim
from costgraph.graph.tensor import Tensor
from costgraph.records import dataclass


@dataclass(frozen=True)
class Spec:
    """`operands -> result`, each a string of distinct lower-case letters."""

    operands: tuple[str, ...]
    result: str

    @cached_property
    def letters(self) -> str:
        """Every letter once, in order of appearance."""
        return "".join(dict.fromkeys("".join(self.operands) + self.result))

    @cached_property
    def summed(self) -> str:
        """The letters that are contracted: in an operand, not in the result."""
        return "".join(letter for letter in self.letters if letter not in self.result)

    def flops(self, sizes: dict[str, Polynomial]) -> Polynomial:
        """2 per multiply-add if anything is summed, 1 per multiply if not, 0 for a mere sum of one operand."""
        if len(self.operands) < 2:
            return ZERO
        return product(sizes[letter] for letter in self.letters) * (2 if self.summed else 1)

    def gradient(self, position: int) -> tuple[Spec, int]:
        """The einsum of the gradient by operand `position`: (gradient of the result, other operand) -> that operand.

        Returns the spec and the position of the other operand.
        """
        other = 1 - position
        return Spec((self.result, self.operands[other]), self.operands[position]), other

    def __str__(self) -> str:
        return f"{','.join(self.operands)}->{self.result}"


@cache
def parse_spec(text: str) -> Spec:
    """Read `bsd,df->bsf`.

    Raises:
        UserError: no arrow, more than two operands, a letter twice in one operand, or a result letter from nowhere.
    """
    left, arrow, result = text.replace(" ", "").partition("->")
    operands = tuple(left.split(","))
    if not arrow or len(operands) > 2 or not left:
        raise UserError(f"einsum '{text}': write one or two operands and a result, as in 'bsd,df->bsf'")
    for part in (*operands, result):
        if part and not (part.isascii() and part.isalpha() and part.islower()):
            raise UserError(f"einsum '{text}': '{part}' must be lower-case letters")
        if len(set(part)) != len(part):
            raise UserError(f"einsum '{text}': a letter stands twice in '{part}'")
    if alone := [
        x for x in dict.fromkeys(left) if len(operands) == 2 and left.count(x) == 1 and x not in ("," + result)
    ]:
        raise UserError(
            f"einsum '{text}': '{alone[0]}' is summed over in one operand only; sum it in an op of its own first"
        )
    if lost := [letter for letter in result if letter not in left]:
        raise UserError(f"einsum '{text}': result letter '{lost[0]}' is in no operand")
    return Spec(operands, result)


def bind(spec: Spec, tensors: tuple[Tensor, ...]) -> dict[str, Dim]:
    """The dim each letter of `spec` stands for, by its position in the operands.

    Raises:
        UserError: wrong number of operands or dims, one letter for two dims, or one dim under two letters.
    """
    if len(tensors) != len(spec.operands):
        raise UserError(f"einsum '{spec}' has {len(spec.operands)} operands, got {len(tensors)}")
    dims: dict[str, Dim] = {}
    for letters, tensor in zip(spec.operands, tensors, strict=True):
        if len(letters) != len(tensor.dims):
            raise UserError(f"einsum '{spec}': '{letters}' does not fit {tensor.name} of dims {tensor.shape}")
        for letter, dim in zip(letters, tensor.dims, strict=True):
            seen = dims.setdefault(letter, dim)
            if seen is not dim and seen != dim:
                raise UserError(
                    f"einsum '{spec}': {letter} is {seen.name} {seen.size} and, in {tensor.name}, {dim.name} {dim.size}"
                )
    if len({dim.name for dim in dims.values()}) != len(dims):
        raise UserError(f"einsum '{spec}': two letters stand for one dim of {' and '.join(t.shape for t in tensors)}")
    return dims
