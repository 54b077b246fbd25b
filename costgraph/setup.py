"""Everything that one question fixes: made once, from text or from objects, and passed on by every front end."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from copy import copy
from dataclasses import field
from functools import cached_property, lru_cache
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

from costgraph.algebra.bindings import Binding, Typed, check_bindings, together
from costgraph.algebra.named_letters import NO_LETTERS, Letters
from costgraph.algebra.parser import Size
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, lookup
from costgraph.conventions import NOTES, Convention, usual
from costgraph.degrees import DEGREES
from costgraph.errors import OpenStages, UserError, shorten
from costgraph.frozen import FrozenMapping
from costgraph.given import (
    EAGER,
    FLASH,
    PLAIN,
    UPDATE,
    Attention,
    Choices,
    Limit,
    OpSet,
    Step,
    placement,
    read_choices,
    read_convention,
    read_letters,
    read_limit,
    read_mesh,
    read_model,
    read_names,
    read_passes,
    read_precision,
    read_widths,
    with_keywords,
    with_tensor_axis,
)
from costgraph.graph.builder import Purpose
from costgraph.graph.graph import Graph
from costgraph.graph.order import in_order
from costgraph.mesh import ONE_DEVICE, Axes, Mesh
from costgraph.models.model import Model
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call
from costgraph.passes import IN_WORDS, PASSES, PHASES, PLACING, Pass, names_of, phase_of
from costgraph.passes.rewrite import comes_before, place, read_phase
from costgraph.precision import PRECISIONS, USUAL, Precision
from costgraph.records import dataclass, replace
from costgraph.remarks import (
    as_read,
    choice_not_made,
    no_size,
    of_mesh,
    refuse_beyond_table,
    refuse_no_size,
    too_long,
    without_effect,
)

if TYPE_CHECKING:  # an op set needs none of the blocks
    from costgraph.models.architecture import Architecture


@lru_cache(maxsize=256)
def rewritten(op_set: str | Architecture, purpose: Purpose, steps: tuple[Pass, ...] = ()) -> Graph:
    """An op set after passes in order; once for all who ask, as entries of the library do."""
    if steps:
        return rewritten(op_set, purpose, steps[:-1]).apply(steps[-1])
    return written(op_set, purpose)


def written(op_set: str | Architecture, purpose: Purpose) -> Graph:
    """An op set as it is typed, or as an architecture makes it."""
    if not isinstance(op_set, str):
        return op_set.build(purpose)
    found: Graph = parse_call("op set", op_set, OP_SETS)
    return found


def is_value(part: object) -> bool:
    """Whether a pass or an architecture can be looked up; one of somebody's own may have lists in it."""
    try:
        hash(part)
    except TypeError:
        return False
    return True


@dataclass(frozen=True, repr=False)
class Setup:
    """What a question is asked of.

    Args:
        model: an op set with the sizes that it comes with, if any.
        phase: one of `PHASES`.
        passes: those that were asked for; the phase's own, those that are choices, and the placement on the mesh are
            added to them.
        mesh: over which axes of devices the model is spread.
        convention: what is counted.
        precision: what is kept of a parameter in training.
        sizes: what the user typed, true limits too; it goes before the sizes of the model. Letters of the user's own,
            and how sizes were read, stand with it.
        choices: what else changes a graph.
    """

    model: Model
    phase: str = "train"
    passes: tuple[Pass, ...] = ()
    mesh: Mesh = ONE_DEVICE
    convention: Convention = NOTES
    precision: Precision = PRECISIONS[USUAL]
    sizes: Mapping[str, Binding] = field(default_factory=dict)
    choices: Choices = EAGER

    def __post_init__(self) -> None:
        if not isinstance(self.sizes, Typed):
            object.__setattr__(self, "sizes", Typed(self.sizes))

    @classmethod
    def of(
        cls,
        *,
        model: str | Path | Mapping[str, object] | Model | None = None,
        op_set: OpSet | None = None,
        phase: str | None = None,
        passes: Step | Iterable[Step] | None = (),
        mesh: Mesh | Axes | None = "",
        limit: Limit | None = (),
        symbolic: str | Iterable[str] = (),
        convention: str | Convention | None = None,
        precision: str | Precision | Mapping[str, Size] | None = None,
        attention: Attention | None = None,
        weights: Size = "",
        cache_dtype: Size = "",
        choices: Choices = EAGER,
        let: str | Iterable[str] | Mapping[str, str] = (),
        notation: str | None = None,
        usual_phase: str = "train",
        usual_attention: Attention = "eager",
        also: Iterable[str] = (),
        **sizes: Size,
    ) -> Setup:
        """Read what was asked for.

        Args:
            model: a named size, or a file; its sizes are put in, and do not count as typed.
            op_set: a graph, or what makes one, with options such as `decoder(head=True)`; that of the model, or the
                decoder, unless given.
            phase: one of `PHASES`; unless given that of a pass that only one phase has, else `usual`.
            passes: such as `flash_attention`; applied in their one order, whichever is named first.
            mesh: such as `data(N_d, zero=1), tensor(T)`, axes, or degrees by kind; the pass `tensor_parallel(...)`
                means its axis `tensor(...)`.
            limit: sizes such as `E=4,p=2`, as text or as a mapping; `T->oo` for true limits.
            symbolic: sizes of the model that stay symbols, such as `D,L`.
            convention: such as `notes` or `exact`, with options; unless given `exact` for a model and `notes` for an
                op set. `torch` takes a model as transformers computes it, unless the model says otherwise.
            precision: the policy for `states` and `traffic.update`: its name, a file, or text such as
                `weights=2,gradients=2,master=4,moments=4+4`, or a mapping that says the
                same. That of the update in a graph that has one, else
                `mixed_adam`, unless given.
            attention: `eager` or `flash`; what `choices` say unless given. The pass flash_attention means `flash`.
            weights: a data type or bytes per element of weights, such as `int4`; those of `p` unless given, or
                `p_w` where that is typed in `limit`.
            cache_dtype: the same of the cache, `p_kv`.
            choices: what else changes a graph.
            let: letters of one's own, such as `batch_size=B, h=D`, in which sizes, regimes and formulas are typed.
            notation: the letters of a source (`costgraph list notations`), or of a file.
            usual_phase: the phase that is meant when nothing says which.
            usual_attention: the same of attention, where there are cores that can be fused.
            also: symbols that occur in the question itself, and so may be typed whatever the graph has.
            sizes: sizes by their symbols, as in `limit`; what else is given is refused.

        Raises:
            UserError: anything unknown, unreadable, out of its domain, or that contradicts something else.
        """
        limit = with_keywords(limit, sizes)
        known = read_model(model, op_set)
        steps, spread = read_passes(passes), read_mesh(mesh)
        spread, steps = with_tensor_axis(spread, steps)
        done = known.op_set.passes if isinstance(known.op_set, Graph) else ()
        source = known.op_set if isinstance(known.op_set, Graph) else None
        if source and source.name.partition("(")[0] not in OP_SETS and comes_before(usual_phase, source):
            usual_phase = "forward"  # somebody's own, placed already, is what was placed
        phase = read_phase(phase, map(str, steps), done, usual_phase)
        if source and not spread and comes_before(phase, source):
            from costgraph.retold import retold  # most graphs are placed by a mesh

            made_of = retold(source, phase)
            known, steps, spread, done = known.as_op_set(made_of.name), (*steps, *made_of.steps), made_of.mesh, ()
        chosen, steps = read_choices(choices, attention, steps, done)
        counted = read_convention(convention, named=model is not None and op_set is None)
        setup = cls(
            known.counted_by(counted), phase, steps, spread, counted, read_precision(precision, done),
            choices=replace(chosen, widths=read_widths(weights, cache_dtype, limit, chosen.widths)),
        )  # fmt: skip
        if usual_attention == "flash" and attention is None and choices == EAGER and setup.can_fuse:
            object.__setattr__(setup, "choices", replace(setup.choices, attention="flash"))
        return setup.with_sizes(limit, also, read_names(symbolic), read_letters(let, notation))

    def with_sizes(
        self,
        limit: Limit,
        also: Iterable[str] = (),
        symbolic: tuple[str, ...] = (),
        letters: Mapping[str, Quotient] = NO_LETTERS,
    ) -> Setup:
        """The same with these sizes typed, in these letters, and these of the model left symbols.

        Raises:
            UserError: unreadable, outside a domain, unknown, or a symbol that names a choice that was not made.
        """
        graph = self.asked
        sizes = read_limit(limit, graph.symbols, also=SYMBOLS, letters=letters)
        refuse_no_size(symbolic, sizes, self.model, graph)
        if isinstance(self.model.op_set, str | Graph):  # an architecture may have sizes that one phase does without
            for name in self.model.bindings:
                lookup(name, graph.symbols)
        setup = copy(self)  # with the graph, which sizes are put into only once something is derived from it
        object.__setattr__(setup, "sizes", sizes)
        object.__setattr__(setup, "model", self.model.left_free(symbolic))
        setup.__dict__.pop("bindings", None)
        if setup.decides:
            setup.__dict__.pop("graph", None)
        if not isinstance(self.model.op_set, str | Graph):
            refuse_beyond_table(graph, setup.bindings)
        for name in sizes:
            put_in = self.mesh.in_parts and name in graph.own_symbols  # and decides on stages
            if name not in also and not put_in and (said := setup.not_made(name)):
                raise UserError(said)
        return setup

    def not_made(self, name: str) -> str:
        """What is wrong with a size that names a choice which was not made, with the remedy; "" if nothing is."""
        if name in self.graph.symbols or name in DEGREES:
            return choice_not_made(name, self.bindings, self.graph, self.graph.mesh)
        options = signature(OP_SETS[kind]).parameters if (kind := self.graph.name.partition("(")[0]) in OP_SETS else ()
        return no_size(name, self.graph, options)

    # --- what follows -----------------------------------------------------------------------------------------------

    @cached_property
    def source(self) -> Graph:
        """The op set as it is written, before any pass."""
        op_set = self.model.op_set
        if isinstance(op_set, Graph):
            return op_set
        return self.after(()) if is_value(op_set) else written(op_set, self.model.purpose(self.phase))

    def after(self, steps: tuple[Pass, ...]) -> Graph:
        """The op set after passes that are in order."""
        op_set = self.model.op_set
        if isinstance(op_set, Graph) or not all(map(is_value, (op_set, *steps))):
            return self.source.apply(*steps)
        return rewritten(op_set, self.model.purpose(self.phase), steps)

    @property
    def steps(self) -> tuple[Pass, ...]:
        """Every pass, in order: those that were asked for, the phase's own, and the placement.

        Raises:
            UserError: one is given twice, two exclude each other, or one lacks what it requires.
        """
        done = names_of(self.source.passes)
        steps = list(self.passes)
        if self.choices.attention == "flash" and FLASH not in done:
            steps.append(PASSES[FLASH]())
        if self.choices.widths != PLAIN:
            steps.append(self.choices.widths)
        there = {*done, *(step.name for step in steps)}
        own = [self.own_pass(name) for name in PHASES[self.phase]]
        steps += [step for step in own if step.name not in there and not self.leaves_out(step)]
        named = [*done, *(step.name for step in steps)]
        if other := [name for name in named if phase_of([name]) not in (None, self.phase)]:
            raise UserError(f"phase {self.phase} and pass {other[0]} exclude each other; the order is {IN_WORDS}")
        if self.mesh and self.source.mesh:
            raise UserError(f"the graph lies on the mesh '{self.source.mesh}' already; leave --mesh '{self.mesh}' out")
        if self.mesh:
            steps.append(self.placement(steps))
        found = in_order(steps)
        applied = list(self.source.passes)
        for step in found:
            step.check(applied)
            applied.append(step.name)
        return tuple(found)

    def own_pass(self, name: str) -> Pass:
        """A pass of the phase."""
        if name != UPDATE:
            return PASSES[name]()
        from costgraph.passes.update import Update

        return Update(self.precision)

    def placement(self, steps: Iterable[Pass]) -> Pass:
        """The pass that places the model; where it has a pipeline, sizes may decide which layers stages have."""
        if not self.decides:
            return placement(self.mesh)
        from costgraph.plan import resolved  # what is done at once has no stages

        mesh, layers = resolved(self.mesh, self.source, steps, self.bindings, self.model.order)
        return placement(mesh, layers)

    @property
    def asked(self) -> Graph:
        """A graph that has the symbols of which sizes may be typed, which may be what layers are spread by."""
        try:
            return self.graph
        except OpenStages:
            return replace(replace(self, mesh=ONE_DEVICE).unplaced, mesh=self.mesh)

    @property
    def decides(self) -> bool:
        """Whether sizes decide on the graph: which layers stages have, and that nothing moves on one device."""
        return self.mesh.in_parts or bool(self.ones)

    @property
    def can_fuse(self) -> bool:
        """Whether the op set has attention cores that can be fused."""
        from costgraph.passes.flash_attention import can_fuse

        return can_fuse(self.source)

    @property
    def ones(self) -> list[str]:
        """The axes of the mesh that are bound to one device."""
        found = {name: value for name, value in self.bindings.items() if isinstance(value, Polynomial)}
        return self.mesh.ones(found) if self.mesh else []

    def leaves_out(self, step: Pass) -> bool:
        """Whether a graph that was given is beyond a step that nobody asked for: one that is placed has no update."""
        return step.name == UPDATE and any(place(name) > step.place for name in names_of(self.source.passes))

    @cached_property
    def unplaced(self) -> Graph:
        """The graph on one device, with all other passes applied."""
        return self.after(tuple(step for step in self.steps if step.name not in PLACING))

    def on(self, mesh: Mesh) -> Setup:
        """The same on another mesh; what does not depend on it is done once."""
        found = replace(self, mesh=mesh)
        if not self.source.mesh:
            found.__dict__.update(source=self.source, unplaced=self.unplaced)
        return found

    def numbered(self, sizes: Mapping[str, Polynomial]) -> Setup:
        """The same with sizes put in, to be placed on many meshes: of numbers there is less to work out.

        But for what minima and what is rounded are of, which a mesh makes smaller.
        """
        found, graph = replace(self), self.unplaced
        smaller = {name for one in graph.definitions for name in one.symbols}
        known = {name: size for name, size in sizes.items() if name in graph.symbols and name not in smaller}
        found.__dict__.update(source=self.source, unplaced=graph.substitute(**known))
        return found

    @cached_property
    def graph(self) -> Graph:
        """The graph with all passes applied."""
        steps = self.steps
        if isinstance(self.model.op_set, str) and "unplaced" not in self.__dict__:
            found = self.after(steps)
        else:
            found = self.unplaced.apply(*(step for step in steps if step.name in PLACING))
        return replace(found, mesh=self.mesh) if self.mesh and self.decides else found

    @cached_property
    def bindings(self) -> Mapping[str, Binding]:
        """What symbols stand for: sizes of the model, those that were typed before them."""
        of_model = dict(self.model.bindings)
        if not self.sizes.keys().isdisjoint(self.model.kinds):
            of_model.pop("L", None)  # the sum of what is another now
        both = together(of_model, self.sizes)
        check_bindings(both)
        return FrozenMapping(both)

    def finite(self, what: str) -> dict[str, Polynomial]:
        """The bindings, all of them sizes.

        Raises:
            UserError: one is a true limit, which `what` cannot make use of.
        """
        if infinite := [name for name, value in self.bindings.items() if value == "oo"]:
            raise UserError(f"{infinite[0]}->oo: {what} needs sizes, not limits")
        return {name: value for name, value in self.bindings.items() if isinstance(value, Polynomial)}

    def remarks(self, used: Container[str], where: str, new: int = 0, also_read: Iterable[str] = ()) -> tuple[str, ...]:
        """What is worth knowing of an answer in which the symbols `used` occur.

        Args:
            used: the symbols of the answer.
            where: what it is, in words.
            new: tokens that are generated after S.
            also_read: how what else was typed was read.
        """
        put_in = (*(("P", "M", "v") if self.mesh.in_parts else ()), *self.ones)  # already, where they decide on stages
        idle = [name for name in self.sizes if name not in used and name not in put_in]
        idle = [name for name in idle if not (name == "K" and "S" in self.bindings)]
        of_model = [name for name in self.model.bindings if name not in self.sizes and name in self.bindings]
        missing = [choice_not_made(name, self.bindings, self.graph, self.graph.mesh) for name in of_model]
        said = [without_effect(name, where) for name in idle]
        said += [*filter(None, missing), *of_mesh(self.mesh), *too_long(self.bindings, new)]
        return (*as_read([*also_read, *self.read_as]), *self.model.left_out, *said)

    @property
    def letters(self) -> Letters:
        """Letters of the user's own, and what they stand for."""
        return self.sizes.letters if isinstance(self.sizes, Typed) else NO_LETTERS

    @property
    def read_as(self) -> tuple[str, ...]:
        """How names and sizes were read that were not typed in symbols and numbers."""
        return (*self.letters.said, *self.sizes.said) if isinstance(self.sizes, Typed) else ()

    @property
    def rewrites(self) -> list[str]:
        """The passes that were applied beside the phase's own, as one would type them."""
        return [step for step in self.applied if step not in PHASES[self.phase]]

    @property
    def applied(self) -> list[str]:
        """The passes that were applied, in order; without the placement, which the mesh says.

        The update, which changes no form but `traffic.update`, goes without saying, too.
        """
        unsaid = (place(UPDATE), place("place"))
        return [step for step in self.graph.passes if place(step.partition("(")[0]) not in unsaid]

    @property
    def beside(self) -> list[str]:
        """What was asked for beside model, phase and sizes, as one would type it: the head of every answer has it."""
        said = [*self.rewrites, *([f"mesh {self.graph.mesh}"] if self.graph.mesh else [])]
        said += [f"convention {self.convention.name}"] if self.convention != usual(bool(self.model.name)) else []
        said += [f"symbolic {','.join(self.model.symbolic)}"] if self.model.symbolic else []
        said += [f"precision {self.precision}"] if self.precision != PRECISIONS[USUAL] else []
        return [shorten(one, 200) for one in said]

    @property
    def whole(self) -> Setup | None:
        """The same on one device; None where the graph was given as one device sees it."""
        return None if self.source.mesh else replace(self, mesh=ONE_DEVICE)

    @property
    def title(self) -> str:
        """The model as its authors write it, with its graph."""
        named = self.model.title not in ("", self.graph.name)
        return f"{self.model.title} ({self.graph.name})" if named else self.graph.name

    @property
    def attention(self) -> Attention:
        """`flash` if attention cores are fused, by choice or in the graph that was given; else `eager`."""
        return "flash" if FLASH in names_of(self.graph.passes) else "eager"

    def __repr__(self) -> str:
        return f"<Setup {self}>"

    def __str__(self) -> str:
        """What is asked about, in one line: `decoder, train, flash_attention, mesh data(N_d)`."""
        return ", ".join([self.title, self.phase, *self.beside])
