"""What is taken for granted of the times of an estimate, in words: for text, JSON and documents alike."""

from __future__ import annotations

from collections.abc import Iterator

from costgraph.algebra.quantities import rounded
from costgraph.estimation.estimate import Estimate
from costgraph.hardware.links import WORDS
from costgraph.timing.roofline import EFFICIENCIES

BOUND = (
    "bound: the longest of what each resource is busy, all at once: FLOPs at the peak, of a causal square what is "
    "seen; weights, cache and state read once; what is sent over each link, sums taken by devices. Nothing is faster, "
    "but switches that add up"
)
ESTIMATE = "estimate: op by op, each the longer of computing and moving; collectives not hidden unless said"
IDLE = "idle time of a pipeline as if all stages took as long as the longest"


def assumed(result: Estimate) -> list[str]:
    """One line for each."""
    return [
        *of_attention(result.request.setup.attention),
        BOUND,
        *of_estimate(result),
        *of_links(result),
        *of_experts(result),
    ]


def of_attention(kind: str) -> list[str]:
    """How attention is computed, which changes what is counted."""
    return ["attention: flash, unless --attention eager" if kind == "flash" else "attention: op by op"]


def of_estimate(result: Estimate) -> Iterator[str]:
    """Which efficiencies and overlaps were named."""
    asked = result.request
    if not asked.efficiency:
        return
    reached = ", ".join(f"{name} {rounded(asked.efficiency.get(name, 1) * 100, 3)} %" for name in EFFICIENCIES)
    hides = ", ".join(
        f"{rounded(share * 100, 3)} % over {WORDS.get(axis, axis)}" for axis, share in asked.overlap.items() if share
    )
    idle = f"; {IDLE}" if any(step.whole.stages for step in result.steps) else ""
    yield f"{ESTIMATE}{idle}; efficiency: {reached}; hidden: {hides or 'nothing'}"


def of_links(result: Estimate) -> Iterator[str]:
    """Which links are used, and by how many devices."""
    network, cluster = result.request.network, result.request.cluster
    if network is None or cluster is None:
        return
    yield f"devices: {network.layout.used}" + (f"; {cluster.assumption}" if cluster.assumption else "")
    rates = {span.hops[-1].level.name: span.hops[-1].level.link.per_device for span in network.used}
    if network.used:
        each = ", ".join(f"{name} {speed} in one direction per device" for name, speed in rates.items())
        late = {span.hops[-1].level.name for span in network.used if span.hops[-1].level.link.latency}
        unsaid = [name for name in rates if name not in late]
        yield f"links, by {network.algorithm}s: {'; '.join(map(str, network.used))} ({each})" + (
            f"; without latency of {' and '.join(unsaid)}, which the machine does not state" if unsaid else ""
        )


def of_experts(result: Estimate) -> Iterator[str]:
    """Which experts are read."""
    if any("N_hit" in step.source.symbols for step in result.formulas):
        yield "experts: the bound reads those that one token is sent to, an estimate as many as tokens can reach"
