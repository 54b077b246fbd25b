"""What a question is asked of: a graph, and values of the symbols that are not the unknown."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Unpack, cast

from costgraph.algebra.assumption import Assumption
from costgraph.algebra.called import ROOTS
from costgraph.algebra.definition import Definition, needed
from costgraph.algebra.inequalities import Relation
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.printers import UNICODE, python
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.units import Powers
from costgraph.errors import UserError, shorten
from costgraph.given import Keywords, read_letters, read_model_in
from costgraph.hardware.catalog import chosen
from costgraph.hardware.cluster import Cluster, cluster
from costgraph.hardware.machine import Machine, itemsize
from costgraph.measures import MEASURES, TIMES
from costgraph.mesh import AXES, Axis, Mesh
from costgraph.records import dataclass
from costgraph.setup import Setup
from costgraph.solving.dimension import compared
from costgraph.solving.knees import depending
from costgraph.solving.question import Setting, form, names, parts, refuse_two_readings, spelled_out
from costgraph.solving.unknown import Unknown, unknown_of
from costgraph.solving.whole import claims
from costgraph.timing.network import Network, network


@dataclass(frozen=True)
class Asked:
    """A question, read and checked.

    Args:
        text: as typed.
        relation: of the two sides.
        unknown: what it is solved for.
        setting: the graph that measures are taken of.
        difference: left minus right side, in the unknown.
        dimension: what both sides are measured in.
        bindings: values of all symbols but the unknown.
        added: an axis of the mesh that nobody asked for; empty if there is none.
        on_machine: whether a machine was named.
        one_link: whether all collectives are taken over the machine's first link, as it depends on the unknown which
            they use.
    """

    text: str
    relation: Relation
    unknown: Unknown
    setting: Setting
    difference: Quotient
    dimension: Powers
    bindings: Mapping[str, Polynomial]
    added: str
    on_machine: bool
    one_link: bool

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What the graph takes for granted, values put in."""
        return tuple(a.substitute(self.bindings) for a in self.setting.setup.graph.assumptions)

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """What symbols of the graph, and of what is asked of it, stand for that is no polynomial."""
        own = (one for form in self.setting.used.values() for one in form.definitions)
        every = (*self.setting.setup.graph.definitions, *own, *self.setting.made)
        return tuple({one.name: one for one in every}.values())

    @property
    def form(self) -> Polynomial:
        """What must be at most, at least or exactly 0, without a divisor or factors that both sides share.

        Raises:
            UserError: the unknown does not occur, or the divisor may have either sign.
        """
        below = self.difference.denominator
        signs = below.signs
        if self.relation != "==" and len(signs) > 1:
            raise UserError(f"the divisor {below} may have either sign; multiply it out")
        form = self.difference.numerator * (1 if signs == {1} else -1)
        if self.unknown.name not in self.difference.symbols and not depending(
            form, self.definitions, self.unknown.name
        ):
            raise UserError(f"{self.unknown} does not occur in the question, or cancels from it")
        if self.unknown.name not in form.symbols:
            return form / form.content
        shared = form.content
        return form / shared * Polynomial.symbol(self.unknown.name) ** min(shared.exponents(self.unknown.name))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was done that nobody asked for, was typed without effect, or was left open."""
        said = (
            [f"solved for {self.unknown} with --mesh '{self.added}', as nothing splits the model"] if self.added else []
        )
        about = claims(self.unknown, self.setting.setup.graph.assumptions)
        defined = needed(self.definitions, self.form.symbols)
        used = {name for part in (self.form, *about) for name in part.symbols}
        used |= {name for one in defined for name in one.symbols}
        where = "the question, or cancels from it"
        said += self.setting.setup.remarks(used, where, also_read=self.setting.said)
        if self.one_link:
            said.append(f"which links collectives use depends on {self.unknown}; all are taken over the first one")
        if self.on_machine and "p" in self.form.symbols and "p" not in (*self.bindings, *self.unknown.target.symbols):
            said.append("p, the bytes per element, is open; bind it with --dtype or --limit p=2")
        return tuple(said)


def ask(
    question: str,
    for_: str,
    hardware: str | Machine | Cluster | None = None,
    dtype: str | None = None,
    link: str | None = None,
    **of: Unpack[Keywords],
) -> Asked:
    """Read a question; the arguments are those of `solve`, `of` what makes the setup."""
    said: list[str] = []
    left, between, right = parts(question, said)
    letters = read_letters(of.get("let", ()), of.get("notation"), in_formula=True)
    wanted = unknown_of(for_, letters)
    inside = names(left) | names(right)
    known_model = read_model_in(of.get("model"), dtype)
    on_machine = known_model is not None and hardware is not None  # as engines run it, which is what is estimated
    serves = on_machine and (of.get("phase") or phase_of(inside)) in ("prefill", "decode")
    of["model"] = known_model.serving() if known_model is not None and serves else known_model
    setup = Setup.of(
        **of,
        usual_phase=phase_of(inside),
        usual_attention="flash" if on_machine else "eager",
        also={*inside, *wanted.target.symbols},
    )
    sizes = setup.finite("solving")
    if asked := [name for name in setup.sizes if name in wanted.target.symbols]:
        raise UserError(f"{asked[0]} is what the question is solved for; take it out of --limit")
    added = split(setup.graph.mesh, wanted, inside)
    setup = setup.on(Mesh((*setup.mesh.axes, added))) if added else setup
    place = placed(hardware, dtype, link)
    over = network_of(place, link, setup, sizes) if inside & {*TIMES} else None
    put_in = {name: value for name, value in sizes.items() if name not in wanted.target.symbols}
    setting = Setting(setup, over.links if over else None, letters, said, put_in)
    left, right = spelled_out(left, setting), spelled_out(right, setting)
    refuse_two_readings(question, names(left) | names(right) | {*wanted.target.symbols, *setup.mesh.named})
    difference = form(left, setting) - form(right, setting)
    refuse_under_root(setting.made, wanted)
    named = of.get("model") is not None or of.get("op_set") is not None
    counted = parameters(difference, wanted, setup, said, named=named)
    following = {name: value for name, value in sizes.items() if {*wanted.target.symbols} & {*value.symbols}}
    nominal = {} if setup.model.nominal is None else {"N_params": setup.model.nominal}
    following |= {name: count.substitute(following) for name, count in counted.items()}
    known = given(place, dtype, link) | (over.rates if over else {}) | nominal | sizes
    return Asked(
        text=question,
        relation=cast(Relation, between),
        unknown=wanted,
        setting=setting,
        dimension=compared(left, right, setting),
        difference=wanted.enter(difference.substitute(following)),
        bindings={n: v for n, v in known.items() if n not in wanted.target.symbols and n not in setup.model.symbolic},
        added=f"{added.kind}({wanted})" if added else "",
        on_machine=hardware is not None,
        one_link=bool(inside & {*TIMES} and setup.graph.mesh and place and over is None),
    )


def refuse_under_root(made: Iterable[Definition], wanted: Unknown) -> None:
    """Raise for a question whose unknown stands under a root."""
    for one in made:
        if one.function in ROOTS and depending(Polynomial.symbol(one.name), made, wanted.target.symbols[0]):
            root = one.written(UNICODE)
            raise UserError(f"{wanted} stands under a root, {root}; raise both sides to a power")


def parameters(
    asked: Quotient, wanted: Unknown, setup: Setup, said: list[str], *, named: bool
) -> dict[str, Polynomial]:
    """What `N_params` of a question stands for: the parameters of the model that was named; `said` gets that.

    Unless the unknown is in nothing else, it stays a letter where no model is named or the model's name has a count.
    """
    typed = "N_params" in (*setup.sizes, *wanted.target.symbols)
    elsewhere = not {*wanted.target.symbols}.isdisjoint(asked.symbols)
    letter = elsewhere and (not named or setup.model.nominal is not None)
    if "N_params" not in asked.symbols or typed or letter or (whole := setup.whole) is None:
        return {}
    count = MEASURES["params"](whole.graph, setup.convention).value.numerator
    sizes = {name: value for name, value in setup.finite("solving").items() if name not in wanted.target.symbols}
    said.append(f"N_params read as the parameters of {setup.title}: {shorten(python(count.substitute(sizes)), 80)}")
    return {"N_params": count}


def phase_of(inside: Container[str]) -> str:
    """The phase that is meant where none is named: that of a measure which only one phase has."""
    of_one = {"cache": "decode", "tpot": "decode", "ttft": "prefill"}
    return next((phase for measure, phase in of_one.items() if measure in inside), "train")


def placed(hardware: str | Machine | Cluster | None, dtype: str | None, link: str | None) -> Cluster | None:
    """The machine, and how its devices stand in nodes, known to have a rate for `dtype` and the link."""
    found = cluster(hardware) if hardware is not None else None
    chosen(found.machine if found else None, dtype, link)
    return found


def network_of(
    place: Cluster | None, link: str | None, setup: Setup, sizes: Mapping[str, Polynomial]
) -> Network | None:
    """Over which links collectives go; None without a machine, on one device, or while a degree is open."""
    return network(place, link, setup.graph, dict(sizes)) if place is not None and setup.graph.mesh else None


def given(place: Cluster | None, dtype: str | None, link: str | None) -> dict[str, Polynomial]:
    """Values that the machine and the data type bring along."""
    return {**(place.machine.bindings(dtype, link) if place else {}), **itemsize(dtype)}


def split(mesh: Mesh, wanted: Unknown, inside: Container[str]) -> Axis | None:
    """An axis that makes the model depend on the unknown, where that is the degree of one and the mesh has none."""
    (name,) = wanted.target.symbols if len(wanted.target.symbols) == 1 else ("",)
    axes = {make.symbol: make for make in AXES.values()}
    return axes[name](name) if name in axes and name not in inside and name not in mesh.named else None
