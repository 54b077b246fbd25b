"""The options that several commands share, each with its text.

Annotations are values here and in the commands: as text, each would be compiled when typer reads it.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_type_hints

import typer

from costgraph.errors import UserError, shorten

if TYPE_CHECKING:
    from costgraph.given import Options
    from costgraph.setup import Setup

When = Annotated[str | None, typer.Option(help="A regime, 'S << D' or S:much-less:D: keep the leading term.")]
Per = Annotated[str | None, typer.Option(help="token, sequence or layer, instead of a step.")]
Whole = Annotated[bool, typer.Option("--whole", help="Of all devices of the mesh, instead of one.")]
Ops = Annotated[
    list[str] | None, typer.Option("--ops", help="Of ops with these names alone: 'attn.*, mlp.up'. Repeatable.")
]
Form = Annotated[str, typer.Option(help="expanded, factored, leading, auto, or a symbol to collect by.")]
Json = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
Engine = Annotated[str, typer.Option(help="Who looks: plain, this process, or dask, a cluster of processes.")]
Scheduler = Annotated[
    str | None, typer.Option(help="Of a Dask cluster, 'tcp://host:8786'.  [default: processes of this machine]")
]
Words = Annotated[
    list[str] | None, typer.Argument(metavar="MODEL MACHINE", help="For --model, and --hardware or --cluster.")
]
Word = Annotated[list[str] | None, typer.Argument(metavar="MODEL", help="For --model.")]
Plot = Annotated[Path | None, typer.Option(help="Draw it into this SVG, PNG or PDF file as well.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options that make a setup, as they were typed; None where one was not."""

    model: Annotated[
        str | None,
        typer.Option(help="A named size (see `costgraph list models`), or a file of sizes, to put in."),
    ] = None
    op_set: Annotated[
        str | None,
        typer.Option(help="The graph, with options: 'decoder(head=True)'.  [default: that of the model, else decoder]"),
    ] = None
    phase: Annotated[str | None, typer.Option(help="train, forward, prefill or decode.  [default: train]")] = None
    passes: Annotated[
        list[str] | None,
        typer.Option("--pass", help="A rewrite such as flash_attention or 'recompute(full)'; repeatable."),
    ] = None
    mesh: Annotated[
        str | None,
        typer.Option(help="Axes of devices, outermost first: 'data(N_d, zero=1), tensor(T, sequence=True)'."),
    ] = None
    limit: Annotated[
        list[str] | None,
        typer.Option(help="Values to put in, exactly: 'E=4,p=2'; a true limit: T=oo. Repeatable."),
    ] = None
    symbolic: Annotated[
        list[str] | None, typer.Option(help="Sizes of the model that stay symbols: 'D,L'. Repeatable.")
    ] = None
    convention: Annotated[
        str | None,
        typer.Option(
            help="What is counted: notes, exact, palm, ... (see `costgraph list conventions`), with options as in"
            " 'exact(causal=half)'.  [default: exact with --model, else notes]"
        ),
    ] = None
    precision: Annotated[
        str | None,
        typer.Option(
            help="Training state: a policy (see `costgraph list precisions`), a file, or bytes: 'weights=2,...'."
            "  [default: mixed_adam]"
        ),
    ] = None
    attention: Annotated[
        str | None,
        typer.Option(help="How attention is computed: eager or flash.  [default: flash on a machine, else eager]"),
    ] = None
    weights: Annotated[
        str | None, typer.Option(help="A data type of weights, such as int4, or bytes per element.  [default: p]")
    ] = None
    cache_dtype: Annotated[str | None, typer.Option(help="The same of the cache, such as fp8.  [default: p]")] = None
    let: Annotated[
        list[str] | None,
        typer.Option(help="Letters of your own in what you type: 'batch_size=B, h=D'. Repeatable."),
    ] = None
    notation: Annotated[
        str | None,
        typer.Option(
            help='The letters of a source (see `costgraph list notations`), or a TOML file of letters: h = "D".'
        ),
    ] = None

    @property
    def options(self) -> "Options":
        """Those that were typed, by the names of the library."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return cast("Options", {name: value for name, value in values.items() if value is not None})

    def setup(self, **more: Any) -> "Setup":
        """The setup that they make."""
        from costgraph.setup import Setup

        return Setup.of(**self.options, **more)


NOTHING = Asked()
FLAGS = {
    "op_set": "--op-set",
    "passes": "--pass",
    "cache_dtype": "--cache-dtype",
}  # where an option is not called as its field is


def flag(name: str) -> str:
    """What one types for a field of `Asked`."""
    return FLAGS.get(name, f"--{name}")


def of_setup(without: tuple[str, ...] = (), **texts: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command every option of a setup, in place of its parameter `asked`.

    Args:
        without: those that it does not have.
        texts: what an option means to this command, where that is not what it means to the others.
    """
    options = {
        name: Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=hint)
        for name, hint in hints(texts)
        if name not in without
    }

    def made(typed: dict[str, Any]) -> Asked:
        for name, value in typed.items():
            for text in value if isinstance(value, list) else [value]:
                if text is not None and not text.strip():
                    raise UserError(f"{flag(name)} is empty; give it a value, or leave it out")
        return Asked(**typed)

    return in_place_of("asked", options, made)


def in_place_of(
    one: str, options: dict[str, Parameter], made: Callable[[dict[str, Any]], Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command options in place of one of its parameters, which is made of what was typed."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**values: Any) -> None:
            typed = {name: values.pop(name) for name in options}
            command(**{one: made(typed)}, **values)

        own = signature(command, eval_str=True)
        parameters = [p for p in own.parameters.values() if p.name != one]
        at = list(own.parameters).index(one)
        run.__signature__ = own.replace(  # type: ignore[attr-defined]
            parameters=[
                p.replace(kind=Parameter.KEYWORD_ONLY) for p in (*parameters[:at], *options.values(), *parameters[at:])
            ]
        )
        return run

    return decorated


def is_size(word: str) -> bool:
    """Whether it puts in a size, `B=1`, and is no figure of a machine."""
    from costgraph.given import names_size

    name, sign, _ = word.partition("=")
    return bool(sign) and names_size(name.strip())


def named(command: str, words: list[str] | None, asked: Asked, *places: str | None) -> tuple[Asked, str | None]:
    """A question with the model that stands first on the line, and the machine behind it, if there is one.

    Args:
        command: that is typed.
        words: what stands there.
        asked: the options.
        places: what options say of the machine.

    Raises:
        UserError: a model or a machine is given twice, or more stands there than a model and a machine.
    """
    if not words:
        return asked, None
    from costgraph.misplaced import kind_of  # most questions have options alone

    kinds = {word: "sizes" if is_size(word) else kind_of(word) for word in words}
    if [*kinds.values()][:2] == ["machines", "models"]:
        raise UserError(f"the model stands first: costgraph {command} {words[1]} {words[0]}")
    other = [word for word, kind in kinds.items() if kind not in ("", "models", "machines")]
    rest = [word for word in words if word not in other]
    if more := [*other, *rest[2 if places else 1 :]]:
        takes = "a model and a machine" if places else "a model"
        raise UserError(f"costgraph {command} takes {takes}; {misplaced(more) or f'what is {shorten(more[0])}?'}")
    model, place = (None, rest[0]) if kinds[rest[0]] == "machines" and places else (rest[0], (*rest, None)[1])
    if model and asked.model is not None:
        raise UserError(f"the model is given twice: {model}, and --model {asked.model}")
    if place and (twice := next(filter(None, places), None)):
        raise UserError(f"the machine is given twice: {place}, and {twice}")
    return (asked if model is None else replace(asked, model=model)), place


def hints(texts: dict[str, str]) -> list[tuple[str, Any]]:
    """The fields of `Asked` with their types and options, in order."""
    found = get_type_hints(Asked, include_extras=True)
    listed = []
    for name in (field.name for field in fields(Asked)):
        kind, option = found[name].__origin__, found[name].__metadata__[0]
        if name in texts:
            option = typer.Option(flag(name), help=texts[name])
        listed.append((name, Annotated[kind, option]))
    return listed


def misplaced(words: list[str]) -> str:
    """How models, machines and so on are written that stand where something else is wanted; "" if there are none."""
    from costgraph.misplaced import placed  # only where something is wrong

    found = (
        placed(word, ("--model", "--phase", "--op-set", "--measure", "--convention", "--limit", "--pass"))
        for word in words
    )
    return "; ".join(filter(None, found))
