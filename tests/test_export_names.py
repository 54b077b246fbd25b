"""What symbols and forms are called in a target: legal there, apart from each other, and the same in every module."""

from __future__ import annotations

import keyword
import re
from dataclasses import replace

import pytest
import toolchains
from hypothesis import given
from hypothesis import strategies as st

from costgraph.algebra.quotient import Quotient
from costgraph.algebra.symbols import SYMBOLS
from costgraph.errors import UserError
from costgraph.exporting.code.naming import fold, function_names, legal, spelled, unused_prefix
from costgraph.exporting.forms import Form
from costgraph.exporting.targets import Target, available, load

TARGETS = {name: load(name) for name in available() if load(name).kind == "code"}
EXCEL_WITHOUT_PREFIX = replace(TARGETS["excel"], name="bare excel", prefix="")
MORE = [  # letters of the literature, beside those of the table, and what could be mistaken for one of them
    "P", "N_d", "C", "X", "M", "v", "H", "F", "W", "p_w", "p_kv", "N_r", "K_r", "N_s", "F_e", "R_q", "R_kv", "H_n",
    "H_r", "H_v", "S_e", "S_w", "N_h", "R_a", "R", "h", "n_d", "lower_p", "upper_P", "A1", "R1C1", "x0",
]  # fmt: skip
IDENTIFIER = st.one_of(
    st.sampled_from([*SYMBOLS, *MORE]),
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,3}", fullmatch=True),
    st.builds(str.__add__, st.sampled_from(["lower_", "upper_", "mixed_"]), st.sampled_from([*SYMBOLS, *MORE])),
)


def is_reserved(name: str, target: Target) -> bool:
    return fold(name, target) in {fold(word, target) for word in target.reserved}


@pytest.mark.parametrize("target", [*TARGETS.values(), EXCEL_WITHOUT_PREFIX], ids=lambda target: target.name)
@given(letters=st.lists(IDENTIFIER, unique=True, max_size=12))
def test_any_symbols_get_legal_names_that_stay_apart(target: Target, letters: list[str]) -> None:
    free = [letter for letter in letters if not is_reserved(target.prefix + letter, target)]
    spelling = spelled(free, target)
    names = list(spelling.values())
    assert list(spelling) == free
    assert len({fold(name, target) for name in names}) == len(names)
    assert not any(is_reserved(name, target) for name in names)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) for name in names)
    assert not any(re.fullmatch(rf"{unused_prefix(names)}\d+", name) for name in names)
    if target.writer == "xlsx":
        assert not any(re.fullmatch(r"(?i)[a-z]{1,3}[0-9]+|r[0-9]*|c[0-9]*|r[0-9]*c[0-9]*", name) for name in names)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_no_symbol_is_reserved_and_all_of_them_stay_apart(target: Target) -> None:
    names = spelled(dict.fromkeys([*SYMBOLS, *MORE]), target)
    assert len({fold(name, target) for name in names.values()}) == len({*SYMBOLS, *MORE})
    called = function_names([Form(name, Quotient(1)) for name in ("flops", "activations")], target, names)
    assert {fold(name, target) for name in called.values()}.isdisjoint(fold(n, target) for n in names.values())


PAIRS = {  # of names that differ in case alone, the first in the table keeps its own, also where it does not occur
    "k": "lower_k", "K": "K", "t": "lower_t", "T": "T", "p": "p", "s": "lower_s", "b": "lower_b",
    "N_Params": "mixed_N_Params", "N_PARAMS": "upper_N_PARAMS", "lower_k": "lower_lower_k",
}  # fmt: skip


@pytest.mark.parametrize(("letter", "name"), PAIRS.items())
@pytest.mark.parametrize("target", ["sql", "excel"])
def test_a_symbol_is_called_the_same_in_every_module(target: str, letter: str, name: str) -> None:
    for others in ([], ["S", "D"], [*SYMBOLS]):
        letters = dict.fromkeys([letter, *others])
        assert spelled(letters, TARGETS[target])[letter] == TARGETS[target].prefix + name


@pytest.mark.parametrize("name", ["A1", "xfd1048576", "C", "r", "R1C1", "rc", "C7"])
def test_what_a_workbook_takes_for_a_cell_gets_another_name_there(name: str) -> None:
    assert spelled([name], TARGETS["excel"]) == {name: f"size_{name}"}
    assert spelled([name], EXCEL_WITHOUT_PREFIX)[name].endswith(f"_{name}")
    with pytest.raises(UserError, match="is a cell there"):
        legal(name, f"form '{name}'", EXCEL_WITHOUT_PREFIX)


def test_the_words_of_a_language_are_reserved_in_it() -> None:
    for word in keyword.kwlist:
        for target in ("python", "numpy"):
            with pytest.raises(UserError, match="reserved word"):
                legal(word, "form", TARGETS[target])
    words = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
    for (word,) in toolchains.need("duckdb").sql(words).fetchall():
        with pytest.raises(UserError, match="reserved word"):
            legal(word.upper(), "form", TARGETS["sql"])


@pytest.mark.parametrize("name", ["", "1a", "a-b", "ß", "_a", "a" * 129, "a\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    for target in TARGETS.values():
        with pytest.raises(UserError, match="cannot be a name"):
            spelled([name], replace(target, prefix=""))
