"""What an estimate is asked for: a model in a phase, with sizes, on a machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from costgraph.conventions import CONVENTIONS, PRECISIONS, Convention
from costgraph.derivation import check_order, with_phase
from costgraph.errors import UserError, unknown
from costgraph.graph import Graph
from costgraph.hardware.machine import ITEMSIZE, Machine, machine
from costgraph.hardware.roofline import EFFICIENCIES, Rates
from costgraph.hardware.units import PRICE, quantity
from costgraph.measures import MEASURES
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call
from costgraph.parser import parse, parse_bindings, split_list
from costgraph.passes import PASSES, Pass
from costgraph.passes.tensor_parallel import TensorParallel
from costgraph.polynomial import ONE, Polynomial, total
from costgraph.sizes import Model, model

PHASES = ("generate", "prefill", "decode", "train")
S = Polynomial.symbol("S")


@dataclass(frozen=True)
class Request:
    """What was asked, read and checked."""

    op_set: str
    phase: str
    model: Model | None
    machine: Machine | None
    dtype: str
    link: str | None
    efficiency: Mapping[str, Fraction]
    bindings: Mapping[str, Polynomial]
    params: Polynomial | None
    new: int
    price: Fraction | None
    convention: Convention
    precision: str
    passes: tuple[Pass, ...]

    @property
    def degree(self) -> Polynomial:
        """Over how many devices the model is split."""
        split = [step for step in self.passes if isinstance(step, TensorParallel)]
        return parse(str(split[0].degree)).numerator.substitute(self.bindings) if split else ONE

    @cached_property
    def rates(self) -> Rates:
        """What the machine reaches."""
        known = self.machine.bindings(self.dtype, self.link) if self.machine else {}
        return Rates().substitute(known).derated(self.efficiency)

    def graph(self, phase: str, *more: Pass) -> Graph:
        """The model in a phase, with the passes that were asked for."""
        _, steps = with_phase(phase, [*self.passes, *more])
        check_order(steps)
        graph: Graph = parse_call("op set", self.op_set, OP_SETS).apply(*steps)
        return graph

    def memory(self, *more: Pass) -> dict[str, Polynomial]:
        """Bytes on one device by what they are for, with all symbols."""
        if self.phase == "train":
            graph = self.graph("train", *more)
            states = MEASURES["states"](graph, self.convention, precision=self.precision)
            parts = {
                part: total(t.amount for t in states.terms if t.source.endswith(f", {part}"))
                for part in ("weights", "gradients", "optimizer")
            }
            return parts | {"activations": MEASURES["activations"](graph, self.convention).value.numerator}
        graph = self.graph("decode" if self.phase != "prefill" else "prefill", *more)
        cache = MEASURES["cache"](graph, self.convention).value.numerator
        if self.phase == "generate":
            cache = cache.substitute({"S": S + self.new})  # at the last token
        return {"weights": MEASURES["states"](graph, self.convention).value.numerator, "cache": cache}


def request(
    op_set: str | None = None,
    model_name: str | None = None,
    phase: str = "generate",
    hardware: str | None = None,
    limit: str | Iterable[str] = (),
    passes: Iterable[str] = (),
    dtype: str | None = None,
    link: str | None = None,
    efficiency: str = "",
    new: int = 1,
    price: str | None = None,
    convention: str = "notes",
    precision: str = "mixed_adam",
) -> Request:
    """Read what a user asks for.

    Args:
        op_set: the graph, with options; that of the model unless given.
        model_name: a named size, or a file.
        phase: generate (prefill, then `new` tokens), prefill, decode or train.
        hardware: a machine of the catalog, a file, or figures as text; without it times stay symbolic.
        limit: sizes such as `B=8,S=2048`; they go before those of the model. `N_params` sets the count that the rule
            of thumb uses.
        passes: such as `tensor_parallel(8)`, in the order in which they are applied.
        dtype: data type whose peak counts, and whose width p is unless given.
        link: over which collectives go.
        efficiency: shares of the peaks that are reached, such as `flops=0.5,mem=0.8`.
        new: how many tokens are generated.
        price: of one device, such as `2.5 USD/h`.
        convention: what is counted.
        precision: of the training state.

    Raises:
        UserError: anything unknown, unreadable or out of its domain, or a rate that the machine does not state.
    """
    if phase not in PHASES:
        raise unknown("phase", phase, PHASES)
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    if new < 1:
        raise UserError(f"--new {new}: at least one new token")
    named = model(model_name) if model_name else None
    device = machine(hardware) if hardware else None
    if device and link:
        device.link(link)
    kind = dtype or (device.dtype if device else "")
    if device:
        device.rate(kind)
    typed = parse_bindings([limit] if isinstance(limit, str) else limit)
    if infinite := [name for name, value in typed.items() if value == "oo"]:
        raise UserError(f"{infinite[0]}->oo: an estimate needs sizes, not limits")
    given = {name: value for name, value in typed.items() if isinstance(value, Polynomial)}
    params = given.pop("N_params", None)
    width = {"p": Polynomial.constant(ITEMSIZE[kind])} if kind in ITEMSIZE else {}
    sizes = {**width, **(named.bindings if named else {}), **given}
    return Request(
        op_set=op_set or (named.op_set if named else "decoder"),
        phase=phase,
        model=named,
        machine=device,
        dtype=kind,
        link=link,
        efficiency=efficiencies(efficiency),
        bindings=sizes,
        params=params,
        new=new if phase == "generate" else 0,
        price=quantity(price, PRICE, "--price").value if price else None,
        convention=parse_call("convention", convention, CONVENTIONS),
        precision=precision,
        passes=tuple(parse_call("pass", text, PASSES) for text in passes),
    )


def efficiencies(text: str) -> dict[str, Fraction]:
    """Read `flops=0.5,mem=0.8`: shares above 0 and up to 1."""
    found: dict[str, Fraction] = {}
    for item in split_list(text) if text else []:
        name, _, value = (part.strip() for part in item.partition("="))
        if name not in EFFICIENCIES:
            raise unknown("efficiency", name, EFFICIENCIES)
        share = parse(value).number if value else None
        if share is None or not 0 < share <= 1:
            raise UserError(f"efficiency {item.strip()}: write a share above 0 and up to 1, as in {name}=0.7")
        found[name] = Fraction(share)
    return found
