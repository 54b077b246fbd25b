"""Forms from a JSON document: every key is checked, and nothing is executed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from costgraph.algebra.assumption import IsSize
from costgraph.algebra.called import FUNCTIONS
from costgraph.algebra.definition import Definition
from costgraph.algebra.expression import Node
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS, Domain, Symbol, declare
from costgraph.algebra.units import unit_named
from costgraph.algebra.work import bounded
from costgraph.closed_form import ClosedForm
from costgraph.conventions import Additions, Convention
from costgraph.errors import UserError, shorten, unknown
from costgraph.exporting.exchange import SCHEMA, assumptions, trees
from costgraph.exporting.exchange.document import MAX_MONOMIALS, MAX_PRODUCTS, Place
from costgraph.exporting.forms import Form
from costgraph.graph.loop import Loop
from costgraph.graph.rules import RULES
from costgraph.graph.tensor import Role
from costgraph.json_text import parse_json
from costgraph.precision import STATES
from costgraph.provenance import Term

MAX_TEXT = 2**23  # characters of a document
MAX_FORMS = 1000
MAX_SYMBOLS = 100


def read_forms(text: str) -> dict[str, ClosedForm | Quotient | Node]:
    """The forms in a document that the target `json` wrote, by name, as exactly as they were.

    Returns:
        A closed form where the document tells where its terms came from, else its bare value; the value alone where it
        is the leading part of a closed form; an expression tree where it holds a maximum or a rounding. All of them can
        be exported again.

    Raises:
        UserError: the text is no such document; the message says where.
    """
    return {form.name: bare(form) for form in stored(text)}


def bare(form: Form) -> ClosedForm | Quotient | Node:
    """The form without the name it was stored under."""
    if form.closed and form.regime is None:
        return form.closed
    return form.value if isinstance(form.value, Quotient) and not form.definitions else form.node


def stored(text: str) -> list[Form]:
    """The same with all that the document says about them."""
    if len(text) > MAX_TEXT:
        raise UserError(f"a document of {len(text)} characters; at most {MAX_TEXT} are read")
    with bounded():
        return forms(Place(parse_json(text), "the document"))


def forms(top: Place) -> list[Form]:
    """The forms in a document."""
    if top.text("schema") != SCHEMA:
        raise UserError(f"the document says schema '{shorten(top.text('schema'))}'; {SCHEMA} is expected")
    for part in top.list("symbols")[:MAX_SYMBOLS] if top.has("symbols") else ():
        own_symbol(part)
    found: dict[str, Form] = {}
    parts = top.list("forms")
    if len(parts) > MAX_FORMS:
        top.refuse(f"{len(parts)} forms; at most {MAX_FORMS} are read")
    for part in parts:
        name = part.text("name")
        if name in found:
            part.refuse(f"a second form called '{shorten(name)}'")
        found[name] = form(name, part)
    said = [part.value if isinstance(part.value, str) else part.refuse("must be text") for part in remarks(top)]
    return [replace(one, remarks=tuple(said)) for one in found.values()]


def remarks(top: Place) -> Sequence[Place]:
    """What was typed without effect; documents of the first versions say it in the setting."""
    return top.list("remarks") if top.has("remarks") else ()


def own_symbol(at: Place) -> None:
    """Declare a symbol that a model brought along."""
    if (name := at.text("name")) not in SYMBOLS and at.has("tex"):
        domains: tuple[Domain, ...] = get_args(Domain)
        if (domain := at.text("domain")) not in domains:
            at.get("domain").refuse(str(unknown("domain", domain, domains)))
        tex, unit, meaning = (shorten(at.text(key), 200) for key in ("tex", "unit", "meaning"))
        with at.told():
            _ = unit_named(unit)
            declare(Symbol(name, tex, unit, meaning, domains[domains.index(domain)], typical=4096))


def form(name: str, at: Place) -> Form:
    """One form."""
    setting = at.text("setting", "")
    if at.has("tree"):
        tree = at.get("tree")
        if (parts := trees.size(tree.value)) > trees.MAX_PARTS:
            tree.refuse(f"an expression of {parts} parts; at most {trees.MAX_PARTS} are read")
        return Form(name, trees.node(tree), setting=setting)
    value = at.quotient("value")
    if value.is_infinite:
        at.refuse("value: the denominator is zero")
    if not any(map(at.has, ("terms", "over", "convention", "assumptions", "remainder", "at_infinity", "regime"))):
        return Form(name, value, setting=setting)
    closed = closed_form(name, at)
    with at.told():
        regime = closed.when(at.get("regime").text("when")) if at.has("regime") else None
        expected = regime.leading if regime else closed.value
    if len(expected.numerator) * len(value.denominator) > MAX_PRODUCTS or value != expected:
        at.refuse("the terms do not sum to the value; the document has been changed")
    if regime and at.get("regime").quotient("neglected") != regime.neglected:
        at.refuse("regime, neglected: the terms give another ratio; the document has been changed")
    return Form(name, value, closed, setting=setting, regime=regime)


def closed_form(name: str, at: Place) -> ClosedForm:
    """A sum or quotient with the places its terms come from."""
    terms, over = (tuple(map(term, at.list(key))) for key in ("terms", "over"))
    for key, side in (("terms", terms), ("over", over)):
        if len(at.get(key).sum([one.amount for one in side])) > MAX_MONOMIALS:
            at.get(key).refuse(f"a sum of more than {MAX_MONOMIALS} monomials")
    return ClosedForm(
        name,
        at.text("unit"),
        terms,
        convention(at.get("convention")),
        tuple(map(assumptions.read, at.list("assumptions"))),
        at.quotient("remainder"),
        over,
        at.names("at_infinity", "symbol", tuple(SYMBOLS)),
        tuple(map(definition, at.list("definitions"))) if at.has("definitions") else (),
        tuple(map(dim, at.list("dims"))) if at.has("dims") else (),
        tuple(map(loop, at.list("loops"))) if at.has("loops") else (),
    )


def dim(at: Place) -> IsSize:
    """A dim of the model whose size may turn out to be none."""
    with at.told():
        kinds = {key: at.has(key) and at.get(key).value is True for key in ("mean", "layers")}
        return IsSize(at.text("dim"), at.polynomial("size"), **kinds).substitute({})


def loop(at: Place) -> Loop:
    """A stretch of the model that is named."""
    number = at.get("number").value
    if not isinstance(number, int) or number < 0:
        at.get("number").refuse("must be a count")
    return Loop(at.text("kind"), at.polynomial("times"), number)


def definition(at: Place) -> Definition:
    """What a symbol stands for that is no polynomial."""
    name, function = at.text("symbol"), at.text("function")
    if name not in SYMBOLS:
        at.refuse(str(unknown("symbol", name, SYMBOLS)))
    if function not in FUNCTIONS:
        at.refuse(str(unknown("function", function, FUNCTIONS)))
    arguments = at.get("arguments")
    sizes = tuple(part.polynomial_here() for part in arguments.parts())
    with arguments.told():
        return Definition(name, function, sizes).checked()


def convention(at: Place) -> Convention:
    """What is counted; documents of the first versions say only in the name how additions are."""
    name = at.text("name")
    additions: Additions = "counted" if "additions=counted" in name else "fused"
    if at.has("additions"):
        choices: tuple[Additions, ...] = get_args(Additions)
        chosen = at.text("additions")
        if chosen not in choices:
            at.get("additions").refuse(str(unknown("choice", chosen, choices)))
        additions = choices[choices.index(chosen)]
    rates = []
    for kind, rate in at.items("elementwise"):
        if kind not in RULES and "." not in kind:  # names of ops are `place.what`
            rate.refuse(str(unknown("op kind", kind, RULES)))
        rates.append((kind, rate.number()))
        if rates[-1][1] < 0:
            rate.refuse("a number of FLOPs is not negative")
    return Convention(name, frozenset(at.names("neglects", "role", get_args(Role))), tuple(sorted(rates)), additions)


def term(at: Place) -> Term:
    """One contribution."""
    role = at.text("role")
    if role and role not in get_args(Role):
        at.get("role").refuse(str(unknown("role", role, get_args(Role))))
    part = at.text("part") if at.has("part") else ""
    if part and part not in STATES and (wrong := [name for name in part.split("-") if name not in SYMBOLS]):
        at.get("part").refuse(str(unknown("part", wrong[0], (*STATES, *SYMBOLS))))
    return Term(at.text("op"), at.text("source"), at.polynomial("amount"), role, part)
