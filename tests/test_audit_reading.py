"""Formulas out of code and LaTeX as they are read, before anything is compared, and that nothing is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costgraph.errors import UserError
from costgraph.library.auditing.code import formulas
from costgraph.library.auditing.equations import equations

COUNTERS_FILE = Path(__file__).parent / "data" / "counters.py"
SPOILT = ("", "(", ")", ":", "*", "**", "lambda", " if ", "\n", "\0", "é", "9" * 50)
TEX = (
    "\\[", "\\]", "{", "}", "=", "+", "\\\\", "&", "%", "\n", "$$", "\\x", "B", "\ue000", "0", "#1", "[1]",
    "\\underbrace", "\\newcommand{\\x}", "\\begin{cases}", "\\end{cases}",
)  # fmt: skip


# --- what is read ---------------------------------------------------------------------------------------------------

READ: list[tuple[str, list[tuple[str, str, tuple[str, ...]]]]] = [
    ("x = 2\ny = x*n_layer", [("x", "2", ()), ("y", "2 * n_layer", ())]),
    ("a, b = n_layer, 3\nc = a*b", [("a", "n_layer", ()), ("b", "3", ()), ("c", "n_layer * 3", ())]),
    ("x = n_layer\nx *= 3", [("x", "n_layer * 3", ())]),
    ("x = 4 if remat else 3\ny = x*B", [
        ("x", "4", ("remat",)), ("x", "3", ("not (remat)",)),
        ("y", "4 * B", ("remat",)), ("y", "3 * B", ("not (remat)",)),
    ]),
    ("def f(c):\n  if c.gated:\n    k = 3\n  else:\n    k = 2\n  return k*c.d_model*c['d_ff']", [
        ("f: k", "3", ("c.gated",)), ("f: k", "2", ("not (c.gated)",)),
        ("f: return", "3 * c.d_model * c.d_ff", ("c.gated",)),
        ("f: return", "2 * c.d_model * c.d_ff", ("not (c.gated)",)),
    ]),
    ("def n(c):\n  return 12*c.n_layer\nx = 6*n(cfg)", [
        ("n: return", "12 * c.n_layer", ()), ("x", "6 * (12 * cfg.n_layer)", ()),
    ]),
    ("n = sum(p.numel() for p in model.parameters())\nx = 6*n", [("n", "N_params", ()), ("x", "6 * N_params", ())]),
    ("x = int(6*float(n_layer))", [("x", "6 * n_layer", ())]),
    ("async def f(B):\n  x = 2*B\n  return x", [("f: x", "2 * B", ()), ("f: return", "2 * B", ())]),
    ("x = 1\nfor _ in range(n_layer):\n  x += 24*B", [("x", "1 + n_layer * (24 * B)", ())]),
    ("x = sum(24*B for _ in range(n_layer))", [("x", "n_layer * (24 * B)", ())]),
    ("x = np.prod([2, B, S])\ny = np.sum(np.array([B, S]))", [("x", "2 * B * S", ()), ("y", "B + S", ())]),
    ("x = pow(D, 2)*np.int64(3)", [("x", "D ** 2 * 3", ())]),
    ("if (n := 12*L) > 0:\n  x = n*B", [("x", "12 * L * B", ("(n := (12 * L)) > 0",))]),
    ("try:\n  x = 2*B\nexcept KeyError:\n  x = 0\ny = x*S", [("x", "2 * B", ()), ("y", "2 * B * S", ())]),
    ("x = 2*getattr(config, 'n_layer', 12)", [("x", "2 * config.n_layer", ())]),
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
    cases = "".join(
        f"def f{i}(x, a, b):\n  y = f{i + 1}(x, a, b)\n  if a{i}:\n    y = y + f{i + 1}(2*x, a, b)\n"
        f"  if b{i}:\n    y = f{i + 1}(y, a, b)\n  return y\n" for i in range(6)
    )  # fmt: skip
    found = formulas(cases + "def f6(x, a, b):\n  return x if a else 2*x if b else 3*x\n")
    assert any("more than 32 cases" in one.unread for one in found)
    assert [one.text for one in found if one.name == "f6: return"][:2] == ["x", "2 * x"]
    calls = "".join(f"def f{i}(x):\n  return {'+'.join([f'f{i + 1}(x)'] * 9)}\n" for i in range(4))
    found = formulas(calls + "def f4(x):\n  return 2*x\n")
    assert any("than are followed" in one.unread for one in found)


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
        ("\\[ x = \\sum_{i=1}^{L} B \\]", [("x", "(L) \\cdot B", (), 1)]),
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


RUNNING = "def flops(c, B):\n  f = 2*c.n_layer\n  if c.moe:\n    f += c.n_head\n  if c.x:\n    y = 1\n  return f*B\n"


def test_a_running_sum_is_a_formula_where_it_ends() -> None:
    assert [(one.name, one.text, one.cases) for one in formulas(RUNNING) if one.name == "flops: f"] == [
        ("flops: f", "2 * c.n_layer", ("not (c.moe)",)), ("flops: f", "2 * c.n_layer + c.n_head", ("c.moe",)),
    ]  # fmt: skip
    loop = "def flops(c):\n  flops = 2*c.n_layer\n  for one in c.layers:\n    flops += one.width\n  return flops\n"
    assert {one.unread for one in formulas(loop) if one.name != "flops: one"} == {
        "'flops' is decided by a for in line 3"
    }
    named = "def f(c):\n  self.flops = 2*c.n_layer\n  self.flops += c.n_head\n"
    assert [one.text for one in formulas(named)] == ["2 * c.n_layer + c.n_head"]


@pytest.mark.parametrize(
    ("value", "comes_to"),
    [
        ("sum(p.numel() for p in model.parameters())", "N_params"),
        ("sum([p.nelement() for p in self.parameters()])", "N_params"),
        ("sum(p.numel() for _, p in self.model.named_parameters())", "N_params"),
        ("sum(x.size for x in jax.tree_util.tree_leaves(params))", "N_params"),
        ("model.num_parameters()", "N_params"),
        ("count_parameters(model)", "N_params"),
        ("model.num_parameters(only_trainable=False)", "N_params"),
        ("self.transformer.wpe.weight.numel()", "K * D"),
        ("sum(p.numel() for p in model.embed_tokens.parameters())", "V * D"),
        ("model.num_parameters(exclude_embeddings=True)", ""),
        ("sum(p.numel() for p in model.parameters() if p.requires_grad)", ""),
        ("sum(p.numel()*p.element_size() for p in model.parameters())", ""),
        ("sum(p.numel() for p in model.layers.parameters())", ""),
        ("sum(p.numel() for m in model.children() for p in m.parameters())", ""),
        ("sum(sum(p.numel() for p in m.parameters()) for m in model.children() if isinstance(m, Embedding))", ""),
        ("sum(p.shape[0] for p in model.parameters())", ""),
        ("sum(layer.num_parameters() for layer in model.layers)", ""),
        ("x.numel()", ""),
        ("self.w.weight.numel()", ""),
    ],
)
def test_only_a_count_of_all_parameters_is_n_params(value: str, comes_to: str) -> None:
    (one,) = formulas(f"n = {value}")
    assert (one.text, one.unread != "") == (comes_to, comes_to == "")
