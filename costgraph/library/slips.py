"""What separates a formula from the engine's result: the ops it comes from, and the nearest slip that explains it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from costgraph.polynomial import ONE, Exponents, Polynomial, total
from costgraph.printers import python
from costgraph.provenance import Term
from costgraph.quotient import Quotient

PREFIXES = {
    Fraction(1024**power, 1000**power): (f"{decimal}B", f"{binary}iB")
    for power, (decimal, binary) in enumerate((("k", "K"), ("M", "M"), ("G", "G"), ("T", "T")), 1)
}


def nearest(printed: Quotient, derived: Quotient, terms: Iterable[Term] = ()) -> str:
    """The simplest slip that turns the derived form into the printed one, in words; "" if none does."""
    if not printed.numerator:
        return ""
    if derived.numerator and (slip := of_factor(printed / derived)):
        return slip
    if not (printed.is_polynomial and derived.is_polynomial):
        return ""
    return of_terms(printed.numerator, derived.numerator, tuple(terms))


def of_factor(ratio: Quotient) -> str:
    """A slip by one factor."""
    if not ratio.is_polynomial or len(ratio.numerator.terms) != 1:
        return ""
    if (number := ratio.number) is not None:
        for step, (decimal, binary) in PREFIXES.items():
            if number in (step, 1 / step):
                meant, written = (decimal, binary) if number == step else (binary, decimal)
                return f"{written} for {meant}"
        if number == 1024 or number == Fraction(1, 1024):
            return "a binary prefix off by one step (1024)"
        if number == -1:
            return "the sign is reversed"
    ((exponents, value),) = ratio.numerator.terms.items()
    above = Polynomial({tuple(max(e, 0) for e in exponents): abs(value.numerator)})
    below = Polynomial({tuple(max(-e, 0) for e in exponents): value.denominator})
    parts = [f"the factor {below} is missing"] if below != ONE else []
    if above == Polynomial.symbol("T"):
        parts.append("the division by T is missing")
    elif above != ONE:
        parts.append(f"the factor {above} is too much")
    return " and ".join(parts)


def of_terms(printed: Polynomial, derived: Polynomial, terms: tuple[Term, ...]) -> str:
    """A slip in some of the terms."""
    rest = derived - printed
    lost, extra = parts(derived, printed), parts(printed, derived)
    if whole := dropped_ops(rest, terms):
        return f"left out: {whole}"
    if whole := dropped_ops(-rest, terms):
        return f"counted twice: {whole}"
    if lost and not extra:
        return f"the term{'s' * (len(lost.terms) > 1)} {lost} {'are' if len(lost.terms) > 1 else 'is'} dropped"
    if extra and not lost:
        return f"the term{'s' * (len(extra.terms) > 1)} {extra} {'are' if len(extra.terms) > 1 else 'is'} too much"
    wrong, right = list(extra.monomials()), list(lost.monomials())
    if len(wrong) == len(right):
        ratios = {a / b for a, b in zip(wrong, right, strict=True)}
        if len(ratios) == 1:
            return f"in {extra}, which should be {lost}, {of_factor(Quotient(ratios.pop()))}"
    return of_both(printed, derived)


def of_both(printed: Polynomial, derived: Polynomial) -> str:
    """Some terms dropped, and one factor between the others."""
    kept = Polynomial({e: c for e, c in derived.terms.items() if e in printed.terms})
    if not kept or len(kept.terms) != len(printed.terms):
        return ""
    slip = of_factor(Quotient(printed, kept))
    return slip and f"{slip}, and {derived - kept} is dropped"


def parts(one: Polynomial, other: Polynomial) -> Polynomial:
    """The terms of a sum that do not stand in the other just so."""
    return Polynomial({e: c for e, c in one.terms.items() if other.terms.get(e) != c})


def dropped_ops(rest: Polynomial, terms: tuple[Term, ...]) -> str:
    """The op, or the place, whose terms make up `rest`."""
    if not rest:
        return ""
    groups: dict[str, list[Polynomial]] = {}
    for term in terms:
        for name in (term.op, term.place):
            groups.setdefault(name, []).append(term.amount)
    found = next((name for name, amounts in groups.items() if total(amounts) == rest), "")
    return found and f"{found} ({python(rest)})"


def responsible(printed: Quotient, derived: Quotient, terms: Iterable[Term]) -> list[Term]:
    """The terms of the derivation that contribute to what differs."""
    if not (printed.is_polynomial and derived.is_polynomial):
        return list(terms)
    wrong: set[Exponents] = set((derived - printed).numerator.terms)
    return [term for term in terms if wrong & set(term.amount.terms)]
