"""Weights, cache and logits may have bytes per element of their own; everything else keeps p."""

from __future__ import annotations

import pytest

import costgraph as cg
from costgraph.errors import UserError
from costgraph.passes.widths import Widths

OWN = Widths("p_w", cache="p_kv", logits="p_logits")


def test_a_decoding_step_reads_weights_and_cache_in_their_own_widths() -> None:
    graph = cg.decoder(dropout=False).apply(cg.decode, OWN)
    assert cg.states(graph).same_as("p_w*(4 + 2*E)*L*D**2")
    assert cg.cache(graph).same_as("2*p_kv*B*S*D*L")
    moved = cg.traffic(graph).value
    plain = cg.traffic(cg.decoder(dropout=False).apply(cg.decode)).value
    assert moved.substitute({name: plain.numerator.symbol("p") for name in ("p_w", "p_kv")}) == plain
    assert {"p", "p_w", "p_kv"} <= set(moved.symbols)


def test_flops_and_activations_do_not_change() -> None:
    train, own = (cg.decoder().apply(cg.backward, *more) for more in ((), (OWN,)))
    assert cg.flops(train).same_as(cg.flops(own))
    assert cg.activations(train).same_as(cg.activations(own))


def test_logits_and_what_the_loss_keeps_of_them_have_a_width() -> None:
    train, own = (cg.decoder(head=True).apply(cg.backward, *more) for more in ((), (Widths(logits=4),)))
    assert (cg.activations(own) - cg.activations(train)).same_as("B*S*V*(4 - p)")


def test_numbers_are_widths_too() -> None:
    graph = cg.decoder().apply(cg.decode, Widths("1/2", cache=1))
    assert cg.states(graph).same_as("(4 + 2*E)*L*D**2/2")
    assert cg.cache(graph).same_as("2*B*S*D*L")


def test_what_is_not_named_has_p() -> None:
    graph = cg.decoder().apply(cg.backward)
    assert graph.apply(Widths).tensors == graph.tensors


@pytest.mark.parametrize("width", [0, "-1", "oo"])
def test_what_is_no_width_is_refused(width: object) -> None:
    with pytest.raises(UserError):
        cg.decoder().apply(Widths(width))  # type: ignore[arg-type]


def test_on_a_mesh_gathered_weights_travel_in_their_width() -> None:
    graph = cg.decoder().apply(cg.backward, Widths(weights=1), cg.place(cg.Mesh((cg.DataAxis(zero=3),))))
    assert cg.communication(graph).same_as("2*(2 + p)*(2 + E)*L*D**2*(N_d - 1)/N_d")
