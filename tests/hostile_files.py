"""Commands that read hostile files: valid ones that are spoilt, templates that loop or double, and what is no file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from hostile_input import MADE, ROOT, Input
from hostile_texts import FAMILIES

SIZED = ["--limit", "B=2,S=128,E=4,p=2,L=2,D=64,A=4,V=100,K=256"]


@cache
def texts(pattern: str) -> list[str]:
    """Files of the repository."""
    return [path.read_text("utf-8") for path in sorted(ROOT.glob(pattern))]


def a_model(random: Random) -> tuple[str, list[str]]:
    text = random.choice(texts("costgraph/models/known/*.toml"))
    return text, random.choice([["estimate", "--model", "F", "--hardware", "a10", "--limit", "B=1,S=64"],
                                ["solve", "states <= hbm", "--for", "T", "--pass", "tensor_parallel(T)", "--model",
                                "F"]])  # fmt: skip


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
    return random.choice(documents()), [
        "export",
        random.choice(["c", "python", "json", "sql", "rust", "excel"]),
        "--from",
        "F",
    ]


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
    "a model": a_model, "a machine": a_machine, "entries": entries, "a notation": a_notation,
    "an exporter": an_exporter,
    "forms": forms,
}  # fmt: skip
VALUES = (
    "1", "-1", "0", "0.5", "1e999", "nan", "inf", "true", "[]", "{}", "[[[]]]", '""', '"x"', "1979-05-27", "07:32:00",
    "{ a = 1 }", '["a", "b"]', "9223372036854775808", "1" + "0" * 5000, '"\\ud800"', '"\\u0000"', "'''x'''",
    "[" * 5000, "=",
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
        for found in sorted(
            random.sample(values, min(len(values), random.choice([1, 1, 2]))), key=lambda m: -m.start()
        ):
            text = (
                text[: found.start()]
                + " "
                + random.choice([random.choice(VALUES), quoted(random)])
                + text[found.end() :]
            )
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
        templates = (ROOT / "exporters" / name).glob("*.jinja")  # plain text has none
        files = (
            (f"E/{name}/exporter.toml", spoilt(random, text)),
            *((f"E/{name}/{template.name}", template.read_bytes()) for template in templates),
        )
        return Input("spoilt files", kind, tuple(arguments), files)
    arguments = ["F.toml" if argument == "F" and kind != "forms" else argument for argument in arguments]
    name = "F" if kind == "forms" else "F.toml"
    return Input("spoilt files", kind, tuple(arguments), ((name, spoilt(random, text)),))


PIECES = (
    "{{ 'a'|center(4000000000) }}", "{{ '%1000000000d' % 1 }}", "{{ 9**9**9 }}", "{{ [0] * 10**9 }}",
    "{{ 'x' * 10**10 }}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}",
    "{% set x = 'ab' %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ ''.__class__.__mro__ }}", "{{ self }}", "{% include 'costs.py.jinja' %}", "{% include '../../x' %}",
    "{{ 1/0 }}",
    "{% extends 'exporter.toml' %}", "{{ forms[0].__init__.__globals__ }}", "{{ x.y.z }}", "{{ forms | map('upper') }}",
    "{% set x = [1] %}{% for i in x %}{{ x.append(1) }}{% endfor %}", "{{ '{:1000000000}'.format(1) }}",
    "{{ (1,2)|sum }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "{{ " + "-" * 900 + "1 }}",
    "{% if" + " not" * 3000 + " 1 %}{% endif %}",
    "{{ range(100000)|join('x' * 10000) }}", "{{ 'a'|indent(10**9) }}", "{{ 'aaa'|replace('a', 'b' * 10**8) }}", "{{",
    "{% for %}",
    "{{ forms|tojson(indent=10**9) }}", "{{ ('x' * 100000)|wordwrap(1) }}", "{{ lipsum(n=10**6) }}",
    "{{ 'a'.encode('x') }}",
    "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{{ 2.0 ** 5000 }}",
    "{{ forms[0] }}", "{{ undefined }}", "{% raw %}", "\ud800", "{{ 'x'|batch(10**9, 0)|list }}", "{{ [1, 'a']|sort }}",
    "{{ range(10**5)|random }}", "{{ 10**4000 }}", "{{ (10**4000)|string|length }}", "{{ 1e308 * 10 }}",
    "{{ 5|round(10**9) }}",
    "{{ 'x'|format(1, 2) }}", "{{ '%s %s'|format(1) }}", "{{ forms|groupby('x') }}", "{{ 'a'|urlize(10**9) }}",
    "{{ {}['x'] }}",
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
    files = (
        (f"E/{name}/exporter.toml", (folder / "exporter.toml").read_bytes()),
        (f"E/{name}/{template.name}", content),
    )
    return Input("templates", name, ("export", name, "--exporters", "E"), files)


READS: tuple[tuple[str, ...], ...] = (
    ("estimate", "--model", "F", "--hardware", "a10"), ("estimate", "--hardware", "F"), ("check", "F"), ("check",
    "./F"),
    ("export", "c", "--from", "F"), ("cheatsheet", "--notation", "F"), ("export", "python", "--exporters", "F"),
    ("solve", "states <= hbm", "--for", "B", "--model", "F"), ("cheatsheet", "--exporters", "F"),
)  # fmt: skip
WRITES: tuple[tuple[str, ...], ...] = (
    ("derive", "params", "-o", "F"), ("graph", "-o", "F", "--force"), ("export", "c", "-o", "F", "--force"),
    ("cheatsheet", "-o", "F"), ("check", "brown-2020-flops", "-o", "F", "--force"), ("derive", "params", "-o", "F",
    "--force"),
    ("estimate", *SIZED, "--hardware", "a10", "--plot", "F", "--force"), ("solve", "cache == states", "--for", "B",
    "-o", "F"),
)  # fmt: skip
DEVICES = (
    "/dev/zero",
    "/dev/full",
    "/dev/null",
    "/dev/stdin",
    "/proc/self/mem",
    "/proc/self/environ",
    "/dev/random",
    "/dev/tty",
)
NAMES = (
    "",
    ".",
    "..",
    "x" * 300,
    "x/" * 3000 + "x",
    "\ud800",
    "~",
    "a\nb",
    "no/such/F",
    "F/",
    "-",
    "--",
    "*.toml",
    "é.toml",
)


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
        files = (
            (name, random.choice([b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"[" * 10**6, b"a" * 2**19, b"=\n" * 999])),
        )
    else:
        files = ((name, kind),)
    return Input(
        "odd paths", " ".join(arguments[:1]), tuple(name if a in ("F", "./F") else a for a in arguments), files
    )
