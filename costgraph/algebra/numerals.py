"""Numbers of Python as what a person wrote: `0.3` is 3/10, as where text is read, and not the double nearest to it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import isfinite
from numbers import Rational as Exact
from numbers import Real


def exact_number(given: object) -> Fraction | None:
    """The number that was written: of a float the shortest decimal that is this float; None of what is no number.

    NumPy's numbers are read likewise, those of single precision by their own shortest decimal.
    """
    match given:
        case bool():
            return None
        case Exact():
            return Fraction(int(given.numerator), int(given.denominator))  # of NumPy's integers none has a bit_length
        case float() if isfinite(given):
            return Fraction(float.__repr__(given))
        case Decimal() if given.is_finite():
            return Fraction(given)
        case Real() if isfinite(given):
            return Fraction(str(given))
    return None
