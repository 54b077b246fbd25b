"""A measure is named by text or by its function, alone or among several, wherever a measure is taken."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg

ask: Any = cg
SIZES = {"B": 1, "S": 64}
SEVERAL: list[tuple[Any, ...]] = [
    (cg.flops, cg.params),
    ([cg.flops, "params"],),
    (("flops", cg.params),),
    ("flops, params",),
    ("flops", ["params"]),
    ({"params", "flops"},),
]


@pytest.mark.parametrize("named", SEVERAL)
def test_several_measures_are_named_in_many_ways(named: tuple[Any, ...]) -> None:
    right = {name: getattr(ask, name)("gpt2", **SIZES) for name in ("flops", "params")}
    found = ask.derive(*named, model="gpt2", **SIZES)
    assert found.limited.keys() == right.keys()
    assert all(found[name].same_as(form) for name, form in right.items())
    sides = ask.compare("gpt2", "gpt2", *named, **SIZES)
    assert sides.measures.keys() == right.keys()


def test_a_set_of_measures_has_one_order() -> None:
    assert [*cg.derive({"params", "flops", "states"})] == ["flops", "params", "states"]


def test_commas_inside_of_a_measure_are_its_own() -> None:
    asked = ["flops(attn, S=4)", "params"]
    assert [*cg.derive(", ".join(asked))] == asked
    assert costgraph("derive", "flops,params").stdout == costgraph("derive", "flops", "params").stdout


def test_a_formula_is_checked_against_a_function() -> None:
    assert cg.check("12*B*S*L*D*(D*(E + 2) + S)", cg.flops).agrees
    assert cg.check(cg.params(cg.decoder()), measure=[cg.params]).agrees


def test_a_sweep_takes_functions() -> None:
    pytest.importorskip("numpy")
    over = {"S": [64, 128]}
    points = ask.sweep("gpt2", over, [cg.flops, "params"], B=1, pareto=cg.flops)
    assert [*points.rows()] == [*ask.sweep("gpt2", over, "flops,params", B=1, pareto="flops").rows()]


@pytest.mark.parametrize("name", ["flops", "states", "cache"])
def test_what_a_measure_is_of_may_be_a_keyword(name: str) -> None:
    measure, asked = getattr(ask, name), {**SIZES, "phase": "decode"}
    assert measure(model="gpt2", **asked) == measure("gpt2", **asked)
    op_set = "decoder(kv_heads=G)"
    assert measure(op_set=op_set, phase="decode") == measure(op_set, phase="decode")


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: cg.derive(print), "is no measure; name one, such as 'flops(attn)' or cg.flops"),  # type: ignore[arg-type]
    (lambda: ask.derive(None), "None is no measure"),
    (lambda: ask.derive(b"flops"), "b'flops' is no measure"),
    (lambda: ask.derive([3]), "3 is no measure"),
    (lambda: cg.derive(partial(cg.flops, part="backward")), "is no measure"),
    (lambda: cg.derive(cg.flops("gpt2")), "is no measure"),  # type: ignore[arg-type]
    (lambda: cg.check("6*B", [cg.flops, "params"]), "a check is about one measure, not flops, params"),
    (lambda: cg.check("6*B", []), "a check is about one measure, not none"),
    (lambda: ask.check(None, "flops"), "None is no formula; write text such as '12*L*D**2'"),
    (lambda: ask.check(cg.flops, "flops"), "is no formula"),
    (lambda: ask.flops("gpt2", model="gpt2"), "flops: model is given twice, first and as a keyword"),
    (lambda: ask.flops(cg.decoder(), op_set="decoder"), "op_set is given twice"),
    (lambda: ask.search("gpt2", "a10:1x1", batch=1, S=8, minimize=cg.peak), "unknown goal of minimize="),
    (lambda: ask.search("gpt2", "a10:1x1", batch=1, S=8, where=3), "3 is no text; write text such as 'T <= 8'"),
    (lambda: ask.search("gpt2", "a10:1x1", batch=1, S=8, top=1.5), "top='1.5': write a whole number, at least 1"),
    (lambda: ask.estimate("gpt2", "a10", new="many"), "write a whole number, at least 1"),
    (lambda: ask.estimate("gpt2", "a10", efficiency=0.3), "efficiency '0.3': of what? Write shares by name"),
    (lambda: ask.known(3), "3 is no text; write text such as 'models'"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "says"), WRONG, ids=[says for _, says in WRONG])
def test_what_is_no_measure_is_refused_in_words(asked: Callable[[], object], says: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        asked()
    assert says in str(refused.value)
