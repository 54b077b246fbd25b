"""`costgraph check` and `costgraph formulas`: what they print, their exit codes, and formulas of one's own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.errors import UserError
from costgraph.library.judging.calculator import calculate
from costgraph.reports.check import verdict

WRONG = """
[[entry]]
id = "mine"
title = "Parameters"
source = "kaplan-2020"
place = "p. 1"
printed = "L*D**2"
derive = { measure = "params" }
"""

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
        ("eval(1)", "unknown function 'eval'"),
        ("eval('1')", "only numbers, symbols"),
        ("floor(*[1])", "only numbers, symbols"),
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
        assert any(
            line.split(maxsplit=1) == ["reason", "the first term has lost its L"] for line in run.stdout.splitlines()
        )

    def test_a_row_of_a_table_is_all_its_cells(self) -> None:
        answer = json.loads(costgraph("check", "000-A1-01", "--format", "json").stdout)
        assert [e["id"] for e in answer["entries"]] == [f"000-A1-01.{cell}" for cell in ("gflop", "input", "output")]
        assert answer["counts"] == {"agrees": 3}

    @pytest.mark.slow
    def test_the_whole_library(self) -> None:
        run = costgraph("check", "--format", "junit")
        assert run.returncode == 0
        root = ElementTree.fromstring(run.stdout)
        assert sum(int(suite.attrib["tests"]) for suite in root) == len(root.findall(".//testcase")) > 600
        assert root.findall(".//failure") == []
        skipped = [case.attrib["message"] for case in root.findall(".//skipped")]
        assert len(skipped) == sum(int(suite.attrib["skipped"]) for suite in root)
        for outcome in ("argued", "set aside"):
            assert any(len(message) > len(outcome) + 20 for message in skipped if message.startswith(f"{outcome}: "))

    def test_what_differs_fails(self, tmp_path: Path) -> None:
        (tmp_path / "mine.toml").write_text(WRONG)
        run = costgraph("check", "mine.toml", cwd=tmp_path)
        assert run.returncode == 1
        assert "derived minus printed is LD²(2E + 3)" in run.stdout
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
        assert "nearest slip: left out: mlp (2LD²E)" in run.stdout

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

    def test_a_quotient_shows_its_terms_below_the_line_too(self) -> None:
        asked = ("check", "--formula", "2*B*S", "--measure", "intensity", "--phase", "forward")
        assert "\ndivided by\n" in costgraph(*asked).stdout
        assert json.loads(costgraph(*asked, "--format", "json").stdout)["over"]

    def test_no_terms_no_block_of_terms(self) -> None:
        run = costgraph("check", "--formula", "12*L*D**2 + 3*V", "--measure", "params", "--limit", "E=4")
        assert run.stdout.splitlines()[1:] == [
            "differs; nearest slip: 3V is too much",
            "",
            "formula     3(4LD² + V)",
            "derived     12LD² parameter",
            "differs by  -3V",
        ]

    def test_a_number_that_no_slip_explains_is_put_into_proportion(self) -> None:
        run = costgraph("check", "--formula", "1.37*N_params", "--measure", "params")
        assert "the formula is 1.37 of what is derived" in run.stdout

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["001-2.141"], "unknown entry '001-2.141': did you mean 001-2.14"),
            (["palm-2022"], "did you mean palm-2022-flops-of-a-token"),
            (["palm-2022"], "`costgraph formulas search palm-2022` has more"),
            (["none.toml"], "none.toml: there is no such file"),
            (["."], ".: is a folder; name a file"),
            (["qqqqqqqq"], "unknown entry 'qqqqqqqq': see `costgraph formulas list`"),
            (["--formula", "6*N"], "--formula needs --measure"),
            (["--measure", "flops"], "--measure is for --formula: entries say themselves how they are derived"),
            (["001-2.14", "--op-set", "decoder"], "--op-set is for --formula"),
            (["001-2.14", "--convention", "exact"], "--convention is for --formula"),
            (["001-2.14", "--precision", "mixed_adam"], "--precision is for --formula"),
            (["001-2.14", "--pass", "backward"], "--pass is for --formula"),
            (
                ["001-2.14", "--outcome", "differs", "--format", "json"],
                "json has every entry in full",
            ),
            (["001-2.14", "--formula", "L", "--measure", "params"], "leave out entries"),
            (["--formula", "L", "--measure", "params", "--format", "junit"], "of which there is no junit"),
            (
                ["--formula", "Q", "--measure", "params"],
                "unknown symbol 'Q': choose from N_params, B, S, L, D, A, G, E, V, K, T, p,",
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

    def test_derive_names_what_is_published_and_prints_it_there_as_the_author_wrote_it(self) -> None:
        found = costgraph("derive", "activations", "--limit", "E=4,p=2")
        assert "BSL(5SA + 34D)" in found.stdout.split("counted")[0]
        assert "published: activations = BLS(34D + 5AS): Decoder-Only Transformers, Eq. 2.8 [001-2.8b]" in found.said
        assert "published" not in costgraph("derive", "traffic", "--phase", "decode").stdout

    def test_an_erratum_is_not_named_as_published(self) -> None:
        answer = json.loads(costgraph("derive", "activations", "--pass", "tensor_parallel(T)", "--json").stdout)
        assert "001-2.14" not in answer["measures"]["activations"]["published"]


# --- formulas with minima ---------------------------------------------------------------------------------------------

WINDOWS: dict[str, Any] = {"model": "gemma-2-9b", "phase": "decode"}
LAYERS = "2*B*G*H*p*(S*L_global + L_local*{})"


@pytest.mark.parametrize(
    ("least", "sizes", "agrees"),
    [
        ("min(S, W)", {}, True),
        ("min(W, S)", {}, True),
        ("min(4096, S)", {"B": 1}, True),
        ("min(S, W, 100*S)", {}, True),  # which is never the least
        ("S_w", {}, True),
        ("S", {}, False),
        ("min(S, W)", {"S": 1024}, True),
        ("S", {"S": 1024}, True),
        ("min(S, W)", {"S": 8192}, True),
        ("S", {"S": 8192}, False),
        ("min(S, 2*S)", {}, False),
    ],
)
def test_a_minimum_of_sizes_is_compared_with_that_of_what_is_derived(
    least: str, sizes: dict[str, Any], agrees: bool
) -> None:
    assert cg.check(LAYERS.format(least), "cache", **sizes, **WINDOWS).agrees == agrees


def test_a_minimum_is_read_from_latex_and_the_answer_says_what_the_symbol_stands_for() -> None:
    found = cg.check(r"2BGHp\left(S L_{global} + L_{local}\min(S, W)\right)", "cache", **WINDOWS)
    assert found.agrees
    assert found.to_json()["definitions"] == {"S_w": "min(S, 4096)"}
    assert "where: S_w = min(S, 4096)" in found.shown


def test_a_maximum_that_is_decided_for_all_sizes_is_that_size() -> None:
    assert cg.check("max(12*B*S*L*D*(D*(E + 2) + S), B*S)", "flops").agrees
    assert cg.check("max(3, 1)*2*L*D**2*(E + 2)/3", "params").agrees


@pytest.mark.parametrize(
    ("formula", "options", "says"),
    [
        (LAYERS.format("min(S, 2*W)"), WINDOWS, "has no such min, but S_w = min(S, 4096)"),
        ("min(S, D)*B", {}, "has no such min; write that"),
        ("ceil(S/2)", {}, "has no such ceil"),
        ("min()", {}, "min takes at least 1 argument"),
        ("floor(S, B)", {}, "floor takes 1 argument"),
    ],
)
def test_a_minimum_that_is_not_there_is_refused_with_those_that_are(
    formula: str, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(cg.UserError, match=re.escape(says)):
        cg.check(formula, "cache" if options else "flops", **options)


PARAMS = "2*L*D**2*(E + 2)"


@pytest.mark.parametrize(
    "formula",
    [
        "2*L*D*(E + 2)*sqrt(D)*sqrt(D)",
        r"2 L D \sqrt{D} \sqrt{D} (E + 2)",
        "2LD(E + 2)√(D)√(D)",
        "2*L*D**2*(E + 2)*sqrt(T)/sqrt(T)",
        "2LD²(E + 2)√(BS)√(B)/(B√(S))",
        "2*L*D*(E + 2)*sqrt(D**2)",
        "2LD²(E + 2)(√(B) + √(S))(√(B) - √(S))/(B - S)",
        "2*L*(E + 2)*(D**(1/2))**4",
        "2*L*(E + 2)*D**(3/2)*D**0.5",
        "2*L*(E + 2)*D**(5/2)*D**(-1/2)",
        "2*L*D**2*(E + 2)*√(B + S)/√(B + S)",
        "2*L*D**2*√((E + 2)²)",
        "2*L*D**2*√(E² + 4E + 4)",
        "2*L*(E + 2)*(B*D**3)**(2/3)/(B**2)**(1/3)",
        "2*L*D**2*(E + 2)*np.sqrt(B)/math.sqrt(B)",
    ],
)
def test_roots_that_cancel_leave_a_formula_that_agrees(formula: str) -> None:
    assert cg.check(formula, "params").agrees


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("sqrt(B)*S", "sqrt_B = √(B)"),
        (f"{PARAMS}/sqrt(T)", "sqrt_T = √(T)"),
        (f"{PARAMS} + sqrt(D)", "sqrt_D = √(D)"),
        ("S*√(2B + S)", "sqrt_1 = √(2B + S)"),
        ("B**(1/3)", "root3_B = (B)^(1/3)"),
        ("sqrt(2*B)*sqrt(2*B)*sqrt(2*B)", "sqrt_1 = √(2B)"),
        ("√(√(B) + S)", "sqrt_B = √(B)"),
        ("sqrt(2)*D", "the root of 2 is read to 40 digits"),
    ],
)
def test_a_formula_in_which_a_root_is_left_differs(formula: str, says: str) -> None:
    found = cg.check(formula, "params")
    assert not found.agrees
    assert says in str(found)


def test_a_root_is_of_the_sizes_that_are_put_in() -> None:
    assert cg.check("12*L*D*sqrt(D*D)*sqrt(E)/2", "params", limit="E=4").agrees
    assert cg.check("2*L*D**2*(E + 2)*sqrt(T)/T**2", "params", limit="T=1,B=1", mesh="tensor(T)").agrees


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("sqrt(B + S)*sqrt(B + 1)", "a formula with roots of two sums is not compared"),
        ("B**(1/2)*B**(1/3)", "a formula with several kinds of roots is not compared"),
        ("sqrt(0 - 4)*B", "column 1 .*a root of -4 is no number"),
        ("root(B, 1)", "root takes a size and an index from 2 to 64"),
        ("B**(1/65)", "an exponent must be a whole number"),
    ],
)
def test_other_roots_are_refused_in_words(formula: str, message: str) -> None:
    with pytest.raises(cg.UserError, match=message):
        cg.check(formula, "params")


@pytest.mark.parametrize("op_set", ["matmul", "attention", "elementwise", "decoder", "encoder"])
def test_a_formula_differs_from_any_op_set_whatever_that_has_to_replay(op_set: str) -> None:
    assert not cg.check("8*m*k + 7*B", "flops", op_set=op_set).agrees


@pytest.mark.parametrize(
    ("measure", "why"),
    [
        ("cache", "cache is 0: one is kept in phase='prefill' or 'decode'"),
        ("communication", "communication is 0: one device sends nothing"),
        ("flops.recompute", "flops.recompute is 0: nothing is replayed"),
    ],
)
def test_what_is_compared_with_nothing_is_told_why_there_is_nothing(measure: str, why: str) -> None:
    assert f"differs; {why}" in str(cg.check("2*B*S*L*D", measure))


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("8030261249", "the formula is what is derived and 1.2e-10 of it more"),
        ("8030261247", "the formula is what is derived and 1.2e-10 of it less"),
        ("7000000000", "the formula is 0.8717 of what is derived"),
    ],
)
def test_what_is_nearly_right_is_not_called_all_of_what_is_derived(formula: str, said: str) -> None:
    assert said in str(verdict(cg.check(formula, "params", model="llama-3-8b")).text)


@pytest.mark.parametrize(
    ("formula", "said"),
    [("1.07 GB", "right to its digits"), ("1e9", "right to its digits"), ("1.08 GB", "nothing short explains it"),
     ("1.06GiB", "nothing short explains it")],
)  # fmt: skip
def test_a_number_that_is_right_to_its_digits_is_said_to_be(formula: str, said: str) -> None:
    found = cg.check(formula, "cache", model="llama-3.1-8b", phase="decode", limit="B=1,S=8192")
    assert said in str(verdict(found).text)


# --- measures in formulas ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "measure", "of"),
    [
        ("18*params", "states", {}),
        ("3*flops.forward", "flops", {}),
        ("flops.forward + flops.backward", "flops", {"mesh": "tensor(T)"}),
        ("flops(attn) + flops(mlp)", "flops", {}),
        ("flops/traffic", "intensity", {"phase": "decode"}),
        ("2*params*B*S", "flops", {"phase": "forward", "when": "S << D"}),
        ("6 params", "flops", {"per": "token", "when": "S << D"}),
        (r"18\,\text{params}", "states", {}),
    ],
)
def test_a_measure_in_a_formula_is_what_is_derived_of_it(formula: str, measure: str, of: Any) -> None:
    found = cg.check(formula, measure, **of)
    assert found.agrees
    assert "read as what is derived: " in str(found)


@pytest.mark.parametrize(
    ("formula", "of", "message"),
    [
        ("16*cache", {}, "column 4 of .16.cache.: cache is 0 in phase train; choose another phase"),
        ("flops(nothing)", {}, "unknown part of the model 'nothing'"),
        ("3*flops.forward", {"per": "token"}, "where per is given, a formula names no measure but params"),
        (
            "3*flops.forward",
            {"whole": True, "mesh": "tensor(T)"},
            "where whole=True is given, a formula names no measure",
        ),
    ],
)
def test_a_measure_that_says_nothing_is_refused_where_it_stands(formula: str, of: Any, message: str) -> None:
    with pytest.raises(cg.UserError, match=message):
        cg.check(formula, "flops", **of)


def test_letters_go_before_measures() -> None:
    assert cg.check("18*params", "states", let="params=N_params").agrees
    assert cg.check("cache*18", "states", let="cache=N_params").agrees


# --- letters of sources -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notation", "formula", "measure", "of"),
    [
        ("kaplan", r"2 n_{\text{layer}} d_{\text{model}} (2 d_{\text{attn}} + d_{\text{ff}})", "params", {}),
        (
            "kaplan", "2N + 2 n_layer n_ctx d_attn", "flops",
            {"phase": "forward", "convention": "kaplan", "per": "token"},
        ),
        ("hoffmann-2022", "6ND", "flops", {"when": "S << D"}),
        ("zero-2020", r"(2 + 2 + K)\Psi", "states", {"precision": "mixed_adam_bf16"}),
        ("shazeer-2019", "2bmh(k + v)L", "flops(attention_core)", {"phase": "decode"}),
    ],
)  # fmt: skip
def test_a_formula_of_a_source_is_read_in_its_letters(notation: str, formula: str, measure: str, of: Any) -> None:
    assert cg.check(formula, measure, notation=notation, **of).agrees
