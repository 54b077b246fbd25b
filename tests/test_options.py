"""Options given as objects are checked as text is, and what cannot be meant is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from fractions import Fraction
from typing import Any

import pytest

import costgraph as cg
from costgraph.estimation.reading import request
from costgraph.given import Choices, read_mesh
from costgraph.mesh import AXES
from costgraph.mesh.pipeline import PipelineAxis
from costgraph.passes import PASSES, Place, Update
from costgraph.passes.widths import Widths
from costgraph.precision import Precision
from costgraph.setup import Setup

WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: cg.DataAxis("N_d", zero=9), "data: zero=9 must be one of 0, 1, 2, 3"),  # type: ignore[arg-type]
    (lambda: cg.DataAxis("N_d", zero=-1), "data: zero=-1 must be one of"),  # type: ignore[arg-type]
    (lambda: cg.DataAxis("N_d", zero="3"), "data: zero='3' must be one of"),  # type: ignore[arg-type]
    (lambda: cg.DataAxis("N_d", zero=True), "data: zero=True must be one of"),  # type: ignore[arg-type]
    (lambda: cg.Mesh(cg.DataAxis(4.5)), "N_d=9/2: N_d (data-parallel degree) must be a positive integer"),
    (lambda: cg.TensorAxis("T", sequence="no"), "tensor: sequence='no' must be True or False"),  # type: ignore[arg-type]
    (lambda: cg.TensorAxis(None), "tensor: degree=None: None is no size"),  # type: ignore[arg-type]
    (lambda: cg.TensorAxis("T("), "tensor: degree='T(': "),
    (lambda: cg.tensor_parallel("T", sequence=1), "tensor_parallel: sequence=1 must be True or False"),  # type: ignore[arg-type]
    (lambda: cg.recompute("ful"), "unknown segment of recompute 'ful': did you mean full?"),  # type: ignore[arg-type]
    (lambda: cg.recompute(1), "recompute: segment=1 must be one of 'selective', 'full'"),  # type: ignore[arg-type]
    (lambda: cg.decoder().apply(cg.decode(1.5)), "S=3/2: S (sequence length"),
    (lambda: Widths([]), "widths: weights=[]: [] is no size"),  # type: ignore[arg-type]
    (lambda: cg.place("data"), "place: mesh='data' must be Mesh"),  # type: ignore[arg-type]
    (lambda: cg.decoder().apply("backward"), "'backward' is no pass; give passes such as backward"),  # type: ignore[arg-type]
    (lambda: Update(5), "update: precision=5 must be text or Precision"),  # type: ignore[arg-type]
    (lambda: Choices("flsh"), "unknown attention of choices 'flsh': did you mean flash?"),  # type: ignore[arg-type]
    (lambda: Choices(widths="p"), "choices: widths='p' must be Widths"),  # type: ignore[arg-type]
    (lambda: Precision(-1, 2), "precision: weights must be a number of bytes"),
    (lambda: Precision(2, 2, -4), "precision: master must be a number of bytes"),
    (lambda: Precision(2, 2, 4, 4), "precision: moments are several numbers such as (4, 4)"),  # type: ignore[arg-type]
    (lambda: Precision(2, 2, 4, (1,) * 5), "precision: 5 moments; an optimizer keeps at most 4"),
    (lambda: cg.Mesh(5), "a mesh is text or axes such as DataAxis(), not 5"),  # type: ignore[arg-type]
    (lambda: cg.Mesh([cg.DataAxis(), 5]), "a mesh is text or axes such as DataAxis(), not 5"),  # type: ignore[list-item]
    (lambda: cg.Mesh("dta"), "unknown axis 'dta': did you mean data or width?"),
]


@pytest.mark.parametrize(("make", "said"), WRONG, ids=[said for _, said in WRONG])
def test_an_object_is_what_its_annotations_say(make: Callable[[], object], said: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        make()
    assert said in str(refused.value)


@pytest.mark.parametrize("kind", [*PASSES.values(), *AXES.values(), Place, Update, Choices])
def test_every_field_that_text_reads_is_checked(kind: Any) -> None:
    for field in fields(kind):
        with pytest.raises(cg.UserError, match=f"{field.name}="):
            kind(**{field.name: object()})


RIGHT: list[tuple[object, object]] = [
    (cg.Mesh("data, tensor(sequence=True)"), cg.Mesh([cg.DataAxis(), cg.TensorAxis(sequence=True)])),
    (cg.Mesh(cg.TensorAxis()), cg.Mesh("tensor")),
    (cg.Mesh(cg.DataAxis(2), cg.TensorAxis(4)), cg.Mesh("data(2), tensor(4)")),
    (cg.Mesh("data(2)", "tensor(4)"), cg.Mesh({"data": 2, "tensor": 4})),
    (cg.Mesh([cg.DataAxis], cg.TensorAxis), cg.Mesh("data, tensor")),
    (cg.Mesh(axes=[cg.DataAxis]), cg.Mesh("data")),
    (cg.Mesh(), cg.Mesh("")),
    (cg.TensorAxis(Fraction(4)).size, cg.TensorAxis("4").size),
    (Precision("2", "65/64", 0, ("4",)), Precision(2, Fraction(65, 64), 0, (4,))),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("one", "other"), RIGHT, ids=str)
def test_one_thing_may_be_given_in_several_ways(one: object, other: object) -> None:
    assert one == other


ASKED: list[tuple[dict[str, Any], str]] = [
    ({"phase": 5}, "unknown phase '5'"),
    ({"choices": "flash"}, "choices are an object such as Choices(attention='flash'), not 'flash'"),
    ({"foo": 1}, "unknown option 'foo': choose from model, op_set"),
    ({"precison": "fp32_adam"}, "unknown option 'precison': did you mean precision?"),
    ({"attention": "flsh"}, "unknown attention of choices 'flsh': did you mean flash?"),
    ({"attention": 3}, "attention=3 must be one of 'eager', 'flash'"),
    ({"when": 5}, "5 is no text; write text such as 'S << D'"),
    ({"limit": [5]}, "5 is no text; write text such as 'E=4,p=2'"),
    ({"weights": []}, "weights=[]: [] is no size"),
    ({"mesh": 5}, "a mesh is text or axes such as DataAxis(), not 5"),
    ({"mesh": ["data", 5]}, "a mesh is text or axes such as DataAxis(), not 5"),
    ({"mesh": int}, "a mesh is text or axes such as DataAxis(), not <class 'int'>"),
    ({"ops": 5}, "5 is no text; write text such as 'attn.*'"),
    ({"ops": [5]}, "5 is no text; write text such as 'attn.*'"),
    ({"let": 5}, "5 is no text; write text such as 'batch_size=B, seqlen=S'"),
    ({"notation": 5}, "5 is no text; write text such as 'megatron'"),
    ({"op_set": cg.Graph}, "this one needs name"),
    ({"precision": 5}, "a precision is a name such as mixed_adam"),
]


@pytest.mark.parametrize(("given", "said"), ASKED, ids=[said for _, said in ASKED])
def test_what_a_question_cannot_be_asked_with_is_refused_in_words(given: dict[str, Any], said: str) -> None:
    with pytest.raises(cg.UserError) as refused:
        cg.derive("flops", **given)
    assert said in str(refused.value)


@pytest.mark.parametrize("ask", [cg.derive, cg.solve, request])
def test_an_option_that_there_is_not_has_a_nearest_one_everywhere(ask: Callable[..., object]) -> None:
    question = ("states <= hbm", "D") if ask is cg.solve else ()
    with pytest.raises(cg.UserError, match="unknown option 'modl': did you mean model"):
        ask(*question, modl="gpt-3")


def test_a_question_is_text() -> None:
    for asked in ((5, "D"), ("states <= hbm", 5)):
        with pytest.raises(cg.UserError, match="5 is no text"):
            cg.solve(*asked)
    with pytest.raises(cg.UserError, match="5 is no measure"):
        cg.derive(5)  # type: ignore[arg-type]


def test_a_setup_is_a_value() -> None:
    asked: list[dict[str, Any]] = [{}, {"limit": "B=1"}, {"model": "gpt-3"}, {"model": "deepseek-v3", "mesh": "data"}]
    for of in asked:
        assert Setup.of(**of) == Setup.of(**of)
        assert hash(Setup.of(**of)) == hash(Setup.of(**of))
    assert len({Setup.of(**of) for of in asked}) == len(asked)
    with pytest.raises(TypeError):
        Setup.of(limit="B=1").sizes["B"] = 2  # type: ignore[index]


def test_sizes_that_are_typed_leave_the_setup_before_as_it_was() -> None:
    before = Setup.of(limit="B=1")
    after = before.with_sizes("S=2")
    assert (set(before.bindings), set(after.bindings)) == ({"B"}, {"S"})
    assert after.graph is before.graph


@pytest.mark.parametrize("schedule", ["gpipe", "1f1b", "zb-h1", "'1f1b'"])
def test_a_name_may_begin_with_a_digit(schedule: str) -> None:
    (axis,) = read_mesh(f"pipeline(4, schedule={schedule})").axes
    assert isinstance(axis, PipelineAxis)
    assert axis.schedule == schedule.strip("'")


@pytest.mark.parametrize(
    ("name", "width"),
    [("float32", 4), ("float16", 2), ("bfloat16", 2), ("torch.bfloat16", 2), ("half", 2), ("bf16", 2), ("int4", "1/2")],
)
def test_widths_have_the_names_of_frameworks_as_well(name: str, width: int | str) -> None:
    named, typed = (cg.derive("cache", phase="decode", limit=f"p={one}").limited["cache"] for one in (name, width))
    assert str(named.value) == str(typed.value)
