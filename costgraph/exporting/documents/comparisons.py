"""What the cheat sheet compares: machines, models, and costs at the sizes where two of them are equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

from costgraph.algebra.inequalities import Condition
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.derivation import formed
from costgraph.errors import UserError
from costgraph.exporting.documents import citations
from costgraph.exporting.documents.amounts import readable
from costgraph.exporting.documents.cheatsheet import asked_of, at
from costgraph.exporting.documents.contents import CROSSOVERS, Crossover
from costgraph.exporting.documents.layout import Layout
from costgraph.exporting.documents.markup import Math
from costgraph.exporting.documents.mathematics import WIDE, Record, arms, formula, is_long, one_fraction, record, width
from costgraph.exporting.escapes import Verbatim
from costgraph.hardware.catalog import machine
from costgraph.models.known import model
from costgraph.setup import Setup
from costgraph.solving.solution import solve

MODELS = ("bert-large", "falcon-40b", "gpt-3", "llama-2-7b", "opt-175b")  # of which the sheet has a table
MACHINES = (  # of which it has another; two pages hold no more
    "a10", "a100-40gb-sxm", "a100-80gb-pcie", "a100-80gb-sxm", "b200", "b300", "gb200", "h100-pcie", "h100-sxm", "h200",
    "l4", "l40s", "mi300x", "mi355x", "rtx-4090", "t4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "v100-sxm2",
)  # fmt: skip
LONGEST = 24  # characters of a domain that stands in front of a formula
UNITS = {"B*S": "tokens"}  # of products that are solved for; a symbol has its own


def machines() -> list[dict[str, str]]:
    """Some machines: memory, bandwidth, dense peak of the usual data type, ridge point, first link in one direction."""
    found = []
    for name in MACHINES:
        one = machine(name)
        link = one.link()
        found.append(
            {
                "title": one.title,
                "memory": f"{float(one.memory.quantity.value) / 2**30:.4g}",
                "bandwidth": f"{float(one.bandwidth.quantity.value) / 1e12:.4g}",
                "peak": f"{float(one.rate().value) / 1e12:.4g}",
                "dtype": one.dtype,
                "ridge": f"{float(one.ridge().value):.4g}",
                "link": f"{float(link.per_device.value) / 1e9:.4g}" if link else "",
            }
        )
    return found


def models() -> list[dict[str, str]]:
    """Some known models, counted exactly: parameters, weights, FLOPs of one token, cache of one token, both in bf16."""
    found = []
    for name in MODELS:
        one = model(name)
        sizes = {n: v.number for n, v in one.bindings.items() if v.number is not None} | {"B": 1, "S": 1, "p": 2}
        forms = dict(formed(Setup.of(model=one, phase="forward", convention="exact"), ("params", "flops")).forms)
        with suppress(UserError):  # an encoder has no cache
            forms |= formed(Setup.of(model=one, phase="decode", convention="exact"), ("cache",)).forms
        params, flops, cache = (
            at(forms[measure].value, sizes) if measure in forms else None for measure in ("params", "flops", "cache")
        )
        found.append(
            {
                "title": one.title,
                **{n: str(sizes.get(n, "")) for n in ("L", "D", "A")},
                "params": readable(params or 0, ""),
                "weights": f"{float(Fraction(params or 0) * 2 / 2**30):.4g}",
                "flops": f"{float(Fraction(flops or 0)) / 1e9:.4g}",
                "cache": "" if cache is None else f"{float(Fraction(cache)) / 2**10:.4g}",
            }
        )
    return found


def crossovers(setup: Setup, layout: Layout, phase: str | None = None) -> Iterator[Record]:
    """Where two costs are equal, solved, in one phase or all; what the op set has no such costs for is left out."""
    for asked in CROSSOVERS:
        if phase not in (None, asked.phase or "train"):
            continue
        try:
            yield from crossover(asked, setup, layout)
        except UserError:
            continue


def crossover(asked: Crossover, setup: Setup, layout: Layout) -> Iterator[Record]:
    """One question with its answer, the domain in which it holds, and a number."""
    answer = solve(asked.question, asked.unknown, **asked_of(setup, asked.phase or "train", asked.passes))
    if len(answer.solutions) != 1:
        return
    case, math = answer.solutions[0].case, layout.math
    root = case.high or case.low
    if root is None or (value := root.plain) is None:
        return
    sign = math.equals if case.low == case.high else math.at_most if case.high else math.at_least
    left = " ".join(math.style.symbol(name).strip() for name in asked.unknown.split("*"))
    domain = conditions(case.conditions, math)
    length = sum(width(Quotient(side), math) for claim in case.conditions for side in claim.sides)
    at = domain if length <= LONGEST else ""
    cited = [one for one in citations.of(asked.published) if citations.equal(one, value)]
    unit = UNITS.get(asked.unknown) or SYMBOLS[asked.unknown].unit
    if is_long(value, math):
        lines = arms(value, math, ("sum", "divisor"), at, left + sign)
    else:
        lines = [record(left + sign + one_fraction(value, math), at)]
    if domain and not at:
        broken = conditions(case.conditions, replace(math, tall=math.style)) if length > WIDE else ""
        lines.append(record(domain, Verbatim(math.word("if")), broken))
    yield layout.made(asked.label, unit, cited, lines, value, answer.definitions)


def conditions(claims: Iterable[Condition], math: Math) -> Verbatim:
    """What must hold, in the language of the document."""
    return Verbatim(math.comma.join(condition(claim, math) for claim in claims))


def condition(claim: Condition, math: Math) -> str:
    """`E > 2` in the language of the document."""
    if (solved := claim.solved) is not None:
        name, sign, number = solved
        return math.style.symbol(name) + (math.greater if sign == ">" else math.less) + formula(number, math)
    left, right = (formula(Quotient(side), math) for side in claim.sides)
    return left + math.greater + right
