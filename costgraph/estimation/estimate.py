"""Does it fit, what bounds it, how long, how many: a model on a machine, each number with the formula it came from.

Everything is a form first and a number once all its symbols are bound; nothing here knows what an op costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd

from costgraph.algebra.assumption import Divides
from costgraph.algebra.definition import Definition, needed, settle
from costgraph.algebra.divisible import Holds, kept, nearest_kept
from costgraph.algebra.polynomial import ONE, Polynomial, total
from costgraph.algebra.symbols import in_order
from costgraph.errors import UserError
from costgraph.estimation.asked import Request
from costgraph.estimation.generation import summed
from costgraph.estimation.stages import Stage, stages
from costgraph.mesh import TensorAxis
from costgraph.remarks import of_windows
from costgraph.timing.roofline import mfu, number

T = Polynomial.symbol("T")
MOST = 1024  # over how many devices one would split a model


@dataclass(frozen=True)
class Estimate:
    """The answer. Forms have all bindings but those of symbols nobody gave.

    Args:
        request: what was asked.
        memory: bytes on one device by what they are for.
        forms: the same before anything was bound.
        stages: the steps, with numbers where everything is bound.
        formulas: the same stages before sizes and rates were bound.
    """

    request: Request
    memory: Mapping[str, Polynomial]
    forms: Mapping[str, Polynomial]
    stages: tuple[Stage, ...]
    formulas: tuple[Stage, ...]

    # --- memory -----------------------------------------------------------------------------------------------------

    @property
    def needed(self) -> Polynomial:
        """Bytes on one device."""
        return total(self.memory.values())

    @property
    def capacity(self) -> Fraction | None:
        """Bytes that one device has."""
        return self.request.machine.memory.quantity.value if self.request.machine else None

    @property
    def left(self) -> Fraction | None:
        """Bytes that stay free; negative when it does not fit, None while anything is unbound."""
        needed = self.needed.number
        return None if needed is None or self.capacity is None else self.capacity - Fraction(needed)

    @cached_property
    def claims(self) -> tuple[Holds, ...]:
        """What the batch has to keep, such as `8 | B` over 8 devices, all other sizes put in."""
        others = {name: value for name, value in self.request.bindings.items() if name != "B"}
        graphs = [stage.source for stage in self.formulas]
        found: list[Holds] = [claim for graph in graphs for claim in graph.assumptions if "B" in claim.symbols]
        found += [one.claim(name) for graph in graphs for name, one in graph.extents.items() if "B" in one.size.symbols]
        return tuple(dict.fromkeys(claim.substitute(others) for claim in found))

    @property
    def smallest_batch(self) -> int | None:
        """The smallest B that may be: 8 where it is cut over 8 devices; None if none is found."""
        return nearest_kept("B", 1, True, self.claims)

    @cached_property
    def largest_batch(self) -> int | None:
        """The largest B that fits and may be; 0 if none does; None while another symbol is unbound."""
        others = self.request.settled("B")
        form = total(self.forms.values()).substitute(others)
        if self.capacity is None or form.symbols != ("B",):
            return None
        per_sequence = number(form.substitute({"B": ONE * 2}) - form.substitute({"B": ONE}))
        fixed = number(form.substitute({"B": ONE})) - per_sequence
        most = max(int((self.capacity - fixed) // per_sequence), 0)
        return nearest_kept("B", most, False, self.claims) or 0

    @cached_property
    def devices(self) -> tuple[int | None, int | None] | None:
        """The smallest tensor-parallel degree that fits, and the smallest that also divides what it splits.

        None while anything is unbound or the model is split already; None inside when no degree does.
        """
        if self.left is None or self.capacity is None or self.request.setup.graph.mesh:
            return None
        axis = TensorAxis()
        others = self.request.settled("T")  # which is what is asked for
        form = total(self.request.memory(axis).values()).substitute(others)
        whole = number(form.substitute({"T": ONE}))
        kept = whole - 2 * (whole - number(form.substitute({"T": ONE * 2})))  # what does not shrink with T
        if kept >= self.capacity:
            return None, None
        smallest = max(-int(-(whole - kept) // (self.capacity - kept)), 1)
        return smallest, next((degree for degree in self.degrees(axis) if degree >= smallest), None)

    def degrees(self, axis: TensorAxis) -> list[int]:
        """The degrees that divide everything the model would be split along, in ascending order."""
        graph = self.request.graph(self.request.resting, axis)
        split = [a.dividend for a in graph.assumptions if isinstance(a, Divides) and a.divisor == T]
        shared = gcd(*(exactly(size.substitute(self.request.bindings)) for size in split)) or 1
        others = {name: value for name, value in self.request.bindings.items() if name != "T"}
        claims = [claim.substitute(others) for claim in graph.assumptions if "T" in claim.symbols]
        found = (degree for degree in range(1, min(shared, MOST) + 1) if shared % degree == 0)
        return [degree for degree in found if all(kept("T", degree, claim) for claim in claims)]

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What of the request has no effect, or goes beyond what the model was made for."""
        asked = self.request
        sides = [side for stage in self.formulas for time in (stage.time, stage.thumb) for side in time.sums.values()]
        used = set(total([*self.forms.values(), *sides, *(stage.tokens for stage in self.formulas)]).symbols)
        used |= {name for _, one in self.defined for name in one.symbols}
        windows = [said for stage in self.formulas for said in of_windows(stage.source, asked.bindings)]
        return (*asked.setup.remarks({*used, "N_params"}, "the estimate", asked.new), *dict.fromkeys(windows))

    @property
    def defined(self) -> list[tuple[Stage, Definition]]:
        """What symbols of the forms stand for that is no polynomial, by stage."""
        found = []
        for stage in self.formulas:
            inside = total([*self.forms.values(), *stage.time.sums.values()]).symbols
            found += [(stage, one) for one in needed(stage.source.definitions, inside)]
        return found

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def unbound(self) -> tuple[str, ...]:
        """Symbols that must be given before there are numbers, and not those that stand for others."""
        found = total([self.needed, *(side for stage in self.stages for side in stage.time.sums.values())]).symbols
        behind = {one.name: one.symbols for _, one in self.defined}
        names = {inside for name in found for inside in behind.get(name, (name,))} - self.request.bindings.keys()
        return tuple(in_order(names - behind.keys()))

    @cached_property
    def generation(self) -> tuple[Fraction, Fraction] | None:
        """Seconds to read the prompt and write the new tokens, one decode step each: by ops, and by rule of thumb."""
        if self.request.phase != "generate" or self.unbound or not self.request.machine:
            return None
        prefill, token, _ = self.stages
        sizes = dict(self.request.bindings)
        first = int(sizes.pop("S").number or 0) + 1
        step = self.formulas[1].at(sizes)
        growing = settle(step.source.definitions, sizes)[1]
        known = self.request.machine.bindings(self.request.dtype, self.request.link)
        decode = summed(step.time.substitute(known), first, first + self.request.new - 1, growing)
        thumb = prefill.thumb.seconds + self.request.new * token.thumb.seconds
        return prefill.time.seconds + decode, thumb

    def throughput(self, stage: Stage) -> Fraction:
        """Tokens per second of all devices together."""
        return number(stage.tokens) / stage.time.seconds

    def mfu(self, stage: Stage) -> Fraction | None:
        """Share of the peak that useful FLOPs take, at the estimated throughput; the peak is not derated."""
        if not self.request.machine:
            return None
        devices = int(number(self.request.degree))
        peak = self.request.machine.rate(self.request.dtype).value
        useful = number(stage.useful) * devices
        return mfu(useful, number(stage.tokens), self.throughput(stage), devices, peak)

    @property
    def cost_per_million(self) -> Fraction | None:
        """USD per million tokens: generated ones if any are, else those of the first stage."""
        if self.request.price is None or self.unbound:
            return None
        if self.generation:
            seconds, tokens = self.generation[0], number(self.request.bindings["B"]) * self.request.new
        else:
            seconds, tokens = self.stages[0].time.seconds, number(self.stages[0].tokens)
        return self.request.price * number(self.request.degree) * seconds / tokens * 10**6


def exactly(size: Polynomial) -> int:
    """A bound size; 1, which no other degree divides, where it is not whole."""
    return int(value) if (value := number(size)).denominator == 1 else 1


def estimate(request: Request) -> Estimate:
    """Put a model on a machine.

    >>> from costgraph.estimation.reading import request
    >>> answer = estimate(request(model_name="llama-2-7b", hardware="a10", limit="B=1,S=350", new=150))
    >>> answer.largest_batch
    46
    """
    forms = request.memory()
    formulas = tuple(stages(request))
    for stage in formulas:
        for assumption in stage.source.assumptions:
            assumption.substitute(request.bindings)
    bound = []
    for stage in formulas:
        sizes = dict(request.bindings)
        if request.phase == "generate" and stage.name != "prefill" and "S" in sizes:
            sizes["S"] = sizes["S"] + (1 if stage.name == "first token" else request.new)
        bound.append(stage.at(sizes))
    if request.machine:
        known = request.machine.bindings(request.dtype, request.link)
        if "lambda_comms" not in known and any(cost.sent for stage in bound for cost in stage.costs):
            raise UserError(f"no link rate for {request.machine.name}; add link_bw=..., or a table [link.NAME]")
        bound = [stage.at(known) for stage in bound]
    memory = {name: form.substitute(request.settled()) for name, form in forms.items()}
    return Estimate(request, memory, forms, tuple(bound), formulas)
