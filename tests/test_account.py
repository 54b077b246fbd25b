"""What an estimate is the sum of: ops one after the other, what is sent, what hides, what a pipeline waits for."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from machine_files import MINE, written

from costgraph import estimate
from costgraph.algebra.polynomial import Polynomial
from costgraph.estimation.assumed import assumed
from costgraph.estimation.estimate import Estimate
from costgraph.estimation.reading import request
from costgraph.estimation.steps import Step

SLOW = "flops=100 TFLOP/s, mem_bw=1 TB/s, mem=10 GB, link_bw=1 GB/s, node=8, net_bw=200 MB/s"
NEAR = "flops=100 TFLOP/s, mem_bw=1 TB/s, mem=10 GB, link_bw=1 GB/s, node=4, net_bw=490 MB/s"
EVEN = "flops=100 TFLOP/s, mem_bw=1 TB/s, mem=10 GB, link_bw=200 GB/s, node=4, net_bw=50 GB/s"
SIZES = "B=16,S=64,L=4,D=64,A=8,E=4,V=64,K=64,p=2"
MESHES = (
    "tensor(2)",
    "data(2)",
    "data(2, zero=3), microbatches(2)",
    "data(4), tensor(2, sequence=True)",
    "pipeline(2), microbatches(4)",
    "pipeline(2), data(2), tensor(2), microbatches(4)",
    "pipeline(4, schedule='gpipe'), tensor(4), microbatches(2)",
    "data(2, zero=1), context(2), tensor(2)",
    "data(4, zero=3), tensor(2)",
)
SYMBOLS = {"tensor": "T", "data": "N_d", "pipeline": "P", "context": "C"}


def run(mesh: str, phase: str = "train", **of: object) -> Estimate:
    asked = {"op_set": "decoder(head=True)", "hardware": EVEN, "limit": SIZES, "efficiency": "flops=1"} | of
    return estimate(request(mesh=mesh, phase=phase, **asked))  # type: ignore[arg-type]


def seconds(form: Polynomial) -> Fraction:
    assert form.number is not None
    return Fraction(form.number)


def one_by_one(found: Estimate, step: Step, flops: Fraction, mem: Fraction, comms: Fraction) -> Fraction:
    """Op after op, nothing hidden, at these efficiencies; what is done for each microbatch waits as well."""
    rates = {name: Fraction(rate.number or 0) for name, rate in found.request.rates.items()}
    always, once = Fraction(0), Fraction(0)
    for cost in step.costs:
        takes = max(
            seconds(cost.flops) / (rates["lambda_flops"] * flops), seconds(cost.moved) / (rates["lambda_mem"] * mem)
        )
        if cost.sent:
            takes += seconds(cost.sent) / (rates[cost.rate] * comms) + seconds(cost.delay)
        if is_once(step, cost.name):
            once += takes
        else:
            always += takes
    axis = step.whole.mesh.pipeline
    idle = Fraction(0)
    if axis is not None:
        idle = Fraction(int(axis.size.number or 1) - 1, int(step.whole.mesh.microbatches.number or 1))
    return always * (1 + idle) + once


def is_once(step: Step, name: str) -> bool:
    """Whether an op is run once a step: the update, and all that is made of sums over all microbatches.

    What adds up two microbatches runs once, behind the second of them, which is waited for.
    """
    op = step.source.op(name)
    return op.phase == "update" or (op.repeats.number == 1 and op.kind != "add_microbatches")


shares = st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(7, 10), Fraction(1, 100)])


@pytest.mark.slow
@given(st.sampled_from(MESHES), shares, shares, shares)
def test_with_nothing_hidden_it_is_a_plain_sum(mesh: str, flops: Fraction, mem: Fraction, comms: Fraction) -> None:
    found = run(mesh, efficiency=f"flops={flops},mem={mem},comms={comms}")
    assert found.estimated(found.main) == one_by_one(found, found.main, flops, mem, comms)


@pytest.mark.slow
@given(
    st.sampled_from(MESHES), st.sampled_from(["train", "prefill", "decode"]), shares, shares, shares,
    st.dictionaries(st.sampled_from([*SYMBOLS]), st.sampled_from(["all", "none", "1/2"])),
    st.sampled_from([EVEN, SLOW, NEAR]), st.sampled_from(["exact", "exact(causal=half)"]),
)  # fmt: skip
@example(MESHES[3], "train", *[Fraction(1)] * 3, {"data": "all", "tensor": "all"}, NEAR, "exact")
@example(MESHES[7], "train", *[Fraction(1)] * 3, {"data": "all", "tensor": "all", "context": "all"}, SLOW, "exact")
def test_no_estimate_is_below_the_bound(
    mesh: str, phase: str, flops: Fraction, mem: Fraction, comms: Fraction, hidden: dict[str, str], machine: str,
    convention: str,
) -> None:  # fmt: skip
    if phase != "train":
        mesh = mesh.replace(", zero=3", "").replace(", zero=1", "").replace(", sequence=True", "")
    if phase == "decode":
        mesh = mesh.replace("context(2), ", "")
    there = {axis: how for axis, how in hidden.items() if f"{axis}(" in mesh}
    found = run(
        mesh, phase, hardware=machine, convention=convention, efficiency=f"flops={flops},mem={mem},comms={comms}",
        overlap=",".join(f"{axis}={how}" for axis, how in there.items()),
    )  # fmt: skip
    taken = found.estimated(found.main)
    assert taken is not None
    assert found.least <= taken
    account = found.account(found.main)
    assert account is not None
    assert sum(account.parts.values()) == taken


# --- what hides -------------------------------------------------------------------------------------------------------

ALL = {
    "tensor(2)": "tensor=all", "data(4), tensor(2)": "data=all,tensor=all",
    "data(2, zero=3), microbatches(2)": "data=all", "pipeline(2), microbatches(4)": "pipeline=all",
}  # fmt: skip


@pytest.mark.parametrize("mesh", ALL)
def test_what_hides_entirely_costs_nothing_where_links_are_fast(mesh: str) -> None:
    fast = EVEN.replace("200 GB/s", "100 TB/s").replace("50 GB/s", "100 TB/s")
    plain, hidden = run(mesh, hardware=fast), run(mesh, hardware=fast, overlap=ALL[mesh])
    alone = {name: taken for name, taken in charges(plain).items() if not name.startswith("communication")}
    assert {name: taken for name, taken in charges(hidden).items() if not name.startswith("idle")} == {
        name: taken for name, taken in alone.items() if not name.startswith("idle")
    }


@pytest.mark.parametrize("mesh", ["tensor(2)", "data(2)", "data(4), tensor(2)"])
def test_where_links_are_slow_a_step_takes_as_long_as_they_do(mesh: str) -> None:
    found = run(mesh, hardware=SLOW, overlap=ALL.get(mesh, "data=all"), efficiency="flops=1,comms=1/2")
    assert found.estimated(found.main) == found.bound(found.main).resources["link"] * 2


def test_half_of_what_is_sent_hides() -> None:
    sent, half = (
        charges(run("tensor(2)", overlap=text))["communication over T"] for text in ("tensor=0", "tensor=1/2")
    )
    assert half == sent / 2


def test_what_goes_over_two_axes_hides_as_the_one_that_hides_less() -> None:
    found = run("data(2), tensor(2)", overlap="data=all,tensor=0.25")
    plain = run("data(2), tensor(2)")
    assert "communication over N_d" not in charges(found)
    assert charges(found)["communication over N_d-T"] == charges(plain)["communication over N_d-T"] * Fraction(3, 4)


def charges(found: Estimate) -> dict[str, Fraction]:
    account = found.account(found.main)
    assert account is not None
    return account.parts


# --- pipelines --------------------------------------------------------------------------------------------------------


def test_a_bubble_is_of_what_each_microbatch_does_and_of_nothing_else() -> None:
    """4 stages, 8 microbatches of the same size: 3/8 of the ops and of what is sent for them, not of the update."""
    found = run("pipeline(4), data(2), tensor(2), microbatches(8)")
    parts = charges(found)
    always = parts["ops"] + parts["communication over T"] + parts["communication over P"] - tied(found)
    assert parts["idle in the pipeline"] == always * 3 / 8
    assert {"update", "communication over N_d"} <= {*parts}


def test_gradients_that_rest_in_parts_are_sent_by_each_microbatch() -> None:
    """ZeRO-1 reduces them once a step, after the last; what is sent of them is not waited for again."""
    for mesh in ("pipeline(2), data(2), microbatches(4)", "pipeline(2), data(2, zero=1), microbatches(4)"):
        found = run(mesh)
        one = charges(found)
        assert one["idle in the pipeline"] == (one["ops"] + one["communication over P"] - tied(found)) / 4


def tied(found: Estimate) -> Fraction:
    """Seconds in which the first and the last stage add up the gradient of the table that they share, once a step."""
    step = found.main
    pairs = zip(step.costs, step.time.spans, strict=True)
    return sum((span.seconds for cost, span in pairs if cost.name.endswith("all_reduce.P")), Fraction(0))


# --- the first bytes --------------------------------------------------------------------------------------------------

WIRE = """[link.wire]
value = "200"
unit = "GB/s"
reach = 4
[link.wire.latency]
value = "1"
unit = "us"
[network]
value = "50"
unit = "GB/s"
[network.latency]
value = "10"
unit = "us"
"""


@pytest.mark.parametrize(
    ("mesh", "collectives", "crossings"),
    [  # of one all-reduce: over 4 devices of a node, over 8 of two nodes, over 16 nodes
        ("tensor(4)", "ring", 6 * 1),
        ("tensor(4)", "tree", 4 * 1),
        ("tensor(8)", "ring", 6 * 1 + 2 * 10),
        ("tensor(8)", "tree", 4 * 1 + 2 * 10),
        ("data(16), tensor(4)", "ring", 6 * 1),
    ],
)
def test_first_bytes_are_under_way_for_as_long_as_the_algorithm_has_steps(
    mesh: str, collectives: str, crossings: int, tmp_path: Path
) -> None:
    """A ring of n goes around twice, n-1 steps each; a tree of n goes down and up."""
    machine = written(tmp_path, "node = 4\n" + MINE + WIRE)
    found = run(mesh, "forward", hardware=machine, collectives=collectives)
    delays = {cost.name: cost.delay.number for cost in found.main.costs if cost.part == "T"}
    assert delays["mlp.down.all_reduce"] == Fraction(4 * crossings, 10**6)  # of 4 layers


def test_of_a_link_without_latency_the_answer_says_so() -> None:
    (said,) = [line for line in assumed(run("tensor(2)")) if line.startswith("links")]
    assert said.endswith("without latency of link, which the machine does not state")


# --- what was wrong once ----------------------------------------------------------------------------------------------


def test_a_training_step_has_its_update() -> None:
    """30 bytes of each parameter: 4 of the gradient, 12 of a master copy and moments read, 12 written, and a weight."""
    found = estimate(
        request(model="gpt2", phase="train", hardware="a100-80gb-sxm", limit="B=8,S=128", efficiency="flops=1,mem=1/2")
    )
    assert charges(found)["update"] == Fraction(30 * 124_439_808 * 2, 2039 * 10**9)


@pytest.mark.parametrize(
    ("machine", "degree", "link"),
    [
        ("a100-80gb-pcie", 2, "tensor over nvlink"),
        ("a100-80gb-pcie", 8, "tensor over pcie, 2 of 8 joined by nvlink"),
        ("h100-sxm", 8, "tensor over nvlink"),
        ("h100-sxm", 16, "tensor over the network, 8 of 16 in a node"),
    ],
)
def test_a_bridge_joins_two_cards_and_a_node_eight(machine: str, degree: int, link: str) -> None:
    sizes = "B=16,S=64,L=4,D=64,A=16,E=4,V=64,K=64,p=2"
    (said,) = [line for line in assumed(run(f"tensor({degree})", hardware=machine, limit=sizes)) if "links" in line]
    assert said.startswith(f"links, by rings: {link} (")


@pytest.mark.parametrize(("place", "bandwidth"), [("h100-sxm:4x2", 50 * 10**9), ("h100-sxm:8x1", 450 * 10**9)])
def test_the_ends_of_a_pipeline_add_up_the_gradient_of_a_tied_table(place: str, bandwidth: int) -> None:
    found = estimate(
        request(
            model="gpt2", phase="train", cluster=place, mesh="pipeline(4), data(2), microbatches(4)",
            limit="B=8,S=128", efficiency="flops=1",
        )
    )  # fmt: skip
    (tied,) = [cost for cost in found.main.costs if cost.name.endswith("all_reduce.P")]
    table = 50257 * 768 * 2  # bytes; between two devices a ring sends the whole once
    assert tied.sent.number == table
    assert found.request.rates[tied.rate].number == bandwidth
