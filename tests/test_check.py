"""`costgraph check` and `costgraph formulas`: what they print, their exit codes, and formulas of one's own."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_cli import costgraph

from costgraph.errors import UserError
from costgraph.library.calculator import calculate
from costgraph.library.own import compare
from costgraph.library.slips import nearest, nearest_number
from costgraph.library.statement import decimal
from costgraph.parser import parse

WRONG = """
[[entry]]
id = "mine"
title = "Parameters"
source = "kaplan-2020"
place = "p. 1"
printed = "L*D**2"
derive = { measure = "params" }
"""

TENSOR: dict[str, object] = {"limit": ["E=4,p=2"], "passes": ["tensor_parallel(T)"]}

# formula, measure, options -> what the nearest slip must be; "" when it agrees
OWN: list[tuple[str, str, dict[str, object], str]] = [
    ("6*N_params*B*S", "flops", {"when": "S << D"}, ""),
    ("6*N*D", "flops", {"when": "S << D", "notation": "kaplan"}, ""),
    ("12*B*L*S*D*(S + (2+E)*D)", "flops", {}, ""),
    ("12*L*D**2", "params", {"limit": ["E=4"]}, ""),
    ("2*N_params*B*S", "flops", {"when": "S << D"}, "the factor 3 is missing"),
    ("2*N_params*B*S", "flops", {}, "the factor 3 is missing, and 12*B*S**2*L*D is dropped"),
    ("(4+2*E)*L*D**2", "params", {"passes": ["tensor_parallel(T)"]}, "the division by T is missing"),
    ("p*B*S*D*L", "cache", {"phase": "decode"}, "the factor 2 is missing"),
    ("B*S*D*L", "cache", {"phase": "decode"}, "the factor 2*p is missing"),
    ("-N_params", "params", {}, "the sign is reversed"),
    ("12*B*D*L*S*(S+(2+E)*D)", "flops", {"op_set": "decoder(head=True)"}, "left out: head (6*B*S*D*V)"),
    ("4*L*D**2", "params", {}, "left out: mlp (2*L*D**2*E)"),
    ("B*L*S*(34*D + 5*A)", "activations", {"limit": ["E=4,p=2"]},
     "in 5*B*S*L*A, which should be 5*B*S**2*L*A, the factor S is missing"),
    ("2*N_params*1000**3/1024**3", "states", {"phase": "forward", "limit": ["p=2"]}, "GB for GiB"),
    ("2*N_params*1024**3/1000**3", "states", {"phase": "forward", "limit": ["p=2"]}, "GiB for GB"),
    ("4*N_params*1000**3/1024**3", "states", {"phase": "forward", "limit": ["p=2"]},
     "GB for GiB and the factor 2 is too much"),
    ("16*N_params", "states", {}, "it is 8/9 of what is derived"),
    ("12*L*D", "params", {"limit": ["E=4"]}, "the factor D is missing"),
    ("12*L*D*K", "params", {"limit": ["E=4"]}, "K stands in the place of D"),
    ("3*L*D**2 + 2*L*E*D**2", "params", {}, "left out: attn.q (L*D**2)"),
    ("4*L*D**2 + 4*L*E*D**2", "params", {}, "counted twice: mlp (2*L*D**2*E)"),
    ("12*B*S*L*D*(D*(E+2))", "flops", {}, "12*B*S**2*L*D is dropped"),
    ("12*B*S*L*D*(D*(E+2)+S) + 3*V", "flops", {}, "3*V is too much"),
    ("12*B*S*L*D*(D*(E+2)+2*S) + 3*V", "flops", {},
     "in 24*B*S**2*L*D, which should be 12*B*S**2*L*D, the factor 2 is too much, and 3*V is too much"),
    ("B*S*L*(34*D + 5*A*S**2)", "activations", {"limit": ["E=4,p=2"]},
     "in 5*B*S**3*L*A, which should be 5*B*S**2*L*A, the factor S is too much"),
    ("B*S*L*(34*D + 5*D*S)", "activations", {"limit": ["E=4,p=2"]},
     "in 5*B*S**2*L*D, which should be 5*B*S**2*L*A, D stands in the place of A"),
    ("B*S*L*(34*D + 5*A*S/T)", "activations", TENSOR,
     "in 24*B*S*L*D, which should be 24*B*S*L*D/T, the division by T is missing"),
    ("B*S*L*(34*D + 5*A*S)/T", "activations", TENSOR,
     "in 10*B*S*L*D/T, which should be 10*B*S*L*D, the division by T is too much"),
    ("B*S*L*(10*D + 24*D/T)", "activations", TENSOR, "5*B*S**2*L*A/T is dropped"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "measure", "options", "slip"), OWN)
def test_a_formula_of_ones_own(formula: str, measure: str, options: dict[str, object], slip: str) -> None:
    found = compare(formula, measure, **options)  # type: ignore[arg-type]
    assert found.agrees == (slip == "")
    assert found.agrees or found.slip == slip


def test_a_difference_that_no_slip_explains_has_none() -> None:
    assert nearest(parse("B*S + 7*V"), parse("12*L*D**2 + B")) == ""
    assert nearest(parse("13*B + 7*V"), parse("12*L*D**2 + B*S")) == ""
    assert nearest(parse("137*L"), parse("L")) == ""
    assert nearest(parse("0"), parse("L")) == nearest(parse("L"), parse("0")) == nearest(parse("L"), parse("L")) == ""


def test_a_slip_in_a_quotient_is_found_above_or_below_the_line() -> None:
    assert nearest(parse("(B + S)/(D + 1)"), parse("(B + 2*S)/(D + 1)")) == (
        "in S, which should be 2*S, the factor 2 is missing"
    )
    assert nearest(parse("B/(D + 2*L)"), parse("B/(D + L)")) == (
        "below the line: in 2*L, which should be L, the factor 2 is too much"
    )


@pytest.mark.parametrize(
    ("printed", "derived", "slip"),
    [
        ("13.97", "15", "GB for GiB"),
        ("16.11", "15", "GiB for GB"),
        ("30.00", "15", "the factor 2 is too much"),
        ("7.50", "15", "the factor 2 is missing"),
        ("15", "15.7", ""),
        ("19.31", "15", ""),
    ],
)
def test_the_slip_between_two_numbers(printed: str, derived: str, slip: str) -> None:
    assert nearest_number(*decimal(printed), Fraction(derived)) == slip


def test_the_terms_of_a_difference_are_those_that_contribute() -> None:
    found = compare("12*B*D*L*S*(S+(2+E)*D)", "flops", op_set="decoder(head=True)")
    assert {term.place for term in found.responsible} == {"head"}


CALCULATED = {
    "solve(2*p*B*S*D*L - p*(4 + 2*E)*L*D**2, S)": "(2 + E)*D/B",
    "limit((4*D + 3)*S/(S + D), S)": "4*D + 3",
    "at(S/(D + E), D, 3/(B + 1))": "S*(B + 1)/(3 + E*(B + 1))",
    "floor(10*GB/524288)": "19073",
    "ceil(7/2) + min(3, 2) + max(1, 5)": "11",
    "sqrt(9/4)": "3/2",
    "floor(sqrt(10**900)/10**450)": "1",
    "floor(log10(10**900))": "900",
    "GiB/KiB": "1048576",
}


@pytest.mark.parametrize(("text", "result"), CALCULATED.items())
def test_calculations(text: str, result: str) -> None:
    assert calculate(text) == parse(result)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("floor(S)", "floor is for numbers"),
        ("solve(S**2, S)", "not linear in S"),
        ("solve(S, 3)", "needs a symbol"),
        ("min()", "at least 1 argument"),
        ("eval('1')", "unknown function 'eval'"),
        ("floor(*[1])", "takes 1 argument"),
        ("log10(0)", "not a number"),
        ("at(S**64, S, B + L + D + A + G + E + V + K)", "expands to more than"),
        ("at(S**64, S, 10**900)", "more than 1000 digits"),
    ],
)
def test_calculations_that_are_refused(text: str, says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        calculate(text)


class TestCommand:
    def test_one_entry_in_full(self) -> None:
        run = costgraph("check", "001-2.14")
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout.startswith("001-2.14: erratum as recorded - Activations per device\n")
        assert "reason    the first term has lost its L\n" in run.stdout

    def test_a_row_of_a_table_is_all_its_cells(self) -> None:
        answer = json.loads(costgraph("check", "000-A1-01", "--format", "json").stdout)
        assert [e["id"] for e in answer["entries"]] == [f"000-A1-01.{cell}" for cell in ("gflop", "input", "output")]
        assert answer["counts"] == {"agrees": 3}

    def test_the_whole_library(self) -> None:
        run = costgraph("check", "--format", "junit")
        assert run.returncode == 0
        root = ElementTree.fromstring(run.stdout)
        assert sum(int(suite.attrib["tests"]) for suite in root) == len(root.findall(".//testcase")) > 600
        assert root.findall(".//failure") == []
        skipped = [case.attrib["message"] for case in root.findall(".//skipped")]
        assert len(skipped) == sum(int(suite.attrib["skipped"]) for suite in root)
        for outcome in ("argued", "set aside", "unverified"):
            assert any(len(message) > len(outcome) + 20 for message in skipped if message.startswith(f"{outcome}: "))

    def test_what_differs_fails(self, tmp_path: Path) -> None:
        (tmp_path / "mine.toml").write_text(WRONG)
        run = costgraph("check", "mine.toml", cwd=tmp_path)
        assert run.returncode == 1
        assert "derived minus printed is L*D**2*(2*E + 3)" in run.stdout
        junit = costgraph("check", "mine.toml", "--format", "junit", cwd=tmp_path)
        assert junit.returncode == 1
        assert len(ElementTree.fromstring(junit.stdout).findall(".//failure")) == 1

    def test_an_entry_named_twice_is_judged_once(self, tmp_path: Path) -> None:
        (tmp_path / "mine.toml").write_text(WRONG)
        run = costgraph("check", "001-2.14", "000-A1-01", "000-A1-01.gflop", "mine.toml", "mine.toml", "001-2.14",
                        "--format", "json", cwd=tmp_path)  # fmt: skip
        ids = [e["id"] for e in json.loads(run.stdout)["entries"]]
        assert ids == ["001-2.14", "000-A1-01.gflop", "000-A1-01.input", "000-A1-01.output", "mine"]

    def test_one_file_may_have_two_names(self, tmp_path: Path) -> None:
        (tmp_path / "mine.toml").write_text(WRONG)
        (tmp_path / "other.toml").symlink_to(tmp_path / "mine.toml")
        names = ("mine.toml", "./mine.toml", str(tmp_path / "mine.toml"), "other.toml")
        run = costgraph("check", *names, "--format", "json", cwd=tmp_path)
        assert [e["id"] for e in json.loads(run.stdout)["entries"]] == ["mine"]

    @pytest.mark.parametrize(("table", "value"), [("sources", "title"), ("notations", "h")])
    def test_a_key_that_two_files_define_in_two_ways_is_refused(self, table: str, value: str, tmp_path: Path) -> None:
        own = f'[{table}.my]\n{value} = "D"\n'
        (tmp_path / "mine.toml").write_text(own + WRONG)
        (tmp_path / "same.toml").write_text(own + WRONG.replace('"mine"', '"same"'))
        (tmp_path / "else.toml").write_text(own.replace('"D"', '"S"') + WRONG.replace('"mine"', '"else"'))
        assert costgraph("check", "mine.toml", "same.toml", cwd=tmp_path).returncode == 1
        run = costgraph("check", "mine.toml", "else.toml", cwd=tmp_path)
        assert (run.returncode, run.stdout) == (2, "")
        assert f"else.toml: {table[:-1]} 'my' is another one in mine.toml; choose another key" in run.stderr

    def test_two_entries_of_one_id_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "mine.toml").write_text(WRONG)
        (tmp_path / "yours.toml").write_text(WRONG)
        run = costgraph("check", "mine.toml", "yours.toml", cwd=tmp_path)
        assert (run.returncode, run.stdout) == (2, "")
        assert "yours.toml:2, entry 'mine': the id is taken by mine.toml:2" in run.stderr

    def test_a_file_of_the_library_is_known_by_its_path(self) -> None:
        path = Path(__file__).parents[1] / "formulas" / "brown-2020.toml"
        assert costgraph("check", str(path), "brown-2020-flops").returncode == 0

    def test_a_formula_that_differs_fails(self) -> None:
        run = costgraph("check", "--formula", "4*L*D**2", "--measure", "params")
        assert run.returncode == 1
        assert "nearest slip: left out: mlp (2*L*D**2*E)" in run.stdout

    def test_a_formula_as_json(self) -> None:
        run = costgraph("check", "--formula", "4*L*D**2", "--measure", "params", "--format", "json")
        answer = json.loads(run.stdout)
        assert run.returncode == 1
        assert answer["schema"] == "costgraph.check.formula/1"
        assert (answer["outcome"], answer["slip"]) == ("differs", "left out: mlp (2*L*D**2*E)")
        assert parse(answer["difference"]) == parse("2*L*D**2*E")
        assert {term["op"] for term in answer["terms"]} == {"mlp.up", "mlp.down"}
        when = ("--formula", "6*N_params*B*S", "--measure", "flops", "--when", "S << D", "--format", "json")
        answer = json.loads(costgraph("check", *when).stdout)
        assert (answer["outcome"], answer["slip"], answer["terms"]) == ("agrees to leading order", "", [])
        assert parse(answer["neglected"]) == parse("S/(D*(E + 2))")

    def test_no_terms_no_block_of_terms(self) -> None:
        run = costgraph("check", "--formula", "12*L*D**2 + 3*V", "--measure", "params", "--limit", "E=4")
        assert run.stdout.splitlines()[2:] == ["differs by -3*V", "nearest slip: 3*V is too much"]

    def test_a_number_that_no_slip_explains_is_put_into_proportion(self) -> None:
        run = costgraph("check", "--formula", "1.37*N_params", "--measure", "params")
        assert "the formula is 1.37 of what is derived" in run.stdout

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["001-2.141"], "unknown entry '001-2.141': did you mean 001-2.14"),
            (["none.toml"], "none.toml: there is no such file"),
            (["."], ". is a folder; name a file"),
            (["qqqqqqqq"], "unknown entry 'qqqqqqqq': see `costgraph formulas list`"),
            (["--formula", "6*N"], "--formula needs --measure"),
            (["--measure", "flops"], "--measure is for --formula: entries say themselves how they are derived"),
            (["001-2.14", "--op-set", "decoder"], "--op-set is for --formula"),
            (["001-2.14", "--convention", "exact"], "--convention is for --formula"),
            (["001-2.14", "--precision", "mixed_adam"], "--precision is for --formula"),
            (["001-2.14", "--pass", "backward"], "--pass is for --formula"),
            (["001-2.14", "--outcome", "differs", "--format", "json"], "--outcome is for the table"),
            (["001-2.14", "--formula", "L", "--measure", "params"], "leave out entries"),
            (["--formula", "L", "--measure", "params", "--format", "junit"], "as a table or as json"),
            (
                ["--formula", "Q", "--measure", "params"],
                "unknown symbol 'Q': choose from N_params, B, S, L, D, A, G, E, V, K, T, p, hbm,",
            ),
            (["--formula", "6*Nparams", "--measure", "flops"], "did you mean N_params"),
            (["--formula", "6*(N_params", "--measure", "flops"], "column 3"),
            (["--formula", "D", "--measure", "flops", "--notation", "kaplam"], "did you mean kaplan"),
            (["--formula", "D", "--measure", "flop"], "unknown measure 'flop': did you mean flops"),
            (["--format", "xml"], "unknown format 'xml'"),
            (["--outcome", "agree"], "unknown outcome 'agree': did you mean agrees"),
        ],
    )
    def test_bad_input_is_refused_in_one_line(self, arguments: list[str], says: str, tmp_path: Path) -> None:
        run = costgraph("check", *arguments, cwd=tmp_path)
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr.count("\n") == 1
        assert says in run.stderr

    def test_formulas_are_listed_shown_and_searched(self) -> None:
        assert "001-2.7" in costgraph("formulas", "list", "--source", "decoder-only").stdout
        assert "kaplan-2020" in costgraph("formulas", "list", "--source", "all").stdout
        assert "cited" in costgraph("formulas", "show", "001-2.7").stdout
        assert "001-8.1" in costgraph("formulas", "search", "FALCON", "memory").stdout
        assert costgraph("formulas", "search", "no such words").returncode == 1
        assert "did you mean" in costgraph("formulas", "show", "001-2.77").stderr

    def test_derive_names_what_is_published_and_prints_it_as_the_author_wrote_it(self) -> None:
        text = costgraph("derive", "activations", "--limit", "E=4,p=2").stdout
        assert "BLS(34D + 5AS)" in text
        assert "published: activations is Decoder-Only Transformers, Eq. 2.8 [001-2.8b]" in text
        assert "published" not in costgraph("derive", "traffic", "--phase", "decode").stdout

    def test_an_erratum_is_not_named_as_published(self) -> None:
        answer = json.loads(costgraph("derive", "activations", "--pass", "tensor_parallel(T)", "--json").stdout)
        assert "001-2.14" not in answer["measures"]["activations"]["published"]
