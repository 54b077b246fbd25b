"""Names in the wrong place, such as a model where a measure is wanted: what they are, and how that is written."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from costgraph.errors import Heard
from costgraph.known_names import known

# Kinds of names -> what one of them is, and how it is written; of two kinds with one name the first counts.
KINDS: dict[str, tuple[str, str]] = {
    "models": ("a model", "--model {}"),
    "machines": ("a machine", "--hardware {}"),
    "phases": ("a phase", "--phase {}"),
    "measures": ("a measure", "--measure {}"),
    "op_sets": ("an op set", "--op-set {}"),
    "passes": ("a pass", "--pass {}"),
    "conventions": ("a convention", "--convention {}"),
    "precisions": ("a precision", "--precision {}"),
    "notations": ("a notation", "--notation {}"),
}
OTHERWISE = {"--hardware": ("--cluster", ""), "--measure": ("--measures", "")}  # options that take the same elsewhere
TAKEN_BY = {"machines": "costgraph estimate MODEL {}", "measures": "costgraph derive {}"}  # where nothing else does
SIZE = "write --limit {}"
# What is wanted -> the kinds that it may be itself.
WANTED = {
    "measure": ("measures",), "symbol or measure": ("measures",), "model": ("models",), "hardware": ("machines",),
    "phase": ("phases",), "op set": ("op_sets",), "pass": ("passes",), "axis": ("passes",), "target": (), "entry": (),
    "convention": ("conventions",), "kind of thing to list": (),
}  # fmt: skip


@cache
def kinds() -> dict[str, str]:
    """Every known name, and its kind."""
    return {name: kind for kind in reversed(KINDS) for name in known(kind)}


def instead(wanted: str, name: str) -> str:
    """What a name is that is none of what is wanted, and how it is written; "" where nobody knows it."""
    if wanted not in WANTED:
        return ""
    found = kind_of(name)
    if not found or found in WANTED[wanted]:
        return ""
    what, written = KINDS[found]
    return f"it is {what}; write {spelled(found, written, name)}"


def spelled(kind: str, written: str, name: str) -> str:
    """How a name of a kind is written: to the command that runs, if that takes one, else to one that does."""
    flag = written.partition(" ")[0]
    there = next((one for one in (flag, *OTHERWISE.get(flag, ())) if one in Heard.flags), "")
    if kind == "machines":
        name = " or ".join(several(name)[:3])
    if Heard.at_shell and Heard.flags and not there and kind in TAKEN_BY:
        return TAKEN_BY[kind].format(name)
    return written.replace(flag, there or flag, 1).format(name)


def several(name: str) -> list[str]:
    """The machines that a name stands for: itself, or all that begin so, as with `h100`."""
    return [one for one in known("machines") if one.startswith(f"{name.lower()}-")] or [name]


def kind_of(name: str) -> str:
    """The kind of a known name, in whatever case, or of a call such as `decoder(head=True)`; "" for any other."""
    bare = name.strip().partition("(")[0].partition(":")[0]
    if bare and any(one.startswith(f"{bare}-") for one in known("machines")):
        return "machines"  # one of several, as with h100
    return kinds().get(bare) or kinds().get(bare.lower(), "")


def placed(word: str, options: Iterable[str]) -> str:
    """How a word is written that stands where a command takes none; "" where nobody knows it.

    Args:
        word: as it was typed.
        options: those of the command.
    """
    if (found := kind_of(word)) == "":
        sized = "=" in word and "--limit" in options
        return f"{SIZE.format(word)}" if sized else ""
    what, written = KINDS[found]
    flag = written.partition(" ")[0]
    there = next((one for one in (flag, *OTHERWISE.get(flag, ())) if one in options), "")
    return f"{word} is {what}: write {there} {word}" if there else f"{word} is {what}, which is not asked for here"
