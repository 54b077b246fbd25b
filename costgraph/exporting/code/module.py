"""Forms as the data that a code template fills in: names, arguments, program text, test vectors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from costgraph import __version__
from costgraph.errors import UserError, unknown
from costgraph.exporting.code.expression import Call, Node, names, walk
from costgraph.exporting.code.languages import LANGUAGES, Language
from costgraph.exporting.code.sharing import shared
from costgraph.exporting.forms import Form, fingerprint, vectors
from costgraph.exporting.targets import SYMBOLS_AS, Target
from costgraph.exporting.templates import Verbatim
from costgraph.printers import python
from costgraph.symbols import SYMBOLS, Rational

READABLE = 600  # characters of a sum that somebody reads in a comment
TOGETHER = "costs"  # the function that computes all forms at once


def context(target: Target, forms: Sequence[Form], symbols_as: str = "args") -> dict[str, Any]:
    """What the template of a code target is given.

    Raises:
        UserError: the target cannot express a form, or a name is not possible there.
    """
    if symbols_as not in SYMBOLS_AS:
        raise unknown("choice for --symbols-as", symbols_as, SYMBOLS_AS)
    if symbols_as not in target.symbols_as:
        raise UserError(f"{target.name} has no functions that could take a {symbols_as}; leave --symbols-as out")
    if target.printer not in LANGUAGES:
        raise UserError(f"{target.name}: {unknown('printer', target.printer, LANGUAGES)}")
    for form in forms:
        for node in walk(form.node):
            if isinstance(node, Call):
                target.refuse(node.function, f"the {node.function} in {form.name}")
    letters = names([form.node for form in forms])
    spelling = spelled(letters, target)
    language = LANGUAGES[target.printer](spelling)
    called = function_names(forms, target, spelling)
    prefix = unused_prefix(spelling.values())
    parts, results = named_parts([form.node for form in forms], language, prefix)
    return {
        "version": __version__,
        "hash": fingerprint(forms),
        "symbols_as": symbols_as,
        "symbols": [symbol(letter, spelling[letter]) for letter in letters],
        "forms": [described(form, called[form.name], language, spelling, prefix) for form in forms],
        "together": {
            "name": Verbatim(target.function_prefix + TOGETHER),
            "parts": parts,
            "results": [{"name": called[form.name], "text": text} for form, text in zip(forms, results, strict=True)],
        },
        "vectors": [
            {
                "label": label,
                "sizes": [value(spelling[letter], sizes[letter]) for letter in letters],
                "results": [value(called[f.name], r) for f, r in zip(forms, exact, strict=True)],
                "size": {spelling[letter]: value(letter, sizes[letter]) for letter in letters},
                "result": {called[f.name]: value(f.name, r) for f, r in zip(forms, exact, strict=True)},
            }
            for label, sizes, exact in vectors(forms)
        ],
        "functions": sorted({n.function for f in forms for n in walk(f.node) if isinstance(n, Call)}),
    }


def described(form: Form, name: str, language: Language, spelling: dict[str, str], prefix: str) -> dict[str, Any]:
    """One form, ready to be printed as a function."""
    parts, (result,) = named_parts([form.node], language, prefix)
    closed = form.closed
    return {
        "name": Verbatim(name),
        "label": form.name,
        "unit": form.unit or "not stated",
        "arguments": [symbol(letter, spelling[letter]) for letter in form.symbols],
        "parts": parts,
        "result": result,
        "exact": str(form.value),
        "source": form.source or "given by the caller",
        "convention": f"{closed.convention.name}: {closed.convention.describe()}" if closed else "not stated",
        "assumptions": ", ".join(map(str, closed.assumptions)) if closed else "",
        "setting": form.setting or "a model that the caller knows",
        "regime": form.regime.regime if form.regime else "",
        "neglected": python(form.regime.neglected) if form.regime else "",
        "left_out": left_out(form),
    }


def left_out(form: Form) -> str:
    """What the convention leaves out of a form, so that both together are exact; empty if nothing."""
    rest = form.closed.remainder if form.closed and form.regime is None else None
    if rest is None or not rest.numerator:
        return ""
    above, below = (len(side.terms) for side in (rest.numerator, rest.denominator))
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


def symbol(letter: str, name: str) -> dict[str, Any]:
    """A symbol of the table, or one that only the caller knows."""
    known = SYMBOLS.get(letter)
    return {
        "name": Verbatim(name),
        "letter": letter,
        "meaning": known.meaning if known else "given by the caller",
        "unit": (known.unit if known else "") or "1",
        "domain": known.domain if known else "positive",
    }


def value(name: str, number: Rational) -> dict[str, Verbatim]:
    """A number, exactly and as the nearest double."""
    return {"name": Verbatim(name), "exact": Verbatim(number), "double": Verbatim(repr(float(number)))}


# --- names ------------------------------------------------------------------------------------------------------------


def spelled(letters: Iterable[str], target: Target) -> dict[str, str]:
    """What every symbol is called in the target.

    Raises:
        UserError: a name is reserved, or no name in any programming language.
    """
    letters = list(letters)
    known = {*letters, *SYMBOLS}
    spelling = {}
    for letter in letters:
        name = letter
        if not target.case_sensitive and letter.islower() and letter.upper() in known:
            name = f"lower_{letter}"
        spelling[letter] = legal(target.prefix + name, f"symbol '{letter}'", target)
    return spelling


def function_names(forms: Sequence[Form], target: Target, spelling: dict[str, str]) -> dict[str, str]:
    """What every form is called in the target."""
    taken = {fold(name, target): f"symbol {letter}" for letter, name in spelling.items()}
    taken[fold(target.function_prefix + TOGETHER, target)] = "the function that computes all forms"
    called = {}
    for form in forms:
        plain = re.sub(r"\W+", "_", form.name, flags=re.ASCII).strip("_")
        name = legal(target.function_prefix + plain, f"form '{form.name}'", target)
        if fold(name, target) in taken:
            raise UserError(f"{target.name}: form '{form.name}' and {taken[fold(name, target)]} would both be '{name}'")
        taken[fold(name, target)] = f"form '{form.name}'"
        called[form.name] = name
    return called


def fold(name: str, target: Target) -> str:
    """A name as the target compares it."""
    return name if target.case_sensitive else name.lower()


def legal(name: str, what: str, target: Target) -> str:
    """`name`, if a symbol or form can be called so."""
    if not re.fullmatch(r"[A-Za-z]\w*", name, flags=re.ASCII):
        raise UserError(f"{what} cannot be a name in {target.name}: a letter first, then letters, digits and _ only")
    if fold(name, target) in {fold(word, target) for word in target.reserved}:
        raise UserError(f"{what}: '{name}' is a reserved word in {target.name}; rename it before exporting")
    return name


def unused_prefix(taken: Iterable[str]) -> str:
    """Beginning of the names of common subexpressions, different from all symbols."""
    taken = list(taken)
    prefix = "x"
    while any(re.fullmatch(rf"{prefix}\d+", name) for name in taken):
        prefix += "x"
    return prefix
