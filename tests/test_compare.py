"""Two things side by side: which sides there are, what is subtracted, where one overtakes the other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.comparing.comparison import compare
from costgraph.op_sets import decoder

HEAD = "decoder(head=True)"


@pytest.mark.parametrize(
    ("side", "option", "value"),
    [
        ("exact", "convention", "exact"),
        ("exact(causal=half)", "convention", "exact(causal=half)"),
        ("fp32_adam", "precision", "fp32_adam"),
        ("decode", "phase", "decode"),
        ("forward", "phase", "forward"),
        ("recompute(full)", "rewrites", ["recompute(full)"]),
        ("flash", "attention", "flash"),
        ("flash_attention", "attention", "flash"),
        ("mesh=data(8, zero=1)", "mesh", cg.Mesh("data(8, zero=1)")),
        ("encoder", "title", "encoder"),
        ("op-set=encoder", "title", "encoder"),
        ("pass=recompute(full); convention=exact", "rewrites", ["recompute(full)"]),
        ("", "phase", "train"),
    ],
)
def test_a_side_is_a_word_or_options(side: str, option: str, value: object) -> None:
    found = getattr(compare(side, "", "params").a.setup, option)
    assert getattr(found, "name", found) == value


@pytest.mark.parametrize(
    "name", ["llama-2-7b", "Llama-2-7B", "meta-llama/Llama-2-7b-hf", "llama-2-7b(as='transformers')"]
)
def test_a_side_may_be_a_model(name: str) -> None:
    assert compare(name, "llama-3.1-8b", "params").a.setup.model.name == "llama-2-7b"


def test_a_side_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps({"model_type": "gpt2", "n_embd": 8, "n_layer": 2, "n_head": 2, "vocab_size": 11, "n_positions": 16})
    )
    assert (
        compare(str(path), "gpt2", "params").measures["params"].at[0].number
        == 11 * 8 + 16 * 8 + 2 * (12 * 64 + 13 * 8) + 16
    )


@pytest.mark.parametrize(
    ("side", "said"),
    [
        ("exakt", "did you mean exact"),
        ("mash=data(8)", "option 'mash'"),
        ("mesh=", "mesh is empty"),
        ("mesh=data(8); mesh=data(4)", "mesh is given twice"),
        ("convention=", "convention is empty"),
        ("phase=sideways", "phase 'sideways'"),
        ("nowhere.toml", "nowhere.toml"),
    ],
)
def test_a_side_that_means_nothing_is_refused(side: str, said: str) -> None:
    run = costgraph("compare", "", side)
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


def test_options_of_a_side_go_before_those_of_both() -> None:
    found = compare("limit=S=4", "convention=exact", "flops", convention="notes", limit="B=2")
    assert found.a.setup.convention.name == "notes"
    assert found.b.setup.convention.name == "exact"
    assert [sorted(side.setup.bindings) for side in (found.a, found.b)] == [["B", "S"], ["B"]]


# --- what comes out -------------------------------------------------------------------------------------------------


def test_the_difference_is_a_form_by_part() -> None:
    found = compare("exact", "exact(causal=half)", "flops", op_set=HEAD).measures["flops"]
    assert str(found.symbolic) == "6*B*S**2*L*D"
    parts = {part.name: str(part.difference) for part in found.parts}
    assert parts == {"attn": "6*B*S**2*L*D", "mlp": "0", "head": "0"}
    assert found.verdict == "A"
    assert found.crossing is None


def test_parts_add_up() -> None:
    for one in compare("deepseek-v3", "llama-3.1-8b", limit="B=1,S=128").measures.values():
        for at, form in enumerate(one.at):
            parts = [(part.a, part.b)[at].number or 0 for part in one.parts]
            assert sum(parts) == form.number


def test_symbols_of_different_models_are_not_subtracted() -> None:
    found = compare("llama-2-7b", "llama-3.1-8b", "params").measures["params"]
    assert found.symbolic is None
    assert found.difference is not None
    assert found.difference.number == 6738415616 - 8030261248
    assert found.ratio is not None
    assert found.ratio.number == found.at[0].value.number / found.at[1].value.number  # type: ignore[operator]


@pytest.mark.parametrize("at", ["S->oo", "L->oo"])
def test_nothing_is_said_of_the_difference_of_two_infinities(at: str) -> None:
    found = compare("exact", "exact(causal=half)", "flops", op_set=HEAD, limit=at)
    one = found.measures["flops"]
    assert (one.difference, one.ratio, one.verdict, one.crossing) == (None, None, "", None)
    assert all(part.difference is None for part in one.parts if part.a.is_infinite)
    assert any("grows without bound" in remark for remark in found.remarks)


def test_sizes_are_1_at_least() -> None:
    one = compare("phase=decode", "phase=train", "flops", op_set=HEAD).measures["flops"]
    assert (one.verdict, one.crossing) == ("B", None)  # 1 - 3*S is negative


def test_sizes_of_a_side_go_before_those_of_both() -> None:
    found = compare("limit=S=8", "exact", "flops", limit="S=9,B=2")
    assert [str(side.setup.bindings["S"]) for side in (found.a, found.b)] == ["8", "9"]


def test_equal_is_equal() -> None:
    found = compare("eager", "flash", "params").measures["params"]
    assert (found.verdict, found.crossing) == ("equal", None)


@pytest.mark.parametrize(
    ("sides", "measure", "common", "symbol", "said"),
    [
        (("eager", "flash"), "activations", {"limit": "p=1/4,D=8,A=2,L=1,E=4"}, "S", "A is larger for S > "),
        (("forward", "decode"), "flops", {"limit": "D=8,E=4,A=2"}, "S", "A is larger for S > 1"),
        (("op_set=decoder(kv_heads=G)", "op_set=decoder"), "params", {"limit": "A=8,D=64"}, "G", None),
    ],
)
def test_where_one_overtakes_the_other_is_solved(
    sides: tuple[str, str], measure: str, common: dict[str, str], symbol: str, said: str | None
) -> None:
    one = compare(*sides, measure, **common).measures[measure]  # type: ignore[arg-type]
    if said is None:
        assert one.crossing is None or one.crossing.symbol == symbol
        return
    assert one.crossing is not None
    assert one.crossing.symbol == symbol
    options = [text for name, value in common.items() for text in (f"--{name}", value)]
    assert said in costgraph("compare", *sides, "--measure", measure, *options).stdout


def test_at_a_crossing_the_sign_changes() -> None:
    one = compare("eager", "flash", "activations", limit="p=1/4,D=8,A=2,L=1,E=4,B=1").measures["activations"]
    assert one.crossing is not None
    (solution,) = one.crossing.above
    least = int(solution.smallest or 0)
    before, after = ([form.limit(S=at).number for form in one.at] for at in (least - 1, least))
    assert before[0] <= before[1]  # type: ignore[operator]
    assert after[0] > after[1]  # type: ignore[operator]


def test_symbols_that_stand_for_something_else_are_not_subtracted() -> None:
    found = compare("gemma-3-1b", "gpt-oss-20b", "cache", phase="decode")
    one = found.measures["cache"]
    assert (one.clash, one.difference, one.ratio, one.verdict) == ("S_w", None, None, "")
    assert any("S_w stands for something else on each side" in remark for remark in found.remarks)
    bound = compare("gemma-3-1b", "gpt-oss-20b", "cache", phase="decode", limit="S=100,B=1").measures["cache"]
    assert bound.difference is not None


def test_sizes_of_two_models_that_were_left_free_are_not_subtracted() -> None:
    found = compare("llama-2-7b", "llama-3.1-8b", "params", symbolic="V").measures["params"]
    assert (found.clash, found.difference, found.symbolic) == ("V", None, None)
    same = compare("llama-2-7b", "llama-3.1-8b", "params", symbolic="D").measures["params"]
    assert (same.clash, same.same_sizes) == ("", False)
    assert same.difference is not None


def test_what_symbols_stand_for_is_said_of_each_side() -> None:
    lines = costgraph(
        "compare", "gemma-3-12b", "mistral-7b", "--measure", "flops", "--limit", "B=1"
    ).stdout.splitlines()
    assert [line[:7] for line in lines if " where S_w = " in line] == ["A where", "B where"]


def test_a_quotient_has_no_parts() -> None:
    one = compare("forward", "decode", "intensity").measures["intensity"]
    assert one.parts == ()
    assert one.ratio is not None


def test_graphs_and_options_as_objects() -> None:
    found = compare({"op_set": decoder(head=True)}, {"op_set": decoder()}, "params")
    assert str(found.measures["params"].difference) == "D*V + D*K"


# --- as it is printed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["text", "json", "latex", "markdown"])
def test_whether_or_not_they_differ_is_no_failure(format_: str) -> None:
    for sides in (("notes", "notes"), ("notes", "exact"), ("llama-2-7b", "deepseek-v3")):
        run = costgraph("compare", *sides, "--format", format_)
        assert (run.returncode, run.stderr) == (0, "")


def test_json_says_what_both_sides_are() -> None:
    record = json.loads(costgraph("compare", "exact", "exact(causal=half)", "--measure", "flops", "--json").stdout)
    assert record["schema"] == "costgraph.compare/1"
    assert [record[side]["convention"] for side in "ab"] == ["exact", "exact(causal=half)"]
    flops = record["measures"]["flops"]
    assert flops["difference"] == {"form": "6*B*S**2*L*D", "limited": "6*B*S**2*L*D"}
    assert flops["larger"] == "a"


def test_text_has_both_conventions_and_one_line_of_what_is_the_same() -> None:
    lines = costgraph("compare", "notes", "exact", "--measure", "params").stdout.splitlines()
    assert sum(line.startswith(("A counted", "B counted")) for line in lines) == 2
    assert sum("assuming" in line for line in lines) == 1


def test_a_form_that_nobody_reads_is_not_printed_and_says_where_it_stands() -> None:
    found = cg.compare("prefill", "decode", "intensity", model="llama-3-8b")
    (said,) = [line for line in str(found).splitlines() if "A - B = " in line]
    assert re.search(r"a form of \d{4} characters, which \.to_json\(\) has", said)
    assert len(found.to_json()["measures"]["intensity"]["difference"]["form"]) > 600
