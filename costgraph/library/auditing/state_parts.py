"""Formulas of one part of the states, of weights, gradients or the optimizer, against that part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from costgraph.algebra.polynomial import total
from costgraph.algebra.quotient import Quotient
from costgraph.derivation import derive
from costgraph.library.checking.comparison import Checked, check
from costgraph.precision import PRECISIONS, USUAL, policy

NOTHING_SHORT = "nothing short explains it"
REST = "states_of_other_parts"  # a name that no formula has


def of_part(text: str, part: str, case: Any) -> Checked:
    """A formula against a part of the states: compared with what the other parts come to, and shown without."""
    whole = check(text, "states", **case)
    others = total(term.amount for term in whole.terms if term.part != part)
    let = case.get("let", ())
    rest: Any = {**case, "let": [*([let] if isinstance(let, str) else let), f"{REST}={others}"]}
    found = check(f"{text} + {REST}", "states", **rest)
    less = Quotient(others)
    printed = found.printed - less
    found = replace(
        found, measure=f"states, {part}", printed=printed, derived=found.derived - less, exactly=found.exactly - less,
        terms=tuple(term for term in found.terms if term.part == part), convention="",
    )  # fmt: skip
    return found if found.agrees else replace(found, convention=other_policies(printed, part, case) or NOTHING_SHORT)


def other_policies(printed: Quotient, part: str, case: Any) -> str:
    """The policies under which a part of the states comes to a formula, or that it lacks the master copy alone."""
    own = policy(case.get("precision") or USUAL)
    moments = "+".join(map(str, own.moments))
    has_both = own.master and moments and not own.factored
    without = f"weights={own.weights},gradients={own.gradients},moments={moments}" if has_both else ""
    told = {f"precision {name}": name for name in PRECISIONS if name != own.name}
    told |= {"no master copy": without} if without else {}
    found = [said for said, text in told.items() if comes_to(part, {**case, "precision": text}) == printed]
    return f"it counts {' or '.join(found)}" if found else ""


def comes_to(part: str, case: Any) -> Quotient:
    """What a part of the states is derived to be."""
    found = derive("states", **case).limited["states"]
    return Quotient(total(term.amount for term in found.terms if term.part == part))
