"""Sizes of a model that stay symbols, on every command that takes a model."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph import UserError
from costgraph.setup import Setup

FORMS: list[tuple[dict[str, Any], str, str]] = [  # what is asked, a measure -> its form
    ({"model": "llama-3.1-8b", "symbolic": "D,L"}, "params", "D*(53250*L + 256513)"),
    ({"model": "llama-3.1-8b", "symbolic": ["D", "L"]}, "params", "D*(53250*L + 256513)"),
    ({"model": "llama-3.1-8b", "symbolic": "D", "limit": "L=1"}, "params", "309763*D"),
    ({"model": "llama-3.1-8b", "symbolic": "p", "phase": "decode", "limit": "B=1"}, "cache", "65536*S*p"),
    ({"model": "llama-3.1-8b", "symbolic": "S,B", "phase": "decode"}, "cache", "131072*B*S"),  # free already
    ({"model": "deepseek-v3", "symbolic": "L_dense", "phase": "decode"}, "cache", "1152*B*S*(L_dense + 58)"),
    ({"model": "deepseek-v3", "symbolic": "L", "phase": "decode"}, "cache", "1152*B*S*(L_dense + L_moe)"),
    ({"model": "gpt-3", "symbolic": "L", "convention": "notes", "op_set": "decoder"}, "params", "1811939328*L"),
    ({"op_set": "decoder", "symbolic": "D"}, "params", "2*L*D**2*(E + 2)"),
]


@pytest.mark.parametrize(("asked", "measure", "form"), FORMS)
def test_symbols_stay_free_and_other_sizes_are_put_in(asked: dict[str, Any], measure: str, form: str) -> None:
    assert cg.derive(measure, **asked).limited[measure].same_as(form)


REFUSED = [
    ({"symbolic": "d"}, "unknown size of llama-3.1-8b 'd': did you mean D?"),
    ({"symbolic": "W"}, "unknown size of llama-3.1-8b 'W': choose from B, S, L, D, A, G, H, F, V, K, p"),
    ({"symbolic": "L_moee", "model": "deepseek-v3"}, "did you mean L_moe"),
    ({"symbolic": "T"}, "unknown size of llama-3.1-8b 'T'"),
    ({"symbolic": "N_hit", "model": "deepseek-v3", "phase": "decode"}, "leave free what N_hit is made of"),
    ({"symbolic": "D", "limit": "D=4"}, "D is bound by limit and left free by symbolic; give one of them"),
    ({"symbolic": "S", "limit": "S->oo"}, "S is bound by limit and left free by symbolic; give one of them"),
    ({"symbolic": "D,"}, "'D,': a symbol is missing beside a comma"),
    ({"symbolic": 3}, "symbols are text such as 'D,L'"),
    ({"limit": "L=2", "model": "deepseek-v3"}, "deepseek-v3 has layers of several kinds; give L_dense and L_moe"),
]


@pytest.mark.parametrize(("asked", "said"), REFUSED)
def test_what_is_no_size_or_typed_twice_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as error:
        Setup.of(**{"model": "llama-3.1-8b", **asked})
    assert said in str(error.value)


def test_a_free_degree_of_a_mesh_is_no_error() -> None:
    assert "T" not in Setup.of(model="llama-3.1-8b", symbolic="T", mesh="tensor(T)").bindings


def test_every_answer_says_which_sizes_are_symbols() -> None:
    assert str(Setup.of(model="llama-3.1-8b", symbolic="L,D")) == "Llama 3.1 8B (llama-3.1-8b), train, symbolic L,D"
    asked = ("derive", "params", "--model", "llama-3.1-8b", "--json")
    answer = json.loads(costgraph(*asked, "--symbolic", "L", "--symbolic", "D").stdout)
    assert answer["symbolic"] == ["L", "D"]
    assert not {"L", "D"} & answer["limit"].keys()
    assert "symbolic" not in json.loads(costgraph(*asked).stdout)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("derive params --symbolic L,D", "D(53250L + 256513)"),
        ("check --formula D*(53250*L+256513) --measure params --symbolic D,L", "agrees"),
        ("solve 'params <= 10**9' --for D --symbolic L", "D ≤ 1000000000/(53250L + 256513)"),
        ("estimate --hardware h100-sxm --limit B=1,S=128 --symbolic L", "436224000L + 2101354496"),
        ("estimate --hardware h100-sxm --limit B=1,S=128 --symbolic p", "8030261248p"),
        ("graph --symbolic L", "Llama 3.1 8B (llama-3.1-8b), forward, symbolic L"),
        ("export python --measures params --symbolic L", "params [parameter]: 218112000*L + 1050677248"),
        ("cheatsheet --symbolic L", "  L                 32  number of layers"),
    ],
)
def test_every_command_takes_it(command: str, shown: str, tmp_path: Path) -> None:
    name, *options = shlex.split(command)
    run = costgraph(name, *options, "--model", "llama-3.1-8b", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert shown in run.stdout
