"""What is said of a command line that typer cannot read: the word that was meant, or how such a command looks."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from costgraph.algebra.frameworks import AMBIGUOUS, CALLED, LENGTHS
from costgraph.algebra.symbols import EVERYWHERE, SYMBOLS
from costgraph.aliases import meant, plain
from costgraph.cli.examples import EXAMPLES
from costgraph.mesh import AXES
from costgraph.misplaced import kind_of, placed

NO_OPTION, NO_COMMAND, TOO_MANY = "No such option", "No such command '", "Got unexpected extra argument"
OF_MACHINES = ("hardware", "gpu", "machine", "device", "accelerator", "cluster", "gpu_type", "device_type")
# Words that are typed where a command is wanted -> the command; of names of models, measures and so on by their kind.
COMMANDS = {
    "help": "costgraph --help", "version": "costgraph --version", "init": "costgraph --help",
    "models": "costgraph list models", "hardware": "costgraph list hardware", "gpus": "costgraph list hardware",
    "machines": "costgraph list hardware", "symbols": "costgraph list symbols", "measures": "costgraph list measures",
    "inference": "costgraph estimate --phase generate", "generate": "costgraph estimate --phase generate",
    "serve": "costgraph estimate --phase generate", "training": "costgraph estimate --phase train",
    "train": "costgraph estimate --phase train", "memory": "costgraph derive peak", "plan": "costgraph search",
    "explain": "costgraph derive --explain", "show": "costgraph formulas show, or costgraph list",
    "plot": "costgraph estimate --plot FILE, or costgraph graph --plot FILE", "optimize": "costgraph search",
    "roofline": "costgraph estimate --plot FILE", "draw": "costgraph graph --plot FILE", "verify": "costgraph check",
    "diff": "costgraph compare", "sheet": "costgraph cheatsheet", "errata": "costgraph formulas errata",
    "calc": "costgraph derive", "compute": "costgraph derive", "cost": "costgraph derive", "run": "costgraph derive",
}  # fmt: skip
PREFIX = re.compile(r"^(?:use|enable|with|no|is)_")
NUMBER = re.compile(r"-\.?[0-9]")
BY_KIND = {
    "models": "costgraph estimate --model {}", "machines": "costgraph estimate --hardware {}",
    "measures": "costgraph derive {}", "phases": "costgraph derive --phase {}",
    "passes": "costgraph derive --pass {}", "op_sets": "costgraph derive --op-set {}",
}  # fmt: skip


def remedy(error: Any) -> str:
    """What typer says, in one line, with the remedy."""
    text = str(error.format_message())
    context = getattr(error, "ctx", None)
    command = getattr(context, "command", None)
    if text.startswith(NO_OPTION):
        option = getattr(error, "option_name", "")
        if NUMBER.match(option):
            return f"{option} is read as an option: write what begins with a minus last, behind --, as in -- {option} 5"
        known = instead_of_option(option, command)
        return f"{NO_OPTION}: {option}; write {known}" if known else with_example(text, context)
    if text.startswith(NO_COMMAND):
        known = instead_of_command(text[len(NO_COMMAND) :].partition("'")[0])
        return f"{text.rstrip('.').partition('. Did')[0]}: write {known}" if known else text
    if text.startswith(TOO_MANY):
        words = text.partition("(s) (")[2].rstrip(")").split()
        if any(word.startswith("-") for word in words):
            return f"{text}; what stands behind -- is no option: write options before it"
        found = [one for one in (placed(word, flags(command)) for word in words) if one]
        return f"{text}; {'; '.join(found)}" if found else with_example(text, context)
    return with_example(text, context) if text.startswith("Missing") or "requires an argument" in text else text


def instead_of_option(option: str, command: Any) -> str:
    """How what an option says that there is not is written."""
    name = option.lstrip("-")
    there = flags(command)
    if name.replace("-", "_") in ("format", "html", "pdf", "markdown", "latex", "tex") and "--output" in there:
        suffix = {"markdown": "md", "latex": "tex", "format": "html"}.get(name, name)
        return f"-o FILE.{suffix}: the suffix says what is written"
    if name in SYMBOLS and "--limit" in there and option.startswith("--"):
        return f"--limit {name}=..."
    if plain(name) in OF_MACHINES:
        placing = "fits" if getattr(command, "name", "") == "fits" else "estimate"
        written = ("--hardware a10", "--cluster h100-sxm:8x1")
        return next((one for one in written if one.split()[0] in there), f"costgraph {placing} MODEL MACHINE")
    bare = PREFIX.sub("", plain(name))
    known = meant(bare, "option") or of_framework(bare)
    flag = re.match(r"--?[a-z-]+", known)
    if known and (flag is None or flag[0] in there):
        return known
    near = get_close_matches(option, [one for one in there if one.startswith("-")], n=1, cutoff=0.85)
    return near[0] if near else ""


def of_framework(name: str) -> str:
    """How a size is put in that an option of a framework says; "" of any other option."""
    if name in AMBIGUOUS or name in LENGTHS:
        return f"--limit {'S' if name in LENGTHS else 'B'}=...; {name} is {AMBIGUOUS[name]}"
    symbol = next(iter(CALLED.get(name, ())), "")
    axis = next((f"--mesh '{kind}({symbol})'" for kind, make in AXES.items() if make.symbol == symbol), "")
    own = "" if not symbol or SYMBOLS[symbol].group in EVERYWHERE else ", of a model that has it"
    return axis or (f"--limit {symbol}=...{own}" if symbol else "")


def instead_of_command(word: str) -> str:
    """How what a word means is written, that is no command."""
    kind = kind_of(word)
    if word.lower() in COMMANDS:
        return COMMANDS[word.lower()]
    return BY_KIND[kind].format(word) if kind in BY_KIND else ""


def flags(command: Any) -> set[str]:
    """The options of a command, in every spelling."""
    return {one for param in getattr(command, "params", ()) for one in (*param.opts, *param.secondary_opts)}


def with_example(text: str, context: Any) -> str:
    """What typer says, and what such a command looks like."""
    path = getattr(context, "command_path", "").split()  # the program, and its command, which may be one of a group
    name = next((one for one in (" ".join(path[-2:]), " ".join(path[-1:])) if one in EXAMPLES), "")
    return f"{text.rstrip('.')}; as in: {EXAMPLES[name][0]}" if name else text
