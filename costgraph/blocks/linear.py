"""What blocks are written with: products of tensors by the names of their dims, linear layers, dropout."""

from __future__ import annotations

from string import ascii_lowercase

from costgraph.graph.builder import Builder
from costgraph.graph.dim import LETTERS

Names = tuple[str, ...]
CONTEXT = {"query": "context", "memory": "memory_context"}  # what positions are called as those that others look at


def contract(b: Builder, name: str, x: str, y: str, result: Names) -> str:
    """The product of two tensors, summed over the dims that `result` lacks; each dim by its letter, if it has one."""
    operands = b.names(x), b.names(y)
    letter: dict[str, str] = {}
    for dim in dict.fromkeys((*operands[0], *operands[1])):
        free = (one for one in reversed(ascii_lowercase) if one not in LETTERS.values() and one not in letter.values())
        letter[dim] = LETTERS.get(dim) or next(free)
    left = ",".join("".join(letter[dim] for dim in dims) for dims in operands)
    return b.einsum(name, f"{left}->{''.join(letter[dim] for dim in result)}", x, y)


def linear(b: Builder, name: str, x: str, to: Names, over: Names = ("model",), bias: bool = False) -> str:
    """`x` times the matrix `<name>.weight`, from the dims `over` to the dims `to`, which come last in the result."""
    kept = tuple(dim for dim in b.names(x) if dim not in over)
    y = contract(b, name, x, b.parameter(f"{name}.weight", (*over, *to)), (*kept, *to))
    return biased(b, name, y, to) if bias else y


def as_wide(b: Builder, name: str, x: str, bias: bool = False) -> str:
    """`x` times a matrix that is as wide as the model on both sides."""
    y = linear(b, name, x, (b.dim("transformed", b.size("model")),), bias=bias)
    return b.op(
        f"{name}ed", "slice", y, letters=b.names(x)
    )  # a dim stands once in a product; this is the model's again


def biased(b: Builder, name: str, y: str, dims: Names) -> str:
    """`y` with the bias `<name>.bias` added."""
    return b.op(f"{name}_bias", "bias", y, b.parameter(f"{name}.bias", dims, "bias"))


def dropout(b: Builder, name: str, x: str, on: bool = True) -> str:
    """Dropout with a mask of one byte per element, or nothing."""
    return b.op(name, "dropout", x, extra={"mask": (b.names(x), "mask", 1)}) if on else x
