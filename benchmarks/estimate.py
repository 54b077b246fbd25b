"""How long `estimate` and `solve` take: whole processes as multiples of `import sympy`, and what a question adds.

`python estimate.py [ROUNDS]`.
"""

from __future__ import annotations

import sys
from time import perf_counter

from startup import UNIT, compare

MODEL = ["-m", "costgraph", "estimate", "--model", "llama-2-7b", "--limit", "B=1,S=350", "--new", "150", "--hardware"]
TYPED = "flops=125 TFLOPS/s, mem_bw=600000 MB/s, mem=24576 MiB"  # units that the catalog does not use
COMMANDS: dict[str, list[str]] = {
    UNIT: ["-c", "import sympy"],
    "estimate, catalog machine": [*MODEL, "a10"],
    "estimate, units typed": [*MODEL, TYPED],
    "estimate, training on 8 devices": [
        "-m", "costgraph", "estimate", "--model", "gpt-3", "--op-set", "decoder", "--phase", "train", "--hardware",
        "a100-80gb-sxm", "--limit", "B=1,S=2048", "--pass", "tensor_parallel(8)",
    ],
    "estimate, training on how many": [  # 50257 words: next to no degree divides them
        "-m", "costgraph", "estimate", "--model", "gpt-3", "--phase", "train", "--hardware", "a100-80gb-sxm",
        "--limit", "B=1,S=2048",
    ],
    "solve, a formula": ["-m", "costgraph", "solve", "states + activations <= hbm", "--for", "S", "--limit", "E=4,p=2"],
}  # fmt: skip
AT_MOST = {  # times `import sympy`
    "estimate, catalog machine": 0.75,  # as in startup.py
    "estimate, training on 8 devices": 3.5,  # these two do not fit: some fifty moves are tried
    "estimate, training on how many": 5,
    "estimate, units typed": 1.75,
    "solve, a formula": 0.7,  # as in startup.py
}
QUESTIONS: dict[str, tuple[str, dict[str, object]]] = {
    "states(mixed_adam) + activations(p=2) <= states(fp32_adam) + activations(p=4)": ("B", {"limit": "E=4"}),
    "cache == states": ("B*S", {}),
    "flops(attn) == flops(mlp)": ("S", {}),
    "activations(dims=st) == activations - activations(dims=st)": ("S", {"limit": "E=4,p=2"}),
    "flops(weights)/lambda_flops >= states/lambda_mem": ("B*S", {"phase": "prefill"}),
    "states + activations <= hbm": ("S", {"limit": "E=4,p=2"}),
    "states + activations <= hbm - 0": ("T", {"passes": ["tensor_parallel(T)"]}),
}


def questions() -> None:
    """What one question takes beyond start-up; at most a second."""
    from costgraph import solve

    for question, (wanted, options) in QUESTIONS.items():
        start = perf_counter()
        solve(question, wanted, **options)  # type: ignore[arg-type]
        took = perf_counter() - start
        print(f"{took * 1000:6.1f} ms  {'ok' if took < 1 else 'TOO SLOW'}  {question}, for {wanted}")


if __name__ == "__main__":
    compare(COMMANDS, AT_MOST, int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    questions()
