"""The largest of several forms: which are left out, what stands for the others, and how it reads."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import pytest
from windowed import windowed

import costgraph as cg
from costgraph.algebra.assumption import Divides
from costgraph.algebra.definition import define
from costgraph.algebra.parser import parse, size
from costgraph.closed_form import ClosedForm
from costgraph.conventions import EXACT
from costgraph.errors import UserError
from costgraph.largest import Largest, largest
from costgraph.provenance import Term


def form(text: str, remainder: str = "0") -> ClosedForm:
    definitions = (define("S_w", "min(S, W)"),)
    return ClosedForm(
        "m", "byte", (Term("a.b", "c", size(text)),), EXACT, remainder=parse(remainder), definitions=definitions
    )


def of(*texts: str) -> ClosedForm:
    return largest("m", [(f"at {text}", form(text)) for text in texts])


@pytest.mark.parametrize(
    ("candidates", "expected", "at"),
    [
        (("2*B", "B"), "2*B", ("at 2*B",)),
        (("B", "2*B"), "2*B", ("at 2*B",)),
        (("B", "B"), "B", ("at B",)),
        (("B*S", "B"), "B*S", ("at B*S",)),  # S is 1 at least
        (("S**2 + 1", "2*S"), "S**2 + 1", ("at S**2 + 1",)),
        (("S**2 + 4", "4*S"), "max(S**2 + 4, 4*S)", ()),  # what is not proved is kept
        (("E", "1"), "max(E, 1)", ()),  # an expansion factor may be below 1
        (("B", "S"), "max(B, S)", ()),
        (("B", "S", "B + S"), "B + S", ("at B + S",)),
        (("B*D", "S*V", "B*D + 1", "V"), "max(S*V, B*D + 1)", ()),
        (("S_w*B", "D"), "max(B*S_w, D)", ()),
        (("4*B", "B + S", "4*S"), "max(4*B, 4*S)", ()),  # one of two others is always as large
        (("4*B", "3*B + 3*S", "4*S"), "max(4*B, 3*(B + S), 4*S)", ()),
    ],
)
def test_what_another_is_never_below_is_left_out(candidates: tuple[str, ...], expected: str, at: tuple[str]) -> None:
    found = of(*candidates)
    assert found.text() == expected
    assert found.at == at


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"B": 3}, "max(3, S)"),
        ({"B": 3, "S": 4}, "4"),
        ({"S": 1}, "B"),
        ({"S": "2*B"}, "2*B"),
        ({"S": "oo"}, "oo"),
    ],
)
def test_sizes_limit_every_candidate(sizes: dict[str, str | int], expected: str) -> None:
    assert of("B", "S").limit(**sizes).text() == expected


def test_a_candidate_that_is_left_keeps_its_terms_and_where_it_is() -> None:
    found = of("B", "S").limit(S=1)
    assert (type(found), found.at, [term.op for term in found.terms]) == (ClosedForm, ("at B",), ["a.b"])


def test_numbers_that_floats_do_not_tell_apart_are() -> None:
    big = 2**60
    assert of(f"{big}*B", f"{big + 1}*S").limit(B=1, S=1).number == big + 1
    assert of(f"{big + 1}*B", f"{big}*S", "D").limit(B=1, S=1, D=big + 2).number == big + 2


def test_numbers_that_no_float_holds_are_compared() -> None:
    big = 10**400
    assert of(f"{big}*B", f"{big + 1}*B").text() == f"{big + 1}*B"
    assert isinstance(of(f"{big}*B", f"{big}*S"), Largest)


def test_what_a_candidate_takes_for_granted_is_checked_though_another_is_larger() -> None:
    small = replace(form("B"), assumptions=(Divides(size("T"), size("B")),))
    found = largest("m", [("small", small), ("large", form("S"))])
    with pytest.raises(UserError, match="2 does not divide 3"):
        found.limit(B=3, T=2, S=100)


def test_a_limit_of_a_maximum_is_that_of_its_candidates() -> None:
    assert of("B/T + 2", "S/T + 3").limit(T="oo").text() == "3"


def test_definitions_of_candidates_are_limited_with_them() -> None:
    found = of("B*S_w", "D")
    assert found.limit(W=2, S=3).text() == "max(2*B, D)"
    assert [str(one) for one in found.defined] == ["S_w = min(S, W)", "max_m = max(B*S_w, D)"]


def test_the_value_is_a_symbol_that_stands_for_the_maximum() -> None:
    found = of("B", "S")
    assert str(found.value) == "max_m"
    assert found.symbols == ("B", "S", "max_m")
    assert found.limit(B=2).plus(form("D")).limit(S=1, D=1).number == 3
    assert str(found) == found.text()
    assert found.latex() == r"\max\left(B, S\right)"


def test_what_is_neglected_is_exact_for_a_maximum_too() -> None:
    found = largest("m", [("one", form("B", "7")), ("other", form("S", "1"))])
    assert str(found.remainder) == "-max_m + max_m_exact"
    found = found.limit(B=2, S=5)
    assert (found.number, found.remainder, found.at) == (5, parse("4"), ("other",))  # 9 in all, of which 5 are counted
    with_more = largest("m", [("one", form("2*B", "B")), ("other", form("B", "D"))])
    assert (with_more.text(), str(with_more.remainder)) == ("2*B", "-2*B + max_m_exact")
    assert with_more.limit(B=2, D=9).remainder == parse("7")


@pytest.mark.parametrize(
    ("candidates", "regime", "expected"),
    [
        (("S**2 + B", "S*D + B"), "S << D", "S*D"),
        (("S*D + B*S*D", "3*S*D"), "S << D", None),
        (("S*D + B*S*D", "S*D"), "S << D", "S*D*(B + 1)"),
        (("S_w*B", "D"), "S <= W", "max_m"),
    ],
)
def test_a_regime_decides(candidates: tuple[str, ...], regime: str, expected: str | None) -> None:
    found = of(*candidates)
    if expected is None:
        with pytest.raises(UserError, match="leaves open which of these leads"):
            found.when(regime)
    else:
        assert str(found.when(regime).leading) == str(parse(expected)) if "max" not in expected else expected


def test_candidates_are_explained_under_where_they_are() -> None:
    assert [line.split()[0] for line in of("B", "S").explain().splitlines() if line.strip()] == [
        "at", "a", "a.b", "at", "a", "a.b",
    ]  # fmt: skip


def test_only_sums_have_a_maximum() -> None:
    with pytest.raises(UserError, match="only sums"):
        largest("m", [("a", cg.intensity(cg.decoder())), ("b", form("B"))])
    with pytest.raises(UserError, match="nothing"):
        largest("m", [])


def test_hundreds_of_candidates_take_no_time() -> None:
    texts = [f"{i}*B*S*D + {j}*L*D**2 + {i * j % 7}*S" for i in range(1, 21) for j in range(1, 21)]
    forms = [(text, form(text)) for text in texts]
    began = perf_counter()
    found = largest("m", forms)
    assert perf_counter() - began < 1
    assert isinstance(found, Largest) or found.at


def test_a_window_in_a_candidate() -> None:
    graph = windowed()
    found = largest("most", [("cores", cg.flops(graph)), ("parameters", replace(cg.params(graph), unit="FLOP"))])
    assert found.limit(S=4, W=2) is not None


def test_what_stages_neglect_is_the_largest_of_all_of_it() -> None:
    """Of each stage one instant is the largest as it counts, and another with all that is neglected."""
    one, other = (
        largest("m", [("first", form(f"{size}*B", "S")), ("second", form("B", f"{size}*D"))]) for size in (2, 3)
    )
    both = largest("m", [("stage 1", one), ("stage 2", other)])
    assert (both.text(), both.at) == ("3*B", ("stage 2", "first"))
    for sizes in ({"B": 5, "S": 1, "D": 1}, {"B": 1, "S": 9, "D": 1}, {"B": 1, "S": 1, "D": 9}):
        B, S, D = sizes.values()
        exactly = both.limit(**sizes)
        assert (exactly.value + exactly.remainder).number == max(2 * B + S, B + 2 * D, 3 * B + S, B + 3 * D)
