"""The largest batch that fits, and over how many devices a model does: the verdict turned around, by `solving`."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from fractions import Fraction
from math import ceil, gcd

from costgraph.algebra.assumption import PADDED, Divides
from costgraph.algebra.divisible import Holds, kept, nearest_kept
from costgraph.algebra.polynomial import Polynomial
from costgraph.closed_form import ClosedForm
from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.verdict import peak
from costgraph.graph.graph import Graph
from costgraph.mesh import TensorAxis
from costgraph.solving.solution import solved
from costgraph.solving.unknown import unknown_of
from costgraph.timing.roofline import number

T = Polynomial.symbol("T")
MOST = 1024  # over how many devices one would split a model


def within(form: ClosedForm, usable: Fraction, name: str) -> tuple[int | None, int | None]:
    """The smallest and the largest whole number for which a form is not above what is usable; (1, 0) if none is."""
    wanted = unknown_of(name)
    definitions = [one for one in form.definitions if name in one.symbols or one.name in form.value.symbols]
    answers = list(solved(form.value.numerator - usable, "<=", wanted, (), definitions))
    found = [one for one in answers if one.possible]
    if not found:
        return 1, 0
    ends = [(one.smallest, one.largest) for one in found]
    smallest = min((1 if low is None else int(low) for low, _ in ends), default=1)
    largest = None if any(high is None for _, high in ends) else max(int(high) for _, high in ends if high is not None)
    return smallest, largest


# --- the batch --------------------------------------------------------------------------------------------------------


def claims(request: Request, graphs: Iterable[Graph]) -> tuple[Holds, ...]:
    """What the batch has to keep, such as `8 | B` over 8 devices, all other sizes put in."""
    others = {name: value for name, value in request.bindings.items() if name != "B"}
    found: list[Holds] = []
    for graph in graphs:
        found += [claim for claim in graph.assumptions if "B" in claim.symbols]
        found += [one.claim(name) for name, one in graph.extents.items() if "B" in one.size.symbols]
    return tuple(dict.fromkeys(claim.substitute(others) for claim in found))


def largest_batch(request: Request, phases: tuple[str, ...], about: Sequence[Holds]) -> int | None:
    """The largest B that fits in these phases and may be; 0 if none does; None while another size is open."""
    if request.machine is None:
        return None
    form = peak(request, "B", phases=phases).limited(without(request, "B"))
    if set(form.symbols) - {one.name for one in form.definitions} != {"B"}:
        return None
    _, most = within(form, request.machine.usable.quantity.value, "B")
    return None if most is None else nearest_kept("B", most, False, about) or 0


def without(request: Request, name: str) -> dict[str, Polynomial]:
    """The bindings of all other symbols."""
    return {other: value for other, value in request.bindings.items() if other != name}


# --- devices ----------------------------------------------------------------------------------------------------------


def fewest_devices(request: Request) -> tuple[int | None, int | None]:
    """The smallest tensor-parallel degree that fits, and the smallest that also divides what it splits; or None."""
    assert request.machine is not None
    split = request.over(TensorAxis())
    try:
        form = peak(split, "T").limited(without(request, "T"))
    except UserError:  # something cannot be split by any degree
        return None, None
    smallest, most = within(form, request.machine.usable.quantity.value, "T")
    if smallest is None or (most is not None and most < smallest):
        return None, None
    return smallest, next((degree for degree in degrees(split) if degree >= smallest), None)


def padded(request: Request, least: int) -> dict[str, int]:
    """The first degree from `least` on that divides all but what is padded, as `T`; and to which size that is.

    Empty where there is none.
    """
    split = request.over(TensorAxis())
    degree = next((one for one in degrees(split, but=PADDED) if one >= least), None)
    if degree is None:
        return {}
    sizes = {name: number(Polynomial.symbol(name).substitute(split.bindings)) for name in PADDED.values()}
    return {"T": degree, **{name: ceil(size / degree) * degree for name, size in sizes.items()}}


def degrees(split: Request, but: Container[str] = ()) -> list[int]:
    """The degrees that divide everything the model would be split along but some dims, in ascending order."""
    graph = split.graph(split.resting)
    claims = [a for a in graph.assumptions if not (isinstance(a, Divides) and a.dim in but)]
    sizes = [a.dividend for a in claims if isinstance(a, Divides) and a.divisor == T]
    shared = gcd(*(exactly(size.substitute(split.bindings)) for size in sizes)) or 1
    about = [claim.substitute(without(split, "T")) for claim in claims if "T" in claim.symbols]
    found = (degree for degree in range(1, min(shared, MOST) + 1) if shared % degree == 0)
    return [degree for degree in found if all(kept("T", degree, claim) for claim in about)]


def exactly(size: Polynomial) -> int:
    """A bound size; 1, which no other degree divides, where it is not whole."""
    return int(value) if (value := number(size)).denominator == 1 else 1
