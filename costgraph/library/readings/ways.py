"""In what counts of anything but FLOPs differ: what of a sum is left out, taken twice or taken as larger than it is.

A way has values, of which the first is usual; every other one multiplies some terms of a measure. So what any choice of
values comes to follows from the terms that one derivation gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from costgraph.algebra.polynomial import ONE, ZERO, Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.graph.graph import Graph
from costgraph.graph.loop import label
from costgraph.graph.tensor import Tensor
from costgraph.mesh.axis import EXPERTS
from costgraph.precision import PRECISIONS, USUAL, Precision
from costgraph.provenance import Term
from costgraph.records import dataclass

Factor = Quotient | Polynomial
NONE, SAME, TWICE = ZERO, ONE, ONE + ONE
TABLE, POSITIONS, HEAD = "embed.tokens", "embed.positions", "head"


@dataclass(frozen=True)
class Subject:
    """What terms belong to: a graph, the sizes that are put in, and what training keeps."""

    graph: Graph
    sizes: Mapping[str, Polynomial]
    policy: Precision = PRECISIONS[USUAL]

    def tensor(self, term: Term) -> Tensor | None:
        """The tensor that a term comes from."""
        return self.graph.tensors.get(term.source.partition(",")[0])

    def has(self, term: Term, *dims: str) -> bool:
        """Whether its tensor has all of these dims."""
        tensor = self.tensor(term)
        return tensor is not None and all(tensor.dim(dim) is not None for dim in dims)

    def size(self, dim: str) -> Polynomial:
        """How large a dim is."""
        return self.graph.sizes[dim].substitute(self.sizes)

    def symbol(self, name: str) -> Polynomial:
        """A size by its symbol."""
        return Polynomial.symbol(name).substitute(self.sizes)

    @property
    def tied(self) -> bool:
        """Whether the head multiplies by the table of the embedding."""
        return any(f"{TABLE}.table" in op.inputs for op in self.graph.ops if op.place == HEAD)

    def in_experts(self, term: Term) -> bool:
        """Whether a term is of the weights of routed experts."""
        op = self.graph.by_name.get(term.op)
        return op is not None and op.within(EXPERTS) and self.has(term, "expert")


@dataclass(frozen=True)
class Way:
    """One thing that is counted in several ways.

    Args:
        name: of what.
        words: its values, in words where they are not the usual one, which is the first.
        factor: what a value multiplies a term by.
    """

    name: str
    words: Mapping[str, str]
    factor: Callable[[Term, Subject, str], Factor]


def without(name: str, said: str, chosen: Callable[[Term, Subject], bool]) -> Way:
    """Whether some terms count."""
    words = {"counted": "", "left_out": f"without {said}"}
    return Way(name, words, lambda term, of, _: NONE if chosen(term, of) else SAME)


def table(term: Term, of: Subject, value: str) -> Factor:
    """The table of the embedding: left out, or once more for the head that shares it."""
    if label(term.op) != TABLE:
        return SAME
    return NONE if value == "left_out" else TWICE if of.tied else SAME


def looked_up(term: Term, of: Subject, value: str) -> Factor:
    """The rows of the table that are read: none, or all of them."""
    if label(term.op) != TABLE or term.role != "weight":
        return SAME
    if value == "left_out":
        return NONE
    tensor = of.tensor(term)
    whole = SAME if tensor is None else tensor.numel.substitute(of.sizes) * Polynomial.symbol("p")
    return Quotient(whole, term.amount)


def active(term: Term, of: Subject, _: str) -> Factor:
    """Of routed experts those that a token is sent to."""
    return of.symbol("K_r") / of.symbol("N_r") if of.in_experts(term) else SAME


def all_heads(term: Term, of: Subject, _: str) -> Factor:
    """Keys and values for every head."""
    return of.size("group") if of.has(term, "kv_head") and "group" in of.graph.sizes else SAME


def positions(term: Term, of: Subject, value: str) -> Factor:
    """One position more or less than attention looks at."""
    if not of.has(term, "context"):
        return SAME
    length = of.size("context")
    return Quotient(length + (1 if value == "one more" else -1), length)


def whole_window(term: Term, of: Subject, _: str) -> Factor:
    """Windows as wide as the context."""
    if not of.has(term, "window"):
        return SAME
    return Quotient(of.symbol("S"), of.size("window"))


def kept(term: Term, of: Subject, value: str) -> Factor:
    """Of what training keeps of a parameter, some: what the optimizer keeps are a master copy and moments."""
    master, moments = of.policy.master, sum(of.policy.moments)
    share = Quotient(Fraction(master) / (master + moments)) if master else Quotient(0)
    chosen: dict[str, Factor]
    if value == "moments" and not master:
        return SAME  # no way of its own, as they are all that the optimizer keeps
    if value.startswith("no "):
        chosen = {"gradients": NONE} if value == "no gradients" else {"optimizer": Quotient(1) - share}
        return chosen.get(term.part, SAME)
    of_optimizer: dict[str, Factor] = {"optimizer": SAME, "master": share, "moments": Quotient(1) - share}
    if term.part == "optimizer":
        return of_optimizer.get(value, NONE)
    return SAME if term.part in value.split() else NONE


def is_scores(term: Term, of: Subject) -> bool:
    """Whether a term grows with the positions of queries and of what they look at."""
    return of.has(term, "query", "context") or of.has(term, "query", "window")


NORMS = without("norms", "norms", lambda term, _: term.role == "norm")
BIASES = without("biases", "biases", lambda term, _: term.role == "bias")
LEARNED = without("positions", "the table of positions", lambda term, _: label(term.op) == POSITIONS)
UNEMBEDDING = without("head", "the head", lambda term, _: term.place == HEAD)
ROUTER = without("router", "the router", lambda term, _: label(term.op).endswith(".router"))
EMBEDDING = Way(
    "embedding",
    {"counted": "", "left_out": "without the embedding", "twice": "a tied table twice"},
    table,
)
ACTIVE = Way("experts", {"all": "", "active": "of the experts those that a token is sent to"}, active)
HEADS = Way("heads", {"key/value heads": "", "all heads": "keys and values for every head"}, all_heads)
WINDOW = Way("window", {"window": "", "context": "windows as wide as the context"}, whole_window)
LENGTH = Way(
    "positions",
    {"seen": "", "one more": "one position more", "one less": "without the position of the new token"},
    positions,
)
HALF = Way(
    "cached",
    {"keys and values": "", "one of them": "keys or values alone"},
    lambda term, of, _: Quotient(1, 2) if term.role == "cache" and "latent_kv" not in of.graph.sizes else SAME,
)
MASKS = Way(
    "masks",
    {"byte": "", "left_out": "without dropout masks", "two bytes": "dropout masks of two bytes"},
    lambda term, _, value: SAME if term.role != "mask" else NONE if value == "left_out" else TWICE,
)
STATES = Way(
    "kept",
    {
        "all": "", "weights": "weights alone", "gradients": "gradients alone",
        "optimizer": "the optimizer's state alone", "moments": "the moments alone",
        "master": "the master copy alone", "weights gradients": "weights and gradients alone",
        "no gradients": "no gradients", "no master": "no master copy",
    },
    kept,
)  # fmt: skip
PARAMETERS = (EMBEDDING, LEARNED, UNEMBEDDING, NORMS, BIASES, ROUTER, ACTIVE)
OF_MEASURES: dict[str, tuple[Way, ...]] = {
    "params": PARAMETERS,
    "states": (*PARAMETERS, STATES),
    "cache": (HEADS, WINDOW, LENGTH, HALF),
    "activations": (
        MASKS,
        without("statistics", "statistics of norms", lambda term, _: term.role == "statistic"),
        without("scores", "what is as large as the scores", is_scores),
        without("embedding", "the embedding", lambda term, _: term.place == "embed"),
        without("head", "head and loss", lambda term, _: term.place in (HEAD, "loss")),
    ),
    "traffic": (
        without("activations", "activations", lambda term, _: term.role not in ("weight", "bias", "norm", "cache")),
        without("cache", "the cache", lambda term, _: term.role == "cache"),
        Way("embedding", {"look_up": "", "left_out": "without the embedding", "whole": "the whole table"}, looked_up),
        UNEMBEDDING, NORMS, BIASES, HEADS, WINDOW,
    ),
}  # fmt: skip


def way_in_words(name: str, value: str) -> str:
    """A value of a way in words."""
    if name == "itemsize":
        return f"{value} byte{'s' * (value not in ('1', '1/2'))} an element"
    known = {way.name: way.words for ways in OF_MEASURES.values() for way in ways if value in way.words}
    return known[name][value] if name in known else value
