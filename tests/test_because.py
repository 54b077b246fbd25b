"""Sentences that say why a term is there."""

from __future__ import annotations

from typing import Any

import pytest

import costgraph as cg
from costgraph.exporting.documents.appendix import published_as
from costgraph.exporting.documents.because import Reasons
from costgraph.exporting.documents.markup import MATHS


def sentences(measure: str, **options: Any) -> dict[str, str]:
    """By op and source of a term, what is said of it."""
    found = cg.derive(measure, **options)
    reasons = Reasons(found.graph, MATHS["text"])
    terms = found.forms[measure].terms
    return {f"{t.op}, {t.source}": "".join(str(piece.text) for piece in reasons.of(t, measure)) for t in terms}


@pytest.mark.parametrize(
    ("measure", "options", "term", "sentence"),
    [
        (
            "flops", {}, "attn.scores, einsum bsah,btah->bast",
            "bsah,btah->bast multiplies and adds for each b of B, s of S, a of A, h of D/A, t of S",
        ),
        (
            "flops", {"mesh": "tensor(T)"}, "mlp.up, einsum bsd,df->bsf",
            "bsd,df->bsf multiplies and adds for each b of B, s of S, d of D, f of DE/T",
        ),
        (
            "activations", {}, "attn.out_dropout, attn.out_dropout.mask",
            "attn.out_dropout.mask, B by S by D elements of 1 byte; kept for attn.out_dropout.grad",
        ),
        (  # which is read through a view
            "activations", {}, "attn.scores, attn.k",
            "attn.k, B by S by A by D/A elements of p bytes; kept for attn.scores.grad_attn.q",
        ),
        ("params", {}, "mlp.up, mlp.up.weight", "a parameter, mlp.up.weight, D by DE elements of p bytes"),
        (
            "cache", {"phase": "decode"}, "attn.k_context, attn.k_context",
            "kept from step to step: attn.k_context, B by S by A by D/A elements of p bytes",
        ),
        (
            "traffic", {"phase": "decode"}, "norm.attn, blocks.enter",
            "reads blocks.enter, B by 1 by D elements of p bytes",
        ),
        ("traffic", {"phase": "decode"}, "norm.attn, norm.attn", "writes norm.attn, B by 1 by D elements of p bytes"),
        (
            "communication", {"mesh": "tensor(T)"}, "attn.out.all_reduce, all_reduce of attn.out",
            "all_reduce of attn.out, B by S by D elements of p bytes",
        ),
    ],
)  # fmt: skip
def test_a_term_says_why_it_is_there(measure: str, options: dict[str, Any], term: str, sentence: str) -> None:
    assert sentences(measure, **options)[term] == sentence


def test_every_tensor_that_is_kept_is_kept_for_somebody() -> None:
    mesh = {"mesh": "tensor(T, sequence=True)"}
    for options in ({}, {"attention": "flash"}, {"passes": "recompute(full)"}, mesh):
        assert all("; kept for " in said for said in sentences("activations", **options).values())


def test_each_source_stands_once_with_its_shortest_print() -> None:
    found = cg.derive("params", limit={"E": 4})
    published = published_as(found.limited["params"], "train", MATHS["latex"])
    where = [one["where"] for one in published]
    assert len(where) > 1
    assert len({one.partition(" (")[0] for one in where}) == len(where)
