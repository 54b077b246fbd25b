"""The conventions by name, and what makes others of them with options."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any, get_type_hints

from costgraph.algebra.symbols import Rational
from costgraph.conventions.calculon import CALCULON
from costgraph.conventions.convention import (
    ELEMENTWISE,
    Additions,
    Convention,
    Counting,
    Elementwise,
)
from costgraph.conventions.llm_analysis import LLM_ANALYSIS
from costgraph.conventions.megatron import MEGATRON_2025
from costgraph.conventions.peers import (
    CHINCHILLA,
    DEEPSPEED,
    FVCORE,
    KAPLAN,
    MAXTEXT,
    MEGATRON_2022,
    NANOGPT,
    PALM,
    TORCHTITAN,
    VERL,
)
from costgraph.conventions.presets import EXACT, NOTES, TABLE_A1
from costgraph.conventions.torch import TORCH
from costgraph.conventions.transformers import TRANSFORMERS
from costgraph.errors import UserError, shorten
from costgraph.records import replace

DIGITS = 9  # of a rate, at most
# What can be said of any convention, with what it may be.
OPTIONS: dict[str, Any] = {"elementwise": Elementwise | str, "additions": Additions, **get_type_hints(Counting)}
SIGNATURE = Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None) for name in OPTIONS])
PRESETS = {
    one.name: one
    for one in (
        NOTES, EXACT, TABLE_A1, TORCH, MEGATRON_2022, MEGATRON_2025, PALM, KAPLAN, CHINCHILLA, NANOGPT, LLM_ANALYSIS,
        CALCULON, TORCHTITAN, MAXTEXT, VERL, TRANSFORMERS, DEEPSPEED, FVCORE,
    )
}  # fmt: skip


def rates_of(text: str) -> dict[str, Rational]:
    """FLOPs per element by kind of op, as in `softmax:5+gelu:8`.

    Raises:
        UserError: it is neither that nor the name of a choice.
    """
    found: dict[str, Rational] = {}
    for part in text.replace(",", "+").split("+"):
        kind, mark, rate = (word.strip() for word in part.partition(":"))
        if not mark:
            raise UserError(
                f"elementwise '{shorten(text)}' is none of {', '.join(ELEMENTWISE)}, nor rates as in 'softmax:5+gelu:8'"
            )
        if not rate.isdecimal() or len(rate) > DIGITS:
            raise UserError(f"elementwise: {shorten(kind)}:{shorten(rate)} must be a whole number of FLOPs per element")
        if kind in found:
            raise UserError(f"elementwise: {shorten(kind)} is given twice")
        found[kind] = int(rate)
    return found


def varied(base: Convention) -> Callable[..., Convention]:
    """What makes a convention with options in place of those that it has."""

    def make(*args: Any, **options: Any) -> Convention:
        given = SIGNATURE.bind(*args, **options).arguments
        found = replace(base, additions=given.pop("additions", base.additions))
        if (choice := given.pop("elementwise", None)) is not None:
            rates = ELEMENTWISE[choice] if choice in ELEMENTWISE else rates_of(choice)
            found = replace(found, elementwise=tuple(sorted(rates.items())))
        found = replace(found, counting=replace(found.counting, **given))
        if found.additions == "counted" and found.counting.multiply_add == 1:
            raise UserError(f"{base.name}: additions=counted and multiply_add=1 exclude each other")
        return found.named(base.name, base)

    make.__signature__ = SIGNATURE  # type: ignore[attr-defined]
    make.__annotations__ = OPTIONS
    return make


CONVENTIONS: dict[str, Callable[..., Convention]] = {name: varied(one) for name, one in PRESETS.items()}
