"""A generator of hostile command lines with the files they name: the same for the same seed.

Every command is reached, and in it every option that takes text or a file. Nothing is written outside the folder in
which an input is run: what stands for an output begins with a letter and has no way up.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from random import Random

from hostile_files import SIZED, at_odd_paths, filed, templated
from hostile_input import ROOT, Input
from hostile_texts import FAMILIES, SYMBOLS

# --- text in options --------------------------------------------------------------------------------------------------

MACHINE = "flops=312 TFLOP/s, mem_bw=2 TB/s, mem=80 GB"
ANY = ("{}", "x{}", "{} ")
SLOTS: dict[str, tuple[str, ...]] = {  # what a text is put into
    "op": ("{}", "decoder({})", "decoder(head={})", "decoder(kv_heads={})", "decoder({}=True)", "encoder(biases={})"),
    "pass": ("{}", "tensor_parallel({})", "recompute({})", "decode({})", "tensor_parallel(T, sequence={})",
    "recompute(segment={})", "recompute(every={})", "lora({})", "lora(targets={})"),
    "mesh": (
        "{}", "tensor({})", "data(N_d, zero={})", "context(C, how={})", "experts({})", "pipeline({})",
        "microbatches({})",
        "pipeline(P, v={}, schedule=interleaved)", "pipeline(4, stage={})", "data({}), pipeline(P), {}",
    ),
    "limit": ("{}", "B={}", "E={},p=2", "S->{}", "{}=4", "L={},L=2", "D={},A=4", "T={}", "A=4,D=4*{}", "K={},S={}"),
    "convention": (
        "{}", "notes({})", "exact({})", "notes(elementwise={})", "notes(additions={})", "table_a1({})", "torch({})",
    ),
    "when": ("{} << D", "S << {}", "{}", "S <= {}", "{} << {}"),
    "question": (
        "{} <= hbm", "states + activations <= {}", "{} == {}", "{}", "flops({}) == flops(mlp)",
        "activations(p={}) <= hbm",
        "{} >= 1", "{} < B", "B <= {}", "states({}) > 0", "cache <= {}", "flops/lambda_flops >= {}",
    ),
    "for": ("{}", "B*{}", "{}*S"),
    "measured": ("{}", "step={} s", "tokens/s={}", "ttft={}", "tpot={} ms", "step=1 s,{}"),
    "overlap": ("{}", "data={}", "{}=all", "tensor={},data=none"),
    "tokens": ("{}", "{}T", "1e{}"),
    "hardware": (
        "{}", f"{MACHINE}, {{}}", "flops={}, mem_bw=2 TB/s, mem=80 GB", "flops={} TFLOP/s, mem_bw=2 TB/s, mem=80 GB",
        "flops=312 TFLOP/s, mem_bw={}/s, mem=80 GB", "flops=312 TFLOP/s, mem_bw=2 TB/s, mem={} GB", "mem={}",
        "flops=1 TFLOP/{}, mem_bw=1 GB/{}, mem=1 {}", "flops=312 TFLOP/s, mem_bw=2 TB/s, mem=80 GB, link={} GB/s",
    ),
    "efficiency": ("{}", "flops={}", "flops=0.5,mem={}", "comms={}", "{}=0.5"),
    "price": ("{}", "{} USD/h", "2.5 {}", "2.5 USD/{}"),
    "output": ("out{}", "out{}.svg", "out.{}"),
    "side": ("{}", "limit={}", "mesh={}; {}", "exact({})", "{}=half", "exact(elementwise='{}')"),
}  # fmt: skip
SETS = ["decoder", "decoder(head=True)", "encoder", "decoder(kv_heads=G)", "decoder(biases=True)"]
MESHES = [
    "pipeline(P)", "pipeline(4, v=2, schedule=interleaved), data(N_d, zero=2)", "context(C, how=heads), tensor(T)",
    "data(N_d, zero=3), microbatches(M)", "pipeline(P, stage=last), microbatches(8)",
]  # fmt: skip
MEASURES = [
    "peak",
    "bubble",
    "in_flight",
    "flops",
    "params",
    "activations",
    "traffic",
    "intensity",
    "states",
    "cache",
    "communication",
    "flops.backward",
]
TARGETS = [
    "c", "excel", "html", "javascript", "json", "latex", "latex-derivation", "markdown", "numpy", "python", "rust",
    "sql",
    "text", "typescript", "typst",
]  # fmt: skip
Places = dict[str, tuple[list[str], dict[str, str]]]  # command: what it needs, option -> slot
PLACES: Places = {
    "derive": (["derive"], {
        "": "", "--mesh": "mesh",
        "--op-set": "op", "--phase": "", "--pass": "pass", "--limit": "limit", "--when": "when",
        "--convention": "convention", "--precision": "", "--form": "", "--format": "", "-o": "output",
        "--let": "limit", "--notation": "", "--per": "", "--ops": "",
    }),
    "estimate": (["estimate", *SIZED], {
        "--mesh": "mesh",
        "--op-set": "op", "--phase": "", "--pass": "pass", "--limit": "limit", "--hardware": "hardware", "--dtype": "",
        "--link": "", "--efficiency": "efficiency", "--overlap": "overlap", "--cluster": "hardware", "--new": "",
        "--tokens": "tokens", "--measured": "measured", "--collectives": "", "--price": "price",
        "--convention": "convention",
        "--precision": "", "--format": "", "--model": "", "--plot": "output", "-o": "output",
    }),
    "fits": (["fits"], {
        "": "model", "--mesh": "mesh", "--phase": "", "--pass": "pass", "--limit": "limit", "--dtype": "", "--new": "",
    }),
    "explore": (["explore", "--model", "bert-base"], {
        "--phase": "", "--limit": "limit", "--hardware": "hardware", "--dtype": "", "--convention": "convention",
        "--precision": "", "-o": "output",
    }),
    "graph": (["graph"], {
        "--mesh": "mesh", "--op-set": "op", "--phase": "", "--pass": "pass", "--format": "", "-o": "output",
    }),
    "export": (["export"], {
        "": "", "--measures": "", "--op-set": "op", "--phase": "", "--pass": "pass", "--limit": "limit",
        "--when": "when",
        "--convention": "convention", "--precision": "", "--form": "", "--symbols-as": "", "--dialect": "",
        "--notation": "", "--from": "", "--exporters": "", "-o": "output",
    }),
    "cheatsheet": (["cheatsheet"], {
        "--mesh": "mesh",
        "--op-set": "op", "--convention": "convention", "--precision": "", "--notation": "", "--engine": "",
        "--exporters": "", "-o": "output",
    }),
    "compare": (["compare", "notes"], {
        "": "side", "--measure": "", "--op-set": "op", "--phase": "", "--pass": "pass", "--limit": "limit",
        "--convention": "convention", "--precision": "", "--model": "", "--format": "", "-o": "output",
    }),
    "list": (["list"], {"": ""}),
    "solve": (["solve"], {
        "": "question", "--for": "for", "--mesh": "mesh",
        "--op-set": "op", "--phase": "", "--pass": "pass", "--limit": "limit",
        "--hardware": "hardware", "--dtype": "", "--link": "", "--convention": "convention", "--precision": "",
        "--model": "", "--format": "", "-o": "output", "--let": "limit", "--notation": "",
    }),
    "check": (["check"], {
        "": "", "--formula": "", "--measure": "", "--notation": "", "--op-set": "op", "--phase": "", "--pass": "pass",
        "--limit": "limit", "--when": "when", "--convention": "convention", "--precision": "", "--format": "",
        "--outcome": "", "-o": "output", "--let": "limit", "--per": "", "--ops": "",
    }),
    "reconcile": (["reconcile", "37578559488"], {
        "": "", "--measure": "", "--per": "", "--op-set": "op", "--phase": "", "--pass": "pass", "--limit": "limit",
        "--model": "", "--mesh": "mesh", "--precision": "", "--format": "", "-o": "output",
    }),
    "audit": (["audit"], {
        "": "", "--measure": "", "--per": "", "--op-set": "op", "--let": "limit", "--notation": "", "--format": "",
        "-o": "output",
    }),
    "search": (["search", "--model", "gpt2", "--cluster", "a10:1x1", "--batch", "2", "--limit", "S=8"], {
        "--over": "limit", "--where": "question", "--minimize": "", "--cluster": "hardware", "--overlap": "overlap",
        "--efficiency": "efficiency", "--price": "price", "--phase": "", "--new": "", "--top": "",
    }),
    "sweep": (["sweep", "--model", "gpt2", "--limit", "B=2", "--measures", "flops"], {
        "--over": "limit", "--where": "question", "--measures": "", "--pareto": "", "--mesh": "mesh",
        "--hardware": "hardware", "--format": "", "-o": "output",
    }),
    "formulas list": (["formulas", "list"], {"--source": ""}),
    "formulas show": (["formulas", "show"], {"": ""}),
    "formulas search": (["formulas", "search"], {"": ""}),
    "formulas errata": (["formulas", "errata"], {"": ""}),
    "completion": (["completion"], {"": ""}),
}  # fmt: skip
OFTEN = {
    "solve ": 12,
    "check --formula": 12,
    "derive --limit": 4,
    "derive --when": 4,
    "check --limit": 3,
    "solve --limit": 3,
}


def typed(random: Random) -> Input:
    """Hostile text in one option, the others as they should be."""
    places = [(command, option) for command, (_, options) in PLACES.items() for option in options]
    weights = [OFTEN.get(f"{command} {option}", 1) for command, option in places]
    ((command, option),) = random.choices(places, weights)
    base, options = PLACES[command]
    family = random.choice(list(FAMILIES))
    text = FAMILIES[family](random).replace("\0", "")
    slot = random.choice(SLOTS.get(options[option], ANY))
    full = slot.replace("{}", text)
    if options[option] == "output":
        full = full.replace("..", "").replace("/", "")
    arguments = [*base]
    arguments += (
        [full] if not option else [f"{option}={full}" if option.startswith("--") and random.random() < 0.5 else option]
    )
    arguments += [] if not option or arguments[-1] != option else [full]
    return Input(family, f"{command} {option}".strip(), tuple(arguments + completed(random, command, option)))


def completed(random: Random, command: str, option: str) -> list[str]:
    """What else the command needs, or may be given."""
    more: list[str] = []
    if command == "solve":
        more += [random.choice(["states + activations <= hbm", "cache == states", "flops <= 10**18"])] if option else []
        more += ["--for", random.choice(["B", "B", "S", "B*S"])] if option != "--for" else []
    if command == "fits":
        more += [*(["gpt-3"] if option else []), random.choice(["a10", "a100-80gb-sxm:8x2"])]
    if command == "check" and option:
        more += ["--formula", "6*N_params*B*S"] if option != "--formula" else []
        more += ["--measure", random.choice(MEASURES)] if option != "--measure" else []
    if command == "reconcile":
        more += ["6*N_params*B*S"] if option else []
        more += random.choice([["--op-set", "decoder(head=True)"], ["--model", "gpt2", "--limit", "B=1,S=1024"], []])
    if command == "audit":
        more += [str(ROOT / "tests" / "data" / "counters.py")] if option else []
    if command == "export" and option:
        more += [random.choice(TARGETS)]
    if command == "estimate" and option not in ("--hardware", "--model") and random.random() < 0.8:
        more += ["--hardware", random.choice(["a10", MACHINE, "h100-sxm"])]
    if command in ("derive", "check", "solve", "export") and option != "--op-set" and random.random() < 0.4:
        more += ["--op-set", random.choice(SETS)]
    if command in ("derive", "check") and option not in ("--when", "--limit") and random.random() < 0.3:
        more += random.choice([["--when", "S << D"], ["--limit", "E=4,p=2"], ["--limit", "T->oo"]])
    if command in ("derive", "solve", "estimate") and option != "--format" and random.random() < 0.4:
        more += random.choice([["--json"], ["--format", "markdown"], ["--format", "latex"]])
    if command in ("derive", "estimate") and random.random() < 0.3:
        more += ["--explain"]
    if command in ("derive", "solve", "check", "export") and option != "--mesh" and random.random() < 0.3:
        more += ["--mesh", random.choice(MESHES)]
    if command == "derive" and option and random.random() < 0.4:
        more += [random.choice(MEASURES)]
    return more


# --- command lines of the documents -----------------------------------------------------------------------------------


@cache
def examples() -> list[list[str]]:
    """The command lines that the README and the documents show."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    lines = [line for page in pages for line in re.findall(r"^(?:\$ )?costgraph (.*)$", page.read_text("utf-8"), re.M)]
    found = [shlex.split(line) for line in dict.fromkeys(lines) if "**" not in line.split(" ")[0] and "](" not in line]
    return [arguments for arguments in found if arguments and arguments != ["check"]]


def mutated(random: Random) -> Input:
    """A valid command line with characters and words changed."""
    arguments = list(random.choice(examples()))
    for _ in range(random.choice([1, 1, 2, 4, 12])):
        at = random.randrange(len(arguments)) if arguments else 0
        kind = random.randrange(6)
        if not arguments or kind == 0:
            arguments.insert(at, random.choice(random.choice(examples())))
        elif kind == 1:
            del arguments[at]
        elif kind == 2:
            arguments[at:at] = arguments[at : at + 2] * random.choice([1, 2, 30])
        elif kind == 3:
            other = random.randrange(len(arguments))
            arguments[at], arguments[other] = arguments[other], arguments[at]
        else:
            arguments[at] = changed(random, arguments[at])
    return Input("mutated command lines", arguments[0] if arguments else "", tuple(inside(arguments)))


def inside(arguments: list[str]) -> Iterator[str]:
    """The command line with every output in the folder, whatever has become of its name."""
    for before, argument in zip(["", *arguments], arguments, strict=False):
        named = before in ("-o", "--output", "--plot") or argument.startswith(("-o", "--o", "--pl"))
        yield argument.replace("/", "") if named else argument


def changed(random: Random, text: str) -> str:
    """The text with one character changed, doubled or left out, or a word of the language put in."""
    at = random.randrange(len(text) + 1)
    new = random.choice([*"0123456789BSDLAETVp+-*()=,.<>' ", "**", "<<", "->", "\ud800", "é", *SYMBOLS])
    made: str = random.choice(
        [text[:at] + new + text[at:], text[:at] + new + text[at + 1 :], text[:at] + text[at + 1 :], text[:at] * 2]
    )
    return made


# --- all of it --------------------------------------------------------------------------------------------------------

MAKERS: dict[Callable[[Random], Input], int] = {typed: 60, mutated: 12, filed: 18, templated: 5, at_odd_paths: 5}


def inputs(count: int, seed: int) -> Iterator[Input]:
    """So many hostile inputs."""
    random = Random(seed)
    for _ in range(count):
        (make,) = random.choices(list(MAKERS), list(MAKERS.values()))
        yield make(random)
