"""Worked numbers as a person reads them: four digits, a prefix, and both kinds of prefix for bytes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from costgraph.algebra.quantities import Quantity, digits, prefixed, show
from costgraph.algebra.symbols import SYMBOLS, Rational
from costgraph.algebra.units import BINARY, DECIMAL, SECOND

SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def readable(number: Rational, unit: str) -> str:
    """A number with its unit, rounded to four digits."""
    amount = Fraction(number)
    if unit in ("byte", "bytes", "byte sent per device"):
        return f"{prefixed(amount, DECIMAL, 'B')} = {prefixed(amount, BINARY, 'B')}"
    if unit in ("FLOP", "FLOP/s"):
        return prefixed(amount, DECIMAL, unit)
    if unit == "bytes/s":
        return prefixed(amount, DECIMAL, "B/s")
    if unit == "s":
        return show(Quantity(amount, SECOND))
    if amount >= 10**6:
        exponent = (len(str(int(amount))) - 1) // 3 * 3
        return f"{float(amount / 10**exponent):.4g} × 10{str(exponent).translate(SUPERSCRIPT)}"
    return f"{int(amount)}" if amount.denominator == 1 else digits(amount)


def typical(name: str, sizes: Mapping[str, Rational]) -> str:
    """The size of a symbol in the reference model, rates and capacities with a prefix; nothing where others make it."""
    symbol, size = SYMBOLS[name], sizes.get(name)
    if size is None or name == "N_params":  # follows from the others
        return ""
    if symbol.unit in ("FLOP/s", "bytes/s"):
        return readable(size, symbol.unit)
    if symbol.unit == "USD/s":
        return f"{digits(Fraction(size) * 3600)} USD/h"
    return prefixed(Fraction(size), BINARY, "B") if symbol.unit == "bytes" and size >= 10**6 else str(size)
