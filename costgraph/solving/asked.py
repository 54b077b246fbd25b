"""What a question is asked of: a graph, and values of the symbols that are not the unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from costgraph.algebra.assumption import Assumption
from costgraph.algebra.bindings import parse_sizes
from costgraph.algebra.definition import Definition, needed
from costgraph.algebra.inequalities import Relation
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import lookup
from costgraph.algebra.syntax import Formula
from costgraph.algebra.units import Powers
from costgraph.conventions import CONVENTIONS
from costgraph.derivation import check_order, with_phase
from costgraph.errors import UserError
from costgraph.graph import Graph
from costgraph.hardware.catalog import chosen
from costgraph.hardware.machine import itemsize
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call
from costgraph.passes import PASSES, TensorParallel
from costgraph.precision import Precision, policy
from costgraph.remarks import too_long, without_effect
from costgraph.sizes import Model
from costgraph.solving.dimension import compared
from costgraph.solving.knees import depending
from costgraph.solving.question import Setting, form, names, parts
from costgraph.solving.unknown import Unknown, unknown_of
from costgraph.solving.whole import claims

DEGREE = "T"
SPLITTING = TensorParallel.name


@dataclass(frozen=True)
class Asked:
    """A question, read and checked.

    Args:
        text: as typed.
        relation: of the two sides.
        unknown: what it is solved for.
        setting: the graph that measures are taken of.
        difference: left minus right side, in the unknown.
        dimension: what both sides are measured in.
        bindings: values of all symbols but the unknown.
        typed: those symbols that the user bound, and no model or machine.
        added: a pass that nobody asked for; empty if there is none.
        on_machine: whether a machine was named.
    """

    text: str
    relation: Relation
    unknown: Unknown
    setting: Setting
    difference: Quotient
    dimension: Powers
    bindings: Mapping[str, Polynomial]
    typed: tuple[str, ...]
    added: str
    on_machine: bool

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What the graph takes for granted, values put in."""
        return tuple(a.substitute(self.bindings) for a in self.setting.graph.assumptions)

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """What symbols of the graph stand for that is no polynomial."""
        return self.setting.graph.definitions

    @property
    def form(self) -> Polynomial:
        """What must be at most, at least or exactly 0, without a divisor or factors that both sides share.

        Raises:
            UserError: the unknown does not occur, or the divisor may have either sign.
        """
        below = self.difference.denominator
        signs = below.signs
        if self.relation != "==" and len(signs) > 1:
            raise UserError(f"the divisor {below} may have either sign; multiply it out")
        form = self.difference.numerator * (1 if signs == {1} else -1)
        if self.unknown.name not in self.difference.symbols and not depending(
            form, self.definitions, self.unknown.name
        ):
            raise UserError(f"{self.unknown} does not occur in the question, or cancels from it")
        if self.unknown.name not in form.symbols:
            return form / form.content
        shared = form.content
        return form / shared * Polynomial.symbol(self.unknown.name) ** min(shared.exponents(self.unknown.name))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was done that nobody asked for, was typed without effect, or was left open."""
        said = [f"solved for {DEGREE} with --pass '{self.added}', as no pass splits the model"] if self.added else []
        about = claims(self.unknown, self.setting.graph.assumptions)
        sizes = [size for claim in about for size in (claim.divisor, claim.dividend)]
        defined = needed(self.definitions, self.form.symbols)
        used = {"K", *(name for part in (self.form, *sizes) for name in part.symbols)}
        used |= {name for definition in defined for name in definition.symbols}
        said += [without_effect(name, "the question, or cancels from it") for name in self.typed if name not in used]
        if self.on_machine and "p" in self.form.symbols and "p" not in (*self.bindings, *self.unknown.target.symbols):
            said.append("p, the bytes per element, is open; bind it with --dtype or --limit p=2")
        return (*said, *too_long(self.bindings))


def ask(
    question: str,
    for_: str,
    named: Model | None,
    op_set: str | None,
    phase: str | None,
    passes: Iterable[str],
    limit: str | Iterable[str],
    hardware: str | None,
    dtype: str | None,
    link: str | None,
    convention: str,
    precision: str | Precision,
) -> Asked:
    """Read a question; the arguments are those of `solve`, the model read."""
    left, between, right = parts(question)
    wanted, passes = unknown_of(for_), list(passes)
    added = split((left, right), wanted, passes)
    setting = asked_of(
        (left, right), op_set or (named.op_set if named else "decoder"), phase, [*passes, *filter(None, [added])],
        convention, precision,
    )  # fmt: skip
    typed = values(wanted, limit, setting.graph)
    known = given(named, hardware, dtype, link) | typed
    for name in known:  # of the model's file, too
        lookup(name, setting.graph.symbols)
    sides = form(left, setting), form(right, setting)
    return Asked(
        text=question,
        relation=cast(Relation, between),
        unknown=wanted,
        setting=setting,
        dimension=compared(left, right, setting),
        difference=wanted.enter(sides[0] - sides[1]),
        bindings={name: value for name, value in known.items() if name not in wanted.target.symbols},
        typed=tuple(typed),
        added=added,
        on_machine=hardware is not None,
    )


def values(wanted: Unknown, limit: str | Iterable[str], graph: Graph) -> dict[str, Polynomial]:
    """Values that were typed, none of them infinite or of the unknown."""
    typed = parse_sizes(limit, "solving", graph.symbols)
    if asked := [name for name in typed if name in wanted.target.symbols]:
        raise UserError(f"{asked[0]} is what the question is solved for; take it out of --limit")
    return typed


def given(named: Model | None, hardware: str | None, dtype: str | None, link: str | None) -> dict[str, Polynomial]:
    """Values that the machine, the data type and the model bring along."""
    device = chosen(hardware, dtype, link)
    bindings = device.bindings(dtype, link) if device else {}
    sizes = {**named.bindings} if named else {}
    if named and named.nominal is not None:
        sizes["N_params"] = named.nominal
    return {**bindings, **itemsize(dtype), **sizes}


def asked_of(
    sides: tuple[Formula, Formula],
    op_set: str,
    phase: str | None,
    passes: Iterable[str],
    convention: str,
    precision: str | Precision,
) -> Setting:
    """The graph that the measures in both sides are taken of."""
    kept = policy(precision)
    steps = [parse_call("pass", text, PASSES) for text in passes]
    if phase is None and "cache" in names(sides[0]) | names(sides[1]):
        phase = None if any(step.name in ("prefill", "decode") for step in steps) else "decode"
    phase, steps = with_phase(phase, steps, kept)
    check_order(steps)
    graph = parse_call("op set", op_set, OP_SETS).apply(*steps)
    return Setting(graph, phase, parse_call("convention", convention, CONVENTIONS), kept)


def split(sides: tuple[Formula, Formula], wanted: Unknown, passes: Iterable[str]) -> str:
    """A pass that makes the model depend on the unknown, where that is the degree and no pass does; else nothing."""
    typed = any(text.strip().startswith(SPLITTING) for text in passes)
    if wanted.target.symbols != (DEGREE,) or typed or DEGREE in names(sides[0]) | names(sides[1]):
        return ""
    return f"{SPLITTING}({DEGREE})"
