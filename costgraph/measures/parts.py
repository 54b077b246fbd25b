"""Measures as they are named in a question: of a whole graph, or of a part of it.

    flops(attn)                 ops of that place, or one op; segments such as attention_core; `weights`: weight matmuls
    activations(dims=st)        tensors with these index letters
    states(fp32_adam)           under another precision policy
    activations(p=2)            with sizes of its own

The text goes through the whitelist of `syntax`; nothing in it is executed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from costgraph.algebra.bindings import bound, check_bindings
from costgraph.algebra.expression import Call, Name, Node
from costgraph.algebra.parser import Reader
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import lookup
from costgraph.algebra.syntax import read
from costgraph.closed_form import ClosedForm
from costgraph.conventions import Convention
from costgraph.errors import UserError, unknown
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.measures import MEASURES, measure_named
from costgraph.precision import PRECISIONS, Precision
from costgraph.provenance import Term

WEIGHTS = "weights"  # the ops that multiply by a weight matrix


@dataclass(frozen=True)
class Measure:
    """A measure, of the whole graph or of a part.

    Args:
        name: in the table of measures.
        words: places, ops, segments or `weights`, of which the ops count; for `states` also a precision policy.
        dims: index letters that a counted tensor has.
        bindings: sizes that are put in.
    """

    name: str
    words: tuple[str, ...] = ()
    dims: str = ""
    bindings: dict[str, Polynomial] = field(default_factory=dict)

    def of(self, graph: Graph, convention: Convention, precision: Precision) -> ClosedForm:
        """The closed form, under the name that was typed.

        Raises:
            UserError: a word that is neither a part of the model nor a precision, or index letters where terms are no
                tensors.
        """
        parts = [word for word in self.words if self.name != "states" or word not in PRECISIONS]
        policies = [word for word in self.words if word not in parts]
        options = {"precision": [precision, *policies][-1]} if self.name == "states" else {}
        measure = measure_named(self.name)
        if measure is None:
            raise unknown("measure", self.name, MEASURES)
        found = measure(graph, convention, **options)
        if parts:
            chosen = set().union(*(named(word, graph) for word in parts))
            found = restricted(found, lambda term: term.op in chosen)
        if self.dims:
            found = restricted(found, lambda term: has_dims(term, self.dims, graph))
        if str(self) == self.name:
            return found
        check_bindings(self.bindings)
        return replace(found, name=str(self)).limited(self.bindings)

    def __str__(self) -> str:
        """As one would type it."""
        dims = [f"dims={self.dims}"] if self.dims else []
        inside = [*self.words, *dims, *(f"{name}={value}" for name, value in self.bindings.items())]
        return f"{self.name}({', '.join(inside)})" if inside else self.name


def read_measure(text: str, graph: Graph) -> Measure:
    """Read `flops(attn)`.

    Raises:
        UserError: no measure, or what cannot stand in its parentheses.
    """
    if measure_named(text) is not None:
        return Measure(text)
    formula = read(text)
    if not isinstance(formula.node, Name | Call):
        raise unknown("measure", text, MEASURES)
    return measure_at(formula.node, Reader(formula, graph.symbols))


def measure_at(node: Name | Call, reader: Reader) -> Measure:
    """The measure that a node of a formula names; `reader` reads the sizes in its parentheses, and points at errors."""
    if isinstance(node, Name):
        return Measure(node.name)
    if measure_named(node.function) is None:
        raise reader.refuse(node, str(unknown("measure", node.function, MEASURES)))
    words: list[str] = []
    for arg in node.arguments:
        if not isinstance(arg, Name):
            raise reader.refuse(arg, f"{node.function}(...) takes parts of the model, a precision, or SYMBOL=VALUE")
        words.append(arg.name)
    dims, bindings = "", dict[str, Polynomial]()
    for key, value in node.options:
        if key == "dims" and isinstance(value, Name):
            dims = value.name
        elif key in bindings:
            raise reader.refuse(value, f"{key} is given twice")
        else:
            bindings[key] = size(key, value, reader)
    return Measure(node.function, tuple(words), dims, bindings)


def size(key: str, value: Node, reader: Reader) -> Polynomial:
    """What a symbol is bound to in parentheses."""
    try:
        lookup(key, reader.symbols, also=["dims"])
    except UserError as error:
        raise reader.refuse(value, str(error)) from None
    found = Reader(reader.formula, reader.symbols).value(value)
    if not found.is_polynomial:
        raise reader.refuse(value, f"{key} must be a size, without a sum in a denominator")
    return bound(key, found.numerator)


# --- parts of a graph -------------------------------------------------------------------------------------------------


def named(word: str, graph: Graph) -> set[str]:
    """The names of the ops that a word stands for."""
    found = {op.name for op in graph.ops for name in (op.source, op.label) if f"{name}.".startswith(f"{word}.")}
    found |= {op.name for op in graph.ops if op.within(word)}
    if word == WEIGHTS:
        found = {op.name for op in graph.ops if multiplies_weights(op, graph)}
    if not found:
        segments = {segment.name for op in graph.ops for segment in op.segments}
        places = dict.fromkeys(op.place for op in graph.ops)
        near = difflib.get_close_matches(word, graph.by_name, cutoff=0.75)
        raise unknown("part of the model", word, near or [*places, *sorted(segments), WEIGHTS, *PRECISIONS])
    return found


def multiplies_weights(op: Op, graph: Graph) -> bool:
    """Whether the op is a matrix product with a weight."""
    if op.phase == "update" or (op.kind != "einsum" and not op.body):
        return False
    return any(graph.tensors[name].role == "weight" for name in (*op.inputs, *op.outputs))


def has_dims(term: Term, letters: str, graph: Graph) -> bool:
    """Whether the term is about a tensor that has all these index letters."""
    tensor = graph.tensors.get(term.source)
    if tensor is None:
        raise UserError(f"dims={letters}: the terms of this measure are not single tensors ('{term.source}')")
    return set(letters) <= set(tensor.letters)


def restricted(form: ClosedForm, keep: Callable[[Term], bool]) -> ClosedForm:
    """The form with only some of its terms."""
    return replace(form, terms=tuple(filter(keep, form.terms)), over=tuple(filter(keep, form.over)))
