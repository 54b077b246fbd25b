"""What PyTorch counts of transformers' models, and which ops of our graphs its modules and op kinds are."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from costgraph.algebra.polynomial import Polynomial
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.measures import MEASURES
from costgraph.setup import Setup

MEASURED: Mapping[str, Any] = tomllib.loads(
    (Path(__file__).parent / "data" / "torch_models.toml").read_text(encoding="utf-8")
)
PASSES = {"decode": "decode(S+1)"}  # one token after a prefill of S
PHASES = {"forward+backward": "train", "decode": "decode", "prefill": "prefill"}

CORE = ("scores", "scores_rotary", "values")
SSM = ("scores", "inside", "states", "passed", "outside", "read", "x_conv", "b_conv", "c_conv")
PROJECTIONS = ("gate", "x", "b", "c", "dt")
# What each of our places is called in that code, by the ends of its modules' names; a model has some of the places.
CALLED: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("attn.qkv",): ("attn.c_attn", "query_key_value"),
    ("attn.q", "attn.q_nope", "attn.q_rope"): ("q_proj", "query", "SelfAttention.q"),
    ("attn.k",): ("k_proj", "key", "SelfAttention.k"),
    ("attn.v",): ("v_proj", "value", "SelfAttention.v"),
    ("attn.kv_latent", "attn.k_rope"): ("kv_a_proj_with_mqa",),
    ("attn.k_nope", "attn.v"): ("kv_b_proj",),
    tuple(f"attn.{one}" for one in CORE): (
        "attn", "self_attn", "attention", "self_attention", "attention.self", "SelfAttention",
    ),
    ("attn.out",): (
        "attn.c_proj", "o_proj", "self_attn.out_proj", "attention.dense", "self_attention.dense", "SelfAttention.o",
        "attention.output.dense",
    ),
    **{(f"cross.{one}",): (f"EncDecAttention.{one}",) for one in "qkv"},
    tuple(f"cross.{one}" for one in CORE): ("EncDecAttention",),
    ("cross.out",): ("EncDecAttention.o",),
    ("mlp.up",): ("c_fc", "dense_h_to_4h", "fc1", "up_proj", "intermediate.dense", "wi"),
    ("mlp.gate",): ("gate_proj",),
    ("mlp.down",): ("mlp.c_proj", "dense_4h_to_h", "fc2", "down_proj", "output.dense", "wo"),
    ("moe.gate", "moe.up", "moe.down"): ("experts",),
    ("moe.gate", "moe.up"): ("experts.gate_up_proj",),
    ("moe.down",): ("experts.down_proj",),
    ("moe.router",): ("mlp.gate", "mlp.router"),
    **{(f"moe.shared.{one}",): (f"shared_experts.{one}_proj",) for one in ("gate", "up", "down")},
    tuple(f"ssm.{one}" for one in SSM): ("mixer",),
    tuple(f"ssm.{one}" for one in PROJECTIONS): ("mixer.in_proj",),
    tuple(f"ssm.{one}_conv" for one in "xbc"): ("conv1d",),
    ("ssm.dt",): ("mixer.dt",),
    ("ssm.a",): ("A_log",),
    ("ssm.d",): ("mixer.D",),
    ("ssm.norm",): ("mixer.norm",),
    ("ssm.out",): ("mixer.out_proj",),
    ("embed.tokens",): ("wte", "embed_tokens", "embed_in", "word_embeddings", "backbone.embeddings", "shared"),
    ("embed.positions",): ("wpe", "embed_positions", "position_embeddings"),
    ("embed.types",): ("token_type_embeddings",),
    ("relative",): ("relative_attention_bias",),
    ("norm.embed",): ("word_embeddings_layernorm", "embeddings.LayerNorm"),
    ("norm.attn",): (
        "ln_1", "input_layernorm", "self_attn_layer_norm", "attention.output.LayerNorm",
    ),
    ("norm.attn", "norm.cross", "norm.mlp"): ("layer.*.layer_norm",),
    ("norm.attn_after", "norm.mlp", "norm.moe"): ("post_attention_layernorm",),
    ("norm.mlp",): ("ln_2", "pre_feedforward_layernorm", "layers.*.final_layer_norm", "output.LayerNorm"),
    ("norm.mlp_after",): ("post_feedforward_layernorm",),
    ("norm.ssm",): ("layers.*.norm",),
    ("norm.final",): ("ln_f", "norm", "norm_f", "final_layer_norm"),
    ("attn.q_norm",): ("q_norm",),
    ("attn.k_norm",): ("k_norm",),
    ("attn.kv_norm",): ("kv_a_layernorm",),
    ("attn.sinks",): ("sinks",),
    ("head.norm",): ("transform.LayerNorm",),
    ("head.transform",): ("transform.dense",),
    ("head.logits", "head"): ("lm_head", "predictions.decoder", "predictions"),
}  # fmt: skip
MULTIPLYING = ("einsum", "conv", "conv_grad", "flash_attention", "flash_attention_grad")
BIASED_APART = ("ssm.dt",)  # one product makes all that a state space reads, and one part of it gets a bias
PLACES = {end: places for places, ends in CALLED.items() for end in ends}


class Row(NamedTuple):
    """One measurement: what it is of, the batch and the positions, and the value."""

    model: str
    phase: str
    measure: str
    of: str
    sizes: Mapping[str, int]
    value: int


def measured(model: str, phase: str, measure: str) -> list[Row]:
    """The rows of a model; none where nothing was measured."""
    table = MEASURED[model].get(phase, {}).get(measure, {})
    named = [{"B": batch, "S": positions} for batch, positions in MEASURED[model]["sizes"]]
    return [
        Row(model, phase, measure, of, sizes, value)
        for of, values in table.items()
        for sizes, value in zip(named, values, strict=False)  # long sequences were not run everywhere
    ]


@cache
def asked(model: str, phase: str) -> Setup:
    """A known model as it is asked for; nothing is said but the convention."""
    passes = PASSES.get(phase, ())
    return Setup.of(model=model, phase=PHASES.get(phase, phase), passes=passes, convention="torch")


def terms(row: Row) -> dict[str, int]:
    """What each op contributes to what was measured."""
    return counted(row.model, row.phase, row.measure, tuple(row.sizes.items()))


@cache
def counted(model: str, phase: str, measure: str, sizes: tuple[tuple[str, int], ...]) -> dict[str, int]:
    """A measure by op, at 2 bytes an element; an encoder reads as many tokens as its decoder."""
    setup = asked(model, phase)
    typed = {**dict(sizes), "S_e": dict(sizes).get("S", 1), "p": 2}
    given = {**setup.finite("a test"), **{name: Polynomial.constant(size) for name, size in typed.items()}}
    found: dict[str, int] = {}
    for term in MEASURES[measure](setup.graph, setup.convention).limited(given).terms:
        assert term.amount.number is not None, term
        found[term.op] = found.get(term.op, 0) + int(term.amount.number)
    return found


def short(op: str) -> str:
    """The name of an op without the kind of its layer."""
    return op.rpartition("/")[2]


def places_of(module: str) -> tuple[str, ...]:
    """Our places for a module, by the longest end of its name that is known."""
    parts = module.split(".")
    ends = (".".join(parts[at:]) for at in range(len(parts)))
    return next(PLACES[end] for end in ends if end in PLACES)


def ops_of(module: str, graph: Graph) -> list[Op]:
    """The ops that a module runs itself, and none of the modules inside of it."""
    encoder = module.startswith("encoder.")
    places = places_of(module)
    return [op for op in graph.ops if short(op.name) in places and op.name.startswith("encoder/") == encoder]


def parameters_of(name: str, parameters: Iterable[str]) -> list[str]:
    """Our parameters that are one of that code's, which is a bias (or shift), or something else."""
    encoder, places = name.startswith("encoder."), places_of(re.sub(r"[._](weight|bias)$", "", name))
    found = [
        one for one in parameters
        if (short(one) in places or short(one).rpartition(".")[0] in places) and one.startswith("encoder/") == encoder
    ]  # fmt: skip
    after = [one for one in found if "norm.attn_after" in one]  # with one, the norm before the MLP is called otherwise
    return [one for one in after or found if one.endswith((".bias", ".shift")) == name.endswith("bias")]


def kind_of(op: Op, graph: Graph) -> str:
    """Which of PyTorch's ops an op is: a product with a matrix, with a bias or without, or of a batch of matrices."""
    if op.kind != "einsum":
        return {"conv": "convolution", "conv_grad": "convolution_backward"}.get(op.kind, op.kind)
    forward = next(one for one in graph.ops if one.name == op.source)
    tensors = [graph.tensors[name] for name in forward.inputs]
    if any(tensor.dim("hit") for tensor in tensors):
        return "experts"
    followed = {one.kind: one for one in graph.ops if forward.outputs[0] in one.inputs and one.phase == "forward"}
    if tensors[-1].role != "weight":
        # ALiBi, which has no dim of queries, is added by the product itself
        scaled = followed.get("scale")
        added = [one for one in graph.ops if one.kind == "add" and scaled and one.inputs[0] == scaled.outputs[0]]
        slopes = any(not graph.tensors[one.inputs[1]].dim("query") for one in added)
        return "baddbmm" if slopes and op.phase == "forward" else "bmm"
    return "addmm" if op.phase == "forward" and "bias" in followed and short(op.name) not in BIASED_APART else "mm"


def by_kind(graph: Graph) -> dict[str, list[Op]]:
    """All ops that multiply, by PyTorch's op."""
    found: dict[str, list[Op]] = {}
    for op in graph.ops:
        if op.kind in MULTIPLYING:
            found.setdefault(kind_of(op, graph), []).append(op)
    return found


def sum_of(row: Row, ops: Iterable[Op]) -> int:
    """What some ops contribute."""
    known = terms(row)
    return sum(known.get(op.name, 0) for op in ops)
