"""How long the command line takes, as a multiple of `import sympy`: medians of whole processes.

And how much longer a model takes than an op set: the least time of the processor, because the two are close together.
The commands take turns, so that a machine that slows down slows all of them down. How many can be given:
`python startup.py [ROUNDS]`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from statistics import median
from time import perf_counter

UNIT = "import sympy"
COMMANDS: dict[str, list[str]] = {
    UNIT: ["-c", "import sympy"],
    "import sympy, networkx, typer": ["-c", "import sympy, networkx, typer"],
    "costgraph derive --op-set decoder --limit E=4,p=2": [
        "-m", "costgraph", "derive", "--op-set", "decoder", "--limit", "E=4,p=2",
    ],
    "costgraph --help": ["-m", "costgraph", "--help"],
    "costgraph --version": ["-m", "costgraph", "--version"],
}  # fmt: skip
AT_MOST = {  # times `import sympy`
    "costgraph derive --op-set decoder --limit E=4,p=2": 2.0,
    "costgraph --help": 0.6,
    "costgraph --version": 0.6,
}
OP_SET = ["-m", "costgraph", "derive", "--op-set", "decoder"]
MODEL = ["-m", "costgraph", "derive", "--model", "deepseek-v3"]
MODEL_AT_MOST = 1.3  # times the op set


def seconds(arguments: list[str]) -> float:
    """One whole process."""
    start = perf_counter()
    subprocess.run([sys.executable, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - start


def compare(commands: dict[str, list[str]], at_most: dict[str, float], rounds: int) -> None:
    """Print the medians of commands that take turns, as multiples of `import sympy`, beside what they may be."""
    for arguments in commands.values():  # bytecode is written and files are cached
        seconds(arguments)
    runs: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, arguments in commands.items():
            runs[name].append(seconds(arguments))
    unit = median(runs[UNIT])
    print(f"medians of {rounds} runs, Python {sys.version.split()[0]}")
    for name, times in runs.items():
        ratio = median(times) / unit
        goal = f"  at most {at_most[name]}: {'yes' if ratio <= at_most[name] else 'NO'}" if name in at_most else ""
        print(f"{name:51} {median(times) * 1000:6.0f} ms  {ratio:5.2f} x{goal}")


def processor(arguments: list[str]) -> float:
    """User and system time of one whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds(arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def models(rounds: int) -> None:
    """What a model with latent attention and experts takes, beside an op set."""
    runs = [(processor(OP_SET), processor(MODEL)) for _ in range(rounds)]
    op_set, model = (min(times) for times in zip(*runs, strict=True))
    verdict = "yes" if model <= MODEL_AT_MOST * op_set else "NO"
    print(f"least of {rounds} runs, user + system: {' '.join(OP_SET[1:])} {op_set * 1000:.0f} ms, ", end="")
    print(f"{' '.join(MODEL[1:])} {model * 1000:.0f} ms, {model / op_set:.2f} x  at most {MODEL_AT_MOST}: {verdict}")


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    compare(COMMANDS, AT_MOST, wanted)
    models(wanted)
