"""Who looks at the pieces of a search or a sweep: this process, one after the other, or whoever `Run` is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from costgraph.errors import UserError, unknown

ENGINES = ("plain", "dask")

Piece = TypeVar("Piece")
Part = TypeVar("Part")


class Run(Protocol):
    """Calls a function with each piece and gives what that returns, in the order of the pieces."""

    def __call__(self, look: Callable[[Piece], Part], pieces: Iterable[Piece], /) -> Iterator[Part]:
        """The parts; pieces are taken as there is room for them."""


def plain(look: Callable[[Piece], Part], pieces: Iterable[Piece], /) -> Iterator[Part]:
    """One after the other, here."""
    return map(look, pieces)


@contextmanager
def engine(name: str, scheduler: str | None = None) -> Iterator[Run]:
    """Who looks at pieces, by name.

    Args:
        name: `plain`, or `dask`.
        scheduler: of a Dask cluster that is there; without one processes of this machine work.

    Raises:
        UserError: there is no such engine, Dask is missing, or nothing answers at the address.
    """
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    if name == "plain":
        if scheduler is not None:
            raise UserError(f"--scheduler {scheduler}: only --engine dask has one")
        yield plain
        return
    from costgraph.searching.on_dask import on_dask

    with on_dask(scheduler) as run:
        yield run
