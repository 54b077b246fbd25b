"""Known models, asked for by name under the convention `torch`, cost what PyTorch counts on transformers' code."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest
from torch_models import MEASURED, asked, by_kind, measured, ops_of, parameters_of, short, sum_of, terms

import costgraph as cg
from costgraph.measures import MEASURES

MODELS = list(MEASURED)
GENERATING = [model for model in MODELS if "decode" in MEASURED[model]]

EXPERTS = ("moe.gate.", "moe.up.", "moe.down.")
# Our ops that are in a row of PyTorch's op; the rest go by its name. Experts run as a batch of products, or grouped.
KINDS = {
    "bmm, experts=batched_mm": ("bmm", "experts"), "bmm, experts=grouped_mm": ("bmm",), "_grouped_mm": ("experts",),
}  # fmt: skip


def test_all_rows_are_there() -> None:
    assert len(MODELS) == 23
    phases = [(model, phase) for model in MODELS for phase in MEASURED[model] if phase not in ("sizes", "params")]
    assert sum(len(measured(*one, measure)) for one in phases for measure in ("flops", "cache", "growth")) == 1624
    assert sum(len(MEASURED[model]["params"]) for model in MODELS) == 477


@pytest.mark.parametrize("phase", ["forward", "forward+backward", "decode"])
@pytest.mark.parametrize("model", MODELS)
def test_flops(model: str, phase: str) -> None:
    for row in measured(model, phase, "flops"):
        if row.of == "total":
            assert sum(terms(row).values()) == row.value, row


@pytest.mark.parametrize("phase", ["forward", "decode"])
@pytest.mark.parametrize("model", MODELS)
def test_flops_by_module(model: str, phase: str) -> None:
    for row in measured(model, phase, "flops"):
        if row.of != "total" and not row.of.startswith("aten "):
            assert sum_of(row, ops_of(row.of, asked(model, phase).graph)) == row.value, row


@pytest.mark.parametrize("phase", ["forward", "forward+backward", "decode"])
@pytest.mark.parametrize("model", MODELS)
def test_flops_by_kind_of_op(model: str, phase: str) -> None:
    rows = [row for row in measured(model, phase, "flops") if row.of.startswith("aten ")]
    kinds = by_kind(asked(model, phase).graph) if rows else {}
    for row in rows:
        name = row.of.removeprefix("aten ")
        assert sum_of(row, [op for kind in KINDS.get(name, (name,)) for op in kinds[kind]]) == row.value, row


def test_only_its_counter_lets_all_channels_meet_in_a_depthwise_kernel() -> None:
    """317706977280 were counted for the gradients of its convolutions, and 177192960 for the convolutions."""
    counts = []
    for convention in ("exact", "torch"):
        setup = {"model": "mamba2-130m(as=transformers)", "limit": "B=1,S=512", "convention": convention}
        found = cg.derive("flops", "flops.forward", **setup)  # type: ignore[arg-type]
        counts.append([found.forms[one].limited(found.setup.bindings).number or 0 for one in found.forms])
    (right, forward), (counted, same) = counts
    assert forward == same
    assert counted - right == 317706977280 - 2 * 177192960


# --- parameters -------------------------------------------------------------------------------------------------------


def parameters(model: str) -> dict[str, int]:
    """Elements by parameter."""
    setup = asked(model, "forward")
    form = MEASURES["params"](setup.graph, setup.convention).limited(setup.finite("a test"))
    return {term.source: int(term.amount.number or 0) for term in form.terms}


@pytest.mark.parametrize("model", MODELS)
def test_parameters_one_by_one(model: str) -> None:
    mine, matched = parameters(model), list[str]()
    for name, value in MEASURED[model]["params"].items():
        if name not in sums(model, mine):
            found = parameters_of(name, mine)
            assert sum(mine[one] for one in found) == value, (name, found)
            matched += found
    assert sorted(matched) == sorted(mine)


@pytest.mark.parametrize("model", MODELS)
def test_parameters_by_what_they_are(model: str) -> None:
    mine = sums(model, parameters(model))
    for name, value in MEASURED[model]["params"].items():
        if name in mine:
            assert mine[name] == value, name


def sums(model: str, mine: Mapping[str, int]) -> dict[str, Fraction | int]:
    """Parameters together: all, of the ends, of experts, and those that work on one token."""
    sizes = asked(model, "forward").finite("a test")
    total, tokens = sum(mine.values()), mine["embed.tokens.table"]
    positions = sum(mine.get(f"embed.{one}.table", 0) for one in ("positions", "types"))
    inside = total - tokens - positions - (head := mine.get("head.table", 0))
    experts = sum(count for name, count in mine.items() if short(name).startswith(EXPERTS))
    idle = experts * (1 - Fraction(sizes["K_r"].number or 0, int(sizes["N_r"].number or 1))) if experts else Fraction(0)
    return {
        "total": total, "token_embedding": tokens, "position_and_type_embedding": positions, "lm_head_untied": head,
        "non_embedding": inside, "routed_experts": experts, "active_total": total - idle,
        "active_non_embedding": inside - idle,
    }  # fmt: skip


# --- what is kept between steps ---------------------------------------------------------------------------------------

# Of which of our ops a row is; latents are kept as keys, and the part of the keys that is rotated as values.
KEPT = {
    "keys": ("attn.k_context",), "values": ("attn.v_context",),
    "window keys": ("attn.k_kept",), "window values": ("attn.v_kept",),
    "self keys": ("attn.k_context",), "self values": ("attn.v_context",),
    "cross keys": ("cross.k_context",), "cross values": ("cross.v_context",),
}  # fmt: skip
LATENT = {"keys": ("attn.latent_context",), "values": ("attn.k_context",)}


@pytest.mark.parametrize("model", GENERATING)
def test_the_cache_of_a_prefill(model: str) -> None:
    for row in measured(model, "prefill", "cache"):
        mine = terms(row)
        latent = any(short(op) in LATENT["keys"] for op in mine)
        ops = (LATENT if latent else KEPT).get(row.of, ())
        counted = sum(size for op, size in mine.items() if row.of == "total" or short(op) in ops)
        assert counted == row.value, row


@pytest.mark.parametrize("model", GENERATING)
def test_the_cache_after_a_step(model: str) -> None:
    for row in measured(model, "decode", "cache"):
        assert sum(terms(row).values()) == row.value, row


@pytest.mark.parametrize("model", GENERATING)
def test_what_a_token_adds_to_the_cache(model: str) -> None:
    for row in measured(model, "decode", "growth"):
        after, before = (sum(terms(row._replace(phase=one, measure="cache")).values()) for one in ("decode", "prefill"))
        assert after - before == row.value * row.sizes["B"], row
