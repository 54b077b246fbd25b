"""Does it fit, what bounds it, how long, how many: a model on a machine, each number with the formula it came from.

Everything is a form first and a number once all its symbols are bound; nothing here knows what an op costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property

from costgraph.algebra.assumption import Divides
from costgraph.algebra.definition import Definition, needed, settle
from costgraph.algebra.divisible import Holds, nearest_kept
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.symbols import in_order
from costgraph.estimation.account import Account, account
from costgraph.estimation.asked import Request
from costgraph.estimation.bound import Bound, bound, bound_of
from costgraph.estimation.generation import summed
from costgraph.estimation.moves import Tried, what_to_change
from costgraph.estimation.outcome import Measured, Run
from costgraph.estimation.sizes import claims, fewest_devices, largest_batch, padded
from costgraph.estimation.steps import Step, steps
from costgraph.estimation.verdict import Verdict, verdict
from costgraph.measures import MEASURES
from costgraph.records import dataclass
from costgraph.remarks import of_factored, of_windows
from costgraph.shown import Explained
from costgraph.timing.roofline import mfu, number


@dataclass(frozen=True, repr=False)
class Estimate(Explained):
    """The answer. Forms have all bindings but those of symbols nobody gave.

    Args:
        request: what was asked.
        verdict: whether it fits.
        memory: bytes that rest on one device by what they are for.
        forms: the same before anything was bound.
        steps: the kinds of step, with numbers where everything is bound.
        formulas: the same steps before sizes and rates were bound.
    """

    request: Request
    verdict: Verdict
    memory: Mapping[str, Polynomial]
    forms: Mapping[str, Polynomial]
    steps: tuple[Step, ...]
    formulas: tuple[Step, ...]

    # --- memory -----------------------------------------------------------------------------------------------------

    @cached_property
    def claims(self) -> tuple[Holds, ...]:
        """What the batch has to keep, such as `8 | B` over 8 devices."""
        return claims(self.request, [step.whole for step in self.formulas])

    @property
    def smallest_batch(self) -> int | None:
        """The smallest B that may be: 8 where it is cut over 8 devices; None if none is found."""
        return nearest_kept("B", 1, True, self.claims)

    @cached_property
    def largest_batch(self) -> int | None:
        """The largest B that fits in all phases and may be; 0 if none does; None while another symbol is open."""
        return largest_batch(self.request, self.request.phases, self.claims)

    @cached_property
    def largest_batch_decoding(self) -> int | None:
        """The same while tokens are generated, of prompts that were read a few at a time; None without generation."""
        if self.request.phase != "generate":
            return None
        return largest_batch(self.request, self.request.phases[-1:], self.claims)

    @cached_property
    def devices(self) -> tuple[int | None, int | None] | None:
        """The smallest tensor-parallel degree that fits, and the smallest that also divides what it splits.

        None while anything is unbound or the model is split already; None inside when no degree does.
        """
        if self.verdict.left is None or self.request.setup.mesh or self.request.setup.source.mesh:
            return None
        return fewest_devices(self.request)

    @property
    def padded(self) -> dict[str, int]:
        """The first degree that fits and divides all but the vocabulary, with the V that it divides; else nothing."""
        smallest, whole = self.devices or (None, None)
        return padded(self.request, smallest) if smallest is not None and whole is None else {}

    @cached_property
    def moves(self) -> list[Tried]:
        """What would make it fit, each tried; none where it does, or while anything is open."""
        if self.verdict.fits is not False or self.verdict.needed is None or not self.ready:
            return []
        return what_to_change(self.request, self.verdict.needed)

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What of the request has no effect, or goes beyond what the model was made for."""
        asked = self.request
        sides = [side for step in self.formulas for time in (step.time, step.thumb) for side in time.sums.values()]
        used = set(total([*self.forms.values(), *sides, *(step.tokens for step in self.formulas)]).symbols)
        used |= {name for _, one in self.defined for name in one.symbols}
        used |= {name for graph in (step.whole for step in self.formulas) for name in graph.mesh.devices.symbols}
        windows = [said for step in self.formulas for said in of_windows(step.source, asked.bindings)]
        windows += [said for step in self.formulas for said in of_factored(step.source)]
        said = asked.setup.remarks({*used, "N_params"}, "the estimate", asked.new)
        beaten = [
            f"measured {name} is below the bound, which nothing beats: of this machine, model, mesh and width?"
            for name, one in self.measured.items()
            if one.bound > 1
        ]
        return (*said, *dict.fromkeys(windows), *beaten)

    @property
    def defined(self) -> list[tuple[Step, Definition]]:
        """What symbols of the forms stand for that is no polynomial, by step."""
        found = []
        for step in self.formulas:
            inside = total([*self.forms.values(), *step.time.sums.values()]).symbols
            found += [(step, one) for one in needed(step.source.definitions, inside)]
        return found

    # --- time -------------------------------------------------------------------------------------------------------

    @cached_property
    def unbound(self) -> tuple[str, ...]:
        """Symbols that must be given before there are numbers, and not those that stand for others."""
        sides = [side for step in self.steps for side in step.time.sums.values()]
        found = {*total([*self.memory.values(), *sides, self.request.degree]).symbols}
        found |= {name for step in self.steps for name in step.whole.mesh.microbatches.substitute(self.sizes).symbols}
        behind = {one.name: one.symbols for _, one in self.defined}
        names = {inside for name in found for inside in behind.get(name, (name,))} - self.request.bindings.keys()
        return tuple(in_order(names - behind.keys()))

    @property
    def sizes(self) -> dict[str, Polynomial]:
        """Sizes, and rates of the machine and of its links."""
        return {**self.request.bindings, **self.request.rates}

    @property
    def ready(self) -> bool:
        """Whether there are times: everything is bound, and a machine is named."""
        return not self.unbound and self.request.machine is not None

    def bound(self, step: Step) -> Bound:
        """How long a step takes at least."""
        if step.name not in self._bounds:
            at = context(self.request, step) if step.phase == "decode" else None
            self._bounds[step.name] = bound_of(self.request, step.phase, at)
        return self._bounds[step.name]

    @cached_property
    def _bounds(self) -> dict[str, Bound]:
        """The bounds by step, each derived once."""
        return {}

    def account(self, step: Step) -> Account | None:
        """What that is the sum of."""
        if not self.request.efficiency:
            return None
        if step.name not in self._accounts:
            floors = self.floors(step, self.bound(step))
            self._accounts[step.name] = account(step, self.request, floors, self.bubble(step))
        return self._accounts[step.name]

    @cached_property
    def _accounts(self) -> dict[str, Account]:
        """The accounts by step, each made once."""
        return {}

    def estimated(self, step: Step) -> Fraction | None:
        """How long it takes at the efficiencies that were named; None if none was."""
        found = self.account(step)
        return None if found is None else found.seconds

    def floors(self, step: Step, least: Bound) -> tuple[Polynomial, ...]:
        """What an estimate is never below; a sum in which nothing hides is not, on devices that all do the same."""
        asked = self.request
        return least.floors(asked.efficiency) if asked.overlap or step.whole.stages else ()

    def bubble(self, step: Step) -> Fraction:
        """Idle time over busy time."""
        if step.whole.mesh.pipeline is None:
            return Fraction(0)
        known = self.request.bindings
        found = MEASURES["bubble"](step.whole, self.request.setup.convention, sizes=known).limited(known)
        return Fraction(found.number or 0)

    @cached_property
    def generation(self) -> tuple[Fraction, Fraction | None] | None:
        """Seconds to read the prompt, which gives the first token, and to write the others, one decode step each.

        At least, and at the efficiencies that were named.
        """
        if self.request.phase != "generate" or not self.ready:
            return None
        prefill, token, _ = self.steps
        growing = bound(self.request.sized("decode", "S"), self.request.links, self.request.rates)
        least = self.bound(prefill).seconds + self.decoded([tuple(arm.seconds for arm in growing.arms)])
        accounts = self.account(prefill)
        if accounts is None:
            return least, None
        step = self.growing(self.formulas[1])
        charged = account(step, self.request, self.floors(step, growing), self.bubble(token))
        return least, accounts.seconds + self.decoded(charged.maxima, charged.floors)

    def growing(self, step: Step) -> Step:
        """A decode step with all put in but the context."""
        sizes = {name: value for name, value in self.sizes.items() if name != "S"}
        return step.at(sizes)

    def decoded(self, maxima: list[tuple[Polynomial, ...]], floors: tuple[Polynomial, ...] = ()) -> Fraction:
        """Seconds of all decode steps: of every token but the first."""
        first = int(number(self.request.bindings["S"])) + 1
        sizes = {name: value for name, value in self.request.bindings.items() if name != "S"}
        definitions = settle(self.request.graph("decode").definitions, sizes)[1]
        return summed(maxima, first, first + self.request.new - 2, definitions, floors)

    # --- what follows of a time -------------------------------------------------------------------------------------

    def throughput(self, step: Step, seconds: Fraction) -> Fraction:
        """Tokens per second of all devices together."""
        return number(step.tokens) / seconds

    def mfu(self, step: Step, seconds: Fraction) -> Fraction:
        """Share of the peak that useful FLOPs take, causal ones, nothing replayed; the peak is not derated."""
        return mfu(number(step.useful), number(step.tokens), self.throughput(step, seconds), 1, self.peak_rate)

    def hfu(self, step: Step, seconds: Fraction) -> Fraction:
        """Share of the peak that all FLOPs take, those that are replayed too."""
        return mfu(number(step.done), number(step.tokens), self.throughput(step, seconds), 1, self.peak_rate)

    @property
    def peak_rate(self) -> Fraction:
        """FLOP/s of one device."""
        assert self.request.machine is not None
        return self.request.machine.rate(self.request.dtype).value

    @property
    def main(self) -> Step:
        """The step that the phase is about: of a generation the last, which takes longest."""
        return self.steps[-1]

    @property
    def usd_per_million_tokens(self) -> tuple[Fraction | None, Fraction | None]:
        """USD per million tokens, at least and as estimated: of generated ones if any are."""
        if self.request.price is None or not self.ready:
            return None, None
        if self.generation:
            seconds, tokens = self.generation, number(self.request.bindings["B"]) * self.request.new
        else:
            seconds, tokens = (self.least, self.estimated(self.main)), number(self.main.tokens)
        rate = self.request.price * number(self.request.degree) * 10**6 / tokens
        return rate * seconds[0], None if seconds[1] is None else rate * seconds[1]

    @property
    def least(self) -> Fraction:
        """How long the step that the phase is about takes at least."""
        return self.bound(self.main).seconds

    @property
    def runs(self) -> dict[str, Run]:
        """A run of as many tokens as was asked about: at least, as estimated, and as measured."""
        asked = self.request
        if asked.tokens is None or not self.ready:
            return {}
        times = {"bound": self.least, "estimate": self.estimated(self.main)}
        times |= {f"measured {name}": one.seconds for name, one in self.measured.items() if name != "ttft"}
        per_step = number(self.main.tokens)
        devices = int(number(asked.degree))
        return {
            name: Run(asked.tokens, seconds * asked.tokens / per_step, devices, asked.price)
            for name, seconds in times.items()
            if seconds is not None
        }

    @property
    def measured(self) -> dict[str, Measured]:
        """What was measured, compared with what is possible."""
        if not self.ready:
            return {}
        found = {}
        for name, value in self.request.measured.items():
            step = self.steps[0] if name == "ttft" else self.main
            seconds = number(step.tokens) / value if name == "tokens/s" else value
            taken = self.estimated(step)
            found[name] = Measured(
                seconds, self.bound(step).seconds / seconds, None if taken is None else taken / seconds,
                self.mfu(step, seconds), self.hfu(step, seconds),
            )  # fmt: skip
        return found

    @property
    def divisors(self) -> list[Divides]:
        """What the batch is a multiple of."""
        return [claim for claim in self.claims if isinstance(claim, Divides)]


def estimate(request: Request) -> Estimate:
    """Put a model on a machine.

    >>> from costgraph.estimation.reading import request
    >>> answer = estimate(request(model_name="llama-2-7b", hardware="a10", limit="B=1,S=350", new=150))
    >>> answer.largest_batch, answer.bound(answer.steps[0]).longest.resource
    (40, 'compute')
    """
    forms, formulas = request.memory(), tuple(steps(request))
    for step in formulas:
        for assumption in step.whole.assumptions:
            assumption.substitute(request.bindings)
    sizes = request.settled()
    memory = {name: form.substitute(sizes) for name, form in forms.items()}
    return Estimate(
        request, verdict(request), memory, forms, tuple(bound_to(request, step) for step in formulas), formulas
    )


def bound_to(request: Request, step: Step) -> Step:
    """A step with sizes and rates put in; a decode step of a generation at the context that its token sees."""
    sizes = dict(request.bindings)
    if request.phase == "generate" and step.phase == "decode" and "S" in sizes:
        sizes["S"] = Polynomial.constant(context(request, step))
    return step.at({**sizes, **request.rates})


def context(request: Request, step: Step) -> int:
    """How many positions the token of a decode step sees, its own included."""
    prompt = int(number(request.bindings["S"]))
    return prompt + (1 if step.name == "first token" else max(request.new - 1, 1))
