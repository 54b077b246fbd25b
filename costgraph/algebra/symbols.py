"""The symbol table: every letter costgraph knows, with its meaning, unit, domain and typesetting.

The order of the table is the order in which symbols are printed. Nothing else makes sympy symbols, so that assumptions
(positive, integer) are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Literal

from costgraph.errors import UserError, unknown
from costgraph.records import dataclass

if TYPE_CHECKING:
    import sympy

Domain = Literal["positive integer", "positive rational"]
Rational = int | Fraction


Group = Literal[
    "core", "attention", "latent attention", "mlp", "experts", "state space", "adapter", "mesh", "precision", "machine",
    "matrix", "own",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    """One letter of the notation: the base letter says what kind of size it is, the subscript of what.

    `typical` is its size in a large model of the literature (GPT-3 on 8 devices); it only decides which term of a sum
    is called the leading one when a form is printed, and never enters a result. A symbol of a group that is not `core`
    is read only where the model in question has it.
    """

    name: str
    tex: str
    unit: str
    meaning: str
    domain: Domain
    typical: Rational
    group: Group = "own"


COUNT: Domain = "positive integer"
RATIO: Domain = "positive rational"
TABLE: tuple[Symbol, ...] = (  # in printing order; of two that differ in case alone exports rename the second
    Symbol("B", "B", "sequences", "batch size", COUNT, 1, "core"),
    Symbol("S", "S", "tokens", "sequence length; in decode, positions attended to", COUNT, 2048, "core"),
    Symbol("S_e", "S_{e}", "tokens", "length of the sequence that an encoder reads", COUNT, 512, "attention"),
    Symbol("S_w", "S_{w}", "tokens", "positions inside the window, min(S, W)", COUNT, 2048, "attention"),
    Symbol("S_k", "S_{k}", "tokens", "positions of a window that are kept between steps", COUNT, 2048, "attention"),
    Symbol("L", "L", "", "number of layers (transformer blocks)", COUNT, 96, "core"),
    Symbol("D", "D", "", "hidden width", COUNT, 12288, "core"),
    Symbol("A", "A", "", "number of attention (query) heads", COUNT, 96, "core"),
    Symbol("G", "G", "", "number of key/value heads", COUNT, 96, "core"),
    Symbol("H", "H", "", "width of a head", COUNT, 128, "attention"),
    Symbol("W", "W", "tokens", "window: positions that a query sees, its own included", COUNT, 4096, "attention"),
    Symbol("R_q", "R_{q}", "", "rank of the latent of queries", COUNT, 1536, "latent attention"),
    Symbol("R_kv", r"R_{\mathrm{kv}}", "", "rank of the latent of keys and values", COUNT, 512, "latent attention"),
    Symbol("H_n", "H_{n}", "", "width of a head's part without position", COUNT, 128, "latent attention"),
    Symbol("H_r", "H_{r}", "", "width of a head's rotary part", COUNT, 64, "latent attention"),
    Symbol("H_v", "H_{v}", "", "width of a head's value", COUNT, 128, "latent attention"),
    Symbol("E", "E", "", "expansion factor of the MLP", RATIO, 4, "core"),
    Symbol("F", "F", "", "width of the MLP", COUNT, 49152, "mlp"),
    Symbol("N_r", "N_{r}", "", "number of routed experts", COUNT, 256, "experts"),
    Symbol("K_r", "K_{r}", "", "routed experts that a token is sent to", COUNT, 8, "experts"),
    Symbol(
        "N_hit", r"N_{\mathrm{hit}}", "", "routed experts that tokens of a step reach, at most", COUNT, 256, "experts",
    ),
    Symbol(
        "K_hit", r"K_{\mathrm{hit}}", "", "routed experts of the fullest device that a token reaches, at least",
        COUNT, 1, "experts",
    ),
    Symbol("N_s", "N_{s}", "", "number of shared experts", COUNT, 1, "experts"),
    Symbol("F_e", "F_{e}", "", "width of an expert", COUNT, 2048, "experts"),
    Symbol("A_s", "A_{s}", "", "number of heads of the state space", COUNT, 64, "state space"),
    Symbol("H_s", "H_{s}", "", "width of a head of the state space", COUNT, 64, "state space"),
    Symbol("D_s", "D_{s}", "", "width of the state", COUNT, 128, "state space"),
    Symbol("G_s", "G_{s}", "", "number of groups that share state matrices", COUNT, 1, "state space"),
    Symbol("K_s", "K_{s}", "tokens", "width of the convolution before the state space", COUNT, 4, "state space"),
    Symbol("Q_s", "Q_{s}", "tokens", "chunk of positions that a scan takes at once", COUNT, 256, "state space"),
    Symbol("N_c", "N_{c}", "", "chunks that a scan takes one after the other", COUNT, 8, "state space"),
    Symbol("V", "V", "", "vocabulary size", COUNT, 50257, "core"),
    Symbol("K", "K", "tokens", "block size: longest sequence with a learned position", COUNT, 2048, "core"),
    Symbol("R_a", "R_{a}", "", "rank of an adapter", COUNT, 16, "adapter"),
    Symbol("T", "T", "devices", "tensor-parallel degree", COUNT, 8, "core"),
    Symbol("p", "p", "bytes/element", "bytes per element of weights and activations", RATIO, 2, "core"),
    Symbol("p_w", "p_{w}", "bytes/element", "bytes per element of weights", RATIO, 2, "precision"),
    Symbol("p_kv", r"p_{\mathrm{kv}}", "bytes/element", "bytes per element of the cache", RATIO, 2, "precision"),
    Symbol("p_logits", r"p_{\mathrm{logits}}", "bytes/element", "bytes per element of logits", RATIO, 4, "precision"),
    Symbol("N_params", r"N_{\mathrm{params}}", "parameters", "number of parameters", COUNT, 10**11, "core"),
    Symbol("hbm", r"M_{\mathrm{hbm}}", "bytes", "memory of one device", RATIO, 80 * 2**30, "machine"),
    Symbol(
        "lambda_flops", r"\lambda_{\mathrm{FLOP/s}}", "FLOP/s", "peak compute rate of one device",
        RATIO, 312 * 10**12, "machine",
    ),
    Symbol(
        "lambda_mem", r"\lambda_{\mathrm{mem}}", "bytes/s", "memory bandwidth of one device",
        RATIO, 2 * 10**12, "machine",
    ),
    Symbol(
        "lambda_comms", r"\lambda_{\mathrm{comms}}", "bytes/s", "link bandwidth of one device, one direction",
        RATIO, 3 * 10**11, "machine",
    ),
    Symbol(
        "lambda_node", r"\lambda_{\mathrm{node}}", "bytes/s",
        "bandwidth of one device within a node, beyond what its first link joins", RATIO, 3 * 10**10, "machine",
    ),
    Symbol(
        "lambda_net", r"\lambda_{\mathrm{net}}", "bytes/s", "network bandwidth of one device, one direction",
        RATIO, 5 * 10**10, "machine",
    ),
    Symbol("price", r"c_{\mathrm{device}}", "USD/s", "price of one device", RATIO, Fraction(1, 1800), "machine"),
    Symbol("m", "m", "", "rows of a matrix product", COUNT, 4096, "matrix"),
    Symbol("n", "n", "", "columns of a matrix product; a count", COUNT, 4096, "matrix"),
    Symbol("k", "k", "", "summed size of a matrix product", COUNT, 4096, "matrix"),
    Symbol("t", "t", "s", "a duration", RATIO, 1, "machine"),
    Symbol("N_d", "N_{d}", "devices", "data-parallel degree", COUNT, 8, "mesh"),
    Symbol("N_h", "N_{h}", "", "replicas of a group over which a model is cut", COUNT, 2, "mesh"),
    Symbol("C", "C", "devices", "context-parallel degree", COUNT, 4, "mesh"),
    Symbol("C_h", "C_{h}", "devices", "devices of a context axis that split heads", COUNT, 2, "mesh"),
    Symbol("X", "X", "devices", "expert-parallel degree", COUNT, 8, "mesh"),
    Symbol("Y", "Y", "devices", "degree to which the hidden width is split", COUNT, 2, "mesh"),
    Symbol("P", "P", "devices", "pipeline-parallel degree, the number of stages", COUNT, 8, "mesh"),
    Symbol("M", "M", "", "number of microbatches", COUNT, 32, "mesh"),
    Symbol("v", "v", "", "chunks of layers that a stage of an interleaved pipeline holds", COUNT, 2, "mesh"),
)  # fmt: skip
SYMBOLS: dict[str, Symbol] = {symbol.name: symbol for symbol in TABLE}
EVERYWHERE = ("core", "machine", "matrix")  # groups whose symbols are read in every question
NAMES: list[str] = list(SYMBOLS)  # in the order of the table; symbols that are declared later come last
INDEX: dict[str, int] = {name: i for i, name in enumerate(NAMES)}
INFINITY = "oo"
OF_A_MESH = "pipeline(P), data(N_d), context(C), experts(X), width(Y), tensor(T), microbatches(M)"


class Symbols(frozenset[str]):
    """The symbols that may occur in a question, and among them `own`, those of what is asked about itself."""

    own: frozenset[str]

    @classmethod
    def of(cls, own: frozenset[str]) -> Symbols:
        """These, and those that are read in every question."""
        found = cls(own | {symbol.name for symbol in SYMBOLS.values() if symbol.group in EVERYWHERE})
        found.own = own
        return found


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


def lookup(
    name: str, symbols: Container[str] | None = None, expected: str = "symbol", also: Iterable[str] = ()
) -> Symbol:
    """The symbol called `name`.

    Args:
        name: of the symbol.
        symbols: those that can occur in what was asked; any of the table unless given.
        expected: what a name may stand for, for the message.
        also: names that are no symbols and would do, too.

    Raises:
        UserError: no symbol has that name, or it cannot occur; the message lists the nearest.
    """
    if name in SYMBOLS and (symbols is None or name in symbols):
        return SYMBOLS[name]
    if name in SYMBOLS:
        remedy = f"; axes of --mesh have degrees: {OF_A_MESH}" if SYMBOLS[name].group == "mesh" or name == "T" else ""
        raise UserError(f"{name} ({SYMBOLS[name].meaning}) is no size of this model{remedy}")
    known = (*also, *(one for one in SYMBOLS if symbols is None or one in symbols))
    raise unknown(expected, name, dict.fromkeys(known))


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
