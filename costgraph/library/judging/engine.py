"""What entries are compared with: requests to the engine, and names in the expressions of an entry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cache, cached_property, lru_cache

from costgraph.algebra.bindings import Typed, parse_bindings
from costgraph.algebra.limits import limit
from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.printers import python
from costgraph.algebra.quantities import Quantity
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import Rational
from costgraph.derivation import Derivation, formed
from costgraph.errors import UserError, shorten, unknown
from costgraph.given import WIDTHS, read_names
from costgraph.graph.einsum import parse_spec
from costgraph.graph.graph import Graph
from costgraph.hardware.catalog import machine
from costgraph.library.entries.entry import Entry, Request
from costgraph.library.judging.calculator import Comparison, calculate, comparisons, meant, true
from costgraph.precision import STATES
from costgraph.provenance import Term
from costgraph.records import replace
from costgraph.setup import Setup

WAYS = ("reads", "writes")  # parts of traffic
PARTS = {"states": STATES, "in_flight": ("inputs", "weights")}  # of other measures
CHANGE = Quotient(10**40 + 1)  # no rounding hides it
WORD = re.compile(r"[A-Za-z_]\w*")


@cache
def derivation(request: Request) -> Derivation:
    """The derivation that a request asks for; what differs in the terms that are chosen from it shares it."""
    if request.ops or request.sources or request.part or request.tensor or request.structure:
        return derivation(replace(request, ops=(), sources=(), part="", tensor="", structure=""))
    asked, usual = setup(replace(request, measure="")), replace(request, limit="", symbolic="")
    same = asked.graph is setup(replace(usual, measure="")).graph  # sizes may decide on it
    found = replace(of_any_size(usual), setup=asked) if same else formed(asked, [request.measure or "params"])
    _ = found.limited
    return found


@cache
def of_any_size(request: Request) -> Derivation:
    """The derivation without the limit, which questions at other sizes share."""
    return formed(setup(replace(request, measure="")), [request.measure or "params"])


@cache
def setup(request: Request) -> Setup:
    """What it is asked of; measures share it, and other sizes what does not depend on them."""
    usual = replace(request, limit="", symbolic="")
    if usual != request and not any(name in request.limit for name in WIDTHS):
        return setup(usual).with_sizes(request.limit or (), symbolic=read_names(request.symbolic or ()))
    return Setup.of(
        model=request.model or None,
        op_set=request.op_set or None,
        phase=request.phase or None,
        passes=request.passes,
        mesh=request.mesh,
        limit=request.limit or (),
        symbolic=request.symbolic or (),
        convention=request.convention,
        precision=request.precision,
    )


@cache
def terms(request: Request) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """The terms of the asked measure that the request chooses, above and below the line."""
    found = derivation(request)
    form = found.limited[request.measure]
    chosen = [tuple(term for term in side if matches(term, request)) for side in (form.terms, form.over)]
    for pattern in request.ops:
        if not any(fnmatchcase(op.name, pattern) for op in found.graph.ops):
            raise UserError(f"no op is called '{pattern}': {unknown('op', pattern, found.graph.by_name)}")
    if request.part:
        choices = PARTS.get(request.measure, WAYS)
        if request.part not in choices:
            raise unknown(f"part of {request.measure}", request.part, choices)
        if request.part in WAYS:
            chosen[0] = one_way(chosen[0], found.graph, request.part)
        else:
            chosen[0] = tuple(term for term in chosen[0] if term.part == request.part)
    return chosen[0], chosen[1]


def matches(term: Term, request: Request) -> bool:
    """Whether a request chooses a term."""
    by_op = not request.ops or any(fnmatchcase(term.op, pattern) for pattern in request.ops)
    return by_op and (not request.sources or any(fnmatchcase(term.source, pattern) for pattern in request.sources))


def one_way(chosen: tuple[Term, ...], graph: Graph, part: str) -> tuple[Term, ...]:
    """Of the traffic of some ops, what they read from outside (each tensor once), or what they write."""
    made = {name for term in chosen for name in graph.op(term.op).outputs}
    kept: dict[str, Term] = {}
    for term in chosen:
        if (term.source in graph.op(term.op).outputs) if part == "writes" else (term.source not in made):
            kept.setdefault(term.source, term)
    return tuple(kept.values())


@cache
def amount(request: Request) -> Quotient:
    """The form that a request asks for."""
    if request.tensor:
        graph = derivation(request).graph
        if request.tensor not in graph.tensors:
            raise unknown("tensor", request.tensor, graph.tensors)
        found = derivation(request)
        return Quotient(
            graph.tensors[request.tensor].numel.substitute(
                {name: value for name, value in found.limit.items() if isinstance(value, Polynomial)}
            )
        )
    above, below = terms(request)
    value = Quotient(total(t.amount for t in above), total(t.amount for t in below) if below else ONE)
    return limit(value, derivation(request).limited[request.measure].at_infinity)


@cache
def cataloged(text: str) -> Quantity:
    """A figure of a machine of the catalog: `a100-80gb-sxm peak.bf16`, `memory`, `bandwidth` or `link.nvlink`."""
    name, _, what = text.partition(" ")
    found = machine(name)
    kind, _, which = what.partition(".")
    figures: Mapping[str, Quantity] = {
        "peak": {dtype: rate.quantity for dtype, rate in found.peaks.items()},
        "vector": {dtype: rate.quantity for dtype, rate in found.vector.items()},
        "link": {link: joined.per_device for link, joined in found.links.items()},
        "memory": {"": found.memory.quantity},
        "bandwidth": {"": found.bandwidth.quantity},
    }.get(kind, {})
    if which not in figures:
        choices = "memory, bandwidth, peak.DTYPE, vector.DTYPE or link.NAME"
        raise UserError(f"catalog: {name} has no figure '{shorten(what)}'; write {choices}")
    return figures[which]


# --- how ops are connected ------------------------------------------------------------------------------------------


def structure(request: Request) -> tuple[str, ...]:
    """What a request for a structure finds in the graph."""
    what, *names = request.structure.split()
    graph = derivation(request).graph
    if what == "spec" and names:
        return tuple(graph.op(name).spec or "" for name in names)
    if what == "kinds" and len(names) == 1:
        return tuple(op.kind for op in graph.ops if op.within(names[0]) and op.phase == "forward")
    if what == "readers" and len(names) == 1:
        return tuple(op.kind for op in graph.ops if names[0] in op.inputs)
    if what == "summands" and len(names) == 1:
        return tuple(dict.fromkeys(summands(graph, graph.op(names[0]).outputs[0])))
    raise UserError(f"structure '{request.structure}': write spec OP ..., kinds SEGMENT, readers TENSOR or summands OP")


def summands(graph: Graph, name: str) -> list[str]:
    """The places whose results are added up in a tensor; the input of the block is called x."""
    op = graph.producer.get(name)
    if op is None or op.name == "blocks.enter":
        return ["x"]
    if op.kind in ("residual", "add"):
        return [place for x in reversed(op.inputs) for place in summands(graph, x)]
    if op.kind in ("loop", "dropout"):
        return summands(graph, op.inputs[0])
    return [op.place]


def same_spec(one: str, other: str) -> bool:
    """Whether two einsums are the same up to the names of their indices."""
    return relabelled(one) == relabelled(other)


def relabelled(text: str) -> tuple[tuple[int, ...], ...]:
    """An einsum with numbers for letters, in order of appearance."""
    spec = parse_spec(text)
    number = {letter: i for i, letter in enumerate(spec.letters)}
    return tuple(tuple(number[letter] for letter in part) for part in (*spec.operands, spec.result))


@cache
def settings(text: str) -> Typed:
    """What `at` or a limit binds."""
    return parse_bindings([text] if text else [])


# --- expressions ----------------------------------------------------------------------------------------------------


class Names:
    """What the names in the expressions of one entry stand for, and what expressions came to that were asked for."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.without_engine: dict[str, Quotient] = {}
        self.with_engine: dict[str, Quotient] = {}
        self.claims: dict[str, list[Comparison]] = {}
        self.others: dict[str, tuple[Names, ...]] = {}

    def instead(self, values: Mapping[str, Quotient]) -> Names:
        """The same names, if the engine gave these values for some of them."""
        other = Names(self.entry)
        other.without_engine, other.words, other.own = self.without_engine, self.words, self.own
        other.engine = {**self.engine, **values}
        return other

    def changed(self, name: str) -> tuple[Names, ...]:
        """The same names, if the engine gave far more for one of them (times, plus), or far less (over, minus)."""
        if name not in self.others:
            given = self.engine[name]
            values = (given * CHANGE, given + CHANGE, given / CHANGE, given - CHANGE)
            self.others[name] = tuple(self.instead({name: value}) for value in values)
        return self.others[name]

    @cached_property
    def words(self) -> frozenset[str]:
        """All names in the expressions of the entry."""
        return frozenset().union(*map(words_of, expressions(self.entry)))

    @cached_property
    def own(self) -> dict[str, Quotient]:
        """Names that no derivation stands behind: figures, given numbers, what `at` binds."""
        known: dict[str, Quotient] = {}
        for name, value in settings(self.entry.at).items():
            if not isinstance(value, Polynomial):
                raise UserError(f"at binds {name} to a number, not to infinity")
            known[name] = Quotient(value)
        for name, text in self.entry.catalog.items():
            known[name] = Quotient(cataloged(text).value)
        for name, text in self.entry.given.items():
            known[name] = calculate(text, known)
        return known

    @cached_property
    def engine(self) -> dict[str, Quotient]:
        """Names in `derived`, `drops`, `constant` and `given`: derivations, figures, given numbers, what `at` binds."""
        known = dict(self.own)
        bound = {name: value for name, value in settings(self.entry.at).items() if isinstance(value, Polynomial)}
        requests = dict(self.entry.let)
        if self.entry.derive and not self.entry.derive.structure:
            requests["derived"] = self.entry.derive
        for name, request in requests.items():
            known[name] = amount(request).substitute(bound)
        counts = "N_params" in self.words and "N_params" not in known
        if counts and self.entry.derive and self.entry.derive.measure:
            count = derivation(self.entry.derive).params
            if count is not None and count.value.numerator:
                known["N_params"] = count.value.substitute(bound)
        return known

    @cached_property
    def author(self) -> dict[str, Quotient]:
        """Names in `printed`, `right` and `slip`: as above, and the source's own letters."""
        return self.engine | translated(self.entry.letters, self.engine)

    @cached_property
    def derived(self) -> Quotient:
        """What the engine says."""
        if self.entry.derived:
            return calculate(self.entry.derived, self.engine)
        if "derived" not in self.engine:
            raise UserError("how the engine gets it is missing: derive with a measure or a tensor, or derived")
        return self.engine["derived"]

    def printed(self, text: str) -> Quotient:
        """A formula of the source; most have no derivation in them, and need none to be read."""
        for known in (self.without_engine, self.with_engine):
            if text in known:
                return known[text]
        letters = {name: meaning for name, meaning in self.entry.letters.items() if name in words_of(text)}
        used = words_of(text).union(*map(words_of, letters.values()))
        if used.isdisjoint((*self.entry.let, "derived", "N_params")):
            found = self.without_engine[text] = calculate(text, self.own | translated(letters, self.own))
        else:
            found = self.with_engine[text] = calculate(text, self.author)
        return found

    @cached_property
    def explaining(self) -> dict[str, Quotient]:
        """Names in `slip`: those of the author, what is right (a formula), and what is derived."""
        formula = self.entry.erratum is not None and not self.entry.value
        right = {"right": self.printed(self.entry.right)} if formula else {}
        return self.author | right | {"derived": self.derived}

    def slipped(self, text: str, instead: dict[str, Quotient] | None = None) -> Quotient:
        """What the recorded slip leads to; `instead` has other values for some of the names."""
        return calculate(text, self.explaining | (instead or {}))

    def compared(self, text: str) -> list[Comparison]:
        """The comparisons of a claim of the source."""
        if text not in self.claims:
            self.claims[text] = comparisons(text, self.author)
        return self.claims[text]

    def true(self, text: str) -> bool:
        """Whether a claim of the source holds."""
        return all(true(*one) for one in self.compared(text))

    def sides(self, text: str) -> str:
        """What the two sides of a claim's comparisons come to: numbers to six digits, forms factored."""
        return " and ".join(f"{side(left)} {sign} {side(right)}" for left, sign, right in self.compared(text))


@lru_cache(maxsize=4096)
def names_of(entry: Entry) -> Names:
    """What they stand for in an entry, worked out once for all who ask."""
    return Names(entry)


def side(value: Quotient) -> str:
    """One side of a comparison as text."""
    return python(value, "factored") if value.number is None else readable(value.number)


def readable(value: Rational) -> str:
    """A number to six digits, or all of it when it is whole."""
    whole = Fraction(value)
    if whole.denominator == 1:
        return str(whole.numerator)
    return f"{Decimal(whole.numerator) / Decimal(whole.denominator):.6g}"


def translated(notation: Mapping[str, str], known: Mapping[str, Quotient]) -> dict[str, Quotient]:
    """The letters of a notation as forms in the symbols of the table."""
    return {
        name: meant(text) if known.keys().isdisjoint(words_of(text)) else calculate(text, known)
        for name, text in notation.items()
    }


@cache
def words_of(text: str) -> frozenset[str]:
    """The words in an expression."""
    return frozenset(WORD.findall(text))


def expressions(entry: Entry) -> Iterator[str]:
    """The expressions of an entry."""
    yield from (entry.printed, entry.claim, entry.derived, entry.drops, entry.constant, entry.right)
    yield from (*entry.given.values(), *entry.letters.values())
    if entry.erratum:
        yield entry.erratum.slip
