"""Questions in a user's words, such as `states(mixed_adam) + activations(p=2) <= hbm`, as exact forms.

Names are symbols of the table or measures of one graph. A measure may be restricted and bound in parentheses:

    flops(attn)                 ops of that place, or one op; segments such as attention_core; `weights`: weight matmuls
    activations(dims=st)        tensors with these index letters
    states(fp32_adam)           under another precision policy
    activations(p=2)            with sizes of its own

Quantities may be written out: `80 GiB`, `0.5 TB`, `20 ms`, `312 TFLOP/s`.

The text goes through the whitelist of `parser`; nothing in it is executed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from costgraph.algebra.bindings import bound, check_bindings
from costgraph.algebra.expression import Call, Name, Node, walk
from costgraph.algebra.parser import Reader
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import lookup
from costgraph.algebra.syntax import Formula, read
from costgraph.algebra.units import FACTORS, UNITS
from costgraph.closed_form import ClosedForm
from costgraph.conventions import Convention
from costgraph.errors import UserError, shorten, unknown
from costgraph.graph import Graph
from costgraph.hardware.roofline import classify
from costgraph.measures import MEASURES
from costgraph.precision import PRECISIONS, Precision
from costgraph.provenance import Term

RELATIONS = ("<=", ">=", "==", "<", ">", "=")
TYPED_UNITS = {**FACTORS, "s": UNITS["s"]}  # B is the batch, E the expansion of the MLP
# where `80 GiB` and `80GiB` multiply
COUNTED = re.compile(rf"(?<=[\d.)]) ?(?= *(?:{'|'.join(sorted(TYPED_UNITS, key=len, reverse=True))})\b)")
WEIGHTS = "weights"  # the ops that multiply by a weight matrix


@dataclass
class Setting:
    """The graph that measures are taken of, and what has been asked of it so far."""

    graph: Graph
    phase: str
    convention: Convention
    precision: Precision
    used: dict[str, ClosedForm] = field(default_factory=dict)

    def measure(self, name: str, words: Iterable[str], bindings: dict[str, Polynomial], dims: str) -> Quotient:
        """A measure of the whole graph or of a part, with symbols replaced.

        Raises:
            UserError: a word that is neither a part of the model nor a precision, or a measure that is zero there.
        """
        words, precision = list(words), self.precision
        if name == "states":
            for word in [w for w in words if w in PRECISIONS]:
                precision = PRECISIONS[word]
                words.remove(word)
        options = {"precision": precision} if name == "states" else {}
        found = MEASURES[name](self.graph, self.convention, **options)
        if words:
            chosen = set().union(*(self.ops(word) for word in words))
            found = restricted(found, lambda term: term.op in chosen)
        if dims:
            found = restricted(found, lambda term: self.has_dims(term, dims))
        if not found.terms:
            part = f" of {', '.join(words)}" if words else ""
            raise UserError(f"{name}{part} is 0 in phase {self.phase}; choose another --phase or part")
        self.used[name] = found
        check_bindings(bindings)
        return found.limited(bindings).value

    def ops(self, word: str) -> set[str]:
        """The names of the ops that a word stands for."""
        graph = self.graph
        found = {op.name for op in graph.ops for name in (op.source, op.label) if f"{name}.".startswith(f"{word}.")}
        found |= {op.name for op in graph.ops if op.within(word)}
        if word == WEIGHTS:
            found = {op.name for op in graph.ops if classify(op, graph) == "weight matmuls"}
        if not found:
            segments = {segment.name for op in graph.ops for segment in op.segments}
            places = dict.fromkeys(op.place for op in graph.ops)
            near = difflib.get_close_matches(word, graph.by_name, cutoff=0.75)
            raise unknown("part of the model", word, near or [*places, *sorted(segments), WEIGHTS, *PRECISIONS])
        return found

    def has_dims(self, term: Term, letters: str) -> bool:
        """Whether the term is about a tensor that has all these index letters."""
        tensor = self.graph.tensors.get(term.source)
        if tensor is None:
            raise UserError(f"dims={letters}: the terms of this measure are not single tensors ('{term.source}')")
        return set(letters) <= set(tensor.letters)


def restricted(form: ClosedForm, keep: Callable[[Term], bool]) -> ClosedForm:
    """The form with only some of its terms."""
    return replace(form, terms=tuple(filter(keep, form.terms)), over=tuple(filter(keep, form.over)))


@dataclass(frozen=True)
class Reading(Reader):
    """Reads one side of a question: what the parser reads, and measures."""

    expected: ClassVar[str] = "symbol or measure"
    setting: Setting = field(kw_only=True)

    def name(self, node: Name) -> Quotient:
        """A measure, a unit or a symbol."""
        if node.name in MEASURES:
            return self.measured(node, node.name, [], {}, "")
        return Quotient(TYPED_UNITS[node.name].scale) if node.name in TYPED_UNITS else super().name(node)

    @property
    def also(self) -> Iterable[str]:
        """Measures."""
        return MEASURES

    def call(self, node: Call) -> Quotient:
        """A measure with words and bindings in parentheses."""
        name = node.function
        if name not in MEASURES:
            raise self.refuse(node, str(unknown("measure", name, MEASURES)))
        words, bindings, dims = [], dict[str, Polynomial](), ""
        for arg in node.arguments:
            if not isinstance(arg, Name):
                raise self.refuse(arg, f"{name}(...) takes parts of the model, a precision, or SYMBOL=VALUE")
            words.append(arg.name)
        for key, value in node.options:
            if key == "dims" and isinstance(value, Name):
                dims = value.name
            elif key in bindings:
                raise self.refuse(value, f"{key} is given twice")
            else:
                bindings[key] = self.size(key, value)
        return self.measured(node, name, words, bindings, dims)

    def size(self, key: str, value: Node) -> Polynomial:
        """What a symbol is bound to in parentheses."""
        try:
            lookup(key, self.symbols, also=["dims"])
        except UserError as error:
            raise self.refuse(value, str(error)) from None
        size = Reader(self.formula, self.symbols).value(value)
        if not size.is_polynomial:
            raise self.refuse(value, f"{key} must be a size, without a sum in a denominator")
        return bound(key, size.numerator)

    def measured(self, node: Node, name: str, words: list[str], bindings: dict[str, Polynomial], dims: str) -> Quotient:
        """The measure's form, an error pointing at where it was asked for."""
        try:
            return self.setting.measure(name, words, bindings, dims)
        except UserError as error:
            raise self.refuse(node, str(error)) from None


def form(side: Formula, setting: Setting) -> Quotient:
    """One side as an exact form.

    Raises:
        UserError: what is not allowed, with its column.
    """
    return Reading(side, setting.graph.symbols, setting=setting).value()


def parts(text: str) -> tuple[Formula, str, Formula]:
    """Left side, relation (`<=`, `>=`, `==`, `<`, `>`) and right side; `=` is read as `==`, `80 GiB` as `80*GiB`.

    Raises:
        UserError: no relation, or more than one.
    """
    text = COUNTED.sub("*", text.replace("≤", "<=").replace("≥", ">="))
    found, depth, at = [], 0, 0
    while at < len(text):
        depth += (text[at] == "(") - (text[at] == ")")
        sign = next((r for r in RELATIONS if text.startswith(r, at)), None) if depth == 0 else None
        if sign:
            found.append((at, sign))
        at += len(sign or " ")
    if len(found) != 1:
        what = "no relation" if not found else "more than one relation"
        raise UserError(f"'{shorten(text)}': {what}; write LEFT <= RIGHT, LEFT >= RIGHT or LEFT == RIGHT")
    ((at, sign),) = found
    return read(text[:at]), "==" if sign == "=" else sign, read(text[at + len(sign) :])


def names(side: Formula) -> set[str]:
    """Every name that occurs in one side, and those of measures that are called."""
    return {
        name
        for node in walk(side.node)
        if (name := node.name if isinstance(node, Name) else node.function if isinstance(node, Call) else "")
    }
