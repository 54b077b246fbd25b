"""A setup: one value from text or from objects, on every command; what names a choice not made is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

import costgraph as cg
from costgraph.conventions.known import CONVENTIONS
from costgraph.estimation.estimate import estimate
from costgraph.estimation.reading import request
from costgraph.given import Choices
from costgraph.mesh import Mesh, TensorAxis
from costgraph.models.architecture import Architecture
from costgraph.passes import PHASES
from costgraph.passes.update import Update
from costgraph.passes.widths import Widths
from costgraph.precision import PRECISIONS, Precision
from costgraph.setup import Setup
from costgraph.wording import in_python

# --- text and objects -------------------------------------------------------------------------------------------------

PAIRS: list[tuple[dict[str, Any], dict[str, Any]]] = [  # as text, as objects
    ({"limit": "E=4,p=2"}, {"limit": {"E": 4, "p": 2}}),
    ({"limit": "E=4,S->oo"}, {"limit": {"E": 4, "S": "oo"}}),
    ({"limit": "E=4,p=2"}, {"limit": ["E=4", "p=2"]}),
    ({"op_set": "decoder(head=True)"}, {"op_set": cg.decoder(head=True)}),
    ({"op_set": "decoder"}, {"op_set": cg.decoder}),
    ({"passes": "flash_attention"}, {"passes": [cg.flash_attention]}),
    (
        {"passes": ["flash_attention", "tensor_parallel(4)"]},
        {"passes": ["flash_attention", cg.tensor_parallel(4)]},
    ),
    ({"passes": "flash_attention, recompute(full)"}, {"passes": [cg.recompute("full"), cg.flash_attention()]}),
    ({"passes": ["tensor_parallel(T, sequence=True)"]}, {"mesh": "tensor(T, sequence=True)"}),
    ({"mesh": "tensor(2)"}, {"mesh": Mesh((TensorAxis(2),))}),
    ({"passes": "decode(S + 1)"}, {"phase": "decode", "passes": cg.decode("S + 1")}),
    ({"phase": "train"}, {"op_set": cg.decoder().apply(cg.backward)}),
    ({"convention": "exact(elementwise=one)"}, {"convention": CONVENTIONS["exact"]("one")}),
    ({"precision": "fp32_adam"}, {"precision": PRECISIONS["fp32_adam"]}),
    ({"model": "gpt-3"}, {"model": cg.model("gpt-3")}),
    ({"passes": "flash_attention"}, {"choices": Choices(attention="flash")}),
    ({"passes": "flash_attention"}, {"attention": "flash"}),
    ({"passes": "flash_attention", "attention": "flash"}, {"op_set": cg.decoder().apply(cg.flash_attention)}),
    ({"mesh": "data"}, {"mesh": cg.DataAxis()}),
    ({"mesh": "data, tensor"}, {"mesh": [cg.DataAxis(), cg.TensorAxis()]}),
]


@pytest.mark.parametrize(("text", "objects"), PAIRS, ids=[str(text) for text, _ in PAIRS])
def test_text_and_objects_mean_the_same(text: dict[str, Any], objects: dict[str, Any]) -> None:
    measures = ("params", "states", "flops", "activations")
    one, other = cg.derive(*measures, **text), cg.derive(*measures, **objects)
    assert one.graph.passes == other.graph.passes
    assert one.phase == other.phase
    assert one.limit == other.limit
    assert {name: form.text() for name, form in one.limited.items()} == {
        name: form.text() for name, form in other.limited.items()
    }


def test_a_machine_may_be_given_as_it_is() -> None:
    asked: dict[str, Any] = {"model": "llama-2-7b", "limit": "B=1,S=350"}
    by_name, itself = (request(hardware=machine, **asked) for machine in ("a10", cg.machine("a10")))
    assert estimate(by_name).largest_batch == estimate(itself).largest_batch


NO_KIND: list[tuple[dict[str, Any], str]] = [
    ({"limit": 4}, "a limit is text such as 'E=4,p=2' or {'E': 4, 'p': 2}, not 4"),
    ({"limit": {4: 4}}, "unknown symbol '4'"),
    ({"op_set": 4}, "an op set is text, a Graph or a function that makes one, not 4"),
    ({"op_set": lambda: 4}, "an op set is text"),
    ({"passes": 4}, "passes are text, or passes such as flash_attention, not 4"),
    ({"passes": [4]}, "a pass is text or a Pass, not 4"),
    ({"mesh": 4}, "a mesh is text or axes such as DataAxis(), not 4"),
    ({"model": 4}, "a model is a name, a file or a Model, not 4"),
    ({"convention": 4}, "a convention is text or a Convention, not 4"),
]


@pytest.mark.parametrize(("given", "said"), NO_KIND, ids=[said for _, said in NO_KIND])
def test_an_object_of_another_kind_is_refused_in_words(given: dict[str, Any], said: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        cg.derive("params", **given)
    assert said in str(refused.value)


def test_a_setup_has_at_most_eight_fields_and_is_frozen() -> None:
    assert len(fields(Setup)) <= 8
    with pytest.raises(AttributeError):
        Setup.of().phase = "decode"  # type: ignore[misc]


# --- phases and passes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_is_its_passes(phase: str) -> None:
    assert Setup.of(phase=phase).graph.passes == PHASES[phase]


def test_a_pass_of_a_phase_stands_in_for_the_phases_own() -> None:
    assert Setup.of(phase="decode", passes="decode(S + 1)").graph.passes == ("decode(S + 1)",)


@pytest.mark.parametrize(
    "passes", [["tensor_parallel(T)", "flash_attention"], ["recompute(full)", "tensor_parallel(T)", "flash_attention"]]
)
def test_passes_are_sorted(passes: list[str]) -> None:
    assert Setup.of(passes=passes).graph.passes == Setup.of(passes=sorted(passes)).graph.passes


EXCLUDED: list[tuple[dict[str, Any], str]] = [
    ({"passes": ["flash_attention", "flash_attention"]}, "flash_attention is applied already; each pass runs once"),
    ({"passes": ["tensor_parallel(T)", "tensor_parallel(2)"]}, "pass tensor_parallel is given twice"),
    ({"passes": ["prefill", "decode"]}, "phase prefill and pass decode exclude each other"),
    ({"phase": "train", "passes": "decode"}, "phase train and pass decode exclude each other"),
    ({"phase": "forward", "passes": "backward"}, "phase forward and pass backward exclude each other"),
    ({"phase": "forward", "passes": "recompute(full)"}, "recompute needs backward before it"),
    (
        {"mesh": "tensor(T)", "passes": "tensor_parallel(2)"},
        "passes=['tensor_parallel(2)'] means mesh='tensor(2)', and the mesh has tensor(T) already; give one of them",
    ),
    ({"mesh": "tenser(T)"}, "unknown axis 'tenser': did you mean tensor?"),
    ({"mesh": "tensor(T, sequenc=True)"}, "unknown option of tensor 'sequenc': did you mean sequence?"),
    (
        {"passes": "flash_attention", "attention": "eager"},
        "attention eager and pass flash_attention exclude each other; give one of them",
    ),
    (
        {"op_set": cg.decoder().apply(cg.flash_attention), "attention": "eager"},
        "attention eager and pass flash_attention exclude each other",
    ),
    ({"phase": "trian"}, "unknown phase 'trian': did you mean train?"),
    ({"phase": ""}, "unknown phase ''"),
    ({"model": "lama-2-7b"}, "unknown model 'lama-2-7b': did you mean llama-2-7b"),
]


@pytest.mark.parametrize(("asked", "said"), EXCLUDED, ids=lambda given: str(given)[:60])
def test_what_contradicts_itself_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        Setup.of(**asked)
    assert said in str(refused.value)


# --- graphs that have been through passes already ---------------------------------------------------------------------

TRAINED = cg.decoder().apply(cg.backward)


@pytest.mark.parametrize("passes", [[cg.tensor_parallel], [cg.place(Mesh("data, tensor"))], [Widths("p_w")]])
def test_a_graph_beyond_the_update_is_answered_without_one(passes: list[Any]) -> None:
    graph = TRAINED.apply(*passes)
    for measure in (cg.flops, cg.states, cg.activations, cg.communication):
        found = cg.derive(measure.__name__, op_set=graph).forms[measure.__name__]
        assert found.same_as(measure(graph))
    (said,) = cg.derive("traffic.update", op_set=graph).remarks
    assert said == "traffic.update is 0: there is no update in this graph"


@pytest.mark.parametrize("phase", ["train", "forward", "prefill", "decode"])
def test_a_placed_graph_is_answered_in_every_phase_as_the_mesh_is(phase: str) -> None:
    graph = cg.decoder().apply(cg.tensor_parallel)
    found, same = cg.derive(op_set=graph, phase=phase), cg.derive(mesh="tensor", phase=phase)
    assert (found.phase, found.to_json()["mesh"]) == (phase, "tensor")
    assert {name: form.value for name, form in found.forms.items()} == {n: f.value for n, f in same.forms.items()}


def test_the_mesh_of_a_graph_is_the_mesh_of_the_answer() -> None:
    graph = TRAINED.apply(cg.tensor_parallel(4))
    assert "communication" in cg.derive(op_set=graph).forms
    assert cg.derive("flops", op_set=graph).to_json()["mesh"] == "tensor(4)"
    with pytest.raises(cg.UserError, match=r"T is set to 4 already, by mesh='tensor\(4\)'"):
        cg.derive("flops", op_set=graph, limit="T=4")


OWN = Precision(2, 2, name="mine")
POLICIES: list[str | Precision] = ["mixed_adam", "fp32_adam", "weights=2,gradients=2,moments=4", OWN]


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_the_policy_of_an_update_in_the_graph_holds(policy: str | Precision) -> None:
    graph = TRAINED.apply(Update(policy))
    for given in ({}, {"precision": policy}):
        found = cg.derive("states", "traffic.update", op_set=graph, **given)  # type: ignore[arg-type]
        asked = cg.derive("states", "traffic.update", precision=policy)
        assert {name: str(form) for name, form in found.forms.items()} == {
            name: str(form) for name, form in asked.forms.items()
        }


def test_another_policy_than_that_of_the_graph_is_refused() -> None:
    with pytest.raises(cg.UserError) as refused:
        cg.derive("traffic.update", "states", op_set=TRAINED.apply(Update), precision="fp32_adam")
    assert "has an update under precision mixed_adam, and precision fp32_adam is asked for" in str(refused.value)
    assert cg.derive("states(fp32_adam)", op_set=TRAINED.apply(Update)).forms["states(fp32_adam)"].terms


def test_widths_may_be_chosen_as_objects() -> None:
    chosen = Choices(widths=Widths("p_w"))
    as_object, as_text = (
        cg.derive("states", phase="forward", **of) for of in ({"choices": chosen}, {"weights": "p_w"})
    )
    assert as_object.forms["states"].same_as(as_text.forms["states"])
    assert "p_w" in as_object.forms["states"].symbols


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_what_is_typed_goes_before_the_sizes_of_the_model() -> None:
    setup = Setup.of(model="llama-2-7b", limit="L=2,B=1")
    assert str(setup.bindings["L"]) == "2"
    assert str(setup.bindings["D"]) == "4096"
    assert set(setup.sizes) == {"L", "B"}


def test_what_is_typed_may_be_made_of_the_sizes_of_the_model() -> None:
    setup = Setup.of(model="llama-2-7b", limit="S=K/2,D=64*A")
    assert (str(setup.bindings["S"]), str(setup.bindings["D"])) == ("2048", "2048")


def test_the_forms_of_a_model_are_those_of_its_op_set_with_its_sizes_put_in() -> None:
    model = cg.model("llama-2-7b")
    found = cg.derive("params", "flops", model="llama-2-7b")
    alone = cg.derive("params", "flops", op_set=model.op_set, convention="exact")
    for name, form in found.forms.items():
        assert form.same_as(alone.forms[name])
        assert found.limited[name].same_as(form.limit(**model.bindings))
    assert found.limited["params"].number == 6738415616
    assert found.remarks == ()


@pytest.mark.parametrize(
    ("asked", "counted"),
    [
        ({}, "notes"),
        ({"op_set": "decoder(head=True)"}, "notes"),
        ({"model": "llama-2-7b"}, "exact"),
        ({"model": "llama-2-7b", "op_set": "decoder"}, "notes"),
        ({"model": "llama-2-7b", "convention": "notes"}, "notes"),
        ({"convention": "exact"}, "exact"),
    ],
    ids=str,
)
def test_a_model_is_counted_exactly_and_an_op_set_as_the_notes_do(asked: dict[str, str], counted: str) -> None:
    assert Setup.of(**asked).convention.name == counted  # type: ignore[arg-type]


NOT_MADE: list[tuple[dict[str, Any], str]] = [  # a symbol that names a choice not made -> what is said
    ({"limit": "T=8"}, "T=8 has no effect: T is the tensor-parallel degree, and nothing is split over T devices"),
    ({"limit": "T->oo"}, "T->oo has no effect: T is the tensor-parallel degree"),
    ({"limit": {"T": 8}}, "--mesh 'tensor(T)'"),
    ({"limit": "N_d=4"}, "nothing is split over N_d devices: --mesh 'data(N_d)'"),
    ({"limit": "N_h=2"}, "--mesh 'data(N_h), data(N_d)'"),
    ({"limit": "P=4"}, "P is the pipeline-parallel degree, the number of stages, and nothing is split over P devices"),
    ({"limit": "M=4"}, "M is the number of microbatches, and the batch is not taken in parts"),
    ({"mesh": "tensor(4)", "limit": "T=4"}, "T is set to 4 already, by --mesh 'tensor(4)'"),
    ({"passes": "tensor_parallel(4)", "limit": "T=8"}, "T is set to 4 already, by --mesh 'tensor(4)'"),
    ({"limit": "G=8,A=64"}, "G=8 has no effect: decoder has as many key/value heads as heads; --op-set"),
    ({"op_set": "decoder(head=True)", "limit": "G=8"}, "--op-set 'decoder(head=True, kv_heads=G)'"),
    ({"op_set": "decoder(kv_heads=8)", "limit": "G=8"}, "G is set already, by decoder(kv_heads=8)"),
    ({"op_set": "matmul", "limit": "G=8"}, "G is the number of key/value heads, and matmul has no heads"),
    ({"model": "gpt-3", "limit": "G=8"}, "G=8 has no effect"),
    ({"limit": "H=128"}, "H (width of a head) is no size of this model; --op-set 'decoder(head_width=H)'"),
    ({"limit": "F=4"}, "F (width of the MLP) is no size of this model; --op-set 'decoder(mlp=gated)'"),
    ({"op_set": "decoder(head=True)", "limit": "W=4"}, "; --op-set 'decoder(head=True, window=W)'"),
    ({"op_set": "matmul", "limit": "W=4"}, "is no size of this model; --model names those that have it"),
    ({"limit": "S=P*4"}, "P (pipeline-parallel degree, the number of stages) is no size of this model"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "said"), NOT_MADE, ids=lambda given: str(given)[:60])
def test_a_symbol_that_names_a_choice_not_made_is_refused_with_the_remedy(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        cg.derive("flops", **asked)
    assert in_python(said) in str(refused.value)


TRUE: list[dict[str, Any]] = [  # what holds of the model all the same
    {"limit": "T=1"},
    {"limit": "N_d=1,P=1"},
    {"limit": "A=64,G=64"},
    {"limit": "G=A"},
    {"limit": "T=8", "mesh": "tensor"},
    {"limit": "G=8,A=64", "op_set": "decoder(kv_heads=G)"},
    {"limit": "T=8", "op_set": "matmul(n=T)"},
    {"model": "falcon-40b"},
]


@pytest.mark.parametrize("asked", TRUE, ids=str)
def test_what_holds_of_the_model_may_be_typed(asked: dict[str, Any]) -> None:
    cg.derive("flops", **asked)


def test_a_symbol_of_the_question_itself_may_be_typed() -> None:
    assert cg.solve("states/T <= hbm", "D", limit="T=8,E=4,L=1").remarks == ()


def test_a_size_of_the_model_that_the_op_set_has_no_place_for_is_a_remark() -> None:
    found = cg.derive("cache", model="falcon-40b", op_set="decoder", phase="decode")
    assert found.remarks == (
        "G=8 has no effect: decoder has as many key/value heads as heads; --op-set 'decoder(kv_heads=G)'",
    )


# --- the mesh ---------------------------------------------------------------------------------------------------------

SPREAD = [  # mesh, measure, what it is
    ("data(N_d)", "communication", "4*L*D**2*p*(E+2)*(N_d-1)/N_d"),
    ("data(N_d, zero=1)", "communication.N_d", "4*L*D**2*p*(E+2)*(N_d-1)/N_d"),
    ("data(N_d), tensor(T)", "communication.N_d", "4*L*D**2*p*(E+2)*(N_d-1)/(N_d*T)"),
    ("data(N_d), tensor(T)", "communication.T", "8*B*S*L*D*p*(T-1)/(N_d*T)"),
    ("data(4), tensor(2)", "communication.T", "B*S*L*D*p"),
]


@pytest.mark.parametrize(("mesh", "measure", "form"), SPREAD, ids=[f"{mesh} {name}" for mesh, name, _ in SPREAD])
def test_what_goes_over_one_axis_is_a_measure(mesh: str, measure: str, form: str) -> None:
    assert cg.derive(measure, mesh=mesh).forms[measure].same_as(form)


def test_the_pass_is_an_axis_inside_those_of_the_mesh() -> None:
    both = cg.derive("communication", mesh="data(N_d)", passes="tensor_parallel(T)")
    assert both.setup.mesh == Setup.of(mesh="data(N_d), tensor(T)").mesh


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"mesh": "data(2)"}, "communication.T: no collective goes over T alone; there is communication.N_d"),
        ({}, "communication.T: the model is not spread over a mesh, such as mesh='tensor(T)'"),
    ],
    ids=str,
)
def test_a_part_of_an_axis_that_is_not_there_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        cg.derive("communication.T", **asked)
    assert str(refused.value) == said


def test_the_degree_of_any_axis_may_be_solved_for() -> None:
    answer = cg.solve("activations <= hbm", "N_d", limit="E=4")
    assert answer.remarks == ("solved for N_d with --mesh 'data(N_d)', as nothing splits the model",)


def test_layers_of_one_kind_may_be_typed() -> None:
    asked = cg.derive("params", model="deepseek-v3", limit="L_dense=2")
    assert asked.remarks
    assert "L" not in asked.limit


def test_questions_about_one_model_share_its_graph_whatever_sizes_are_put_in() -> None:
    one, other = Setup.of(model="llama-2-7b"), Setup.of(model="llama-2-7b", limit="B=4", symbolic="D")
    assert one.unplaced is other.unplaced
    assert one.unplaced is not Setup.of(model="llama-2-7b", phase="decode").unplaced


def test_an_architecture_that_cannot_be_looked_up_is_made_for_each_question() -> None:
    model = Setup.of(model="llama-2-7b").model
    assert isinstance(model.op_set, Architecture)
    layers: Any = list(model.op_set.layers)
    one, other = (Setup.of(model=replace(model, op_set=replace(model.op_set, layers=layers))) for _ in range(2))
    assert one.unplaced is not other.unplaced
    assert [op.name for op in one.graph.ops] == [op.name for op in Setup.of(model=model).graph.ops]
