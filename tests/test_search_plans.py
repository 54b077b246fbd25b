"""A block of plans costs what `estimate` says of each by itself, exactly where rationals are asked for."""

from __future__ import annotations

from fractions import Fraction
from math import isclose, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plans import DENSE, OF_EXPERTS, answer, answered, column, costed, question

from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.estimation.estimate import Estimate
from costgraph.hardware.cluster import cluster
from costgraph.hardware.links import Layout
from costgraph.searching.columns import Program
from costgraph.searching.plans import Costed
from costgraph.searching.shares import Links
from costgraph.searching.structure import Structure

CLUSTER = "h100-sxm:8x128"
EFFICIENCY = "flops=0.6,mem=0.8,comms=0.7"
HALF = {"N_d": Fraction(1, 2), "T": Fraction(1, 4)}
CASES = [("llama-3-70b", one) for one in DENSE] + [("mixtral-8x7b", one) for one in OF_EXPERTS]


def unevenly(numbers: dict[str, int], layers: int) -> bool:
    """Whether stages have unlike numbers of layers, which a search does not try and `estimate` does."""
    return "P" in numbers and layers % (numbers["P"] * numbers.get("v", 1)) != 0


def compare(found: Costed, numbers: dict[str, int], said: Estimate) -> None:
    """Doubles to 12 digits, rationals to the last one."""
    outputs, joined = found.outputs(column(numbers))
    seconds = said.estimated(said.main)
    bound, needed = said.bound(said.main).seconds, said.verdict.needed
    assert joined.all()
    assert needed is not None
    assert isclose(outputs["peak"][0], needed, rel_tol=1e-12)
    assert isclose(outputs["bound"][0], bound, rel_tol=1e-12)
    assert isclose(outputs["step_time"][0], seconds or bound, rel_tol=1e-12)
    assert isclose(outputs["tokens/s"][0], said.throughput(said.main, seconds or bound), rel_tol=1e-12)
    assert found.exactly(numbers, "peak") == needed
    assert found.exactly(numbers, "bound") == bound
    assert found.exactly(numbers, "step_time") == (seconds or bound)


@pytest.mark.slow
@pytest.mark.parametrize("efficiency", ["", EFFICIENCY])
@pytest.mark.parametrize(("model", "structure"), CASES, ids=lambda one: str(one) if isinstance(one, str) else "")
def test_plans_cost_what_estimate_says(model: str, structure: Structure, efficiency: str) -> None:
    asked = question(model, CLUSTER, "B=1024,S=8192", efficiency, HALF if efficiency else {})
    layers = {"llama-3-70b": 80, "mixtral-8x7b": 32}[model]
    compared = 0
    for found, numbers, said in answered(asked, structure, seed=1, most=2):
        legal = found.legal(column(numbers))[0].all()
        devices = prod(numbers[name] for name in found.axes)
        if unevenly(numbers, layers):
            assert not legal
        elif numbers.get("M") == numbers.get("P") and structure.schedule == "interleaved" and not structure.one_group:
            assert not legal  # that is another structure
        elif devices <= 1024:
            assert legal == (said is not None), numbers
            if said is not None:
                compare(found, numbers, said)
                compared += 1
    assert compared


def test_a_plan_costs_what_estimate_says() -> None:
    asked = question("llama-3.2-1b", "h100-sxm:8x2", "B=32,S=1024", EFFICIENCY, HALF)
    for found, numbers, said in answered(asked, DENSE[4], seed=3, most=1):
        if said is not None and not unevenly(numbers, 16):
            compare(found, numbers, said)


def test_stages_that_share_a_table_cost_what_estimate_says() -> None:
    """The first and the last stage add up the gradient of a tied embedding."""
    asked = question("gpt2", "a100-80gb-sxm:8x2", "B=32,S=1024", EFFICIENCY, {})
    structure = Structure(("P", "N_d", "M"), zero=1, schedule="1f1b")
    for found, numbers, said in answered(asked, structure, seed=5, most=2):
        if said is not None and not unevenly(numbers, 12):
            compare(found, numbers, said)


def test_a_pass_that_is_asked_for_is_in_every_plan() -> None:
    plain = question("llama-3.2-1b", "h100-sxm:8x1", "B=8,S=1024", "", {})
    kept = question("llama-3.2-1b", "h100-sxm:8x1", "B=8,S=1024", "", {}, precision="adam_8bit")
    structure, numbers = Structure(("N_d",), zero=1), {"N_d": 2}
    one, other = costed(plain, structure, {}), costed(kept, structure, {})
    said = answer(kept.asked, structure, numbers, {})
    assert said is not None
    assert other.exactly(numbers, "peak") == said.verdict.needed
    assert other.exactly(numbers, "peak") < one.exactly(numbers, "peak")


# --- columns ----------------------------------------------------------------------------------------------------------

NAMES = ("B", "S", "T")
terms = st.tuples(
    st.fractions(min_value=-100, max_value=100, max_denominator=9),
    st.dictionaries(st.sampled_from(NAMES), st.integers(-3, 3).filter(bool)),
)
sums = st.lists(terms, max_size=5)


@given(st.lists(sums, min_size=1, max_size=4), st.lists(st.tuples(*[st.integers(1, 50)] * 3), min_size=1, max_size=4))
def test_forms_on_columns_are_their_values_at_each_point(
    parts: list[list[tuple[Fraction, dict[str, int]]]], points: list[tuple[int, ...]]
) -> None:
    forms = [sum((Polynomial.monomial(p, c) for c, p in terms if c), Polynomial.constant(0)) for terms in parts]
    columns = {name: np.array([float(point[at]) for point in points]) for at, name in enumerate(NAMES)}
    found = Program.of(forms).at(columns)
    for row, form in enumerate(forms):
        for at, point in enumerate(points):
            put_in = {name: Polynomial.constant(value) for name, value in zip(NAMES, point, strict=True)}
            exact = form.substitute(put_in).number
            size = sum(abs(float(one.substitute(put_in).number or 0)) for one in form.monomials())
            assert isclose(found[row, at], float(exact or 0), rel_tol=1e-12, abs_tol=1e-12 * size)


# --- links ------------------------------------------------------------------------------------------------------------

NODES = ("h100-sxm:8x64", "h100-sxm:4x64", "a100-80gb-sxm:6x64", "a40:8x8", "gb200-nvl72", "h100-pcie:8x8")
AXES = ("P", "N_d", "C", "X", "T")
degrees = st.dictionaries(st.sampled_from(AXES), st.sampled_from((2, 3, 4, 5, 8)), min_size=1, max_size=4)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(NODES), degrees, st.data())
def test_groups_cross_the_links_that_the_layout_says(where: str, sizes: dict[str, int], data: st.DataObject) -> None:
    try:
        place = cluster(where)
    except UserError:
        return
    axes = tuple((name, sizes[name]) for name in AXES if name in sizes)
    over = data.draw(st.lists(st.sampled_from([name for name, _ in axes]), min_size=1, unique=True))
    links = Links(place, None, "ring")
    columns = {name: np.array([degree, degree]) for name, degree in axes}
    group = links.group([name for name, _ in axes], columns, tuple((name, 0) for name in over))
    try:
        span = Layout(type(place)(place.machine, place.per_node), axes, None).span(over)
    except UserError:
        assert not group.joined.any()
        return
    assert group.joined.all()
    shares = {
        kind: {hop.level.name: hop.share(kind) for hop in span.hops if hop.share(kind)}
        for kind in ("send", "all_to_all", "all_gather")
    }
    for kind, expected in shares.items():
        found = {one.level.name: one.share(kind)[1] for one in group.levels if one.share(kind)[1]}
        assert found.keys() == expected.keys()
        assert all(isclose(found[name], share, rel_tol=1e-12) for name, share in expected.items())
