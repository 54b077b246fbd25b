"""The symbol table: every letter costgraph knows, with its meaning, unit, domain and typesetting.

The order of the table is the order in which symbols are printed. Nothing else makes sympy symbols, so that assumptions
(positive, integer) are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Literal

from costgraph.errors import UserError, unknown

if TYPE_CHECKING:
    import sympy

Domain = Literal["positive integer", "positive rational"]
Rational = int | Fraction


@dataclass(frozen=True, slots=True)
class Symbol:
    """One letter of the notation.

    `typical` is its size in a large model of the literature (GPT-3 on 8 devices); it only decides which term of a sum
    is called the leading one when a form is printed, and never enters a result.
    """

    name: str
    tex: str
    unit: str
    meaning: str
    domain: Domain
    typical: Rational


SYMBOLS: dict[str, Symbol] = {
    symbol.name: symbol
    for symbol in (
        Symbol("B", "B", "sequences", "batch size", "positive integer", 1),
        Symbol("S", "S", "tokens", "sequence length; in decode, positions attended to", "positive integer", 2048),
        Symbol("L", "L", "", "number of layers (transformer blocks)", "positive integer", 96),
        Symbol("D", "D", "", "hidden width", "positive integer", 12288),
        Symbol("A", "A", "", "number of attention (query) heads", "positive integer", 96),
        Symbol("G", "G", "", "number of key/value heads", "positive integer", 96),
        Symbol("E", "E", "", "expansion factor of the MLP", "positive rational", 4),
        Symbol("V", "V", "", "vocabulary size", "positive integer", 50257),
        Symbol("K", "K", "tokens", "block size: longest sequence with a learned position", "positive integer", 2048),
        Symbol("T", "T", "devices", "tensor-parallel degree", "positive integer", 8),
        Symbol("p", "p", "bytes/element", "bytes per element of weights and activations", "positive rational", 2),
        Symbol("N_params", r"N_{\mathrm{params}}", "parameters", "number of parameters", "positive integer", 10**11),
        Symbol("hbm", r"M_{\mathrm{hbm}}", "bytes", "memory of one device", "positive rational", 80 * 2**30),
        Symbol(
            "lambda_flops", r"\lambda_{\mathrm{FLOP/s}}", "FLOP/s", "peak compute rate of one device",
            "positive rational", 312 * 10**12,
        ),
        Symbol(
            "lambda_mem", r"\lambda_{\mathrm{mem}}", "bytes/s", "memory bandwidth of one device",
            "positive rational", 2 * 10**12,
        ),
        Symbol(
            "lambda_comms", r"\lambda_{\mathrm{comms}}", "bytes/s", "link bandwidth of one device, one direction",
            "positive rational", 3 * 10**11,
        ),
        Symbol("m", "m", "", "rows of a matrix product", "positive integer", 4096),
        Symbol("n", "n", "", "columns of a matrix product; a count", "positive integer", 4096),
        Symbol("k", "k", "", "summed size of a matrix product", "positive integer", 4096),
        Symbol("t", "t", "s", "a duration", "positive rational", 1),
    )
}  # fmt: skip
NAMES: list[str] = list(SYMBOLS)  # in the order of the table; symbols that are declared later come last
INDEX: dict[str, int] = {name: i for i, name in enumerate(NAMES)}
INFINITY = "oo"


def in_order(names: Iterable[str]) -> list[str]:
    """Names of symbols in the order of the table, in which they are printed; names that are not in it last, by name."""
    return sorted(names, key=lambda name: (INDEX.get(name, len(INDEX)), name))


def declare(symbol: Symbol) -> Symbol:
    """Add a symbol to the end of the table, for instance one that a block of a model brings along.

    Returns:
        The symbol in the table. Declaring an equal one again changes nothing.

    Raises:
        UserError: the name is no name, or stands for something else already.
    """
    known = SYMBOLS.get(symbol.name, symbol)
    if known != symbol:
        raise UserError(f"symbol {symbol.name} ({symbol.meaning}): {symbol.name} is the {known.meaning} already")
    if not (symbol.name.isascii() and symbol.name.isidentifier()) or symbol.name == INFINITY:
        raise UserError(f"'{symbol.name}' cannot be a symbol: write letters, digits and _, and a letter first")
    if symbol.name not in SYMBOLS:
        INDEX[symbol.name] = len(NAMES)
        NAMES.append(symbol.name)
        SYMBOLS[symbol.name] = symbol
    return known


def lookup(name: str) -> Symbol:
    """The symbol called `name`.

    Raises:
        UserError: no symbol has that name; the message lists the nearest.
    """
    if name not in SYMBOLS:
        raise unknown("symbol", name, SYMBOLS)
    return SYMBOLS[name]


def check_domain(name: str, value: Rational) -> None:
    """Refuse a value that the symbol cannot take, such as `p=0` or `T=1/2`."""
    symbol = lookup(name)
    whole = symbol.domain == "positive integer"
    if value <= 0 or (whole and Fraction(value).denominator != 1):
        raise UserError(f"{name}={value}: {name} ({symbol.meaning}) must be a {symbol.domain}")


@cache
def sympy_symbol(name: str) -> sympy.Symbol:
    """The one sympy symbol for a letter of the table, positive, and integer where its domain says so."""
    import sympy

    return sympy.Symbol(name, positive=True, integer=True if lookup(name).domain == "positive integer" else None)
