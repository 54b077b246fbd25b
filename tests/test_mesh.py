"""A mesh of axes: how it is read, what it splits, and what follows for the costs of a model."""

from __future__ import annotations

import pytest

import costgraph as cg
from costgraph.algebra.parser import parse, size
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import OF_A_MESH, Symbol, declare
from costgraph.conventions import EXACT
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.mesh import AXES, Mesh
from costgraph.passes import Place
from costgraph.passes.update import Update

N = "(N_d - 1)/N_d"
TRAIN = cg.decoder().apply(cg.backward, Update("mixed_adam_bf16"))


def placed(mesh: str, graph: Graph = TRAIN) -> Graph:
    return graph.apply(Place(Mesh(mesh)))


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written", "degrees"),
    [
        ("data", "data", {"N_d": "N_d"}),
        ("data(N_d, zero=1), tensor(T, sequence=True)", "data(N_d, zero=1), tensor(T, sequence=True)", None),
        ("tensor(4)", "tensor(4)", {"T": "4"}),
        ("tensor(degree=4, replicate_kv=True)", "tensor(4, replicate_kv=True)", {"T": "4"}),
        ("data, data(zero=3)", "data, data(zero=3)", {"N_h": "N_h", "N_d": "N_d"}),
        ("data(N_h), data(N_d, zero=3)", "data(N_h), data(N_d, zero=3)", {"N_h": "N_h", "N_d": "N_d"}),
        ("data(2), data(4)", "data(2), data(4)", {"N_h": "2", "N_d": "4"}),
        ("tensor(2*G)", "tensor(2*G)", {"T": "2*G"}),
        ("data(B/2)", "data(B/2)", {"N_d": "B/2"}),
        ("data(4), data", "data(4), data", {"N_h": "4", "N_d": "N_d"}),
    ],
)
def test_a_mesh_is_read_and_written(text: str, written: str, degrees: dict[str, str] | None) -> None:
    mesh = Mesh(text)
    assert str(mesh) == written
    assert Mesh(str(mesh)) == Mesh(text)
    if degrees is not None:
        assert {name: str(axis.size) for name, axis in mesh.named.items()} == degrees


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data,", "an expression is missing"),
        ("dta(4)", "unknown axis 'dta': did you mean data"),
        ("tensor(T, sequnce=True)", "unknown option of tensor 'sequnce': did you mean sequence"),
        ("tensor(T, zero=1)", "unknown option of tensor 'zero'"),
        ("data(N_d, zero=4)", "unknown zero of data '4': choose from 0, 1, 2, 3"),
        ("data(N_d, zero=True)", "unknown zero of data 'True'"),
        ("tensor(0)", "must be a positive integer"),
        ("data(-2)", "must be a positive integer"),
        ("data(3/2)", "must be a positive integer"),
        ("tensor(T), tensor(4)", "tensor stands 2 times, and may 1 at most"),
        ("data, data, data", "data stands 3 times, and may 2 at most"),
        ("data(N_d), data(N_d)", "two axes have degree N_d"),
        ("tensor(T), data(T)", "two axes have degree T"),
        ("tensor(T, keep_gathered=True)", "keep_gathered is for sequence=True"),
        ("tensor(T, T)", "sequence=T must be True or False"),
        ("tensor(oo)", "unknown symbol"),
        ("data(T), tensor(N_d)", r"data\(T\): T is the tensor-parallel degree; write data\(N_d\) or a number"),
        ("data(N_d), data(N_h)", r"data\(N_d\): N_d is the data-parallel degree; write data\(N_h\) or a number"),
        ("data(N_h)", r"data\(N_h\): N_h is the replicas of a group .*; write data\(N_d\)"),
        ("data(2*T), tensor(T)", r"data\(2\*T\): T is the tensor-parallel degree"),
        ("data(2*N_d)", r"data\(2\*N_d\): N_d is the data-parallel degree"),
        ("tensor(P)", r"tensor\(P\): P is the pipeline-parallel degree"),
        (
            "data(B)",
            r"data\(B\): B is the batch size; .*; limit={'N_d': 'B'} says how large it is",
        ),
        ("tensor(A)", r"tensor\(A\): A is the number of attention"),
    ],
)
def test_what_is_no_mesh_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Mesh(text)


@pytest.mark.parametrize(
    ("mesh", "graph", "message"),
    [
        (
            "tensor(3)",
            cg.decoder(kv_heads=4),
            "3 | 4 does not hold: 3 devices do not divide 4 key/value heads; 2 or 4 would$",
        ),
        ("tensor(T)", cg.decoder(kv_heads=1), "dim kv_head has size 1 and cannot be split over T devices"),
        ("tensor(T, sequence=True)", cg.decoder().apply(cg.decode), "dim query has size 1"),
        ("tensor(T, replicate_kv=True)", cg.decoder(), "replicate_kv is for fewer key/value heads"),
        ("data(2)", cg.decoder().substitute(B=3), "2 does not divide 3"),
        ("data(2), data(4)", cg.decoder().substitute(B=4), "8 | 4 does not hold"),
        (
            "data(2), microbatches(2)",
            cg.decoder().substitute(B=2),
            "4 | 2 does not hold",
        ),  # of alike degrees both count
        ("data(2)", cg.op_sets.attention(), "there is no batch to split"),
    ],
)
def test_a_mesh_that_does_not_fit_a_model_is_refused_in_words(mesh: str, graph: Graph, message: str) -> None:
    with pytest.raises(UserError, match=message.replace("|", r"\|").replace(r"\|\|", "|")):
        placed(mesh, graph)


def test_a_degree_that_turns_out_not_to_divide_is_refused_later() -> None:
    form = cg.activations(placed("data(N_d), tensor(T)"))
    with pytest.raises(UserError, match=r"8 does not divide 12 sequences; 6 or 12 would"):
        form.limit(B=12, N_d=8)
    with pytest.raises(UserError, match=r"5 devices do not divide 16 heads; 4 or 8 would"):
        form.limit(A=16, T=5)


# --- one device -------------------------------------------------------------------------------------------------------

ONES = ("tensor(1)", "data(1)", "data(1, zero=3), tensor(1, sequence=True)", "data(1), data(1)")
SYMBOLS = ("tensor(T, sequence=True)", "data(N_d, zero=3)", "data(N_d, zero=1), tensor(T)", "data, data(zero=2)")
FORMS = (cg.params, cg.states, cg.flops, cg.activations, cg.traffic, cg.communication)


@pytest.mark.parametrize("mesh", ONES)
def test_degrees_of_one_give_the_forms_of_one_device(mesh: str) -> None:
    graph = placed(mesh)
    assert [op.name for op in graph.ops] == [op.name for op in TRAIN.ops]
    assert all(measure(graph).same_as(measure(TRAIN)) for measure in FORMS)


@pytest.mark.parametrize("mesh", SYMBOLS)
def test_degrees_that_become_one_give_them_too(mesh: str) -> None:
    graph = placed(mesh)
    ones = dict.fromkeys(graph.mesh.named, 1)
    assert all(measure(graph).limit(**ones).same_as(measure(TRAIN)) for measure in FORMS)


def test_copies_of_key_value_heads_over_fewer_devices_than_heads_are_none() -> None:
    graph = cg.decoder(kv_heads="G").apply(cg.backward)
    assert cg.params(graph.apply(cg.tensor_parallel(1, replicate_kv=True))).same_as(cg.params(graph))
    few = cg.decoder(kv_heads=4).apply(cg.tensor_parallel(2, replicate_kv=True))
    assert cg.params(few).same_as(cg.params(cg.decoder(kv_heads=4).apply(cg.tensor_parallel(2))))


# --- data -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zero", "communication", "states"),
    [
        (0, f"4*L*D**2*p*(E+2)*{N}", "16*(4+2*E)*L*D**2"),
        (1, f"4*L*D**2*p*(E+2)*{N}", "(4 + 12/N_d)*(4+2*E)*L*D**2"),
        (2, f"4*L*D**2*p*(E+2)*{N}", "(2 + 14/N_d)*(4+2*E)*L*D**2"),
        (3, f"6*L*D**2*p*(E+2)*{N}", "16/N_d*(4+2*E)*L*D**2"),
    ],
)
def test_stages_of_zero(zero: int, communication: str, states: str) -> None:
    graph = placed(f"data(N_d, zero={zero})")
    assert cg.communication(graph).same_as(communication)
    assert cg.states(graph, precision="mixed_adam_bf16").same_as(states)
    for flow in (cg.activations, cg.flops):  # of its part of the batch
        assert flow(graph).value == flow(TRAIN).value.substitute({"B": size("B/N_d")})


def test_what_no_backward_reads_is_not_gathered_twice() -> None:
    graphs = {zero: placed(f"data(N_d, zero={zero})") for zero in (0, 3)}
    whole = {zero: cg.communication(graph, EXACT).value for zero, graph in graphs.items()}
    assert whole[0] * Quotient(3) - whole[3] * Quotient(2) == parse(f"4*L*D*p*{N}")  # twice the shifts of two norms


@pytest.mark.parametrize("zero", [0, 1, 2, 3])
@pytest.mark.parametrize("passes", [(), (cg.flash_attention,), (cg.recompute("full"),)])
def test_gathered_copies_are_neither_parameters_nor_state(zero: int, passes: tuple[object, ...]) -> None:
    plain = cg.decoder(head=True, biases=True).apply(cg.backward)
    graph = plain.apply(Place(Mesh(f"data(N_d, zero={zero})")))
    share = "N_d" if zero == 3 else "1"
    assert cg.params(graph, EXACT).same_as(f"({cg.params(plain, EXACT)})/{share}")
    held = {t.name for t in graph.tensors.values() if t.is_parameter and t.name in graph.producer}
    assert bool(held) == (zero == 3)


def test_replicas_of_a_sharded_group_reduce_what_is_scattered() -> None:
    graph = placed("data(N_h), data(N_d, zero=3)")
    psi = "(4+2*E)*L*D**2*p"
    assert cg.communication(graph).same_as(f"{psi}*(3*{N} + 2*(N_h - 1)/N_h/N_d)")
    assert cg.states(graph).same_as("18*(4+2*E)*L*D**2/N_d")


def test_two_plain_data_axes_reduce_in_one_collective() -> None:
    both = placed("data(N_h), data(N_d)")
    assert cg.communication(both).same_as("2*(4+2*E)*L*D**2*p*(N_h*N_d - 1)/(N_h*N_d)")
    assert {tuple(cut.axis for cut in op.cuts) for op in both.ops if op.cuts} == {("N_h", "N_d")}
    assert "N_d*N_h | B" in map(str, both.assumptions)


def test_the_order_of_axes_changes_no_volume() -> None:
    one, other = (
        placed("data(N_d, zero=2), tensor(T, sequence=True)"),
        placed("tensor(T, sequence=True), data(N_d, zero=2)"),
    )
    assert all(measure(one).same_as(measure(other)) for measure in FORMS)


def test_a_pass_means_its_axis() -> None:
    for options in ({}, {"sequence": True}, {"sequence": True, "keep_gathered": True}):
        typed = ", ".join(["T", *(f"{name}={value}" for name, value in options.items())])
        mine, theirs = placed(f"tensor({typed})"), TRAIN.apply(cg.tensor_parallel("T", **options))
        assert all(measure(mine).same_as(measure(theirs)) for measure in FORMS)


def test_a_degree_may_be_a_symbol_of_ones_own() -> None:
    own = declare(Symbol("N_pods", "N_{pods}", "devices", "number of pods", "positive integer", 2))
    assert cg.communication(placed(f"data({own.name})")).same_as("4*L*D**2*p*(E+2)*(N_pods - 1)/N_pods")


def test_a_degree_is_put_in_later_as_whatever_it_is() -> None:
    graph = placed("data(N_d), tensor(T)").substitute(N_d="B", T="A")
    assert {name: str(axis.size) for name, axis in graph.mesh.named.items()} == {"N_d": "B", "T": "A"}
    assert cg.derive("params", mesh="data(N_d)", limit="N_d=B").limited["params"].symbols


def test_no_mesh_is_one_device() -> None:
    assert not Mesh()
    assert TRAIN.apply(Place(Mesh())).ops == TRAIN.ops


@pytest.mark.parametrize("zero", [0, 1, 2])
def test_a_table_of_positions_is_reduced_as_the_table_that_it_is(zero: int) -> None:
    graph = placed(f"data(N_d, zero={zero})", cg.decoder(head=True).apply(cg.backward, Update))
    rows = [term.amount for term in cg.communication(graph).terms if term.op.startswith("embed.positions")]
    assert sum(rows, start=size("0*K")) == parse(f"2*K*D*p*{N}").numerator


def test_a_degree_is_answered_with_the_axes_that_there_are() -> None:
    assert {f"{kind}({axis.symbol})" for kind, axis in AXES.items()} == {*OF_A_MESH.split(", ")}
    with pytest.raises(UserError, match=r"N_d \(.*\) is no size of this model; axes of mesh .*data\(N_d\)"):
        cg.check("B*N_d", "flops")
