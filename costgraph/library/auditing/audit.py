"""The formulas of a file, each against what is derived for what it is called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Unpack

from costgraph.algebra.frameworks import meaning_of
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import UserError, shorten, unknown
from costgraph.given import Keywords, Options
from costgraph.library.auditing.code import formulas
from costgraph.library.auditing.code_shapes import Formula, UnreadError
from costgraph.library.auditing.conditions import under
from costgraph.library.auditing.equations import equations
from costgraph.library.auditing.named_sizes import DOTTED, OtherCaseError, meant, told, undotted
from costgraph.library.auditing.names import (
    ANY_MODEL,
    MEANT,
    OF_DEVICE,
    OF_DEVICES,
    OF_RUNS,
    PLANS,
    RATE,
    UNITS,
    WHOLE_PHASE,
    Said,
    infer,
    unit_in_words,
    unit_of,
)
from costgraph.library.auditing.rates import flops_in
from costgraph.library.auditing.state_parts import NOTHING_SHORT, of_part
from costgraph.library.auditing.tex_source import plain
from costgraph.library.checking.comparison import Checked, check
from costgraph.measures import MEASURES as ALL
from costgraph.measures import measure_named
from costgraph.measures.parts import read_measure
from costgraph.measures.per import read_share
from costgraph.records import dataclass
from costgraph.setup import Setup
from costgraph.user_files import MAX_TOML, read_text

NO_MEASURE = "its name says no measure; --measure says which"
MEMORY = re.compile(r"bytes?|memory|(?<![a-z])mem(?![a-z])|footprint|vram")  # in names of what may be a cost
Outcome = Literal["agrees", "differs", "not read"]


@dataclass(frozen=True)
class Audited:
    """A formula of a file, what it was taken for, and how it compares.

    `read` says what names were taken for, and `unit` in which unit it is although its name says another.
    """

    file: str
    formula: Formula
    measure: str
    per: str = ""
    compared: Checked | None = None
    unread: str = ""
    read: str = ""
    unit: str = ""

    @property
    def outcome(self) -> Outcome:
        """In a word."""
        if self.compared is None:
            return "not read"
        return "agrees" if self.compared.agrees else "differs"

    @property
    def said(self) -> str:
        """What separates it from what is derived, or why it is not read."""
        if self.compared is None or self.compared.agrees:
            return self.unread
        return self.unit or self.compared.slip or NOTHING_SHORT


def audit(target: str, measure: str = "", *, per: str = "", **of: Unpack[Keywords]) -> list[Audited]:
    """Read the formulas of a file and compare each with what is derived.

    Args:
        target: a Python or LaTeX file, or a function of one: `mfu.py:flops_per_token`.
        measure: what all of them give; unless given, what their names say, and what says nothing is passed over.
        per: the same of `token` or `sequence`.
        of: what they are costs of, as for `derive`; `let` and `notation` say how to read letters.

    Raises:
        UserError: no such file or function, what cannot be read at all, or a measure or setup that there is not.
    """
    path, _, function = target.partition(":")
    refuse_wrong(measure, per, of)
    found = parsed(path, function, told(of))
    if measure and not path.endswith(".tex"):
        found = [one for one in found if one.name.endswith("return") or infer(one.name).measure == measure] or found
    named = with_names(found, {one: infer(one.name) for one in found})
    said = {one: Said(measure) if measure else of_flops(one, infer(one.name, one.within)) for one in found}
    said = with_names(found, said)
    costs = [one for one in found if (said[one].measure or said[one].why) and not is_step(one, said)]
    answers = [judged(path, one, said[one], named[one], per, of) for one in costs if not returned(one, said)]
    left = [one for one in found if said[one] == Said() and one.text and maybe_cost(one, path)]
    return [*answers, *(Audited(path, one, "", unread=NO_MEASURE) for one in left if not returned(one, said))]


def maybe_cost(one: Formula, path: str) -> bool:
    """Whether a formula whose name says no measure may be of a cost: an equation of a paper, an amount of memory."""
    return path.endswith(".tex") or MEMORY.search(last_of(one.name)) is not None


def with_names(found: Sequence[Formula], said: Mapping[Formula, Said]) -> dict[Formula, Said]:
    """What names say, and of what is returned also what the name says that it had in its function."""
    return {one: with_name(one, found, said) if one.name.endswith("return") else said[one] for one in found}


def with_name(one: Formula, found: Sequence[Formula], said: Mapping[Formula, Said]) -> Said:
    """The same of one that is returned: `flops_per_token` of `get_flops` is per token."""
    own = said[one]
    for other in alike(one, found, False):
        more = said[other]
        if own.measure and (more.measure == own.measure or more.measure.startswith(f"{own.measure}.")):
            own = replace(
                own, measure=more.measure, phase=own.phase or more.phase, per=own.per or more.per,
                part=own.part or more.part,
            )  # fmt: skip
    return own


def of_flops(one: Formula, said: Said) -> Said:
    """What a name says, of a time, a rate or a share only where FLOPs can be read out of it."""
    if not said.rate:
        return said
    try:
        flops_in(one.text, last_of(one.name))
    except UnreadError as error:
        return Said(why=(str(error) if one.text else one.unread) if said.why else "")
    return replace(said, why="")


def last_of(name: str) -> str:
    """The name of a formula in lower case; of what is returned the function's."""
    function, _, last = plain(name).lower().rpartition(": ")
    return function if last == "return" else last


def refuse_wrong(measure: str, per: str, of: Options) -> None:
    """Raise for options that no formula could be compared under, which would all be said to be unreadable."""
    graph = Setup.of(**of).graph
    if measure and measure_named(read_measure(measure, graph).name) is None:
        raise unknown("measure", measure, ALL)
    read_share(per or None, False, ())


def siblings(one: Formula, found: Iterable[Formula], returns: bool) -> Iterator[Formula]:
    """The formulas of the same function that are given back, or those that are not."""
    function = one.name.rpartition(": ")[0]
    for other in found:
        where, _, last = other.name.rpartition(": ")
        if where == function and (last == "return") is returns and other != one:
            yield other


def alike(one: Formula, found: Iterable[Formula], returns: bool) -> Iterator[Formula]:
    """Those of them that are the same formula."""
    own = (one.text, one.cases, one.unread)
    return (other for other in siblings(one, found, returns) if (other.text, other.cases, other.unread) == own)


def is_step(one: Formula, said: Mapping[Formula, Said]) -> bool:
    """Whether a formula is on the way to what is returned: `flops`, where `train_flops` gives back 3 times it."""
    own = said[one]
    if one.addend and own.measure.startswith("flops") and not WHOLE_PHASE.fullmatch(last_of(one.name)):
        return True
    if one.name.endswith("return") or own.phase or "." in own.measure or not own.measure:
        return False
    given = [
        other for other in siblings(one, said, True) if other.text and not (said[other].rate or RATE.search(other.text))
    ]
    of_cost = [other for other in given if own.measure == "params" or same_cost(said[other], own)]
    return not own.per and bool(of_cost) and all(said[other].measure and other.text != one.text for other in of_cost)


def same_cost(one: Said, other: Said) -> bool:
    """Whether both are of one measure, or of parts of it."""
    return one.measure.partition(".")[0] == other.measure.partition(".")[0]


def returned(one: Formula, said: Mapping[Formula, Said]) -> bool:
    """Whether a formula is no more than `return x` of an x that is listed, or an x that says less than the function."""
    same = [other for is_return in (True, False) for other in alike(one, said, is_return)]
    if one.name.endswith("return"):
        return any(said[other] == said[one] for other in same)
    given = [other for other in same if other.name.endswith("return") and same_cost(said[other], said[one])]
    return bool(given) and all(said[other] != said[one] for other in given)


def parsed(path: str, function: str, names: Sequence[str]) -> list[Formula]:
    """The formulas of a file."""
    if not path.endswith((".py", ".tex")):
        raise UserError(f"'{shorten(path)}': audit reads .py and .tex files, FILE.py:FUNCTION for one function")
    text = read_text(Path(path), MAX_TOML)
    if path.endswith(".tex"):
        if function:
            raise UserError(f"'{shorten(function)}': a .tex file has no functions; name the file alone")
        return equations(text)
    try:
        return [no_formula(one) for one in formulas(text, function, names)]
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def no_formula(one: Formula) -> Formula:
    """A formula, or why it is none: a number or a name, with nothing to compare."""
    named = re.search(r"(?<![0-9.])[A-Za-z_]", one.text)  # and not 1e9
    if one.unread or (named and re.search(r"[*/+(-]", one.text)):
        return one
    kind = "a number" if not named else "a count" if one.text == "N_params" else "a name from outside"
    return replace(one, text="", unread=f"'{one.text}' is {kind}, no formula")


def judged(path: str, formula: Formula, said: Said, named: Said, per: str, of: Options) -> Audited:
    """One formula against what is derived."""
    per = per or named.per
    if why := said.why or formula.unread or of_plan(formula, of) or of_several(formula.text):
        return Audited(path, formula, said.measure, per, unread=why)
    text, own = flops_in(formula.text, last_of(formula.name)) if said.rate else (formula.text, "")
    per = per or own
    text = undotted(text) if path.endswith(".py") else text
    try:
        case: Any = under(formula.cases, of)
        if named.phase and case.get("phase") is None:
            case = {**case, "phase": named.phase}
        let, read = meant(text, case)
        if let:
            case = {**case, "let": let}
        of_unit = unit_by_name(said.measure)
        unit = unit_of(formula.name, of_unit)
        size = UNITS[of_unit][unit] if unit else 1
        read = ", ".join(filter(None, [read, f"in {unit_in_words(unit, of_unit)}" if unit else ""]))
        text = f"({text})*{size}" if unit else text
        if named.part:
            compared = of_part(text, named.part, case)
            read = ", ".join(filter(None, [read, f"of states the {named.part}"]))
        elif said.measure == "cache" and per == "token":  # which is kept of every token, not only of the newest
            compared = check(f"({text})*B*S", said.measure, **case)
            read = ", ".join(filter(None, [read, "of one of B*S tokens"]))
        else:
            compared = check(text, said.measure, per=per or None, **case)
    except (UserError, OtherCaseError) as error:
        return Audited(path, formula, said.measure, per, unread=str(error))
    return Audited(
        path,
        formula,
        said.measure,
        per,
        compared,
        read=read,
        unit="" if said.rate else other_unit(compared, unit, of_unit),
    )


def of_several(text: str) -> str:
    """Why a formula is compared with nothing that has sizes of several models: of a draft and of its target."""
    owners: dict[tuple[str, ...], str] = {}
    for found in DOTTED.findall(text):
        owner, _, size = found.rpartition(".")
        if meaning_of(MEANT.get(size, size)) not in OF_RUNS and (MEANT.get(size) or meaning_of(size) in SYMBOLS):
            words = tuple(word for word in re.split(r"[._]", owner) if word and not ANY_MODEL.fullmatch(word))
            owners.setdefault(words, found)
    said = " and ".join(f"'{one}'" for one in owners.values())
    return f"{said} may be of different models" if len(owners) > 1 else ""


def of_plan(formula: Formula, of: Options) -> str:
    """Why a formula is compared with nothing whose name says that it is of a plan, where none is asked of."""
    name = plain(formula.name).lower()
    divided = any(meaning_of(word) in OF_DEVICES for word in re.findall(r"\w+", formula.text))
    found = PLANS.search(name) or (OF_DEVICE.search(name) if divided else None)
    planned = of.get("mesh") or of.get("passes")
    return f"of a plan, by '{found[0]}'; --mesh or --pass says of which" if found and not planned else ""


def unit_by_name(measure: str) -> str:
    """What a measure is in, of those that names have other units for."""
    name = measure.partition("(")[0].partition(".")[0]
    return {"flops": "FLOP", "params": "parameter"}.get(name, "byte")


def other_unit(compared: Checked, unit: str, of: str) -> str:
    """In which unit a formula is right, if it is another one than its name says."""
    if compared.agrees:
        return ""
    sizes = {"": Fraction(1), **UNITS[of]}
    for other, size in sizes.items():
        if compared.printed * Quotient(size / sizes[unit]) in (compared.derived, compared.exactly):
            name = unit_in_words(unit, of) if unit or of != "parameter" else "the number"
            return f"it is in {unit_in_words(other, of)}, and its name says {name}"
    return ""


def counts(found: Iterable[Audited]) -> dict[str, int]:
    """How many formulas had each outcome."""
    return dict(Counter(one.outcome for one in found))
