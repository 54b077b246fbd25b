"""TOML of a user's: what is read, what is refused in words, and how a table becomes a dataclass."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costgraph.errors import UserError
from costgraph.toml_plain import plain_toml
from costgraph.toml_tables import day, decimal_text, from_table, whole
from costgraph.toml_text import MAX_DEPTH, parse_toml

ROOT = Path(__file__).parents[1]
FILES = sorted([*ROOT.glob("costgraph/**/*.toml"), *ROOT.glob("formulas/*.toml"), *ROOT.glob("exporters/**/*.toml")])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_of_the_package_is_read_as_python_reads_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert parse_toml(text, "x") == tomllib.loads(text, parse_float=Decimal)


READ: dict[str, Any] = {
    "x = 0.1": Decimal("0.1"),
    "x = 1e3": Decimal(1000),
    "x = 129": 129,
    "x = '[[[[[[[[[[[[[[[[[[[['": "[" * 20,  # brackets in text are not deep
    'x = "[[[[[[[[[[[[[[[[[[[[ \\" ["': "[" * 20 + ' " [',
    "x = '''[[[[[[[[[[[[[[[[[[[[''''": "[" * 20 + "'",
    'x = """[[[[[[[[[[[[[[[[[[[[\\""""""': "[" * 20 + '"""',
    "x = 1 # [[[[[[[[[[[[[[[[[[[[": 1,
    f"x = {'[' * MAX_DEPTH}{']' * MAX_DEPTH}": None,
    f"x = '{'9' * 5000}'": "9" * 5000,
    f"x = {'9' * 1000}": int("9" * 1000),
}


@pytest.mark.parametrize("text", READ, ids=lambda text: text[:30])
def test_numbers_are_exact_and_text_is_text(text: str) -> None:
    found = parse_toml(text, "f")["x"]
    assert READ[text] is None or (found == READ[text] and type(found) is type(READ[text]))


DEEP = "nested more than 16 deep"
REFUSED = {
    "x = ": "f:1: not valid TOML",
    "\n\nx == 1": "f:3: not valid TOML",
    "x = 1\nx = 2": "f:2: not valid TOML",
    f"x = {'[' * 50_000}": f"f:1: {DEEP}",
    f"\nx = {'[[' * 9}{']]' * 9}": f"f:2: {DEEP}",
    f"x = {'{a = ' * 50_000}": f"f:1: {DEEP}",
    f"x = {'{a.a = [' * 50_000}": f"f:1: {DEEP}",
    f"x{'.x' * 50_000} = 1": f"f:1: {DEEP}",
    f"""x{' . "x"' * 16} = 1""": f"f:1: {DEEP}",
    f"[x{'.x' * 50_000}]": f"f:1: {DEEP}",
    f"[[x{'.x' * 50_000}]]": f"f:1: {DEEP}",
    f"'x' = '''a'''\ny = {'[' * 17}": f"f:2: {DEEP}",
    f'''x = """a""""\ny = {"[" * 17}''': f"f:2: {DEEP}",  # a quote before the three that end it is text
    f"x = {'9' * 1001}": "f:1: '99999999999999999...' has more than 1000 characters",
    f"x = 0x{'f' * 5000}": "has more than 1000 characters",
    f"x = 1.{'9' * 5000}": "has more than 1000 characters",
    "x = 1e1001": "f: 1e1001 has more than 1000 digits",
    "x = 1e-1001": "f: 1e-1001 has more than 1000 digits",
    "x = -1e99999999999999999999": "has more than 1000 digits",
    "x = nan": "f: nan is not a number that can be computed with",
    "x = +inf": "f: +inf is not a number that can be computed with",
    "x = [1, {y = -nan}]": "f: -nan is not a number that can be computed with",
    'x = "\\ud800"': "f:1: not valid TOML",
    "x = 2026-02-31": "f:1: not valid TOML",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30])
def test_what_is_deep_long_or_no_number_is_refused_with_the_line(text: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_toml(text, "f")
    assert REFUSED[text] in str(refused.value)


@given(st.text("[]{}='\"\\\n#,.x1 _e-", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UserError):
        assert parse_toml(text, "f") == tomllib.loads(text, parse_float=Decimal)


LINES = [
    "", "[a]", "[a.b]", "[a.b.c]", "[b]", "[[a]]", "[[a.b]]", "[[b]]", "a = 1", "a.b = 2.5", 'a.b.c = "x"',
    'b = { a = 1, "b c" = [\'y\'] }', "b = {}", "a = [1, 2,]", 'c = [ [], [ "]" ], ]', "b.a = [  # first", "c = [,]",
    "c = { a = 1, }", "c = { a = 1, a = 2 }", "  'z',", "]", "c = true  # [a]", "d = 2026-01-31",
    "d = 2026-01-31T07:00:00Z", "d = 2026-02-31", "d = 01", "d = +1", "d = 1_000", "d = -0.50", '"a" = 1',
    "a . b = 1", "x",
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=9).map("\n".join))
def test_what_is_read_quickly_is_what_python_reads(text: str) -> None:
    found = plain_toml(text, Decimal)
    assert found is None or repr(found) == repr(tomllib.loads(text, parse_float=Decimal))


PLAIN = {
    "[[x]]\ny = 'a'\n[x.z]\nw.v = 1\n[[x]]": {"x": [{"y": "a", "z": {"w": {"v": 1}}}, {}]},
    'x = { y = ["a", -0.5, [1, 2]], z = true }  # b': {"x": {"y": ["a", Decimal("-0.5"), [1, 2]], "z": True}},
    "x = [  # a\n  'b',\n\n  'c',  # d\n]\n": {"x": ["b", "c"]},
}
NOT_PLAIN = ('x = "\\n"', "x = 1e3", 'x = """a"""', "[x]\n[x]", "x = 1\nx = 2", "x = 1\n[x.y]", "x.y = 1\n[x]", "x =")


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_document_needs_no_other_reader(text: str) -> None:
    assert plain_toml(text, Decimal) == PLAIN[text]


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_is_unusual_is_left_to_the_other_reader(text: str) -> None:
    assert plain_toml(text, Decimal) is None


def test_nearly_all_documents_of_the_package_are_plain() -> None:
    plain = [file for file in FILES if plain_toml(file.read_text(encoding="utf-8"), Decimal) is not None]
    assert len(plain) >= 0.95 * len(FILES)


@pytest.mark.parametrize(
    "text", [" " * 10**6 + "x", "x = [" + " ," * 10**6, "x" * 10**6, "x = {" + " " * 10**6, "#" * 10**6 + "\0"]
)
def test_what_is_not_plain_is_seen_at_once(text: str) -> None:
    assert plain_toml(text, Decimal) is None


# --- tables -> dataclasses --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A table in a table."""

    size: Annotated[int, whole]
    kind: Literal["wide", "deep"] = "wide"


@dataclass(frozen=True)
class Whole:
    """One of everything."""

    name: str
    parts: Mapping[str, Part] = field(default_factory=dict)
    first: Part | None = None
    words: tuple[str, ...] = ()
    rows: tuple[Part, ...] = ()
    either: str | tuple[str, ...] = ""
    letters: str | Mapping[str, str] = ""
    marks: Mapping[Literal["a", "b"], int] = field(default_factory=dict)
    sure: bool = False
    count: int = 0
    rate: Annotated[str, decimal_text] = ""
    when: Annotated[str, day] = ""
    own: str = "mine"


MADE = {
    "": Whole("n"),
    "first.size = 3": Whole("n", first=Part(3)),
    "first = { size = '3', kind = 'deep' }": Whole("n", first=Part(3, "deep")),
    "parts.x.size = 3": Whole("n", parts={"x": Part(3)}),
    "rows = [{ size = 1 }, { size = 2 }]": Whole("n", rows=(Part(1), Part(2))),
    "words = ['a', 'b']\nsure = true": Whole("n", words=("a", "b"), sure=True),
    "either = 'a'\nletters = 'b'": Whole("n", either="a", letters="b"),
    "either = ['a']\nletters = { x = 'b' }": Whole("n", either=("a",), letters={"x": "b"}),
    "marks = { a = 1, b = 2 }": Whole("n", marks={"a": 1, "b": 2}),
    "rate = 2.039\nwhen = 2026-01-31": Whole("n", rate="2.039", when="2026-01-31"),
    "rate = '2.039'\nwhen = '2026'": Whole("n", rate="2.039", when="2026"),
    "rate = 7\nletters = ''": Whole("n", rate="7"),
}


@pytest.mark.parametrize("text", MADE)
def test_a_table_becomes_a_dataclass(text: str) -> None:
    assert from_table(Whole, parse_toml(f"name = 'n'\n{text}", "f"), "f", own="mine") == MADE[text]


UNFIT = {
    "nme = 'n'": "f: unknown key 'nme': did you mean name?",
    "own = 'yours'\nname = 'n'": "f: unknown key 'own': ",
    "count = 1": "f: name is missing",
    "name = ' '": "f: name is empty",
    "name = 1": "f: name must be a string in quotes, not 1",
    "name = 1.50": "f: name must be a string in quotes, not 1.50",
    "name = ['n']": "f: name must be a string in quotes, not a list",
    "name = 2026-01-31T07:00:00Z": "f: name must be a string in quotes, not 2026-01-31T07:00:00+00:00, a date or time",
    "name = 07:00:00": "f: name must be a string in quotes, not 07:00:00, a date or time",
    f"name = {'9' * 100}": "f: name must be a string in quotes, not 9999999999999999999999999999999999999...",
    "sure = 1": "f: sure must be true or false, not 1",
    "count = true": "f: count must be a whole number, not true",
    "count = '1'": "f: count must be a whole number, not '1'",
    "first = 3": "f: first must be a table: write [first], not 3",
    "first.kind = 'deep'": "f: first.size is missing",
    "first.sise = 3": "f: [first]: unknown key 'sise': did you mean size",
    "first.size = 'x'": "f: first.size: must be a whole number, not 'x'",
    "first.size = '\u0663'": "f: first.size: must be a whole number, not '\u0663'",
    "first.size = true": "f: first.size: must be a whole number, not true",
    f"first.size = '{'9' * 5000}'": "f: first.size: must be a whole number, not '9999",
    "first = { size = 3, kind = 'dep' }": "f: first.kind: unknown choice 'dep': did you mean deep or wide?",
    "parts = 3": "f: parts must be a table: write [parts.KEY], not 3",
    "parts.x = 3": "f: parts.x must be a table: write [parts.x], not 3",
    "rows = [{ size = 1 }, { sise = 1 }]": "f: [rows[2]]: unknown key 'sise'",
    "words = 'a'": "f: words must be a list in [ ], not 'a'",
    "words = ['a', 1]": "f: words[2] must be a string in quotes, not 1",
    "either = 3": "f: either must be a string in quotes, not 3",
    "either = [3]": "f: either[1] must be a string in quotes, not 3",
    "letters = { x = 3 }": "f: letters.x must be a string in quotes, not 3",
    "letters = { x = '' }": "f: letters.x is empty",
    "marks = { c = 1 }": "f: marks: unknown choice 'c': choose from a, b",
    "rate = true": "f: rate: must be a number, not true",
    "when = 3": "f: when: must be a date such as 2026-01-31, not 3",
}


@pytest.mark.parametrize("text", UNFIT, ids=lambda text: text[:40])
def test_a_key_or_value_that_does_not_fit_is_named_with_its_place(text: str) -> None:
    table = parse_toml(text if "name" in text or text in ("nme = 'n'", "count = 1") else f"name = 'n'\n{text}", "f")
    with pytest.raises(UserError) as refused:
        from_table(Whole, table, "f", own="mine")
    assert str(refused.value).startswith(UNFIT[text])
