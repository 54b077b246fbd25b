"""Every measure of the decoder against a count that walks index ranges and shares no code with costgraph."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import brute_force
import brute_model
import pytest
from brute_model import Config, Decoder
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes import EVERYWHERE, RECIPES, graph, measured

import costgraph as cg
from costgraph.conventions import EXACT, NOTES
from costgraph.graph.graph import Graph
from costgraph.measures import MEASURES
from costgraph.passes.prefill import Prefill

pytestmark = pytest.mark.slow  # every index is walked

NEGLECTED = ("norm", "bias", "statistic")


def case(title: str, **options: Any) -> object:
    return pytest.param(Config(**options), id=title)


ONE = [
    case("blocks", S=3),
    case("blocks, E=3/2, p=4, B=1", B=1, S=5, F=12, p=4, L=2),
    case("one head, three tokens", A=1, S=3),
    case("no dropout", dropout=False),
    case("biases", biases=True, S=3),
    case("head", head=True, S=3, V=11, K=5),
    case("head, untied, biases", head=True, tied=False, biases=True, V=7),
    case("two of four key/value heads", A=4, G=2),
    case("multi-query", A=4, G=1, head=True),
    case("flash", flash=True, S=3),
    case("flash, grouped, no dropout", flash=True, A=4, G=2, dropout=False),
    case("selective", recompute="selective", S=3),
    case("selective, biases, grouped", recompute="selective", biases=True, A=4, G=2),
    case("full", recompute="full", S=3, L=2),
    case("full, flash, head", recompute="full", flash=True, head=True),
    case("selective, flash", recompute="selective", flash=True),
    case("forward alone", mode="forward", S=3),
    case("prefill", mode="prefill", S=3),
    case("prefill, flash, head, biases", mode="prefill", flash=True, head=True, biases=True),
    case("decode", mode="decode", S=5),
    case("decode, nine positions, head", mode="decode", context=9, head=True),
    case("decode, multi-query, biases", mode="decode", A=4, G=1, biases=True),
]
MANY = [
    case("tp", T=2, S=3),
    case("tp on four", T=4, A=4),
    case("tp, head", T=2, head=True, S=3),
    case("tp, head, untied, biases", T=2, head=True, tied=False, biases=True),
    case("tp, flash", T=2, flash=True, S=3),
    case("tp, selective", T=2, recompute="selective"),
    case("tp, full", T=2, recompute="full", L=2),
    case("tp, full, flash, biases, head", T=2, recompute="full", flash=True, biases=True, head=True, L=2),
    case("tp, grouped", T=2, A=4, G=2),
    case("tp, copies of key/value heads", T=4, A=4, G=2, biases=True),
    case("tp, copies of the one key/value head", T=2, A=4, G=1),
    case("tp, prefill, head", T=2, mode="prefill", head=True),
    case("tp, decode, grouped", T=2, A=4, G=2, mode="decode", S=5),
    case("sp", T=2, sequence=True),
    case("sp on four, no dropout", T=4, A=4, sequence=True, dropout=False),
    case("sp, biases", T=2, sequence=True, biases=True),
    case("sp, gathered inputs kept", T=2, sequence=True, keep_gathered=True),
    case("sp, kept, head", T=2, sequence=True, keep_gathered=True, head=True),
    case("sp, head, biases", T=2, sequence=True, head=True, biases=True),
    case("sp, flash, head, untied", T=2, sequence=True, flash=True, head=True, tied=False),
    case("sp, selective", T=2, sequence=True, recompute="selective"),
    case("sp, full", T=2, sequence=True, recompute="full"),
    case("sp, full, kept, biases", T=2, sequence=True, keep_gathered=True, recompute="full", biases=True),
    case("sp, copies of key/value heads", T=4, A=4, G=2, sequence=True),
]


def symbolic(c: Config) -> Graph:
    """The same model, built by costgraph."""
    heads: dict[str, Any] = {"kv_heads": "G" if c.G > 1 else 1} if c.G else {}
    g = cg.decoder(head=c.head, tied=c.tied, dropout=c.dropout, biases=c.biases, **heads)
    passes: list[Any] = [cg.flash_attention] if c.flash else []
    if c.mode != "forward":
        passes.append({"train": cg.backward, "prefill": Prefill, "decode": cg.decode(c.context or "S")}[c.mode])
    if c.recompute == "selective":
        passes.append(cg.recompute("selective"))
    if c.recompute == "full":
        passes.append(cg.recompute("full"))
    if c.T > 1:
        degree = "T" if c.G != 1 else c.T
        passes.append(cg.tensor_parallel(degree, c.sequence, c.keep_gathered, replicate_kv=0 < c.G < c.T))
    return g.apply(*passes)


def sizes(c: Config) -> dict[str, Any]:
    return {
        "B": c.B, "S": c.S, "D": c.D, "A": c.A, "E": Fraction(c.F, c.D), "L": c.L, "p": c.p, "V": c.V, "K": c.K,
        "G": c.G or c.A, "T": c.T,
    }  # fmt: skip


def counted(model: Decoder, exact: bool) -> dict[str, Any]:
    """What the brute-force count says, by measure."""
    d = model.device

    def kinds(counter: Mapping[str, Any]) -> Any:
        return sum(n for kind, n in counter.items() if exact or kind not in NEGLECTED)

    kept: brute_force.Totals = defaultdict(int)
    for array in d.kept.values():
        kept[array.kind] += array.bytes
    return {
        "params": kinds(d.parameters),
        "flops": sum(d.flops.values()),
        "flops.forward": d.flops["forward"],
        "flops.backward": d.flops["backward"],
        "flops.recompute": d.flops["recompute"],
        "activations": kinds(kept),
        "cache": model.cache,
        "traffic": kinds(d.moved),
        "communication": kinds(d.sent),
    }


@pytest.mark.parametrize("config", [*ONE, *MANY])
def test_engine_counts_what_brute_force_counts(config: Config) -> None:
    g, numbers, model = symbolic(config), sizes(config), Decoder(config)
    concrete = g.substitute(**numbers)
    for convention in (NOTES, EXACT):
        for measure, expected in counted(model, exact=convention is EXACT).items():
            said = f"{measure}, {convention.name}"
            assert MEASURES[measure](concrete, convention).number == expected, f"{said}, substituted first"
            assert MEASURES[measure](g, convention).limit(**numbers).number == expected, f"{said}, measured first"


@pytest.mark.parametrize("module", [brute_force, brute_model], ids=["functions", "model"])
def test_brute_force_shares_no_code_with_the_engine(module: Any) -> None:
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [name for name in names if name.startswith(("costgraph", "sympy", "recipes"))]


@pytest.mark.parametrize("devices", [1, 2, 3, 5])
def test_a_ring_passes_every_chunk_but_one(devices: int) -> None:
    for half in ("all_gather", "reduce_scatter"):
        assert brute_force.ring_half(half, Fraction(60), devices) == sum(
            Fraction(60, devices) for _ in range(devices - 1)
        )


small = st.integers(1, 6)


@st.composite
def consistent_sizes(draw: st.DrawFn) -> dict[str, Any]:
    """Sizes that respect T | G | A | D, T | S, T | V and T | E*D; with fewer key/value heads than devices, G | T."""
    T = draw(st.integers(1, 4))
    G = T * draw(st.integers(1, 2))
    A = G * draw(st.integers(1, 3))
    return {
        "T": T, "G": G, "A": A, "D": A * draw(small), "S": T * draw(small), "V": T * draw(small), "K": draw(small),
        "B": draw(small), "L": draw(small), "E": draw(small), "p": draw(st.sampled_from([1, 2, 4, Fraction(1, 2)])),
    }  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
@settings(max_examples=3, deadline=None)
@given(numbers=consistent_sizes())
def test_measuring_and_substituting_commute(name: str, numbers: dict[str, Any]) -> None:
    if "copies" in name:
        numbers = numbers | {"G": 1 if numbers["T"] < 4 else 2}
    concrete = graph(name).substitute(**numbers)
    for measure, count in EVERYWHERE.items():
        before, after = count(concrete), measured(name, measure).limit(**numbers)
        assert before.number is not None
        assert before.number == after.number, measure
        assert before.remainder == after.remainder, measure
        if measure != "peak":  # of instants that are as large either may be told
            assert before.terms == tuple(term for term in after.terms if term.amount), measure
