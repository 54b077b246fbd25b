"""The forms of all scenarios as JavaScript, by the printer of the exported modules, and what is known of each scenario.

Each sum that a form or a maximum consists of and each term is a function; equal ones are one. Sizes are refused as by
an exported module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from costgraph.algebra.definition import Definition
from costgraph.algebra.expression import Name, Node, names, replaced
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.printers import latex, python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import in_order
from costgraph.closed_form import ClosedForm
from costgraph.exploring.scenarios import Scenario, arms
from costgraph.exporting.code.conditions import conditions, parts
from costgraph.exporting.code.languages import LANGUAGES
from costgraph.exporting.code.module import symbol
from costgraph.exporting.code.naming import spelled
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
class Program:
    """What the page computes, each sum and each claim once: those of scenarios are mostly the same."""

    formulas: Formulas = field(default_factory=Formulas)
    sums: dict[Node, int] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)

    def sum(self, value: Polynomial, known: Mapping[str, Node]) -> int:
        """The number of a sum; `known` is what defined symbols stand for."""
        tree = self.formulas.tree(value)
        return self.sums.setdefault(replaced(tree, known) if known else tree, len(self.sums))

    def claimed(self, forms: Iterable[ClosedForm]) -> list[int]:
        """The numbers of what forms take for granted."""
        found = [Form(form.name, form.value, form) for form in forms]
        self.forms += [form for form in found if any(str(claim) not in self.claims for claim in form.claims)]
        texts = dict.fromkeys(str(claim) for form in found for claim in form.claims)
        return [self.claims.setdefault(text, len(self.claims)) for text in texts]

    @property
    def code(self) -> dict[str, Any]:
        """All of it in JavaScript: the symbols, the claims as functions in the order of their numbers, and the sums."""
        target = load(TARGET)
        written = {str(claim): claim for form in self.forms for claim in form.claims}
        inside = [Name(letter) for claim in written.values() for letter in parts(claim)[2]]
        letters = names([*self.sums, *inside])
        language = LANGUAGES[target.printer](spelled(letters, target))
        codes = {one["text"]: one["code"] for one in conditions(self.forms, letters, language)}
        return {
            "symbols": [symbol(letter, language) for letter in letters],
            "claims": [{"text": Verbatim(json.dumps(text)), "code": codes.get(text, "true")} for text in self.claims],
            "sums": [Verbatim(language.text(node)) for node in self.sums],
        }


def of_scenario(scenario: Scenario, program: Program) -> dict[str, Any]:
    """What the page knows of a scenario: its forms, and where their sums stand among those of the program."""
    definitions = defined(scenario.forms.values())
    known = stands_for(definitions)
    rows: dict[Row, int] = {}
    shown = [measure(name, form, program, known, rows) for name, form in scenario.forms.items()]
    terms = [
        [op, where, part, program.sum(amount, known), program.formulas.of(amount), drawn(op, scenario)]
        for op, where, part, amount in rows
    ]
    return {
        "key": scenario.key,
        "phase": scenario.phase,
        "place": scenario.place,
        "forms": shown,
        "terms": terms,
        "claims": program.claimed(scenario.forms.values()),
        "definitions": [program.formulas.of_definition(one) for one in definitions],
        "assumptions": [str(one) for one in scenario.forms["flops"].assumptions],
        "said": str(scenario.setup),
        "attention": scenario.setup.attention,
        "last": scenario.phase != "train" and scenario.setup.model != scenario.model,
        "used": [name for name in in_order(scenario.symbols) if not name.startswith("max_")],
    }


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
    name: str, form: ClosedForm, program: Program, known: Mapping[str, Node], rows: dict[Row, int]
) -> dict[str, Any]:
    """One measure: its arms, of which the largest is the value, each with its sums and terms."""
    found = [arm(one, program, known, rows) for one in arms(form)]
    return {"name": name, "unit": form.unit, "source": source(name), "arms": found}


def arm(form: ClosedForm, program: Program, known: Mapping[str, Node], rows: dict[Row, int]) -> dict[str, Any]:
    """One of the sums of which a measure is the largest."""
    return {
        "at": ", ".join(form.at),
        "parts": [
            [kind, program.sum(amount, known), program.formulas.of(amount)] for kind, amount in parts_of(form).items()
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
