"""Lone numbers with a magnitude or a unit behind them: `4k`, `1.5M`, `128Ki`, `80GB`.

k, M, B and T are powers of 1000, Ki, Mi, Gi and Ti of 1024. They are read where a number alone is wanted; in a formula
`7B` is 7 times the batch.
"""

from __future__ import annotations

import re
from fractions import Fraction

from costgraph.algebra.quantities import quantity
from costgraph.algebra.spelling import ungrouped
from costgraph.algebra.symbols import Rational
from costgraph.algebra.units import BINARY, DECIMAL, NONE, UNITS, of_quantity
from costgraph.errors import UserError

SCALES: dict[str, int] = {
    **{name: DECIMAL[name] for name in ("k", "M", "T")},
    "B": DECIMAL["G"],  # billions, as models are named
    **{name: BINARY[name] for name in ("Ki", "Mi", "Gi", "Ti")},
}
LONE = re.compile(r"\s*([0-9]{1,30}(?:\.[0-9]{1,30})?)\s*([A-Za-zµ][A-Za-zµ/]{0,19})\s*")


def lone(text: str) -> Rational | None:
    """The value of a lone number with a magnitude; None if the text is anything else.

    Raises:
        UserError: `4K`, which has three readings.
    """
    found = LONE.fullmatch(ungrouped(text)[0].replace("_", ""))
    if not found:
        return None
    number, suffix = found.groups()
    if suffix == "K":
        readings = f"{number}k (thousands), {number}Ki (1024s) and {number}*K (K is a symbol)"
        raise UserError(f"'{text.strip()}' has three readings: {readings}; write one of them")
    if suffix not in SCALES:
        return None
    value = Fraction(number) * SCALES[suffix]
    return value.numerator if value.denominator == 1 else value


def lone_for(name: str, text: str) -> Rational | None:
    """The same for a symbol, which may be measured in a unit: `hbm=80GB`.

    Raises:
        UserError: a unit of something else, or what has several readings.
    """
    found = LONE.fullmatch(ungrouped(text)[0].replace("_", ""))
    if not found:
        return None
    dimension = of_quantity(name)
    if dimension != NONE:
        return quantity(text, dimension).value
    if len(found[2]) > 1 and found[2] in UNITS:
        scale = next((one for one in (found[2][0].replace("K", "k"), found[2][:2]) if one in SCALES), "")
        counted = (
            f"{name}={found[1]}{scale}" if scale else f"{name}={found[1]}, or one of {', '.join(SCALES)} behind it"
        )
        raise UserError(f"{found[2]} is a unit, and {name} a number; write {counted}")
    return lone(text)
