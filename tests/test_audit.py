"""Formulas out of code and papers: what each is taken for, and compared with what."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from command_line import costgraph

from costgraph.errors import UserError
from costgraph.library.auditing.audit import audit
from costgraph.library.auditing.names import infer

COUNTERS_FILE = Path(__file__).parent / "data" / "counters.py"
Written = Callable[[str, str], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """What writes a file and gives its path."""

    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


def test_a_file_of_counters_of_every_kind() -> None:
    found = audit(str(COUNTERS_FILE))
    assert [(one.formula.name.partition(":")[0], one.outcome) for one in found] == [
        ("flops_per_token", "agrees"), ("train_flops", "differs"), ("train_flops", "differs"),
        ("kv_cache_bytes", "differs"), ("num_params", "not read"),
    ]  # fmt: skip


def test_names_that_the_user_says_the_meaning_of_are_left(written: Written) -> None:
    source = (
        "def flops_per_token(model, c):\n"
        "  tables = sum(p.numel() for m in model.children() if isinstance(m, Embedding) for p in m.parameters())\n"
        "  return 6*(sum(p.numel() for p in model.parameters()) - tables) + 12*c.n_layer*c.n_embd*c.seq_len\n"
    )
    path = written("a.py", source)
    assert [one.outcome for one in audit(path, op_set="decoder(head=True)", convention="notes")] == ["not read"]
    assert [one.outcome for one in audit(path, op_set="decoder(head=True)", let="tables=K*D")] == ["agrees"]


CACHED = "def kv_cache{}(c, B, seq_len, dtype_bytes):\n  return 2*B*seq_len*c.n_layer*c.n_embd*dtype_bytes{}\n"
OUT_OF_UNITS = [
    (CACHED, "_gb", "/1e9", ""),
    (CACHED, "_gib", "/(1 << 30)", ""),
    (CACHED, "_mib", "/1024**2", ""),
    (CACHED, "_in_GB", "*1e-9", ""),
    (CACHED, "_bytes", "", ""),
    (CACHED, "_gb", "/2**30", "it is in GiB, 2**30 bytes, and its name says GB, 10**9 bytes"),
    (CACHED, "_gib", "/1e9", "it is in GB, 10**9 bytes, and its name says GiB, 2**30 bytes"),
    (CACHED, "_gb", "", "it is in bytes, and its name says GB, 10**9 bytes"),
    (CACHED, "_bytes", "/1e9", "it is in GB, 10**9 bytes, and its name says bytes"),
    ("def train_tflops{}(N_params, B, S, L, D):\n  return (6*N_params*B*S + 12*L*B*S*S*D){}\n", "", "/1e12", ""),
    ("def train_tflops{}(N_params, B, S, L, D):\n  return (6*N_params*B*S + 12*L*B*S*S*D){}\n", "", "/1e9",
     "it is in GFLOP, 10**9 FLOPs, and its name says TFLOP, 10**12 FLOPs"),
    ("def num_params{}(c):\n  return (4 + 2*E)*c.n_layer*c.n_embd**2{}\n", "_billion", "/1e9", ""),
    ("def num_params{}(c):\n  return (4 + 2*E)*c.n_layer*c.n_embd**2{}\n", "_b", "/10**6",
     "it is in millions, 10**6 parameters, and its name says billions, 10**9 parameters"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "name", "over", "said"), OUT_OF_UNITS)
def test_a_name_says_in_what_its_formula_is(written: Written, source: str, name: str, over: str, said: str) -> None:
    (one,) = audit(written("a.py", source.format(name, over)))
    assert (one.outcome, one.said) == ("differs" if said else "agrees", said)


CASES = [
    # a condition, a factor where it holds and where not, what is asked -> outcomes of both
    ("dtype_bytes == 1", "1", "dtype_bytes", {}, ["agrees", "agrees"]),
    ("c.dtype == torch.bfloat16", "2", "dtype_bytes", {}, ["agrees", "agrees"]),
    ("dtype == 'fp8'", "2", "dtype_bytes", {}, ["differs", "agrees"]),
    ("dtype_bytes == 1", "1", "dtype_bytes", {"limit": "p=2"}, ["not read", "agrees"]),
    ("dtype_bytes != 1", "dtype_bytes", "1", {}, ["agrees", "agrees"]),
    ("c.moe", "2*dtype_bytes", "dtype_bytes", {}, ["not read", "agrees"]),
    ("c.num_experts is None", "dtype_bytes", "2*dtype_bytes", {}, ["agrees", "not read"]),
    ("c.gqa", "dtype_bytes", "dtype_bytes", {}, ["not read", "agrees"]),
    ("c.unheard_of", "dtype_bytes", "dtype_bytes", {}, ["agrees", "agrees"]),
]


@pytest.mark.parametrize(("condition", "first", "second", "of", "expected"), CASES)
def test_a_case_is_judged_under_its_condition(
    written: Written, condition: str, first: str, second: str, of: dict[str, Any], expected: list[str]
) -> None:
    whole = "2*B*c.seq_len*c.n_layer*c.n_embd"
    source = f"def kv_cache_bytes(c, B, dtype_bytes):\n  return {whole}*({first} if {condition} else {second})\n"
    assert [one.outcome for one in audit(written("a.py", source), **of)] == expected


@pytest.mark.parametrize(
    ("condition", "outcomes"),
    [
        ("training", ["agrees", "agrees"]), ("not forward_only", ["agrees", "agrees"]),
        ("is_inference", ["differs", "differs"]), ("include_backward", ["agrees", "agrees"]),
    ],
)  # fmt: skip
def test_a_case_has_its_phase(written: Written, condition: str, outcomes: list[str]) -> None:
    source = (
        f"def flops(n_params, c, B, S, {condition.split()[-1]}):\n"
        f"  forward = 2*n_params*B*S + 4*B*S*S*c.n_layer*c.n_embd\n  return (3 if {condition} else 1)*forward\n"
    )
    assert [one.outcome for one in audit(written("a.py", source))] == outcomes


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("flops = 12", "'12' is a number, no formula"),
        ("total_flops = 6*2*1e12", "'6 * 2 * 1000000000000.0' is a number, no formula"),
        ("def num_params(c):\n  return c.total\n", "'c.total' is a name from outside, no formula"),
        ("attn_flops = 4*B*S*S*D*L", "of a part; --measure 'flops(...)' says of which"),
        ("class GroupedAttention:\n  def flops(self, B):\n    return 4*B*S*S*D*L\n", "of a part, GroupedAttention; "),
        ("flops_per_second = 6*N_params/x", "a rate or a time, which no graph has"),
        ("class Attention:\n  def attention(self):\n    flops = 4*B*S*S*D*L\n", "of a part, Attention; "),
    ],
)
def test_what_is_no_formula_of_a_whole_cost_is_listed(written: Written, source: str, said: str) -> None:
    found = audit(written("a.py", source))
    assert [one.outcome for one in found] == ["not read"]
    assert said in found[0].said


@pytest.mark.parametrize(
    "source",
    [
        "def flops_per_token(c):\n  flops = 12*c.n_layer*c.n_embd*(6*c.n_embd + c.seq_len)\n  return flops\n",
        "def forward_flops(c, B, S):\n  flops = 4*B*S*c.n_embd*(6*c.n_embd + S)\n  return c.n_layer*flops\n",
        "def flops(B, c, S):\n  return {'flops': 12*c.n_layer*c.n_embd*(6*c.n_embd + S)*B*S, 'dt': 1*dt}\n",
    ],
)
def test_a_value_on_the_way_is_no_formula_of_its_own(written: Written, source: str) -> None:
    assert [one.outcome for one in audit(written("a.py", source), limit="E=4")] == ["agrees"]


# --- what it is taken for -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "measure", "phase", "per"),
    [
        ("estimate_mfu: flops_per_token", "flops", "", "token"),
        ("num_flops_per_token: return", "flops", "", "token"),
        ("f: flops_per_fwdbwd", "flops", "", "sequence"),
        ("f: fwd_flops", "flops.forward", "", ""),
        ("f: backward_flops", "flops.backward", "", ""),
        ("kv_cache_bytes: return", "cache", "decode", ""),
        ("f: num_params", "params", "", ""),
        ("f: activation_memory", "activations", "", ""),
        ("f: model_states", "states", "", ""),
        ("f: optimizer_states", "states", "", ""),
        ("decode_flops_per_token: return", "flops", "decode", "token"),
        ("f: prefill_flops", "flops", "prefill", ""),
        ("f: inference_flops", "flops", "forward", ""),
        ("f: kv_cache_bytes_per_token", "cache", "decode", "token"),
        ("f: kv_cache_per_sequence", "cache", "decode", "sequence"),
        ("f: kv_cache_elements", "", "", ""),
        (r"\text{FLOPs per layer}", "", "", ""),
        (r"\text{activation memory per layer}", "", "", ""),
        (r"\text{KV cache per token}", "cache", "decode", "token"),
        ("f: mfu", "flops", "", ""),
        ("f: flops_achieved", "flops", "", ""),
        ("f: prefill_ms", "flops", "prefill", ""),
        ("f: tokens_per_second", "flops", "", "token"),
        ("f: attention_ms", "", "", ""),
        ("f: x", "", "", ""),
        ("attention_flops_per_token: return", "", "", ""),
        ("f: embedding_params", "", "", ""),
        ("f: num_non_embedding_params", "params", "", ""),
        (r"M_{\text{kv}}", "cache", "decode", ""),
        (r"\text{KV cache}", "cache", "decode", ""),
        (r"\mathrm{params}", "params", "", ""),
        (r"N_{\text{params}}", "params", "", ""),
        (r"\frac{\text{FLOPs}}{\text{token}}", "flops", "", "token"),
        (r"\underbrace{\text{FLOPs}}_{\text{per token}}", "flops", "", "token"),
    ],
)
def test_a_name_says_what_its_formula_gives(name: str, measure: str, phase: str, per: str) -> None:
    said = infer(name)
    assert (said.measure, said.phase, said.per) == (measure, phase, per)


# --- counters with the shape and the faults of some that were repaired in public, before and after ------------------

GPT = """
class GPT:
    def estimate_mfu(self, iters, dt):
        N = self.get_num_params()
        cfg = self.config
        L, H, Q, T = cfg.n_layer, cfg.n_head, cfg.n_embd//cfg.n_head, cfg.block_size
        flops_per_token = {}*N + {}*L*H*Q*T
        return flops_per_token*T*iters/dt
"""
MOE = """
def num_flops_per_token(cfg, seq_len):
    attn = cfg.hidden_size*cfg.head_dim*(2*cfg.num_attention_heads + 2*cfg.num_key_value_heads)
    experts = cfg.{}*3*cfg.hidden_size*cfg.moe_intermediate_size
    router = cfg.hidden_size*cfg.num_experts
    linear = cfg.num_hidden_layers*(attn + experts + router) + cfg.hidden_size*cfg.vocab_size
    core = {}*cfg.num_hidden_layers*cfg.num_attention_heads*cfg.head_dim*seq_len
    return 6*linear + core
"""
CACHE = """
def kv_cache_bytes(batch_size, seq_len, cfg, bytes_per_param):
    return {}batch_size*seq_len*cfg.num_layers*cfg.{}*cfg.head_dim*bytes_per_param
"""
REMAT = """
def train_flops(batch_size, seq_len, num_layers, hidden_size, vocab_size, remat):
    factor = 4 if remat else 3
    per_layer = 24*batch_size*seq_len*hidden_size**2 + 4*batch_size*seq_len**2*hidden_size
    return factor*num_layers*per_layer + {}*batch_size*seq_len*hidden_size*vocab_size
"""
QWEN: dict[str, Any] = {"model": "qwen3-30b-a3b"}
GQA: dict[str, Any] = {"op_set": "decoder(kv_heads=G)"}
HEAD: dict[str, Any] = {"op_set": "decoder(head=True)", "limit": "E=4"}
FULL: dict[str, Any] = {"op_set": "decoder(head=True)", "limit": "E=4", "passes": ["recompute(full)"]}

COUNTERS: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    (GPT.format(6, 12), {}, [("agrees", "")]),
    (GPT.format(2, 4), {}, [("differs", "it counts the forward pass alone")]),
    (GPT.format(6, 6), {}, [("differs", "it counts half of a causal square (convention notes(causal=half))")]),
    (GPT.format(6, 24), {}, [("differs", "counted twice: the attention core (12*S*L*D)")]),
    (MOE.format("num_experts_per_tok", 12), QWEN, [("agrees", "")]),
    (MOE.format("num_experts", 12), QWEN, [("differs", "N_r stands in the place of K_r (128 for 8)")]),
    (MOE.format("num_experts_per_tok", 6), QWEN, [("differs", "half of a causal square")]),
    (CACHE.format("2*", "num_key_value_heads"), GQA, [("agrees", "")]),
    (CACHE.format("", "num_key_value_heads"), GQA, [("differs", "it counts keys or values alone")]),
    (CACHE.format("2*", "num_attention_heads"), GQA, [("differs", "it counts keys and values for every head")]),
    (REMAT.format(6), FULL, [("agrees", "")]),
    (REMAT.format(6), HEAD, [("agrees", ""), ("agrees", "")]),
    (REMAT.format(2), FULL, [("differs", "head")]),
    (REMAT.format(2), HEAD, [("differs", "head"), ("differs", "head")]),
]


@pytest.mark.parametrize(("source", "of", "expected"), COUNTERS)
def test_counters_before_and_after_their_repair(
    written: Written, source: str, of: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    found = [one for one in audit(written("mfu.py", source), **of) if one.compared is not None]
    assert [one.outcome for one in found] == [outcome for outcome, _ in expected]
    for one, (_, said) in zip(found, expected, strict=True):
        assert said in one.said


def test_what_is_returned_under_its_name_is_listed_once(written: Written) -> None:
    path = written("a.py", "def count_params(c):\n  n_params = 12*c.n_layer*c.n_embd**2\n  return n_params\n")
    (one,) = audit(path)
    assert (one.formula.line, one.said) == (2, "it is right where E = 4")


@pytest.mark.parametrize(
    ("beside", "read"), [("intermediate_dim", "intermediate_dim=intermediate_size, hidden_dim=D"), ("n_embd", "")]
)
def test_a_hidden_width_beside_that_of_the_mlp_is_the_width(written: Written, beside: str, read: str) -> None:
    (one,) = audit(written("a.py", f"def num_params(c):\n  return 2*c.n_layer*c.hidden_dim*c.{beside}\n"))
    assert (one.read, one.outcome == "differs") == (read, read != "")


def test_one_function_and_a_measure_may_be_named(written: Written) -> None:
    path = written("a.py", "def f(c):\n  return 6*c.n_layer\ndef g(c):\n  return 12*c.n_layer*c.n_embd**2\n")
    (one,) = audit(f"{path}:g", "params", limit="E=4")
    assert (one.outcome, one.formula.line, one.measure) == ("agrees", 4, "params")
    assert audit(path) == []
    with pytest.raises(UserError, match="unknown function 'h'"):
        audit(f"{path}:h")


def test_papers_are_compared_in_their_letters(written: Written) -> None:
    path = written(
        "p.tex", "\\begin{equation}\nM_{\\text{activations}} = sbhL\\left(34 + 5\\frac{as}{h}\\right)\n\\end{equation}"
    )
    assert [one.outcome for one in audit(path, notation="megatron", limit="E=4,p=2")] == ["agrees"]
    assert [one.outcome for one in audit(path, notation="megatron", limit="E=4,p=1")] == ["differs"]


@pytest.mark.parametrize("name", ["a.txt", "a.py", "missing.tex", "a.tex:f"])
def test_a_file_that_cannot_be_read_is_refused(written: Written, name: str) -> None:
    written("a.txt", "x")
    with pytest.raises(UserError):
        audit(str(Path(written("a.tex", "x")).parent / name))


def test_on_the_command_line(written: Written) -> None:
    right, wrong = written("right.py", GPT.format(6, 12)), written("wrong.py", GPT.format(2, 4))
    found = costgraph("audit", right)
    assert (found.returncode, "agrees" in found.stdout, "block_size=S" in found.stdout) == (0, True, True)
    found = costgraph("audit", right, wrong, "--format", "json")
    listed = json.loads(found.stdout)
    assert (found.returncode, listed["schema"]) == (1, "costgraph.audit/1")
    assert [one["outcome"] for one in listed["formulas"]] == ["agrees", "differs"]
    suites = ElementTree.fromstring(costgraph("audit", right, wrong, "--format", "junit").stdout)
    assert [(suite.get("failures"), suite.get("skipped")) for suite in suites] == [("0", "0"), ("1", "0")]
    nothing = costgraph("audit", written("nothing.py", "x = 1\n"))
    assert (nothing.returncode, "no formula with a name" in nothing.stdout) == (0, True)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"measure": "nonsense"}, "unknown measure"),
        ({"op_set": "bogus"}, "unknown op set"),
        ({"model": "nosuch"}, "nosuch"),
        ({"passes": "bogus"}, "unknown pass"),
        ({"limit": "Q9=3"}, "unknown symbol"),
        ({"per": "week"}, "week"),
    ],
)
def test_what_no_formula_could_be_compared_under_is_refused(
    written: Written, option: dict[str, str], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        audit(written("a.py", "def flops(L, D):\n  return 12*L*D**2\n"), **option)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("flops_per_token = 6*n_params + 12*n_layer*n_embd*seq_len\n    return flops_per_token", "agrees"),
        ("flops = 6*n_params + 12*n_layer*n_embd*seq_len\n    return flops", "differs"),
        (
            "forward_flops_per_token = 2*n_params + 4*n_layer*n_embd*seq_len\n    return forward_flops_per_token",
            "agrees",
        ),
    ],
)
def test_what_is_returned_is_what_it_was_called_in_its_function(written: Written, body: str, outcome: str) -> None:
    source = f"def get_flops(n_params, n_layer, n_embd, seq_len):\n    {body}\n"
    assert [one.outcome for one in audit(written("a.py", source))] == [outcome]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def optimizer_state_bytes(n_params):\n    return 8*n_params\n", "no master copy"),
        ("def optimizer_state_bytes(n_params):\n    return 4*n_params\n", "precision sgd_momentum"),
        ("def optimizer_bytes(n_params):\n    return 6*n_params\n", "nothing short explains it"),
        ("def gradient_bytes(n_params):\n    return 2*n_params\n", "it counts precision mixed_adam_bf16"),
    ],
)
def test_a_part_of_the_states_is_explained_by_that_part_alone(written: Written, source: str, said: str) -> None:
    (found,) = audit(written("a.py", source))
    assert said in found.said
    assert "no gradients" not in found.said
    assert "alone" not in found.said


def test_what_may_be_a_cost_and_has_a_name_that_says_none_is_listed(written: Written) -> None:
    source = (
        "def adam_state_bytes(n_params):\n    return 12*n_params\n"
        "def flops_per_token(n_params, n_layer, n_embd, seq_len):\n    return 6*n_params + 12*n_layer*n_embd*seq_len\n"
        "def learning_rate(step):\n    return 3/step\n"
    )
    found = audit(written("a.py", source))
    assert [(one.formula.name, one.outcome) for one in found] == [
        ("flops_per_token: return", "agrees"),
        ("adam_state_bytes: return", "not read"),
    ]
    assert "--measure" in found[1].said
