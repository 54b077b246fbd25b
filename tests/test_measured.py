"""Measures from Python: one name is one number, whether it is asked of a model, of a graph or of the command line."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import pytest

import costgraph as cg
from costgraph.passes import PHASES, Widths

ask: Any = cg  # sizes as keywords have names that no type lists
NAMES = ("params", "states", "flops", "activations", "cache", "communication", "peak", "traffic", "intensity")
TRAINED = cg.decoder().apply(cg.backward)


def place(mesh: str) -> Any:
    return cg.place(cg.Mesh(mesh))


@pytest.mark.filterwarnings("ignore:.* is 0:UserWarning")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", NAMES)
def test_a_phase_is_the_same_in_a_measure_and_in_a_derivation(name: str, phase: str) -> None:
    for kind, what in (("model", "llama-3-8b"), ("op_set", cg.decoder())):
        typed = ask.derive(name, **{kind: what}, phase=phase, B=1, S=64)[name]
        assert getattr(ask, name)(what, phase=phase, B=1, S=64).same_as(typed)
    assert getattr(ask, name)(cg.decoder(), phase=phase).same_as(ask.derive(name, phase=phase)[name])


PARTS = [
    ("flops", "forward"), ("flops", "backward"), ("flops", "recompute"), ("traffic", "update"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_a_part_of_a_step_is_what_a_dot_means(name: str, part: str) -> None:
    passes = "recompute(full)"
    typed = ask.derive(f"{name}.{part}", passes=passes)[f"{name}.{part}"]
    graph = TRAINED.apply(cg.recompute("full"))
    assert getattr(ask, name)(cg.decoder(), part=part, passes=passes).same_as(typed)
    assert getattr(ask, name)(graph, part=part).same_as(typed)


REFUSED: list[tuple[str, Any, dict[str, Any], str]] = [
    ("flops", "llama-3-8b", {"phase": "update"}, "unknown phase 'update'"),
    ("flops", "llama-3-8b", {"part": "update"}, "unknown part of flops 'update': choose from forward"),
    ("states", "llama-3-8b", {"part": "forward"}, "states has no parts of a step; leave part='forward' out"),
    ("params", cg.decoder(), {"phase": "nonsense"}, "unknown phase 'nonsense'"),
    ("params", TRAINED, {"phase": "decode"}, "phase decode and pass backward exclude each other"),
    ("flops", TRAINED, {"phase": ["train"]}, "unknown phase '['train']'"),
    ("flops", TRAINED, {"phase": ""}, "unknown phase ''"),
    ("states", TRAINED, {"phase": "forward"}, "phase forward and pass backward exclude each other"),
    ("params", TRAINED.apply(place("tensor(4)")), {"phase": "forward"}, "phase forward and pass backward exclude"),
    ("flops", cg.decoder().apply(cg.decode), {"phase": "forward"}, "phase forward and pass decode exclude each other"),
    ("flops", cg.decoder().apply(place("tensor(4)")), {"mesh": "data(2)"}, "lies on the mesh"),
    ("flops", "gpt2", {"prat": "forward"}, "unknown option of flops 'prat': did you mean part"),
]


@pytest.mark.parametrize(("name", "what", "options", "says"), REFUSED, ids=lambda of: str(of)[:40])
def test_a_phase_that_cannot_be_is_refused(name: str, what: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        getattr(ask, name)(what, **options)
    assert says in str(refused.value)


def test_a_derivation_of_a_trained_graph_is_in_no_other_phase() -> None:
    for phase in ("forward", "prefill", "decode"):
        with pytest.raises(cg.UserError, match=f"phase {phase} and pass backward exclude each other"):
            cg.derive("flops", op_set=TRAINED, phase=phase)


# --- graphs that were placed before they were in a phase --------------------------------------------------------------

PLACED: list[tuple[Any, dict[str, Any]]] = [
    (cg.decoder().apply(cg.tensor_parallel(4)), {"mesh": "tensor(4)"}),
    (cg.decoder().apply(cg.tensor_parallel), {"mesh": "tensor"}),
    (cg.decoder(head=True).apply(place("data(2, zero=3), tensor(4)")),
     {"op_set": "decoder(head=True)", "mesh": "data(2, zero=3), tensor(4)"}),
    (cg.decoder().apply(cg.flash_attention, cg.tensor_parallel(4, sequence=True)),
     {"attention": "flash", "mesh": "tensor(4, sequence=True)"}),
    (cg.decoder().apply(Widths("p_w")), {"passes": [Widths("p_w")]}),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.* is 0:UserWarning")
@pytest.mark.parametrize(("graph", "options"), PLACED, ids=lambda of: str(of))
def test_a_placed_graph_without_a_phase_is_trained(graph: cg.Graph, options: dict[str, Any]) -> None:
    for name in ("flops", "communication", "activations", "states", "params"):
        typed = ask.derive(name, **options)[name]
        assert getattr(ask, name)(graph).same_as(typed), name
        assert ask.derive(name, op_set=graph)[name].same_as(typed), name
    typed = ask.derive("flops", phase="forward", **options)["flops"]
    assert cg.flops(graph, phase="forward").same_as(typed)


def test_a_placed_graph_that_is_not_what_its_name_says_is_refused_with_the_order() -> None:
    one = cg.decoder().apply(cg.tensor_parallel(4))
    for graph, asked in (
        (cg.decoder().substitute(L=2).apply(cg.tensor_parallel(4)), {}),
        (replace(one, name="somebody's"), {"phase": "train"}),
    ):
        with pytest.raises(cg.UserError, match=r"apply\(cg\.backward, cg\.tensor_parallel\(4\)\)"):
            ask.flops(graph, **asked)
        assert cg.flops(graph, phase="forward").value.numerator
        assert cg.params(graph).value.numerator


def test_a_graph_of_one_s_own_that_was_placed_is_what_was_placed() -> None:
    own = replace(cg.decoder().apply(cg.tensor_parallel(4)), name="somebody's")
    assert cg.flops(own).same_as(cg.flops(own, phase="forward"))
    assert cg.derive("flops", op_set=own)["flops"].same_as(cg.flops(own))


@pytest.mark.parametrize("part", ["forward", "backward", "recompute"])
def test_a_part_of_a_whole_step_may_be_called_a_phase(part: str) -> None:
    graph = TRAINED.apply(cg.recompute("full"))
    assert cg.flops(graph, phase=part).same_as(cg.flops(graph, part=part))


# --- zeros ------------------------------------------------------------------------------------------------------------

ZEROS: list[tuple[str, Any, dict[str, Any], str]] = [
    ("activations", cg.decoder(), {"phase": "forward"}, "which phase='train' has"),
    ("cache", cg.decoder(), {}, "one is kept in phase='prefill' or 'decode'"),
    ("cache", cg.decoder().apply(cg.tensor_parallel(4)), {}, "one is kept in phase='prefill' or 'decode'"),
    ("communication", cg.decoder(), {}, r"one device sends nothing; mesh='tensor\(T\)' has T"),
    ("flops", cg.decoder(), {"part": "recompute"}, r"nothing is replayed; passes=\['recompute\(full\)'\] would"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "what", "options", "says"), ZEROS, ids=lambda of: str(of)[:40])
def test_a_measure_of_a_graph_that_is_zero_says_why_in_keywords(
    name: str, what: cg.Graph, options: dict[str, Any], says: str
) -> None:
    with pytest.warns(UserWarning, match=says):
        assert not getattr(ask, name)(what, **options).value.numerator


def test_who_gave_a_graph_in_its_phase_has_said_what_it_is_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not cg.communication(TRAINED.apply(cg.tensor_parallel(1))).value.numerator
        assert not cg.cache(TRAINED).value.numerator


# --- models as they are -----------------------------------------------------------------------------------------------

CONFIG = {
    "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "vocab_size": 1000, "max_position_embeddings": 128,
}  # fmt: skip


class Configuration:
    """As transformers has them."""

    def to_dict(self) -> dict[str, Any]:
        return dict(CONFIG)


@pytest.mark.parametrize("given", [CONFIG, Configuration()], ids=["dictionary", "configuration"])
def test_a_model_is_a_configuration_wherever_it_is_asked_of(given: Any) -> None:
    model = cg.model(given)
    assert cg.flops(given).same_as(cg.flops(model))
    assert str(ask.derive("flops", model=given)["flops"]) == str(cg.flops(model))
    assert str(ask.estimate(given, "a10", B=1, S=16)) == str(ask.estimate(model, "a10", B=1, S=16))
    with pytest.raises(cg.UserError, match="model_type is missing"):
        cg.flops({"hidden_size": 64})
