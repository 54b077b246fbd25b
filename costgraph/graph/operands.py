"""What the operands of an op must be, by its row of rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from costgraph.errors import UserError
from costgraph.graph.dim import shape
from costgraph.graph.rules import rule
from costgraph.graph.tensor import Tensor


def check_fit(where: str, name: str, kind: str, read: Sequence[Tensor]) -> None:
    """Raise unless every operand has dims of the first only; both sides of a residual have the same."""
    first = read[0]
    if kind == "residual" and len(read) < 2:
        raise UserError(f"{where}residual {name} adds two tensors, and reads {first.name} alone")
    for other in read[1:]:
        shared = [dim for dim in first.dims if dim in other.dims]
        fits = shared == list(other.dims) if rule(kind).gradient == "through" else len(shared) == len(other.dims)
        if not fits or (kind == "residual" and len(shared) != len(first.dims)):
            shapes = f"{first.name} is {first.shape}; {other.name} is {other.shape}"
            raise UserError(f"{where}the operands of {kind} {name} do not fit: {shapes}")


def worked_along(
    where: str, name: str, kind: str, first: Tensor, over: str, known: Iterable[str]
) -> tuple[str, ...]:  # fmt: skip
    """The dims that an op works along: those named in `over`, else the last one of its first operand.

    Raises:
        UserError: it works along none, or the operand lacks one.
    """
    if not rule(kind).along:
        raise UserError(f"{where}{name}: {kind} does not work along dims; leave over={over} out")
    along = shape(over, known) or first.names[-1:]
    if missing := [one for one in along if one not in first.names]:
        raise UserError(f"{where}{name} works along {missing[0]}, which {first.name} ({first.shape}) lacks")
    return along
