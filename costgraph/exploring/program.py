"""The forms of all scenarios as JavaScript, by the printer of the exported modules.

Each sum that a form or a maximum consists of and each term is a function; equal ones are one. What symbols stand for
that is no polynomial is computed before them. Sizes are refused as by an exported module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from costgraph.algebra.definition import Definition
from costgraph.algebra.expression import Node, names
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import LATEX, latex
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.exploring.crossing import Evenly
from costgraph.exporting.code.conditions import conditions, parts
from costgraph.exporting.code.languages import LANGUAGES, Language
from costgraph.exporting.code.module import symbol
from costgraph.exporting.code.naming import spelled
from costgraph.exporting.code.nodes import as_node
from costgraph.exporting.documents.markup import MATHS
from costgraph.exporting.documents.mathematics import formula
from costgraph.exporting.documents.notation import written_in
from costgraph.exporting.escapes import Verbatim
from costgraph.exporting.forms import Form
from costgraph.exporting.targets import load

TARGET = "javascript"
Row = tuple[str, str, str, int, str]  # op, what it is of, part, number of the sum, and the op that is drawn


@dataclass
class Program:
    """What the page computes and shows, each sum and each claim once: those of scenarios are mostly the same.

    Args:
        sums: numbered, in the order in which they were asked for.
        copied: those that may be copied as LaTeX.
        defined: what symbols stand for, numbered; a name may stand for one thing in one scenario and for another in
            another one.
        claims: by their text, numbered.
        even: how groups have to lie over links, numbered.
        rows: terms, numbered.
    """

    sums: dict[Polynomial, int] = field(default_factory=dict)
    copied: set[Polynomial] = field(default_factory=set)
    defined: dict[Definition, int] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    even: dict[Evenly, int] = field(default_factory=dict)
    rows: dict[Row, int] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.math = written_in(MATHS["mathml"], {})

    def sum(self, value: Polynomial, copied: bool = False) -> int:
        """The number of a sum."""
        if copied:
            self.copied.add(value)
        return self.sums.setdefault(value, len(self.sums))

    def definition(self, one: Definition) -> int:
        """The number of a definition."""
        return self.defined.setdefault(one, len(self.defined))

    def evenly(self, one: Evenly) -> int:
        """The number of what has to lie evenly."""
        return self.even.setdefault(one, len(self.even))

    def row(self, one: Row) -> int:
        """The number of a term."""
        return self.rows.setdefault(one, len(self.rows))

    def claimed(self, form: Form) -> list[int]:
        """The numbers of what a form takes for granted."""
        texts = [str(claim) for claim in form.claims]
        if any(text not in self.claims for text in texts):
            self.forms.append(form)
        return [self.claims.setdefault(text, len(self.claims)) for text in texts]

    # --- as it is shown -----------------------------------------------------------------------------------------------

    @property
    def written(self) -> list[list[str]]:
        """Each sum as MathML, and those that are copied as LaTeX."""
        return [shown for _, shown in self.both]

    @cached_property
    def both(self) -> list[tuple[Node, list[str]]]:
        """Each sum as a tree and as it is shown, once all are there: side by side, as both are written in one shape."""
        return [
            (
                as_node(one),
                [str(formula(Quotient(one), self.math)), *([latex(Quotient(one))] if one in self.copied else [])],
            )
            for one in self.sums
        ]

    @property
    def definitions(self) -> list[list[str]]:
        """What symbols stand for, as MathML and as LaTeX, and the symbol in LaTeX, by which it is found."""
        return [[self.of_definition(one), one.written(LATEX), SYMBOLS[one.name].tex] for one in self.defined]

    def of_definition(self, one: Definition) -> str:
        """One of them."""
        sides = [formula(Quotient(side), self.math) for side in one.arguments]
        inside = "<mo>,</mo>".join(sides)
        return f"{self.math.style.symbol(one.name)}<mo>=</mo><mi>{one.function}</mi><mo>(</mo>{inside}<mo>)</mo>"

    # --- as it is computed --------------------------------------------------------------------------------------------

    @property
    def code(self) -> dict[str, Any]:
        """All of it in JavaScript: symbols, definitions, claims as functions, and the sums, all by their numbers."""
        target = load(TARGET)
        trees = [tree for tree, _ in self.both]
        written = {str(claim): claim for form in self.forms for claim in form.claims}
        inside = [node for claim in written.values() for node in parts(claim)[1]]
        told = [one.node for one in self.defined]
        evenly = [node for one in self.even for node in sides(one)]
        letters = names([*trees, *told, *inside, *evenly])
        letters += [one.name for one in self.defined if one.name not in letters]
        letters = list(dict.fromkeys(letters))
        language = LANGUAGES[target.printer](spelled(letters, target))
        codes = {one["text"]: one["code"] for one in conditions(self.forms, letters, language)}
        stands = {one.name for one in self.defined}
        return {
            "symbols": [{**symbol(letter, language), "stands": letter in stands} for letter in letters],
            "defined": [assignment(one, language) for one in self.defined],
            "even": [Verbatim(", ".join(map(language.text, sides(one)))) for one in self.even],
            "claims": [{"text": Verbatim(json.dumps(text)), "code": codes.get(text, "true")} for text in self.claims],
            "sums": [Verbatim(language.text(node)) for node in trees],
        }


def assignment(one: Definition, language: Language) -> dict[str, Verbatim]:
    """What a symbol is made, as a statement."""
    return {"name": Verbatim(language.spelling[one.name]), "code": Verbatim(language.text(one.node))}


def sides(one: Evenly) -> Iterable[Node]:
    """What it is about, in the order of the function that checks it."""
    return (one.devices, one.joins, one.apart, one.degree, one.held)
