"""Does it fit: the most that is alive on one device, against what the machine has to use."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from costgraph.algebra.polynomial import ZERO, Polynomial, total
from costgraph.algebra.quantities import Quantity
from costgraph.algebra.units import BYTE
from costgraph.closed_form import ClosedForm
from costgraph.estimation.asked import Request
from costgraph.graph.graph import Graph
from costgraph.largest import Largest, candidates_of, largest
from costgraph.measures import MEASURES
from costgraph.provenance import Term
from costgraph.records import dataclass


@dataclass(frozen=True)
class Verdict:
    """What a device needs, and what it has.

    Args:
        peak: the most that is alive at once, with sizes put in; a maximum of forms while something is open.
        usable: bytes of one device; None without a machine.
    """

    peak: ClosedForm
    usable: Fraction | None

    def __repr__(self) -> str:
        needed = f"{self.peak} byte" if self.needed is None else str(Quantity(self.needed, BYTE))
        usable = "" if self.usable is None else f" of {Quantity(self.usable, BYTE)}"
        judged = "" if self.fits is None else "fits: " if self.fits else "does not fit: "
        return f"<{judged}needs {needed}{usable}>"

    @property
    def needed(self) -> Fraction | None:
        """Bytes; None while something is open."""
        return None if self.peak.number is None else Fraction(self.peak.number)

    @property
    def left(self) -> Fraction | None:
        """Bytes that stay free; negative where it does not fit, None while something is open or without a machine."""
        return None if self.needed is None or self.usable is None else self.usable - self.needed

    @property
    def fits(self) -> bool | None:
        """Whether it does."""
        return None if self.left is None else self.left >= 0

    @property
    def stage(self) -> str | None:
        """Which stage of a pipeline needs most, if there is one."""
        return next((where for where in self.peak.at if where.endswith("stage") or where.startswith("stage ")), None)

    @property
    def instant(self) -> str | None:
        """When that is: the phase, and the op that runs."""
        return ", ".join(where for where in self.peak.at if where != self.stage) or None

    @property
    def parts(self) -> dict[str, Fraction]:
        """Bytes at that instant by what they are, once all is bound."""
        if isinstance(self.peak, Largest) or self.needed is None:
            return {}
        names = dict.fromkeys(term.part for term in self.peak.terms)
        sums = {name: total(term.amount for term in self.peak.terms if term.part == name) for name in names}
        return {name: Fraction(form.number or 0) for name, form in sums.items()}


def verdict(request: Request) -> Verdict:
    """What one device needs for the phases that it goes through."""
    usable = request.machine.usable.quantity.value if request.machine else None
    return Verdict(peak(request, "B").limited(request.bindings), usable)


def peak(request: Request, *still_open: str, phases: tuple[str, ...] = ()) -> ClosedForm:
    """The largest of the phases, with sizes put in but for some."""
    found = [(phase, peak_of(request, phase, *still_open)) for phase in phases or request.phases]
    return largest("peak", found) if len(found) > 1 else found[0][1]


def peak_of(request: Request, phase: str, *still_open: str) -> ClosedForm:
    """The most that is alive in one phase; weights that only the prefill reads, an encoder's, stay."""
    key = (phase, *still_open)
    if key not in request.peaks:
        request.peaks[key] = derived(request, phase, *still_open)
    return request.peaks[key]


def derived(request: Request, phase: str, *still_open: str) -> ClosedForm:
    """The same, walked anew."""
    convention, precision = request.setup.convention, request.setup.precision
    graph = request.sized(phase, *still_open)
    found = MEASURES["peak"](graph, convention, precision=precision)
    if not (more := of_prefill(request, phase, graph, *still_open)):
        return found
    held = Term("encoder", "weights of the prefill", more, "weight", "weights")
    forms = candidates_of(found)
    with_more = [replace(one, terms=(*one.terms, held), at=()) for one in forms]
    return largest("peak", [(", ".join(one.at), more) for one, more in zip(forms, with_more, strict=True)])


def of_prefill(request: Request, phase: str, graph: Graph, *still_open: str) -> Polynomial:
    """Bytes of weights that rest beside those of a decode step, as only the prefill reads them: an encoder's."""
    if request.phase != "generate" or phase == "prefill" or graph.stages:
        return ZERO
    return (request.weights(request.sized("prefill", *still_open)).value - request.weights(graph).value).numerator
