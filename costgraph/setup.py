"""Everything that one question fixes: made once, from text or from objects, and passed on by every front end."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypedDict

from costgraph.algebra.bindings import Binding, check_bindings
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import lookup
from costgraph.conventions import CONVENTIONS, NOTES, Convention
from costgraph.errors import UserError, unknown
from costgraph.given import (
    Limit,
    OpSet,
    Step,
    made,
    placement,
    read_limit,
    read_mesh,
    read_model,
    read_passes,
    read_widths,
    with_tensor_axis,
    written,
)
from costgraph.graph.graph import Graph
from costgraph.graph.graph import in_order as sorted_steps
from costgraph.mesh import ONE_DEVICE, Mesh
from costgraph.models.model import Model
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call
from costgraph.passes import IN_WORDS, PASSES, PHASES, Pass, Update, Widths, phase_of
from costgraph.precision import PRECISIONS, USUAL, Precision, policy
from costgraph.remarks import DEGREES, choice_not_made, refuse_beyond_table, too_long, without_effect

PLAIN = Widths()  # p for everything


class Options(TypedDict, total=False):
    """What `Setup.of` reads, for front ends that pass it on."""

    model: str | Model | None
    op_set: OpSet | None
    phase: str | None
    passes: Step | Iterable[Step]
    mesh: str | Mesh
    limit: Limit
    convention: str | Convention
    precision: str | Precision
    weights: Size
    cache_dtype: Size
    choices: Choices


@dataclass(frozen=True)
class Choices:
    """What else changes a graph.

    Args:
        attention: `flash` fuses the attention core, as the pass flash_attention does.
        widths: bytes per element of weights, cache and logits, where they have some of their own.
    """

    attention: Literal["eager", "flash"] = "eager"
    widths: Widths = PLAIN


@dataclass(frozen=True)
class Setup:
    """What a question is asked of.

    Args:
        model: an op set with the sizes that it comes with, if any.
        phase: one of `PHASES`.
        passes: those that were asked for; the phase's own, and the placement on the mesh, are added to them.
        mesh: over which axes of devices the model is spread.
        convention: what is counted.
        precision: what is kept of a parameter in training.
        sizes: what the user typed, true limits too; it goes before the sizes of the model.
        choices: what else changes a graph.
    """

    model: Model
    phase: str = "train"
    passes: tuple[Pass, ...] = ()
    mesh: Mesh = ONE_DEVICE
    convention: Convention = NOTES
    precision: Precision = PRECISIONS[USUAL]
    sizes: Mapping[str, Binding] = field(default_factory=dict)
    choices: Choices = Choices()

    @classmethod
    def of(
        cls,
        *,
        model: str | Model | None = None,
        op_set: OpSet | None = None,
        phase: str | None = None,
        passes: Step | Iterable[Step] = (),
        mesh: str | Mesh = "",
        limit: Limit = (),
        convention: str | Convention = "notes",
        precision: str | Precision = USUAL,
        weights: Size = "",
        cache_dtype: Size = "",
        choices: Choices = Choices(),
        usual: str = "train",
        also: Iterable[str] = (),
    ) -> Setup:
        """Read what was asked for.

        Args:
            model: a named size, or a file; its sizes are put in, and do not count as typed.
            op_set: a graph, or what makes one, with options such as `decoder(head=True)`; that of the model, or the
                decoder, unless given.
            phase: one of `PHASES`; unless given that of a pass that only one phase has, else `usual`.
            passes: such as `flash_attention`; applied in their one order, whichever is named first.
            mesh: such as `data(N_d, zero=1), tensor(T)`; the pass `tensor_parallel(...)` means its axis `tensor(...)`.
            limit: sizes such as `E=4,p=2`, as text or as a mapping; `T->oo` for true limits.
            convention: `notes` or `exact`, with options.
            precision: the policy for `states` and `traffic.update`: its name, a file, or text such as
                `weights=2,gradients=2,master=4,moments=4+4`.
            weights: a data type or bytes per element of weights, such as `int4`; those of `p` unless given, or
                `p_w` where that is typed in `limit`.
            cache_dtype: the same of the cache, `p_kv`.
            choices: what else changes a graph.
            usual: the phase that is meant when nothing says which.
            also: symbols that occur in the question itself, and so may be typed whatever the graph has.

        Raises:
            UserError: anything unknown, unreadable, out of its domain, or that contradicts something else.
        """
        known = read_model(model)
        if op_set is not None:
            known = known.as_op_set(written(op_set))
        steps, spread = read_passes(passes), read_mesh(mesh)
        spread, steps = with_tensor_axis(spread, steps)
        done = known.op_set.passes if isinstance(known.op_set, Graph) else ()
        chosen = phase if phase is not None else phase_of([*map(str, steps), *done]) or usual
        if chosen not in PHASES:
            raise unknown("phase", chosen, PHASES)
        setup = cls(
            known, chosen, steps, spread, made("convention", convention, CONVENTIONS, Convention),
            policy(precision), choices=replace(choices, widths=read_widths(weights, cache_dtype, limit)),
        )  # fmt: skip
        return setup.with_sizes(limit, also)

    def with_sizes(self, limit: Limit, also: Iterable[str] = ()) -> Setup:
        """The same with these sizes typed.

        Raises:
            UserError: unreadable, outside a domain, unknown, or a symbol that names a choice that was not made.
        """
        graph = self.graph
        sizes = read_limit(limit, graph.symbols, also={*DEGREES, *also})
        if isinstance(self.model.op_set, str | Graph):  # an architecture may have sizes that one phase does without
            for name in self.model.bindings:
                lookup(name, graph.symbols)
        setup = replace(self, sizes=sizes)
        setup.__dict__["graph"] = graph  # sizes are put into what is derived from it
        if not isinstance(self.model.op_set, str | Graph):
            refuse_beyond_table(graph, setup.bindings)
        for name in sizes:
            if name not in also and (said := choice_not_made(name, setup.bindings, graph, self.mesh)):
                raise UserError(said)
        return setup

    # --- what follows -----------------------------------------------------------------------------------------------

    @cached_property
    def source(self) -> Graph:
        """The op set as it is written, before any pass."""
        built = self.model.built(self.phase)
        found: Graph = parse_call("op set", built, OP_SETS) if isinstance(built, str) else built
        return found

    @property
    def steps(self) -> tuple[Pass, ...]:
        """Every pass, in order: those that were asked for, the phase's own, and the placement.

        Raises:
            UserError: one is given twice, two exclude each other, or one lacks what it requires.
        """
        steps = list(self.passes)
        if self.choices.attention == "flash" and "flash_attention" not in [step.name for step in steps]:
            steps.append(PASSES["flash_attention"]())
        if self.choices.widths != PLAIN:
            steps.append(self.choices.widths)
        there = {step.partition("(")[0] for step in self.source.passes} | {step.name for step in steps}
        steps += [self.own(name) for name in PHASES[self.phase] if name not in there]
        if other := [step.name for step in steps if phase_of([step.name]) not in (None, self.phase)]:
            raise UserError(f"phase {self.phase} and pass {other[0]} exclude each other; the order is {IN_WORDS}")
        if self.mesh:
            steps.append(placement(self.mesh))
        found = sorted_steps(steps)
        applied = list(self.source.passes)
        for step in found:
            step.check(applied)
            applied.append(step.name)
        return tuple(found)

    def own(self, name: str) -> Pass:
        """A pass that the phase consists of."""
        return Update(self.precision) if name == Update.name else PASSES[name]()

    @cached_property
    def graph(self) -> Graph:
        """The graph with all passes applied."""
        return self.source.apply(*self.steps)

    @cached_property
    def bindings(self) -> dict[str, Binding]:
        """What symbols stand for: sizes of the model, those that were typed before them."""
        of_model = {name: value for name, value in self.model.bindings.items() if name not in self.sizes}
        typed = {n: v.substitute(of_model) if isinstance(v, Polynomial) else v for n, v in self.sizes.items()}
        both: dict[str, Binding] = {**self.model.bindings, **typed}
        check_bindings(both)
        return both

    def finite(self, what: str) -> dict[str, Polynomial]:
        """The bindings, all of them sizes.

        Raises:
            UserError: one is a true limit, which `what` cannot make use of.
        """
        if infinite := [name for name, value in self.bindings.items() if value == "oo"]:
            raise UserError(f"{infinite[0]}->oo: {what} needs sizes, not limits")
        return {name: value for name, value in self.bindings.items() if isinstance(value, Polynomial)}

    def remarks(self, used: Container[str], where: str, new: int = 0) -> tuple[str, ...]:
        """What is worth knowing of an answer in which the symbols `used` occur.

        Args:
            used: the symbols of the answer.
            where: what it is, in words.
            new: tokens that are generated after S.
        """
        idle = [name for name in self.sizes if name not in used and not (name == "K" and "S" in self.bindings)]
        of_model = [name for name in self.model.bindings if name not in self.sizes]
        missing = [choice_not_made(name, self.bindings, self.graph, self.mesh) for name in of_model]
        said = [without_effect(name, where) for name in idle]
        return (*self.model.left_out, *said, *filter(None, missing), *too_long(self.bindings, new))

    @property
    def rewrites(self) -> list[str]:
        """The passes that were applied beside the phase's own, as one would type them."""
        return [step for step in self.applied if step not in PHASES[self.phase]]

    @property
    def applied(self) -> list[str]:
        """The passes that were applied, in order; without the update, which changes no form but `traffic.update`."""
        return [step for step in self.graph.passes if step.partition("(")[0] != Update.name]

    @property
    def title(self) -> str:
        """The model as its authors write it, with its graph."""
        named = self.model.title not in ("", self.graph.name)
        return f"{self.model.title} ({self.graph.name})" if named else self.graph.name

    def __str__(self) -> str:
        """What is asked about, in one line: `decoder, train, flash_attention`."""
        return ", ".join([self.title, self.phase, *self.rewrites])
