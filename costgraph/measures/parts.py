"""Measures as they are named in a question: of a whole graph, or of a part of it.

    flops(attn)                 ops of a place, of a kind of layers and so on, as in `selection.py`
    flops(attn, layers=moe)     ops in the layers of that kind
    activations(dims=st)        tensors with these dims, also by name: dims=query*context
    states(fp32_adam)           under another precision policy
    activations(p=2)            with sizes of its own
    peak(allowance=2 GiB)       with bytes for what is not modelled

The text goes through the whitelist of `syntax`; nothing in it is executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

from costgraph.algebra.bindings import bound, check_bindings, symbol_of
from costgraph.algebra.expression import Call, Name, Node, Product, Ratio
from costgraph.algebra.named_letters import NO_LETTERS
from costgraph.algebra.parser import Reader
from costgraph.algebra.polynomial import ZERO, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.syntax import read
from costgraph.closed_form import ClosedForm
from costgraph.conventions import Convention
from costgraph.errors import UserError, need_text, shorten, unknown
from costgraph.graph.graph import Graph
from costgraph.graph.selection import dims_named, layers_named, ops_named
from costgraph.measures import MEASURES, TIMES, canonical, joint, measure_named
from costgraph.measures.allowance import KEY, allowance, counted, written
from costgraph.measures.communication import Links
from costgraph.measures.counting import nothing_counted
from costgraph.precision import ITEMSIZE, PRECISIONS, Precision
from costgraph.provenance import Term
from costgraph.records import dataclass, replace

OF_PRECISION = ("states", "traffic.update", "peak")  # measures of what training keeps of parameters
WORD = re.compile(r"\s*([0-9.]*[A-Za-z][A-Za-z0-9]*)\s*[,)]")  # that a symbol is bound to: bf16, 4k
OWN_PRECISION = ("states", "peak")  # of those the ones that may name one


@dataclass(frozen=True)
class Measure:
    """A measure, of the whole graph or of a part.

    Args:
        name: in the table of measures.
        words: of which ops count (`selection.ops_named`); for `OWN_PRECISION` also a precision policy.
        dims: what a counted tensor has (`selection.dims_named`).
        layers: the kind of layers that counts, where a model has several.
        bindings: sizes that are put in.
        allowance: bytes for what `peak` leaves out; 0 for none.
    """

    name: str
    words: tuple[str, ...] = ()
    dims: str = ""
    layers: str = ""
    bindings: dict[str, Polynomial] = field(default_factory=dict)
    allowance: Polynomial = ZERO

    @property
    def parts(self) -> tuple[str, ...]:
        """Those of the words that say which ops count."""
        return tuple(word for word in self.words if self.name not in OWN_PRECISION or word not in PRECISIONS)

    @property
    def restricted(self) -> bool:
        """Whether it is of a part of the model."""
        return bool(self.parts or self.dims or self.layers)

    def refuse_parts(self, why: str) -> None:
        """Raise where a part is asked for of what has none."""
        if self.restricted:
            raise UserError(f"{self}: {why}")

    def of(self, graph: Graph, convention: Convention, precision: Precision, links: Links | None = None) -> ClosedForm:
        """The closed form, under the name that was typed; `links` says over which links each collective goes.

        Raises:
            UserError: a word that is neither a part of the model nor a precision, dims where terms are no tensors, or
                a part of what is the most of the whole.
        """
        measure = measure_named(self.name)
        if measure is None:
            raise unknown("measure", self.name, MEASURES)
        options: dict[str, Any] = {}
        if self.name == "peak":
            self.refuse_parts("a peak is of all that a device holds; its parts are shown by --explain")
        if self.name in TIMES:
            self.refuse_parts("a time is that of all ops together")
            options |= {} if links is None else {"links": links}
        if self.allowance and self.name != "peak":
            raise UserError(f"{self}: an allowance is for what peak leaves out, as in peak(allowance=2 GiB)")
        if self.allowance:
            options[KEY] = self.allowance
        if self.name in OWN_PRECISION:
            options["precision"] = [precision, *(word for word in self.words if word in PRECISIONS)][-1]
        found = measure(graph, convention, **options)
        if self.restricted:
            counts = self.selection(graph)
            exactly = restricted(measure(graph, convention.exact, **options), counts)
            found = restricted(found, counts)
            found = replace(found, remainder=exactly.value - found.value)
        if str(self) == self.name:
            return found
        check_bindings(self.bindings)
        return replace(found, name=str(self)).limited(self.bindings)

    def selection(self, graph: Graph) -> Callable[[Term], bool]:
        """Whether a term counts."""
        also = tuple(PRECISIONS) if self.name in OWN_PRECISION else ()
        ops = set().union(*(ops_named(word, graph, also) for word in self.parts))
        dims = dims_named(self.dims, graph) if self.dims else frozenset[str]()
        layers = layers_named(self.layers, graph) if self.layers else set[str]()
        return lambda term: (
            (not ops or term.op in ops)
            and (not layers or term.op in layers)
            and (not dims or has_dims(term, dims, graph, self.dims))
        )

    def why_nothing(self, found: ClosedForm) -> str:
        """Why a part of the model contributes nothing; "" if it does, or the whole is asked for."""
        if found.terms or not self.restricted:
            return ""
        if found.remainder.numerator:
            return f"{self} is 0: {found.convention.name} leaves out all there is, which is {found.remainder}"
        of = " and ".join([*self.parts, *([f"layers {self.layers}"] if self.layers else [])])
        if self.dims:
            dims = self.dims.replace("*", " and ")
            return f"{self} is 0: no tensor {f'of {of} ' if of else ''}that it counts has dims {dims}"
        return f"{self} is 0: {nothing_counted(found, of)}"

    def __str__(self) -> str:
        """As one would type it."""
        dims = [f"dims={self.dims}"] if self.dims else []
        apart = [f"{KEY}={written(number)}"] if (number := self.allowance.number) else []
        layers = [f"layers={self.layers}"] if self.layers else []
        inside = [*self.words, *layers, *dims, *apart, *(f"{name}={value}" for name, value in self.bindings.items())]
        return f"{self.name}({', '.join(inside)})" if inside else self.name

    @property
    def open(self) -> bool:
        """Whether the precision of the setup says how wide what it counts is, as it names none itself."""
        return self.name in OF_PRECISION and not any(word in PRECISIONS for word in self.words)


def under(measures: Iterable[Measure], graph: Graph, precision: Precision) -> str:
    """`states and traffic.update under mixed_adam`: which measures of training are; nothing where none is."""
    found = dict.fromkeys(str(one) for one in measures if one.open)
    return f"{' and '.join(found)} under {precision}" if found and any(graph.phase("backward")) else ""


def read_measure(text: str, graph: Graph, letters: Mapping[str, Quotient] = NO_LETTERS) -> Measure:
    """Read `flops(attn)`, sizes in it in these letters, too.

    Raises:
        UserError: no measure, or what cannot stand in its parentheses.
    """
    need_text(text, "flops(attn)")
    if measure_named(text) is not None:
        return Measure(canonical(text))
    if "=" in text and "(" not in text:
        raise UserError(f"'{shorten(text)}' is no measure; a size is put in with --limit {shorten(text)}")
    formula = read(counted(joint(text)))
    if not isinstance(formula.node, Name | Call):
        raise unknown("measure", text, MEASURES)
    return measure_at(formula.node, Reader(formula, graph.symbols, letters))


def measure_at(node: Name | Call, reader: Reader) -> Measure:
    """The measure that a node of a formula names; `reader` reads the sizes in its parentheses, and points at errors."""
    if isinstance(node, Name):
        return Measure(canonical(node.name))
    if measure_named(node.function) is None:
        raise reader.refuse(node, str(unknown("measure", node.function, MEASURES)))
    words: list[str] = []
    for arg in node.arguments:
        if (word := joined(arg, Ratio, "/")) is None:
            raise reader.refuse(arg, f"{node.function}(...) takes parts of the model, a precision, or SYMBOL=VALUE")
        words.append(word)
    dims, layers, bindings, apart = "", "", dict[str, Polynomial](), ZERO
    for key, value in node.options:
        if key == "dims":
            if dims or (dims := joined(value, Product, "*") or "") == "":
                raise reader.refuse(value, "dims are given once, as in dims=st or dims=query*context")
        elif key == "layers":
            if layers or (layers := joined(value, Ratio, "/") or "") == "":
                raise reader.refuse(value, "layers are given once, by their kind, as in layers=moe")
        elif key == KEY:
            if apart:
                raise reader.refuse(value, f"{KEY} is given twice")
            apart = allowance(value, reader)
        elif (name := symbol(key, value, reader)) in bindings:
            raise reader.refuse(value, f"{key} is given twice")
        else:
            bindings[name] = size(name, value, reader)
    return Measure(canonical(node.function), tuple(words), dims, layers, bindings, apart)


def joined(node: Node, by: type[Product] | type[Ratio], sign: str) -> str | None:
    """The names that a chain of one operation joins, with its sign between them; None if it is something else."""
    match node:
        case Name(name):
            return name
        case Product(left, right) | Ratio(left, right) if isinstance(node, by):
            ends = joined(left, by, sign), joined(right, by, sign)
            return f"{ends[0]}{sign}{ends[1]}" if None not in ends else None
    return None


def symbol(key: str, value: Node, reader: Reader) -> str:
    """The symbol that is bound in parentheses."""
    try:
        return symbol_of(key, reader.symbols, reader.names)
    except UserError as error:
        raise reader.refuse(value, str(error)) from None


def size(key: str, value: Node, reader: Reader) -> Polynomial:
    """What a symbol is bound to in parentheses."""
    lone = WORD.match(reader.formula.text, max(value.column - 1, 0))
    if lone and SYMBOLS[key].unit == "bytes/element" and lone[1] in ITEMSIZE:
        return bound(key, ITEMSIZE[lone[1]])
    if lone and lone[1][0].isdigit():
        return bound(key, lone[1])
    found = Reader(reader.formula, reader.symbols, reader.names).value(value)
    if not found.is_polynomial:
        raise reader.refuse(value, f"{key} must be a size, without a sum in a denominator")
    return bound(key, found.numerator)


def has_dims(term: Term, names: frozenset[str], graph: Graph, dims: str) -> bool:
    """Whether the term is about a tensor that has all these dims."""
    tensor = graph.tensors.get(term.source)
    if tensor is None:
        raise UserError(f"dims={dims}: the terms of this measure are not single tensors ('{term.source}')")
    return names <= set(tensor.names)


def restricted(form: ClosedForm, keep: Callable[[Term], bool]) -> ClosedForm:
    """The form with only some of its terms."""
    return replace(form, terms=tuple(filter(keep, form.terms)), over=tuple(filter(keep, form.over)))
