"""The page that `costgraph explore` writes: what is refused, what it ships, and which models it covers."""

from __future__ import annotations

import base64
import hashlib
import json
import tomllib
import zlib
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from command_line import costgraph

from costgraph.exploring.catalogs import machines, models, sizes_of
from costgraph.exploring.drawing import drawing
from costgraph.exploring.page import explore
from costgraph.exploring.program import Program, of_scenario
from costgraph.exploring.scenarios import Scenario, choices, mesh, named, phases_of, setup
from costgraph.given import Options

SHIPPED = Path(__file__).parents[1] / "exporters" / "_explorer"
LLAMA: Options = {"model": "llama-3-8b", "convention": "exact"}


def decode(options: Options = LLAMA) -> Scenario:
    """A model that generates, one token at a time."""
    model = named(options)
    return Scenario(setup(options, model, "decode", mesh(), ()), model, "decode")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which model? name it with --model; `costgraph list models` shows those that are known"),
        (["--model", "llama-3-8b", "--phase", "forward"], "phase of llama-3-8b in a page 'forward'"),
        (["--model", "bert-base", "--phase", "decode"], "phase of bert-base in a page 'decode'"),
        (["--model", "llama-3-8b", "--limit", "S=oo"], "S->oo: a page needs sizes, not limits"),
        (["--model", "llama-3-8b", "--limit", "B=N_d"], "B=N_d: a slider stands at a number"),
        (["--model", "llama-3-8b", "--hardware", "h100"], "which of h100-"),
        (["--model", "llama-3-8b", "--hardware", "a10", "--dtype", "fp8"], "no fp8 rate for a10"),
    ],
)
def test_what_no_page_can_be_made_of_is_refused_in_one_line(arguments: list[str], said: str) -> None:
    run = costgraph("explore", *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("mine")
    run = costgraph("explore", "--model", "llama-3-8b", "-o", str(tmp_path / "page.html"))
    assert run.returncode == 2
    assert "exists; replace it with --force" in run.stderr
    assert (tmp_path / "page.html").read_text() == "mine"


def test_what_others_wrote_is_shipped_as_it_came() -> None:
    library = tomllib.loads((SHIPPED / "shipped.toml").read_text())["uPlot"]
    for name, sha256 in library["sha256"].items():
        assert hashlib.sha256((SHIPPED / name).read_bytes()).hexdigest() == sha256
    assert f"(v{library['version']})" in (SHIPPED / "uPlot.iife.min.js").read_text()
    assert "MIT License" in (SHIPPED / "uPlot.LICENSE").read_text()


def test_equal_sums_are_computed_and_written_once() -> None:
    program = Program()
    once = of_scenario(decode(), program)
    before = len(program.sums), len(program.formulas.numbered)
    again = of_scenario(decode({**LLAMA, "model": "llama-3-70b"}), program)
    assert (len(program.sums), len(program.formulas.numbered)) == before
    assert (again["forms"], again["terms"]) == (once["forms"], once["terms"])
    assert len(set(program.code["sums"])) == len(program.sums)


def test_a_program_refuses_what_a_form_takes_for_granted() -> None:
    program = Program()
    assert of_scenario(decode(), program)["claims"] == [0, 1, 2, 3, 4]
    assert [(str(one["text"]), str(one["code"])) for one in program.code["claims"]] == [
        ('"G | A"', "divides(G, A)"), ('"N_d | B"', "divides(N_d, B)"), ('"T | G"', "divides(T, G)"),
        ('"T | F"', "divides(T, F)"), ('"T | V"', "divides(T, V)"),
    ]  # fmt: skip


def test_what_is_alive_at_a_peak_is_summed_by_part() -> None:
    peak = of_scenario(decode(), Program())["forms"][0]
    assert peak["name"] == "peak"
    assert [part for part, _, _ in peak["arms"][0]["parts"]] == ["weights", "cache", "input", "working"]


def test_a_minimum_is_computed_and_said() -> None:
    program = Program()
    found = of_scenario(decode({**LLAMA, "model": "mistral-7b"}), program)
    assert len(found["definitions"]) == 1
    assert any("Math.min(S, W)" in text for text in program.code["sums"])
    assert not any("S_w" in text for text in program.code["sums"])


def test_each_combination_of_axes_stages_and_replays_is_a_scenario() -> None:
    assert len(list(choices("decode"))) == 4
    assert len(list(choices("train"))) == 20
    assert ((), 0, "full") in choices("train")
    assert (("T",), 1, "none") not in choices("train")


def test_a_drawing_has_layers_as_a_box_and_says_what_each_op_reads() -> None:
    stretches = drawing(decode().graph)
    assert [one["times"] for one in stretches] == ["", "<mi>L</mi>", ""]
    ops = {op["op"]: op for one in stretches for place in one["places"] for op in place["ops"]}
    assert ops["attn.flash"]["reads"] == ["attn.q_rotary", "attn.k_context", "attn.v_context"]
    assert ops["norm.attn"]["reads"] == ["embed.tokens.all_reduce"]  # and not the border of the layers
    assert ops["mlp.gate"]["what"] == "bsd,df->bsf"


def test_machines_have_what_memory_and_times_depend_on() -> None:
    found = {one["name"]: one for one in machines(None)}
    h100 = found["h100-sxm"]
    assert (h100["rates"]["bf16"], h100["bandwidth"], h100["link"]) == (989.4e12, 3.35e12, 450e9)


def test_sizes_of_a_model_are_those_of_its_file() -> None:
    assert sizes_of(named(LLAMA))["sizes"] == {
        "D": 4096, "L": 32, "A": 32, "G": 8, "H": 128, "F": 14336, "V": 128256, "K": 8192, "p": 2,
    }  # fmt: skip


@pytest.mark.slow  # builds all known models
def test_models_of_the_same_ops_are_covered_and_others_are_named() -> None:
    covered, others = models(named(LLAMA), phases_of(named(LLAMA)))
    names = [one["name"] for one in covered]
    assert names[0] == "llama-3-8b"
    assert {"llama-2-70b", "llama-3.1-405b", "yi-34b", "mistral-large-2"} < set(names)
    assert {"mistral-7b", "gemma-2-9b", "qwen2-7b", "llama-3.2-1b", "bert-base", "deepseek-v3"} < set(others)


def unpacked(page: str) -> dict[str, Any]:
    """What the script of a page reads."""
    packed = page.partition('id="packed">')[2].partition("<")[0]
    return dict(json.loads(zlib.decompress(base64.b64decode(packed))))


@pytest.mark.slow
def test_sliders_stand_where_they_were_asked_to() -> None:
    page = explore({"model": "llama-3-8b", "limit": "B=3,T=2,D=2048", "phase": "train"}, "a10", "fp32")
    first = unpacked(page)["first"]
    assert (first["phase"], first["machine"], first["dtype"]) == ("train", "a10", "fp32")
    asked = {"B": 3, "T": 2, "N_d": 1, "D": 2048, "S": 4096, "p": 4, "L": 32}
    assert {name: first["sizes"][name] for name in asked} == asked


@pytest.mark.slow
def test_an_encoder_has_a_page_of_its_training() -> None:
    assert {one["phase"] for one in unpacked(explore({"model": "bert-base"}))["scenarios"]} == {"train"}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["llama-3-8b", "gemma-2-9b", "mamba2-130m", "t5-small", "deepseek-v3"])
def test_a_page_is_small_soon_written_and_asks_for_nothing(model: str) -> None:
    start = process_time()
    text = explore({"model": model})
    assert process_time() - start < 20
    assert len(text.encode()) < 1_500_000
    for sign in (' src="', 'http-equiv="refresh', "@import", "url(", "fetch(", "XMLHttpRequest", 'href="http'):
        assert sign not in text
