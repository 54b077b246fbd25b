"""An allowance for memory that is not modelled, as a user types it: `peak(allowance=2 GiB)`."""

from __future__ import annotations

import re
from fractions import Fraction

from costgraph.algebra.expression import Name, Node, Number, Product
from costgraph.algebra.parser import Reader
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import Rational
from costgraph.algebra.units import BYTE, FACTORS, UNITS

KEY = "allowance"
BYTES = {name: unit.scale for name, unit in FACTORS.items() if unit.dimension == BYTE and name in UNITS}
TYPED = re.compile(rf"(?<=[\d.]) ?(?= *(?:{'|'.join(sorted(BYTES, key=len, reverse=True))})\b)")  # `2 GiB`


def counted(text: str) -> str:
    """A question in which `2 GiB` is a product."""
    return TYPED.sub("*", text)


def allowance(value: Node, reader: Reader) -> Polynomial:
    """Bytes that are set aside.

    Raises:
        UserError: no number with a unit of bytes, or none above 0.
    """
    match value:
        case Product(Number(number), Name(unit)) if unit in BYTES and number > 0:
            return Polynomial.constant(number * BYTES[unit])
    raise reader.refuse(value, f"an {KEY} is bytes with their unit, as in {KEY}=2 GiB")


def written(size: Rational) -> str:
    """Bytes as one would type them, exactly: in the largest unit of which they are a whole number."""
    scales = {scale: name for name, scale in BYTES.items() if scale > 1}
    fitting = [scale for scale in scales if Fraction(size, scale).denominator == 1]
    return f"{Fraction(size, max(fitting))} {scales[max(fitting)]}" if fitting else f"{size} byte"
