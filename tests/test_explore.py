"""The page that `costgraph explore` writes: what is refused, what it ships, and which models it covers."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest
from command_line import costgraph

from costgraph.exploring.catalogs import machines, models, sizes_of
from costgraph.exploring.drawing import drawing
from costgraph.exploring.page import explore
from costgraph.exploring.program import Formulas, program
from costgraph.exploring.scenarios import Scenario, mesh, named, phases_of, setup
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
    formulas = Formulas()
    once = program(decode(), formulas)
    before = len(formulas.numbered)
    again = program(decode({**LLAMA, "model": "llama-3-70b"}), formulas)
    assert len(formulas.numbered) == before
    assert again.code == once.code
    assert len(set(once.code["results"])) == len(once.code["results"])


def test_a_program_refuses_what_a_form_takes_for_granted() -> None:
    found = program(decode(), Formulas()).code["conditions"]
    assert [str(one["text"]) for one in found] == [
        f'"{text} does not hold"' for text in ("G | A", "N_d | B", "T | G", "T | F", "T | V")
    ]


def test_what_is_alive_at_a_peak_is_summed_by_part() -> None:
    peak = program(decode(), Formulas()).data["forms"][0]
    assert peak["name"] == "peak"
    assert [part for part, _, _ in peak["arms"][0]["parts"]] == ["weights", "cache", "input", "working"]


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


@pytest.mark.slow
def test_an_encoder_has_a_page_of_its_training() -> None:
    assert '"train/0/none"' in (text := explore({"model": "bert-base"}))
    assert "decode/0" not in text


@pytest.mark.slow
@pytest.mark.parametrize("model", ["llama-3-8b", "gemma-2-9b", "mamba2-130m", "t5-small", "deepseek-v3"])
def test_a_page_is_small_and_asks_for_nothing(model: str) -> None:
    text = explore({"model": model})
    assert len(text.encode()) < 1_500_000
    for sign in (' src="', 'http-equiv="refresh', "@import", "url(", "fetch(", "XMLHttpRequest", 'href="http'):
        assert sign not in text
