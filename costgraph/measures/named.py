"""Measures as people name them: as text, several with commas between them, or by the functions that give them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set

from costgraph.algebra.bindings import split_list
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError, shorten
from costgraph.measures import MEASURES

Named = str | Callable[..., ClosedForm]
Measures = Named | Iterable[Named]


def names_of_measures(*given: Measures) -> list[str]:
    """Each measure as one types it.

    >>> import costgraph as cg
    >>> names_of_measures("flops(attn, p=2), params", [cg.peak])
    ['flops(attn, p=2)', 'params', 'peak']

    Args:
        given: text, a measure's function such as `costgraph.flops`, or several of them.

    Raises:
        UserError: anything else.
    """
    found: list[str] = []
    for one in given:
        if isinstance(one, str):
            found += [part.strip() for part in split_list(one)]
        elif isinstance(one, Set):
            found += sorted(names_of_measures(*one))  # a set has another order in each process
        elif isinstance(one, Iterable) and not isinstance(one, bytes):
            found += names_of_measures(*one)
        else:
            found.append(of_function(one))
    return found


def of_function(given: object) -> str:
    """The name of the measure that a function of this package gives."""
    name, module = (str(getattr(given, attribute, "")) for attribute in ("__name__", "__module__"))
    if not (callable(given) and name in MEASURES and module.startswith("costgraph.")):
        raise UserError(f"{shorten(repr(given))} is no measure; name one, such as 'flops(attn)' or cg.flops")
    return name


def one_measure(given: Measures, question: str) -> str:
    """The name of the one measure that a question is about."""
    names = names_of_measures(given)
    if len(names) != 1:
        raise UserError(f"{question} is about one measure, not {', '.join(names) or 'none'}")
    return names[0]
