"""The words that options and arguments take, for shells to complete: a row for each, read from where they are known.

Only a shell that asks needs them, so that they are given to a command just then, and imported when they are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import fields
from functools import wraps
from importlib import import_module
from inspect import signature
from typing import Annotated, Any, get_args

import typer

from costgraph.cli.arguments import Asked
from costgraph.errors import UserError
from costgraph.known_names import known

Words = Callable[[typer.Context], Iterable[str]]


def of_kind(*kinds: str, behind: str = "") -> Words:
    """Names of kinds of things; `behind` stands behind each."""
    return lambda _: [f"{name}{behind}" for kind in kinds for name in known(kind)]


def of(module: str, *names: str, behind: str = "") -> Words:
    """The names in tables of a module of the package."""

    def found(_: typer.Context) -> list[str]:
        place = import_module(f"costgraph.{module}")
        return [f"{word}{behind}" for name in names for word in table(getattr(place, name))]

    return found


def table(found: Any) -> Iterable[str]:
    """The words of a table, of a choice of literals, or of what a function gives."""
    return get_args(found) or (found() if callable(found) else found)


def both(*all_of_them: Words) -> Words:
    """Words of several places, each once."""
    return lambda context: dict.fromkeys(word for words in all_of_them for word in words(context))


def topics(_: typer.Context) -> Iterable[str]:
    """What entries are about."""
    from costgraph.library.entries.finding import topics_of
    from costgraph.library.entries.reading import library

    return sorted({topic for entry in library() for topic in topics_of(entry)})


def entries(_: typer.Context) -> Iterable[str]:
    """Ids of entries."""
    from costgraph.library.entries.reading import library

    return (entry.id for entry in library())


def outcomes(_: typer.Context) -> Iterable[str]:
    """Outcomes and what they rest on, in words without spaces."""
    found = of("library.judging.judge", "OUTCOMES")(_), of("library.judging.judged_by", "JUDGED")(_)
    return dict.fromkeys(word.replace(" ", "-") for words in found for word in words)


def links(_: typer.Context) -> Iterable[str]:
    """Links of any machine."""
    from costgraph.hardware.catalog import machine

    return sorted({link for name in known("machines") for link in machine(name).links})


def measurements(_: typer.Context) -> Iterable[str]:
    """What may have been measured, in any phase."""
    from costgraph.estimation.reading import MEASURED

    return dict.fromkeys(f"{name}=" for names in MEASURED.values() for name in names)


def shown_in_full(context: typer.Context) -> Iterable[str]:
    """What can be listed one by one of the kind that was typed."""
    kinds = {"hardware": "machines", "models": "models", "schemas": "schemas"}
    return known(kinds[kind]) if (kind := context.params.get("kind")) in kinds else ()


def sides(_: typer.Context) -> Iterable[str]:
    """What one may compare by its name."""
    from costgraph.comparing.sides import WORDS

    return dict.fromkeys((*known("models"), *(word for words in WORDS.values() for word in words)))


def ops(context: typer.Context) -> Iterable[str]:
    """Ops of the graph that is asked for so far."""
    typed = {one.name: context.params.get(one.name) for one in fields(Asked)}
    try:
        return [op.name for op in Asked(**typed).setup().graph.ops]
    except UserError:
        return ()


DTYPE, SYMBOLS, MEASURES = of("precision", "ITEMSIZE"), of_kind("symbols"), of_kind("measures")
ENGINES = of("searching.engines", "ENGINES")
PHASES = of("estimation.reading", "ESTIMATED_PHASES")
LIMITED = of("searching.sweep_reading", "KNOWN")
IN_DOCUMENTS = of("exporting.documents.notation", "builtin")
# By the names of parameters.
OFFERED: dict[str, Words] = {
    "model": of_kind("models"),
    "named": both(of_kind("models"), of_kind("machines")),
    "op_set": of_kind("op_sets"),
    "phase": of_kind("phases"),
    "passes": of_kind("passes"),
    "mesh": of_kind("axes"),
    "limit": of_kind("symbols", behind="="),
    "symbolic": SYMBOLS,
    "convention": of_kind("conventions"),
    "precision": of_kind("precisions"),
    "attention": of("given", "Attention"),
    "weights": DTYPE,
    "cache_dtype": DTYPE,
    "dtype": DTYPE,
    "notation": of_kind("notations"),
    "measure": MEASURES,
    "measures": MEASURES,
    "ops": ops,
    "per": of("measures.per", "PER"),
    "form": both(of("algebra.shapes", "SHAPES"), SYMBOLS),
    "hardware": of_kind("machines"),
    "cluster": of_kind("machines", behind=":"),
    "place": of_kind("machines"),
    "link": links,
    "collectives": of("timing.network", "Algorithm"),
    "efficiency": of("timing.roofline", "EFFICIENCIES", behind="="),
    "overlap": of_kind("axes", behind="="),
    "measured": measurements,
    "for_": SYMBOLS,
    "where": LIMITED,
    "minimize": of("searching.reading", "GOALS"),
    "engine": ENGINES,
    "symbols_as": of("exporting.targets", "SYMBOLS_AS"),
    "dialect": of("exporting.code.dialects", "dialects"),
    "target": of("exporting.targets", "available"),
    "outcome": outcomes,
    "what": entries,
    "id_": entries,
    "source": of("library.entries.reading", "sources"),
    "topic": topics,
    "symbol": SYMBOLS,
    "kind": of("reports.listing", "KINDS"),
    "name": shown_in_full,
    "shell": of("cli.completion", "SHELLS"),
}
# Where a parameter of that name means something else to a command.
OF_COMMAND: dict[tuple[str, str], Words] = {
    ("estimate", "phase"): PHASES,
    ("fits", "phase"): PHASES,
    ("sweep", "phase"): PHASES,
    ("search", "phase"): of("searching.reading", "PHASES"),
    ("explore", "phase"): of("exploring.scenarios", "MEASURED"),
    ("estimate", "picture"): of("pictures", "KINDS"),
    ("sweep", "picture"): of("pictures", "SWEPT"),
    ("sweep", "measures"): LIMITED,
    ("sweep", "pareto"): LIMITED,
    ("sweep", "over"): both(of("searching.sweep_reading", "CHOICES", behind="="), of_kind("symbols", behind="=")),
    ("search", "over"): both(
        of("searching.structure", "DEGREES", behind="="), of("searching.space_reading", "CHOICES", behind="=")
    ),
    ("compare", "a"): sides,
    ("compare", "b"): sides,
    ("reconcile", "per"): of("library.readings.of_flops", "PERS"),
    ("audit", "per"): of("library.readings.of_flops", "PERS"),
    ("cheatsheet", "notation"): IN_DOCUMENTS,
    ("export", "notation"): IN_DOCUMENTS,
    ("cheatsheet", "engine"): of("exporting.documents.typeset", "ENGINES"),
    ("formulas list", "source"): both(of("library.entries.reading", "sources"), lambda _: ["all"]),
}


def completing(command: str, found: Any) -> Any:
    """A command, or a group of them, whose parameters know the words that they take."""
    if not isinstance(found, typer.Typer):
        return informed_of(command, found)
    group = typer.Typer(cls=found.info.cls)
    group.registered_callback = found.registered_callback
    for one in map(copy, found.registered_commands):
        if one.callback is not None:
            name = one.name or one.callback.__name__
            one.callback = informed_of(f"{command} {name}", one.callback)
        group.registered_commands.append(one)
    return group


def informed_of(command: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose parameters know the words that they take."""

    @wraps(function)
    def run(**values: Any) -> Any:
        return function(**values)

    own = signature(function, eval_str=True)
    run.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[
            one.replace(annotation=informed(one.annotation, words))
            if (words := OF_COMMAND.get((command, one.name)) or OFFERED.get(one.name))
            else one
            for one in own.parameters.values()
        ]
    )
    return run


def informed(annotation: Any, words: Words) -> Any:
    """A parameter that completes words; of a list with commas the last one."""

    def found(context: typer.Context, incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        typed = last.lstrip()
        start = before + comma + " " * (len(last) - len(typed))
        more = (word for word in words(context) if word.startswith(typed) and not (word == typed and word[-1] in "=:"))
        return [start + word for word in more]

    option = copy(annotation.__metadata__[0])
    option.autocompletion = found
    return Annotated[annotation.__origin__, option]
