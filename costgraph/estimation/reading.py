"""Reads and checks what an estimate is asked for, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import prod
from typing import Unpack, cast, get_args

from costgraph.algebra.bindings import split_list
from costgraph.algebra.magnitudes import lone
from costgraph.algebra.parser import Size, parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import quantity
from costgraph.algebra.units import PRICE, SECOND, powers
from costgraph.errors import UserError, shorten, unknown
from costgraph.estimation.asked import Request
from costgraph.given import Keywords, read_model_in, whole_number, with_keywords
from costgraph.hardware.catalog import chosen
from costgraph.hardware.cluster import Cluster, cluster
from costgraph.hardware.machine import Machine
from costgraph.mesh import AXES, Mesh
from costgraph.setup import Setup
from costgraph.timing.network import Algorithm
from costgraph.timing.roofline import EFFICIENCIES

Pairs = str | Mapping[str, object]  # `flops=0.5,mem=0.8`, or the same as a mapping
ESTIMATED_PHASES = ("generate", "prefill", "decode", "forward", "train")
MEASURED = {
    "generate": ("ttft", "tpot", "tokens/s"), "prefill": ("ttft", "tokens/s"), "decode": ("tpot", "tokens/s"),
    "forward": ("step", "tokens/s"), "train": ("step", "tokens/s"),
}  # fmt: skip


def request(
    *,
    model_name: str | None = None,
    hardware: str | Machine | Cluster | None = None,
    dtype: str | None = None,
    link: str | None = None,
    collectives: str = "ring",
    efficiency: Pairs = "",
    overlap: Pairs = "",
    new: int | None = None,
    price: str | float | None = None,
    tokens: str | float | None = None,
    measured: Pairs = "",
    cluster: str | Cluster | None = None,
    usual: bool = False,
    **of: Unpack[Keywords],
) -> Request:
    """Read what a user asks for.

    Args:
        model_name: the same as `model`.
        hardware: a machine of the catalog, a file, or figures as text, or a cluster; without it times stay symbolic.
        dtype: data type whose peak counts, and whose width p is unless given.
        link: over which collectives go.
        collectives: `ring`, or `tree`, in which the first bytes of a reduction are under way for fewer steps.
        efficiency: shares of the peaks that are reached, such as `flops=0.5,mem=0.8`, as text or as a mapping; only
            with them there is an estimate of times beside their bounds.
        overlap: which share of what collectives take hides behind something else, by axis: `data=all,tensor=0.5`.
        new: how many tokens are generated, 1 unless given; for phase generate alone.
        price: of one device, such as `2.5 USD/h`.
        tokens: of a whole run, such as `15T`.
        measured: what somebody measured, to compare with: `step=13.75 s`, `tokens/s=4000`, `ttft=...`, `tpot=...`.
        cluster: nodes of a machine, `h100-sxm:8x128`, in place of hardware.
        usual: whether B and S have usual sizes where they are not typed.
        of: what is estimated, as for `derive`: model, op_set, passes, mesh, limit (sizes alone; `N_params` sets the
            count that the rule of thumb uses), convention (exact unless given), precision, attention (flash where there
            is any, unless given); and the phase, which is generate (prefill, then decode steps to `new` tokens) unless
            given, prefill, decode, forward or train.

    Raises:
        UserError: anything unknown, unreadable or out of its domain, a rate that the machine does not state, or an
            option that the others leave without effect.
    """
    asked_phase = of.get("phase")
    phase = "generate" if asked_phase is None else asked_phase
    count = generated(phase, new)
    if model_name is not None:
        of["model"] = model_name
    known = read_model_in(of.get("model"), dtype)
    of["model"] = known.serving() if known and phase in ("generate", "prefill", "decode") else known
    of["phase"] = "decode" if phase == "generate" else phase
    if of.get("convention") is None:
        of["convention"] = "exact"
    setup = Setup.of(**of, usual_attention="flash")
    if usual and (lacking := usual_sizes(setup)):
        of["limit"] = with_keywords(of.get("limit", ()), lacking)
        setup = Setup.of(**of, usual_attention="flash")
    place = placed(hardware, cluster, dtype, link, bool(setup.mesh or setup.source.mesh))
    asked = Request(
        setup=setup,
        phase=phase,
        cluster=place,
        dtype=dtype or (place.machine.dtype if place else ""),
        link=link,
        collectives=algorithm(collectives),
        efficiency=efficiencies(efficiency),
        overlap=overlaps(overlap, setup.mesh, efficiency),
        new=count,
        price=dollars(price, place),
        tokens=of_run(tokens, phase),
        measured=measurements(measured, phase, place),
    )
    asked.setup.finite("an estimate")
    return asked


USUAL_LENGTH = 4096


def usual_sizes(setup: Setup) -> dict[str, Size]:
    """One sequence of 4096 tokens, or of as many as the model was made for, where nothing else was typed.

    Where a mesh cuts the batch, as many sequences as it has parts.
    """
    most = setup.model.bindings.get("K")
    longest = most.number if isinstance(most, Polynomial) and most.number is not None else USUAL_LENGTH
    cuts = [axis.size.number for axis in setup.mesh.axes if "batch" in axis.computes]
    usual = {"B": prod(int(cut) for cut in cuts if cut is not None), "S": min(USUAL_LENGTH, int(longest))}
    return {name: value for name, value in usual.items() if name not in setup.sizes}


def placed(
    hardware: str | Machine | Cluster | None,
    nodes: str | Cluster | None,
    dtype: str | None,
    link: str | None,
    spread: bool,
) -> Cluster | None:
    """The machine, and how its devices stand in nodes, if one was named.

    Raises:
        UserError: as `chosen`, both were named, or a cluster and no mesh.
    """
    if hardware is not None and nodes is not None:
        raise UserError("a cluster names its machine; leave --hardware out, or --cluster")
    given = nodes if hardware is None else hardware
    if given is None:
        chosen(None, dtype, link)
        return None
    found = cluster(given)
    chosen(found.machine, dtype, link)
    if (found.devices or 1) > 1 and not spread:
        raise UserError(
            f"{found} has {found.devices} devices, and nothing says how the model is spread over them: --mesh "
            "'tensor(8)'; `costgraph search` finds the best"
        )
    return found


def algorithm(text: str) -> Algorithm:
    """Of collectives."""
    if text not in get_args(Algorithm):
        raise unknown("algorithm of collectives", text, get_args(Algorithm))
    return cast(Algorithm, text)


def generated(phase: str, new: int | None) -> int:
    """How many tokens are generated: 1 unless given, none in other phases."""
    if phase not in ESTIMATED_PHASES:
        raise unknown("phase", phase, ESTIMATED_PHASES)
    if phase != "generate":
        if new is not None:
            raise UserError(f"--new {new} --phase {phase}: new tokens are what --phase generate is about")
        return 0
    return 1 if new is None else whole_number("--new", new)


def dollars(price: str | float | None, place: Cluster | None) -> Fraction | None:
    """USD per second of one device."""
    if price is None:
        return None
    found = quantity(str(price), PRICE, "--price").value
    if place is None:
        raise UserError(f"--price '{price}': the price of which machine? name it with --hardware")
    return found


def share(text: str) -> Fraction | None:
    """A number as it is typed, or None."""
    try:
        found = parse(text).number
    except UserError:
        return None
    return None if found is None else Fraction(found)


def pairs(option: str, given: Pairs) -> Iterable[tuple[str, str, str]]:
    """The items of `a=1,b=2`, or of a mapping: as typed, name and value; none of them twice."""
    found: set[str] = set()
    texts = (
        [f"{name}={value!s}" for name, value in given.items()]
        if isinstance(given, Mapping)
        else [str(given)] * bool(given)
    )
    for item in (item for text in texts for item in split_list(text)):
        name, _, value = (part.strip() for part in item.partition("="))
        if name in found:
            raise UserError(f"{option}: {name} is given twice")
        found.add(name)
        yield shorten(item.strip()), name, value


def efficiencies(given: Pairs) -> dict[str, Fraction]:
    """Read `flops=0.5,mem=0.8`: shares above 0 and up to 1."""
    found: dict[str, Fraction] = {}
    for item, name, value in pairs("--efficiency", given):
        if name not in EFFICIENCIES:
            if not value:
                raise UserError(f"efficiency '{shorten(name)}': of what? Write shares by name, as in flops=0.5")
            raise unknown("efficiency", name, EFFICIENCIES)
        reached = share(value)
        if reached is None or not 0 < reached <= 1:
            raise UserError(f"efficiency {item}: write a share above 0 and up to 1, as in {name}=0.7")
        found[name] = reached
    return found


def overlaps(given: Pairs, mesh: Mesh, efficiency: Pairs) -> dict[str, Fraction]:
    """Read `data=all,tensor=0.5`: by the symbols of axes, shares from none to all."""
    kinds = {kind: axis.symbol for kind, axis in AXES.items() if not axis.in_time}
    found: dict[str, Fraction] = {}
    for item, name, value in pairs("--overlap", given):
        if not value:
            raise UserError(f"overlap '{shorten(name)}': of what? Write shares by axis, as in tensor=0.5")
        if name not in kinds and name not in mesh.named:
            raise unknown("axis", name, [*kinds, *mesh.named])
        symbol = kinds.get(name, name)
        if symbol not in mesh.named:
            raise UserError(f"overlap {item}: nothing is spread over a {name} axis: --mesh '{name}(...)'")
        hides = {"all": Fraction(1), "none": Fraction(0)}.get(value, share(value))
        if hides is None or not 0 <= hides <= 1:
            raise UserError(f"overlap {item}: write all, none, or a share up to 1, as in {name}=0.5")
        found[symbol] = hides
        if symbol == "N_d" and "N_h" in mesh.named:
            found["N_h"] = hides
    if found and not efficiency:
        raise UserError(
            "--overlap is about an estimate, and there is none without --efficiency, as in 'flops=0.6,comms=0.7'; a "
            "bound takes everything as overlapped"
        )
    return found


def of_run(tokens: str | float | None, phase: str) -> int | None:
    """How many tokens a run has: a number, also as `15T` or `1e12`."""
    if tokens is None:
        return None
    text = str(tokens)
    read = lone(text)
    found = share(text) if read is None else Fraction(read)
    if found is None or found < 1 or found.denominator != 1:
        raise UserError(f"--tokens {shorten(text)}: write a whole number of tokens, as in 15T or 300e9")
    return int(found)


def measurements(given: Pairs, phase: str, place: Cluster | None) -> dict[str, Fraction]:
    """Read `step=13.75 s` or `tokens/s=4000`."""
    found: dict[str, Fraction] = {}
    for item, name, value in pairs("--measured", given):
        if not value:
            raise UserError(f"measured {item}: what was measured? write {' or '.join(examples(phase))}")
        if name not in MEASURED[phase]:
            raise unknown(f"measurement of phase {phase}", name, MEASURED[phase])
        if name == "tokens/s":
            read = share(value) if not value.endswith("s") else quantity(value, powers(token=1, s=-1), item).value
            if read is None or read <= 0:
                raise UserError(f"measured {item}: write a positive number, as in tokens/s=4000")
            found[name] = read
        else:
            found[name] = quantity(value, SECOND, f"measured {name}").value
    if found and place is None:
        raise UserError("--measured: on which machine? name it with --hardware or --cluster")
    return found


def examples(phase: str) -> list[str]:
    """How measurements of a phase are written."""
    return [f"'{name}=4000'" if name == "tokens/s" else f"'{name}=13.75 s'" for name in MEASURED[phase]]
