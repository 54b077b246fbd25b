"""Forms of a model by part: every part once, sums that agree, and text that fits."""

from __future__ import annotations

import json
import re

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.algebra import printers
from costgraph.algebra.polynomial import total
from costgraph.algebra.quotient import Quotient
from costgraph.derivation import Derivation, derived
from costgraph.measures.by_part import by_op, shorter
from costgraph.models.known import known
from costgraph.reports.derive import by_part as sections_by_part
from costgraph.reports.layout import WIDTH, of_node
from costgraph.reports.parts_layout import LINES
from costgraph.setup import Setup

ASKED = ("llama-3.1-8b", "deepseek-v3", "gpt-oss-20b", "mamba2-2.7b", "t5-base", "bert-large", "gemma-3-4b")
PHASES = ("train", "forward", "prefill", "decode")


def several_kinds() -> list[str]:
    """The known models with layers of several kinds, one for each architecture."""
    found: dict[object, str] = {}
    for name in known():
        model = cg.model(name)
        if model.has_layers and (model.kinds or "L_encoder" in model.bindings):
            found.setdefault((model.op_set.layers, model.op_set.embedding, model.op_set.head), name)  # type: ignore[union-attr]
    return list(found.values())


def blocks(result: Derivation, style: printers.Style) -> list[list[str]]:
    """What is printed of each measure."""
    nodes = [node for section in sections_by_part(result, "auto") for node in section]
    return [["".join(span.text for span in line) for line in of_node(node, style, None)] for node in nodes]


@pytest.mark.parametrize("limit", ["", "B=1", "B=64,S=4096"])
@pytest.mark.parametrize("name", several_kinds())
def test_a_measure_has_at_most_eight_lines_of_110_characters_and_heads(name: str, limit: str) -> None:
    for phase in PHASES:
        result = derived(Setup.of(model=name, phase=phase, limit=limit or ()))
        for lines in blocks(result, printers.UNICODE):
            assert max(map(len, lines)) <= WIDTH == 110
            if not (lines[0].startswith("traffic") and "L_encoder" in result.setup.bindings):  # two stacks, two lengths
                heads = [line for line in lines[1:3] if line.split()[:2] == ["part", "form"]]
                assert len(lines) - len(heads) <= LINES == 8, "\n".join(lines)
        assert all(len(line) <= WIDTH for lines in blocks(result, printers.PYTHON) for line in lines)


@pytest.mark.parametrize("name", ASKED)
def test_parts_and_ops_add_up_to_the_form(name: str) -> None:
    for phase in PHASES if name != "bert-large" else PHASES[:2]:
        result = derived(Setup.of(model=name, phase=phase))
        for measure, form in result.forms.items():
            parts = result.parts(measure)
            for fewer in (parts, *shorter(parts), by_op(form, result.graph)):
                assert Quotient(total(part.whole for part in fewer)) == form.value
                assert len({(part.name, part.source, part.times, part.each) for part in fewer}) == len(fewer)


@pytest.mark.parametrize(
    ("name", "shown"),
    [  # what kinds have alike stands once; what stands outside of layers has no number before it
        ("deepseek-v3", ["embed", "L norm", "norm", "L attn", "L_dense mlp", "L_moe moe", "head"]),
        ("gpt-oss-20b", ["embed", "L norm", "norm", "L attn", "L moe", "head"]),
        ("llama-3.1-8b", ["embed", "L norm", "norm", "L attn", "L mlp", "head"]),
        (
            "t5-base",
            [
                "embed",
                "L_encoder encoder/norm",
                "2 norm",
                "L norm",
                "L + L_encoder attn",
                "2 relative",
                "L + L_encoder mlp",
                "L cross",
            ],
        ),
    ],
)
def test_parts_are_counted_by_the_layers_that_have_them(name: str, shown: list[str]) -> None:
    answer = json.loads(costgraph("derive", "params", "--model", name, "--json").stdout)
    parts = answer["measures"]["params"]["parts"]
    counted = [
        (one["times"].replace("L_dense + L_moe", "L").replace("L_local + L_global", "L"), one["part"]) for one in parts
    ]
    assert [part if times == "1" else f"{times} {part}" for times, part in counted] == shown
    assert sum(int(one["value"]) for one in parts) == int(answer["measures"]["params"]["value"])


def test_layers_of_an_encoder_are_not_called_layers_of_the_decoder() -> None:
    text = costgraph("derive", "params", "flops", "--model", "t5-base").stdout
    assert re.search(r"^\s*L_encoder ×  encoder/attn ", text, re.MULTILINE)
    assert re.search(r"^\s*L ×  attn ", text, re.MULTILINE)
    assert "(L + L_encoder) ×" in text


def test_every_format_has_the_same_parts() -> None:
    asked = ("derive", "params", "--model", "deepseek-v3")
    values = ["926,679,040", "11,413,547,008", "1,189,085,184", "656,569,532,416", "671,026,404,352"]
    for more in ((), ("--format", "markdown")):
        text = costgraph(*asked, *more).stdout
        assert all(value in text for value in values)
    latex = costgraph(*asked, "--format", "latex").stdout
    assert all(value.replace(",", "{,}") in latex for value in values)
    assert r"L_{\mathrm{dense}} \cdot 3 D F && 1{,}189{,}085{,}184 && \text{mlp}" in latex
    assert r"L \cdot \bigl(A" in latex  # a sum is put in parentheses, a product is not
    parts = json.loads(costgraph(*asked, "--json").stdout)["measures"]["params"]["parts"]
    assert [one["value"] for one in parts if one["part"] in ("mlp", "moe")] == ["1189085184", "656569532416"]


@pytest.mark.parametrize("format_", ["text", "markdown", "latex", "json"])
def test_flat_is_the_form_as_one(format_: str) -> None:
    found = costgraph("derive", "params", "--model", "llama-3.1-8b", "--flat", "--format", format_).stdout
    assert "attn" not in found
    assert "parts" not in found


def test_what_is_open_is_written_like_the_forms() -> None:
    text = costgraph("derive", "flops", "--model", "llama-3.1-8b", "--limit", "B=1").stdout
    assert "**" not in text
    assert "sum  1572864S(S + 28628)" in text


def test_explain_goes_from_part_to_op_and_has_alike_ops_once() -> None:
    text = costgraph("derive", "params", "--model", "deepseek-v3", "--explain").stdout
    assert re.search(r"^ +attn +11,413,547,008$", text, re.MULTILINE)
    assert re.search(r"^ +L × +attn\.out +DA H_v +7,163,871,232 +attn\.out\.weight$", text, re.MULTILINE)
    assert re.search(r"^L_dense × +dense/mlp\.up +DF +396,361,728 +dense/mlp\.up\.weight$", text, re.MULTILINE)
    assert "moe/attn.out" not in text


def test_explain_of_a_quotient_has_alike_ops_once_with_numbers_too() -> None:
    text = costgraph("derive", "intensity", "--model", "deepseek-v3", "--explain", "--limit", "B=1,S=16").stdout
    assert "divided by" in text
    assert not re.search(r"^  (dense|moe)/attn\.out ", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ("llama-3.1-8b", (), "A·H = D"),
        ("qwen3-0.6b", (), "A·H = 2048, not D"),
        ("gemma-7b", (), "A·H = 4096, not D"),
        ("llama-3.1-8b", ("--symbolic", "D,L"), "A·H = D"),
        ("llama-3.1-8b", ("--limit", "D=8192"), "A·H = 4096, not D"),
        ("deepseek-v3", (), None),  # heads have no one width
        ("llama-3.1-8b", ("--op-set", "decoder"), None),
    ],
)
def test_the_sizes_of_a_model_say_whether_heads_are_as_wide_as_it(
    model: str, options: tuple[str, ...], said: str | None
) -> None:
    text = costgraph("derive", "params", "--model", model, *options).stdout
    assert text.rstrip().split("\n")[-1].endswith(f"; {said}") if said else "A·H" not in text


def test_a_formula_that_differs_is_told_what_kinds_have_alike_once() -> None:
    asked = ("check", "--model", "deepseek-v3", "--measure", "flops", "--limit", "B=1", "--formula", "6*N_params*B*S")
    text = costgraph(*asked).stdout
    assert len(re.findall(r"^  \S*attn\.out ", text, re.MULTILINE)) == 1


@pytest.mark.slow
def test_a_sheet_has_no_sequence_that_is_longer_than_the_table_of_positions() -> None:
    assert re.search(
        r"^  S +512  sequence length", costgraph("cheatsheet", "--model", "bert-large").stdout, re.MULTILINE
    )
