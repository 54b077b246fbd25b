"""Two families of errors: what the user got wrong, and what costgraph got wrong.

A `UserError` is meant to be read by the person who erred: it is printed as it is, without a traceback, and ends the
command with exit code 2. A `BugError` says that costgraph broke one of its own promises, and ends it with 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

ROOM = 150  # characters of names that a message lists
# Of what `costgraph list` has more to say -> how it is called there.
LISTED = {
    "symbol": "symbols", "symbol or measure": "symbols", "measure": "measures", "convention": "conventions",
    "model": "models", "hardware": "hardware", "op set": "op-sets", "pass": "passes", "precision": "precisions",
}  # fmt: skip


class CostgraphError(Exception):
    """Root of everything costgraph raises on purpose."""


class Heard:
    """Where messages are read: at a shell, which has flags, or in Python, which has keywords."""

    at_shell = False
    flags = frozenset[str]()  # those of the command that runs there


def heard(text: str) -> str:
    """A message in the words of where it is read."""
    if Heard.at_shell or "--" not in text:
        return text
    from costgraph.wording import in_python  # at a shell nobody needs it

    return in_python(text)


class UserError(CostgraphError, ValueError):
    """The input cannot be used; the message names the place, the reason and the choices."""

    def __str__(self) -> str:
        return heard(super().__str__())


OF = {"Graph": "op_set"}  # keywords that take them


class OpenStages(UserError):
    """How many stages there are is open, and the layers are such that no number divides them."""


class BugError(CostgraphError):
    """An invariant of costgraph itself does not hold."""


def unknown(what: str, name: object, choices: Iterable[str]) -> UserError:
    """An error for a name that is not in a table: the nearest names, how it is written here, or what there is."""
    import difflib
    from importlib import import_module

    from costgraph.aliases import meant, meant_as  # only where something is wrong

    name, known = str(name), list(choices)
    lowered = {choice.lower(): choice for choice in known}
    near = [lowered[n] for n in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.5)]
    near = (holding(name, known)[:4] if what == "model" else []) or near
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.75)
    if remedy := meant_as(what, name):
        advice = f"write {remedy}"
    elif other := import_module("costgraph.misplaced").instead(what, name):
        advice = other
    elif not close and not what.startswith("choice") and (remedy := meant(name)):
        advice = f"write {remedy}"
    elif near:
        advice = f"did you mean {' or '.join(near)}?"
    else:
        advice = f"choose from {as_many_as_fit(known)}"
        if what in LISTED and advice.endswith(" more"):
            advice += f" (costgraph list {LISTED[what]})" if Heard.at_shell else f" (cg.known('{LISTED[what]}'))"
    return UserError(f"unknown {what} '{shorten(name)}': {advice}")


def as_many_as_fit(texts: Sequence[str], between: str = ", ", room: int = ROOM) -> str:
    """Several texts, and how many more there are than a message has room for; one at least."""
    ends = accumulate(len(one) + len(between) for one in texts)
    fit = max(1, sum(end - len(between) <= room for end in ends))
    more = f"{between.replace(',', '')}and {len(texts) - fit} more" if len(texts) > fit else ""
    return between.join(texts[:fit]) + more


def no_attribute(kind: str, name: str) -> AttributeError:
    """An error for an attribute that there is not; what a function of the library gives is asked of that."""
    from importlib import import_module

    public = {} if name.startswith("_") else vars(import_module("costgraph"))
    asked = (
        f"cg.{name}({kind.lower()})"
        if name != "derive"
        else f'cg.derive("flops", {OF.get(kind, "model")}={kind.lower()})'
    )
    remedy = f"; write {asked}" if name in public.get("__all__", ()) else ""
    return AttributeError(f"{kind!r} object has no attribute {name!r}{remedy}")


def holding(name: str, known: Iterable[str]) -> list[str]:
    """The names that begin with a part of one, or else hold it, however punctuated: `llama3` begins `llama-3-8b`."""
    part = "".join(filter(str.isalnum, name.lower()))
    squeezed = {one: "".join(filter(str.isalnum, one.lower())) for one in known} if len(part) > 1 else {}
    begun = [one for one, text in squeezed.items() if text.startswith(part)]
    return begun or [one for one, text in squeezed.items() if part in text]


def need_text(given: object, example: str) -> None:
    """Raise for an object that is no text, where text such as an example is read."""
    if not isinstance(given, str):
        raise UserError(f"{shorten(repr(given))} is no text; write text such as '{example}'")


def each_text(given: Any, example: str) -> list[str]:
    """Text, or several texts, one by one.

    Raises:
        UserError: anything else.
    """
    several = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    for one in several:
        need_text(one, example)
    return several


def shorten(text: str, width: int = 60) -> str:
    """`text` on one line and at most `width` characters long, for use inside a message."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."


def one_line(text: str, width: int) -> str:
    """`text` for a terminal: shortened, and with what cannot be printed, or would steer a terminal, written out."""
    line = shorten(text, width)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
