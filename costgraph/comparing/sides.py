"""What stands on either side of a comparison: one word, or options of a setup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costgraph.algebra.bindings import split_list
from costgraph.conventions.known import PRESETS
from costgraph.errors import UserError, need_text, shorten, unknown
from costgraph.given import Options
from costgraph.graph.graph import Graph
from costgraph.models.known import known
from costgraph.models.model import Model
from costgraph.op_sets import OP_SETS
from costgraph.passes import PASSES, PHASES
from costgraph.precision import PRECISIONS
from costgraph.records import dataclass
from costgraph.setup import Setup

# What one word may be, the first that has it: `decode` is a phase and a pass.
WORDS: dict[str, tuple[str, ...]] = {
    "convention": tuple(PRESETS),
    "precision": tuple(PRECISIONS),
    "phase": tuple(PHASES),
    "passes": tuple(PASSES),
    "attention": ("eager", "flash"),
    "op_set": tuple(OP_SETS),
}
EXAMPLE = "'mesh=data(8, zero=1); attention=flash'"


Given = str | Mapping[str, Any] | Model | Graph


@dataclass(frozen=True)
class Side:
    """One of two: what was typed, and the setup that it is."""

    text: str
    setup: Setup


def read_side(given: Given, common: Mapping[str, Any]) -> Side:
    """A side as text, as options, or as what is measured.

    Args:
        given: a word such as `torch`, `llama-2-7b` or `decode`, or options such as `mesh=data(8); attention=flash`.
        common: options of both sides; those of a side go before them.

    Raises:
        UserError: it is no name of anything, or an option that there is not.
    """
    if isinstance(given, Model):
        given = {"model": given}
    elif isinstance(given, Graph):
        given = {"op_set": given}
    if isinstance(given, Mapping):
        options = dict(given)
        text = "; ".join(shown(name, value) for name, value in options.items()) or "as it is"
    else:
        need_text(given, "torch")
        text = " ".join(given.split()) or "as it is"
        options = options_of(given)
    both = {**common, **options}
    if "limit" in common and "limit" in options:
        own = listed(options["limit"])
        given_here = {name_of(one) for one in own}
        both["limit"] = [one for one in listed(common["limit"]) if name_of(one) not in given_here] + own
    return Side(shorten(text, 60), Setup.of(**both))


def shown(name: str, value: Any) -> str:
    """An option of a side as one would type it; a model or a graph is known by its name."""
    return value.name if isinstance(value, Model | Graph) else f"{name}={value!s}"


def listed(limit: Any) -> list[str]:
    """Sizes as a list of text."""
    if isinstance(limit, Mapping):
        return [f"{name}={value!s}" for name, value in limit.items()]
    texts = [limit] if isinstance(limit, str) else list(limit)
    return [one for text in texts for one in split_list(text)]


def name_of(size: str) -> str:
    """The symbol of `S=8` or `S->oo`."""
    return size.partition("=")[0].partition("->")[0].strip()


def options_of(text: str) -> dict[str, str]:
    """The options that a text means."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, value = pair(part)
        if name in found:
            raise UserError(f"{shorten(text)}: {name} is given twice")
        found[name] = value
    return found


def pair(part: str) -> tuple[str, str]:
    """`mesh=data(8)` as it is; a word with what it is one of."""
    head = part.partition("(")[0].strip()
    name, mark, value = part.partition("=")
    name = name.strip().replace("-", "_")  # as on the command line
    name = "passes" if name == "pass" else name
    if mark and "(" not in name:
        if name not in Options.__annotations__:
            raise unknown("option", name, Options.__annotations__)
        if not value.strip():
            raise UserError(f"{name} is empty; give it a value, as in {EXAMPLE}")
        return name, value.strip()
    for option, words in WORDS.items():
        if head in words:
            return option, part
    if head.lower() in known() or is_file_or_hub(head):
        return "model", part
    choices = [*(word for words in WORDS.values() for word in words), *known()]
    raise UserError(f"{unknown('model, convention, phase, pass, precision or op set', head, choices)}, or {EXAMPLE}")


def is_file_or_hub(name: str) -> bool:
    """Whether it is a path, or a name such as `a/b`."""
    return "/" in name or name.endswith((".json", ".toml"))
