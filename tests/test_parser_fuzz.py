"""Hostile and random text: never executed, always either read or refused with a short message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_parser import assert_short

import costgraph as cg
from costgraph.algebra.bindings import parse_bindings, parse_regime
from costgraph.algebra.parser import parse, size
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import UserError
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call
from costgraph.passes import PASSES

CODE = "__import__('os').system('touch {file}')"


@pytest.mark.parametrize("template", [CODE, f"E={CODE}", f"E->{CODE}", f"{CODE} << D", f"decoder(head={CODE})"])
def test_code_is_never_executed(template: str, tmp_path: Path) -> None:
    text = template.format(file=tmp_path / "executed")
    readers: list[Callable[[str], Any]] = [
        parse,
        size,
        parse_regime,
        lambda t: parse_bindings([t]),
        lambda t: parse_call("op set", t, OP_SETS),
        lambda t: parse_call("pass", t, PASSES),
        lambda t: cg.params(cg.decoder()).limit(E=t),
        lambda t: cg.decoder(kv_heads=t),
    ]
    for read in readers:
        with pytest.raises(UserError):
            read(text)
    assert not list(tmp_path.iterdir())


tokens = st.sampled_from(
    [*SYMBOLS, *"0123456789", *"+-*/()., =<>^'\"", "**", "<<", "->", "oo", "inf", "1e9", "True", "head"]
)
texts = st.one_of(
    st.text(max_size=60),
    st.lists(tokens, max_size=30).map("".join),
    st.lists(tokens, max_size=12).map(" ".join),
)


def assert_parses_or_refuses(read: Callable[[str], object], text: str) -> None:
    try:
        read(text)
    except UserError as error:
        assert_short(str(error))


@settings(max_examples=400)
@given(texts)
@example("E=4\r")
@example("9" * 5000)
@example("_")
@example("1__0")
@example("\\\n1")
@example("#")
@example("0777")
@example("1if S else 2")
@example("*S")
@example("decoder(**{})")
@example("decoder(*[1])")
@example("decoder(head=True, head=True)")
@example("recompute(segment='x')")
@example("tensor_parallel(1/(S+D))")
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (
        parse,
        size,
        parse_regime,
        lambda t: parse_bindings([t]),
        lambda t: parse_call("op set", t, OP_SETS),
        lambda t: parse_call("pass", t, PASSES),
        lambda t: parse_call("op set", f"decoder(head={t})", OP_SETS),
        lambda t: parse_call("pass", f"tensor_parallel({t})", PASSES),
    ):
        assert_parses_or_refuses(read, text)
