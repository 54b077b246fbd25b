"""Families of configurations: which key is which size, which option, and what has no effect; tables of a few verbs.

[sizes]   H = { key = "head_dim", default = "D/A" }       a symbol, under one name or several, or from other sizes
[gated]   act = { key = "hidden_act", default = "silu" }  an option of a block, as it stands or `when` it is what
[layers.local]  not_every = 2, other = "global"           which layers are of which kind
[only]    is_decoder = [false]                            values that are modelled
[equal]   qk_head_dim = "H_n + H_r"                       keys that repeat what others say
[remarks] num_nextn_predict_layers = "..."                what is said where a key is set
without_effect, inherits, rewrite, model_types, source
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields, replace
from functools import cache, partial
from typing import Annotated, Any

from costgraph.errors import UserError, shorten, unknown
from costgraph.models.keys import Choice, SizeKey, as_option, as_size_key
from costgraph.models.layer_kinds import LayerKind
from costgraph.records import dataclass
from costgraph.resources import PACKAGE
from costgraph.toml_tables import from_table
from costgraph.toml_text import of_package

MAX_INHERITED = 8  # families in a chain


def read_each(table: Any, read: Callable[[Any], Any]) -> dict[str, Any]:
    """A table with every value read."""
    if not isinstance(table, dict):
        raise UserError("a table is expected")
    found = {}
    for name, value in table.items():
        try:
            found[name] = read(value)
        except UserError as error:
            raise UserError(f"{shorten(name, 40)}: {error}") from None
    return found


def allowed(value: Any) -> tuple[Any, ...]:
    """The values of a key that are modelled."""
    if not isinstance(value, list):
        raise UserError("write a list of values")
    return tuple(value)


Options = Annotated[Mapping[str, Any], partial(read_each, read=as_option)]
Allowed = Annotated[Mapping[str, tuple[Any, ...]], partial(read_each, read=allowed)]
Sizes = Annotated[Mapping[str, SizeKey], partial(read_each, read=as_size_key)]


@dataclass(frozen=True)
class Family:
    """What configurations of one kind of model call their sizes and options.

    Args:
        name: of its table.
        source: where the names, defaults and meanings were read.
        model_types: values of `model_type`.
        inherits: the family whose table this one adds to.
        rewrite: a function that brings keys into a form that the verbs can say (`rewriting.py`).
        without_effect: keys that change no cost.
        only: the values of a key that are modelled.
        equal: keys that repeat what others say, as an expression over symbols.
        remarks: what is said where a key is neither absent, null, false nor 0.
        sizes: by symbol.
        layers: the kinds of layers.
        block, norm, embedding, head, architecture: options of what every model has; `block` names the sections of its
            attention and its MLP.
        attention, latent_attention, mamba2, mlp, gated, experts: options of blocks.
        cross, encoder_attention: what is different in a decoder's attention to its encoder, and in that encoder.
    """

    name: str
    source: str
    model_types: tuple[str, ...] = ()
    inherits: str = ""
    rewrite: str = ""
    without_effect: tuple[str, ...] = ()
    only: Allowed = field(default_factory=dict)
    equal: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=dict)
    layers: Mapping[str, LayerKind] = field(default_factory=dict)
    block: Options = field(default_factory=dict)
    norm: Options = field(default_factory=dict)
    embedding: Options = field(default_factory=dict)
    head: Options = field(default_factory=dict)
    architecture: Options = field(default_factory=dict)
    attention: Options = field(default_factory=dict)
    latent_attention: Options = field(default_factory=dict)
    mamba2: Options = field(default_factory=dict)
    mlp: Options = field(default_factory=dict)
    gated: Options = field(default_factory=dict)
    experts: Options = field(default_factory=dict)
    cross: Options = field(default_factory=dict)
    encoder_attention: Options = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """Every key that it knows, the parts of a dotted one aside."""
        named = [*self.without_effect, *self.only, *self.equal, *self.remarks]
        named += [name for size in self.sizes.values() for name in size.names]
        named += [name for kind in self.layers.values() for name in kind.keys]
        for section in fields(self):
            if section.type == "Options":
                named += names_in(getattr(self, section.name))
        return {name.partition(".")[0] for name in named}


def names_in(options: Mapping[str, Any]) -> Iterator[str]:
    """The keys that options depend on."""
    for option in options.values():
        if isinstance(option, Choice):
            yield from option.names


# --- tables -----------------------------------------------------------------------------------------------------------


def family(table: Mapping[str, Any], place: str, name: str) -> Family:
    """A family from its table, with what it inherits.

    Raises:
        UserError: a verb or value that cannot be read, or a family to inherit from that is not known.
    """
    made = from_table(Family, inherited(dict(table), place), place, name=name)
    return made if "model_types" in table else replace(made, model_types=(name,))


def inherited(table: dict[str, Any], place: str) -> dict[str, Any]:
    """A table over those that it inherits from, the farthest first."""
    for _ in range(MAX_INHERITED):
        parent = table.get("inherits")
        if not isinstance(parent, str):
            return table
        if parent not in tables():
            raise UserError(f"{place}: {unknown('family to inherit from', parent, tables())}")
        base = {key: value for key, value in of_name(parent).items() if key != "model_types"}
        own = {key: value for key, value in table.items() if key != "inherits"}
        table = merged(spelt_out(base), spelt_out(own))
    raise UserError(f"families inherit from one another more than {MAX_INHERITED} times")


def spelt_out(table: dict[str, Any]) -> dict[str, Any]:
    """A table with sizes as tables, so that a default can be put to a key that is inherited."""
    sizes = table.get("sizes")
    if not isinstance(sizes, dict):
        return table
    return {**table, "sizes": {s: {"key": key} if isinstance(key, str) else key for s, key in sizes.items()}}


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Two tables as one: tables entry by entry, keys without effect together, anything else as `own` has it."""
    found = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            found[key] = merged(base[key], value)
        elif key == "without_effect" and isinstance(value, list):
            found[key] = [*base.get(key, []), *value]
        else:
            found[key] = value
    return found


@cache
def tables() -> dict[str, Any]:
    """The files of the package's families, by name."""
    found = (PACKAGE / "models" / "families").iterdir()
    return {file.name.removesuffix(".toml"): file for file in sorted(found, key=str) if file.name.endswith(".toml")}


@cache
def of_name(name: str) -> dict[str, Any]:
    """The table of a family of the package, without what it inherits."""
    return of_package(tables()[name])


@cache
def by_model_type() -> dict[str, str]:
    """The name of the family of each model type; a family's own name where its table says nothing else."""
    return {kind: name for name in tables() for kind in model_types(name)}


def model_types(name: str) -> list[str]:
    """The model types of a family."""
    found: list[str] = of_name(name).get("model_types", [name])
    return found


@cache
def of_model_type(kind: str) -> Family:
    """The family of configurations whose `model_type` is `kind`.

    Raises:
        UserError: no family has it; with the nearest.
    """
    mentioning = [name for name, file in tables().items() if kind == name or kind in file.read_text(encoding="utf-8")]
    found = [name for name in mentioning if kind in model_types(name)]  # only these are parsed
    if not found:
        raise unknown("model_type", kind, by_model_type())
    return family(of_name(found[-1]), f"families/{found[-1]}.toml", found[-1])
