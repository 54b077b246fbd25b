"""Forms as functions of sizes in an order: what calling the form gives and refuses, for numbers and for arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from costgraph.algebra.bindings import split_list
from costgraph.algebra.definition import settle
from costgraph.algebra.numerals import exact_number
from costgraph.algebra.polynomial import ONE
from costgraph.algebra.symbols import lookup
from costgraph.arithmetic import as_number
from costgraph.errors import UserError
from costgraph.records import dataclass

if TYPE_CHECKING:
    from costgraph.closed_form import ClosedForm


@dataclass(frozen=True)
class Function:
    """A form as a function: exact for numbers, of float64 where a size is an array or a list.

    Args:
        form: what is computed.
        names: of its sizes, in the order in which they are given.
    """

    form: ClosedForm
    names: tuple[str, ...]

    def __call__(self, *given: Any, **named: Any) -> Any:
        """The value at sizes: an integer or a fraction, or an array of float64; arrays broadcast.

        Raises:
            UserError: too many or too few sizes, one outside its domain, or sizes that break an assumption.
        """
        sizes = self._by_name(given, named)
        arrays = {name: size for name, size in sizes.items() if is_array(size)}
        numbers = {name: size for name, size in sizes.items() if name not in arrays}
        if not arrays:
            return as_number(self.form.limit(numbers))
        from costgraph.arrays import Arrays  # which needs NumPy

        return Arrays(self.form, numbers, arrays).value()

    def _by_name(self, given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        """Each size by its symbol."""
        sizes = dict(zip(self.names, given, strict=False))
        takes = f"{self.form.name} as a function takes {', '.join(self.names) or 'no sizes'}"
        if twice := [name for name in named if name in sizes]:
            raise UserError(f"{takes}; {twice[0]} is given twice")
        missing = [name for name in self.names if name not in sizes and name not in named]
        if missing or len(given) > len(self.names) or not named.keys() <= set(self.names):
            other = [name for name in named if name not in self.names]
            wrong = f"not {other[0]}" if other else f"{missing[0]} is missing" if missing else f"not {len(given)} sizes"
            raise UserError(f"{takes}; {wrong}")
        return sizes | named


def function(form: ClosedForm, named: Iterable[Any]) -> Function:
    """A form as a function of these sizes, or of all that it depends on.

    Args:
        form: what is computed.
        named: symbols as names, several in one text or list as sympy has them, or as symbols of sympy.

    Raises:
        UserError: a name is no symbol, stands for others, or is there twice; or one that is needed is missing.
    """
    names = tuple(lookup(name).name for one in named for name in each(one))
    settle(form.definitions, {name: ONE for name in names if name in {one.name for one in form.definitions}})
    names = names or form.free
    if len(set(names)) < len(names):
        raise UserError(f"{form.name} as a function of {', '.join(names)}: one of them is there twice")
    if missing := [name for name in form.free if name not in names]:
        raise UserError(f"{form.name} depends on {missing[0]}, too; name it as an argument")
    return Function(form, names)


def each(named: Any) -> list[str]:
    """The names in one argument: `'B'`, `'B, S'`, `['B', 'S']`, a symbol of sympy."""
    if isinstance(named, list | tuple):
        return [name for one in named for name in each(one)]
    return [part.strip() for part in split_list(str(named))]


def is_array(size: Any) -> bool:
    """Whether it is several sizes; text is one, and so is an array without axes."""
    if isinstance(size, list | tuple | range):
        return True
    return exact_number(size) is None and bool(getattr(size, "shape", ()))
