"""A generator of hostile command lines with the files they name: the same for the same seed.

Every command is reached, and in it every option that takes text or a file. Nothing is written outside the folder in
which an input is run: what stands for an output begins with a letter and has no way up.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from hostile_texts import FAMILIES, SYMBOLS

ROOT = Path(__file__).parents[1]
MADE = {  # what a path can be beside a file
    "fifo": "a pipe",
    "loop": "a link to itself",
    "folder": "a folder",
    "ring": "a folder with a link to itself in it",
}


@dataclass(frozen=True)
class Input:
    """A command line, and what its folder holds.

    Args:
        family: what is hostile about it.
        place: where it stands.
        arguments: what follows `costgraph`.
        files: the content of each file, or the kind of a path that is none (see `MADE`).
    """

    family: str
    place: str
    arguments: tuple[str, ...]
    files: tuple[tuple[str, bytes | str], ...] = ()


# --- text in options --------------------------------------------------------------------------------------------------

MACHINE = "flops=312 TFLOP/s, mem_bw=2 TB/s, mem=80 GB"
DERIVED = ("--op-set={op}", "--pass={pass}", "--limit={limit}", "--convention={convention}", "--precision={}")
ANY = ("{}", "x{}", "{} ")
SLOTS: dict[str, tuple[str, ...]] = {  # what a text is put into
    "op": ("{}", "decoder({})", "decoder(head={})", "decoder(kv_heads={})", "decoder({}=True)", "encoder(biases={})"),
    "pass": ("{}", "tensor_parallel({})", "recompute({})", "decode({})", "tensor_parallel(T, sequence={})", "recompute(segment={})"),
    "limit": ("{}", "B={}", "E={},p=2", "S->{}", "{}=4", "L={},L=2", "D={},A=4", "T={}", "A=4,D=4*{}", "K={},S={}"),
    "convention": ("{}", "notes({})", "exact({})", "notes(elementwise={})", "notes(additions={})", "table_a1({})"),
    "when": ("{} << D", "S << {}", "{}", "S <= {}", "{} << {}"),
    "question": (
        "{} <= hbm", "states + activations <= {}", "{} == {}", "{}", "flops({}) == flops(mlp)", "activations(p={}) <= hbm",
        "{} >= 1", "{} < B", "B <= {}", "states({}) > 0", "cache <= {}", "flops/lambda_flops >= {}",
    ),
    "for": ("{}", "B*{}", "{}*S"),
    "hardware": (
        "{}", f"{MACHINE}, {{}}", "flops={}, mem_bw=2 TB/s, mem=80 GB", "flops={} TFLOP/s, mem_bw=2 TB/s, mem=80 GB",
        "flops=312 TFLOP/s, mem_bw={}/s, mem=80 GB", "flops=312 TFLOP/s, mem_bw=2 TB/s, mem={} GB", "mem={}",
        "flops=1 TFLOP/{}, mem_bw=1 GB/{}, mem=1 {}", "flops=312 TFLOP/s, mem_bw=2 TB/s, mem=80 GB, link={} GB/s",
    ),
    "efficiency": ("{}", "flops={}", "flops=0.5,mem={}", "comms={}", "{}=0.5"),
    "price": ("{}", "{} USD/h", "2.5 {}", "2.5 USD/{}"),
    "output": ("out{}", "out{}.svg", "out.{}"),
}  # fmt: skip
SETS = ["decoder", "decoder(head=True)", "encoder", "decoder(kv_heads=G)", "decoder(biases=True)"]
MEASURES = ["flops", "params", "activations", "traffic", "intensity", "states", "cache", "communication", "flops.backward"]
TARGETS = [
    "c", "excel", "html", "javascript", "json", "latex", "latex-derivation", "markdown", "numpy", "python", "rust", "sql",
    "text", "typescript", "typst",
]  # fmt: skip
SIZED = ["--limit", "B=2,S=128,E=4,p=2,L=2,D=64,A=4,V=100,K=256"]
Places = dict[str, tuple[list[str], dict[str, str]]]  # command: what it needs, option -> slot
PLACES: Places = {
    "derive": (["derive"], {
        "": "", "--op-set": "op", "--phase": "", "--pass": "pass", "--limit": "limit", "--when": "when",
        "--convention": "convention", "--precision": "", "--form": "", "--format": "", "-o": "output",
    }),
    "estimate": (["estimate", *SIZED], {
        "--op-set": "op", "--phase": "", "--pass": "pass", "--limit": "limit", "--hardware": "hardware", "--dtype": "",
        "--link": "", "--efficiency": "efficiency", "--new": "", "--price": "price", "--convention": "convention",
        "--precision": "", "--format": "", "--model": "", "--plot": "output", "-o": "output",
    }),
    "graph": (["graph"], {"--op-set": "op", "--phase": "", "--pass": "pass", "--format": "", "-o": "output"}),
    "export": (["export"], {
        "": "", "--measures": "", "--op-set": "op", "--phase": "", "--pass": "pass", "--limit": "limit", "--when": "when",
        "--convention": "convention", "--precision": "", "--form": "", "--symbols-as": "", "--dialect": "",
        "--notation": "", "--from": "", "--exporters": "", "-o": "output",
    }),
    "cheatsheet": (["cheatsheet"], {
        "--op-set": "op", "--convention": "convention", "--precision": "", "--notation": "", "--engine": "",
        "--exporters": "", "-o": "output",
    }),
    "list": (["list"], {"": ""}),
    "solve": (["solve"], {
        "": "question", "--for": "for", "--op-set": "op", "--phase": "", "--pass": "pass", "--limit": "limit",
        "--hardware": "hardware", "--dtype": "", "--link": "", "--convention": "convention", "--precision": "",
        "--model": "", "--format": "", "-o": "output",
    }),
    "check": (["check"], {
        "": "", "--formula": "", "--measure": "", "--notation": "", "--op-set": "op", "--phase": "", "--pass": "pass",
        "--limit": "limit", "--when": "when", "--convention": "convention", "--precision": "", "--format": "",
        "--outcome": "", "-o": "output",
    }),
    "formulas list": (["formulas", "list"], {"--source": ""}),
    "formulas show": (["formulas", "show"], {"": ""}),
    "formulas search": (["formulas", "search"], {"": ""}),
    "formulas errata": (["formulas", "errata"], {"": ""}),
}  # fmt: skip
OFTEN = {"solve ": 12, "check --formula": 12, "derive --limit": 4, "derive --when": 4, "check --limit": 3, "solve --limit": 3}


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
    arguments += [full] if not option else [f"{option}={full}" if option.startswith("--") and random.random() < 0.5 else option]
    arguments += [] if not option or arguments[-1] != option else [full]
    return Input(family, f"{command} {option}".strip(), tuple(arguments + completed(random, command, option)))


def completed(random: Random, command: str, option: str) -> list[str]:
    """What else the command needs, or may be given."""
    more: list[str] = []
    if command == "solve":
        more += [random.choice(["states + activations <= hbm", "cache == states", "flops <= 10**18"])] if option else []
        more += ["--for", random.choice(["B", "B", "S", "B*S"])] if option != "--for" else []
    if command == "check" and option:
        more += ["--formula", "6*N_params*B*S"] if option != "--formula" else []
        more += ["--measure", random.choice(MEASURES)] if option != "--measure" else []
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
    return random.choice([text[:at] + new + text[at:], text[:at] + new + text[at + 1 :], text[:at] + text[at + 1 :], text[:at] * 2])


# --- files ------------------------------------------------------------------------------------------------------------


@cache
def texts(pattern: str) -> list[str]:
    """Files of the repository."""
    return [path.read_text("utf-8") for path in sorted(ROOT.glob(pattern))]


def a_model(random: Random) -> tuple[str, list[str]]:
    text = random.choice(texts("costgraph/models/*.toml"))
    return text, random.choice([["estimate", "--model", "F", "--hardware", "a10", "--limit", "B=1,S=64"],
                                ["solve", "states <= hbm", "--for", "T", "--pass", "tensor_parallel(T)", "--model", "F"]])  # fmt: skip


def a_machine(random: Random) -> tuple[str, list[str]]:
    text = random.choice(texts("costgraph/machines/*.toml"))
    return text, random.choice([["estimate", "--hardware", "F", *SIZED, "--format", random.choice(["text", "json"])],
                                ["solve", "states <= hbm", "--for", "D", "--hardware", "F"]])  # fmt: skip


def entries(random: Random) -> tuple[str, list[str]]:
    text = random.choice([t for t in texts("formulas/*.toml") if "[[entry]]" in t])
    head, *rest = re.split(r"^(?=\[\[entry\]\])", text, flags=re.M)
    return head + "".join(random.sample(rest, min(len(rest), random.choice([1, 1, 2, 4])))), ["check", "F"]


def a_notation(random: Random) -> tuple[str, list[str]]:
    text = random.choice(texts("exporters/_notations/*.toml"))
    return text, random.choice([["cheatsheet", "--notation", "F"], ["export", "latex", "--notation", "F"]])


def an_exporter(random: Random) -> tuple[str, list[str]]:
    name = random.choice(["python", "c", "sql", "markdown", "text"])
    return (ROOT / "exporters" / name / "exporter.toml").read_text("utf-8"), ["export", name, "--exporters", "E"]


def forms(random: Random) -> tuple[str, list[str]]:
    return random.choice(documents()), ["export", random.choice(["c", "python", "json", "sql", "rust", "excel"]), "--from", "F"]


@cache
def documents() -> list[str]:
    """Stored forms."""
    import costgraph as cg

    asked: list[dict[str, Any]] = [
        {"op_set": "decoder(head=True)", "limit": "L=1,S=D-A"},
        {"phase": "decode", "when": "S << D", "limit": "E=4,p=2"},
        {"passes": ["tensor_parallel(T)"], "convention": "notes(elementwise=softmax3, additions=counted)"},
    ]
    tree = ["max", ["**", {"symbol": "B"}, "3"], ["/", {"symbol": "S"}, "2"], ["sqrt", {"symbol": "D"}]]
    trees = {"schema": "costgraph.forms/1", "forms": [{"name": "f", "setting": "", "tree": tree}]}
    return [str(cg.export(cg.derive("params", "intensity", **one), "json")) for one in asked] + [json.dumps(trees)]


KINDS: dict[str, Callable[[Random], tuple[str, list[str]]]] = {
    "a model": a_model, "a machine": a_machine, "entries": entries, "a notation": a_notation, "an exporter": an_exporter,
    "forms": forms,
}  # fmt: skip
VALUES = (
    "1", "-1", "0", "0.5", "1e999", "nan", "inf", "true", "[]", "{}", "[[[]]]", '""', '"x"', "1979-05-27", "07:32:00",
    "{ a = 1 }", '["a", "b"]', "9223372036854775808", "1" + "0" * 5000, '"\\ud800"', '"\\u0000"', "'''x'''", "[" * 5000, "=",
    '[{ "a" = [1] }]', "null", '"../../etc/passwd"', '"F"', '"__class__"', '"' + "x" * 70_000 + '"',
)  # fmt: skip


def quoted(random: Random) -> str:
    """A hostile text as a value."""
    return json.dumps(FAMILIES[random.choice(list(FAMILIES))](random))


def spoilt(random: Random, text: str) -> bytes:
    """A valid file, changed."""
    kind = random.randrange(9)
    if kind < 4:
        values = list(re.finditer(r'(?<=[=:]) *("[^"\n]*"|[\w.+-]+|\[[^\]\n]*\]|\{[^}\n]*\})', text))
        for at in sorted(random.sample(values, min(len(values), random.choice([1, 1, 2]))), key=lambda m: -m.start()):
            text = text[: at.start()] + " " + random.choice([random.choice(VALUES), quoted(random)]) + text[at.end() :]
    elif kind == 4:
        text = text[: random.randrange(len(text) + 1)]
    elif kind == 5:
        lines = text.splitlines(keepends=True)
        at = random.randrange(len(lines))
        lines[at : at + random.choice([1, 3])] *= random.choice([2, 2, 50, 3000])
        text = "".join(lines)
    elif kind == 6:
        text = re.sub(r"^[\w.]+(?= =)", lambda m: random.choice([m[0], m[0] + "x", "x.y", m[0]]), text, flags=re.M)
    elif kind == 7:
        lines = text.splitlines(keepends=True)
        random.shuffle(lines)
        text = "".join(lines)
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(random.choice([1, 3, 30]) if kind == 8 and data else 0):
        at = random.randrange(len(data))
        data[at : at + random.randrange(3)] = bytes(random.choices(range(256), k=random.randrange(3)))
        data = data or bytearray(b"x")
    return bytes(data)


def filed(random: Random) -> Input:
    """A command that reads a spoilt file."""
    kind = random.choice([*KINDS, "entries", "forms"])
    text, arguments = KINDS[kind](random)
    if kind == "an exporter":
        name = arguments[1]
        template = next((ROOT / "exporters" / name).glob("*.jinja"))
        files = ((f"E/{name}/exporter.toml", spoilt(random, text)), (f"E/{name}/{template.name}", template.read_bytes()))
        return Input("spoilt files", kind, tuple(arguments), files)
    arguments = ["F.toml" if argument == "F" and kind != "forms" else argument for argument in arguments]
    name = "F" if kind == "forms" else "F.toml"
    return Input("spoilt files", kind, tuple(arguments), ((name, spoilt(random, text)),))


PIECES = (
    "{{ 'a'|center(4000000000) }}", "{{ '%1000000000d' % 1 }}", "{{ 9**9**9 }}", "{{ [0] * 10**9 }}", "{{ 'x' * 10**10 }}",
    "{% for i in range(10**9) %}x{% endfor %}", "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}",
    "{% set x = 'ab' %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ ''.__class__.__mro__ }}", "{{ self }}", "{% include 'costs.py.jinja' %}", "{% include '../../x' %}", "{{ 1/0 }}",
    "{% extends 'exporter.toml' %}", "{{ forms[0].__init__.__globals__ }}", "{{ x.y.z }}", "{{ forms | map('upper') }}",
    "{% set x = [1] %}{% for i in x %}{{ x.append(1) }}{% endfor %}", "{{ '{:1000000000}'.format(1) }}", "{{ (1,2)|sum }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "{{ " + "-" * 900 + "1 }}", "{% if" + " not" * 3000 + " 1 %}{% endif %}",
    "{{ range(100000)|join('x' * 10000) }}", "{{ 'a'|indent(10**9) }}", "{{ 'aaa'|replace('a', 'b' * 10**8) }}", "{{", "{% for %}",
    "{{ forms|tojson(indent=10**9) }}", "{{ ('x' * 100000)|wordwrap(1) }}", "{{ lipsum(n=10**6) }}", "{{ 'a'.encode('x') }}",
    "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "{{ 2.0 ** 5000 }}",
    "{{ forms[0] }}", "{{ undefined }}", "{% raw %}", "\ud800", "{{ 'x'|batch(10**9, 0)|list }}", "{{ [1, 'a']|sort }}",
    "{{ range(10**5)|random }}", "{{ 10**4000 }}", "{{ (10**4000)|string|length }}", "{{ 1e308 * 10 }}", "{{ 5|round(10**9) }}",
    "{{ 'x'|format(1, 2) }}", "{{ '%s %s'|format(1) }}", "{{ forms|groupby('x') }}", "{{ 'a'|urlize(10**9) }}", "{{ {}['x'] }}",
    "{% for a in [[]] recursive %}{{ loop([a]) }}{% endfor %}", "{{ 1 << 10**9 }}", "{{ 'a'.join([1]) }}", "{{ -'a' }}",
)  # fmt: skip


def templated(random: Random) -> Input:
    """A template of one's own that loops, doubles, or reaches for what it must not have."""
    name = random.choice(["python", "c", "rust", "markdown"])
    folder = ROOT / "exporters" / name
    template = next(folder.glob("*.jinja"))
    text = template.read_text("utf-8")
    pieces = "\n".join(random.choices(PIECES, k=random.choice([1, 1, 2])))
    if random.random() < 0.2:
        content = spoilt(random, text)
    else:
        content = (pieces if random.random() < 0.7 else text + pieces).encode("utf-8", "surrogatepass")
    files = ((f"E/{name}/exporter.toml", (folder / "exporter.toml").read_bytes()), (f"E/{name}/{template.name}", content))
    return Input("templates", name, ("export", name, "--exporters", "E"), files)


READS: tuple[tuple[str, ...], ...] = (
    ("estimate", "--model", "F", "--hardware", "a10"), ("estimate", "--hardware", "F"), ("check", "F"), ("check", "./F"),
    ("export", "c", "--from", "F"), ("cheatsheet", "--notation", "F"), ("export", "python", "--exporters", "F"),
    ("solve", "states <= hbm", "--for", "B", "--model", "F"), ("cheatsheet", "--exporters", "F"),
)  # fmt: skip
WRITES: tuple[tuple[str, ...], ...] = (
    ("derive", "params", "-o", "F"), ("graph", "-o", "F", "--force"), ("export", "c", "-o", "F", "--force"),
    ("cheatsheet", "-o", "F"), ("check", "brown-2020-flops", "-o", "F", "--force"), ("derive", "params", "-o", "F", "--force"),
    ("estimate", *SIZED, "--hardware", "a10", "--plot", "F", "--force"), ("solve", "cache == states", "--for", "B", "-o", "F"),
)  # fmt: skip
DEVICES = ("/dev/zero", "/dev/full", "/dev/null", "/dev/stdin", "/proc/self/mem", "/proc/self/environ", "/dev/random", "/dev/tty")
NAMES = ("", ".", "..", "x" * 300, "x/" * 3000 + "x", "\ud800", "~", "a\nb", "no/such/F", "F/", "-", "--", "*.toml", "é.toml")


def at_odd_paths(random: Random) -> Input:
    """A command that reads or writes what is no regular file."""
    writes = random.random() < 0.5
    arguments = random.choice(WRITES if writes else READS)
    kind = random.choice([*MADE, "device", "name", "file"])
    files: tuple[tuple[str, bytes | str], ...] = ()
    name = random.choice(["F", "F.toml", "F.svg", "F.json", "F.pdf", "F.txt"])
    if kind == "device":
        name = random.choice(DEVICES[1:3] if writes else DEVICES)
    elif kind == "name":
        name = random.choice(NAMES)
    elif kind == "file":
        files = ((name, random.choice([b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"[" * 10**6, b"a" * 2**19, b"=\n" * 999])),)
    else:
        files = ((name, kind),)
    return Input("odd paths", " ".join(arguments[:1]), tuple(name if a in ("F", "./F") else a for a in arguments), files)


# --- all of it --------------------------------------------------------------------------------------------------------

MAKERS: dict[Callable[[Random], Input], int] = {typed: 60, mutated: 12, filed: 18, templated: 5, at_odd_paths: 5}


def inputs(count: int, seed: int) -> Iterator[Input]:
    """So many hostile inputs."""
    random = Random(seed)
    for _ in range(count):
        (make,) = random.choices(list(MAKERS), list(MAKERS.values()))
        yield make(random)
