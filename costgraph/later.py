"""Tables whose values are imported when they are asked for: their names are known before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, TypeVar

Value = TypeVar("Value", covariant=True)


class Later(Mapping[str, Value]):
    """What stands in modules of a package, by name.

    Args:
        package: such as `costgraph.passes`.
        places: for each name a module of the package and what it is called there, `place.TensorParallel`.
    """

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        self.package, self.places = package, dict(places)

    def __getitem__(self, name: str) -> Value:
        found: Value = of_module(self.package, self.places[name])
        return found

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def of_module(package: str, place: str) -> Any:
    """What stands at `module.name` in a package."""
    module, _, name = place.rpartition(".")
    return getattr(import_module(f"{package}.{module}"), name)
