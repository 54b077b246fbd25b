"""Documents: the cheat sheet and the derivation appendix, as the data that a template lays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from costgraph import __version__, shapes
from costgraph.assumption import Divides
from costgraph.closed_form import ClosedForm
from costgraph.derivation import Derivation, derive
from costgraph.errors import unknown
from costgraph.exporting import cheatsheet, templates
from costgraph.exporting.cheatsheet import Line
from costgraph.exporting.comparisons import crossovers, machines
from costgraph.exporting.forms import Form, collect, fingerprint, source
from costgraph.exporting.notation import MATHS, Math, notation, written_in
from costgraph.exporting.targets import Target
from costgraph.exporting.templates import Verbatim
from costgraph.parser import parse_bindings
from costgraph.polynomial import Polynomial, total
from costgraph.printers import render
from costgraph.provenance import Term
from costgraph.quotient import Quotient
from costgraph.symbols import INDEX, SYMBOLS, Rational


def math_of(target: Target, chosen: str | None) -> Math:
    """How the target writes formulas, in a notation."""
    if target.printer not in MATHS:
        raise unknown(f"printer of {target.name}", target.printer, MATHS)
    return written_in(MATHS[target.printer], notation(chosen))


# --- the cheat sheet --------------------------------------------------------------------------------------------------


def sheet(target: Target, op_set: str, convention: str, precision: str, chosen: str | None) -> str:
    """The cheat sheet of an op set.

    Raises:
        UserError: an unknown op set, convention, precision or notation, or a wrong template.
    """
    return templates.render(target, sheet_context(math_of(target, chosen), op_set, convention, precision))


def sheet_context(math: Math, op_set: str, convention: str, precision: str) -> dict[str, Any]:
    """Everything that stands on the sheet."""
    found = [(part, list(cheatsheet.lines(part, op_set, convention, precision))) for part in cheatsheet.SECTIONS]
    sizes = cheatsheet.reference()
    used = {name for _, lines in found for line in lines for name in line.value.symbols}
    some = found[0][1][0].derivation
    works: list[str] = []
    forms = [Form(f"{part.title}/{line.row.label}", line.value, line.form) for part, lines in found for line in lines]
    return {
        "version": __version__,
        "hash": fingerprint(forms),
        "op_set": some.op_set,
        "symbols": [symbol(name, math) for name in sorted(used, key=INDEX.__getitem__)],
        "conventions": conventions(some),
        "assumptions": assumptions(some, math),
        "sections": [
            {
                "title": part.title,
                "note": part.note,
                "rows": [row(line, math, sizes, works) for line in lines],
            }
            for part, lines in found
            if lines
        ],
        "machines": machines(),
        "crossovers": crossovers(op_set, convention, precision, math),
        "works": works,
    }


def symbol(name: str, math: Math) -> dict[str, Any]:
    """A line of the symbol table."""
    entry = SYMBOLS[name]
    return {
        "math": formula(Quotient(Polynomial.symbol(name)), math),
        "meaning": entry.meaning,
        "unit": entry.unit,
        "typical": str(entry.typical),
    }


def conventions(derivation: Derivation) -> list[str]:
    """What is counted, in sentences."""
    return [
        *(part[0].upper() + part[1:] + "." for part in derivation.convention.describe().split("; ")),
        "1 GB is 10⁹ bytes, 1 GiB is 2³⁰ bytes.",
    ]


def assumptions(derivation: Derivation, math: Math) -> list[str]:
    """What is taken for granted, in the letters of the document."""
    found: dict[str, str] = {}
    for form in derivation.forms.values():
        for claim in form.assumptions:
            if isinstance(claim, Divides):
                sides = (formula(Quotient(side), math) for side in (claim.divisor, claim.dividend))
                found[str(claim)] = Verbatim(math.inline(math.divides.join(sides)))
            else:
                found[str(claim)] = str(claim)
    return list(found.values())


def cite(text: str, works: list[str]) -> str:
    """`TITLE, PLACE` as `[1] PLACE`; the title joins the works that are listed."""
    title, _, place = text.partition(", ")
    if not title:
        return ""
    if title not in works:
        works.append(title)
    return f"[{works.index(title) + 1}] {place}".strip()


def row(line: Line, math: Math, sizes: dict[str, Rational], works: list[str]) -> dict[str, Any]:
    """One formula with its limits, unit, source and a worked number."""
    number, shape = line.at(sizes), line.row.shape
    lines: list[dict[str, Any]] = []
    if shape != "leading" or not line.row.limits:
        lines += arms(line.value, math) if is_long(line.value) else [main(line.value, math, shape)]
    if line.leading is not None:
        text = leading(line.leading, line.form, math)
        lines.append({"at": condition(line.row.regime, math), "math": text})
    for limit in line.row.limits:
        value = line.limited(limit)
        if value != line.value:
            lines.append({"at": condition(limit, math), "math": formula(value, math, shape)})
    return {
        "label": line.row.label,
        "unit": line.form.unit,
        "source": cite(line.row.source, works),
        "lines": lines,
        "worked": "" if number is None else readable(number, line.form.unit),
    }


WIDE = 44  # characters, as on a blackboard, from which on a formula may need two lines


def main(value: Quotient, math: Math, shape: str = "auto", before: str = "") -> dict[str, Any]:
    """A formula that holds without conditions."""
    return {
        "at": "",
        "math": Verbatim(before + formula(value, math, shape)),
        "wide": len(render(value, shape, math.plain)) + len(before) > WIDE,
    }


LONG = 12  # operations above and below a fraction bar, from which on the two get names
LONG_ABOVE = 18  # the same where only what stands above is a sum


def is_long(value: Quotient) -> bool:
    """Whether a fraction is too much for one line."""
    sides = apart(value)
    limit = LONG_ABOVE if len(sides[1].terms) == 1 else LONG
    return sides[1].number is None and sum(shapes.write(side).operations for side in sides) > limit


def apart(value: Quotient) -> tuple[Polynomial, Polynomial]:
    """What stands above and below the fraction bar, without negative powers."""
    powers = [min(0, *column) for column in zip(*value.numerator.terms, strict=True)]
    below = Polynomial({tuple(-power for power in powers): 1})
    return value.numerator * below, value.denominator * below


def arms(value: Quotient, math: Math) -> list[dict[str, Any]]:
    """A fraction with long sums: first the quotient with names for them, then each of them."""
    over, under = apart(value)
    if len(under.terms) == 1:
        name = math.word("sum")
        whole = math.style.fraction(name, formula(Quotient(under), math), False)
        return [
            {"at": "", "math": Verbatim(whole), "wide": False},
            main(Quotient(over), math, "expanded", before=name + math.equals),
        ]
    above, below = math.word("work"), math.word("traffic")
    return [
        {"at": "", "math": Verbatim(math.style.fraction(above, below, False)), "wide": False},
        main(Quotient(value.numerator), math, before=above + math.equals),
        main(Quotient(value.denominator), math, before=below + math.equals),
    ]


def formula(value: Quotient, math: Math, shape: str = "auto") -> Verbatim:
    """A form in the language of the document."""
    return Verbatim(" ".join(render(value, shape, math.style).split()))


def leading(parts: tuple[Quotient, Quotient | None], form: ClosedForm, math: Math) -> Verbatim:
    """The leading term, and the same in units of the parameter count."""
    value, ratio = parts
    text = formula(value, math)
    if ratio is None or form.name == "params":
        return text
    return Verbatim(text + math.equals + formula(ratio * Quotient(Polynomial.symbol("N_params")), math))


def condition(text: str, math: Math) -> Verbatim:
    """`E=4,T->oo` or `S << D` in the language of the document."""
    style = math.style
    if "<<" in text:
        left, _, right = (part.strip() for part in text.partition("<<"))
        return Verbatim(style.symbol(left) + math.much_less + style.symbol(right))
    parts = []
    for name, bound in parse_bindings([text]).items():
        if isinstance(bound, Polynomial):
            parts.append(style.symbol(name).strip() + math.equals.strip() + render(Quotient(bound), "auto", style))
        else:
            parts.append(style.symbol(name).strip() + math.arrow + style.infinity)
    return Verbatim(math.comma.join(parts))


# --- numbers ----------------------------------------------------------------------------------------------------------

DECIMAL, BINARY = ("", "k", "M", "G", "T", "P", "E", "Z"), ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi")
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def readable(number: Rational, unit: str) -> str:
    """A number rounded to four digits: bytes with both kinds of prefix, FLOPs with a decimal one."""
    amount = float(Fraction(number))
    if unit.startswith("byte"):
        return f"{prefixed(amount, 1000, DECIMAL)}B = {prefixed(amount, 1024, BINARY)}B"
    if unit == "FLOP":
        return f"{prefixed(amount, 1000, DECIMAL)}FLOP"
    if amount >= 1e5:
        exponent = len(str(int(amount))) - 1
        exponent -= exponent % 3
        return f"{amount / 10**exponent:.4g} × 10{str(exponent).translate(SUPERSCRIPT)}"
    return f"{amount:.4g}"


def prefixed(amount: float, step: int, prefixes: Sequence[str]) -> str:
    """`amount` with the largest prefix that leaves it at least 1."""
    at = 0
    while amount >= step and at < len(prefixes) - 1:
        amount, at = amount / step, at + 1
    return f"{amount:.4g} {prefixes[at]}"


# --- the derivation appendix ------------------------------------------------------------------------------------------


def appendix(
    target: Target, measures: Sequence[str], options: dict[str, Any], shape: str, chosen: str | None, fragment: bool
) -> str:
    """One derivation, op by op: where each term comes from, the sum, the simplification, the limit.

    Raises:
        UserError: what `derive` refuses, an unknown notation, or a wrong template.
    """
    derivation = derive(*measures, **options)
    math = math_of(target, chosen)
    forms = collect(replace(derivation, when=None))
    used = {name for form in derivation.forms.values() for name in (*form.value.symbols, *form.remainder.symbols)}
    context = {
        "version": __version__,
        "hash": fingerprint(forms),
        "fragment": fragment,
        "op_set": derivation.op_set,
        "phase": derivation.phase,
        "passes": list(derivation.graph.passes),
        "symbols": [symbol(name, math) for name in sorted(used, key=INDEX.__getitem__)],
        "conventions": conventions(derivation),
        "assumptions": assumptions(derivation, math),
        "forms": [derived(name, derivation, math, shape) for name in derivation.forms],
    }
    return templates.render(target, context)


def derived(name: str, derivation: Derivation, math: Math, shape: str) -> dict[str, Any]:
    """One closed form with its terms."""
    form, limited = derivation.forms[name], derivation.limited[name]
    regime = derivation.regimes.get(name)
    return {
        "name": name,
        "unit": form.unit,
        "source": source(name),
        "places": places(form.terms, math),
        "over": places(form.over, math),
        "expanded": formula(form.value, math, "expanded"),
        "simplified": formula(form.value, math, shape),
        "leading": formula(form.value, math, "leading") if form.value.is_polynomial else "",
        "limit": condition(",".join(f"{n}->oo" if v == "oo" else f"{n}={v}" for n, v in derivation.limit.items()), math)
        if derivation.limit
        else "",
        "limited": formula(limited.value, math, shape),
        "regime": condition(derivation.when, math) if derivation.when else "",
        "dominant": formula(regime.leading, math) if regime else "",
        "neglected": formula(regime.neglected, math) if regime else "",
        "left_out": formula(form.remainder, math) if form.remainder.numerator and not form.over else "",
        "flat": not form.terms,
    }


def places(terms: Sequence[Term], math: Math) -> list[dict[str, Any]]:
    """The terms by the part of the model they stand in, with subtotals."""
    found = []
    for place in dict.fromkeys(term.place for term in terms):
        members = [term for term in terms if term.place == place]
        found.append(
            {
                "name": place,
                "total": formula(Quotient(total(term.amount for term in members)), math),
                "terms": [
                    {"op": term.op, "source": term.source, "math": formula(Quotient(term.amount), math)}
                    for term in members
                ],
            }
        )
    return found
