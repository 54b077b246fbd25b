"""Dims have names and sizes, sizes may be made of others, and letters mean nothing outside of a spec."""

from __future__ import annotations

import pytest

import costgraph as cg
from costgraph import measures as m
from costgraph.algebra.assumption import AtMost
from costgraph.algebra.parser import size
from costgraph.algebra.polynomial import ONE
from costgraph.errors import BugError, UserError
from costgraph.graph.extent import Mean
from costgraph.mesh import Mesh
from costgraph.passes import Place

ROUTED = Mean("batch*query*K_r/N_r")  # positions that an expert sees


def linear(**dims: str) -> cg.Builder:
    b = cg.Builder("linear", {"batch": "B", "model": "D", "ffn": "E*D", **dims})
    b.input("x", "batch model")
    return b


def experts() -> cg.Graph:
    b = cg.Builder("experts", {"batch": "B", "query": "S", "expert": "N_r", "slot": ROUTED, "model": "D", "ffn": "F"})
    x = b.input("x", "expert slot model")
    y = b.op("act", "silu", b.einsum("up", "esd,edf->esf", x, b.parameter("up.weight", "expert model ffn")))
    b.einsum("down", "esf,efd->esd", y, b.parameter("down.weight", "expert ffn model"))
    return b.build()


# --- letters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["bd,df->bf", "xy,yz->xz", "ba,ad->bd"])
def test_letters_of_a_spec_are_bound_by_position(spec: str) -> None:
    b = linear()
    y = b.einsum("up", spec, "x", b.parameter("w", "model ffn"))
    graph = b.build()
    assert graph.tensors[y].names == ("batch", "ffn")
    assert m.flops(graph).same_as("2*B*D**2*E")


def test_a_shape_is_typed_as_names_or_as_their_letters() -> None:
    b = linear(vocab="V")
    for name, shape in (("names", "batch ffn vocab"), ("letters", "bfv")):
        assert b._known(b.input(name, shape)).names == ("batch", "ffn", "vocab")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda b: b.input("y", "batch query"), "y has dim 'query', but its size is not given"),
        (lambda b: b.input("y", "batch batch"), "dim batch stands twice"),
        (lambda b: b.input("y", "Batch"), "'B' is no dim"),
        (lambda b: b.einsum("y", "bd,bd->bd", "x", b.input("y", "batch ffn")), "d is model D and, in y, ffn"),
        (lambda b: b.einsum("y", "bd,de->be", "x", b.input("y", "model batch")), "two letters stand for one dim"),
        (
            lambda b: b.einsum("y", "bde,df->bef", "x", b.input("y", "bf")),
            "'bde' does not fit x of dims batch",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make(linear())  # type: ignore[operator]


def test_a_dim_is_declared_once() -> None:
    with pytest.raises(UserError, match="dim batch is given twice"):
        cg.Builder("twice", {"b": "B", "batch": "B"})


def test_one_name_has_one_size_in_a_graph() -> None:
    graph = experts()
    x = graph.tensors["x"]
    small = tuple(type(d)(d.name, ONE) if d.name == "model" else d for d in x.dims)
    with pytest.raises(BugError, match="dim model has two sizes"):
        type(graph)(
            graph.name, graph.ops, {**graph.tensors, "x": type(x)("x", small, x.itemsize)}, extents=graph.extents
        )


# --- operands that fit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "x", "y"),
    [
        ("residual", "bsd", "bsf"),
        ("residual", "bsd", "sd"),
        ("add", "sd", "bsd"),
        ("bias", "bsd", "f"),
        ("layer_norm", "bsd", "f"),
    ],
)
def test_operands_of_element_wise_ops_that_do_not_fit_are_refused_with_both_shapes(kind: str, x: str, y: str) -> None:
    b = cg.Builder("odd", {"b": "B", "s": "S", "d": "D", "f": "E*D"})
    operands = b.input("x", x), b.input("y", y)
    with pytest.raises(UserError, match=f"the operands of {kind} it do not fit: x is .*; y is "):
        b.op("it", kind, *operands)


@pytest.mark.parametrize(
    ("kind", "y"), [("residual", "bsd"), ("add", "sd"), ("bias", "d"), ("add", "bsd"), ("bias", "sd")]
)
def test_operands_that_fit_are_taken(kind: str, y: str) -> None:
    b = cg.Builder("even", {"b": "B", "s": "S", "d": "D"})
    b.op("it", kind, b.input("x", "bsd"), b.input("y", y))
    assert b.build().op("it").kind == kind


def test_a_norm_names_what_it_normalizes() -> None:
    b = cg.Builder("norms", {"b": "B", "a": "A", "h": "H", "d": "D"})
    x = b.input("x", "bah")
    last = b.op("last", "softmax", x)
    both = b.op("both", "softmax", last, over="head width")
    graph = b.build()
    assert [graph.op(name).over for name in (last, both)] == [("width",), ("head", "width")]
    with pytest.raises(UserError, match=r"it works along model, which x .* lacks"):
        b.op("it", "softmax", x, over="model")
    with pytest.raises(UserError, match="gelu does not work along dims"):
        b.op("it", "gelu", x, over="width")


def test_what_is_normalized_is_whole_on_every_device() -> None:
    b = cg.Builder("norms", {"b": "B", "a": "A", "h": "H"})
    b.op("norm", "softmax", b.input("x", "bah"), over="head width")
    assert m.communication(b.build().apply(cg.tensor_parallel)).same_as("B*A*H*p*(T - 1)/T")


# --- sizes made of others ---------------------------------------------------------------------------------------------


def test_a_size_made_of_others_is_what_they_make() -> None:
    assert m.flops(experts()).same_as("4*B*S*K_r*D*F")


def test_it_follows_when_they_are_resized() -> None:
    assert m.flops(experts().apply(cg.decode)).same_as("4*B*K_r*D*F")
    assert m.flops(experts().substitute(S=7, K_r=2).apply(cg.decode)).same_as("4*B*2*D*F")


def test_it_follows_when_they_are_split() -> None:
    split = experts().apply(cg.backward, Place(Mesh("data(N_d)")))
    assert m.flops(split).same_as("12*B*S*K_r*D*F/N_d")
    assert m.communication(split).same_as("4*N_r*D*F*p*(N_d - 1)/N_d")


def test_one_that_does_not_grow_with_what_it_is_made_of_cannot_be_split_with_it() -> None:
    b = cg.Builder("odd", {"batch": "B", "pair": "batch*batch", "model": "D"})
    b.op("act", "gelu", b.input("x", "pair model"))
    b.op("on", "gelu", b.input("y", "batch model"))
    with pytest.raises(UserError, match="batch cannot be split: pair is made of it"):
        b.build().apply(Place(Mesh("data(2)")))


def test_a_definition_made_of_dims_follows_too() -> None:
    b = cg.Builder("windowed", {"query": "S", "context": "S", "window": "S_w", "width": "H"})
    b.define("S_w", "min(context, W)")
    b.einsum("scores", "sh,wh->sw", b.input("q", "query width"), b.input("k", "window width"))
    graph = b.build()
    assert str(m.flops(graph).defined[0]) == "S_w = min(S, W)"
    later = graph.apply(cg.decode("S + 3"))
    assert str(m.flops(later).defined[0]) == "S_w = min(S + 3, W)"
    assert m.flops(later).limit(S=9, W=5, H=2).number == 2 * 5 * 2
    assert str(m.flops(graph.substitute(W=4).apply(cg.decode("S + 3"))).defined[0]) == "S_w = min(S + 3, 4)"


# --- sizes that are none ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dims", "limit", "message"),
    [
        ({"m": "B - S"}, {"B": 1, "S": 2}, r"dim row has size B - S = -1; a size is a positive integer"),
        ({"m": "B - S"}, {"B": 2, "S": 2}, r"dim row has size B - S = 0"),
        ({"m": "E*D"}, {"E": "3/2", "D": 3}, r"dim row has size .* = 9/2"),
        ({"m": "D/A"}, {"D": 3, "A": 2}, r"dim row has size D/A = 3/2"),
        ({"b": "B", "m": Mean("batch - S")}, {"B": 1, "S": 2}, r"dim row has size B - S = -1; a mean size is positive"),
    ],
)
def test_a_size_that_is_none_once_bound_is_refused(
    dims: dict[str, str], limit: dict[str, int | str], message: str
) -> None:
    b = cg.Builder("sizes", {**dims, "n": 1})
    b.op("y", "gelu", b.input("x", "mn"))
    graph = b.build()
    with pytest.raises(UserError, match=message):
        m.traffic(graph).limit(**limit)
    with pytest.raises(UserError, match=message):
        graph.substitute(**limit)


@pytest.mark.parametrize(
    ("dims", "limit"),
    [
        ({"m": "B - S"}, {"B": 3, "S": 2}),
        ({"m": "B - S"}, {"B": 3}),
        ({"m": "E*D"}, {"E": "3/2", "D": 4}),
        ({"b": "B", "s": "S", "m": Mean("batch*query*K_r/N_r")}, {"B": 1, "S": 3, "K_r": 1, "N_r": 2}),
    ],
)
def test_sizes_that_are_some_are_taken(dims: dict[str, str], limit: dict[str, int | str]) -> None:
    b = cg.Builder("sizes", {**dims, "n": 1})
    b.op("y", "gelu", b.input("x", "mn"))
    assert m.traffic(b.build()).limit(**limit).value.numerator


def test_a_size_is_checked_however_late_its_symbols_are_bound() -> None:
    b = cg.Builder("sizes", {"m": "B - S", "n": 1})
    b.op("y", "gelu", b.input("x", "mn"))
    form = m.traffic(b.build()).limit(B=2)
    assert form.limit(S=1).number is None  # p is open
    with pytest.raises(UserError, match="dim row"):
        form.limit(S=5)


def test_a_command_refuses_a_negative_size() -> None:
    with pytest.raises(UserError, match=r"dim row has size B - S = -1"):
        cg.derive("flops", op_set="matmul(m=B-S)", phase="forward", limit="B=1,S=2")


# --- assumptions belong to dims ---------------------------------------------------------------------------------------


def test_a_pass_that_resizes_a_dim_rewrites_what_is_assumed_of_that_dim_alone() -> None:
    b = cg.Builder("two", {"s": "S", "t": "S", "d": "D"})
    b.assume(
        AtMost(size("S"), size("K"), "context"), AtMost(size("S"), size("W")), AtMost(size("D"), size("V"), "model")
    )
    b.op("y", "gelu", b.input("x", "sd"))
    b.op("z", "gelu", b.input("c", "td"))
    claims = [str(one) for one in b.build().apply(cg.decode("S + 1")).assumptions]
    assert claims[:3] == ["S + 1 <= K", "S <= W", "D <= V"]


@pytest.mark.parametrize("times", ["L - 5", "L/2"])
def test_layers_are_as_many_as_a_positive_integer_says(times: str) -> None:
    b = cg.Builder("layers", {"b": "B"})
    x = b.input("x", "b")
    with b.repeat(times, "moe"):
        b.op("act", "gelu", x)
    graph = b.build()
    assert m.traffic(graph).limit(L=8).value.numerator
    with pytest.raises(UserError, match=r"layers moe: as many as .*; a size is a positive integer"):
        m.traffic(graph).limit(L=3)
    with pytest.raises(UserError, match="layers moe"):
        graph.substitute(L=3)


@pytest.mark.parametrize("times", [0, -1, "1/2"])
def test_no_layers_are_refused_where_they_are_written(times: int | str) -> None:
    with pytest.raises(UserError, match="layers: as many as"), cg.Builder("none", {"b": "B"}).repeat(times):
        pass


@pytest.mark.parametrize(
    ("kind", "inputs", "letters", "message"),
    [
        ("gelu", ("bsd",), "bsf", r"gelu it has the dims of x0 .*, not batch B, query S, ffn D\*E"),
        ("residual", ("bsd",), None, "adds two tensors, and reads x0 alone"),
        ("residual", ("bsd", "sbd"), None, "do not fit"),
        ("add", ("bsd", "ds"), None, "do not fit"),
    ],
)
def test_element_wise_ops_have_one_shape(kind: str, inputs: tuple[str, ...], letters: str | None, message: str) -> None:
    b = cg.Builder("odd", {"b": "B", "s": "S", "d": "D", "f": "E*D"})
    read = [b.input(f"x{i}", shape) for i, shape in enumerate(inputs)]
    with pytest.raises(UserError, match=message):
        b.op("it", kind, *read, letters=letters)
