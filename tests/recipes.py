"""The graphs that tests share: one name, one recipe. Built once, because graphs do not change."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import costgraph as cg
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.closed_form import ClosedForm
from costgraph.graph.graph import Graph
from costgraph.measures import MEASURES, TIMES
from costgraph.passes.prefill import Prefill

# name: (options of the decoder, passes in order)
RECIPES: dict[str, tuple[Mapping[str, Any], tuple[Any, ...]]] = {
    "forward": ({}, ()),
    "train": ({}, (cg.backward,)),
    "train, no dropout": ({"dropout": False}, (cg.backward,)),
    "train, biases": ({"biases": True}, (cg.backward,)),
    "train, head": ({"head": True}, (cg.backward,)),
    "train, head, untied, biases": ({"head": True, "tied": False, "biases": True}, (cg.backward,)),
    "train, grouped": ({"kv_heads": "G"}, (cg.backward,)),
    "train, multi-query": ({"kv_heads": 1}, (cg.backward,)),
    "flash": ({}, (cg.flash_attention, cg.backward)),
    "flash, head, grouped": ({"head": True, "kv_heads": "G"}, (cg.flash_attention, cg.backward)),
    "selective": ({}, (cg.backward, cg.recompute("selective"))),
    "full": ({}, (cg.backward, cg.recompute("full"))),
    "full, flash, biases": ({"biases": True}, (cg.flash_attention, cg.backward, cg.recompute("full"))),
    "prefill": ({}, (Prefill,)),
    "prefill, flash, head": ({"head": True}, (cg.flash_attention, Prefill)),
    "decode": ({}, (cg.decode,)),
    "decode, S + 1": ({}, (cg.decode("S + 1"),)),
    "decode, head, grouped, biases": ({"head": True, "kv_heads": "G", "biases": True}, (cg.decode,)),
    "tp": ({}, (cg.backward, cg.tensor_parallel)),
    "tp, head, biases": ({"head": True, "biases": True}, (cg.backward, cg.tensor_parallel)),
    "tp, grouped": ({"kv_heads": "G"}, (cg.backward, cg.tensor_parallel)),
    "tp, grouped, copies": ({"kv_heads": "G"}, (cg.backward, cg.tensor_parallel(replicate_kv=True))),
    "tp, full": ({}, (cg.backward, cg.recompute("full"), cg.tensor_parallel)),
    "tp, flash, selective": ({}, (cg.flash_attention, cg.backward, cg.recompute("selective"), cg.tensor_parallel)),
    "tp, decode, grouped": ({"kv_heads": "G"}, (cg.decode, cg.tensor_parallel)),
    "tp, prefill, head": ({"head": True}, (Prefill, cg.tensor_parallel)),
    "sp": ({}, (cg.backward, cg.tensor_parallel(sequence=True))),
    "sp, kept": ({}, (cg.backward, cg.tensor_parallel(sequence=True, keep_gathered=True))),
    "sp, head, biases": ({"head": True, "biases": True}, (cg.backward, cg.tensor_parallel(sequence=True))),
    "sp, full": ({}, (cg.backward, cg.recompute("full"), cg.tensor_parallel(sequence=True))),
}


@cache
def graph(name: str) -> Graph:
    """The graph of a recipe."""
    options, passes = RECIPES[name]
    return cg.decoder(**options).apply(*passes)


@cache
def measured(name: str, measure: str) -> ClosedForm:
    """What a measure gives for a recipe."""
    return MEASURES[measure](graph(name))


def train(*passes: Any, **options: Any) -> Graph:
    """A training step of a decoder with `options`, followed by `passes`."""
    return cg.decoder(**options).apply(cg.backward, *passes)


def by_op(form: ClosedForm) -> dict[str, Polynomial]:
    """The sum of the terms of each op."""
    ops = dict.fromkeys(term.op for term in form.terms)
    return {op: total(t.amount for t in form.terms if t.op == op) for op in ops}


def by_place(form: ClosedForm) -> dict[str, Polynomial]:
    """The sum of the terms of each part of the model."""
    places = dict.fromkeys(term.op.partition(".")[0] for term in form.terms)
    return {place: total(t.amount for t in form.terms if t.op.partition(".")[0] == place) for place in places}


OF_PIPELINES = ("bubble", "in_flight")  # measures that only stages have
EVERYWHERE = {name: measure for name, measure in MEASURES.items() if name not in (*OF_PIPELINES, *TIMES)}
SUMS = [name for name in EVERYWHERE if name != "intensity"]
