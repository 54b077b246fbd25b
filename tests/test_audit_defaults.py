"""What code takes where nothing is given: `d_ff or 4*d_model`, numbers of arguments; each is a size of its case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from costgraph.library.auditing.audit import audit

WIDTH = "def num_params(c, ffn=None):\n  {}\n  return c.n_layer*(4*c.n_embd**2 + 2*c.n_embd*d_ff)\n"
HEADS = "def kv_cache_bytes(c, B, S, p):\n  n = {}\n  return 2*B*S*c.n_layer*n*(c.n_embd//c.n_heads)*p\n"
Expected = list[tuple[str, str]]
OR = [
    # a file, what is asked -> of each case the size that it has, and what becomes of it
    (WIDTH.format("d_ff = c.d_ff or 4*c.n_embd"), {}, [("c.d_ff", "agrees"), ("c.d_ff == 4 * c.n_embd", "agrees")]),
    (WIDTH.format("d_ff = c.d_ff or 4*c.n_embd"), {"limit": "E=4"},
     [("c.d_ff", "agrees"), ("c.d_ff == 4 * c.n_embd", "agrees")]),
    (WIDTH.format("d_ff = c.d_ff or 4*c.n_embd"), {"limit": "E=3"},
     [("c.d_ff", "agrees"), ("c.d_ff == 4 * c.n_embd", "not read")]),
    (WIDTH.format("d_ff = c.d_ff or c.inner or 4*c.n_embd"), {},
     [("c.d_ff", "agrees"), ("c.inner and c.d_ff == c.inner", "not read"),
      ("c.inner == 4 * c.n_embd and c.d_ff == 4 * c.n_embd", "agrees")]),
    (WIDTH.format("d_ff = c.d_ff if c.d_ff is not None else 3*c.n_embd"), {},
     [("c.d_ff is not None", "agrees"), ("c.d_ff == 3 * c.n_embd", "agrees")]),
    (WIDTH.format("d_ff = 3*c.n_embd if c.d_ff is None else c.d_ff"), {},
     [("c.d_ff == 3 * c.n_embd", "agrees"), ("not (c.d_ff is None)", "agrees")]),
    (WIDTH.format("d_ff = ffn\n  if ffn is None:\n    ffn = 4*c.n_embd\n  d_ff = ffn"), {"let": "ffn=E*D"},
     [("ffn is None", "agrees"), ("not (ffn is None)", "agrees")]),  # a name that the user says the meaning of
    (WIDTH.format("d_ff = c.d_ff or 4*c.n_embd").replace("2*c", "3*c"), {},
     [("c.d_ff", "differs"), ("c.d_ff == 4 * c.n_embd", "differs")]),
    (HEADS.format("c.n_kv_heads or c.n_heads"), {"op_set": "decoder(kv_heads=G)"},
     [("c.n_kv_heads", "agrees"), ("c.n_kv_heads == c.n_heads", "agrees")]),
    (HEADS.format("c.n_kv_heads or c.n_heads"), {},
     [("c.n_kv_heads", "not read"), ("c.n_kv_heads == c.n_heads", "agrees")]),
    (HEADS.format("c.n_kv_heads or c.n_heads"), {"model": "llama-3-8b"},
     [("c.n_kv_heads", "agrees"), ("c.n_kv_heads == c.n_heads", "not read")]),
    (HEADS.format("c.n_kv_heads or c.n_heads"), {"model": "llama-2-7b"},
     [("c.n_kv_heads", "agrees"), ("c.n_kv_heads == c.n_heads", "agrees")]),
    (HEADS.format("c.n_heads\n  S = S or 2048"), {}, [("S", "agrees"), ("S == 2048", "agrees")]),
    (HEADS.format("c.n_heads\n  S = S or 2048"), {"limit": "S=4096"}, [("S", "agrees"), ("S == 2048", "not read")]),
]  # fmt: skip


def judged(tmp_path: Path, source: str, of: dict[str, Any]) -> Expected:
    """The condition of each case of a file, and what becomes of it."""
    path = tmp_path / "a.py"
    path.write_text(source, encoding="utf-8")
    return [(" and ".join(one.formula.cases), one.outcome) for one in audit(str(path), **of)]


@pytest.mark.parametrize(("source", "of", "expected"), OR)
def test_what_is_taken_where_nothing_is_given_is_a_size_of_its_case(
    tmp_path: Path, source: str, of: dict[str, Any], expected: Expected
) -> None:
    assert sorted(judged(tmp_path, source, of)) == sorted(expected)


CALLED = (
    "def kv(B, S, L, D, dtype_bytes=2):\n  return 2*B*S*L*D*dtype_bytes\n"
    "def kv_cache_bytes(c, B, S):\n  return kv(B, S, c.n_layer, c.n_embd{})\n"
)
OWN = "def kv_cache_bytes(B, S, L, D, {}):\n  {}\n  return 2*B*S*L*D*{}\n"
NUMBERS = [
    (OWN.format("dtype_bytes=2", "pass", "dtype_bytes"), {}, [("", "agrees")]),  # a size, whatever it is usually
    (CALLED.format(""), {}, [("", "differs")]),
    (CALLED.format(""), {"limit": "p=2"}, [("", "agrees")]),
    (CALLED.format(", c.dtype_bytes"), {}, [("", "agrees")]),
    (OWN.format("width=2", "pass", "width"), {"limit": "p=2"}, [("width == 2", "agrees")]),
    (OWN.format("width=4", "pass", "width"), {"limit": "p=2"}, [("width == 4", "differs")]),
    (OWN.format("*, width=2.0", "pass", "width"), {"limit": "p=2"}, [("width == 2.0", "agrees")]),
    (OWN.format("width=4", "width = width/2", "width"), {"limit": "p=2"}, [("width == 4", "agrees")]),
    (OWN.format("width=4", "width = 2", "width"), {"limit": "p=2"}, [("", "agrees")]),
    (OWN.format("width=2", "pass", "width"), {"let": "width=p"}, [("", "agrees")]),
    (OWN.format("width=2", "width = 4 if width == 4 else 2", "width"), {"limit": "p=2"},
     [("width == 4", "differs"), ("not (width == 4)", "agrees")]),
    (OWN.format("width=2", "width = 4 if width == 4 else width", "width"), {"limit": "p=2"},
     [("", "not read")]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "of", "expected"), NUMBERS)
def test_a_number_that_an_argument_is_by_default_is_put_in_where_its_name_says_no_size(
    tmp_path: Path, source: str, of: dict[str, Any], expected: Expected
) -> None:
    assert sorted(judged(tmp_path, source, of)) == sorted(expected)
