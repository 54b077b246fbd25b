"""Known models with small sizes, so that they can be computed: one for each architecture that there is."""

from __future__ import annotations

from costgraph.graph.graph import Graph
from costgraph.models.architecture import Architecture
from costgraph.models.known import known, model, of_name

SIZES = {
    "B": 4, "S": 4, "S_e": 4, "D": 8, "A": 4, "G": 2, "H": 4, "H_r": 2, "F": 4, "V": 8, "K": 8, "W": 8, "D_e": 4,
    "N_r": 4, "K_r": 2, "F_e": 4, "N_s": 1, "F_s": 4, "R_q": 3, "R_kv": 3, "H_n": 2, "H_v": 2, "A_s": 4, "H_s": 2,
    "D_s": 2, "G_s": 2, "K_s": 2, "Q_s": 2, "T": 2, "N_d": 2, "L": 1,
}  # fmt: skip


def architectures() -> dict[str, Architecture]:
    """By the name of the first model that has it."""
    found: dict[Architecture, str] = {}
    for name in known():
        made = of_name(name).op_set
        if isinstance(made, Architecture):
            found.setdefault(nameless(made), name)
    return {name: made for made, name in found.items()}


def nameless(made: Architecture) -> Architecture:
    """The architecture under no name of its own."""
    return Architecture(**{**vars(made), "name": "model"})


def variants(name: str) -> list[Architecture]:
    """What a model is, and what transformers computes of it where that is something else."""
    found = model(name).op_set
    assert isinstance(found, Architecture)
    other = found.as_transformers()
    return [found] if other == found else [found, other]


def sizes(graph: Graph) -> dict[str, int]:
    """Small sizes; one layer of each kind."""
    return SIZES | {name: 1 for name in graph.symbols if name.startswith("L_")}
