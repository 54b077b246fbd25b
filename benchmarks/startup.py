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


def main(rounds: int) -> None:
    for arguments in COMMANDS.values():  # bytecode is written and files are cached
        seconds(arguments)
    runs: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            runs[name].append(seconds(arguments))
    unit = median(runs[UNIT])
    print(f"medians of {rounds} runs, Python {sys.version.split()[0]}")
    for name, times in runs.items():
        ratio = median(times) / unit
        goal = f"  at most {AT_MOST[name]}: {'yes' if ratio <= AT_MOST[name] else 'NO'}" if name in AT_MOST else ""
        print(f"{name:51} {median(times) * 1000:6.0f} ms  {ratio:5.2f} x{goal}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
