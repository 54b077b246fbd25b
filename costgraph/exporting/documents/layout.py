"""The rows of the cheat sheet as records for a template: lines of formulas, sources and a worked number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from costgraph.algebra.definition import Definition as Defined
from costgraph.algebra.definition import needed
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import Rational
from costgraph.exporting.documents import citations
from costgraph.exporting.documents.amounts import readable
from costgraph.exporting.documents.cheatsheet import Line, at, limited
from costgraph.exporting.documents.citations import Printed, Works
from costgraph.exporting.documents.contents import Definition
from costgraph.exporting.documents.markup import Math
from costgraph.exporting.documents.mathematics import (
    WIDE,
    Record,
    arm_names,
    arms,
    condition,
    formula,
    is_long,
    main,
    record,
    under,
    width,
)
from costgraph.exporting.documents.sums import NONE, Sum

FEW = 6  # terms of a form that is shown as its largest times 1 + the others: of more nobody sees which are small


@dataclass
class Layout:
    """What the rows of one document share.

    Args:
        math: the language and the letters.
        sizes: at which worked numbers are computed.
        works: the bibliography, which grows as rows are laid out.
        used: the symbols of the rows laid out so far.
        defined: those of them that stand for something made of others, and so have no size of their own.
    """

    math: Math
    sizes: Mapping[str, Rational]
    works: Works = field(default_factory=Works)
    used: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)

    @property
    def of_their_own(self) -> dict[str, Rational]:
        """The sizes of all symbols but those that are made of others."""
        return {name: size for name, size in self.sizes.items() if name not in self.defined}

    def row(self, line: Line) -> Record:
        """One formula with its limits, unit, sources and a worked number."""
        published, cited = citations.of(line.row.published), set[str]()
        lines = list(self.lines(line, published, cited))
        found = [one for one in published if one.entry.id in cited]
        return self.made(line.row.label, line.unit, found, lines, line.value, line.form.definitions)

    def definition(self, one: Definition) -> Record:
        """A name for a quotient of rates."""
        value = parse(one.text)
        cited = [found for found in citations.of(one.published) if citations.equal(found, value)]
        return self.made(one.label, one.unit, cited, [main(value, self.math)], value)

    def sum(self, one: Sum) -> Record:
        """A sum that rows share, with its name."""
        name = formula(Quotient(Polynomial.symbol(one.name)), self.math)
        line = main(one.defined, replace(self.math, names=NONE), before=name + self.math.equals)
        return self.made(f"sum {one.name[-1]}", "of a layer", (), [line], Quotient(one.value))

    def made(
        self, label: str, unit: str, cited: Iterable[Printed], lines: list[Record], value: Quotient,
        definitions: Sequence[Defined] = (),
    ) -> Record:  # fmt: skip
        """The record of a row."""
        self.uses(value, definitions)
        number = at(value, self.sizes, definitions)
        return {
            "label": label,
            "unit": unit,
            "source": self.works.cite(cited),
            "lines": lines,
            "worked": "" if number is None else readable(number, unit),
        }

    def uses(self, value: Quotient, definitions: Sequence[Defined] = ()) -> None:
        """Notes the symbols of a formula that is shown."""
        self.used.update(value.symbols)
        self.defined.update(one.name for one in needed(definitions, value.symbols))

    def lines(self, line: Line, published: list[Printed], cited: set[str]) -> Iterator[Record]:
        """The formula, its leading term and its limits; the ids of entries that print one of them go to `cited`."""
        row, math = line.row, self.math
        names = arm_names(row.measure)

        def entries(value: Quotient) -> None:
            counted = line.in_params(value) if published else None
            cited.update(one.entry.id for one in published if citations.equal(one, value, counted))

        entries(line.value)
        counted = line.in_params(line.value) if row.measure == "states" else None
        if counted is not None and math.names.sums:  # what the parameters are stands above, and is long
            self.used.update(counted.symbols)
            yield record(formula(counted, math))
        elif is_long(line.value, math):
            yield from arms(line.value, math, names)
        else:
            yield main(line.value, math, after=counted)
        leads = line.leading is not None and (len(line.leading.numerator) <= FEW or not math.names.sums)
        if leads and line.leading is not None and line.leading != line.value:
            entries(line.leading)
            yield record(self.with_params(line.leading, line.in_params(line.leading)), condition(row.regime, math))
        for limit, value in line.limits:
            at = condition(relevant(limit, line.value), math)
            if (counted is not None and math.names.sums) or not self.tells(limit, value, line.value):
                continue
            entries(value)
            if is_long(value, math):
                yield from arms(value, math, names, at)
            else:
                yield under(value, math, at)
        if row.leading and 1 < len((value := limited(line.value, row.leading)).numerator) <= FEW:
            entries(value)
            kept = relevant(row.leading, line.value)
            yield record(formula(value, math, "leading"), condition(kept, math) if kept else "")

    def tells(self, limit: str, value: Quotient, of: Quotient) -> bool:
        """Whether a formula with numbers put in is one to read: it is short, or much shorter than without them."""
        wide = width(value, self.math)
        return "->" in limit or wide <= 2 * WIDE or 4 * wide <= 3 * width(of, self.math)

    def with_params(self, value: Quotient, counted: Quotient | None) -> str:
        """A form, and the same in units of the parameter count."""
        if counted is not None:
            self.used.update(counted.symbols)
        same = self.math.equals + formula(counted, self.math) if counted is not None else ""
        return formula(value, self.math) + same


def relevant(limit: str, value: Quotient) -> str:
    """The bindings of a limit that concern symbols of the value."""
    kept = [part for part in limit.split(",") if part.partition("=")[0].partition("->")[0].strip() in value.symbols]
    return ",".join(kept)
