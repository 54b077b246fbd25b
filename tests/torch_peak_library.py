"""Models as the library transformers builds them, cut to a few layers: what PyTorch holds of those, each as buffers."""

from __future__ import annotations

from dataclasses import replace

from torch_peak import mask, reasons
from torch_peak_runs import MEASURED, Change, Run, between, extra, positions

from costgraph.algebra.polynomial import Polynomial
from costgraph.measures.lifetimes import BEFORE, Buffer
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
    """Attention that is written out has a mask of each sequence, which what is replayed keeps; of windows another."""
    until = last(walk, "forward" if run.checkpointing == "none" else "backward")
    masks = 2 if kind(run) == "gemma" else 1
    size = masks * run.sizes["B"] * run.sizes["S"] ** 2 * run.width
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


def one_and_scale(run: Run, walk: Walk) -> list[Buffer]:
    """Norms multiply with one and their scale, a sum in fp32 that they keep beside what they scale."""
    each = Polynomial.constant(4 * run.sizes["D"])
    scaled = (one for one in walk.buffers if one.tensor.name.removesuffix(".replay").endswith(".normalized"))
    return [*walk.buffers, *(replace(one, each=each) for one in scaled)]


def factor_of_the_embedding(run: Run, walk: Walk) -> list[Buffer]:
    """The number that rows of the table are multiplied with is a tensor that is held."""
    return [*walk.buffers, extra(walk, "factor", run.width, BEFORE, walk.of.end)]


def capped_logits(run: Run, walk: Walk) -> list[Buffer]:
    """Logits are a product beside the tanh that is kept, and there until the loss is."""
    at, size = positions(walk), run.sizes["B"] * run.sizes["S"] * run.sizes["V"] * run.width
    return [*walk.buffers, extra(walk, "capped logits", size, at["head.softcap"], at["loss.cross_entropy"])]


def kind(run: Run) -> str:
    """Which of the models it is."""
    return str(MEASURED["models"][run.model]["kind"])


def reasons_of_library(run: Run) -> list[Change]:
    """Those that hold for a run."""
    found: list[Change] = [wide_loss, *(one for one in reasons(run) if one is not mask), shifted_targets]
    found += {
        "gpt": [gelu_by_steps],
        "llama": [tables_of_a_step],
        "mixtral": [tables_of_a_step],
        "gemma": [tables_of_a_step, one_and_scale, factor_of_the_embedding, capped_logits],
    }[kind(run)]
    found += [position_ids_of_a_layer] if run.checkpointing == "full" and kind(run) != "gpt" else []
    return [*found, mask_of_a_step] if run.attention == "eager" else found


def last(walk: Walk, phase: str) -> int:
    """Where the last op of the layers is, in a phase."""
    return max(at for at, op in enumerate(walk.of.ops) if op.phase == phase and op.loop.number)
