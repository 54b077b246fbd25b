"""The encoder, the standard attention algorithm, one product and one element-wise op, against counts made elsewhere."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from torch_models import MEASURED as MODELS

import costgraph as cg
from costgraph.algebra.quotient import Quotient
from costgraph.derivation import derive
from costgraph.errors import UserError

BERT = "B=1,S=512,L=12,D=768,A=12,E=4"
MEASURED = MODELS["bert-base"]
LAYER = "bert.encoder.layer.*"
# What the measured model has beside its layers and its tables: the norm of the embeddings, and in the head a dense
# layer of 768, a norm, and a bias for each of 30522 words.
OUTSIDE = 2 * 768 + (768 * 768 + 768) + 2 * 768 + 30522

OPS = {
    ("attn.qkv",): ("attention.self.query", "attention.self.key", "attention.self.value"),
    ("attn.scores", "attn.values"): ("attention.self",),
    ("attn.out",): ("attention.output.dense",),
    ("mlp.up",): ("intermediate.dense",),
    ("mlp.down",): ("output.dense",),
}


def form(measure: str, **options: Any) -> Quotient:
    return derive(measure, **options).limited[measure].value


def test_the_encoder_has_the_parameters_of_bert() -> None:
    value = form("params", op_set="encoder", convention="exact", limit=BERT)
    assert value.number == MEASURED["params"]["non_embedding"] - OUTSIDE


@pytest.mark.parametrize(("ops", "modules"), OPS.items())
def test_the_encoder_has_the_flops_of_bert(ops: tuple[str, ...], modules: tuple[str, ...]) -> None:
    terms = derive("flops", op_set="encoder", phase="forward", limit=BERT).limited["flops"].terms
    assert sum(t.amount.number or 0 for t in terms if t.op in ops) == sum(
        MEASURED["forward"]["flops"][f"{LAYER}.{module}"][MEASURED["sizes"].index([1, 512])] for module in modules
    )


def test_queries_keys_and_values_of_the_encoder_are_kept_once() -> None:
    kept = derive("activations", op_set="encoder", limit="p=2,L=1").limited["activations"].terms
    assert [t.source for t in kept if "qkv" in t.source] == ["attn.qkv_bias"]


TODAY = "head_width=H, mlp='gated', norm='rms', biases=False, dropout=False"


@pytest.mark.parametrize(
    ("options", "measure", "expected"),
    [
        ("head_width=H", "params", "2*L*D*(2*A*H + E*D) + 4*L*D"),
        ("head_width=H, kv_heads=G", "params", "2*L*D*(H*(A + G) + E*D) + 4*L*D"),
        ("mlp='gated'", "params", "L*D*(4*D + 3*F) + 4*L*D"),
        ("mlp='gated', biases=True", "params", "L*D*(4*D + 3*F) + L*(9*D + 2*F)"),
        ("norm='rms'", "params", "2*L*D**2*(2 + E) + 2*L*D"),
        ("norm='layer_scale'", "params", "2*L*D**2*(2 + E) + 2*L*D"),
        ("window=W", "flops.forward", "4*B*S*L*D*(D*(2 + E) + S_w)"),
        (f"{TODAY}, kv_heads=G", "flops.forward", "2*B*S*L*(2*D*H*(A + G) + 2*S*A*H + 3*D*F)"),
        (TODAY, "activations", "B*S*L*(p*(4*D + 4*A*H + S*A + 4*F) + 8)"),
        (f"{TODAY}, window=W", "activations", "B*S*L*(p*(4*D + 4*A*H + S_w*A + 4*F) + 8)"),
    ],
)
def test_the_decoder_varies_as_models_of_today_do(options: str, measure: str, expected: str) -> None:
    derived = derive(measure, op_set=f"decoder({options})", convention="exact").forms[measure]
    assert derived.same_as(expected)


def test_the_title_of_a_decoder_says_what_is_not_usual() -> None:
    assert cg.decoder(head_width="D/A", mlp="plain").name == "decoder"
    assert cg.decoder(window="W", mlp="gated", norm="rms").name == "decoder(window=W, mlp=gated, norm=rms)"


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 3, 4), (5, 1, 7)])
def test_a_product_is_counted_multiply_by_multiply(sizes: tuple[int, int, int]) -> None:
    m, k, n = sizes
    multiplications = sum(1 for _ in product(range(m), range(k), range(n)))
    additions = m * n * (k - 1)
    limit = f"m={m},k={k},n={n}"
    counted = form("flops", op_set="matmul", phase="forward", convention="notes(additions=counted)", limit=limit)
    assert counted.number == multiplications + additions
    assert form("flops", op_set="matmul", phase="forward", limit=limit).number == 2 * multiplications


@pytest.mark.parametrize(("devices", "size"), [(2, 4), (3, 6), (5, 10)])
def test_collectives_move_what_a_simulation_of_their_messages_moves(devices: int, size: int) -> None:
    options: Any = {"op_set": "matmul(n=1)", "phase": "forward", "limit": f"T={devices},m={size},p=1,k={devices}"}
    for measure, moved in (
        ("communication", sent_in_a_ring(devices, size)),
        ("communication.chief", relayed(devices, size)),
    ):
        found = derive(measure, passes=["tensor_parallel(T)"], **options)
        assert found.limited[measure].number == moved


def sent_in_a_ring(devices: int, size: int) -> int:
    """Elements that device 0 sends until every device has every part of the sum."""
    have = [
        {part: {device} for part in range(devices)} for device in range(devices)
    ]  # device -> part -> summands in it
    sent = 0
    for turn in range(2 * (devices - 1)):
        messages = [(d, (d - turn) % devices, have[d][(d - turn) % devices]) for d in range(devices)]
        for device, part, summands in messages:
            neighbour = have[(device + 1) % devices]
            neighbour[part] = neighbour[part] | summands
            sent += size // devices if device == 0 else 0
    assert all(summands == set(range(devices)) for parts in have for summands in parts.values())
    return sent


def relayed(devices: int, size: int) -> int:
    """Elements that a chief receives from all others and sends back to them."""
    received = [size for _ in range(1, devices)]
    returned = [size for _ in range(1, devices)]
    return sum(received) + sum(returned)


def test_the_attention_algorithm_loads_and_stores_what_it_says_step_by_step() -> None:
    n, d = 6, 2
    terms = (
        derive("traffic", op_set="attention", phase="forward", limit=f"S={n},D={d},A=1,p=2").limited["traffic"].terms
    )
    by_step = {op: sum(t.amount.number or 0 for t in terms if t.op == op) for op in dict.fromkeys(t.op for t in terms)}
    load, store = 2, 2  # bytes
    assert by_step == {
        "attn.scores": load * (n * d + n * d) + store * n * n,
        "attn.softmax": load * n * n + store * n * n,
        "attn.values": load * (n * n + n * d) + store * n * d,
    }


def test_an_element_wise_op_reads_and_writes_each_element_once() -> None:
    assert form("traffic", op_set="elementwise", phase="forward", limit="B=2,S=3,D=5,p=4").number == 2 * 30 * 4
    assert form("traffic", op_set="elementwise(kind=residual)", phase="forward", limit="B=1,S=3,D=5,p=1").number == 45


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UserError, match="choose from gelu, relu, silu, scale, residual"):
        derive("flops", op_set="elementwise(kind=tan)")
