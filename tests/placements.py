"""Op sets in a phase on a mesh, for the judge of placement: as one would type them, and by chance."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from placement_judge import Judge, numbers

import costgraph as cg
from costgraph.graph.graph import Graph
from costgraph.mesh import Mesh
from costgraph.op_sets import OP_SETS
from costgraph.options import parse_call
from costgraph.passes.lora import Lora
from costgraph.passes.prefill import Prefill
from costgraph.passes.update import Update

# Heads of width 3 and a table of 5 positions: not everything that is cut evenly divides.
SIZES = {
    "B": 4, "S": 4, "D": 12, "A": 4, "G": 2, "E": 2, "V": 8, "K": 5, "L": 1, "m": 3, "k": 4, "n": 2,
    "T": 2, "N_d": 2, "N_h": 2, "C": 2, "X": 2, "Y": 2, "M": 2,
}  # fmt: skip
TRAIN = (cg.backward, Update)
FACTORED = "train, factored"  # where no matrix is split: what would be added up over devices is left out, which is said
PHASES: dict[str, tuple[Any, ...]] = {
    "forward": (),
    "prefill": (Prefill,),
    "decode": (cg.decode,),
    "decode(new=2)": (cg.decode(new=2),),
    "train": TRAIN,
    "train, fp32": (cg.backward, Update("fp32_adam")),
    FACTORED: (cg.backward, Update("adafactor")),
    "train, no update": (cg.backward,),
    "train, selective": (cg.backward, cg.recompute("selective"), Update),
    "train, full": (cg.backward, cg.recompute("full"), Update),
    "train, adapters": (Lora(2, targets="all"), *TRAIN),
    "train, adapters, full": (
        Lora(2, targets="attn+mlp", dropout=True),
        cg.backward,
        cg.recompute("full"),
        Update,
    ),
    "train, adapter, selective": (Lora(2, targets="mlp"), cg.backward, cg.recompute("selective"), Update),
    "decode, adapters": (Lora(3), cg.decode),
}


@dataclass(frozen=True)
class Case:
    """An op set in a phase on a mesh, with sizes other than `SIZES`."""

    op_set: str
    phase: str = "train"
    mesh: str = "tensor"
    flash: bool = False
    sizes: dict[str, int] = field(default_factory=dict)

    def judge(self, seed: int = 0) -> Judge:
        """The judge of it, on numbers of this seed."""
        sizes = SIZES | self.sizes
        model: Graph = parse_call("op set", self.op_set, OP_SETS)
        model = model.apply(*((cg.flash_attention,) if self.flash else ()), *PHASES[self.phase])
        placed = model.apply(cg.place(Mesh(self.mesh)))
        return Judge(numbers(model, sizes), numbers(placed, sizes), seed)

    def __str__(self) -> str:
        sizes = ", ".join(f"{name}={size}" for name, size in self.sizes.items())
        return "; ".join(filter(None, [self.op_set, self.phase, "flash" * self.flash, self.mesh, sizes]))


def some_case(rng: random.Random) -> Case:
    """A case by chance, of sizes and degrees that fit."""
    op_set = some_op_set(rng)
    blocks = op_set.startswith(("decoder", "encoder"))
    phases = [phase for phase in PHASES if (blocks and phase != FACTORED) or phase in ("forward", "train, no update")]
    if op_set == "encoder":
        phases = [phase for phase in phases if "decode" not in phase]
    phase = rng.choice(phases)
    groups = rng.choice([1, 2, 4]) if "kv_heads" in op_set else 4
    sizes = {"T": rng.choice([2, 4]), "G": groups, "N_d": rng.choice([1, 2, 3])}
    sizes["B"] = 2 * sizes["N_d"]
    axes = [] if op_set in ("attention", "matmul") else some_data_axes(rng)
    if not axes or rng.random() < 0.6:
        axes.insert(rng.randint(0, len(axes)), some_tensor_axis(rng, op_set, phase, sizes))
    mesh = ", ".join(axes)
    for name in ("T", "N_d"):  # a degree may be typed as a symbol or as a number
        if rng.random() < 0.3:
            mesh = mesh.replace(f"({name}", f"({sizes[name]}")
    flash = op_set not in ("elementwise", "matmul") and rng.random() < 0.4
    return Case(op_set, phase, mesh, flash, sizes)


def some_op_set(rng: random.Random) -> str:
    """An op set with options."""
    name = rng.choice(["decoder"] * 6 + ["encoder", "encoder", "attention", "matmul", "elementwise"])
    if name != "decoder":
        return name
    options = ["head=True", "tied=False", "dropout=False", "biases=True", "kv_heads=G", "positions=False"]
    return f"decoder({', '.join(option for option in options if rng.random() < 0.5)})"


def some_data_axes(rng: random.Random) -> list[str]:
    """No data axis, one, or replicas of a sharded group."""
    axes = [f"data(N_d, zero={rng.choice([0, 1, 2, 3])})"]
    if rng.random() < 0.3:
        axes.insert(0, f"data(N_h, zero={rng.choice([0, 0, 1, 3])})")
    return axes if rng.random() < 0.8 else []


def some_tensor_axis(rng: random.Random, op_set: str, phase: str, sizes: dict[str, int]) -> str:
    """A tensor axis with options that fit."""
    options = (
        [""] if phase in ("decode", "decode, adapters") else ["", "sequence=True", "sequence=True, keep_gathered=True"]
    )
    if op_set in ("matmul", "attention"):
        options = ["", "sequence=True"][: 1 + (op_set == "attention")]
    chosen = [rng.choice(options)]
    if sizes["G"] < sizes["T"]:
        chosen.append("replicate_kv=True")
    if phase == "decode(new=2)":
        sizes["T"] = 2
    return f"tensor(T, {', '.join(filter(None, chosen))})".replace(", )", ")")
