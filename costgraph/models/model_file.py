"""The TOML file of a model: sizes of an op set, or the keys of a configuration; one form for `known/` and for users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Annotated, Any

from costgraph.algebra.bindings import bound
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError, shorten
from costgraph.models.config_json import configuration
from costgraph.models.family import family as read_family
from costgraph.models.keys import plain
from costgraph.models.model import Model
from costgraph.records import dataclass
from costgraph.toml_tables import day, from_table, shown, whole


def size(symbol: str, value: Any) -> Polynomial:
    """One size: a number or text such as `129/32`, checked against the symbol's domain."""
    try:
        if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
            raise UserError("write a number or text such as '129/32'")
        return bound(symbol, Fraction(value) if isinstance(value, Decimal) else value)
    except UserError as error:
        raise UserError(f"{shorten(symbol, 40)} = {shown(value)}: {error}") from None


def sizes(table: Any) -> dict[str, Polynomial]:
    """The sizes of `[bindings]`."""
    if not isinstance(table, dict) or not table:
        raise UserError("a table of sizes is expected, such as D = '4096'")
    return {symbol: size(symbol, value) for symbol, value in table.items()}


def config_keys(table: Any) -> Mapping[str, Any]:
    """The keys of `[config]`, with values as JSON has them."""
    if not isinstance(table, dict):
        raise UserError("a table of keys is expected, as in a config.json")
    return {key: as_json(value) for key, value in table.items()}


def as_json(value: Any) -> Any:
    """A value of TOML, which has no null: the text "null" stands for it."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return None if value == "null" else plain(value)


@dataclass(frozen=True)
class Nominal:
    """The count in the model's name."""

    N_params: Annotated[Polynomial, partial(size, "N_params")]
    source: str = ""


@dataclass(frozen=True)
class Exact:
    """The count that somebody published or measured."""

    params: Annotated[int, whole]
    source: str = ""


@dataclass(frozen=True)
class Origin:
    """Where the sizes were read; `recalled` where it was not looked up again."""

    text: str = ""
    url: str = ""
    accessed: Annotated[str, day] = ""
    note: str = ""
    recalled: bool = False


@dataclass(frozen=True)
class ModelFile:
    """The keys of a file."""

    bindings: Annotated[Mapping[str, Polynomial], sizes] = field(default_factory=dict)
    config: Annotated[Mapping[str, Any], config_keys] = field(default_factory=dict)
    family: Annotated[Mapping[str, Any], config_keys] = field(default_factory=dict)
    name: str = ""
    title: str = ""
    hub: tuple[str, ...] = ()
    op_set: str = ""
    nominal: Nominal | None = None
    exact: Exact | None = None
    source: Origin = Origin()


def made(table: Mapping[str, Any], place: str, name: str) -> Model:
    """A model from the tables of its file.

    Raises:
        UserError: an unknown key, a value of another type, or neither sizes nor a configuration.
    """
    file = from_table(ModelFile, table, place)
    if "config" not in table and "bindings" not in table:
        raise UserError(f"{place}: the table [bindings] is missing, or [config] with the keys of a configuration")
    name = file.name or name
    found = Model(
        name=name,
        title=file.title or name,
        op_set=file.op_set or "decoder",
        bindings=file.bindings,
        nominal=file.nominal.N_params if file.nominal else None,
        source=file.source.text,
        exact=file.exact.params if file.exact else None,
        hub=file.hub,
    )
    return configured(found, file, place) if "config" in table else found


def configured(model: Model, file: ModelFile, place: str) -> Model:
    """A model with what its configuration says."""
    if file.op_set or file.bindings:
        raise UserError(f"{place}: [config] says what the model is and how large; leave op_set and [bindings] out")
    family = read_family(file.family, f"{place}: [family]", model.name) if file.family else None
    found = configuration(file.config, f"{place}: [config]", model.name, family)
    return replace(
        model,
        op_set=found.architecture,
        bindings=found.sizes,
        remarks=found.remarks,
        multi_token=found.multi_token,
        order=found.order,
    )
