"""`//` as code writes it: rounded down where numbers decide, exact where nothing is left over, else refused."""

from __future__ import annotations

from typing import Any

import pytest

import costgraph as cg
from costgraph.algebra.bindings import parse_bindings
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.whole import HEADS, is_whole
from costgraph.errors import UserError
from costgraph.library.checking.comparison import check as compare

D_A = "// read as an exact division: A divides D"


@pytest.mark.parametrize(
    ("formula", "of", "meant", "said"),
    [
        ("D//A", {}, "D/A", D_A),
        ("D//n_heads", {}, "D/A", f"n_heads read as A; {D_A}"),
        ("2*B*S*L*D//2", {}, "B*S*L*D", ""),
        ("7//2*B", {}, "3*B", "7//2 read as 3, 7/2 rounded down"),
        ("-7//2*B", {}, "-4*B", "-7//2 read as -4, -7/2 rounded down"),
        ("8//2*B", {}, "4*B", ""),
        ("A//5*B", {"limit": "A=32"}, "6*B", "A//5 read as 6, 32/5 rounded down"),
        ("A//4*B", {"limit": "A=32"}, "8*B", ""),
        ("A//T", {"mesh": "tensor(T)"}, "A/T", "// read as an exact division: T divides A"),
        ("B*E*D//T", {"mesh": "tensor(T)"}, "B*E*D/T", "// read as an exact division: T divides B*D*E"),
        ("E*D//2", {"limit": "E=4"}, "2*D", ""),
        ("L//P", {"mesh": "pipeline(P)"}, "L/P", "// read as an exact division: P divides L"),
    ],
)
def test_what_decides_a_floor_division_is_said(formula: str, of: Any, meant: str, said: str) -> None:
    found = compare(formula, "flops", **of)
    assert found.printed == parse(meant)
    about = [one for one in found.remarks if "//" in one]
    assert about == ([said] if said else [])


@pytest.mark.parametrize(
    ("formula", "of"),
    [
        ("A//5", {}),
        ("(7*B)//2", {}),
        ("A//T", {}),  # on one device nothing says so
        ("A//(5*T)", {"mesh": "tensor(T)"}),
        ("p*B//2", {}),
        ("D//(A + 1)", {}),
        ("(D + 1)//A", {}),
        ("B//2", {"limit": "A=32"}),
    ],
)
def test_open_sizes_with_a_rest_are_refused_with_both_readings(formula: str, of: Any) -> None:
    with pytest.raises(UserError, match=r"// has two readings: .* divides .*rounded down; write / for the first"):
        compare(formula, "flops", **of)


def test_a_question_reads_floor_divisions_of_its_sizes() -> None:
    answer = cg.solve("B*S//3 == D", "D", limit="B=2,S=5")
    assert "D = 3" in str(answer)
    assert "rounded down" in str(answer)
    with pytest.raises(UserError, match="two readings"):
        cg.solve("params//7 == D", "D")


def test_a_size_says_that_it_was_rounded() -> None:
    assert parse_bindings(["S=7//2"]).said == ("7//2 read as 3, 7/2 rounded down",)
    with pytest.raises(UserError, match="S/64 where 64 divides S"):
        parse_bindings(["B=S//64"])


@pytest.mark.parametrize(
    ("size", "whole"),
    [
        ("3*B*S", True),
        ("B/2", False),
        ("p*B", False),
        ("B - S", True),
        ("D/A", True),
        ("D**2/A**2", True),
        ("D/G", True),  # D/A times A/G
        ("D/A**2", False),
        ("B/A", False),
        ("B*S + D/A", True),
        ("B*S + D/V", False),
    ],
)
def test_a_size_is_whole_where_that_is_seen(size: str, whole: bool) -> None:
    assert is_whole(parse(size).numerator, HEADS) == whole


def test_a_number_may_be_known_to_divide() -> None:
    eighth = Polynomial.symbol("B") / Polynomial.constant(8)
    assert is_whole(eighth * 2, [eighth])
    assert not is_whole(eighth / Polynomial.constant(2), [eighth])
