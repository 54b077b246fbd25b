"""The training state of a parameter, as tensors: weights, gradient, and what the optimizer keeps of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import Rational
from costgraph.graph.tensor import Tensor
from costgraph.mesh import Mesh
from costgraph.precision import Precision, State
from costgraph.records import replace

WIDTH = Polynomial.symbol("p")  # of what is computed with, unless said otherwise
Sides = tuple[tuple[int, ...], tuple[int, ...]]  # axes of the rows of a matrix, and of its columns


def state_tensors(parameter: Tensor, policy: Precision, sides: Sides | None = None) -> list[Tensor]:
    """What training keeps of a parameter: its weights, its gradient, a master copy if there is one, and the moments.

    Args:
        parameter: whose.
        policy: how wide each of them is.
        sides: which of its axes are rows, and which columns, where it is a matrix (`matrix.sides`).
    """
    return list(kept(parameter, policy, sides))


def kept(parameter: Tensor, policy: Precision, sides: Sides | None) -> Iterator[Tensor]:
    """The same, one after the other. What is frozen is kept as it is computed with: in its own width, if it has one."""
    name = parameter.name
    if parameter.frozen and parameter.itemsize != WIDTH:
        yield stored(parameter, f"{name}.kept", parameter.itemsize, "weights")
    else:
        yield state(parameter, f"{name}.kept", policy.weights, "weights")
    if parameter.frozen:
        return
    yield state(parameter, f"{name}.grad_kept", policy.gradients, "gradients")
    if policy.master:
        yield state(parameter, f"{name}.master", policy.master, "optimizer")
    for number, width in enumerate(policy.moments, 1):
        yield state(parameter, f"{name}.moment{number}", width, "optimizer")
    if policy.factored:
        yield from factors(parameter, policy.factored, sides)


def factors(parameter: Tensor, width: Rational, sides: Sides | None) -> Iterator[Tensor]:
    """A mean of squares for each row and each column of a matrix; for each element of what is none."""
    if sides is None:
        yield state(parameter, f"{parameter.name}.squares", width, "optimizer")
        return
    for name, axes in zip(("rows", "columns"), sides, strict=True):
        whole = state(parameter, f"{parameter.name}.{name}", width, "optimizer")
        yield replace(whole, dims=tuple(parameter.dims[axis] for axis in axes))


def state(parameter: Tensor, name: str, width: Rational, part: State) -> Tensor:
    """A tensor of the parameter's shape in so many bytes per element."""
    return stored(parameter, name, constant(width), part)


def updated(tensor: Tensor, name: str) -> Tensor:
    """What the optimizer writes in place of a state tensor."""
    assert tensor.state
    return stored(tensor, name, tensor.itemsize, tensor.state)


def stored(like: Tensor, name: str, itemsize: Polynomial, part: State) -> Tensor:
    """A state tensor; `replace` would take six times as long, and a derivation makes two hundred of them."""
    return Tensor(name, like.dims, itemsize, like.role, like.loop, part == "gradients", state=part)


@lru_cache(maxsize=64)
def constant(width: Rational) -> Polynomial:
    """A width as a size; one and the same for all tensors, which tells measures that they are as large."""
    return Polynomial.constant(width)


def at_rest(tensor: Tensor, mesh: Mesh) -> Tensor:
    """The part of a state tensor that one device of a mesh keeps between steps, of what it has of the parameter."""
    if not mesh or not tensor.state:
        return tensor
    split = {cut for dim in tensor.dims for cut in dim.cuts}  # as experts are over their axis
    return replace(tensor, shards=tuple(cut for cut in mesh.shards(tensor.state) if cut not in split))
