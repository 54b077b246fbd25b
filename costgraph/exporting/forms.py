"""What is exported: forms under names, with everything a reader of the generated text needs to trust them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from inspect import getmodule
from math import isfinite
from typing import TYPE_CHECKING, Union

from costgraph.algebra.assumption import Divides
from costgraph.algebra.expression import Node, evaluate, names, rounded
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import Regime
from costgraph.algebra.symbols import INFINITY, SYMBOLS, Rational
from costgraph.closed_form import ClosedForm
from costgraph.derivation import Derivation
from costgraph.errors import UserError
from costgraph.exporting.code.nodes import as_node
from costgraph.measures import MEASURES

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
        setting: the model, its phase and passes, and what was put in, in words; empty if nobody knows.
        regime: if the value is only the leading part of the closed form, where that is so.
    """

    name: str
    value: Quotient | Node | sympy.Expr
    closed: ClosedForm | None = None
    shape: str = "auto"
    setting: str = ""
    regime: Regime | None = None

    @cached_property
    def node(self) -> Node:
        """The expression as a tree."""
        try:
            return as_node(self.value, self.shape)
        except UserError as error:
            raise UserError(f"{self.name}: {error}") from None

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
    def divides(self) -> list[Divides]:
        """The divisibilities it takes for granted."""
        return [a for a in self.closed.assumptions if isinstance(a, Divides)] if self.closed else []

    def at(self, sizes: Mapping[str, Rational]) -> Rational:
        """The exact value, computed from the sum itself and not from the shape that is printed."""
        if isinstance(self.value, Quotient):
            number = self.value.substitute({n: Polynomial.constant(v) for n, v in sizes.items()}).number
            if number is not None:
                return number
        return evaluate(self.node, sizes)


def source(name: str) -> str:
    """The `Source:` line of a measure's page; empty for a form that is no measure."""
    measure = MEASURES.get(name)
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
        return Form(name, regime.leading, closed, shape, setting(derivation, name), regime)
    return Form(name, closed.value, closed, shape, setting(derivation, name))


def setting(derivation: Derivation, name: str) -> str:
    """What a form is a cost of: `decoder, phase train, rewritten by backward; E = 4`."""
    graph = derivation.graph
    rewritten = f", rewritten by {', then '.join(graph.passes)}" if graph.passes else ""
    precision = [f"precision {derivation.precision}"] if name == "states" else []
    put_in = [f"{symbol} {'->' if value == INFINITY else '='} {value}" for symbol, value in derivation.limit.items()]
    return "; ".join(
        [f"{graph.name}, phase {derivation.phase}{rewritten}", *precision, *filter(None, [", ".join(put_in)])]
    )


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
            str(form.value) if isinstance(form.value, Quotient) else repr(form.node),
            form.closed.convention.name if form.closed else "",
            [str(a) for a in form.closed.assumptions] if form.closed else [],
        ]
        for form in forms
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


# --- test vectors -----------------------------------------------------------------------------------------------------

SMALL = {"B": 3, "S": 16, "L": 5, "D": 48, "A": 8, "G": 4, "V": 96, "K": 32, "T": 2, "p": 2}
PADDED_VOCABULARY = 51200  # divisible by every usual number of devices, unlike the 50257 of GPT-2
BEYOND = 1_000_003 * 2**33  # takes every size, and every product of sizes, beyond 2**63


def candidates(symbols: Iterable[str]) -> dict[str, dict[str, Rational]]:
    """Sizes at which generated code is compared with exact values: all ones, small, GPT-3, beyond 64 bits."""
    symbols = list(symbols)
    typical: dict[str, Rational] = {n: SYMBOLS[n].typical if n in SYMBOLS else 4096 for n in symbols} | (
        {"V": PADDED_VOCABULARY} if "V" in symbols else {}
    )
    return {
        "ones": dict.fromkeys(symbols, 1),
        "small": {name: 3 if name == "E" else SMALL.get(name, 6) for name in symbols},
        "large": typical,
        "beyond 64 bits": {
            name: value if name in SYMBOLS and SYMBOLS[name].domain != "positive integer" else value * BEYOND
            for name, value in typical.items()
        },
    }


def vectors(forms: Sequence[Form]) -> list[tuple[str, dict[str, Rational], list[Rational]]]:
    """(label, sizes, exact results) wherever the forms' assumptions hold and doubles come close to the results."""
    found = []
    for label, sizes in candidates(names([form.node for form in forms])).items():
        try:
            for form in forms:
                for claim in form.divides:
                    claim.substitute({n: Polynomial.constant(v) for n, v in sizes.items()})
            results = [form.at(sizes) for form in forms]
            doubles = {name: float(size) for name, size in sizes.items()}
            close = [near(rounded(form.node, doubles), exact) for form, exact in zip(forms, results, strict=True)]
        except (UserError, ArithmeticError, ValueError):
            continue
        if all(close):
            found.append((label, sizes, results))
    return found


def near(value: float, exact: Rational) -> bool:
    """Whether nothing cancelled, and nothing left the range of doubles, on the way to a result."""
    return isfinite(value) and abs(Fraction(value) - exact) <= abs(Fraction(exact)) / 10**13
