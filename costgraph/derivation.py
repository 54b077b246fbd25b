"""Setup + measures -> closed forms: what every front end calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from costgraph.algebra.bindings import Binding, in_signs, in_symbols
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import Regime
from costgraph.algebra.work import bounded
from costgraph.closed_form import ClosedForm
from costgraph.conventions import Convention
from costgraph.errors import UserError, unknown
from costgraph.given import Keywords, Options
from costgraph.graph.graph import Graph
from costgraph.measures import MEASURES, TIMES
from costgraph.measures.named import Measures, names_of_measures
from costgraph.measures.parts import Measure, read_measure, under
from costgraph.measures.per import STEP, Share, read_share
from costgraph.mesh import Mesh
from costgraph.records import dataclass, replace
from costgraph.remarks import of_factored, of_windows, why_zero
from costgraph.setup import Setup
from costgraph.shown import Explained, as_json
from costgraph.signatures import spelled_out

if TYPE_CHECKING:
    from costgraph.measures.by_part import Part

MOVING = ("traffic", "intensity")  # measures of bytes that are read and written
DEFAULTS: dict[str, tuple[str, ...]] = {
    "train": ("params", "states", "flops", "flops.forward", "flops.backward", "flops.recompute", "activations"),
    "forward": ("params", "flops", "traffic"),
    "prefill": ("params", "flops", "traffic", "cache"),
    "decode": ("params", "flops", "traffic", "cache"),
}


@dataclass(frozen=True, repr=False)
class Derivation(Explained):
    """What was asked, and the closed forms that answer it.

    `forms` are before the limit, `limited` after it (the same without one); `zeros` says why parts contribute nothing.
    `share` is of what they are: of a step of one device, unless something else was asked for. `when` is the regime in
    symbols of the table, `typed` the same in letters of one's own.
    """

    setup: Setup
    when: str | None
    forms: Mapping[str, ClosedForm]
    zeros: tuple[str, ...] = ()
    share: Share = STEP
    typed: str | None = None

    @property
    def condition(self) -> str:
        """The regime as it was typed, and what that is in symbols of the table where it is not."""
        when, typed = self.when or "", self.typed or ""
        same = typed.replace(" ", "") in ("", when.replace(" ", ""))
        return when if same else f"{typed} ({when})"

    @cached_property
    def limited(self) -> Mapping[str, ClosedForm]:
        """The forms with sizes put in."""
        return {name: form.limited(self.setup.bindings) for name, form in self.forms.items()}

    def __getitem__(self, name: str) -> ClosedForm:
        """The form of a measure, with sizes put in.

        Raises:
            UserError: it was not asked for.
        """
        if name not in self.limited:
            raise unknown("measure of this answer", name, self.limited)
        return self.limited[name]

    def __iter__(self) -> Iterator[str]:
        """The measures that were asked for, in that order."""
        return iter(self.limited)

    @property
    def head(self) -> str:
        """What is asked about, in one line."""
        return ", ".join(filter(None, (str(self.setup), str(self.share))))

    @property
    def graph(self) -> Graph:
        """The graph with all passes applied."""
        return self.setup.graph

    @property
    def op_set(self) -> str:
        """The op set as one would type it."""
        return self.setup.graph.name

    @property
    def phase(self) -> str:
        """The phase of the setup."""
        return self.setup.phase

    @property
    def convention(self) -> Convention:
        """What is counted."""
        return self.setup.convention

    @property
    def passes(self) -> list[str]:
        """The passes that were applied, in order; the placement, which the mesh says, and the update are not named."""
        return self.setup.applied

    @property
    def limit(self) -> Mapping[str, Binding]:
        """What was put in, the sizes of a model included."""
        return self.setup.bindings

    @cached_property
    @bounded()
    def regimes(self) -> dict[str, Regime]:
        """The leading terms of the limited forms, if a regime was asked for."""
        return {} if self.when is None else {name: form.when(self.when) for name, form in self.limited.items()}

    def in_params(self, name: str) -> Quotient | None:
        """How many times the parameter count a regime's leading term is (6*B*S for training FLOPs), if a monomial."""
        count = self.params
        ratio = self.regimes[name].leading / count.value if count is not None and count.value.numerator else None
        return ratio if ratio is not None and ratio.is_polynomial and ratio.numerator.is_monomial else None

    @cached_property
    def params(self) -> ClosedForm | None:
        """N_params: the count of the whole model, on however many devices, with the limit taken.

        None where the graph was given as one device sees it.
        """
        whole = self.setup.whole
        if whole is None:
            return None
        known = None if self.setup.mesh else self.limited.get("params")
        graph = whole.graph if self.setup.mesh else self.graph
        return known or MEASURES["params"](graph, self.setup.convention).limited(self.setup.bindings)

    def parts(self, name: str) -> list[Part]:
        """What each part of a model contributes to a measure, per layer; none of an op set, a quotient or a maximum."""
        from costgraph.measures.by_part import by_part  # an op set has no parts

        form = self.forms[name]
        layers = self.setup.model.has_layers and self.share.per != "layer"
        return by_part(form, self.graph) if layers and not form.at else []

    def of_part(self, name: str, part: Part) -> Quotient:
        """What a part contributes in all layers, after the limit."""
        from costgraph.measures.by_part import limited

        return limited(part, self.forms[name], self.setup.bindings).value

    @property
    def policy(self) -> str:
        """Which of the measures are under which precision, in words."""
        return under((read_measure(name, self.graph) for name in self.forms), self.graph, self.setup.precision)

    @property
    def used(self) -> set[str]:
        """The symbols that occur in the forms or in what they leave out."""
        used = {name for form in self.forms.values() for name in (*form.symbols, *form.remainder.symbols)}
        return used | {name for form in self.forms.values() for one in form.defined for name in one.symbols}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was typed without effect on the forms, is beyond what the model was made for, or contributes nothing."""
        read = [name for name in self.forms if name.startswith(MOVING)]
        windows = of_windows(self.graph, self.setup.bindings) if read else ()
        sent = any(is_communication(name) or name.partition("(")[0] in TIMES for name in self.forms)
        sums = of_factored(self.graph) if sent else ()
        of_times = said_of_times(self.forms, self.graph.mesh) + self.more_logits
        asked = self.setup.remarks(self.used, ", ".join(self.forms))
        return (*asked, *self.zeros, *windows, *sums, *self.handed_back, *of_times)

    @property
    def handed_back(self) -> list[str]:
        """Where communication is told apart by part: what stands under another part than the one that leaves it."""
        axes = [name.partition("(")[0].partition(".")[2] for name in self.forms if is_communication(name)]
        if not axes or not (self.share.ops or self.setup.model.has_layers):
            return []
        from costgraph.measures.communication import handed_back

        return handed_back(self.graph, [axis.replace("chief", "") for axis in axes])

    @property
    def more_logits(self) -> list[str]:
        """What makes a first token later than it has to be: logits of positions that nobody reads."""
        model = self.setup.model
        if "ttft" not in self.forms or not model.name or model.serving() is model:
            return []
        return [f"ttft: with logits of all positions; {model.name}(head=last) has those of the last, which it takes"]

    def to_json(self, explain: bool = False, shape: str = "auto", flat: bool = False) -> dict[str, Any]:
        """What `--json` prints, under the contract `costgraph.derive/1`.

        Args:
            explain: whether with the op and the tensor that every term comes from.
            shape: how forms are written: expanded, factored, leading, auto, or a symbol to collect by.
            flat: whether forms of a model are left as they are, not by part.
        """
        return as_json(self, explain=explain, shape=shape, flat=flat)


def is_communication(name: str) -> bool:
    """Whether a measure is of what devices send, over whichever axes."""
    return name.startswith("communication")


def said_of_times(measures: Iterable[str], spread: Mesh) -> list[str]:
    """What is to be known of times among some measures, of a model on a mesh."""
    found = [name for name in measures if name.partition("(")[0] in TIMES]
    if not found:
        return []
    link = "; all that collectives send goes over one link" if spread else ""
    idle = "; stages are idle as long as is sure at all sizes, `estimate` may find more" if spread.pipeline else ""
    return [f"{', '.join(found)}: a bound, causal FLOPs at the peak and what must be read, all at once{link}{idle}"]


@spelled_out(Options)
@bounded()
def derive(
    *measures: Measures,
    when: str | None = None,
    per: str | None = None,
    whole: bool = False,
    ops: str | Sequence[str] = (),
    **of: Unpack[Keywords],
) -> Derivation:
    """Derive closed forms, as the command line does.

    Args:
        measures: such as `flops`, `flops(attn)` or `activations(p=2)`, also as functions such as `costgraph.flops` and
            as lists; without any, a usual choice for the phase.
        when: a regime such as `S << D`.
        per: `token`, `sequence` or `layer`, instead of a step.
        whole: whether of all devices of the mesh, instead of one.
        ops: of which ops, such as `attn.*`; of all unless given.
        of: what they are costs of, as text or as objects; see `Setup.of`: `model`, `op_set`, `phase`, `passes`, `mesh`,
            `limit`, `symbolic`, `convention`, `precision`, `attention`, `weights`, `cache_dtype`, `choices`.

    Raises:
        UserError: anything unknown, unreadable, or out of its domain.
    """
    return derived(Setup.of(**of), measures, when, read_share(per, whole, ops))


@bounded()
def derived(
    setup: Setup, measures: Iterable[Measures] = (), when: str | None = None, share: Share = STEP
) -> Derivation:
    """The closed forms of a setup that has been read.

    Raises:
        UserError: an unknown measure or part, a regime that is none, or sizes that cannot be.
    """
    found = formed(setup, measures, when, share)
    _ = found.limited
    return found


@bounded()
def formed(setup: Setup, measures: Iterable[Measures] = (), when: str | None = None, share: Share = STEP) -> Derivation:
    """The same, with sizes put in once that is asked for."""
    typed = in_signs(when) if when and setup.letters else None
    when = None if when is None else in_symbols(when, setup.letters)
    names = names_of_measures(*measures) or [*DEFAULTS[setup.phase], *(["communication"] if setup.graph.mesh else [])]
    asked = [read_measure(name, setup.graph, setup.letters) for name in names]
    said: list[str] = []
    forms: dict[str, ClosedForm] = {}
    for one in asked:
        of_one = shared(one, setup, share, said)
        forms |= of_one
        said += filter(None, (why_nothing(one, form, setup, share) for form in of_one.values()))
    return Derivation(setup, when, forms, tuple(dict.fromkeys(said)), share, typed)


def why_nothing(measure: Measure, form: ClosedForm, setup: Setup, share: Share) -> str:
    """Why a measure is 0, or a part of it, or what some ops have of it; "" if it is not."""
    if form.value.numerator:
        return ""
    whole = not (measure.parts or measure.dims or form.remainder.numerator)
    return (
        (why_zero(str(measure), setup.phase, setup.mesh) if whole else "")
        or measure.why_nothing(form)
        or (share.why_nothing(form) if share.ops else "")
    )


def shared(measure: Measure, setup: Setup, share: Share, said: list[str]) -> dict[str, ClosedForm]:
    """The forms of a measure, by name: one, or one for each kind of layers; `said` gets remarks."""
    found = measure.of(setup.graph, setup.convention, setup.precision)
    if share == STEP:
        return {str(measure): found}
    if measure.name in TIMES:
        raise UserError(f"{measure} is one for all devices, tokens and ops; leave --per, --whole and --ops out")
    own, remarks = share.of(found, setup.graph)
    said += remarks
    if share.ops or share.per == "layer":
        exactly, _ = share.of(measure.of(setup.graph, setup.convention.exact, setup.precision), setup.graph)
        own = {kind: replace(one, remainder=exactly[kind].value - one.value) for kind, one in own.items()}
    there = {kind: one for kind, one in own.items() if one.terms or one.remainder.numerator} or own
    if len({(one.value, one.remainder) for one in there.values()}) == 1:
        return {str(measure): next(iter(there.values()))}
    kinds = [kind for kind in there if kind]
    if "" in there:
        named = f"layers of kind {' and '.join(kinds)}, and others"
        raise UserError(f"{setup.graph.name} has {named}; ask for one kind, as in {replace(measure, layers=kinds[0])}")
    return {name: replace(there[kind], name=name) for kind in kinds for name in [str(replace(measure, layers=kind))]}
