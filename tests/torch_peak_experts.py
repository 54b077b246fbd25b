"""Mixtral as the library transformers builds it, which gathers the matrices of experts for every token: as buffers."""

from __future__ import annotations

from dataclasses import replace

from torch_peak_library import reasons_of_library
from torch_peak_runs import Change, Run, extra, held, positions

from costgraph.algebra.parser import size
from costgraph.algebra.polynomial import Polynomial
from costgraph.measures.lifetimes import Buffer
from costgraph.measures.peak import Walk

ROUTER = ("moe.softmax", "moe.top_k", "moe.shares")  # with their gradients, in fp32
NAMED = {  # where autograd keeps nothing
    "moe.combine": ("norm.moe", "moe.router", "moe.dispatch", "moe.top_k", "moe.top_k.index"),
}


def reasons_of_experts(run: Run) -> list[Change]:
    """Those that hold for a run."""
    found = [*reasons_of_library(run), wide_router, one_matrix, gathered]
    found += [named_beside_experts] if run.checkpointing == "full" else []
    return [*found, block_given] if run.checkpointing == "full" and run.width < 4 else found


def wide_router(run: Run, walk: Walk) -> list[Buffer]:
    """Shares are computed in fp32, and divided in place by their sum: that and what was divided are kept."""
    wider = 4 // run.width
    kept = Polynomial.constant(run.number(size("4*B*S*(K_r + 1)")))
    found = []
    for one in walk.buffers:
        name = one.tensor.name.removesuffix(".replay")
        of = name in ROUTER or any(name.startswith(f"{router}.grad") for router in ROUTER)
        found.append(replace(one, each=one.each * wider) if of or name.endswith("grad_moe.shares") else one)
        if name == "moe.top_k.index" and until_backward(walk, one):
            found.append(replace(one, each=kept))
    return found


def one_matrix(run: Run, walk: Walk) -> list[Buffer]:
    """That of the gate and that of what it multiplies are one; its gradient is there at once, behind the product."""
    at = positions(walk)
    end = at["moe.up.grad_moe.up_hit"]
    found = [one for one in walk.buffers if one.tensor.name != "moe.gate.grad_moe.dispatch"]
    late = ("moe.gate.grad_moe.gate_hit", "moe.up.grad_moe.up_hit")
    found = [replace(one, born=end + 1) if one.tensor.name in late else one for one in found]
    return [replace(one, dies=max(one.dies, end)) if one.tensor.name == "moe.act.grad" else one for one in found]


def gathered(run: Run, walk: Walk) -> list[Buffer]:
    """Matrices of the experts of every token are copied, and kept; gradients are as large before they are added up."""
    at = positions(walk)
    up, down = (run.number(size(text)) * run.width for text in ("2*B*S*K_r*F_e*D", "B*S*K_r*F_e*D"))
    beside = {"moe.dispatch": up, "moe.product": down}
    kept = [
        replace(one, each=Polynomial.constant(beside[name]))
        for one in walk.buffers
        if (name := one.tensor.name.removesuffix(".replay")) in beside and until_backward(walk, one)
    ]
    again = [
        extra(
            walk,
            f"gradient of {name}, gathered",
            each,
            at[f"moe.{name}.grad_moe.{name}_hit"],
            at[f"moe.{name}_hit.grad"],
        )
        for name, each in (("up", up), ("down", down))
    ]
    if run.checkpointing == "full":
        again.append(extra(walk, "up gathered", up, at["moe.up"], at["moe.down_hit"]))
        again.append(extra(walk, "down gathered", down, at["moe.down_hit"], at["moe.down"]))
    late = "moe.down.grad_moe.down_hit"
    found = [replace(one, born=at[late] + 1) if one.tensor.name == late else one for one in walk.buffers]
    return [*found, *kept, *again]


def named_beside_experts(run: Run, walk: Walk) -> list[Buffer]:
    """What functions of the block have given a name; the block has given one to the weights of attention, too."""
    weights = "attn.softmax" if run.width == 4 else "attn.weights"
    return held(walk, {**NAMED, "moe.residual": (weights,)})


def block_given(run: Run, walk: Walk) -> list[Buffer]:
    """What a checkpointed block was given is there until all that its replay has kept is gone; fp32 keeps it anyway."""
    until = max(at for at, op in enumerate(walk.of.ops) if op.phase == "backward" and op.source.startswith("norm.attn"))
    return [
        replace(one, dies=max(one.dies, until)) if one.tensor.name == "blocks.enter" and one.part == "saved" else one
        for one in walk.buffers
    ]


def until_backward(walk: Walk, one: Buffer) -> bool:
    """Whether the backward pass reads it."""
    return one.dies < walk.of.end and walk.of.ops[one.dies].phase == "backward"
