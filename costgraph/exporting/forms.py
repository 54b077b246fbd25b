"""What is exported: forms under names, with everything a reader of the generated text needs to trust them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from inspect import getmodule
from typing import TYPE_CHECKING, Union

from costgraph.algebra.assumption import Choice, Claim
from costgraph.algebra.definition import Definition, needed
from costgraph.algebra.expression import Node, evaluate, names, replaced
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import Regime
from costgraph.algebra.symbols import INFINITY, Rational
from costgraph.closed_form import ClosedForm
from costgraph.derivation import Derivation
from costgraph.errors import UserError
from costgraph.exporting.code.nodes import as_node
from costgraph.measures import measure_named
from costgraph.measures.parts import read_measure
from costgraph.records import dataclass

if TYPE_CHECKING:
    import sympy

Value = Union["Form", ClosedForm, Quotient, Polynomial, Node, "sympy.Expr"]
Forms = Derivation | ClosedForm | Iterable[Union["Form", ClosedForm]] | Mapping[str, Value]  # what `export` takes


@dataclass(frozen=True)
class Form:
    """One exported form.

    Args:
        name: of the measure, or the caller's.
        value: the exact form, or a tree or sympy expression where there is a maximum or a rounding in it.
        closed: the closed form it came from, if there is one.
        shape: how it is written; one of `shapes.SHAPES` or a symbol.
        setting: the model, its phase, passes and mesh, and what was put in, in words; empty if nobody knows.
        remarks: what was typed without effect, or goes beyond what the model was made for.
        regime: if the value is only the leading part of the closed form, where that is so.
    """

    name: str
    value: Quotient | Node | sympy.Expr
    closed: ClosedForm | None = None
    shape: str = "auto"
    setting: str = ""
    regime: Regime | None = None
    remarks: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The setting with the remarks, as a comment."""
        return "; ".join([*filter(None, [self.setting]), *(f"note: {remark}" for remark in self.remarks)])

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """What symbols of the value stand for that is no polynomial."""
        if not isinstance(self.value, Quotient) or self.closed is None:
            return ()
        return needed((self.regime or self.closed).definitions, self.value.symbols)

    @cached_property
    def node(self) -> Node:
        """The expression as a tree, defined symbols replaced by what they stand for."""
        try:
            written = as_node(self.value, self.shape)
        except UserError as error:
            raise UserError(f"{self.name}: {error}") from None
        known: dict[str, Node] = {}
        for definition in self.definitions:
            known[definition.name] = replaced(definition.node, known)
        return replaced(written, known) if known else written

    @property
    def unit(self) -> str:
        """The unit of the value."""
        return self.closed.unit if self.closed else ""

    @property
    def source(self) -> str:
        """Where the definition of what is counted comes from."""
        return source(self.name)

    @property
    def symbols(self) -> list[str]:
        """The symbols that occur, in the order of the table."""
        return names([self.node])

    @property
    def claims(self) -> list[Claim]:
        """What it takes for granted and numbers can contradict."""
        return [a for a in self.closed.assumptions if not isinstance(a, Choice)] if self.closed else []

    def at(self, sizes: Mapping[str, Rational]) -> Rational:
        """The exact value, computed from the sum itself and not from the shape that is printed."""
        if isinstance(self.value, Quotient) and not self.definitions:
            number = self.value.substitute({n: Polynomial.constant(v) for n, v in sizes.items()}).number
            if number is not None:
                return number
        return evaluate(self.node, sizes)


def source(name: str) -> str:
    """The `Source:` line of a measure's page; empty for a form that is no measure."""
    measure = measure_named(name.partition("(")[0])
    page = getattr(getmodule(getattr(measure, "func", measure)), "__doc__", None) or ""
    text = " ".join(page.partition("Source:")[2].split())
    return text.rstrip(".")


def collect(forms: Forms, shape: str = "auto") -> list[Form]:
    """Whatever was given, as a list of forms with names.

    Raises:
        UserError: nothing was given, two forms have the same name, or a value is no form.
    """
    if isinstance(forms, Derivation):
        found = [derived(forms, name, shape) for name in forms.limited]
    elif isinstance(forms, ClosedForm):
        found = [Form(forms.name, forms.value, forms, shape)]
    elif isinstance(forms, Mapping):
        found = [named(name, value, shape) for name, value in forms.items()]
    elif not isinstance(forms, Iterable):
        raise UserError(f"a {type(forms).__name__} is no form; give a derivation, closed forms or {{'name': form}}")
    else:
        found = [named(getattr(form, "name", "form"), form, shape) for form in forms]
    if not found:
        raise UserError("there is nothing to export: give at least one form")
    seen: set[str] = set()
    for form in found:
        if form.name in seen:
            raise UserError(f"two forms are called '{form.name}'; give them names: export({{'name': form, ...}}, ...)")
        seen.add(form.name)
    return found


def derived(derivation: Derivation, name: str, shape: str) -> Form:
    """One form of a derivation: its leading terms, if a regime was asked for."""
    closed, regime = derivation.limited[name], derivation.regimes.get(name)
    if regime is not None and regime.leading != closed.value:
        return Form(name, regime.leading, closed, shape, setting(derivation, name), regime, derivation.remarks)
    return Form(name, closed.value, closed, shape, setting(derivation, name), remarks=derivation.remarks)


def setting(derivation: Derivation, name: str) -> str:
    """What a form is a cost of: `decoder, phase train, rewritten by backward; E = 4`."""
    setup = derivation.setup
    model = [setup.model.title] if setup.model.title else []
    rewritten = f", rewritten by {', then '.join(setup.applied)}" if setup.applied else ""
    mesh = [f"one device of the mesh {setup.graph.mesh}"] if setup.graph.mesh else []
    precision = [f"precision {setup.precision}"] if read_measure(name, setup.graph).open else []
    put_in = [f"{symbol} {'->' if value == INFINITY else '='} {value}" for symbol, value in setup.bindings.items()]
    of = f"{setup.graph.name}, phase {setup.phase}{rewritten}"
    return "; ".join([*model, of, *mesh, *precision, *filter(None, [", ".join(put_in)])])


def named(name: str, value: Value, shape: str) -> Form:
    """A form under a name."""
    if not isinstance(name, str):
        raise UserError(f"the name of a form is text, not {name!r}")
    if isinstance(value, Form):
        return replace(value, name=name, shape=shape)
    if isinstance(value, ClosedForm):
        return Form(name, value.value, value, shape)
    if isinstance(value, Polynomial):
        value = Quotient(value)
    if not isinstance(value, Quotient | Node) and not hasattr(value, "free_symbols"):
        raise UserError(f"{name}: a {type(value).__name__} is no form; give a ClosedForm or a sympy expression")
    return Form(name, value, None, shape)


def fingerprint(forms: Sequence[Form]) -> str:
    """Sixteen hexadecimal digits that change when what is derived changes, and with nothing else."""
    content = [
        [
            form.name,
            form.unit,
            str(form.value) if isinstance(form.value, Quotient) and not form.definitions else repr(form.node),
            form.closed.convention.name if form.closed else "",
            [str(a) for a in form.closed.assumptions] if form.closed else [],
        ]
        for form in forms
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
