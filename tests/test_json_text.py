"""JSON of a user's: what is read, and what is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from costgraph.errors import UserError
from costgraph.json_text import MAX_DEPTH, parse_json

READ: dict[str, Any] = {
    '{"a": [1, 2.5, true, null, "x"]}': {"a": [1, 2.5, True, None, "x"]},
    r'"\ud83d\ude00"': "\U0001f600",  # a whole pair is a character
    "[" * MAX_DEPTH + "]" * MAX_DEPTH: None,
    "9" * 1000: 10**1000 - 1,
    "1e-999": 0.0,
}

REFUSED = {
    "": "not a JSON document",
    "{'a': 1}": "not a JSON document",
    "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1): "nested more than 200 deep",
    "[" * (MAX_DEPTH + 1): "nested more than 200 deep",
    '[{"a[[": ' * (MAX_DEPTH // 2): "not a JSON document",
    r'["\"[[[[", ' + "[" * MAX_DEPTH: "nested more than 200 deep",
    "[" * 100_000: "nested more than 200 deep",
    '{"a":' * 100_000: "nested more than 200 deep",
    "9" * 1001: "more than 1000 digits",
    "-" + "9" * 3_000_000: "more than 1000 digits",
    "0." + "9" * 1001: "more than 1000 digits",
    "[1e999]": "1e999 is too large",
    "[NaN]": "NaN is not a number",
    "[-Infinity]": "-Infinity is not a number",
    '{"a": 1, "b": {"a": 1, "a": 2}}': "the key 'a' stands twice",
    r'{"\ud800": 1, "\ud800": 2}': r"the key '\ud800' stands twice",
    r'["\ud800"]': r"'\ud800' has a NUL or half a surrogate pair",
    r'{"\uDFFF": 1}': r"'\udfff' has a NUL or half a surrogate pair",
    r'[["a\u0000b"]]': r"'a\0b' has a NUL or half a surrogate pair",
}


@pytest.mark.parametrize("text", READ, ids=lambda text: text[:20])
def test_a_document_is_read_as_plain_values(text: str) -> None:
    wanted = READ[text]
    assert wanted is None or parse_json(text) == wanted


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:20])
def test_what_cannot_be_computed_with_or_printed_is_refused(text: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_json(text)
    assert REFUSED[text] in str(refused.value)
    str(refused.value).encode()  # the message itself can be printed
