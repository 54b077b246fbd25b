"""The page that `costgraph explore` writes: what is refused, what it ships, and which models it covers."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
import tomllib
import zlib
from dataclasses import replace
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from command_line import costgraph

from costgraph.algebra.definition import settle
from costgraph.algebra.polynomial import Polynomial
from costgraph.errors import UserError
from costgraph.exploring.catalogs import figures, machines, models, sizes_of
from costgraph.exploring.crossing import Crossing
from costgraph.exploring.described import described
from costgraph.exploring.drawing import drawing
from costgraph.exploring.first import check, first_phase, first_plan, first_sizes
from costgraph.exploring.page import explore
from costgraph.exploring.plans import Plan, plans
from costgraph.exploring.program import Program
from costgraph.exploring.scenarios import Scenario, named, phases_of, scenarios, setup
from costgraph.given import Options, read_mesh
from costgraph.hardware.catalog import machine
from costgraph.hardware.cluster import cluster
from costgraph.hardware.links import Layout
from costgraph.mesh import Mesh

SHIPPED = Path(__file__).parents[1] / "exporters" / "_explorer"
LLAMA: Options = {"model": "llama-3-8b", "convention": "exact"}


def decode(options: Options = LLAMA) -> Scenario:
    """A model that generates, one token at a time, on two axes."""
    model, mesh = named(options), Mesh("data, tensor")
    return Scenario(setup(options, model, "decode").on(mesh), model, Plan("decode", mesh.axes))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which model? name it with --model; `costgraph list models` shows those that are known"),
        (["--model", "llama-3-8b", "--phase", "forward"], "phase of llama-3-8b in a page 'forward'"),
        (["--model", "bert-base", "--phase", "decode"], "phase of bert-base in a page 'decode'"),
        (["--model", "llama-3-8b", "--limit", "S=oo"], "S->oo: a page needs sizes, not limits"),
        (["--model", "llama-3-8b", "--limit", "B=N_d"], "N_d (data-parallel degree) is no size of this model"),
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
    once = described(decode(), program)
    before = len(program.sums)
    again = described(decode({**LLAMA, "model": "llama-3-70b"}), program)
    assert len(program.sums) == before
    assert (again["forms"], again["terms"]) == (once["forms"], once["terms"])
    assert len(set(program.code["sums"])) == len(program.sums)


def test_a_program_refuses_what_a_form_takes_for_granted() -> None:
    program = Program()
    assert described(decode(), program)["claims"] == [0, 1, 2, 3, 4]
    assert [(str(one["text"]), str(one["code"])) for one in program.code["claims"]] == [
        ('"G | A"', "divides(G, A)"), ('"N_d | B"', "divides(N_d, B)"), ('"T | G"', "divides(T, G)"),
        ('"T | F"', "divides(T, F)"), ('"T | V"', "divides(T, V)"),
    ]  # fmt: skip


def test_what_is_alive_at_a_peak_is_summed_by_part_and_what_is_sent_by_axes() -> None:
    forms = {one["name"]: one for one in described(decode(), Program())["forms"]}
    assert [part for part, _ in forms["peak"]["arms"][0]["parts"]] == ["weights", "cache", "input", "working"]
    arms = {one["at"]: [part for part, _ in one["parts"]] for one in forms["tpot"]["arms"]}
    assert arms == {"compute": [""], "memory": [""], "link": ["T"], "link in the node": ["T"], "network": ["T"]}


def test_what_amounts_count_is_said_and_what_times_count_otherwise() -> None:
    said = described(decode(), Program())["counted"]
    assert said.startswith("every parameter; 2 FLOPs per multiply-add of a matmul; the full attention square;")
    assert said.endswith(". Times count of a causal square just what is seen")


def test_a_minimum_is_computed_before_the_sums_and_said() -> None:
    program = Program()
    found = described(decode({**LLAMA, "model": "mistral-7b"}), program)
    codes = {str(one["name"]): str(one["code"]) for one in program.code["defined"]}
    assert codes["S_w"] == "Math.min(S, W)"
    assert "S_w" not in found["used"]
    assert {"S", "W", "n_link"} <= set(found["used"])


def test_plans_of_a_page_are_its_axes_with_and_without_and_what_may_be_chosen() -> None:
    every = plans(["decode", "train"])
    keys = [one.key for one in every]
    assert len(set(keys)) == len(keys)
    assert keys[0] == "decode//none"
    assert "train/pipeline(v=v, schedule=interleaved), data(zero=1), experts, tensor(sequence=True)/full" in keys
    assert not any("pipeline" in key and "microbatches" in key for key in keys)  # it takes its batch in parts as it is
    along = plans(["decode", "train"], Mesh("data(8, zero=3), tensor(4, sequence=True)"))
    assert [one.key for one in along] == [
        "decode/data, tensor/none", "train/data(zero=3), tensor(sequence=True)/none",
        "train/data(zero=3), tensor(sequence=True)/full", "decode/data/none", "decode/tensor/none", "decode//none",
        "train/data(zero=3)/none", "train/data(zero=3)/full", "train/tensor(sequence=True)/none",
        "train/tensor(sequence=True)/full", "train//none", "train//full",
    ]  # fmt: skip


def test_a_page_along_many_axes_keeps_one_device_and_each_axis_alone() -> None:
    """Where it opens, and what its fields reach first; a budget leaves out what stands behind."""
    mesh = Mesh("pipeline, data(zero=1), context, tensor(sequence=True)")
    found = [one.plan for one in scenarios(LLAMA, plans(["decode", "train"], mesh), budget=1_000_000)]
    few = {(one.phase, tuple(axis.kind for axis in one.axes)) for one in found if len(one.axes) <= 1}
    kinds = ((), *((axis.kind,) for axis in mesh.axes))
    assert few == {(phase, one) for phase in ("decode", "train") for one in kinds}


def test_a_budget_keeps_the_usual_plans() -> None:
    found = list(scenarios(LLAMA, plans(["train"]), budget=160_000))
    assert [one.plan.key for one in found] == [
        "train//none",
        "train//full",
        "train/tensor(sequence=True)/none",
        "train/data/none",
    ]


def test_the_usual_grid_of_training_is_what_a_page_of_a_dense_model_has() -> None:
    """Stages or none, every ZeRO stage or no data axis, tensor devices with and without sequences, replayed or not."""
    stages, data = ("", "pipeline"), ("", "data", "data(zero=1)", "data(zero=2)", "data(zero=3)")
    tensor, replays = ("", "tensor", "tensor(sequence=True)"), ("none", "full")
    grid = {
        f"train/{', '.join(filter(None, axes))}/{replay}" for *axes, replay in product(stages, data, tensor, replays)
    }
    assert grid <= {one.plan.key for one in scenarios(LLAMA, plans(["decode", "prefill", "train"]))}


def test_what_a_model_cannot_be_spread_along_is_no_plan() -> None:
    options: Options = {"model": "deepseek-v3", "convention": "exact"}  # of 3 and 58 layers, which no open P divides
    found = [Plan("decode"), Plan("decode", Mesh("pipeline").axes), Plan("decode", Mesh("experts").axes)]
    assert [one.plan.key for one in scenarios(options, found)] == ["decode//none", "decode/experts/none"]


@pytest.mark.parametrize("where", ["h100-sxm", "h100-pcie", "gb200", "rtx-3090", "mi250x"])
def test_what_a_link_joins_is_what_hardware_says_of_numbers(where: str) -> None:
    layout = Layout(cluster(where), ())
    inside = [level for level in layout.levels if level.name != "network"]
    reach = {name: level.size or 2**40 for name, level in zip(("n_link", "n_node"), inside, strict=False)}
    crossing, compared = Crossing(Mesh("pipeline, data, context, tensor")), 0
    for exponents in product(range(3), range(4), range(2), range(4)):
        degrees = {name: 2**one for name, one in zip(("P", "N_d", "C", "T"), exponents, strict=True)}
        axes = tuple(degrees.items())
        sizes = {name: Polynomial.constant(size) for name, size in (degrees | reach).items()}
        for name, level in zip(("n_link", "n_node"), inside, strict=False):
            for axis in degrees:
                held = crossing.held(axis, name).substitute(settled(crossing, sizes)).number
                on = Layout(cluster(where), axes)
                (piece,) = [piece for piece in on.pieces() if piece[0] == axis]
                if on.devices <= reach[name] or lies_evenly(reach[name], piece[2], degrees[axis], held):
                    assert (held, held) == on.members([piece], level.size)
                    compared += 1
    assert compared > 300


def lies_evenly(joins: int, apart: int, degree: int, held: Any) -> bool:
    """Whether as many devices of a group stand in each domain, as the page asks."""
    return bool(held == int(held) and joins % min(apart * held, joins) == 0 and degree % held == 0)


def settled(crossing: Crossing, sizes: dict[str, Polynomial]) -> dict[str, Polynomial]:
    """What its symbols stand for at these sizes."""
    return {**settle(crossing.definitions.values(), sizes)[0], **sizes}


@pytest.mark.parametrize(
    ("typed", "flags"),
    [
        (["--mesh", "data(2), data(4)"], ["--phase", "decode"]),
        (["--mesh", "data(2), data(4, zero=3)", "--phase", "train", "--limit", "B=16,S=512"], []),
        (["--mesh", "tensor(16, replicate_kv=True)", "--hardware", "a100-80gb-sxm", "--dtype", "bf16"], []),
        (["--mesh", "data(2), data, tensor(2)", "--limit", "N_d=4", "--limit", "B=8", "--convention", "exact"], []),
        (["--mesh", "data(2), data(4)", "--weights", "int4", "--cache-dtype", "fp8"], []),
    ],
)  # fmt: skip
def test_of_axes_that_no_page_has_the_command_is_said_whole_and_runs(typed: list[str], flags: list[str]) -> None:
    run = costgraph("explore", "--model", "llama-3-8b", *typed)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)
    said, _, command = run.stderr.rstrip("\n").partition("; this answers it: costgraph ")
    assert said.endswith("a page has one axis of a kind, cut once")
    words = shlex.split(command)
    assert {one for one in (*typed, *flags) if not one.startswith(("B=", "N_d="))} <= {*words, "B=16,S=512"}
    answer = costgraph(*words, "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["step"]["bound_s"] > 0


def opens(options: Options, names: str = "P N_d C X T M", where: str = "h100-sxm") -> dict[str, Any]:
    """Where the sliders of a page stand first, and its phase; refused where it would have no numbers there."""
    along, model = read_mesh(options.get("mesh") or "") or None, named(options)
    same: Options = {"model": model, "convention": "exact"}
    phase = first_phase(options, model, along)
    sizes = first_sizes(same, model, phase, None, options.get("limit", ()), along)
    plan = first_plan(phase, [axis.symbol for axis in along.axes] if along else names.split(), sizes, along)
    check(next(scenarios(same, (), needed=(plan,))), sizes, machine(where))
    return {"phase": phase, **{name: size.number for name, size in sizes.items()}}


ZB_H1 = "pipeline(4, schedule=zb-h1), data(2, zero=1), tensor(8, sequence=True)"


@pytest.mark.parametrize(
    ("mesh", "limit", "first"),
    [
        (ZB_H1, "", {"phase": "train", "M": 32, "B": 64}),
        ("pipeline(4), data(2), tensor(2)", "", {"phase": "decode", "M": 32, "B": 64}),
        ("pipeline(4, v=2, schedule=interleaved), data(2)", "", {"phase": "train", "v": 2, "M": 32, "B": 64}),
        ("pipeline(2), data(2)", "B=16", {"M": 8, "B": 16}),
        ("pipeline(2), data(2)", "B=20", {"M": 10, "B": 20}),
        ("pipeline(2), data(2)", "M=6", {"M": 6, "B": 12}),
        ("pipeline(2), data(2)", "M=6,B=24", {"M": 6, "B": 24}),
        ("microbatches(8), data(2)", "", {"phase": "train", "M": 8, "B": 16}),
        ("pipeline, data", "", {"B": 1}),
        ("pipeline, data", "P=2,N_d=2", {"M": 32, "B": 64}),
        ("", "P=2,N_d=2", {"M": 32, "B": 64}),
        ("tensor(2), context(2)", "", {"phase": "decode", "B": 1}),
        ("tensor(2, sequence=True)", "", {"phase": "train"}),
        ("data(8, zero=1), tensor(8)", "", {"phase": "train", "B": 8}),
    ],
)  # fmt: skip
def test_a_page_has_numbers_where_it_opens(mesh: str, limit: str, first: dict[str, Any]) -> None:
    found = opens({"model": "llama-3-8b", "mesh": mesh, "limit": limit or ()})
    assert {name: found[name] for name in first} == first


def test_every_page_of_the_documentation_has_numbers_where_it_opens() -> None:
    root = Path(__file__).parents[1]
    text = "".join(one.read_text("utf-8") for one in [root / "README.md", *sorted((root / "docs").glob("*.md"))])
    lines = [shlex.split(one) for one in text.replace("\\\n", " ").splitlines() if one.startswith("costgraph explore ")]
    assert len(lines) >= 2
    for words in lines:
        given = dict(zip(words[2::2], words[3::2], strict=True)) if words[2].startswith("--") else {"--model": words[2]}
        opens({name[2:]: value for name, value in given.items() if name in ("--model", "--mesh", "--limit", "--phase")})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "why", "answered"),
    [
        ({"limit": "T=3"}, "T | G does not hold: 3 devices do not divide 8 key/value heads; 2 or 4 would", False),
        ({"mesh": "tensor(16)"}, "can be copied: tensor(..., replicate_kv=True)", False),
        ({"mesh": "pipeline(4), data(2)", "limit": "B=7"}, "8 does not divide 7 sequences", False),
        ({"mesh": "pipeline(3)"}, "P | L does not hold: 3 does not divide 32 layers", True),
        (
            {"mesh": "data(3), tensor(4)", "phase": "train"},
            "mesh 'data, tensor': groups of devices lie unevenly over what links of h100-sxm join", True,
        ),
        (
            {"model": "deepseek-v3", "mesh": "pipeline(4), data(2)"},
            "pipeline(P): no P divides 3 dense and 58 moe layers, and a page leaves P open", True,
        ),
        ({"model": "deepseek-v3", "mesh": "pipeline, data"}, "no P divides 3 dense and 58 moe layers", False),
        ({"model": "deepseek-v3", "limit": "P=4"}, "no P divides 3 dense and 58 moe layers", True),
        ({"model": "mamba2-130m", "mesh": "context(2)"}, "there is no attention in this graph", False),
    ],
)  # fmt: skip
def test_a_page_that_would_open_without_numbers_is_refused_with_the_command_that_answers(
    options: Options, why: str, answered: bool
) -> None:
    with pytest.raises(UserError) as refused:
        explore({"model": "llama-3-8b", **options})
    said, _, command = str(refused.value).partition("; this answers it: ")
    assert why in said
    assert bool(command) is answered  # it was made once
    if answered and "mesh" in options:
        words = shlex.split(command)
        assert words[words.index("--mesh") + 1] == options["mesh"]


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
    assert (h100["rates"]["bf16"], h100["bandwidth"]) == (989.4e12, 3.35e12)
    assert h100["links"] == [
        {"name": "nvlink", "joins": 8, "rate": 450e9}, {"name": "network", "joins": None, "rate": 50e9},
    ]  # fmt: skip


@pytest.mark.parametrize("links", [{"a": 2, "b": 4, "c": 8}, {"a": 3}])
def test_links_that_a_page_does_not_know_are_refused(links: dict[str, int]) -> None:
    h100 = machine("h100-sxm")
    link = h100.links["nvlink"]
    own = {name: replace(link, links=9 - reach, per="link", reach=reach) for name, reach in links.items()}
    with pytest.raises(UserError, match="a page knows two links inside of a node"):
        figures(replace(h100, links=own, name="mine", node=8))


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
    asked: Options = {"model": "llama-3-8b", "limit": "B=3,T=2,D=2048", "phase": "train", "mesh": "data, tensor"}
    page = explore(asked, "a10", "fp32")
    first = unpacked(page)["first"]
    assert (first["phase"], first["machine"], first["dtype"]) == ("train", "a10", "fp32")
    sizes = {"B": 3, "T": 2, "N_d": 1, "D": 2048, "S": 4096, "p": 4, "L": 32}
    assert {name: first["sizes"][name] for name in sizes} == sizes


@pytest.mark.slow
def test_an_encoder_has_a_page_of_its_training() -> None:
    assert {one["phase"] for one in unpacked(explore({"model": "bert-base", "mesh": "data"}))["scenarios"]} == {"train"}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["llama-3-8b", "gemma-2-9b", "mamba2-130m", "t5-small", "deepseek-v3"])
def test_a_page_is_small_soon_written_and_asks_for_nothing(model: str) -> None:
    start = process_time()
    text = explore({"model": model})
    assert process_time() - start < 20
    assert len(text.encode()) < 1_500_000
    for sign in (' src="', 'http-equiv="refresh', "@import", "url(", "fetch(", "XMLHttpRequest", 'href="http'):
        assert sign not in text
