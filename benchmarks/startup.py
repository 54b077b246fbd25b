"""How long the command line takes, as a multiple of `import sympy`: medians of whole processes.

The commands take turns, so that a machine that slows down slows all of them down. How many can be given:
`python startup.py [ROUNDS]`.
"""

from __future__ import annotations

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


if __name__ == "__main__":
    compare(COMMANDS, AT_MOST, int(sys.argv[1]) if len(sys.argv) > 1 else 15)
