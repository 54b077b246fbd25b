"""A model: what is built, and its sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import EVERYWHERE, SYMBOLS
from costgraph.conventions import Convention
from costgraph.errors import UserError, no_attribute, shorten, unknown
from costgraph.frozen import FrozenMapping
from costgraph.graph.builder import Purpose
from costgraph.graph.graph import Graph
from costgraph.records import dataclass, replace
from costgraph.shown import Shown

if TYPE_CHECKING:  # an op set needs none of the blocks
    from costgraph.blocks import MultiToken
    from costgraph.models.architecture import Architecture

OPTIONS = ("as", "mtp", "head", "fused")
ARCHITECTURE, LIBRARY = "architecture", "transformers"  # as what a model is computed: as it demands, or by whose code
PURPOSES: dict[str, Purpose] = {"prefill": "prefill", "decode": "decode"}  # phases with ops of their own


@dataclass(frozen=True, repr=False)
class Model(Shown):
    """A model by its sizes.

    Args:
        name: how it is asked for, such as `llama-2-7b`.
        title: its name as its authors write it.
        op_set: the graph it is: as text, with options, made already, or an architecture, which makes it for each phase.
        bindings: sizes by symbol; the sequence length and the batch are the user's.
        nominal: the parameter count in its name, for results of sources that round.
        source: where the sizes were read.
        exact: the exact parameter count that somebody else published or measured, if one is known.
        hub: the names under which its configuration is published.
        remarks: what was left out when its configuration was read.
        multi_token: what its configuration has beside to predict further tokens.
        symbolic: what is to stay symbols, and so is not in `bindings`, with what it would be.
        order: the kind of each layer, where there are several kinds.
        computed_as: as what it was asked for: its architecture, or the code of a library; nothing if nothing was said.
    """

    name: str
    title: str
    op_set: str | Graph | Architecture
    bindings: Mapping[str, Polynomial]
    nominal: Polynomial | None = None
    source: str = ""
    exact: int | None = None
    hub: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    multi_token: MultiToken | None = None
    symbolic: Mapping[str, Polynomial] = field(default_factory=dict)
    computed_as: str = ""
    order: tuple[str, ...] = ()

    if not TYPE_CHECKING:  # to which every attribute would be known

        def __getattr__(self, name: str) -> None:
            """What is asked of a function of the library instead."""
            raise no_attribute("Model", name)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is not counted, in words."""
        if self.multi_token is None or isinstance(self.op_set, str | Graph) or self.op_set.multi_token is not None:
            return self.remarks
        times = self.multi_token.times
        blocks = "1 block" if times == 1 else f"{times} blocks"
        return (*self.remarks, f"{blocks} to predict further tokens left out, mtp={times} counts them")

    def __post_init__(self) -> None:
        object.__setattr__(self, "bindings", FrozenMapping(self.bindings))
        object.__setattr__(self, "symbolic", FrozenMapping(self.symbolic))

    @classmethod
    def unnamed(cls, op_set: str | Graph) -> Model:
        """An op set without sizes."""
        return cls("", "", op_set, {})

    @property
    def has_layers(self) -> bool:
        """Whether it is an architecture, whose costs read best by part."""
        return not isinstance(self.op_set, str | Graph)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What counts its layers, where these are of several kinds; L is the sum of all, and occurs in no form."""
        layers = () if isinstance(self.op_set, str | Graph) else self.op_set.layers
        return tuple(str(one.times) for one in layers) if len(layers) > 1 else ()

    def left_free(self, names: Iterable[str]) -> Model:
        """The model with these of its sizes left symbols; with L how many layers are of each kind, and L with these."""
        free = list(names)
        free += self.kinds if "L" in free else ["L"] if set(free) & set(self.kinds) else []
        there = {name: self.bindings.get(name, Polynomial.symbol(name)) for name in free}
        kept = {name: value for name, value in self.bindings.items() if name not in there}
        return replace(self, bindings=kept, symbolic={**self.symbolic, **there})

    def built(self, phase: str) -> Graph | str:
        """Its graph, or how it is asked for; `phase` says what will be made of it."""
        if isinstance(self.op_set, str | Graph):
            return self.op_set
        return self.op_set.build(self.purpose(phase))

    def purpose(self, phase: str) -> Purpose:
        """What its graph is made for: an architecture has ops of its own where it serves."""
        return "train" if isinstance(self.op_set, str | Graph) else PURPOSES.get(phase, "train")

    def as_op_set(self, op_set: str | Graph | Architecture) -> Model:
        """Its sizes in another graph: those that every op set has, and the expansion of its MLP."""
        if isinstance(self.op_set, str | Graph) or not isinstance(op_set, str | Graph):
            return replace(self, op_set=op_set)
        sizes = {name: value for name, value in self.bindings.items() if SYMBOLS[name].group in EVERYWHERE}
        if "F" in self.bindings:
            sizes["E"] = self.bindings["F"] / self.bindings["D"]
        return replace(self, op_set=op_set, bindings=sizes, remarks=())

    def with_options(self, text: str) -> Model:
        """The model with options, as they are typed behind its name: `as="transformers"`.

        Raises:
            UserError: an option or value that there is not, one that is given twice, or that only architectures have.
        """
        found, given = self, set[str]()
        for option in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = (part.strip(" '\"") for part in option.partition("="))
            if name not in OPTIONS:
                raise unknown(f"option of model {self.name}", name, OPTIONS)
            if name in given:
                raise UserError(f"{self.name}: {name} is given twice")
            given.add(name)
            architecture = found.op_set
            if isinstance(architecture, str | Graph):
                raise UserError(f"{self.name}({shorten(option)}): only models with a configuration have options")
            changes = {"as": found.as_computed_by, "mtp": found.predicting, "head": found.with_head_on}
            found = changes.get(name, found.with_projections)(architecture, value)
        return found

    def predicting(self, architecture: Architecture, further: str) -> Model:
        """The model with blocks that predict so many further tokens in training."""
        most = int(str(self.multi_token.times)) if self.multi_token else 0
        number = int(further) if further.isascii() and further.isdecimal() and len(further) < 10 else most + 1
        if number > most:
            raise UserError(f"{self.name}: mtp={shorten(further)}: its configuration has {most} blocks for that")
        blocks = replace(self.multi_token, times=number) if self.multi_token and number else None
        return replace(self, op_set=replace(architecture, multi_token=blocks))

    def serving(self) -> Model:
        """The model as engines run it to generate: logits of the last position alone, unless all were asked for."""
        made = self.op_set
        if isinstance(made, str | Graph) or made.head is None or made.head.positions or not made.generates:
            return self
        return self.with_head_on(made, "last")

    def with_head_on(self, architecture: Architecture, positions: str) -> Model:
        """The model with logits of all positions, or outside of training of the last one alone, as engines do it."""
        if positions not in ("all", "last"):
            raise unknown("positions of the head", positions, ["all", "last"])
        if architecture.head is None or not architecture.generates:
            raise UserError(f"{self.name}: head={positions}: only a model that generates has a last position")
        head = replace(architecture.head, positions="last" if positions == "last" else "all")
        return replace(self, op_set=replace(architecture, head=head))

    def with_projections(self, architecture: Architecture, fused: str) -> Model:
        """The model with queries, keys and values from three products, where its configuration has them from one."""
        apart = architecture.unfused()
        if fused != "False" or apart == architecture:
            has = "three already" if apart == architecture else "one; fused=False has three"
            raise UserError(f"{self.name}(fused={shorten(fused)}): the product of queries, keys and values is {has}")
        return replace(self, op_set=apart, title=f"{self.title}, queries, keys and values apart")

    def as_computed_by(self, architecture: Architecture, whose: str) -> Model:
        """The model as its architecture demands, or as the code of a library computes it."""
        if whose not in (ARCHITECTURE, LIBRARY):
            raise unknown("library", whose, [LIBRARY, ARCHITECTURE])
        if whose == ARCHITECTURE:
            return replace(self, computed_as=whose)
        title = f"{self.title}, as {whose} computes it"
        return replace(self, op_set=architecture.as_transformers(), title=title, computed_as=whose)

    def counted_by(self, convention: Convention) -> Model:
        """The model as a convention counts it: by the code of a library, where nothing else was asked for."""
        if self.computed_as or not convention.library or isinstance(self.op_set, str | Graph):
            return self
        return self.as_computed_by(self.op_set, convention.library)
