"""FLOPs out of a time, a rate or a share of a peak: `6*N*B*S/(312e12*dt)` is an MFU of `6*N*B*S` FLOPs.

What is a time, a peak or a number of devices is told by its name, and a peak that is a number by the catalog. What is
made of anything else (bandwidths, several peaks) is not read.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

from costgraph.errors import shorten
from costgraph.hardware.catalog import catalog, machine
from costgraph.library.auditing.code_shapes import UnreadError
from costgraph.library.auditing.named_sizes import size_named
from costgraph.library.auditing.names import RATE, rate_of

# How often a peak, a time and the FLOPs stand in what is of a kind; the last where it is over them.
SHAPES = {
    "share": {"peak": -1, "time": -1, "flops": 1}, "tokens": {"peak": 1, "flops": -1},
    "achieved": {"time": -1, "flops": 1}, "time": {"peak": -1, "flops": 1},
}  # fmt: skip
PEAK = re.compile(
    r"(peak|promised|hardware|device|gpu|chip|theoretical|lambda|max)\w*?_?([tgp]?)flops?\w*|([tgp]?)flops_promised|peak"
)
DEVICES = r"gpus?|devices?|chips?|ranks?|accelerators?"
THROUGHPUT = re.compile(r"\w*tok(en)?s?_?per_?s(ec|econd)?\w*|throughput\w*")  # as many tokens in a second
OTHERS = (
    ("bandwidth", re.compile(r"\w*(bandwidth|mem_?bw|hbm_?bw|lambda_mem)\w*|bw")),
    ("share", re.compile(r"\w*(mfu|hfu|efficiency|utili[sz]ation)\w*|eff")),
    ("devices", re.compile(rf"(n|num|number_of)_?({DEVICES})|world_size|(gpu|device|chip)_count")),
)
NO_FLOPS = "a rate or a time, which no graph has; FLOPs are read out of one where one peak or one time is named"
WHERE = ("peak", "time", "throughput")  # factors that stand above or below the line, and not on either side
SCALES = {"": 1, "g": 10**9, "t": 10**12, "p": 10**15}
SECONDS = {"ms": Fraction(1, 1000), "us": Fraction(1, 10**6)}
Factor = tuple[ast.expr, int]


def flops_in(text: str, name: str) -> tuple[str, str]:
    """The FLOPs that a time, a rate or a share is made of, as a formula, and what they are per: `token`, or "".

    Args:
        text: of the formula.
        name: that says what it is, as `rate_of` reads it.

    Raises:
        UnreadError: it has not one peak, or one time, as one of its kind has, or something that is neither.
    """
    shape = SHAPES[kind := rate_of(name)]
    found: Counter[str] = Counter()
    parts: dict[int, list[str]] = {1: [], -1: []}
    times = next((size for word, size in SECONDS.items() if re.search(rf"(^|_){word}(_|$)", name)), Fraction(1))
    try:
        whole = ast.parse(text, mode="eval").body
    except SyntaxError:  # of a paper
        raise UnreadError(NO_FLOPS) from None
    for node, power in factors(whole, 1):
        what, size = meaning(node)
        if kind == "share" and isinstance(node, ast.Constant) and node.value == 100 and power > 0:  # per cent
            what = "share"
        found[what] += 1
        if what == "flops":
            parts[power * shape["flops"]].append(f"({ast.unparse(node)})")
        elif what in WHERE and power != (1 if what == "throughput" else shape.get(what, 0)):
            raise UnreadError(f"{NO_FLOPS} ('{shorten(ast.unparse(node), 60)}' stands where no {kind} has it)")
        times *= size
    counted = found["flops"] > 1 or re.search(r"[*+]", "".join(parts[1]))
    per = "token" if found["throughput"] == 1 and shape.get("time") == -1 else ""
    found["time"] += bool(per)
    if found["bandwidth"] or not counted or any(found[what] != 1 for what in shape if what != "flops"):
        raise UnreadError(NO_FLOPS)
    above = "*".join([*parts[1], *([f"({times})"] if times != 1 else [])])
    return (f"{above}/({'*'.join(parts[-1])})" if parts[-1] else above), per


def factors(node: ast.expr, power: int) -> Iterator[Factor]:
    """What a formula is a product of, above and below the line."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            yield from factors(left, power)
            yield from factors(right, power)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            yield from factors(left, power)
            yield from factors(right, -power)
        case _:
            yield node, power


def meaning(node: ast.expr) -> tuple[str, int]:
    """What a factor is, and how many of its unit it is in."""
    if isinstance(node, ast.Constant):
        return ("peak" if node.value in peaks() else "flops"), 1
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    said = name.lower()
    for what, pattern in OTHERS:
        if said and pattern.fullmatch(said):
            return what, 1
    if said and (found := PEAK.fullmatch(said)):
        return "peak", SCALES[found[2] or found[3] or ""]
    if said and THROUGHPUT.fullmatch(said):
        return "throughput", 1
    if said and not size_named(name) and RATE.fullmatch(said):
        return "time", 1
    return "flops", 1


@cache
def peaks() -> frozenset[Fraction]:
    """The rates of all machines of the catalog, in FLOP/s."""
    return frozenset(
        one.quantity.value for name in catalog() for one in machine(name).peaks.values() if one.quantity.value >= 10**12
    )
