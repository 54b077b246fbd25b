"""How long the command line takes, as a multiple of `import sympy`: medians of whole processes, and its peak memory.

And how much longer a model takes than an op set: the least time of the processor, because the two are close together.
The commands take turns, so that a machine that slows down slows all of them down; times are those of the processor,
which wait for nobody, but for `check` of the library, which several processors share: of it the least seconds on the
clock count. How many rounds can be given: `python startup.py [ROUNDS]`. The exit code is 1 if a goal is missed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median
from typing import NamedTuple

UNIT = "import sympy"
MESH = "pipeline(4), data(8, zero=1), context(2), tensor(8, sequence=True), microbatches(64)"
COSTGRAPH = ["-m", "costgraph"]
OP_SET = [*COSTGRAPH, "derive", "--op-set", "decoder"]
MODEL = [*COSTGRAPH, "derive", "--model", "deepseek-v3"]
COMMANDS: dict[str, list[str]] = {
    UNIT: ["-c", "import sympy"],
    "--version": [*COSTGRAPH, "--version"],
    "--help": [*COSTGRAPH, "--help"],
    "derive --op-set decoder --limit E=4,p=2": [*OP_SET, "--limit", "E=4,p=2"],
    "solve": [*COSTGRAPH, "solve", "states + activations <= hbm", "--for", "S", "--limit", "E=4,p=2"],
    "estimate, a generation": [
        *COSTGRAPH, "estimate", "--model", "llama-2-7b", "--hardware", "a10", "--limit", "B=1,S=350", "--new", "150",
    ],
    "estimate, 70B on a mesh of five axes": [
        *COSTGRAPH, "estimate", "--model", "llama-3-70b", "--phase", "train", "--cluster", "h100-sxm:8x128",
        "--mesh", MESH, "--limit", "B=512,S=8192",
    ],
    "export numpy": [*COSTGRAPH, "export", "numpy", "--op-set", "decoder"],
    "cheatsheet": [*COSTGRAPH, "cheatsheet"],
    "check of an entry": [*COSTGRAPH, "check", "000-A1-01"],
    "check of the library": [*COSTGRAPH, "check"],
}  # fmt: skip
AT_MOST = {  # times `import sympy`
    "--version": 0.12,
    "--help": 0.25,
    "derive --op-set decoder --limit E=4,p=2": 0.6,
    "solve": 0.7,
    "estimate, a generation": 0.75,
    "estimate, 70B on a mesh of five axes": 1.5,
    "export numpy": 0.75,
    "cheatsheet": 1.5,
    "check of an entry": 0.6,
}
LIBRARY = "check of the library"
LIBRARY_AT_MOST = 2  # seconds on the clock
SELDOM = ("cheatsheet", LIBRARY)  # so long that few rounds tell
MEMORY = "derive --op-set decoder --limit E=4,p=2"
MEMORY_AT_MOST = 24  # MiB
MODEL_AT_MOST = 1.5  # times the op set


class Took(NamedTuple):
    """Seconds of the processor that one process took, those on the clock, and the MiB that it had at most."""

    seconds: float
    wall: float
    mib: float


def run(arguments: list[str]) -> Took:
    """One whole process."""
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=usual
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return Took(used.ru_utime + used.ru_stime, time.perf_counter() - begun, used.ru_maxrss / 1024)


def verdict(reached: bool, at_most: float, unit: str = "") -> str:
    """A goal, and whether it was reached."""
    return f"  at most {at_most}{unit}: {'yes' if reached else 'NO'}"


def compare(commands: dict[str, list[str]], at_most: dict[str, float], rounds: int) -> dict[str, list[Took]]:
    """Print the medians of commands that take turns, as multiples of `import sympy`, beside what they may be."""
    for arguments in commands.values():  # bytecode is written and files are cached
        run(arguments)
    runs: dict[str, list[Took]] = {name: [] for name in commands}
    for turn in range(rounds):
        for name, arguments in commands.items():
            if turn < 3 or name not in SELDOM:
                runs[name].append(run(arguments))
    unit = median(one.seconds for one in runs[UNIT])
    print(f"medians of {rounds} runs, user + system, Python {sys.version.split()[0]}")
    for name, times in runs.items():
        seconds = median(one.seconds for one in times)
        goal = verdict(seconds <= at_most[name] * unit, at_most[name]) if name in at_most else ""
        print(f"{name:40} {seconds * 1000:6.0f} ms  {seconds / unit:5.2f} x{goal}")
    return runs


def reached(runs: dict[str, list[Took]], at_most: dict[str, float]) -> bool:
    """Whether all goals were."""
    middle = {name: median(one.seconds for one in times) for name, times in runs.items()}
    return all(middle[name] <= factor * middle[UNIT] for name, factor in at_most.items())


def library(runs: dict[str, list[Took]]) -> bool:
    """How long one waits for all that was printed to be judged."""
    seconds = min(one.wall for one in runs[LIBRARY])
    print(f"{LIBRARY}: {seconds:.2f} s on the clock of {os.cpu_count()} cores", end="")
    print(verdict(seconds <= LIBRARY_AT_MOST, LIBRARY_AT_MOST, " s"))
    return seconds <= LIBRARY_AT_MOST


def memory(runs: dict[str, list[Took]]) -> bool:
    """What a derivation needs at most, with the interpreter."""
    mib = max(one.mib for one in runs[MEMORY])
    print(f"{MEMORY}: {mib:.1f} MiB{verdict(mib <= MEMORY_AT_MOST, MEMORY_AT_MOST, ' MiB')}")
    return mib <= MEMORY_AT_MOST


def models(rounds: int) -> bool:
    """What a model with latent attention and experts takes, beside an op set."""
    runs = [(run(OP_SET).seconds, run(MODEL).seconds) for _ in range(rounds)]
    op_set, model = (min(times) for times in zip(*runs, strict=True))
    print(f"least of {rounds} runs: {' '.join(OP_SET[1:])} {op_set * 1000:.0f} ms, ", end="")
    print(f"{' '.join(MODEL[1:])} {model * 1000:.0f} ms, {model / op_set:.2f} x", end="")
    print(verdict(model <= MODEL_AT_MOST * op_set, MODEL_AT_MOST))
    return bool(model <= MODEL_AT_MOST * op_set)


def main(rounds: int) -> int:
    """The exit code: 1 if a goal was missed."""
    runs = compare(COMMANDS, AT_MOST, rounds)
    return 0 if all([reached(runs, AT_MOST), library(runs), memory(runs), models(rounds)]) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
