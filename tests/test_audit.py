"""Formulas out of code and papers: what is read, what is compared with what, and that nothing is run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from command_line import costgraph
from hypothesis import given
from hypothesis import strategies as st

from costgraph.errors import UserError
from costgraph.library.auditing.audit import audit, infer
from costgraph.library.auditing.code import formulas
from costgraph.library.auditing.equations import equations

COUNTERS_FILE = Path(__file__).parent / "data" / "counters.py"
SPOILT = ("", "(", ")", ":", "*", "**", "lambda", " if ", "\n", "\0", "é", "9" * 50)
TEX = (
    "\\[", "\\]", "{", "}", "=", "+", "\\\\", "&", "%", "\n", "$$", "\\x", "B", "\ue000", "0", "#1", "[1]",
    "\\underbrace", "\\newcommand{\\x}", "\\begin{cases}", "\\end{cases}",
)  # fmt: skip
Written = Callable[[str, str], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """What writes a file and gives its path."""

    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


# --- what is read ---------------------------------------------------------------------------------------------------

READ: list[tuple[str, list[tuple[str, str, tuple[str, ...]]]]] = [
    ("x = 2\ny = x*n_layer", [("x", "2", ()), ("y", "2 * n_layer", ())]),
    ("a, b = n_layer, 3\nc = a*b", [("a", "n_layer", ()), ("b", "3", ()), ("c", "n_layer * 3", ())]),
    ("x = n_layer\nx *= 3", [("x", "n_layer", ()), ("x", "n_layer * 3", ())]),
    ("x = 4 if remat else 3\ny = x*B", [
        ("x", "4", ("remat",)), ("x", "3", ("not (remat)",)),
        ("y", "4 * B", ("remat",)), ("y", "3 * B", ("not (remat)",)),
    ]),
    ("def f(c):\n  if c.gated:\n    k = 3\n  else:\n    k = 2\n  return k*c.d_model*c['d_ff']", [
        ("f: k", "3", ("c.gated",)), ("f: k", "2", ("not (c.gated)",)),
        ("f: return", "3 * c.d_model * d_ff", ("c.gated",)),
        ("f: return", "2 * c.d_model * d_ff", ("not (c.gated)",)),
    ]),
    ("def n(c):\n  return 12*c.n_layer\nx = 6*n(cfg)", [
        ("n: return", "12 * c.n_layer", ()), ("x", "6 * (12 * c.n_layer)", ()),
    ]),
    ("n = sum(p.numel() for p in m.parameters())\nx = 6*n", [("n", "N_params", ()), ("x", "6 * N_params", ())]),
    ("x = int(6*float(n_layer))", [("x", "6 * n_layer", ())]),
    ("async def f(B):\n  x = 2*B\n  return x", [("f: x", "2 * B", ()), ("f: return", "2 * B", ())]),
    ("x = 1\nfor _ in range(n_layer):\n  x += 24*B", [("x", "1", ()), ("x", "1 + n_layer * (24 * B)", ())]),
    ("x = sum(24*B for _ in range(n_layer))", [("x", "n_layer * (24 * B)", ())]),
    ("x = np.prod([2, B, S])\ny = np.sum(np.array([B, S]))", [("x", "2 * B * S", ()), ("y", "B + S", ())]),
    ("x = pow(D, 2)*np.int64(3)", [("x", "D ** 2 * 3", ())]),
    ("if (n := 12*L) > 0:\n  x = n*B", [("x", "12 * L * B", ("(n := (12 * L)) > 0",))]),
    ("try:\n  x = 2*B\nexcept KeyError:\n  x = 0\ny = x*S", [("x", "2 * B", ()), ("y", "2 * B * S", ())]),
    ("x = 2*getattr(config, 'n_layer', 12)", [("x", "2 * n_layer", ())]),
    ("def f(B, causal=True):\n  return 4*B // (2 if causal else 1)\nx = f(S, True)\ny = f(S, causal=False)", [
        ("f: return", "4 * B // 2", ("causal",)), ("f: return", "4 * B // 1", ("not (causal)",)),
        ("x", "4 * S // 2", ()), ("y", "4 * S // 1", ()),
    ]),
    ("match kind:\n  case 'a':\n    k = 3*B\n  case _:\n    k = 2*B\nx = k*S", [
        ("k", "3 * B", ("kind is 'a'",)), ("k", "2 * B", ("kind is _",)),
        ("x", "3 * B * S", ("kind is 'a'",)), ("x", "2 * B * S", ("kind is _",)),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), READ)
def test_formulas_are_left_in_names_from_outside(source: str, expected: list[tuple[str, str, tuple[str, ...]]]) -> None:
    assert sorted((one.name, one.text, one.cases) for one in formulas(source)) == sorted(expected)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("for i in range(3):\n  x = i\ny = x*2", "'x' is decided by a for in line 1"),
        ("y = table[0]*2", "'table[0]' is no arithmetic of sizes"),
        ("y = numpy.prod(shape)*2", "'numpy.prod(shape)' is a call that is not read"),
        ("y = 7*B % 3", "is no arithmetic of sizes"),
        ("y = 0\nfor i in range(B):\n  y += i\nx = y*2", "'y' is decided by a for in line 2"),
        ("def f(x):\n  while x:\n    x -= 1\n    y = 2*x\n  return y*B", "decided by a while in line 2"),
        ("y = [1, 2]", "'[1, 2]' is no arithmetic of sizes"),
        ("def f(x):\n  return f(x + 1)\ny = f(1)", "a call that is not read"),
    ],
)
def test_what_cannot_be_read_says_why(source: str, why: str) -> None:
    assert any(why in one.unread for one in formulas(source))


def test_nothing_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    source = f"open({str(mark)!r}, 'w')\nflops = __import__('os').system('touch {mark}')*B"
    assert [one.unread != "" for one in formulas(source)] == [True]
    assert not mark.exists()


def test_cases_are_bounded() -> None:
    source = "x = 1\n" + "".join(f"if c{i}:\n  x = x*{i}\n" for i in range(20)) + "flops = x*B"
    assert any("more than 32 cases" in one.unread for one in formulas(source))
    doubled = "x = n_layer + B\n" + "x = x*x\n" * 30
    assert any("too long" in one.unread for one in formulas(doubled))


def test_calls_and_cases_together_are_bounded() -> None:
    bodies = "".join(
        f"def f{i}(x, a, b):\n  y = f{i + 1}(x, a, b)\n  if a:\n    y = y + f{i + 1}(2*x, a, b)\n"
        f"  if b:\n    y = f{i + 1}(y, a, b)\n  return y\n" for i in range(6)
    )  # fmt: skip
    found = formulas(bodies + "def f6(x, a, b):\n  return x if a else 2*x if b else 3*x\n")
    assert any("than are followed" in one.unread for one in found)
    assert [one.text for one in found if one.name == "f6: return"][:2] == ["x", "2 * x"]


@pytest.mark.parametrize(
    ("source", "said"),
    [("x = (", "line 1: no Python"), ("x = 1\0", "no Python|nested too deeply"), ("(" * 5000, "no Python|nested too")],
)
def test_what_is_no_python_is_refused(source: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        formulas(source)


def test_equations_are_read_row_by_row() -> None:
    text = "\\begin{align}\nM &= 2 s b h \\label{m} \\\\\n &= 3 s \\\\\nC &\\approx 6 N D.\n\\end{align}\n\\[ x = y \\]"
    found = [(one.name, one.text, one.line) for one in equations(text)]
    assert found == [("M", "2 s b h", 2), ("M", "3 s", 3), ("C", "6 N D", 4), ("x", "y", 6)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("\\newcommand{\\dm}{d_{m}}\n\\[ x = 2\\dm \\]", [("x", "2d_{m}", (), 2)]),
        ("\\newcommand{\\n}[2]{#1_{#2}}\n\n\\[ \\n{a}{b} = 2\\n{c}{d} \\]", [("a_{b}", "2c_{d}", (), 3)]),
        ("\\def\\x{\\y}\\newcommand\\y{B}\\[ z = 2\\x \\]", [("z", "2B", (), 1)]),
        ("\\newcommand{\\x}{\\x\\x}\\[ z = B \\]", [("z", "B", (), 1)]),
        ("% \\[ x = 2B \\]\n\\[ y = 3B % and = 4\n \\]", [("y", "3B", (), 2)]),
        ("\\begin{multline}\nx = 2B \\\\ + 3S \\\\\n- 4\n\\end{multline}", [("x", "2B + 3S - 4", (), 2)]),
        ("\\begin{align}x &= 2B + \\\\ & 3S \\\\\n &= 5B \\end{align}",
         [("x", "2B + 3S", (), 1), ("x", "5B", (), 2)]),
        ("\\[ x = \\sum_{i=1}^{L} B \\]", [("x", "\\sum_{i=1}^{L} B", (), 1)]),
        ("\\[ x = 6NB = 3.1\\times 10^{23} \\]\\[ y = 34 \\]", [("x", "6NB", (), 1)]),
        ("\\[ \\text{m} = 2pB \\text{ bytes} \\]", [("\\text{m}", "2pB", (), 1)]),
        ("\\[ x = \\underbrace{2B}_{\\text{= a}} + \\overbrace{S} \\]", [("x", "{2B} + {S}", (), 1)]),
        ("\\[ x =\n 2\\begin{cases} B & \\text{if } t = 1, \\\\ S & \\text{otherwise} \\end{cases} \\]",
         [("x", "2(B)", ("t = 1",), 1), ("x", "2(S)", ("not t = 1",), 1)]),
    ],
)  # fmt: skip
def test_shapes_of_equations(source: str, expected: list[tuple[str, str, tuple[str, ...], int]]) -> None:
    assert [(one.name, one.text, one.cases, one.line) for one in equations(source)] == expected


@given(st.lists(st.sampled_from(TEX)))
def test_spoilt_equations_are_read_or_passed_over(parts: list[str]) -> None:
    assert all(one.text or one.unread for one in equations("\\[" + "".join(parts) + "\\]"))


@given(data=st.data())
def test_spoilt_code_is_read_or_refused_in_words(data: st.DataObject) -> None:
    text = list(COUNTERS_FILE.read_text(encoding="utf-8"))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at] = data.draw(
            st.sampled_from(["", "(", ")", ":", "*", "**", "lambda", " if ", "\n", "\0", "é", "9" * 50])
        )
    try:
        found = formulas("".join(text))
    except UserError:
        return
    assert all(one.text or one.unread for one in found)


def test_a_file_of_counters_of_every_kind() -> None:
    found = audit(str(COUNTERS_FILE))
    assert [(one.formula.name.partition(":")[0], one.outcome) for one in found] == [
        ("flops_per_token", "agrees"), ("train_flops", "differs"), ("train_flops", "differs"),
        ("kv_cache_bytes", "differs"), ("num_params", "not read"),
    ]  # fmt: skip


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
        ("f: optimizer_states", "states", "", ""),
        ("f: mfu", "", "", ""),
        ("f: flops_achieved", "", "", ""),
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
    assert infer(name) == (measure, phase, per)


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
    (REMAT.format(6), FULL, [("agrees", ""), ("differs", "it counts a training step without recomputation")]),
    (REMAT.format(2), FULL, [("differs", "head"), ("differs", "")]),
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
