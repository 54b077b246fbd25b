"""Numbers that show to how many digits they hold: `8.78e13`, `24 GiB`, `6.7B`."""

from __future__ import annotations

import re
from fractions import Fraction

from costgraph.library.judging.statement import decimal
from costgraph.records import dataclass

ROUNDED = re.compile(r"\d[\d,]*\.\d*(e[+-]?\d+)?|\d[\d,]*e[+-]?\d+")
SCALED = re.compile(r"(\d[\d,]*(?:\.\d*)?(?:e[+-]?\d+)?) *\*? *(?:([kKMGT])(i?)B|([MBT]))")  # 16.1 GB, 24 GiB, 6.7B
MAGNITUDES = {"M": 10**6, "B": 10**9, "T": 10**12}


@dataclass(frozen=True)
class Rounded:
    """A number, half a unit of its last digit, and of which power of 1000 or 1024 bytes its unit is; 0 without one."""

    value: Fraction
    half: Fraction
    power: int = 0

    def holds(self, exact: Fraction) -> bool:
        """Whether it is what a number is when rounded; half a unit away is as well another one."""
        return abs(exact - self.value) < self.half


def rounded(text: str) -> Rounded | None:
    """A number that shows to how many digits it holds; None if it is none.

    Raises:
        UserError: too many digits.
    """
    if ROUNDED.fullmatch(text):
        return Rounded(*decimal(text))
    if not (found := SCALED.fullmatch(text)):
        return None
    digits, prefix, binary, magnitude = found.groups()
    power = "KMGT".index(prefix.upper()) + 1 if prefix else 0
    scale = MAGNITUDES[magnitude] if magnitude else (1024 if binary else 1000) ** power
    value, half = decimal(digits)
    return Rounded(value * scale, half * scale, power)
