"""One row per kind of op: what it reads in the backward pass, what it moves, how it behaves when dims are split.

Contractions need no row beyond `einsum`: their cost and their gradients follow from the spec. A new element-wise op is
one row here. `x0`, `x1` name the inputs of an op, `x*` all of them, `y0`, `y1` its outputs; `x0@1` is read for the
gradient of `x1` alone, and `y1@01` for those of `x0` and `x1`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from costgraph.errors import unknown
from costgraph.graph.op import Op
from costgraph.records import dataclass

# How gradients flow back through an op:
#   einsum    operand and result swapped, one einsum per operand
#   factors   the other operand times the gradient, for each of two operands, summed over dims that were broadcast
#   body      differentiate the ops it fuses
#   chain     one op `<kind>_grad`, from the gradient and what the row reads
#   through   unchanged, summed over dims that were broadcast
#   same      the same kind of op applied to the gradient
#   none      not at all
Gradient = Literal["einsum", "factors", "body", "chain", "through", "same", "none"]
# In what an op is linear: in all its inputs together, or in each of them
Linear = Literal["", "sum", "product"]
# What an op moves to and from memory, each run: every operand once and every result once, or
#   free      nothing: a view, or a name for the same bytes
#   rows      only as many rows of the table as the result has
#   append    the new rows, read once and written once into a cache that stays where it is
#   update    a state, its result, which is read and written where it stays
#   network   nothing from memory: it is counted as communication
Traffic = Literal["once", "free", "rows", "append", "update", "network"]
# In which width an op computes under autocast: that of products, fp32, or that of its widest operand
Autocast = Literal["narrow", "wide", "widest"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of op is counted.

    Args:
        gradient: how gradients flow back through it.
        reads: what its backward reads of the forward pass.
        differentiable: which inputs get a gradient, of those that there are.
        linear: whether a sum over devices may still be pending in its inputs: in all summands, or in one factor.
        view: whether its result is the same bytes as its first input.
        along: whether it works along dims of its first input, which must be whole on each device; the last one unless
            the op names others.
        sums: whether it sums over dims that its result lacks; else those must be whole on each device.
        fits: whether it works element by element: its other operands have no dims that the first lacks.
        traffic: what it moves.
        autocast: in which width it computes where products are narrow.
        accumulates: whether it adds to what microbatches before have left.
        like: the kind of op at whose rate its elements count.
    """

    gradient: Gradient = "chain"
    reads: tuple[str, ...] = ()
    differentiable: tuple[int, ...] = (0,)
    linear: Linear = ""
    view: bool = False
    along: bool = False
    sums: bool = True
    fits: bool = False
    traffic: Traffic = "once"
    autocast: Autocast = "widest"
    accumulates: bool = False
    like: str = ""


RULES: dict[str, Rule] = {
    # contractions
    "einsum": Rule("einsum", linear="product", autocast="narrow"),
    "flash_attention": Rule("body", reads=("x*", "y0", "y1"), autocast="narrow"),
    # element by element
    "bias": Rule("through", differentiable=(0, 1), linear="sum", fits=True, autocast="narrow"),  # part of the product
    "residual": Rule("through", differentiable=(0, 1), linear="sum", fits=True),
    "add": Rule("through", differentiable=(0, 1), linear="sum", fits=True),
    "causal_mask": Rule("through", fits=True),
    "scale": Rule("same", linear="sum", fits=True),
    "widen": Rule("same", linear="sum", fits=True),  # the same numbers in more bytes
    "narrow": Rule("same", linear="sum", fits=True),  # or in fewer
    "gelu": Rule(reads=("x0",), fits=True),
    "silu": Rule(reads=("x0",), fits=True),
    "relu": Rule(reads=("y0",), fits=True),
    "tanh": Rule(reads=("y0",), fits=True),
    "sigmoid": Rule(reads=("y0",), fits=True),
    "product": Rule("factors", linear="product", fits=True),
    "dropout": Rule(reads=("y1",), fits=True),
    # positions: pairs of elements are rotated by an angle, of which tables hold cosine and sine
    "rotary": Rule(reads=("x1", "x2")),
    # along dims
    "softmax": Rule(reads=("y0",), differentiable=(0, 1), along=True, fits=True, autocast="wide"),
    "softmax_part": Rule("none", autocast="wide", like="softmax"),  # of a row that several devices hold
    "rescale": Rule("none", fits=True),  # by the sums of all of them
    "layer_norm": Rule(
        reads=("x0@01", "x1@0", "y1@01", "y2@01"), differentiable=(0, 1, 2), along=True, fits=True, autocast="wide"
    ),
    "rms_norm": Rule(reads=("x0", "x1@0", "y1"), differentiable=(0, 1), along=True, fits=True, autocast="wide"),
    "rms": Rule(reads=("x0", "y0"), along=True, autocast="wide"),
    # tables
    "embedding": Rule(reads=("x0",), differentiable=(1,), traffic="rows"),
    "positions": Rule(differentiable=(0,), traffic="rows"),
    # the loss: the normaliser is one number per position, so a split vocabulary sums that and not the logits
    "logsumexp": Rule("none", autocast="wide"),
    "cross_entropy": Rule(reads=("y1", "x2"), autocast="wide"),
    # one of several tensors that are stored as one
    "slice": Rule("same", linear="sum", view=True, sums=False, traffic="free"),
    # experts: to which of them a token is sent; tokens as rows of experts, and back; those of all that are sent any
    "top_k": Rule(reads=("y1",), along=True),
    "route": Rule("same", reads=("x1",), linear="product", sums=False),
    "hit": Rule("same", linear="sum", view=True, traffic="free", autocast="narrow"),
    # keys and values as the positions that queries look at
    "context": Rule("same", linear="sum", view=True, sums=False, traffic="free"),
    "repeat": Rule("through", linear="sum"),
    "roll": Rule("none", sums=False, traffic="append"),
    "join": Rule("none", sums=False),
    "cache_append": Rule("none", sums=False, traffic="append"),
    # the state space: a convolution along positions, each channel for itself; what is left of a position at later ones;
    # states passed on from chunk to chunk; one step of the recurrence
    "conv": Rule(reads=("x0@1", "x1@0"), differentiable=(0, 1), along=True, autocast="narrow"),
    "softplus": Rule(reads=("x0",), fits=True, autocast="wide"),
    "cumulative": Rule("same", linear="sum", along=True, fits=True, autocast="wide"),
    "decay": Rule(reads=("y0",), autocast="wide"),
    "scan": Rule(reads=("x0", "x1", "y0"), differentiable=(0, 1)),
    "state_step": Rule("none", sums=False, traffic="update"),
    # into and out of the repeated block
    "loop": Rule("same", sums=False, traffic="free"),
    # the optimizer: the gradient as it is kept, which takes the whole of it; the step of one parameter; its weights in
    # the width in which they compute
    "accumulate": Rule("none", traffic="free"),
    "adam": Rule("none", fits=True),
    "sgd": Rule("none", fits=True),
    "adafactor": Rule("none", fits=True),
    "cast": Rule("none", traffic="free"),
    # ops that passes insert
    "sum": Rule("none", linear="sum"),
    "broadcast": Rule("none", linear="sum"),
    "all_reduce": Rule("none", traffic="network"),
    "all_gather": Rule("none", traffic="network"),
    "reduce_scatter": Rule("none", traffic="network"),
    "all_to_all": Rule("none", traffic="network"),
    "ring_gather": Rule("none", traffic="network"),  # block by block, each passed on to the next device
    "ring_reduce": Rule("none", traffic="network"),  # blocks of a sum, to which each device adds its own
    "send": Rule("none", traffic="network"),  # to the next stage of a pipeline, or the one before
    "add_microbatches": Rule("none", traffic="update", accumulates=True),  # to the sum over those before
    "part": Rule("none", traffic="free"),  # what a device keeps of a tensor that it has whole
}
UPDATES = ("adam", "sgd", "adafactor")  # steps of optimizers
COLLECTIVES = tuple(kind for kind, row in RULES.items() if row.traffic == "network")
ACCUMULATING = tuple(kind for kind, row in RULES.items() if row.accumulates)

GRADIENT = Rule("none")  # the row of ops that differentiate others
SCATTER = Rule("none", linear="product")  # of those that add rows up in the gradient of a table


def rule(kind: str) -> Rule:
    """The row of an op kind; `<kind>_grad` follows from the row it differentiates.

    Raises:
        UserError: no row has that name; the message lists the nearest.
    """
    if kind in RULES:
        return RULES[kind]
    forward = kind.removesuffix("_grad")
    if forward not in RULES:
        raise unknown("op kind", kind, RULES)
    return SCATTER if RULES[forward].traffic == "rows" else GRADIENT


def differentiable(op: Op) -> list[str]:
    """The inputs of a forward op that get a gradient, in the order of its row."""
    row = rule(op.kind)
    if row.gradient in ("einsum", "factors", "body", "through"):
        return list(op.inputs)
    return [op.inputs[i] for i in row.differentiable if i < len(op.inputs) and row.gradient != "none"]


def saved(op: Op, targets: Iterable[str]) -> list[str]:
    """The tensors that the backward of a forward op reads (an einsum's operands are chosen with its gradients).

    Args:
        op: the forward op.
        targets: those of its inputs of which a gradient is computed.
    """
    wanted = {str(op.inputs.index(name)) for name in targets}
    names = {f"x{i}": [name] for i, name in enumerate(op.inputs)} | {
        f"y{i}": [name] for i, name in enumerate(op.outputs)
    }
    names["x*"] = list(op.inputs)
    reads = [key.partition("@") for key in rule(op.kind).reads]
    return [name for key, _, of in reads if not of or wanted & {*of} for name in names.get(key, ())]
