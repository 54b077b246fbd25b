"""A measure per token, sequence or layer, or of all devices of a mesh: what papers and posts print.

A token is one of the step of the whole mesh, B*S of them in training and B in decode. Per layer is what one layer
contributes; what stands outside of layers is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.printers import python
from costgraph.algebra.quotient import Quotient
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError, each_text, shorten, unknown
from costgraph.graph.graph import Graph
from costgraph.largest import Largest, chosen
from costgraph.measures.by_part import has_parts
from costgraph.measures.counting import nothing_counted
from costgraph.records import dataclass, replace

PER = ("token", "sequence", "layer")
DIMS = {"token": ("batch", "query"), "sequence": ("batch",)}  # how many there are of it in a step


@dataclass(frozen=True)
class Share:
    """Of what a measure is.

    Args:
        per: token, sequence, layer, or "" for a step.
        whole: whether of all devices of the mesh, instead of one.
        ops: patterns of names of ops, of which one has to fit; all ops if there are none.
    """

    per: str = ""
    whole: bool = False
    ops: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.per and self.per not in PER:
            raise unknown("choice of --per", self.per, PER)

    def of(self, form: ClosedForm, graph: Graph) -> tuple[dict[str, ClosedForm], list[str]]:
        """The measure of that by kind of layers, under "" if they have none; and remarks on what is left out.

        Raises:
            UserError: the graph has no tokens, layers or devices, the form is a quotient, or no op fits.
        """
        said: list[str] = []
        if form.over:
            raise UserError(f"{form.name} is a quotient, which is the same per {self.per or 'device'}; ask it alone")
        if self.ops:
            form = self.of_ops(form, graph)
        found = {"": form}
        if self.per == "layer":
            found, said = of_layers(form, graph)
        elif self.per:
            found = {"": times(form, ONE / count(self.per, graph), f"{form.unit}/{self.per}")}
        if self.whole:
            every = devices(graph)
            found = {kind: times(one, every, one.unit.replace(" per device", "")) for kind, one in found.items()}
        return found, said

    def of_ops(self, form: ClosedForm, graph: Graph) -> ClosedForm:
        """What ops with these names contribute."""
        if not has_parts(form, graph):
            raise UserError(f"{form.name} is of all ops together; leave --ops out")
        patterns = [named(pattern, graph) for pattern in self.ops]
        kept = tuple(term for term in form.terms if any(fits(term.op, pattern) for pattern in patterns))
        return replace(form, terms=kept, remainder=Quotient(0))

    def why_nothing(self, found: ClosedForm) -> str:
        """Why ops contribute nothing."""
        if found.remainder.numerator:
            return f"{found.name} is 0: {found.convention.name} leaves out all there is, which is {found.remainder}"
        return f"{found.name} is 0: {nothing_counted(found, ', '.join(self.ops))}"

    def __str__(self) -> str:
        """As a part of the head of an answer: `per token, all devices, ops attn.*`."""
        said = [f"per {self.per}"] if self.per else []
        said += ["all devices"] if self.whole else []
        return ", ".join([*said, *([f"ops {', '.join(self.ops)}"] if self.ops else [])])


STEP = Share()


def fits(name: str, pattern: str) -> bool:
    """Whether a pattern such as `attn.*` names an op, whichever kind of layers it stands in."""
    return fnmatchcase(name, pattern) or fnmatchcase(name.rpartition("/")[2], pattern)


def named(pattern: str, graph: Graph) -> str:
    """A pattern that fits the name of an op; of a place, such as `attn`, or another name for one, all ops of it.

    Raises:
        UserError: none fits.
    """
    if any(fits(op.name, pattern) for op in graph.ops):
        return pattern
    from costgraph.aliases import understood  # names of ops need none

    for one in (f"{pattern}.*", f"{understood('op', pattern)}.*"):
        if any(fits(op.name, one) for op in graph.ops):
            return one
    raise UserError(f"no op is called '{shorten(pattern)}': {unknown('op', pattern, graph.by_name)}")


def times(form: ClosedForm, factor: Polynomial, unit: str) -> ClosedForm:
    """The form times a monomial, in another unit."""
    if isinstance(form, Largest):
        return chosen(form.name, [times(one, factor, unit) for one in form.candidates])
    terms = tuple(replace(term, amount=term.amount * factor) for term in form.terms)
    return replace(form, terms=terms, remainder=form.remainder * Quotient(factor), unit=unit)


def count(what: str, graph: Graph) -> Polynomial:
    """How many tokens or sequences a step of the whole mesh has."""
    extents = graph.extents
    if missing := [dim for dim in DIMS[what] if dim not in extents]:
        raise UserError(f"{graph.name} has no {what}s: it has no dim {missing[0]}; leave --per {what} out")
    found = ONE
    for dim in DIMS[what]:
        found = found * extents[dim].size
    if not found.is_monomial:
        raise UserError(f"a step has {found} {what}s, which no form is divided by; bind sizes")
    return found


def of_layers(form: ClosedForm, graph: Graph) -> tuple[dict[str, ClosedForm], list[str]]:
    """What one layer of each kind contributes, and a remark on what stands outside of layers."""
    if not has_parts(form, graph):
        raise UserError(f"{form.name} is of all layers together; leave --per layer out")
    graph = next((stage for stage in graph.stages if str(stage.stage) in form.at), graph)  # which has a share of them
    loops = {op.loop.number: op.loop for op in graph.ops if op.loop.times != ONE and not op.loop.rounds}
    if not loops:
        raise UserError(f"{graph.name} has no layers that repeat; leave --per layer out")
    inside = {number: tuple(term for term in form.terms if graph.op(term.op).loop.number == number) for number in loops}
    outside = form.value.numerator - total(term.amount for terms in inside.values() for term in terms)
    left = f"{form.name} per layer leaves out {python(Quotient(outside))} outside of layers"
    found: dict[str, ClosedForm] = {}
    for number, loop in loops.items():
        alone = replace(form, terms=inside[number], remainder=Quotient(0))
        one = times(alone, ONE / loop.times, f"{form.unit}/layer")
        if found.setdefault(loop.kind, one).value != one.value:
            raise UserError(f"{graph.name} has different layers under one name; leave --per layer out")
    return found, [left] if outside else []


def devices(graph: Graph) -> Polynomial:
    """How many devices do the same on a mesh.

    Raises:
        UserError: there is one, or stages of a pipeline do different things.
    """
    if not graph.mesh:
        raise UserError("--whole is of all devices of a mesh, and there is one device; give --mesh, or leave it out")
    if graph.mesh.pipeline is not None:
        raise UserError("--whole: the stages of a pipeline are not alike, and a measure is the largest; leave it out")
    return graph.mesh.devices


def read_share(per: str | None, whole: bool, ops: str | Sequence[str]) -> Share:
    """What was asked for, as text."""
    patterns = [part.strip() for text in each_text(ops, "attn.*") for part in text.split(",")]
    return Share(per or "", whole, tuple(filter(None, patterns)))
