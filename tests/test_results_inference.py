"""What inference costs: the cache, the bytes moved, the FLOPs per token with and without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from recipes import by_op, graph

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.closed_form import ClosedForm

Form = Callable[[], ClosedForm]
WEIGHTS = "p*(4 + 2*E)*L*D**2"


def row(title: str, form: Form, expected: str) -> object:
    return pytest.param(form, expected, id=title)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        row("6.1", lambda: cg.cache(cg.decoder().apply(cg.decode, cg.tensor_parallel)), "2*p*B*S*D*L/T"),
        row("6.1 on one device", lambda: cg.cache(graph("decode")), "2*p*B*S*D*L"),
        row("6.1 after prefill", lambda: cg.cache(graph("prefill")), "2*p*B*S*D*L"),
        row(
            "S counts the new position unless told otherwise",
            lambda: cg.cache(graph("decode, S + 1")),
            "2*p*B*(S + 1)*D*L",
        ),
        row("training keeps none", lambda: cg.cache(graph("train")), "0"),
        row("weights", lambda: cg.states(graph("decode")), WEIGHTS),
        row("7.1", lambda: cg.states(graph("decode")) + cg.cache(graph("decode")), f"{WEIGHTS} + 2*p*B*S*D*L"),
        row(
            "7.1 on T devices",
            lambda: (lambda g: cg.states(g) + cg.cache(g))(cg.decoder().apply(cg.decode, cg.tensor_parallel)),
            f"({WEIGHTS} + 2*p*B*S*D*L)/T",
        ),
        row("FLOPs of a token with the cache", lambda: cg.flops(graph("decode")), "4*B*D*L*(S + (2 + E)*D)"),
        row(
            "FLOPs when S is what was there before",
            lambda: cg.flops(graph("decode, S + 1")),
            "4*B*D*L*(S + 1 + (2 + E)*D)",
        ),
        row("FLOPs of a prompt", lambda: cg.flops(graph("prefill")), "4*B*D*L*S*(S + (2 + E)*D)"),
        row(
            "the head on one position",
            lambda: cg.flops(cg.decoder(head=True).apply(cg.decode)) - cg.flops(graph("decode")),
            "2*B*D*V",
        ),
        row("nothing is saved", lambda: cg.activations(graph("decode")), "0"),
        row(
            "bytes moved",
            lambda: cg.traffic(graph("decode")),
            f"{WEIGHTS} + 2*p*B*S*D*L + (26 + 4*E)*p*B*D*L + 8*p*A*B*S*L",
        ),
    ],
)
def test_inference(form: Form, expected: str) -> None:
    assert form().same_as(expected)


def test_flops_of_a_token_without_the_cache_are_2bsn() -> None:
    whole = cg.flops(graph("prefill"))
    assert whole.when("S << D").leading / cg.params(graph("prefill")).value == parse("2*B*S")


def test_flops_of_a_token_with_the_cache_are_2bn_and_the_attention() -> None:
    step, size = cg.flops(graph("decode")), cg.params(graph("decode"))
    assert step.value - parse("2*B") * size.value == parse("4*B*D*L*S")
    assert step.when("S << D").leading / size.value == parse("2*B")


@pytest.mark.parametrize(
    ("op", "source", "expected"),
    [
        pytest.param("attn.scores", "attn.k_context", "p*B*S*D*L", id="keys are read where they are"),
        pytest.param("attn.values", "attn.v_context", "p*B*S*D*L", id="values are read where they are"),
        pytest.param("attn.k_context", "attn.k", "p*B*D*L", id="one key is read"),
        pytest.param("attn.k_context", "attn.k_context", "p*B*D*L", id="one row is appended"),
        pytest.param("attn.q", "attn.q.weight", "p*D**2*L", id="weights are read once"),
        pytest.param("attn.scores", "attn.scores", "p*A*B*S*L", id="scores are written"),
    ],
)
def test_bytes_moved_in_decode(op: str, source: str, expected: str) -> None:
    (term,) = [t for t in cg.traffic(graph("decode")).terms if (t.op, t.source) == (op, source)]
    assert term.amount == parse(expected).numerator


def test_weights_and_cache_dominate_the_intensity_of_decode() -> None:
    """Leading order for a wide model: 2 FLOPs per weight and sequence, p bytes per weight."""
    assert cg.intensity(graph("decode")).when("S << D").leading == parse("2*B*(2 + E)*D/(p*((2 + E)*D))")


def test_prefill_writes_the_cache_in_place() -> None:
    moved = by_op(cg.traffic(graph("prefill")))
    assert "attn.k_context" not in moved
    assert moved["attn.k"] == parse("p*(2*B*S*D + D**2)*L").numerator


# --- several new tokens -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (cg.flops, "4*n*B*D*L*(S + (2 + E)*D)"),
        (cg.cache, "2*p*B*S*D*L"),
        (cg.params, "(4 + 2*E)*L*D**2"),
        (cg.traffic, f"{WEIGHTS} + 2*p*B*S*D*L + n*((26 + 4*E)*p*B*D*L + 8*p*A*B*S*L)"),
    ],
)
def test_n_new_tokens_see_s_positions_their_own_included(
    measure: Callable[[cg.Graph], ClosedForm], expected: str
) -> None:
    assert measure(cg.decoder().apply(cg.decode(new="n"))).same_as(expected)


def test_one_new_token_is_a_step_and_all_of_them_a_prompt() -> None:
    one, every = cg.decoder().apply(cg.decode("S", new=1)), cg.decoder().apply(cg.decode("S", new="S"))
    assert all(measure(one).same_as(measure(graph("decode"))) for measure in (cg.flops, cg.traffic, cg.cache))
    assert all(measure(every).same_as(measure(graph("prefill"))) for measure in (cg.flops, cg.cache))


def test_new_tokens_are_among_those_that_are_seen() -> None:
    assert "n <= S" in map(str, cg.decoder().apply(cg.decode(new="n")).assumptions)
    with pytest.raises(cg.UserError, match="8 new tokens are among the 4 positions"):
        cg.decoder().apply(cg.decode(4, new=8))
