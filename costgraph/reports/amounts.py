"""Amounts for reading: rounded, with a prefix and a unit."""

from __future__ import annotations

from fractions import Fraction

from costgraph.algebra.quantities import Quantity, rounded
from costgraph.algebra.symbols import Rational
from costgraph.algebra.units import BYTE, SECOND


def readable(number: Rational, unit: str) -> str:
    """A large exact number once more, rounded, with its binary and its decimal prefix."""
    if not 1 <= number < 10**30:
        return ""
    amount = float(Fraction(number))
    if unit.startswith("byte"):
        binary, decimal = prefixed(amount, 1024, ("", "Ki", "Mi", "Gi", "Ti", "Pi")), prefixed(amount, 1000, SI)
        return f" ({binary}B = {decimal}B)" if amount >= 1024 else ""
    return f" ({amount:.4g})" if amount >= 1e6 else ""


SI = ("", "k", "M", "G", "T", "P", "E")


def prefixed(amount: float, step: int, prefixes: tuple[str, ...]) -> str:
    """`amount` with the largest prefix that leaves it at least 1."""
    at = 0
    while amount >= step and at < len(prefixes) - 1:
        amount, at = amount / step, at + 1
    return f"{amount:.4g} {prefixes[at]}"


def byte(amount: Fraction | int) -> str:
    """`80 GiB = 85.9 GB`."""
    return str(Quantity(Fraction(amount), BYTE))


def aside(amount: Fraction) -> str:
    """`80 GiB (85.9 GB)`, for use in a sentence."""
    binary, _, decimal = byte(amount).partition(" = ")
    return f"{binary} ({decimal})" if decimal else binary


def second(amount: Fraction) -> str:
    """`23.33 ms`."""
    return str(Quantity(amount, SECOND))


def grouped(amount: Fraction) -> str:
    """`205,457` of what is large, `23.33` of what is not."""
    return f"{round(amount):,}" if amount >= 1000 else rounded(amount)


def percent(share: Fraction) -> str:
    """`86.0 %`."""
    return f"{rounded(share * 100, 3)} %"
