"""`costgraph list`: what there is to choose from."""

from __future__ import annotations

from inspect import getdoc, signature
from typing import Annotated, Any

import typer

from costgraph.cli.output import deliver
from costgraph.cli.telling import tell
from costgraph.errors import UserError, shorten, unknown


def show(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="op-sets, passes, measures, symbols, conventions, precisions, hardware, models or notations."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(help="One machine (list hardware NAME): all its figures, with notes and sources."),
    ] = None,
) -> None:
    """List what there is to choose from, with options and meaning; without KIND, what can be listed."""
    if kind is not None and kind not in ROWS:
        raise unknown("kind of thing to list", kind, ROWS)
    if name is not None and kind != "hardware":
        raise UserError(f"list {kind} {shorten(name)}: only hardware is shown one by one, as in list hardware h100-sxm")
    if name is not None:
        one_machine(name)
        return
    rows = ROWS[kind]() if kind else [(name, getdoc(listed) or "") for name, listed in ROWS.items()]
    width = max(len(name) for name, _ in rows)
    deliver("\n".join(f"{name:{width}}  {meaning}" for name, meaning in rows))


def described(name: str, thing: Any) -> tuple[str, str]:
    """A name with its options, and the first line of what it is."""
    target = getattr(thing, "func", thing)
    options = ", ".join(
        p.name if p.default in (p.empty, "") else f"{p.name}={p.default}" for p in signature(thing).parameters.values()
    )
    return f"{name}({options})" if options else name, (getdoc(target) or "").split("\n")[0]


def op_sets() -> list[tuple[str, str]]:
    """The models."""
    from costgraph.op_sets import OP_SETS

    return [described(name, make) for name, make in OP_SETS.items()]


def passes() -> list[tuple[str, str]]:
    """The rewrites, in the order in which they can be applied."""
    from costgraph.passes import IN_WORDS, PASSES

    return [*(described(name, step) for name, step in PASSES.items()), ("order:", IN_WORDS)]


def measures() -> list[tuple[str, str]]:
    """The measures."""
    from costgraph.measures import MEASURES

    rows = []
    for name, measure in MEASURES.items():
        whole, _, part = name.partition(".")
        what = {"flops": f"FLOPs of the {part} ops.", "traffic": f"Bytes moved by the {part} ops."}.get(whole, "")
        rows.append((name, what if part and what else described(name, measure)[1]))
    return rows


def symbols() -> list[tuple[str, str]]:
    """The symbols, in printing order."""
    from costgraph.algebra.symbols import SYMBOLS

    return [
        (symbol.name, f"{symbol.meaning}{f' [{symbol.unit}]' if symbol.unit else ''}, {symbol.domain}")
        for symbol in SYMBOLS.values()
    ]


def conventions() -> list[tuple[str, str]]:
    """What is counted."""
    from costgraph.conventions.convention import ELEMENTWISE
    from costgraph.conventions.known import PRESETS

    rows = []
    for name, one in PRESETS.items():
        options = ", ".join(one.options(PRESETS["exact"]))
        rows.append((name, f"{one.source} ({options})" if options else one.source))
    choices = [
        (f"  elementwise={name}", ", ".join(f"{kind} {rate}" for kind, rate in rates.items()) or "matmuls only")
        for name, rates in ELEMENTWISE.items()
    ]
    return rows + choices


def precisions() -> list[tuple[str, str]]:
    """The bytes of training state per parameter."""
    from costgraph.precision import EXAMPLE, PRECISIONS

    rows = [(one.name, f"{one.widths} bytes per parameter ({one.source})") for one in PRECISIONS.values()]
    return [*rows, (EXAMPLE, "your own, also as a TOML file with these keys")]


def hardware() -> list[tuple[str, str]]:
    """The machines of the catalog; `costgraph list hardware NAME` shows all figures of one."""
    from costgraph.hardware.catalog import catalog, machine

    rows = [("", "usable memory  bandwidth  dense peak          node, network")]
    for name in catalog():
        found = machine(name)
        memory = str(found.usable.quantity).partition(" = ")[0]
        peak = f"{found.rate()} {found.dtype}"
        network = f", {found.network.per_device}" if found.network else ""
        node = f"{found.node}{network}" if found.node else ""
        rows.append((name, f"{memory:>13}  {found.bandwidth.quantity!s:>9}  {peak:18}  {node}".rstrip()))
    return rows


def one_machine(name: str) -> None:
    """Show one machine, of the catalog or of the user's."""
    from costgraph.hardware.catalog import machine
    from costgraph.reports.machine import report

    tell(report(machine(name)), otherwise=80)


def models() -> list[tuple[str, str]]:
    """The known models, by name or by the name of their repository, with parameters and sizes."""
    from costgraph.algebra.symbols import in_order
    from costgraph.models.known import known, of_name

    rows = []
    for found in map(of_name, known()):
        count = f"{found.exact:,}".replace(",", " ") if found.exact else f"about {found.nominal}"
        sizes = ", ".join(f"{name}={found.bindings[name]}" for name in in_order(found.bindings))
        where = f" ({found.hub[0]})" if found.hub else ""
        rows.append((found.name, f"{found.title}{where}: {count} parameters; {sizes}"))
    return rows


def notations() -> list[tuple[str, str]]:
    """What the letters of published formulas stand for."""
    from costgraph.letters import notations as known

    return [(name, ", ".join(f"{a} = {b}" for a, b in letters.items())) for name, letters in known().items()]


ROWS = {
    "op-sets": op_sets,
    "passes": passes,
    "measures": measures,
    "symbols": symbols,
    "conventions": conventions,
    "precisions": precisions,
    "hardware": hardware,
    "models": models,
    "notations": notations,
}
