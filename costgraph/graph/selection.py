"""What the words in the parentheses of a measure stand for: ops by place, name, segment or kind of layers, and dims.

attn, attn.q            ops of a place, or one op, with their gradients
attention_core          a segment
moe                     everything in the layers of a kind
moe.attn or moe/attn    a place, an op or a segment in the layers of that kind
weights                 the matrix products with a weight
trainable               what reads a parameter that training updates
st, query*context       dims, by their customary letters or by their names
"""

from __future__ import annotations

import difflib

from costgraph.errors import UserError, shorten, unknown
from costgraph.graph.dim import NAMES
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op

WEIGHTS = "weights"  # the ops that multiply by a weight matrix
TRAINABLE = "trainable"  # those that read a parameter which training updates, with their gradients


def ops_named(word: str, graph: Graph, also: tuple[str, ...] = ()) -> set[str]:
    """The names of the ops that a word stands for.

    Args:
        word: as it was typed.
        graph: whose ops.
        also: what else could stand where the word does, for the error.

    Raises:
        UserError: there are none, or it is the name of two things.
    """
    if word == WEIGHTS:
        return {op.name for op in graph.ops if multiplies_weights(op, graph)}
    if word == TRAINABLE:
        forward = {op.source for op in graph.ops if any(graph.tensors[name].trains for name in op.inputs)}
        return {op.name for op in graph.ops if op.source in forward}
    parts = word.replace("/", ".").split(".")
    layers = {op.name for op in graph.ops if is_in_layers(op, parts)}
    found = {op.name for op in graph.ops if is_called(op, parts) and not (layers and op.kind == "loop")}
    if layers and found:
        inside = f"write {word}.{word} for the part"
        if any(op.name in layers and op.within("block") for op in graph.ops):
            inside = f"write {word}.block for those layers, {word}.{word} for the part"
        raise UserError(f"{word} is a kind of layers, and a part of the model: {inside}")
    if not (found or layers):
        raise no_part(word, graph, also)
    return found or layers


def layers_named(kind: str, graph: Graph) -> set[str]:
    """The names of the ops in the layers of a kind.

    Raises:
        UserError: there are none of that kind.
    """
    found = {op.name for op in graph.ops if op.loop.kind == kind}
    if found:
        return found
    kinds = dict.fromkeys(loop.kind for loop in graph.loops)
    if not kinds:
        raise UserError(f"layers={shorten(kind)}: {graph.name} has layers of one kind; leave it out")
    raise unknown("kind of layers", kind, kinds)


def is_in_layers(op: Op, parts: list[str]) -> bool:
    """Whether the op stands in a loop of this kind, or of kinds one inside the other."""
    *kinds, _ = op.source.split("/")
    return any(kinds[at : at + len(parts)] == parts for at in range(len(kinds)))


def is_called(op: Op, parts: list[str]) -> bool:
    """Whether it is the op, or in the place or segment, of this name; before it may stand the kinds of its loops."""
    *kinds, label = op.source.split("/")
    names = [label.split("."), *([segment.name] for segment in op.segments)]
    for at in range(len(kinds) + 1):
        path = kinds[at:]
        rest = parts[len(path) :]
        if rest and parts[: len(path)] == path and any(name[: len(rest)] == rest for name in names):
            return True
    return False


def no_part(word: str, graph: Graph, also: tuple[str, ...]) -> UserError:
    """The error for a word that stands for nothing, with the nearest that does."""
    places = dict.fromkeys(f"{op.loop.path}{op.place}" for op in graph.ops if op.kind != "loop")
    segments = sorted({segment.name for op in graph.ops for segment in op.segments})
    kinds = [loop.kind for loop in graph.loops]
    short = dict.fromkeys([place.rpartition("/")[2] for place in places])
    there = dict.fromkeys([*short, *kinds, *segments, WEIGHTS, TRAINABLE, *also])
    near = difflib.get_close_matches(word, [*there, *places, *graph.by_name], cutoff=0.75)
    return unknown("part of the model", word, near or there)


def multiplies_weights(op: Op, graph: Graph) -> bool:
    """Whether the op is a matrix product with a weight."""
    if op.phase == "update" or (op.kind != "einsum" and not op.body):
        return False
    return any(graph.tensors[name].role == "weight" for name in (*op.inputs, *op.outputs))


def dims_named(text: str, graph: Graph) -> frozenset[str]:
    """The names of the dims in `query*context`, or of their letters in `st`.

    Raises:
        UserError: one that no tensor of the graph has, or one twice.
    """
    known = dict.fromkeys(name for tensor in graph.tensors.values() for name in tensor.names)
    words = text.split("*")
    if len(words) == 1 and text not in known and all(NAMES.get(letter, letter) in known for letter in text):
        words = list(text)
    if missing := [word for word in words if NAMES.get(word, word) not in known]:
        raise unknown("dim", missing[0], known)
    names = [NAMES.get(word, word) for word in words]
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise UserError(f"dims={shorten(text)}: dim {twice[0]} stands twice")
    return frozenset(names)
