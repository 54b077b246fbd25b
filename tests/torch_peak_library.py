"""Models as the library transformers builds them, cut to a few layers: what PyTorch holds of those, each as buffers."""

from __future__ import annotations

from dataclasses import replace

from torch_peak import MEASURED, Change, Run, between, extra, graph, mask, reasons

from costgraph.conventions.torch import TORCH
from costgraph.measures.lifetimes import BEFORE, Buffer, Lifetimes
from costgraph.measures.peak import Walk

POWERS = 3  # of what a gelu that is written out keeps beside its input: half of that, a tanh, and one plus it


def wide_loss(run: Run, walk: Walk) -> list[Buffer]:
    """The loss is computed in fp32, from a copy of the logits; in its backward both gradients by them are as wide."""
    if run.width == 4:
        return walk.buffers
    at, logits = positions(walk), run.sizes["B"] * run.sizes["S"] * run.sizes["V"]
    loss, grad = at["loss.cross_entropy"], at["loss.cross_entropy.grad"]
    scaled = ("loss.cross_entropy", "loss.cross_entropy.grad_in", "loss.cross_entropy.log_probs")
    found = [replace(one, each=one.each * 2) if one.tensor.name in scaled else one for one in walk.buffers]
    copy = extra(walk, "fp32 logits", 4 * logits, loss, loss)
    weight = extra(walk, "total weight", 2, loss, grad)
    wider = extra(walk, "fp32 gradients", 4 * logits, grad, grad)
    return [*found, copy, weight, wider]


def shifted_targets(run: Run, walk: Walk) -> list[Buffer]:
    """Targets are padded by one and shifted, which is a view of one sequence, and of several a copy."""
    B, S = run.sizes["B"], run.sizes["S"]
    padded, loss = 8 * B * (S + 1), positions(walk)["loss.cross_entropy"]
    kept = replace(between(walk, "loss.cross_entropy", padded if B == 1 else 8 * B * S), moved=True)
    return [*walk.buffers, kept, *([extra(walk, "padded targets", padded, loss, loss)] if B > 1 else [])]


def tables_of_a_step(run: Run, walk: Walk) -> list[Buffer]:
    """Tables of angles are made in every step, and kept until the first layer has been walked; frequencies are held."""
    at, until = positions(walk), last(walk, "backward")
    found = [
        replace(one, born=at["embed.tokens"], dies=until) if one.tensor.name.startswith("rotary.") else one
        for one in walk.buffers
    ]
    return [*found, extra(walk, "frequencies, twice", 2 * 4 * run.sizes["H"] // 2, BEFORE, walk.of.end)]


def mask_of_a_step(run: Run, walk: Walk) -> list[Buffer]:
    """Attention that is written out has a mask of each sequence, which what is replayed keeps."""
    until = last(walk, "forward" if run.checkpointing == "none" else "backward")
    size = run.sizes["B"] * run.sizes["S"] ** 2 * run.width
    return [*walk.buffers, extra(walk, "mask", size, positions(walk)["embed.tokens"], until)]


def position_ids_of_a_layer(run: Run, walk: Walk) -> list[Buffer]:
    """What is replayed keeps the numbers of positions, which a layer is handed."""
    return [
        *walk.buffers,
        extra(walk, "positions", 8 * run.sizes["S"], positions(walk)["embed.tokens"], last(walk, "backward")),
    ]


def gelu_by_steps(run: Run, walk: Walk) -> list[Buffer]:
    """A gelu that is written out keeps its input, half of that, a tanh, and one plus that."""
    act = next(op for op in walk.of.ops if op.name == "mlp.act.grad")
    return [*walk.buffers, *(one for one in walk.buffers if one.tensor.name in act.inputs[1:] for _ in range(POWERS))]


def dropout_of_the_embedding(run: Run, walk: Walk) -> list[Buffer]:
    """What the layers read is dropped from, too."""
    at, size = positions(walk), run.sizes["B"] * run.sizes["S"] * run.sizes["D"]
    return [*walk.buffers, extra(walk, "embed.dropout", size, at["embed.tokens"], at["embed.tokens.grad"])]


def reasons_of_library(run: Run) -> list[Change]:
    """Those that hold for a run."""
    found: list[Change] = [wide_loss, *(one for one in reasons(run) if one is not mask), shifted_targets]
    if MEASURED["models"][run.model]["kind"] == "gpt":
        found += [gelu_by_steps, dropout_of_the_embedding]
    else:
        found += [tables_of_a_step]
        found += [position_ids_of_a_layer] if run.checkpointing == "full" else []
    return [*found, mask_of_a_step] if run.attention == "eager" else found


def positions(walk: Walk) -> dict[str, int]:
    """Where each op is."""
    return {one.name: position for position, one in enumerate(walk.of.ops)}


def last(walk: Walk, phase: str) -> int:
    """Where the last op of the layers is, in a phase."""
    return max(at for at, op in enumerate(walk.of.ops) if op.phase == phase and op.loop.number)


def walk_of_library(run: Run, without: Change | None = None) -> Walk:
    """What is alive at each op; as if one of the reasons did not hold, if one is given."""
    found = Walk(Lifetimes(graph(run), run.policy), TORCH)
    for change in reasons_of_library(run):
        if change is not without:
            found.buffers = change(run, found)
    return found
