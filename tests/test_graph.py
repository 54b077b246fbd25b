"""The graph: a frozen networkx view of ops and tensors, and provenance that adds up to every sum."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import networkx
import pytest
import sympy
from recipes import EVERYWHERE, RECIPES, graph

import costgraph as cg
from costgraph import measures as m
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.conventions import EXACT, NOTES
from costgraph.errors import BugError, UserError
from costgraph.graph.graph import Graph
from costgraph.graph.op import Op
from costgraph.largest import Largest
from costgraph.measures.annotate import annotated

ALL = list(RECIPES)
SOME = ["forward", "train, head", "flash", "full", "decode", "tp", "sp"]


@pytest.mark.parametrize("name", ALL)
class TestView:
    def test_nodes_are_ops(self, name: str) -> None:
        g = graph(name)
        assert list(g.nx.nodes) == [op.name for op in g.ops]
        for op in g.ops:
            assert g.nx.nodes[op.name]["kind"] == op.kind
            assert g.nx.nodes[op.name]["phase"] == op.phase
            assert g.nx.nodes[op.name]["spec"] == op.spec

    def test_edges_are_tensors_from_their_maker_to_their_readers(self, name: str) -> None:
        g = graph(name)
        expected = {(g.producer[t].name, op.name, t) for op in g.ops for t in op.inputs if t in g.producer}
        assert set(g.nx.edges(keys=True)) == expected
        assert {tensor for *_, tensor in expected} <= set(g.tensors)

    def test_there_is_no_cycle_and_ops_are_in_order(self, name: str) -> None:
        g = graph(name)
        assert networkx.is_directed_acyclic_graph(g.nx)
        position = {op.name: i for i, op in enumerate(g.ops)}
        assert all(position[a] < position[b] for a, b in g.nx.edges())

    def test_every_tensor_is_used_and_every_use_is_a_tensor(self, name: str) -> None:
        g = graph(name)
        steps = [step for op in g.ops for step in (op, *op.body)]
        assert {t for step in steps for t in (*step.inputs, *step.outputs)} == set(g.tensors)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("convention", [NOTES, EXACT], ids=lambda c: str(c.name))
def test_the_annotated_view_sums_to_the_measures(name: str, convention: Any) -> None:
    view = annotated(graph(name), convention)
    for attribute, measure in (("flops", m.flops), ("bytes", m.traffic)):
        values = [value for _, value in view.nodes(data=attribute)]
        assert all(isinstance(value, sympy.Expr) for value in values)
        assert sympy.expand(sympy.Add(*values) - measure(graph(name), convention).expr) == 0


def test_the_annotated_view_is_a_copy_and_the_other_stays_bare() -> None:
    g = graph("train")
    annotated(g).remove_node("attn.q")
    assert "attn.q" in g.nx
    assert "flops" not in g.nx.nodes["attn.q"]
    assert annotated(g).nodes["attn.q"]["times"] == sympy.Symbol("L", positive=True, integer=True)


class TestNetworkxWorks:
    def test_ancestors(self) -> None:
        upstream = networkx.ancestors(graph("train").nx, "attn.scores")
        assert {"norm.attn", "attn.q", "attn.k", "attn.k_context"} <= upstream
        assert not {"attn.v", "attn.softmax"} & upstream

    def test_the_backward_descends_from_the_forward(self) -> None:
        g = graph("train, head")
        (loss,) = [op.name for op in g.ops if op.kind == "cross_entropy"]
        assert f"{loss}.grad" in networkx.descendants(g.nx, loss)

    def test_topological_order_is_an_order_to_run_in(self) -> None:
        g = graph("tp")
        ready = {tensor.name for tensor in g.inputs}
        for name in networkx.topological_sort(g.nx):
            assert ready.issuperset(g.op(name).inputs)
            ready.update(g.op(name).outputs)

    def test_copies_subgraphs_and_relabelling(self) -> None:
        view = graph("train").nx
        forward = [op.name for op in graph("train").phase("forward")]
        assert networkx.is_frozen(view)
        assert not networkx.is_frozen(view.copy())
        assert set(view.subgraph(forward).copy().nodes) == set(forward)
        assert "renamed" in networkx.relabel_nodes(view, {"attn.q": "renamed"})
        assert len(networkx.compose(view, view)) == len(view)
        assert nonempty(networkx.dag_longest_path(networkx.DiGraph(view)))

    def test_the_residual_stream_joins_both_halves(self) -> None:
        assert networkx.has_path(graph("forward").nx, "blocks.enter", "blocks.exit")
        assert networkx.number_weakly_connected_components(graph("forward").nx) == 1


def nonempty(path: list[str]) -> bool:
    return len(path) > 10


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("convention", [NOTES, EXACT], ids=lambda c: str(c.name))
def test_every_term_comes_from_an_op_and_all_add_up(name: str, convention: Any) -> None:
    g = graph(name)
    for measure in EVERYWHERE.values():
        found = measure(g, convention)
        for form in found.candidates if isinstance(found, Largest) else (found,):
            assert {term.op for term in (*form.terms, *form.over)} <= set(g.nx.nodes)
            assert all(term.source for term in form.terms)
            above, below = (total(term.amount for term in part) for part in (form.terms, form.over))
            assert form.value == Quotient(above, below if form.over else Polynomial.constant(1))


def test_explain_lists_every_term_under_its_place() -> None:
    form = m.activations(graph("train")).limit(E=4, p=2)
    lines = form.explain().splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["norm", "attn", "mlp"]
    assert sum(line.startswith("  ") for line in lines) == len(form.terms)
    assert "34" not in form.explain(), "34 = 4 + 11 + 19 is the sum of the places"
    assert any(line.startswith("mlp") and "19BSLD" in line for line in lines)


class TestFrozen:
    def test_a_graph_cannot_be_changed(self) -> None:
        g = graph("train")
        with pytest.raises(FrozenInstanceError):
            g.ops = ()  # type: ignore[misc]
        with pytest.raises(FrozenInstanceError):
            g.ops[0].name = "other"  # type: ignore[misc]
        with pytest.raises(FrozenInstanceError):
            g.tensors["attn.q"].name = "other"  # type: ignore[misc]

    def test_its_view_cannot_be_changed(self) -> None:
        with pytest.raises(networkx.NetworkXError):
            graph("train").nx.add_node("new")
        with pytest.raises(networkx.NetworkXError):
            graph("train").nx.remove_node("attn.q")

    def test_passes_and_substitution_leave_it_alone(self) -> None:
        g = cg.decoder()
        ops, tensors = g.ops, dict(g.tensors)
        g.apply(cg.flash_attention, cg.backward, cg.recompute("full"), cg.tensor_parallel("T"))
        g.substitute(B=2, S=3)
        assert g.ops == ops
        assert g.tensors == tensors
        assert not g.passes

    def test_finishing_a_builder_twice_gives_two_graphs(self) -> None:
        b = cg.Builder("linear", {"b": "B", "d": "D"})
        b.einsum("y", "bd,d->b", b.input("x", "bd"), b.parameter("w", "d"))
        first = b.build()
        b.op("z", "gelu", "y")
        assert len(first.ops) == 1
        assert len(b.build().ops) == 2


class TestOnly:
    def test_holds_the_chosen_ops_and_their_tensors(self) -> None:
        part = graph("train").only("attn.out", "attn.q")
        assert [op.name for op in part.ops] == ["attn.q", "attn.out"]
        assert set(part.tensors) == {
            "norm.attn",
            "attn.q.weight",
            "attn.q",
            "attn.values",
            "attn.out.weight",
            "attn.out",
        }

    def test_costs_add_up_over_ops(self) -> None:
        g = graph("train")
        assert total(m.flops(g.only(op.name)).value.numerator for op in g.ops) == m.flops(g).value.numerator

    def test_an_unknown_op_lists_the_nearest(self) -> None:
        with pytest.raises(UserError, match=r"unknown op 'attn\.qq': did you mean .*attn\.q"):
            cg.decoder().only("attn.qq")


class TestChecks:
    def ops(self) -> tuple[Op, Op]:
        g = cg.decoder()
        return g.op("attn.scale"), g.op("attn.mask")

    def test_two_ops_of_one_name(self) -> None:
        scale, _ = self.ops()
        with pytest.raises(BugError, match="share a name"):
            Graph("twice", (scale, scale), cg.decoder().tensors)

    def test_two_makers_of_one_tensor(self) -> None:
        scale, mask = self.ops()
        with pytest.raises(BugError, match="share a name or an output"):
            Graph("twice", (scale, replace(mask, outputs=scale.outputs)), cg.decoder().tensors)

    def test_a_cycle(self) -> None:
        scale, mask = self.ops()
        back = replace(scale, inputs=mask.outputs)
        with pytest.raises(BugError, match="cycle"):
            Graph("cycle", (back, mask), cg.decoder().tensors)

    def test_a_tensor_that_is_not_there(self) -> None:
        scale, _ = self.ops()
        with pytest.raises(BugError, match="not there"):
            Graph("lost", (scale,), {})

    def test_ops_out_of_order_are_put_in_order(self) -> None:
        scale, mask = self.ops()
        g = Graph("order", (mask, scale), cg.decoder().tensors)
        assert [op.name for op in g.ops] == ["attn.scale", "attn.mask"]
        assert list(g.nx.nodes) == ["attn.scale", "attn.mask"]


class TestBuilder:
    def builder(self) -> cg.Builder:
        b = cg.Builder("test", {"b": 2, "d": "D", "f": "E*D"})
        b.input("x", "bd")
        return b

    @pytest.mark.parametrize(
        ("spec", "inputs", "message"),
        [
            ("bd->b", ("x", "x"), "1 operands, got 2"),
            ("bdf,fd->bd", ("x", "x"), "'bdf' does not fit x of dims batch 2, model D"),
            ("bd,bd", ("x", "x"), "as in 'bsd,df->bsf'"),
            ("bd,bd->z", ("x", "x"), "no operand"),
            ("bb->b", ("x",), "twice"),
            ("Bd->B", ("x",), "lower-case"),
            ("bd,b->", ("x", "x"), "one operand only"),
            ("bd,bd,bd->b", ("x", "x", "x"), "one or two operands"),
        ],
    )
    def test_specs_that_do_not_fit(self, spec: str, inputs: tuple[str, ...], message: str) -> None:
        with pytest.raises(UserError, match=message):
            self.builder().einsum("y", spec, *inputs)

    def test_a_name_twice(self) -> None:
        b = self.builder()
        with pytest.raises(UserError, match="already there"):
            b.input("x", "bd")

    def test_a_dim_without_a_size(self) -> None:
        b = self.builder()
        with pytest.raises(UserError, match="dim 'q'"):
            b.input("y", "bq")

    def test_an_unknown_kind(self) -> None:
        b = self.builder()
        with pytest.raises(UserError, match="did you mean gelu"):
            b.op("y", "gelo", "x")

    def test_what_is_repeated_counts_that_often(self) -> None:
        b = self.builder()
        with b.repeat("L"), b.repeat(3):
            b.einsum("y", "bd,df->bf", "x", b.parameter("w", "df"))
        assert m.params(b.build()).same_as("3*L*E*D**2")
        assert m.flops(b.build()).same_as("12*L*E*D**2")
