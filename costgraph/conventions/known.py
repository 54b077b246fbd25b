"""The conventions by name, and what makes others of them with options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Literal

from costgraph.algebra.symbols import Rational
from costgraph.conventions.calculon import CALCULON
from costgraph.conventions.convention import (
    ELEMENTWISE,
    Additions,
    Causal,
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

DIGITS = 9  # of a rate, at most
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

    def make(
        elementwise: Elementwise | str | None = None,
        additions: Additions | None = None,
        causal: Causal | None = None,
        attention: Literal["counted", "left_out"] | None = None,
        windows: Literal["reach", "full"] | None = None,
        linear: Literal["matmuls", "parameters"] | None = None,
        parameters: Literal["all", "active"] | None = None,
        embedding: Literal["look_up", "matmul"] | None = None,
        head: Literal["counted", "left_out"] | None = None,
        router: Literal["counted", "left_out"] | None = None,
        multiply_add: Literal[2, 1] | None = None,
        backward: Literal["graph", "twice"] | None = None,
    ) -> Convention:
        given = {name: value for name, value in locals().items() if value is not None}
        counting = {one.name: given[one.name] for one in fields(Counting) if one.name in given}
        found = replace(base, counting=replace(base.counting, **counting))
        if elementwise is not None:
            rates = ELEMENTWISE[elementwise] if elementwise in ELEMENTWISE else rates_of(elementwise)
            found = replace(found, elementwise=tuple(sorted(rates.items())))
        if additions is not None:
            found = replace(found, additions=additions)
        if found.additions == "counted" and found.counting.multiply_add == 1:
            raise UserError(f"{base.name}: additions=counted and multiply_add=1 exclude each other")
        return found.named(base.name, base)

    return make


CONVENTIONS: dict[str, Callable[..., Convention]] = {name: varied(one) for name, one in PRESETS.items()}
