"""Op set + phase + passes + convention -> closed forms: what every front end calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from costgraph.algebra.bindings import Binding, parse_bindings, parse_regime
from costgraph.algebra.printers import latex, python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import Regime
from costgraph.algebra.work import bounded
from costgraph.algebra.writing import text
from costgraph.closed_form import ClosedForm
from costgraph.conventions import CONVENTIONS, Convention
from costgraph.errors import UserError, unknown
from costgraph.graph import Graph
from costgraph.measures import MEASURES
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call
from costgraph.passes import ORDER, PASSES, Pass, stage
from costgraph.passes.update import Update
from costgraph.precision import USUAL, Precision, policy
from costgraph.provenance import Term

SCHEMA = "costgraph.derive/1"
PHASES: dict[str, str | None] = {"train": "backward", "forward": None, "prefill": "prefill", "decode": "decode"}
DEFAULTS: dict[str, tuple[str, ...]] = {
    "train": ("params", "states", "flops", "flops.forward", "flops.backward", "flops.recompute", "activations"),
    "forward": ("params", "flops", "traffic"),
    "prefill": ("params", "flops", "traffic", "cache"),
    "decode": ("params", "flops", "traffic", "cache"),
}


@dataclass(frozen=True)
class Derivation:
    """What was asked, and the closed forms that answer it.

    `forms` are before the limit, `limited` after it (the same without one).
    """

    op_set: str
    phase: str
    convention: Convention
    precision: Precision
    graph: Graph
    limit: Mapping[str, Binding]
    when: str | None
    forms: Mapping[str, ClosedForm]
    limited: Mapping[str, ClosedForm]

    @cached_property
    @bounded()
    def regimes(self) -> dict[str, Regime]:
        """The leading terms of the limited forms, if a regime was asked for."""
        return {} if self.when is None else {name: form.when(self.when) for name, form in self.limited.items()}

    def in_params(self, name: str) -> Quotient | None:
        """How many times the parameter count a regime's leading term is (6*B*S for training FLOPs), if a monomial."""
        ratio = self.regimes[name].leading / self.params.value if self.params.value.numerator else None
        return ratio if ratio is not None and ratio.is_polynomial and ratio.numerator.is_monomial else None

    @cached_property
    def params(self) -> ClosedForm:
        """The parameter count with the limit taken."""
        return self.limited.get("params") or MEASURES["params"](self.graph, self.convention).limited(self.limit)

    @property
    def passes(self) -> list[str]:
        """The passes that were applied, in order; without the update, which changes no form but `traffic.update`."""
        return [step for step in self.graph.passes if step.partition("(")[0] != Update.name]

    @property
    def unused(self) -> list[str]:
        """Symbols of the limit that no form contains."""
        used = {name for form in self.forms.values() for name in (*form.symbols, *form.remainder.symbols)}
        used |= {name for form in self.forms.values() for one in form.defined for name in one.symbols}
        return [name for name in self.limit if name not in used]

    @bounded()
    def to_json(self, explain: bool = False, shape: str = "auto") -> dict[str, Any]:
        """The JSON contract `costgraph.derive/1`; see docs/json.md."""
        return {
            "schema": SCHEMA,
            "op_set": self.op_set,
            "phase": self.phase,
            "passes": self.passes,
            "convention": self.convention.name,
            "precision": str(self.precision),
            "limit": {name: str(value) for name, value in self.limit.items()},
            "when": self.when,
            "measures": {name: self._measure(name, explain, shape) for name in self.forms},
        }

    def _measure(self, name: str, explain: bool, shape: str) -> dict[str, Any]:
        form, limited, regime = self.forms[name], self.limited[name], self.regimes.get(name)
        entry: dict[str, Any] = {
            "unit": form.unit,
            "form": python(form.value, shape),
            "limited": python(limited.value, shape),
            "value": None if limited.number is None else str(limited.number),
            "regime": regime and {"leading": python(regime.leading), "neglected": python(regime.neglected)},
            "latex": latex(limited.value, shape),
            "assumptions": [str(assumption) for assumption in form.assumptions],
            "remainder": python(form.remainder),
            "definitions": {one.name: text(one.node) for one in limited.defined},
        }
        if explain:
            for key, terms in (("terms", form.terms), ("over", form.over)):
                if terms or key == "terms":
                    entry[key] = [term_json(term) for term in terms]
        return entry


def term_json(term: Term) -> dict[str, str]:
    """One contribution; which part of the model state it is, if it is one."""
    part = {"part": term.part} if term.part else {}
    return {"op": term.op, "source": term.source, **part, "expr": python(term.amount)}


@bounded()
def derive(
    *measures: str,
    op_set: str = "decoder",
    phase: str | None = None,
    passes: Iterable[str] = (),
    limit: str | Iterable[str] = (),
    when: str | None = None,
    convention: str = "notes",
    precision: str | Precision = USUAL,
) -> Derivation:
    """Derive closed forms from text, as the command line does.

    Args:
        measures: names of measures; a usual choice for the phase when there are none.
        op_set: a model with options, such as `decoder(head=True)`.
        phase: train, forward, prefill or decode; train unless `passes` hold the pass of another one.
        passes: such as `tensor_parallel(T)`, in the order in which they are applied.
        limit: bindings such as `E=4,p=2` or `T->oo`.
        when: a regime such as `S << D`.
        convention: `notes` or `exact`, with options.
        precision: the policy for `states` and `traffic.update`: its name, a file, or text such as
            `weights=2,gradients=2,master=4,moments=4+4`.

    Raises:
        UserError: anything unknown, unreadable, out of order or out of its domain.
    """
    for name in measures:
        if name not in MEASURES:
            raise unknown("measure", name, MEASURES)
    kept = policy(precision)
    if when is not None:
        parse_regime(when)
    counted: Convention = parse_call("convention", convention, CONVENTIONS)
    steps: list[Pass] = [parse_call("pass", text, PASSES) for text in passes]
    phase, steps = with_phase(phase, steps, kept)
    check_order(steps)
    graph: Graph = parse_call("op set", op_set, OP_SETS).apply(*steps)
    bindings = parse_bindings([limit] if isinstance(limit, str) else limit, graph.symbols)
    split = bool(graph.mesh)
    names = measures or (*DEFAULTS[phase], *(["communication"] if split else []))
    options = {"states": {"precision": kept}}
    forms = {name: MEASURES[name](graph, counted, **options.get(name, {})) for name in names}
    limited = {name: form.limited(bindings) for name, form in forms.items()}
    return Derivation(graph.name, phase, counted, kept, graph, bindings, when, forms, limited)


def with_phase(phase: str | None, steps: list[Pass], kept: Precision) -> tuple[str, list[Pass]]:
    """The phase's name, and the passes with the phase's own at their places; training ends with the update."""
    phase, steps = with_own(phase, steps)
    if phase != "train":
        return phase, steps
    check_order(steps)  # what was given wrongly is said before there is more
    return phase, with_step(steps, Update(kept))


def with_own(phase: str | None, steps: list[Pass]) -> tuple[str, list[Pass]]:
    """The phase's name, and the passes with the one that makes the phase."""
    own = {name: phase for phase, name in PHASES.items() if name}
    given = [own[step.name] for step in steps if step.name in own]
    if phase is None and given:
        return given[0], steps
    phase = phase or "train"
    if phase not in PHASES:
        raise unknown("phase", phase, PHASES)
    if clash := [step.name for step in steps if own.get(step.name, phase) != phase]:
        raise UserError(f"phase {phase} and pass {clash[0]} exclude each other; the order is {ORDER}")
    name = PHASES[phase]
    if name is None:
        return phase, steps
    return phase, with_step(steps, PASSES[name]())


def with_step(steps: list[Pass], own: Pass) -> list[Pass]:
    """The passes with one more, at its place in the order."""
    at = next((i for i, step in enumerate(steps) if stage(step.name) > stage(own.name)), len(steps))
    return [*steps[:at], own, *steps[at:]]


def check_order(steps: list[Pass]) -> None:
    """Raise unless the passes can be applied one after the other; cheaper than finding out on the way."""
    applied: tuple[str, ...] = ()
    for step in steps:
        step.check(applied)
        applied = (*applied, step.name)
