"""Reads and checks what an estimate is asked for, as text."""

from __future__ import annotations

from fractions import Fraction
from typing import Unpack

from costgraph.algebra.bindings import split_list
from costgraph.algebra.parser import parse
from costgraph.algebra.quantities import quantity
from costgraph.algebra.units import PRICE
from costgraph.errors import UserError, shorten, unknown
from costgraph.estimation.asked import Request
from costgraph.given import Options, read_model_in
from costgraph.hardware.catalog import chosen
from costgraph.hardware.machine import Machine
from costgraph.setup import Setup
from costgraph.timing.roofline import EFFICIENCIES

ESTIMATED_PHASES = ("generate", "prefill", "decode", "forward", "train")


def request(
    *,
    model_name: str | None = None,
    hardware: str | Machine | None = None,
    dtype: str | None = None,
    link: str | None = None,
    efficiency: str = "",
    new: int | None = None,
    price: str | None = None,
    **of: Unpack[Options],
) -> Request:
    """Read what a user asks for.

    Args:
        model_name: the same as `model`.
        hardware: a machine of the catalog, a file, or figures as text; without it times stay symbolic.
        dtype: data type whose peak counts, and whose width p is unless given.
        link: over which collectives go.
        efficiency: shares of the peaks that are reached, such as `flops=0.5,mem=0.8`.
        new: how many tokens are generated, 1 unless given; for phase generate alone.
        price: of one device, such as `2.5 USD/h`.
        of: what is estimated, as for `derive`: model, op_set, passes, mesh, limit (sizes alone; `N_params` sets the
            count that the rule of thumb uses), convention, precision; and the phase, which is generate (prefill, then
            `new` tokens) unless given, prefill, decode, forward or train.

    Raises:
        UserError: anything unknown, unreadable or out of its domain, a rate that the machine does not state, or an
            option that the others leave without effect.
    """
    asked_phase = of.get("phase")
    phase = "generate" if asked_phase is None else asked_phase
    tokens = generated(phase, new)
    if model_name is not None:
        of["model"] = model_name
    known = read_model_in(of.get("model"), dtype)
    of["model"] = known.serving() if known and phase == "generate" else known
    of["phase"] = "decode" if phase == "generate" else phase
    device = chosen(hardware, dtype, link)
    asked = Request(
        setup=Setup.of(**of),
        phase=phase,
        machine=device,
        dtype=dtype or (device.dtype if device else ""),
        link=link,
        efficiency=efficiencies(efficiency),
        new=tokens,
        price=dollars(price, device),
    )
    asked.setup.finite("an estimate")
    if asked.setup.mesh.pipeline is not None:
        raise UserError(
            f"--mesh '{asked.setup.mesh}': an estimate has no times of a pipeline; derive peak, bubble, flops and "
            "communication of one, or solve 'peak <= 80 GiB'"
        )
    return asked


def generated(phase: str, new: int | None) -> int:
    """How many tokens are generated: 1 unless given, none in other phases."""
    if phase not in ESTIMATED_PHASES:
        raise unknown("phase", phase, ESTIMATED_PHASES)
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
