"""What there is to choose from, as reports: a table for each kind of thing, and one thing in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import getdoc, signature
from typing import Any, NamedTuple

from costgraph.errors import UserError, shorten, unknown
from costgraph.reports.nodes import Column, Note, Report, Table, Words, plain

SCHEMA = "costgraph.list/1"


class Listed(NamedTuple):
    """A kind of thing.

    Args:
        heads: what is said of each.
        rows: of each, in the order of the heads.
        note: what is said of all of them.
        right: which columns stand to the right.
        more: what JSON has of each beside.
    """

    heads: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""
    right: tuple[str, ...] = ()
    more: tuple[dict[str, Any], ...] = ()

    @property
    def table(self) -> Table:
        """One row for each."""
        columns = tuple(Column(head, head in self.right) for head in self.heads)
        return Table(columns, tuple(tuple[Words, ...](row) for row in self.rows))


def listed(kind: str | None) -> Listed:
    """Everything of a kind; without one, the kinds.

    Raises:
        UserError: there is no such kind.
    """
    if kind is None:
        return Listed(("kind", "what"), [(name, getdoc(made) or "") for name, made in KINDS.items()])
    if kind not in KINDS:
        raise unknown("kind of thing to list", kind, KINDS)
    return KINDS[kind]()


def report(found: Listed) -> Report:
    """The table, with what is said of all."""
    return Report("", ((found.table,), (Note(found.note),) if found.note else ()))


def to_json(kind: str | None, found: Listed) -> dict[str, Any]:
    """The contract `costgraph.list/1`; see docs/json.md."""
    more = found.more or ({},) * len(found.rows)
    rows = [dict(zip(found.heads, row, strict=True)) | beside for row, beside in zip(found.rows, more, strict=True)]
    return {"schema": SCHEMA, "kind": kind or "kinds", "note": found.note or None, "rows": rows}


def one(kind: str, name: str) -> Report:
    """One thing in full.

    Raises:
        UserError: only machines and models are shown one by one; or there is none of that name.
    """
    if kind == "hardware":
        from costgraph.hardware.catalog import machine
        from costgraph.reports.machine import report as of_machine

        return of_machine(machine(name))
    if kind == "models":
        from costgraph.models.known import model
        from costgraph.reports.model import report as of_model

        return of_model(model(name))
    raise UserError(f"list {kind} {shorten(name)}: only hardware and models are shown one by one")


def one_json(kind: str, name: str, found: Report) -> dict[str, Any]:
    """One thing in the contract `costgraph.list/1`: the rows of its table, and what is said of them."""
    (table,) = (node for node in found.nodes if isinstance(node, Table))
    heads = [plain(column.head) for column in table.columns]
    rows = [dict(zip(heads, map(plain, row), strict=True)) for row in table.rows]
    notes = [
        f"{node.word}: {plain(node.text)}" if node.word else plain(node.text)
        for node in found.nodes
        if isinstance(node, Note)
    ]
    return {"schema": SCHEMA, "kind": kind, "name": name, "title": found.title, "rows": rows, "notes": notes}


# --- kinds of things --------------------------------------------------------------------------------------------------


def described(things: Iterable[tuple[str, Any]]) -> list[tuple[str, ...]]:
    """Names with their options, and the first line of what each is."""
    rows: list[tuple[str, ...]] = []
    for name, thing in things:
        target = getattr(thing, "func", thing)
        options = ", ".join(
            p.name if p.default in (p.empty, "") else f"{p.name}={p.default}"
            for p in signature(thing).parameters.values()
        )
        rows.append((name, (getdoc(target) or "").split("\n")[0], options))
    return rows


def op_sets() -> Listed:
    """The graphs that can be asked for by name: --op-set."""
    from costgraph.op_sets import OP_SETS

    return Listed(("op set", "what", "options"), described(OP_SETS.items()))


def passes() -> Listed:
    """The rewrites, in the order in which they are applied: --pass."""
    from costgraph.passes import IN_WORDS, PASSES

    return Listed(("pass", "what", "options"), described(PASSES.items()), f"order: {IN_WORDS}")


def measures() -> Listed:
    """What can be derived."""
    from costgraph.measures import MEASURES

    return Listed(("measure", "what"), [(name, meaning(name, measure)) for name, measure in MEASURES.items()])


def meaning(name: str, measure: Any) -> str:
    """What a measure is; those of a part are of the ops of a phase."""
    whole, _, part = name.partition(".")
    of_part = {"flops": f"FLOPs of the {part} ops.", "traffic": f"Bytes moved by the {part} ops."}
    if part and whole in of_part:
        return of_part[whole]
    return (getdoc(getattr(measure, "func", measure)) or "").split("\n")[0]


def symbols() -> Listed:
    """The letters of formulas, in printing order."""
    from costgraph.algebra.symbols import SYMBOLS

    rows: list[tuple[str, ...]] = [(one.name, one.meaning, one.unit, one.domain) for one in SYMBOLS.values()]
    return Listed(("symbol", "what", "unit", "domain"), rows)


def conventions() -> Listed:
    """What is counted: --convention."""
    from costgraph.conventions.convention import ELEMENTWISE
    from costgraph.conventions.known import PRESETS

    rows: list[tuple[str, ...]] = [
        (name, one.source, ", ".join(one.options(PRESETS["exact"]))) for name, one in PRESETS.items()
    ]
    rates = [
        f"elementwise={name}: {', '.join(f'{kind} {rate}' for kind, rate in found.items()) or 'matmuls only'}"
        for name, found in ELEMENTWISE.items()
    ]
    return Listed(("convention", "whose", "beside exact"), rows, "; ".join(rates))


def precisions() -> Listed:
    """Bytes of training state per parameter: --precision."""
    from costgraph.precision import EXAMPLE, PRECISIONS

    rows: list[tuple[str, ...]] = [(one.name, str(one.widths), one.source) for one in PRECISIONS.values()]
    note = f"your own: {EXAMPLE}, also as a TOML file with these keys"
    return Listed(("policy", "bytes per parameter", "whose"), rows, note)


def hardware() -> Listed:
    """The machines of the catalog; `costgraph list hardware NAME` shows all figures of one."""
    from costgraph.hardware.catalog import catalog, machine

    heads = ("machine", "usable memory", "bandwidth", "dense peak", "node", "network")
    rows: list[tuple[str, ...]] = []
    for name in catalog():
        found = machine(name)
        memory = str(found.usable.quantity).partition(" = ")[0]
        network = str(found.network.per_device) if found.network else ""
        node = str(found.node or "")
        rows.append((name, memory, str(found.bandwidth.quantity), f"{found.rate()} {found.dtype}", node, network))
    return Listed(
        heads,
        rows,
        "`costgraph list hardware NAME` shows all figures of one",
        ("usable memory", "bandwidth", "dense peak"),
    )


def models() -> Listed:
    """The models that come with their sizes: --model, by name or by the name of their repository."""
    from costgraph.models.known import known, of_name

    rows: list[tuple[str, ...]] = []
    more: list[dict[str, Any]] = []
    for found in map(of_name, known()):
        rows.append((found.name, found.title, f"{found.exact:,}" if found.exact else f"about {found.nominal}"))
        more.append({"hub": list(found.hub), "sizes": {name: str(size) for name, size in found.bindings.items()}})
    note = "`costgraph list models NAME` shows the sizes of one"
    return Listed(("model", "what", "parameters"), rows, note, ("parameters",), tuple(more))


def notations() -> Listed:
    """The letters of published formulas: --notation."""
    from costgraph.letters import notations as known

    rows: list[tuple[str, ...]] = [
        (name, ", ".join(f"{a} = {b}" for a, b in letters.items())) for name, letters in known().items()
    ]
    return Listed(("notation", "letters"), rows)


def schemas() -> Listed:
    """What answers in JSON hold, by what stands under their key `schema`; with a NAME, that JSON Schema itself."""
    from costgraph.schemas import known, schema

    rows: list[tuple[str, ...]] = [(name, schema(name)["description"]) for name in known()]
    return Listed(("schema", "what"), rows, "`costgraph list schemas NAME` writes one")


KINDS: dict[str, Callable[[], Listed]] = {
    "op-sets": op_sets,
    "passes": passes,
    "measures": measures,
    "symbols": symbols,
    "conventions": conventions,
    "precisions": precisions,
    "hardware": hardware,
    "models": models,
    "notations": notations,
    "schemas": schemas,
}
