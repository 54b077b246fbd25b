"""Documents that nobody wrote in good faith: every key changed in every way, and values that would take for ever.

What comes of it is one line that names the place, or forms that are written again just as they were read; within a
second, whatever the document holds.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from time import process_time
from typing import Any

import pytest

import costgraph as cg
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import UserError
from costgraph.exporting.exchange.reading import read_forms, stored

SECONDS = 2.0  # of this machine's processor, far above what is needed: none of these may take minutes


def document(*measures: str, **asked: Any) -> dict[str, Any]:
    """A valid document."""
    found: dict[str, Any] = json.loads(str(cg.export(cg.derive(*measures, **asked), "json")))
    return found


VALID = {
    "a bound on the length": document("params", op_set="decoder(head=True)", limit="L=1,S=D-A"),
    "leading terms of a quotient": document("intensity", phase="decode", when="S << D", limit="E=4,p=2,L=1,A=1"),
    "a convention with options": document(
        "flops",
        passes=["tensor_parallel(T)"],
        convention="notes(elementwise=softmax3, additions=counted)",
        limit="L=1,E=4",
    ),
    "a tree": {
        "schema": "costgraph.forms/1",
        "forms": [
            {"name": "f", "setting": "", "tree": ["max", ["**", {"symbol": "B"}, "3"], ["/", {"symbol": "S"}, "2"]]}
        ],
    },
}
DEEP: Any = []
for _ in range(190):
    DEEP = [DEEP]
CHANGES: dict[str, Any] = {
    "null": None,
    "a number": 3,
    "a fraction": 0.5,
    "a bool": True,
    "no text": "",
    "text": "x",
    "a list": [],
    "an object": {},
    "a huge number": 10**900,
    "a huge number as text": "9" * 900,
    "a negative number": -7,
    "a negative number as text": "-7",
    "1/0": "1/0",
    "digits of another script": "٣",
    "a list of odd things": [None, 1, "x", {}, []],
    "deep": DEEP,
    "a name of Python": "__class__",
    "long text": "x" * 10_000,
    "half a character": "\ud800",
    "a zero byte": "\0",
}
READ = {"schema", "forms"}  # keys of a document that are read; the others are there for other readers


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a document."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        if path or key in READ:
            yield from places(part, (*path, key))


def each_kind(valid: Any) -> list[tuple[Any, ...]]:
    """One place for every sequence of keys that leads to some."""
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for path in places(valid):
        found.setdefault(tuple(key if isinstance(key, str) else "" for key in path), path)
    return list(found.values())


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """What stands at a place."""
    for key in path:
        value = value[key]
    return value


def changed(valid: Any, path: tuple[Any, ...], new: Any) -> str:
    """The document with something else at a place."""
    made = copy.deepcopy(valid)
    at(made, path[:-1])[path[-1]] = new
    return json.dumps(made)


def without(valid: Any, path: tuple[Any, ...]) -> str:
    """The document without what stands at a place."""
    made = copy.deepcopy(valid)
    del at(made, path[:-1])[path[-1]]
    return json.dumps(made)


def within(seconds: float, work: Callable[[], Any]) -> Any:
    """What comes of it in that time: a result, or the one line of an error of the user."""
    start = process_time()
    found: Any = None
    with suppress(UserError):
        found = work()
    assert process_time() - start < seconds
    return found


def read_or_refused(text: str) -> str:
    """What is said about a document; empty if it is read, and then it is written and read again as the same."""
    said: list[str] = []

    def work() -> None:
        try:
            forms = stored(text)
        except UserError as error:
            said.append(str(error))
            raise
        assert stored(str(cg.export(forms, "json"))) == forms

    within(SECONDS, work)
    assert all(line.isprintable() and len(line) < 1000 for line in said)
    return "".join(said)


@pytest.mark.slow
@pytest.mark.parametrize("name", VALID)
@pytest.mark.parametrize("change", CHANGES)
def test_every_key_is_checked(name: str, change: str) -> None:
    for path in each_kind(VALID[name]):
        read_or_refused(changed(VALID[name], path, CHANGES[change]))


@pytest.mark.parametrize("name", VALID)
def test_every_key_may_be_missing_or_is_missed(name: str) -> None:
    for path in each_kind(VALID[name]):
        said = read_or_refused(without(VALID[name], path))
        if path[-1] in (
            "terms",
            "convention",
            "unit",
            "op",
            "coefficient",
            "powers",
            "numerator",
            "neglects",
            "remainder",
        ):
            assert said, path


WRONG: dict[str, tuple[tuple[Any, ...], Any, str]] = {  # a change to the third document -> what is said
    "additions": (("convention", "additions"), "count", "additions: unknown choice 'count': did you mean counted"),
    "neglects": (("convention", "neglects"), ["bais"], "neglects 1: unknown role 'bais': did you mean bias"),
    "neglects twice": (("convention", "neglects"), ["bias", "bias"], "neglects 2: a second 'bias'"),
    "elementwise": (("convention", "elementwise"), 5, "convention, elementwise: must be an object"),
    "rate": (("convention", "elementwise"), {"gelu": 1}, "elementwise, gelu: must be an exact number as text"),
    "kind of op": (("convention", "elementwise"), {"gelo": "1"}, "gelo: unknown op kind 'gelo': did you mean gelu"),
    "negative": (("convention", "elementwise"), {"gelu": "-1"}, "a number of FLOPs is not negative"),
    "role": (("terms", 0, "role"), "wieght", "terms 1, role: unknown role 'wieght': did you mean weight"),
    "kind": (("assumptions", 0, "kind"), "divide", "assumptions 1: unknown kind 'divide': did you mean divides"),
    "letters": (("at_infinity",), ["Q"], "at_infinity 1: unknown symbol 'Q'"),
    "false": (
        ("assumptions", 0),
        {
            "kind": "divides",
            "divisor": [{"coefficient": "3", "powers": {}}],
            "dividend": [{"coefficient": "4", "powers": {}}],
            "advice": "choose another",
        },
        "assumptions 1: 3 | 4 does not hold: 3 does not divide 4; choose another",
    ),
    "no symbol": (
        ("assumptions", 0),
        {"kind": "in_domain", "name": "Q", "value": []},
        "assumptions 1: unknown symbol 'Q'",
    ),
    "half a form": (("remainder",), None, "remainder"),
}


@pytest.mark.parametrize(("path", "new", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_place(path: tuple[Any, ...], new: Any, message: str) -> None:
    said = read_or_refused(changed(VALID["a convention with options"], ("forms", 0, *path), new))
    assert said.startswith("the document, forms 1")
    assert message in said


def tree(value: Any) -> str:
    """A document with one expression tree."""
    return json.dumps({"schema": "costgraph.forms/1", "forms": [{"name": "f", "tree": value}]})


def nested(depth: int, wrap: Any) -> Any:
    """A tree of that depth."""
    value: Any = {"symbol": "B"}
    for _ in range(depth):
        value = wrap(value)
    return value


def sums(count: int, coefficient: Any = "1", below: bool = False) -> str:
    """A document with a quotient of `count` monomials above and, where wished, below the line."""
    names = list(SYMBOLS)
    many = [
        {"coefficient": coefficient if isinstance(coefficient, str) else coefficient(i),
         "powers": {names[i % 7]: i % 11, names[7 + i % 5]: i // 11 % 13, names[12 + i % 3]: i // 143}}
        for i in range(1, count + 1)
    ]  # fmt: skip
    value = {"numerator": many, "denominator": many[: count // 2] if below else [{"coefficient": "1", "powers": {}}]}
    return json.dumps({"schema": "costgraph.forms/1", "forms": [{"name": "f", "value": value}]})


B: Any = {"symbol": "B"}
COSTLY = {
    "a tower of powers": tree(["**", ["**", ["**", B, "256"], "256"], "256"]),
    "a tower of powers of a sum": tree(nested(20, lambda inner: ["**", ["+", inner, {"symbol": "S"}], "4"])),
    "a tower of powers of powers": tree(nested(50, lambda inner: ["**", inner, "2"])),
    "powers taken away": tree(["+", ["**", ["**", B, "256"], "256"], "-1"]),
    "a long maximum": tree(["max", *["1"] * 5000]),
    "a maximum as long as can be": tree(["max", *["1"] * 4900]),
    "a long sum of fractions": tree(["+", *[["/", "1", str(10**30 + i)] for i in range(1000)]]),
    "a product of long numbers": tree(["+", *[["*", "7" * 999, "9" * 999] for _ in range(900)]]),
    "deep roots": tree(nested(55, lambda inner: ["sqrt", inner])),
    "deep quotients": tree(nested(55, lambda inner: ["/", "1", ["+", inner, "1"]])),
    "a deep tree": tree(nested(150, lambda inner: ["+", inner, "1"])),
    "4000 monomials": sums(4000),
    "1000 monomials": sums(1000),
    "a quotient of many": sums(900, below=True),
    "long numbers": sums(900, "7" * 999),
    "denominators without a common one": sums(900, lambda i: f"1/{10**50 + i}"),
    "3 million digits": sums(1, "7" * 3_000_000),
    "3 million digits of a number": '{"schema": "costgraph.forms/1", "forms": ' + "7" * 3_000_000 + "}",
    "a deep list": "[" * 1_000_000,
    "a deep object": '{"a":' * 100_000,
    "a long document": " " * 2**24,
    "many forms": json.dumps(
        {"schema": "costgraph.forms/1", "forms": [{"name": f"f{i}", "tree": "1"} for i in range(3000)]}
    ),
    "high powers": tree(["+", *[["**", {"symbol": name}, "256"] for name in SYMBOLS]]),
    "a long name": tree({"symbol": "x" * 1_000_000}),
}


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_work_is_predicted_and_bounded(text: str) -> None:
    forms = within(SECONDS, lambda: read_forms(text))
    for target in ("json", "python", "sql", "excel") if forms else ():
        within(2 * SECONDS, partial(cg.export, forms, target))


def test_a_vector_at_which_a_form_has_no_double_is_said_to_be_left_out() -> None:
    text = str(cg.export(read_forms(COSTLY["a tower of powers"]), "c")).replace("\n * ", " ")
    assert "Not compared: small, as f does not fit a double; beyond 64 bits, as f does" in text
    assert "pow(x1, 256.0)" in text


def test_old_documents_without_kinds_are_read() -> None:
    new = VALID["a convention with options"]
    old = copy.deepcopy(new)
    for form in old["forms"]:
        del form["convention"]["additions"]  # the name says it
        for one in form["assumptions"]:
            del one["kind"]
    assert stored(json.dumps(old)) == stored(json.dumps(new))
    (form,) = stored(json.dumps(new))
    assert form.closed is not None
    assert form.closed.convention.additions == "counted"
    assert {type(claim).__name__ for claim in form.closed.assumptions} >= {"Divides", "Choice"}


def test_every_kind_of_assumption_comes_back() -> None:
    derivation = cg.derive("activations", op_set="decoder(head=True)", passes=["tensor_parallel(T)"], limit="S=D-L")
    kinds = {type(claim).__name__ for claim in derivation.limited["activations"].assumptions}
    assert kinds == {"Divides", "AtMost", "InDomain", "Choice"}
    assert read_forms(str(cg.export(derivation, "json"))) == derivation.limited


def test_a_remainder_that_grows_without_bound_comes_back() -> None:
    odd = replace(cg.params(cg.decoder()), remainder=Quotient(1, Polynomial.constant(0)))
    assert read_forms(str(cg.export({"params": odd}, "json"))) == {"params": odd}
