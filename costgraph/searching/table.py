"""Answers that are tables: as columns, as an Arrow table, and as what pandas and Polars make of that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from costgraph.errors import UserError

if TYPE_CHECKING:
    from costgraph.pictures.picture import Picture


class Tabular(ABC):
    """What has columns of the same length, by name."""

    __slots__ = ()

    @abstractmethod
    def columns(self) -> Mapping[str, Sequence[Any]]:
        """Texts and numbers, in base units: bytes, seconds, USD."""

    @abstractmethod
    def plot(self) -> Picture:
        """A picture."""

    @property
    def table(self) -> Any:
        """A `pyarrow.Table`, which DuckDB, Polars and pandas take as it is.

        Raises:
            UserError: pyarrow is missing.
        """
        return needed("pyarrow", "a table", "parquet").table(dict(self.columns()))

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`.

        Raises:
            UserError: pyarrow or pandas is missing.
        """
        needed("pandas", "to_pandas")
        return self.table.to_pandas()

    def to_polars(self) -> Any:
        """A `polars.DataFrame`.

        Raises:
            UserError: pyarrow or Polars is missing.
        """
        return needed("polars", "to_polars").from_arrow(self.table)


def needed(library: str, what: str, extra: str = "") -> Any:
    """A library that not everybody has.

    Raises:
        UserError: it is missing; with what installs it.
    """
    try:
        return import_module(library)
    except ImportError:
        name = library.partition(".")[0]
        install = f"'costgraph[{extra}]'" if extra else name
        raise UserError(f"{what} needs {name}; install it with: pip install {install}") from None
