"""From the options of a family, as a configuration chooses them, to an architecture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from costgraph.algebra.parser import Size, size
from costgraph.algebra.symbols import COUNT, SYMBOLS, Symbol, declare
from costgraph.blocks import (
    Attention,
    Block,
    Embedding,
    Experts,
    Gated,
    Head,
    LatentAttention,
    Layers,
    Mamba2,
    Mlp,
    MultiToken,
    Norm,
)
from costgraph.errors import UserError, unknown
from costgraph.models.architecture import Architecture
from costgraph.models.family import Family
from costgraph.models.keys import Choice
from costgraph.models.values import Values

SECTIONS = {
    "attention": Attention, "latent_attention": LatentAttention, "mamba2": Mamba2, "mlp": Mlp, "gated": Gated,
}  # fmt: skip
Made = TypeVar("Made")
OWN = (  # sizes that only configurations have
    Symbol("D_e", "D_{e}", "", "width of the embeddings", COUNT, 512),
    Symbol("F_s", "F_{s}", "", "width of the shared experts", COUNT, 5632),
)


def typed_fields(kind: Any) -> dict[str, Any]:
    """The fields of a block, with their types."""
    every = get_type_hints(kind)
    return {field.name: every[field.name] for field in fields(kind)}


hints: Callable[[Any], dict[str, Any]] = cache(typed_fields)


def architecture(family: Family, values: Values, kinds: Counter[tuple[str, ...]], name: str) -> Architecture:
    """What a configuration describes.

    Args:
        family: says which option follows from which key.
        values: of the configuration; what is wrong is added to its problems.
        kinds: how many layers are of which kinds.
        name: of the architecture.
    """
    for symbol in OWN:
        declare(symbol)
    blocks = {kind: block(family, values, kind) for kind in kinds}
    names = {kind: telling(kind, kinds) for kind in kinds}
    norm = next(iter(blocks.values())).norm
    ends = chosen(family.architecture, values)
    further = ends.get("multi_token", 0)
    encoder: tuple[Layers, ...] = ()
    if family.encoder_attention:
        encoder = (Layers(times(("encoder",)), encoder_block(family, values)),)
    return Architecture(
        layers=tuple(Layers(times(names[kind]), one, "_".join(names[kind])) for kind, one in blocks.items()),
        embedding=made(Embedding, family.embedding, values),
        norm=norm if ends.get("norm", True) else None,
        head=made(Head, family.head, values) if ends.get("head", True) else None,
        encoder=encoder,
        multi_token=MultiToken(list(blocks.values())[-1], further, norm) if further else None,
        name=name or family.name,
    )  # fmt: skip


def telling(kind: tuple[str, ...], kinds: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The parts of a kind that tell it from others."""
    several = [len(set(parts)) > 1 for parts in zip(*kinds, strict=True)]
    return tuple(part for part, tells in zip(kind, several, strict=True) if tells)


def times(kind: tuple[str, ...]) -> str:
    """The symbol of how many layers are of a kind: L, or one of its own where there are several."""
    if not kind:
        return "L"
    tex = rf"L_{{\mathrm{{{','.join(kind)}}}}}"
    return declare(Symbol(f"L_{'_'.join(kind)}", tex, "", f"number of {' '.join(kind)} layers", COUNT, 12)).name


def block(family: Family, values: Values, kind: tuple[str, ...]) -> Block:
    """A layer of some kinds: `local` gives its attention a window, `moe` has experts in place of the MLP."""
    options = chosen(family.block, values)
    attention, mlp = options.pop("attention", "attention"), options.pop("mlp", "gated")
    mixing = mixed(family, values, attention, {"window": "W"} if "local" in kind else {})
    cross = None
    if family.cross:
        cross = made(Attention, {**family.attention, **family.cross, "cross": True}, values)
    return built(
        Block,
        {
            "attention": mixing,
            "mlp": experts(family, values) if "moe" in kind else mixed(family, values, mlp),
            "cross": cross,
            "norm": made(Norm, family.norm, values),
            **options,
        },
    )


def encoder_block(family: Family, values: Values) -> Block:
    """A layer of the encoder: as one of the decoder, without attention to an encoder."""
    options = chosen(family.block, values)
    options.pop("attention", None)
    mlp = options.pop("mlp", "gated")
    attention = made(Attention, {**family.attention, "causal": False, **family.encoder_attention}, values)
    norm = made(Norm, family.norm, values)
    return built(Block, {"attention": attention, "mlp": mixed(family, values, mlp), "norm": norm, **options})


def mixed(family: Family, values: Values, section: str, also: Mapping[str, Any] | None = None) -> Any:
    """The block of a section, or none."""
    if section == "none":
        return None
    if section not in SECTIONS:
        raise unknown("section", section, [*SECTIONS, "none"])
    return made(SECTIONS[section], {**getattr(family, section), **(also or {})}, values)


def experts(family: Family, values: Values) -> Experts:
    """The experts, with the activation of the family's gated MLP unless they have one of their own."""
    act = {"act": family.gated["act"]} if "act" in family.gated else {}
    return made(Experts, {**act, **family.experts}, values)


def chosen(options: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """Options as the configuration has them; those that say nothing are left out."""
    found = {name: values.chosen(one) if isinstance(one, Choice) else one for name, one in options.items()}
    return {name: value for name, value in found.items() if not (isinstance(value, str) and value == "")}


def made(kind: type[Made], options: Mapping[str, Any], values: Values) -> Made:
    """A block with these options."""
    return built(kind, chosen(options, values))


def built(kind: type[Made], options: Mapping[str, Any]) -> Made:
    """A block; lists become tuples, and tables norms.

    Raises:
        UserError: it has no such option.
    """
    known = hints(kind)
    for name in options:
        if name not in known:
            raise unknown(f"option of {kind.__name__}", name, known)
    return kind(**{name: converted(name, value, known[name]) for name, value in options.items()})


def converted(name: str, value: Any, hint: Any) -> Any:
    """A value of a table as its field wants it."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return built(Norm, value)
    if hint is bool and not isinstance(value, bool):
        raise UserError(f"{name} must be true or false, not {value}")
    return value


def symbols(value: Any) -> Iterator[str]:
    """The symbols of every size in an architecture."""
    if isinstance(value, tuple):
        for item in value:
            yield from symbols(item)
    elif is_dataclass(value) and not isinstance(value, type):
        known = hints(type(value))
        for field in fields(value):
            held = getattr(value, field.name)
            if isinstance(held, str) and is_size(known[field.name]):
                yield from [held] if held in SYMBOLS else size(held).symbols
            else:
                yield from symbols(held)


def is_size(hint: Any) -> bool:
    """Whether a field holds a size, perhaps or none."""
    return set(get_args(Size)) <= set(get_args(hint))
