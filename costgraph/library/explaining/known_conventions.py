"""What a formula counts otherwise than was asked, by its usual name: half a square, the forward pass, a policy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import combinations
from typing import Any

from costgraph.algebra.bindings import parse_regime
from costgraph.algebra.polynomial import Polynomial, total
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.regime import leading
from costgraph.conventions.convention import WORDS
from costgraph.conventions.peers import PALM
from costgraph.conventions.transformers import TRANSFORMERS
from costgraph.derivation import derived
from costgraph.errors import UserError
from costgraph.given import Options
from costgraph.graph.graph import Graph
from costgraph.graph.selection import multiplies_weights
from costgraph.library.explaining.other_op_sets import VARIANTS, op_sets
from costgraph.library.explaining.other_plans import plan_of
from costgraph.library.readings.of_flops import PERS, WORKS, Counts, Reading, Work
from costgraph.library.readings.of_others import OtherCounts
from costgraph.library.readings.ways import way_in_words
from costgraph.measures.counting import Counted
from costgraph.measures.parts import read_measure
from costgraph.precision import PRECISIONS
from costgraph.provenance import Term
from costgraph.setup import Setup

IN_WORDS = {
    "multiply_add=1": "multiply-adds, where FLOPs are two each",
    "multiply_add=2": "two FLOPs per multiply-add",
    "forward": "the forward pass alone",
    "backward": "the backward pass alone",
    "train, attention recomputed": "a step with attention recomputed",
    "train, everything recomputed": "a step with everything recomputed",
    "train": "a training step without recomputation",
    "token": "per token",
    "sequence": "per sequence",
}
REPLAYS: dict[str, Work] = {"selective": "train, attention recomputed", "full": "train, everything recomputed"}
TABLES = (("embedding", "left_out"), ("positions", "left_out"), ("head", "left_out"))
OF_PLACES = ("forward", "backward")
PHASES = {"recompute": "replayed", "forward": "of the forward pass", "backward": "of the backward pass"}


def convention_of(
    printed: Quotient, measure: str, setup: Setup, of: Options, when: str | None = None, widths: bool = True,
    simple: bool = False,
) -> str:  # fmt: skip
    """The usual name of what a formula counts otherwise than was asked; "" if it has none.

    Args:
        printed: the formula, with sizes put in.
        measure: what it gives.
        setup: what was asked of.
        of: the same, as it was given.
        when: the regime in which it is compared.
        widths: whether bytes per element may be others, because the formula has no p.
        simple: whether something simple explains it, so that two options together do not.
    """

    def equal(value: Quotient) -> bool:
        if printed == value:
            return True
        return when is not None and bool(value.numerator) and leading(value, parse_regime(when)).leading == printed

    others = measure != "flops"
    said = of_others(equal, measure, setup, of, widths) if others else of_flops(equal, setup, of, simple)
    if measure == "bubble" and not said:
        said = of_whole_step(equal, setup)
    said = said or plan_of(equal, measure, setup, of) or plan_and_policy(equal, measure, setup, of)
    if said or of.get("model") is not None or setup.graph.name != "decoder":
        return said
    return of_op_set(equal, measure, of, printed.symbols)


def plan_and_policy(equal: Callable[[Quotient], bool], measure: str, setup: Setup, of: Options) -> str:
    """For which other plan under which other precision policy it is right; "" if for none, or for no plan."""
    own = str(setup.precision)
    if not setup.mesh.axes or not read_measure(measure, setup.graph).open or setup.phase != "train":
        return ""
    for name in sorted(PRECISIONS, key=lambda one: policies_apart(one, own)):
        under: Any = {**of, "precision": name}
        if name != own and (said := plan_of(equal, measure, setup, under)):
            return f"{said} with {of_policy(name, own)}"
    return ""


def of_whole_step(equal: Callable[[Quotient], bool], setup: Setup) -> str:
    """Whether idle time is a share of the whole step."""
    (form,) = derived(setup, ["bubble"]).limited.values()
    share = form.value / (Quotient(1) + form.value)
    return "it is a share of the whole step, and bubble one of the busy time" if equal(share) else ""


def of_flops(equal: Callable[[Quotient], bool], setup: Setup, of: Options, simple: bool = False) -> str:
    """The same of FLOPs."""
    given: Any = of.get("passes", ())
    steps = [str(step) for step in ([given] if isinstance(given, str) else [*given])]
    replay = next((kind for kind in REPLAYS for step in steps if step.startswith("recompute") and kind in step), "")
    kept = [step for step in steps if not step.startswith("recompute")]
    plain: Any = {**of, "passes": kept, "phase": "train" if setup.phase in ("train", "forward") else setup.phase}
    works = WORKS if plain["phase"] == "train" else ("forward",)
    asked: str = REPLAYS[replay] if replay else "train" if setup.phase == "train" else "forward"
    own = Reading(setup.convention, 0, asked)
    found: list[Reading] = []
    for near in (setup.convention, PALM, TRANSFORMERS):  # by options of what was asked, or of rules of 6 N
        counts = Counts(plain, works, PERS, near)
        found = found or [reading for reading, value in counts.readings() if reading != own and equal(value)]
        found = [reading for reading in found if not simple or apart(reading, own)[0] < 2]
    if not found:
        return ""
    least = min(found, key=lambda one: apart(one, own))
    halved = least.convention.counting.beside(own.convention.counting) == ["causal=half"] and least.changed == 1
    return in_words(least, own) + (one_of_two(setup, own) if halved else "")


def one_of_two(setup: Setup, own: Reading) -> str:
    """What is as large as half of a causal square: one of both products of attention, where these are as large."""
    cores = {op.name for op in setup.graph.ops if op.core and op.kind == "einsum" and op.phase == "forward"}
    terms = [one for one in Counted(setup.graph, own.convention).terms(("forward",)) if one.op in cores]
    if len(terms) != 2 or terms[0].amount != terms[1].amount:
        return ""
    return f", or one of {terms[0].op} and {terms[1].op} alone"


def apart(one: Reading, own: Reading) -> tuple[Any, ...]:
    """How far a reading is from what was asked: in how many things, then how far-fetched it is."""
    other = one.convention.base != own.convention.base
    return one.changed + other + (one.work != own.work) + (one.per != own.per), other, one.far


def in_words(reading: Reading, own: Reading) -> str:
    """What a reading counts otherwise."""
    said = []
    if reading.convention.base != own.convention.base:
        said.append(f"as {reading.convention.name} does")
    else:
        said += [option(text, own) for text in reading.convention.counting.beside(own.convention.counting)]
    said += [IN_WORDS[reading.work]] if reading.work != own.work else []
    said += [IN_WORDS[reading.per]] if reading.per != own.per else []
    name = f" (convention {reading.convention.name})" if reading.convention != own.convention else ""
    return "it counts " + ", ".join(said) + ("" if said[0].startswith("as ") else name)


def option(text: str, own: Reading) -> str:
    """An option in words."""
    name = text.partition("=")[0]
    usual = f"{name}={getattr(own.convention.counting, name)}"
    if text in WORDS or text in IN_WORDS:
        return WORDS.get(text) or IN_WORDS[text]
    return f"{text}, not {WORDS[usual]}" if usual in WORDS else text


def of_others(equal: Callable[[Quotient], bool], measure: str, setup: Setup, of: Options, widths: bool = True) -> str:
    """The same of what is no FLOPs: a policy, a convention, one way of counting, what is recomputed; one of these.

    Tables may be left out together, as those do who count parameters without embeddings.
    """
    own = Reading(setup.convention, 0, setup.phase, precision=str(setup.precision))
    counts = OtherCounts({**of, "convention": setup.convention}, measure, most=1, together=TABLES)
    sizes = () if not widths else ("1/2", "1", "2", "4") if "p" in setup.bindings else ("2", "4")
    known = (reading for reading, value in counts.readings() if others_apart(reading, own) and equal(value))
    found = [reading for reading in known if dict(reading.ways).get("itemsize", "") in ("", *sizes)]
    least = min((others_apart(one, own) for one in found), default=0)
    alike = (one for one in found if others_apart(one, own) == least or one.precision not in ("", own.precision))
    nearest = sorted(alike, key=lambda one: (others_apart(one, own), one.ways, one.far))
    said = list(dict.fromkeys(otherwise(one, own) for one in nearest))
    more = [one for one in said[1:] if not one.startswith("as ")]  # of these the first is enough
    return f"it counts {' or '.join([*said[:1], *more])}" if said else ""


def others_apart(one: Reading, own: Reading) -> int:
    """In how many things a reading of no FLOPs differs from what was asked; 0 if in none, or in things of two kinds."""
    policy = policies_apart(one.precision, own.precision)
    ways = 1 if {*one.ways} <= {*TABLES} else len(one.ways)
    kinds = (ways * bool(one.ways), policy, one.convention.base != own.convention.base, one.work != own.work)
    return sum(kinds) if sum(map(bool, kinds)) == 1 else 0


def policies_apart(one: str, own: str) -> int:
    """In how many widths two precision policies differ."""
    if one in ("", own) or own not in PRECISIONS:
        return int(one not in ("", own))
    names = ("weights", "gradients", "master", "moments")
    return sum(getattr(PRECISIONS[one], name) != getattr(PRECISIONS[own], name) for name in names)


def otherwise(one: Reading, own: Reading) -> str:
    """What a reading of no FLOPs counts otherwise."""
    said = [of_policy(one.precision, own.precision)] if one.precision not in ("", own.precision) else []
    said += [way_in_words(name, value) for name, value in one.ways]
    said += [f"as {one.convention.name} does"] if one.convention.base != own.convention.base else []
    said += [IN_WORDS.get(one.work, one.work)] if one.work != own.work else []
    return ", ".join(said)


def of_policy(name: str, usual: str) -> str:
    """A precision policy, by what it keeps otherwise: `2-byte gradients, 16 = 2 + 2 + 12 (mixed_adam_bf16)`."""
    one, own = PRECISIONS[name], PRECISIONS.get(usual)
    if one.factored:
        return f"precision {name}: {one.widths}"
    parts = (one.weights, one.gradients, one.optimizer)
    added = " + ".join(str(part) for part in parts if part)
    widths = f"{sum(parts)} = {added} bytes for weights, gradients and optimizer"
    if own is not None and one.gradients != own.gradients and (one.weights, one.master) == (own.weights, own.master):
        return f"{one.gradients}-byte gradients: {widths} (precision {name})"
    return f"precision {name}: {widths}"


def of_op_set(equal: Callable[[Quotient], bool], measure: str, of: Options, letters: Collection[str]) -> str:
    """Whether it is a decoder that has more than was asked, such as an embedding and a head; and what else is counted.

    Of a head alone something more may be counted otherwise, as all that have one leave the table of positions out.
    """
    for name, said in op_sets(of, letters):
        asked: Any = {**of, "op_set": name}
        try:
            whole = Setup.of(**asked)
            value = next(iter(derived(whole, [measure]).limited.values())).value
        except UserError:
            continue
        if equal(value):
            return f"{said} (op set {name})"
        if not said.startswith(VARIANTS["head=True"]):
            continue
        more = of_flops(equal, whole, asked) if measure == "flops" else of_others(equal, measure, whole, asked)
        if more and "the head" not in more and "the embedding" not in more:  # which are no more counted then
            return f"{said} (op set {name}), and {more}"
    return ""


def parts_of(terms: Sequence[Term], graph: Graph) -> Mapping[str, Polynomial]:
    """Parts of a step that have a name, by what ops are: `the replayed attention core`, `the backward pass`."""
    known = [(graph.by_name[term.op], term.amount) for term in terms if term.op in graph.by_name]
    matmuls = {op.name for op in graph.ops if op.phase == "forward" and multiplies_weights(op, graph)}
    found = {
        "the attention core": total(amount for op, amount in known if op.core),
        "the weight matmuls": total(amount for op, amount in known if op.source in matmuls and op.kind == "einsum"),
    }
    several = len({op.phase for op, _ in known}) > 1  # else a phase is the whole
    for phase, said in PHASES.items() if several else ():
        of_phase = [(op, amount) for op, amount in known if op.phase == phase]
        core = total(amount for op, amount in of_phase if op.core)
        found[f"the attention core {said}" if phase != "recompute" else f"the {said} attention core"] = core
        found[said.removeprefix("of ") if phase != "recompute" else "what is replayed"] = total(a for _, a in of_phase)
    at = [(graph.by_name[term.op], term.place, term.amount) for term in terms if term.op in graph.by_name]
    own = [(op.source, place) for op, place, _ in at if op.name.startswith(op.source)]  # not what a mesh puts between
    for source, place in dict.fromkeys(own) if several else ():
        alone = {op.source for op, there, _ in at if there == place} == {source}
        found[place if alone else source] = total(amount for op, amount in known if op.source == source)
    both = several and found["the forward pass"] and found["the backward pass"]
    for phase, place in dict.fromkeys((op.phase, place) for op, place, _ in at if both and op.phase in OF_PLACES):
        part = total(amount for op, there, amount in at if (op.phase, there) == (phase, place))
        found |= {f"the {phase} pass of {place}": part} if part != found[f"the {phase} pass"] else {}
    places = list(dict.fromkeys(term.place for term in terms))
    for pair in combinations(places, 2) if several and len(places) == 3 else ():
        found[" with ".join(pair)] = total(term.amount for term in terms if term.place in pair)
    return found
