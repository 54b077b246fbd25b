"""Forms of a model by part, per layer, with counts and values."""

from __future__ import annotations

from collections.abc import Iterable

from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.derivation import Derivation
from costgraph.graph.loop import place
from costgraph.measures import by_part
from costgraph.measures.by_part import by_op, shorter
from costgraph.reports.amounts import readable
from costgraph.reports.nodes import TIMES, Column, Formulas, Math, Part, Parts, Table, Words, math, nothing


def parts(result: Derivation, measure: str, shape: str, tex: Formulas = nothing) -> Parts:
    """A measure by part, with shorter lists of parts in case there is little room; the form alone where it has none."""
    found, limited = result.parts(measure), result.limited[measure]
    form = result.forms[measure]
    rounded = "" if limited.number is None else readable(limited.number, form.unit).strip(" ()")
    name = f"{measure} ({form.unit})"
    if len(found) < 2:
        alone = Part("", "", math(in_layers(form.value, result), shape), value(limited.value, shape))
        return Parts(name, "", rounded, (alone,), tex=tex)
    return Parts(
        name,
        value(limited.value, shape) if result.setup.bindings else "",
        rounded,
        rows_of(result, measure, found, shape),
        tuple(rows_of(result, measure, fewer, shape) for fewer in shorter(found)),
        limited.number is not None,
        tex,
    )


def rows_of(result: Derivation, measure: str, found: Iterable[by_part.Part], shape: str) -> tuple[Part, ...]:
    """One row for each part."""
    bound = bool(result.setup.bindings)
    return tuple(
        Part(
            times(part.times, result, shape),
            part.name,
            math(in_layers(Quotient(part.each), result), shape),
            value(result.of_part(measure, part), shape) if bound else "",
        )
        for part in found
    )


def times(count: Polynomial, result: Derivation, shape: str) -> Words:
    """How often, nothing for once."""
    if count == ONE:
        return ""
    shown = in_layers(Quotient(count), result)
    text = math(shown, shape)
    return text if count.is_monomial or shown.numerator.is_monomial else ("(", text, ")")


def in_layers(form: Quotient, result: Derivation) -> Quotient:
    """A form with L for the layers of all kinds, if all that it says of them is how many there are together."""
    kinds = result.setup.model.kinds
    if not kinds or kinds[-1] not in form.symbols:
        return form
    others = total(map(Polynomial.symbol, kinds[:-1]))
    shown = form.substitute({kinds[-1]: Polynomial.symbol("L") - others})
    return form if set(kinds) & set(shown.symbols) else shown


def value(found: Quotient, shape: str = "auto") -> Words:
    """A number with its digits in groups, or the form that is left."""
    number = found.number
    if number is None:
        return math(found, shape)
    return f"{int(number):,}" if number.denominator == 1 else str(number)


def ops(result: Derivation, measure: str) -> Table | None:
    """The ops of every part: how often, the form of one, what all come to, and the tensor or rule it comes from.

    What layers of several kinds have alike stands once, without their kind; None for what is no sum of parts.
    """
    found = by_op(result.forms[measure], result.graph) if result.setup.model.has_layers else []
    if not found:
        return None
    numbers = result.limited[measure].number is not None
    rows: list[tuple[Words, ...]] = []
    for name in dict.fromkeys(place(op.name) for op in found):
        inside = [op for op in found if place(op.name) == name]
        whole = total(op.whole for op in inside)
        rows.append(("", name, "", value(result.of_part(measure, by_part.Part(name, ONE, whole))), ""))
        rows += [
            (counted(row.times), f"  {row.name}", row.form, row.value if numbers else "", op.source)
            for row, op in zip(rows_of(result, measure, inside, "auto"), inside, strict=True)
        ]
    columns = (Column("times", True), Column("op"), Column("form"), Column("value", True), Column("from"))
    return Table(columns, tuple(rows), (f"{measure} = ", *one_by_one(value(result.limited[measure].value))))


def counted(times: Words) -> Words:
    """`L ×`."""
    return (*one_by_one(times), " ", TIMES) if times else ""


def one_by_one(words: Words) -> tuple[str | Math, ...]:
    """Words as the parts that they consist of."""
    return words if isinstance(words, tuple) else (words,)
