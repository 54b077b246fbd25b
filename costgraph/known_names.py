"""What there is to choose from, by kind: the names that `model`, `machine`, passes and questions read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from costgraph.errors import need_text, unknown


def known(kind: str) -> tuple[str, ...]:
    """The names of a kind of thing, as they are typed.

    >>> known("precisions")[:2]
    ('mixed_adam', 'mixed_adam_bf16')

    Args:
        kind: one of `KINDS`, such as `models`.

    Raises:
        UserError: there is no such kind.
    """
    need_text(kind, "models")
    if kind not in KINDS:
        from costgraph.aliases import understood  # names of the table need none

        kind = understood("kind of thing", kind.replace("-", "_"))
    if kind not in KINDS:
        raise unknown("kind of thing", kind, KINDS)
    return tuple(KINDS[kind]())


def models() -> Iterable[str]:
    """Models that come with their sizes."""
    from costgraph.models.known import known as named

    return named()


def machines() -> Iterable[str]:
    """Machines of the catalog."""
    from costgraph.hardware.catalog import catalog

    return catalog()


def passes() -> Iterable[str]:
    """Rewrites, in the order in which they are applied."""
    from costgraph.passes import PASSES

    return PASSES


def measures() -> Iterable[str]:
    """What can be derived."""
    from costgraph.measures import MEASURES

    return MEASURES


def symbols() -> Iterable[str]:
    """The letters of forms."""
    from costgraph.algebra.symbols import SYMBOLS

    return SYMBOLS


def conventions() -> Iterable[str]:
    """What is counted."""
    from costgraph.conventions.known import CONVENTIONS

    return CONVENTIONS


def precisions() -> Iterable[str]:
    """What training keeps of a parameter."""
    from costgraph.precision import PRECISIONS

    return PRECISIONS


def op_sets() -> Iterable[str]:
    """Graphs without sizes."""
    from costgraph.op_sets import OP_SETS

    return OP_SETS


def phases() -> Iterable[str]:
    """What a model is asked to do."""
    from costgraph.passes import PHASES

    return PHASES


def axes() -> Iterable[str]:
    """Kinds of axes of a mesh."""
    from costgraph.mesh import AXES

    return AXES


def schemas() -> Iterable[str]:
    """What JSON answers hold."""
    from costgraph.schemas import known as named

    return named()


def notations() -> Iterable[str]:
    """Letters of sources."""
    from costgraph.letters import notations as named

    return named()


KINDS: dict[str, Callable[[], Iterable[str]]] = {
    one.__name__: one
    for one in (
        models, machines, passes, measures, symbols, conventions, precisions, op_sets, phases, axes, notations, schemas,
    )
}  # fmt: skip
