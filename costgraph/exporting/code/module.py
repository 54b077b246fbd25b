"""Forms as the data that a code template fills in: names, arguments, program text, test vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from costgraph import __version__
from costgraph.algebra.expression import Call, Node, names, walk
from costgraph.algebra.printers import python
from costgraph.algebra.symbols import SYMBOLS, Rational
from costgraph.errors import UserError, shorten, unknown
from costgraph.exporting.code.conditions import conditions, domain, is_whole
from costgraph.exporting.code.languages import LANGUAGES, Language, Plain
from costgraph.exporting.code.naming import TOGETHER, function_names, spelled, unused_prefix
from costgraph.exporting.code.precision import remark
from costgraph.exporting.code.sharing import shared
from costgraph.exporting.escapes import Verbatim
from costgraph.exporting.forms import Form, fingerprint
from costgraph.exporting.targets import SYMBOLS_AS, Target
from costgraph.exporting.vectors import Vector, vectors

READABLE = 600  # characters of a sum that somebody reads in a comment


def context(target: Target, forms: Sequence[Form], symbols_as: str = "args") -> dict[str, Any]:
    """What the template of a code target is given.

    Raises:
        UserError: the target cannot express a form, or a name is not possible there.
    """
    refuse_what_cannot_be(target, forms, symbols_as)
    letters = names([form.node for form in forms])
    spelling = spelled(letters, target)
    called = function_names(forms, target, spelling)
    language = LANGUAGES[target.printer](spelling)
    prefix = unused_prefix(spelling.values())
    parts, results = named_parts([form.node for form in forms], language, prefix)
    compared = vectors(forms)
    return {
        "version": __version__,
        "hash": fingerprint(forms),
        "symbols_as": symbols_as,
        "symbols": [symbol(letter, language) for letter in letters],
        "forms": [function(form, called[form.name], language, letters, prefix) for form in forms],
        "together": {
            "name": Verbatim(target.function_prefix + TOGETHER),
            "parts": parts,
            "results": [{"name": called[form.name], "text": text} for form, text in zip(forms, results, strict=True)],
            "conditions": conditions(forms, letters, language),
        },
        "vectors": [vector_data(vector, forms, spelling, called) for vector in compared.found],
        "not_compared": "; ".join(f"{label}, as {shorten(why, 150)}" for label, why in compared.left_out.items()),
        "functions": sorted({call.function for form in forms for call in calls(form)}),
    }


def refuse_what_cannot_be(target: Target, forms: Sequence[Form], symbols_as: str) -> None:
    """Raise if the target cannot be asked for this, or cannot express a form."""
    if symbols_as not in SYMBOLS_AS:
        raise unknown("choice for --symbols-as", symbols_as, SYMBOLS_AS)
    if symbols_as not in target.symbols_as:
        raise UserError(f"{target.name} has no functions that could take a {symbols_as}; leave --symbols-as out")
    if target.printer not in LANGUAGES:
        raise UserError(f"{target.name}: {unknown('printer', target.printer, LANGUAGES)}")
    for form in forms:
        for call in calls(form):
            target.refuse(call.function, f"the {call.function} in {form.name}")


def calls(form: Form) -> Iterator[Call]:
    """The maxima, roundings and roots in a form."""
    return (node for node in walk(form.node) if isinstance(node, Call))


def function(form: Form, name: str, language: Language, letters: Sequence[str], prefix: str) -> dict[str, Any]:
    """One form, ready to be printed as a function."""
    parts, (result,) = named_parts([form.node], language, prefix)
    closed = form.closed
    return {
        "name": Verbatim(name),
        "label": form.name,
        "unit": form.unit or "not stated",
        "arguments": [symbol(letter, language) for letter in form.symbols],
        "conditions": conditions([form], form.symbols if language.shares else letters, language),
        "parts": parts,
        "result": result,
        "exact": ", where ".join([exactly(form), *map(str, form.definitions)]),
        "source": form.source or "given by the caller",
        "convention": f"{closed.convention.name}: {closed.convention.describe()}" if closed else "not stated",
        "assumptions": ", ".join(map(str, closed.assumptions)) if closed else "",
        "setting": form.said,
        "regime": form.regime.regime if form.regime else "",
        "neglected": python(form.regime.neglected) if form.regime else "",
        "left_out": left_out(form),
        "rounding": remark(form.node),
    }


def exactly(form: Form) -> str:
    """The form before anything is rounded."""
    return Plain().text(form.node) if isinstance(form.value, Node) else str(form.value)


def vector_data(
    vector: Vector, forms: Sequence[Form], spelling: Mapping[str, str], called: Mapping[str, str]
) -> dict[str, Any]:
    """Sizes and what the forms are there, as lists and by name."""
    sizes = vector.sizes
    named = {form.name: result for form, result in zip(forms, vector.results, strict=True)}
    return {
        "label": vector.label,
        "sizes": [value(spelling[letter], sizes[letter]) for letter in spelling],
        "results": [value(called[name], result) for name, result in named.items()],
        "size": {spelling[letter]: value(letter, sizes[letter]) for letter in spelling},
        "result": {called[name]: value(name, result) for name, result in named.items()},
    }


def left_out(form: Form) -> str:
    """What the convention leaves out of a form, so that both together are exact; empty if nothing."""
    rest = form.closed.remainder if form.closed and form.regime is None else None
    if rest is None or not rest.numerator:
        return ""
    above, below = (len(side) for side in (rest.numerator, rest.denominator))
    whole = str(rest)
    return (
        whole if len(whole) <= READABLE else f"a quotient of {above} by {below} terms, which the target json writes out"
    )


def named_parts(
    roots: Sequence[Node], language: Language, prefix: str
) -> tuple[list[dict[str, Verbatim]], list[Verbatim]]:
    """Common subexpressions as assignments, and the results in terms of them."""
    parts, results = shared(roots, prefix) if language.shares else ([], list(roots))
    assignments = [{"name": Verbatim(name), "text": Verbatim(language.text(node))} for name, node in parts]
    return assignments, [Verbatim(language.text(node)) for node in results]


def symbol(letter: str, language: Language) -> dict[str, Any]:
    """A symbol of the table, or one that only the caller knows."""
    known = SYMBOLS.get(letter)
    return {
        "name": Verbatim(language.spelling[letter]),
        "letter": letter,
        "meaning": known.meaning if known else "given by the caller",
        "unit": (known.unit if known else "") or "1",
        "domain": known.domain if known else "positive number",
        "whole": is_whole(letter),
        "inside": domain(letter, language),
    }


def value(name: str, number: Rational) -> dict[str, Verbatim]:
    """A number, exactly and as the nearest double."""
    return {"name": Verbatim(name), "exact": Verbatim(number), "double": Verbatim(repr(float(number)))}
