"""Reads and checks what an estimate is asked for, as text."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from costgraph.algebra.bindings import parse_sizes, split_list
from costgraph.algebra.parser import parse
from costgraph.algebra.quantities import quantity
from costgraph.algebra.units import PRICE
from costgraph.conventions import CONVENTIONS
from costgraph.errors import UserError, shorten, unknown
from costgraph.estimation.asked import Request
from costgraph.hardware.catalog import chosen
from costgraph.hardware.machine import Machine, itemsize
from costgraph.hardware.roofline import EFFICIENCIES
from costgraph.options import parse_call
from costgraph.passes import PASSES
from costgraph.precision import USUAL, Precision, policy
from costgraph.sizes import model

PHASES = ("generate", "prefill", "decode", "train")


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
    new: int | None = None,
    price: str | None = None,
    convention: str = "notes",
    precision: str | Precision = USUAL,
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
        new: how many tokens are generated, 1 unless given; for phase generate alone.
        price: of one device, such as `2.5 USD/h`.
        convention: what is counted.
        precision: of the training state: a policy's name, a file, or text as for `derive`.

    Raises:
        UserError: anything unknown, unreadable or out of its domain, a rate that the machine does not state, or an
            option that the others leave without effect.
    """
    kept = policy(precision)
    named = model(model_name) if model_name is not None else None
    device = chosen(hardware, dtype, link)
    kind = dtype or (device.dtype if device else "")
    typed = parse_sizes(limit, "an estimate")
    params = typed.pop("N_params", None)
    return Request(
        op_set=op_set or (named.op_set if named else "decoder"),
        phase=phase,
        model=named,
        machine=device,
        dtype=kind,
        link=link,
        efficiency=efficiencies(efficiency),
        bindings={**itemsize(kind), **(named.bindings if named else {}), **typed},
        typed=tuple(typed),
        params=params,
        new=generated(phase, new),
        price=dollars(price, device),
        convention=parse_call("convention", convention, CONVENTIONS),
        precision=kept,
        passes=tuple(parse_call("pass", text, PASSES) for text in passes),
    )


def generated(phase: str, new: int | None) -> int:
    """How many tokens are generated: 1 unless given, none in other phases."""
    if phase not in PHASES:
        raise unknown("phase", phase, PHASES)
    if phase != "generate":
        if new is not None:
            raise UserError(f"--new {new} --phase {phase}: new tokens are what --phase generate is about")
        return 0
    if new is not None and new < 1:
        raise UserError(f"--new {new}: at least one new token")
    return new or 1


def dollars(price: str | None, device: Machine | None) -> Fraction | None:
    """USD per second of one device."""
    if price is None:
        return None
    found = quantity(price, PRICE, "--price").value
    if device is None:
        raise UserError(f"--price '{price}': the price of which machine? name it with --hardware")
    return found


def efficiencies(text: str) -> dict[str, Fraction]:
    """Read `flops=0.5,mem=0.8`: shares above 0 and up to 1."""
    found: dict[str, Fraction] = {}
    for item in split_list(text) if text else []:
        name, _, value = (part.strip() for part in item.partition("="))
        if name not in EFFICIENCIES:
            raise unknown("efficiency", name, EFFICIENCIES)
        if name in found:
            raise UserError(f"--efficiency: {name} is given twice")
        try:
            share = parse(value).number
        except UserError:
            share = None
        if share is None or not 0 < share <= 1:
            raise UserError(f"efficiency {shorten(item.strip())}: write a share above 0 and up to 1, as in {name}=0.7")
        found[name] = Fraction(share)
    return found
