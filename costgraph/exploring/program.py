"""The forms of a scenario as one JavaScript function, by the printer of the exported modules, and what its results are.

Each sum that a form or a maximum consists of and each term is an expression; equal ones are one result, and what they
have in common is computed once. The function refuses sizes as an exported module does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from costgraph.algebra.definition import Definition
from costgraph.algebra.expression import Node, names, replaced
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.printers import latex, python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, in_order
from costgraph.closed_form import ClosedForm
from costgraph.exploring.scenarios import Scenario, arms
from costgraph.exporting.code.conditions import conditions
from costgraph.exporting.code.languages import LANGUAGES
from costgraph.exporting.code.module import named_parts, symbol
from costgraph.exporting.code.naming import spelled, unused_prefix
from costgraph.exporting.code.nodes import as_node
from costgraph.exporting.documents.markup import MATHS
from costgraph.exporting.documents.mathematics import formula
from costgraph.exporting.documents.notation import written_in
from costgraph.exporting.forms import Form, source
from costgraph.exporting.targets import load
from costgraph.exporting.templates import Verbatim

TARGET = "javascript"
Row = tuple[str, str, str, Polynomial]  # op, what it is of, part, amount


class Formulas:
    """Formulas as they are shown and copied, each once: many are alike in all scenarios."""

    def __init__(self) -> None:
        self.math = written_in(MATHS["mathml"], {})
        self.numbered: dict[Polynomial, int] = {}
        self.trees: dict[Polynomial, Node] = {}

    def of(self, value: Polynomial) -> int:
        """The number of a sum."""
        return self.numbered.setdefault(value, len(self.numbered))

    def tree(self, value: Polynomial) -> Node:
        """A sum as what a program computes."""
        if value not in self.trees:
            self.trees[value] = as_node(value)
        return self.trees[value]

    @property
    def written(self) -> list[list[str]]:
        """Each as MathML, LaTeX and Python."""
        forms = map(Quotient, self.numbered)
        return [[str(formula(one, self.math)), latex(one), python(one)] for one in forms]

    def of_definition(self, one: Definition) -> str:
        """What a symbol stands for that is no polynomial, as MathML."""
        sides = [formula(Quotient(side), self.math) for side in one.arguments]
        inside = "<mo>,</mo>".join(sides)
        return f"{self.math.style.symbol(one.name)}<mo>=</mo><mi>{one.function}</mi><mo>(</mo>{inside}<mo>)</mo>"


@dataclass
class Expressions:
    """What a function computes: trees, each once.

    Args:
        known: what defined symbols stand for.
    """

    known: Mapping[str, Node]
    numbered: dict[Node, int] = field(default_factory=dict)

    def add(self, tree: Node) -> int:
        """The number of the result."""
        node = replaced(tree, self.known) if self.known else tree
        return self.numbered.setdefault(node, len(self.numbered))


@dataclass(frozen=True)
class Program:
    """A scenario as a page needs it.

    Args:
        code: what the template writes as a function.
        data: what its results are, and how they are written.
    """

    code: dict[str, Any]
    data: dict[str, Any]


def program(scenario: Scenario, formulas: Formulas) -> Program:
    """A scenario as a function and what its results are."""
    definitions = defined(scenario.forms.values())
    expressions = Expressions(stands_for(definitions))
    rows: dict[Row, int] = {}
    shown = [measure(name, form, expressions, formulas, rows) for name, form in scenario.forms.items()]
    terms = [
        [op, where, part, expressions.add(formulas.tree(amount)), formulas.of(amount), drawn(op, scenario)]
        for op, where, part, amount in rows
    ]
    data = {
        "key": scenario.key,
        "phase": scenario.phase,
        "forms": shown,
        "terms": terms,
        "definitions": [formulas.of_definition(one) for one in definitions],
        "assumptions": [str(one) for one in scenario.forms["flops"].assumptions],
        "said": str(scenario.setup),
        "last": scenario.phase != "train" and scenario.setup.model != scenario.model,
        "used": [name for name in in_order(scenario.symbols) if name in SYMBOLS],
    }
    return Program(code(scenario, list(expressions.numbered)), data)


def stands_for(definitions: Iterable[Definition]) -> dict[str, Node]:
    """What defined symbols stand for, all the way down."""
    known: dict[str, Node] = {}
    for one in definitions:
        known[one.name] = replaced(one.node, known)
    return known


def defined(forms: Iterable[ClosedForm]) -> list[Definition]:
    """Minima and roundings that symbols of the forms stand for; a maximum is shown by its arms."""
    found = {one.name: one for form in forms for arm in arms(form) for one in arm.defined}
    return list(found.values())


def measure(
    name: str, form: ClosedForm, expressions: Expressions, formulas: Formulas, rows: dict[Row, int]
) -> dict[str, Any]:
    """One measure: its arms, of which the largest is the value, each with its parts and terms."""
    found = [arm(one, expressions, formulas, rows) for one in arms(form)]
    return {"name": name, "unit": form.unit, "source": source(name), "arms": found}


def arm(form: ClosedForm, expressions: Expressions, formulas: Formulas, rows: dict[Row, int]) -> dict[str, Any]:
    """One of the sums of which a measure is the largest."""
    return {
        "at": ", ".join(form.at),
        "parts": [
            [kind, expressions.add(formulas.tree(amount)), formulas.of(amount)]
            for kind, amount in parts_of(form).items()
        ],
        "terms": [rows.setdefault(row, len(rows)) for row in merged(form)],
    }


def parts_of(form: ClosedForm) -> dict[str, Polynomial]:
    """The sums that a form consists of.

    What is alive at a peak is summed by part: instants have most of their sums in common, and it reads well.
    """
    kinds = dict.fromkeys(term.part for term in form.terms) if form.name == "peak" else ()
    sums = {kind: total(term.amount for term in form.terms if term.part == kind) for kind in kinds}
    return {kind: amount for kind, amount in sums.items() if amount} or {"": form.value.numerator}


def merged(form: ClosedForm) -> list[Row]:
    """The terms of a form: op, what it is of, part and amount; those of one op and part that stand together are one."""
    found: dict[tuple[str, str], list[Any]] = {}
    for term in form.terms:
        found.setdefault((term.op, term.part), []).append(term)
    return [
        (op, ", ".join(dict.fromkeys(term.source for term in same)), part, total(term.amount for term in same))
        for (op, part), same in found.items()
    ]


def drawn(op: str, scenario: Scenario) -> str:
    """The forward op in whose place a term is drawn; empty for what stands for no op."""
    for graph in (scenario.graph, *scenario.graph.stages):
        if op in graph.by_name:
            found = graph.by_name[op]
            return op if found.phase == "forward" else found.source
    return ""


def code(scenario: Scenario, nodes: Sequence[Node]) -> dict[str, Any]:
    """A function of sizes that gives all results in one array."""
    target = load(TARGET)
    letters = names(nodes)
    spelling = spelled(letters, target)
    language = LANGUAGES[target.printer](spelling)
    parts, results = named_parts(nodes, language, unused_prefix(spelling.values()))
    forms = [Form(name, form.value, form) for name, form in scenario.forms.items()]
    return {
        "key": scenario.key,
        "symbols": [symbol(letter, language) for letter in letters],
        "conditions": [
            {**one, "text": Verbatim(json.dumps(f"{one['text']} does not hold"))}
            for one in conditions(forms, letters, language)
        ],
        "parts": parts,
        "results": results,
    }
