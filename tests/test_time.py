"""The roofline: what each op waits for, how long a graph takes, as a formula and as a number."""

from fractions import Fraction
from itertools import product

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import costgraph as cg
from costgraph import UserError
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS, sympy_symbol
from costgraph.conventions import NOTES
from costgraph.conventions.known import CONVENTIONS
from costgraph.estimation.generation import over, summed
from costgraph.graph.graph import Graph
from costgraph.passes.prefill import Prefill
from costgraph.timing.costs import CLASSES, Cost, costs
from costgraph.timing.roofline import Rates, Time, mfu, spans

GRAPHS = {
    "train": cg.decoder(head=True).apply(cg.backward),
    "prefill": cg.decoder().apply(Prefill),
    "decode": cg.decoder().apply(cg.decode),
    "flash": cg.decoder().apply(cg.flash_attention, cg.backward),
    "parallel": cg.decoder().apply(cg.backward, cg.tensor_parallel("T")),
    "sequence parallel": cg.decoder().apply(cg.backward, cg.tensor_parallel("T", sequence=True)),
}
GRAPH = pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
SIZES = {"B": 2, "S": 64, "L": 3, "D": 128, "A": 4, "E": 4, "V": 1000, "K": 64, "T": 2, "p": 2}
MACHINE = {"lambda_flops": 10**12, "lambda_mem": 10**10, "lambda_comms": 10**9, "hbm": 10**9}


def constants(values: dict[str, int]) -> dict[str, Polynomial]:
    return {name: Polynomial.constant(value) for name, value in values.items()}


@GRAPH
def test_resources_are_busy_for_what_the_measures_count(graph: Graph) -> None:
    """The three sums are FLOPs, traffic and communication over the rates; fused attention skips what is hidden."""
    sums = spans(costs(graph)).sums
    rates = Rates()
    fused = any(op.body for op in graph.ops)
    done = cg.flops(graph, CONVENTIONS["notes"](causal="triangle" if fused else "full"))
    assert sums["compute"] * rates.flops == done.value.numerator
    assert sums["memory"] * rates.mem == cg.traffic(graph).value.numerator
    assert sums["link"] * rates.link("lambda_comms") == cg.communication(graph).value.numerator


@GRAPH
def test_the_formula_and_the_number_agree(graph: Graph) -> None:
    """sympy evaluates the exported `Max(...)`; the engine takes the longest side op by op."""
    time = spans(costs(graph))
    values = SIZES | MACHINE
    numbers = {sympy_symbol(name): sympy.Integer(value) for name, value in values.items()}
    exact = time.substitute(constants(values)).seconds
    printed = sympy.sympify(time.text(), locals={name: sympy_symbol(name) for name in SYMBOLS})
    assert (
        sympy.Rational(exact.numerator, exact.denominator) == time.expr.xreplace(numbers) == printed.xreplace(numbers)
    )


@GRAPH
def test_the_optimistic_bound_is_never_longer(graph: Graph) -> None:
    time = spans(costs(graph)).substitute(constants(SIZES | MACHINE))
    assert 0 < time.optimistic <= time.seconds <= 3 * time.optimistic
    assert time.optimistic == max(side.number or 0 for side in time.sums.values())


@GRAPH
def test_classes_split_the_time(graph: Graph) -> None:
    time = spans(costs(graph)).substitute(constants(SIZES | MACHINE))
    assert sum(part.seconds for part in time.by_class.values()) == time.seconds
    assert list(time.by_class) == [kind for kind in CLASSES if kind in time.by_class]
    assert ("communication" in time.by_class) == any("tensor_parallel" in step for step in graph.passes)


CLASS_OF = {
    "attn.q": "weight matmuls",
    "mlp.down.grad_weight": "weight matmuls",
    "mlp.down.grad_mlp.act": "weight matmuls",
    "attn.scores": "attention core",
    "attn.values.grad_attn.dropout": "attention core",
    "attn.softmax": "normalization",
    "norm.mlp.grad": "normalization",
    "mlp.act": "element-wise",
    "attn.residual": "element-wise",
    "head.logits": "weight matmuls",
}


@pytest.mark.parametrize("name", CLASS_OF)
def test_an_op_is_classed_by_what_it_does(name: str) -> None:
    (found,) = [cost for cost in costs(GRAPHS["train"]) if cost.name == name]
    assert found.kind == CLASS_OF[name]


def test_a_fused_core_is_attention() -> None:
    kinds = {cost.name: cost.kind for cost in costs(GRAPHS["flash"])}
    assert kinds["attn.flash"] == kinds["attn.flash.grad"] == "attention core"


def test_a_projection_takes_the_longer_of_two_times() -> None:
    time = spans(costs(cg.decoder().only("attn.q")))
    assert time.text() == "Max(2*B*S*L*D**2/lambda_flops, L*D*p*(2*B*S + D)/lambda_mem)"
    assert time.latex() == (
        r"\max\left(\frac{2 B S L D^{2}}{\lambda_{\mathrm{FLOP/s}}}, "
        r"\frac{L D p \left(2 B S + D\right)}{\lambda_{\mathrm{mem}}}\right)"
    )


def test_an_op_that_computes_nothing_is_no_maximum() -> None:
    assert spans(costs(cg.decoder().only("attn.residual"))).text() == "3*B*S*L*D*p/lambda_mem"


def test_ops_that_scale_alike_share_a_maximum() -> None:
    single, double = (spans(costs(cg.decoder().only(*names))) for names in (("attn.q",), ("attn.q", "attn.v")))
    assert len(double.maxima) == 1
    assert double.maxima[0] == tuple(side * 2 for side in single.maxima[0])


def test_nothing_takes_no_time() -> None:
    assert spans([]).text() == "0"
    assert spans([]).seconds == 0
    assert spans([]).bound == "nothing"


BOUND = [  # flops, bytes, bytes sent -> what a machine of one each per second waits for
    ((5, 3, 0), "compute", 5),
    ((3, 5, 0), "memory", 5),
    ((0, 5, 0), "memory", 5),
    ((0, 0, 4), "link", 4),
]


@pytest.mark.parametrize(("amounts", "resource", "seconds"), BOUND)
def test_an_op_waits_for_the_slowest_resource(amounts: tuple[int, ...], resource: str, seconds: int) -> None:
    one = Polynomial.constant(1)
    flops, moved, sent = map(Polynomial.constant, amounts)
    rates = dict.fromkeys(("lambda_flops", "lambda_mem", "lambda_comms"), one)
    time = spans([Cost("x", "element-wise", flops, moved, sent)]).substitute(rates)
    assert time.bound == resource
    assert time.seconds == seconds


def test_efficiency_divides_the_rate_it_names() -> None:
    graph = cg.decoder().only("attn.q")
    half = spans(costs(graph), Rates().derated({"flops": Fraction(1, 2)}))
    assert half.sums["compute"] == spans(costs(graph)).sums["compute"] * 2
    assert half.sums["memory"] == spans(costs(graph)).sums["memory"]


def test_an_unbound_symbol_is_named_where_a_number_is_needed() -> None:
    time = spans(costs(cg.decoder().only("attn.q"))).substitute(constants({"L": 2, "D": 8}))
    assert time.symbols
    with pytest.raises(
        UserError, match=r"bind B, S, lambda_flops, as in limit={'B': 1, 'S': 2048, 'lambda_flops': \.\.\.}"
    ):
        _ = time.seconds


# --- MFU, eq. 3.5 with the tokens of the batch --------------------------------------------------------------------


def test_mfu_has_no_dimension_and_is_one_at_the_peak() -> None:
    """A machine that computes 6*N FLOPs per token and nothing else reaches peak/(6*N) tokens a second."""
    params, tokens, peak = 10**9, 4096, 10**15
    assert mfu(6 * params * tokens, tokens, Fraction(peak, 6 * params), 1, peak) == 1
    assert mfu(6 * params * tokens, tokens, Fraction(8 * peak, 6 * params), 8, peak) == 1
    assert mfu(6 * params * tokens, tokens, Fraction(peak, 12 * params), 1, peak) == Fraction(1, 2)


def test_mfu_does_not_depend_on_how_many_tokens_a_batch_has() -> None:
    assert mfu(6 * 100, 1, 10, 2, 10**4) == mfu(6 * 100 * 77, 77, 10, 2, 10**4)


def test_mfu_of_palm_540b() -> None:
    """Chowdhery et al. 2022, Sec. 4.1: 46.2 % with 238.3e3 tokens/s on 6144 TPU v4 of 275 TFLOP/s.

    Their FLOPs per token are 6N + 12LHQT (App. B) with L = 118, H = 48, Q = 256, T = 2048, N = 540.35e9.
    """
    per_token = 6 * 540_350_000_000 + 12 * 118 * 48 * 256 * 2048
    assert float(mfu(per_token, 1, 238_300, 6144, 275 * 10**12)) == pytest.approx(0.462, abs=0.001)


# --- decode over a growing context --------------------------------------------------------------------------------

S = Polynomial.symbol("S")
whole = st.integers(min_value=0, max_value=50)


@given(whole, whole, whole, whole, st.integers(min_value=1, max_value=40), st.integers(min_value=-2, max_value=60))
def test_a_sum_over_contexts_is_that_of_its_steps(a: int, b: int, c: int, d: int, first: int, more: int) -> None:
    expected = sum((max(a * s + b, c * s + d) for s in range(first, first + more)), 0)
    assert over((S * a + b, S * c + d), first, first + more - 1) == expected


@given(
    st.lists(st.tuples(whole, whole, whole, whole), max_size=3), whole, whole,
    st.integers(min_value=1, max_value=40), st.integers(min_value=-2, max_value=60),
)  # fmt: skip
def test_a_step_is_never_below_its_floor(
    maxima: list[tuple[int, int, int, int]], e: int, f: int, first: int, more: int
) -> None:
    expected = sum(
        max(sum(max(a * s + b, c * s + d) for a, b, c, d in maxima), e * s + f) for s in range(first, first + more)
    )
    sides = [(S * a + b, S * c + d) for a, b, c, d in maxima]
    assert summed(sides, first, first + more - 1, floors=(S * e + f,)) == expected


def test_sides_that_are_not_straight_lines_are_summed_one_by_one() -> None:
    assert over((S * S, S * 5), 1, 9) == sum(max(s * s, 5 * s) for s in range(1, 10))


def test_generation_is_the_sum_of_its_decode_steps() -> None:
    time = spans(costs(GRAPHS["decode"], NOTES)).substitute(
        constants({k: v for k, v in (SIZES | MACHINE).items() if k != "S"})
    )
    steps = [time.substitute(constants({"S": s})).seconds for s in range(65, 165)]
    assert summed([tuple(span.sides.values()) for span in time.spans], 65, 164) == sum(steps)


def test_time_is_what_separate_parts_add_up_to() -> None:
    time = spans(costs(GRAPHS["prefill"])).substitute(constants(SIZES | MACHINE))
    for i, j in product(range(0, len(time.spans), 7), repeat=2):
        if i != j:
            pair = Time((time.spans[i], time.spans[j]))
            assert pair.seconds == time.spans[i].seconds + time.spans[j].seconds
