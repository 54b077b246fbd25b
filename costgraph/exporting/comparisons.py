"""What the cheat sheet compares: machines with each other, and costs at the sizes where two of them are equal."""

from __future__ import annotations

from typing import Any

from costgraph.errors import UserError
from costgraph.exporting.notation import Math
from costgraph.exporting.templates import Verbatim
from costgraph.hardware.machine import catalog, machine
from costgraph.printers import render
from costgraph.solving.solution import solve

# what happens there, question, unknown, phase
CROSSOVERS = (
    ("attention costs as many FLOPs as the MLP", "flops(attn) == flops(mlp)", "S", None),
    ("attention maps cost as many FLOPs as the MLP", "flops(attention_core) == flops(mlp)", "S", None),
    ("cache as large as the weights", "cache == states", "B*S", None),
    ("activations as large as the training state", "activations == states", "B", None),
    (
        "tokens that hide the loading of the weights", "flops(weights)/lambda_flops == states/lambda_mem", "B*S",
        "prefill",
    ),
)  # fmt: skip


def machines() -> list[dict[str, str]]:
    """The catalog: memory, bandwidth, dense peak of the usual data type, ridge point, first link in one direction."""
    found = []
    for name in catalog():
        one = machine(name)
        link = one.link()
        found.append(
            {
                "title": one.title,
                "memory": f"{float(one.memory.quantity.value) / 2**30:.4g}",
                "bandwidth": f"{float(one.bandwidth.quantity.value) / 1e12:.4g}",
                "peak": f"{float(one.rate().value) / 1e12:.4g}",
                "dtype": one.dtype,
                "ridge": f"{float(one.ridge().value):.4g}",
                "link": f"{float(link.per_device.value) / 1e9:.4g}" if link else "",
            }
        )
    return found


def crossovers(op_set: str, convention: str, precision: str, math: Math) -> list[dict[str, Any]]:
    """Where two costs are equal, solved; what the op set has no such costs for is left out."""
    found = []
    for label, question, unknown, phase in CROSSOVERS:
        try:
            answer = solve(question, unknown, op_set, phase=phase, convention=convention, precision=precision)
        except UserError:
            continue
        roots = [solution.case.low for solution in answer.solutions]
        if len(roots) != 1 or roots[0] is None or (value := roots[0].plain) is None:
            continue
        left = " ".join(math.style.symbol(name).strip() for name in unknown.split("*"))
        text = left + math.equals + " ".join(render(value, "auto", math.style).split())
        found.append({"label": label, "math": Verbatim(text)})
    return found
