"""The page in a real browser: its numbers are Python's, it asks for nothing, and it is used by hand, key and ear."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from fractions import Fraction
from math import prod
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from browser import Browser, browser
from command_line import costgraph

import costgraph as cg
from costgraph.algebra.parser import parse
from costgraph.algebra.polynomial import Polynomial
from costgraph.exploring.page import explore
from costgraph.exploring.plans import OPTIONS, Plan, plans
from costgraph.hardware.catalog import catalog, machine

pytestmark = pytest.mark.needs_tool("chromium")
ALIKE = ("llama-3-8b", "llama-2-70b", "llama-3.1-405b", "mistral-large-2", "tinyllama-1.1b", "yi-34b")
TIMES = {"decode": "tpot", "prefill": "ttft", "train": "step_time"}
SHOWN = {
    "decode": ("peak", "flops", "traffic", "communication", "cache", "states", "params"),
    "prefill": ("peak", "flops", "traffic", "communication", "cache", "states", "params"),
    "train": ("peak", "flops", "traffic", "communication", "activations", "states", "params"),
}
SETTLED = "new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))"
STEP = "$('slide-S').value = {}; $('slide-S').dispatchEvent(new Event('input', {{ bubbles: true }})); " + SETTLED
CAUGHT_UP = "new Promise(go => { const look = () => (late.size ? setTimeout(look, 20) : go()); look(); })"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of Llama 3 8B."""
    path = tmp_path_factory.mktemp("explorer") / "page.html"
    path.write_text(explore({"model": "llama-3-8b", "limit": "B=4,S=4096"}, "h100-sxm"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shared() -> Iterator[Browser]:
    """One browser for all tests."""
    with browser() as found:
        yield found


@pytest.fixture
def shown(page: Path, shared: Browser) -> Iterator[Browser]:
    """The page as it opens, on a desktop; no test may leave a complaint or a request behind."""
    shared.events.clear()
    shared.shape(1280, 900)
    shared.open(page)
    yield shared
    assert shared.complaints == []
    assert {url.partition(":")[0] for url in shared.requests} <= {"file", "about"}
    assert {url.rpartition("/")[2].partition("#")[0] for url in shared.requests} <= {page.name, "about:blank"}


def set_to(shown: Browser, setting: dict[str, Any]) -> None:
    """A link with another state, as if it had been clicked."""
    shown.run(f"location.hash = {json.dumps(urlencode(setting))}; {SETTLED}")


def numbers(shown: Browser) -> dict[str, str]:
    """What stands on the page, by measure, with all digits."""
    script = "[...document.querySelectorAll('[data-measure]')].map(one => [one.dataset.measure, one.dataset.value])"
    return dict(shown.run(f"Object.fromEntries({script})"))


# --- numbers ----------------------------------------------------------------------------------------------------------


def setting(random: Random, covered: set[str]) -> tuple[Plan, dict[str, Any]]:
    """A plan that the page has, a model, a machine with links, and sizes that keep what the forms take for granted."""
    phase = random.choice(["decode", "prefill", "train", "train", "train"])
    plan = random.choice([one for one in plans([phase]) if one.key in covered])
    named = plan.mesh.named
    sizes = {name: 2 ** random.randint(1, 2 if name in "TX" else 3) for name in named if name != "M"}
    chunks = random.choice([2, 3]) if "v=v" in str(plan.mesh) else 1
    if "M" in named:
        sizes["M"] = 2 * sizes.get("P", 1) * random.randint(1, 3)
    parts = prod(size for name, size in sizes.items() if "batch" in named[name].computes)
    sizes |= {
        "B": parts * random.randint(1, 8),
        "S": 2 * sizes.get("C", 1) * sizes.get("T", 1) * random.randint(1, 999),
    }
    sizes |= {"L": sizes.get("P", 1) * chunks * random.randint(1, 20), "D": random.randint(1, 20_000)}
    if chunks > 1:
        sizes["v"] = chunks
    there = [name for name in catalog() if machine(name).network and "bf16" in machine(name).rates]
    where = {"phase": phase, "model": random.choice(ALIKE), "machine": random.choice(there), "dtype": "bf16"}
    chosen = {OPTIONS[name]: getattr(axis, OPTIONS[name]) for name, axis in named.items() if name in OPTIONS}
    degrees = dict.fromkeys(("P", "N_d", "C", "T", "M"), 1) | sizes
    return plan, {**where, **chosen, "replay": plan.replay, **degrees}


def in_python(plan: Plan, asked: dict[str, Any]) -> dict[str, float]:
    """The same numbers, exactly, from Python."""
    limit = {name: asked[name] for name in ("B", "S", "L", "D", "v", *plan.mesh.named) if name in asked}
    options: dict[str, Any] = {
        "phase": plan.phase, "mesh": str(plan.mesh), "attention": "flash",
        "passes": [] if plan.replay == "none" else [f"recompute({plan.replay})"],
    }  # fmt: skip
    model = asked["model"] + ("" if plan.phase == "train" else "(head=last)")
    found = cg.derive(*SHOWN[plan.phase], model=model, limit={**limit, "p": 2}, **options).limited
    values = {name: Fraction(form.number or 0) for name, form in found.items()}
    where = {"hardware": asked["machine"], "dtype": "bf16"}
    values[TIMES[plan.phase]] = cg.estimate(model=asked["model"], limit=limit, **where, **options).least
    return {name: float(value) for name, value in values.items()}


@pytest.mark.parametrize("seed", range(24))
def test_numbers_are_those_of_python_at_any_setting(shown: Browser, seed: int) -> None:
    covered = set(shown.run("data.scenarios.map(one => one.key)"))
    plan, asked = setting(Random(seed), covered)
    set_to(shown, asked)
    assert shown.run("$('refused').hidden"), shown.run("$('refused').textContent")
    found, exact = numbers(shown), in_python(plan, asked)
    assert found.keys() == exact.keys()
    for name, text in found.items():
        assert float(text) == pytest.approx(exact[name], rel=1e-12), (name, plan.key, asked)


@pytest.mark.parametrize("phase", TIMES)
def test_terms_add_up_to_the_number_that_they_stand_under(shown: Browser, phase: str) -> None:
    set_to(shown, {"phase": phase, "N_d": 2, "B": 4, "zero": 1})
    sums = shown.run(
        "(() => { const now = answers(); return Object.entries(now.forms).map(([name, one]) =>"
        " [name, one.value, termsOf(now, one.form, one.arm).reduce((sum, term) => sum + now.at(term[3]), 0)]) })()"
    )
    for name, value, added in sums:
        assert added == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize(
    ("phase", "name", "state"),
    [
        ("decode", "tpot", {"N_d": 2, "T": 2}),
        ("decode", "tpot", {"P": 2, "M": 4, "T": 8, "machine": "a100-80gb-sxm"}),
        ("decode", "peak", {}),
        ("prefill", "peak", {"N_d": 4}),
        ("prefill", "ttft", {"C": 4, "T": 8}),
        ("train", "peak", {"N_d": 2, "T": 2, "zero": 1, "sequence": True}),
        ("train", "peak", {"P": 4, "M": 8, "schedule": "gpipe"}),
        ("train", "activations", {"P": 2, "M": 4, "v": 2, "schedule": "interleaved"}),
        ("train", "step_time", {"T": 2, "replay": "full"}),
        ("train", "step_time", {"P": 2, "M": 4, "N_d": 8, "T": 4, "zero": 1, "sequence": True}),
        ("train", "communication", {"M": 4}),
    ],
)
def test_what_is_copied_gives_the_number_again(shown: Browser, phase: str, name: str, state: dict[str, Any]) -> None:
    set_to(shown, {"phase": phase, **state, "B": 64, "S": 4096, "L": 32})
    value = float(numbers(shown)[name])
    typed = shlex.split(shown.run(f"command(answers(), '{name}')"))
    run = costgraph(*typed[1:], *([] if "--json" in typed else ["--json"]))
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    again = answer["step"]["bound_s"] if name in TIMES.values() else Fraction(answer["measures"][name]["value"])
    assert float(again) == pytest.approx(value, rel=1e-12)
    names: dict[str, Any] = {}
    exec(shown.run(f"program(answers(), '{name}')").rpartition("print(")[0], names)
    found = names["found"]
    number = found.least if name in TIMES.values() else found.limited[name].number
    assert float(number) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("phase", TIMES)
def test_what_is_copied_as_latex_is_read_again(shown: Browser, phase: str) -> None:
    set_to(shown, {"phase": phase, "T": 4, "B": 6, "S": 300})
    sizes, texts = shown.run(
        "(() => { const now = answers(); return [{...state.sizes, ...rates(), ...links()}, now.found.forms.flatMap("
        "form => form.arms.flatMap(arm => arm.parts.map(([, i]) => [data.formulas[i][1], now.at(i)])))]; })()"
    )
    known = {name: Polynomial.constant(Fraction(size)) for name, size in sizes.items()}
    read = [(text, number) for text, number in texts if "link" not in text and "node" not in text]
    assert len(read) > 20
    for text, number in read:
        exact = parse(text).substitute(known).number
        assert exact is not None
        assert number == pytest.approx(float(exact), rel=1e-12), text


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "degrees"),
    [
        ("h100-sxm", {"N_d": 8, "T": 8}),
        ("h100-sxm", {"N_d": 2, "T": 3}),  # six devices of one node
        ("h100-pcie", {"N_d": 1, "T": 8}),  # bridges of two, and the links of the node
        ("h100-pcie", {"N_d": 4, "T": 2}),
        ("gb200", {"N_d": 4, "T": 2}),
        ("rtx-4090", {"N_d": 16, "T": 2}),  # nothing says where its node ends
        ("h100-sxm", {"P": 4, "N_d": 1, "T": 2}),  # stages inside of a node
        ("h100-sxm", {"P": 4, "N_d": 2, "T": 4}),  # each stage has a node
        ("gb200", {"P": 8, "N_d": 4, "T": 1}),
    ],
)
def test_each_link_of_each_stage_is_as_busy_as_python_says(shown: Browser, name: str, degrees: dict[str, int]) -> None:
    sizes = {"B": 16 * degrees["N_d"], "S": 600, "A": 48, "G": 24, "F": 240, "V": 240}
    if "P" in degrees:
        sizes["M"] = 2 * degrees["P"]
    set_to(shown, {"phase": "train", "machine": name, "dtype": "bf16", **sizes, **degrees, "sequence": True, "zero": 1})
    axes = {"P": "pipeline", "N_d": "data(zero=1)", "T": "tensor(sequence=True)"}
    mesh = ", ".join(text for axis, text in axes.items() if degrees.get(axis, 1) > 1)
    limit = sizes | {axis: size for axis, size in degrees.items() if size > 1}
    found = cg.estimate(model="llama-3-8b", hardware=name, phase="train", mesh=mesh, limit=limit, dtype="bf16")
    arms = found.bound(found.main).arms
    exact = {f"{arm.stage}: {arm.resource}": float(seconds) for arm in arms if (seconds := arm.seconds.number)}
    shown_ = dict(shown.run("timed(answers()).known.map(one => [`${one.stage}: ${one.resource}`, one.seconds])"))
    assert shown_ == pytest.approx(exact, rel=1e-12)
    for whole, parts in shown.run(
        "timed(answers()).known.map(one => [one.seconds, one.parts.map(part => part.seconds)])"
    ):
        assert sum(parts) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("state", "rates"),
    [
        ({}, {"lambda_flops": "989.4 TFLOP/s", "lambda_mem": "3.35 TB/s"}),
        (
            {"phase": "train", "T": 2},
            {"lambda_flops": "989.4 TFLOP/s", "lambda_mem": "3.35 TB/s", "lambda_comms": "450 GB/s"},
        ),
        ({"machine": "a10"}, {"lambda_flops": "125 TFLOP/s", "lambda_mem": "600 GB/s"}),
    ],
)
def test_rates_of_the_machine_stand_beside_the_formula_of_the_time(
    shown: Browser, state: dict[str, Any], rates: dict[str, str]
) -> None:
    set_to(shown, state)
    found = dict(
        shown.run("[...document.querySelectorAll('[data-rate]')].map(one => [one.dataset.rate, one.textContent])")
    )
    assert {name: found[name].partition(" = ")[2] for name in rates} == rates
    assert "\N{GREEK SMALL LETTER LAMDA}" in found["lambda_mem"]
    networked = shown.run("Boolean(network())")
    beside = {"lambda_comms", *(("lambda_net", "n_link", "n_node") if networked else ())}
    assert found.keys() - rates.keys() <= beside


def test_groups_that_lie_unevenly_over_links_are_left_to_estimate(shown: Browser) -> None:
    set_to(shown, {"phase": "train", "T": 4, "N_d": 3, "B": 3, "machine": "h100-sxm"})
    assert "Groups of devices lie unevenly over what links join" in shown.run("$('refused').textContent")
    run = costgraph(*shlex.split(shown.run("$('instead-estimate').textContent"))[1:])
    assert (run.returncode, run.stderr) == (0, "")
    assert "1 to 2 of 3 in a node" in run.stdout


def test_a_plan_without_forms_is_answered_by_a_command_and_by_a_page_of_its_own(shown: Browser, tmp_path: Path) -> None:
    state = {"phase": "train", "P": 2, "M": 8, "N_d": 2, "C": 2, "T": 2, "zero": 3, "schedule": "zb-h1", "B": 16}
    set_to(shown, {**state, "S": 512, "how": "ring", "sequence": True})
    assert (
        "This page has no forms of pipeline(schedule=zb-h1), data(zero=3), context(how=ring), tensor(sequence=True)"
        in (shown.run("$('refused').textContent"))
    )
    run = costgraph(*shlex.split(shown.run("$('instead-estimate').textContent"))[1:], "--json")
    assert run.returncode == 0, run.stderr
    own = shlex.split(shown.run("$('instead-page').textContent"))
    assert own[:2] == ["costgraph", "explore"]
    run_of_page = costgraph(*own[1:-1], str(tmp_path / "page.html"))
    assert run_of_page.returncode == 0, run_of_page.stderr
    shown.open(tmp_path / "page.html")
    assert shown.run("$('refused').hidden"), shown.run("$('refused').textContent")
    assert float(numbers(shown)["step_time"]) == pytest.approx(json.loads(run.stdout)["step"]["bound_s"], rel=1e-12)
    assert float(numbers(shown)["peak"]) == json.loads(run.stdout)["verdict"]["needed_bytes"]


def test_on_an_axis_of_one_device_nothing_moves(shown: Browser, tmp_path: Path) -> None:
    model = 'deepseek-v2-lite(as="transformers")'  # adds what experts gave where their sums are completed
    page = explore({"model": model, "attention": "eager", "mesh": "data(2, zero=3), tensor"})
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    shown.open(tmp_path / "page.html", "#phase=train&replay=full&T=1&N_d=2&B=4&S=600")
    mesh, sizes = "data(N_d, zero=3), tensor(T)", {"T": 1, "N_d": 2, "B": 4, "S": 600}
    exact = cg.derive("traffic", "peak", model=model, mesh=mesh, passes=["recompute(full)"], limit=sizes).limited
    for name, form in exact.items():
        assert form.number is not None
        assert float(numbers(shown)[name]) == pytest.approx(float(form.number), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [{"X": 8, "N_d": 1, "T": 1}, {"X": 4, "N_d": 2, "T": 2}, {"X": 2, "N_d": 8, "T": 1}])
def test_experts_are_an_axis_where_there_are_some(shown: Browser, tmp_path: Path, sizes: dict[str, int]) -> None:
    page = explore({"model": "mixtral-8x7b", "mesh": "data(zero=1), experts, tensor(sequence=True)"})
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    for phase in TIMES:
        asked = {"phase": phase, **sizes, "B": 32, "S": 512}
        shown.open(tmp_path / "page.html", "#" + urlencode(asked))
        assert shown.run("$('refused').hidden"), shown.run("$('refused').textContent")
        options = shown.run("onMachine()")
        found = cg.estimate(**options)
        assert float(numbers(shown)[TIMES[phase]]) == pytest.approx(float(found.least), rel=1e-12)
        exact = cg.derive(*SHOWN[phase], **shown.run("asked(answers(), 'peak')")).limited
        for name, form in exact.items():
            assert float(numbers(shown)[name]) == pytest.approx(float(form.number or 0), rel=1e-12), name


def test_over_one_device_nothing_rests_in_parts(shown: Browser) -> None:
    set_to(shown, {"phase": "train", "zero": 3, "N_d": 1})
    assert "ZeRO has no effect over one device" in shown.run("$('assumed').textContent")
    apart = numbers(shown)
    set_to(shown, {"phase": "train", "zero": 0, "N_d": 1})
    assert numbers(shown) == apart


def test_a_size_that_breaks_what_is_taken_for_granted_is_refused(shown: Browser) -> None:
    set_to(shown, {"T": 3})
    assert shown.run("$('refused').hidden") is False
    assert "T has to divide G: T = 3, G = 8" in shown.run("$('refused').textContent")
    assert set(numbers(shown).values()) == {""}
    set_to(shown, {"T": 2})
    assert shown.run("$('refused').hidden") is True
    assert "" not in numbers(shown).values()


def test_a_time_on_a_link_that_nobody_states_is_not_known(shown: Browser) -> None:
    without = next(name for name in catalog() if not machine(name).links and not machine(name).network)
    set_to(shown, {"machine": without, "T": 2})
    assert numbers(shown)["tpot"] == ""
    assert "states no network" in shown.run("$('assumed').textContent")
    set_to(shown, {"machine": without, "T": 1})
    assert float(numbers(shown)["tpot"]) > 0


# --- by hand, key and ear ---------------------------------------------------------------------------------------------


def test_a_link_holds_the_state(shown: Browser, page: Path) -> None:
    slide = "const one = $('slide-S'); one.value = 14; one.dispatchEvent(new Event('input', { bubbles: true }));"
    choose = "$('phase').value = 'train'; $('phase').dispatchEvent(new Event('change'));"
    shown.run(f"{slide} {choose} {SETTLED}")
    shown.run("new Promise(go => setTimeout(go, 500))")  # browsers refuse addresses that change all the time
    before, link = numbers(shown), shown.run("location.hash")
    assert "S=16384" in link
    shown.open(page, link)
    assert numbers(shown) == before
    assert shown.run("state.phase") == "train"


def busy(shown: Browser) -> float:
    """How long the thread of the page has worked, whatever else the machine does, in milliseconds."""
    return 1000 * next(
        float(one["value"]) for one in shown.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration"
    )


def step_of_a_slider(shown: Browser) -> float:
    """What a step takes with all terms open, the mean of some, in milliseconds; the quicker of two rounds."""
    shown.send("Performance.enable", timeDomain="threadTicks")
    shown.run("document.querySelectorAll('details').forEach(one => (one.open = true)); " + CAUGHT_UP)
    rounds = []
    for _ in range(2):
        start = busy(shown)
        for at in range(7, 16):
            shown.run(STEP.format(at))
        rounds.append((busy(shown) - start) / 9)
    return min(rounds)


@pytest.mark.parametrize(
    ("link", "setting", "value"),
    [
        ("sequence=true&T=2", "sequence", "True"), ("sequence=TRUE&T=2", "sequence", "True"),
        ("sequence=1&T=2", "sequence", "True"), ("sequence=on&T=2", "sequence", "True"),
        ("sequence=false&T=2", "sequence", "False"), ("sequence=0&T=2", "sequence", "False"),
        ("zero=0&N_d=2&B=2", "zero", "0"), ("schedule=GPipe&P=2&M=2&B=2", "schedule", "gpipe"),
        ("machine=H100-SXM", "machine", "h100-sxm"), ("dtype=BF16", "dtype", "bf16"),
        ("model=Llama-3-8B", "model", "llama-3-8b"), ("sequence=%20True", "sequence", "True"),
    ],
)  # fmt: skip
def test_what_a_link_chooses_is_read_however_it_is_spelled(shown: Browser, link: str, setting: str, value: str) -> None:
    shown.run(f"location.hash = 'phase=train&{link}'; {SETTLED}")
    assert shown.run("$('unread').textContent") == ""
    assert shown.run(f"[state.{setting}, $('{setting}').value]") == [value, value]


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"N_d": 4, "B": 16}, "N_d*M has to divide B: N_d = 4, M = 8, B = 16; B = 32 would do"),
        ({"N_d": 3, "B": 32}, "N_d*M has to divide B: N_d = 3, M = 8, B = 32; B = 48 would do"),
        ({"N_d": 2, "B": 32, "M": 2}, "P is at most M: P = 4, M = 2"),
    ],
)
def test_a_plan_without_forms_says_what_no_command_can_answer(shown: Browser, state: dict[str, int], why: str) -> None:
    """What other schedules take for granted, such as two microbatches a stage, is no reason."""
    set_to(shown, {"phase": "train", "P": 4, "M": 8, "schedule": "zb-h1", **state})
    forms = "This page has no forms of pipeline(schedule=zb-h1), data"
    assert shown.run("$('refused').textContent") == f"{forms}; {why}. Nothing below is of these settings."
    assert shown.run("$('instead').hidden")


@pytest.mark.parametrize("sizes", [{"N_d": 4, "B": 32}, {"N_d": 2, "M": 6, "B": 36}])
def test_a_plan_without_forms_has_a_command_wherever_it_runs(shown: Browser, sizes: dict[str, int]) -> None:
    set_to(shown, {"phase": "train", "P": 4, "M": 8, "schedule": "zb-h1", "S": 512, **sizes})
    run = costgraph(*shlex.split(shown.run("$('instead-estimate').textContent"))[1:])
    assert (run.returncode, run.stderr) == (0, "")
    assert shown.run("$('instead-page').checkVisibility()")


@pytest.mark.parametrize("state", [{}, {"N_d": 2}, {"N_d": 4, "T": 4, "zero": 1, "P": 4, "M": 4, "sequence": True}])
def test_a_step_of_a_slider_is_drawn_within_50_ms(shown: Browser, state: dict[str, Any]) -> None:
    for phase in TIMES:
        set_to(shown, {"phase": phase, "B": 16, **state})
        assert shown.run("$('refused').hidden"), shown.run("$('refused').textContent")
        assert step_of_a_slider(shown) < 50, phase


def test_a_step_of_a_slider_is_drawn_within_50_ms_of_the_page_with_the_longest_formulas(
    shared: Browser, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(explore({"model": "deepseek-v3", "mesh": "data(zero=1), tensor"}), "utf-8")
    shared.open(tmp_path / "page.html", "#phase=train&B=16&N_d=4&T=4")
    assert shared.run("$('refused').hidden"), shared.run("$('refused').textContent")
    assert step_of_a_slider(shared) < 50


def test_a_slider_that_is_moved_on_and_on_writes_few_addresses_and_the_last(shown: Browser) -> None:
    """Browsers refuse a hundred in half a minute."""
    shown.run(
        "window.written = 0; const old = history.replaceState; history.replaceState = function (...all) {"
        " written += 1; return old.apply(this, all); }; 0"
    )
    for at in [*range(7, 16)] * 3:
        shown.run(STEP.format(at).partition("; new Promise")[0])
    shown.run("new Promise(go => setTimeout(go, 500))")
    assert shown.run("written") < 10
    assert "S=32768" in shown.run("location.hash")


def test_moving_a_slider_of_the_mesh_raises_the_batch_to_what_it_can_have(shown: Browser) -> None:
    set_to(shown, {"phase": "train", "B": 1, "M": 1})
    move = "const one = $('slide-{}'); one.value = {}; one.dispatchEvent(new Event('input', {{ bubbles: true }}));"
    shown.run(f"{{ {move.format('P', 1)} }} {{ {move.format('N_d', 2)} }} {SETTLED}")
    assert shown.run("[state.sizes.P, state.sizes.N_d, state.sizes.M, state.sizes.B]") == [2, 4, 2, 8]
    assert "B to 8" in shown.run("$('raised').textContent")
    assert shown.run("$('refused').hidden")


def test_keys_move_sliders_and_reach_terms(shown: Browser) -> None:
    shown.run("$('slide-S').focus()")
    for kind in ("keyDown", "keyUp"):
        shown.send("Input.dispatchKeyEvent", type=kind, key="ArrowRight", code="ArrowRight", windowsVirtualKeyCode=39)
    shown.run(SETTLED)
    assert shown.run("state.sizes.S") == 8192
    shown.run("document.querySelector('.card summary').click(); " + SETTLED)
    shown.run("[...document.querySelectorAll('.terms .op')].find(one => one.textContent === 'attn.q').focus()")
    assert shown.run("document.querySelector('#drawing .op.lit').dataset.op") == "attn.q"
    assert "attn.q" in shown.run("$('pointed').textContent")


def test_tab_goes_through_everything_that_is_used_in_the_order_in_which_it_stands(shown: Browser) -> None:
    set_to(shown, {"phase": "train", "P": 2, "M": 2, "B": 2})
    kinds = "a[href], button, input, select, summary, [tabindex='0']"
    shown.run(f"window.walked = [...document.querySelectorAll(`{kinds}`)].filter(one => one.checkVisibility()); 0")
    count = shown.run("walked.length")
    seen = []
    for _ in range(count):
        for kind in ("rawKeyDown", "keyUp"):
            shown.send("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        seen.append(shown.run("walked.indexOf(document.activeElement)"))
    assert count > 60
    assert seen == list(range(count))


@pytest.mark.parametrize("kind", ["pointerover", "focusin", "click"])
def test_a_term_that_is_pointed_at_lights_up_its_op_in_the_drawing(shown: Browser, kind: str) -> None:
    set_to(shown, {"phase": "train", "T": 2, "B": 2})
    shown.run("document.querySelector('.card summary').click(); " + SETTLED)
    row = "[...document.querySelectorAll('.terms tr[data-op]')].find(one => one.dataset.op === 'mlp.down')"
    shown.run(f"{row}.querySelector('button').dispatchEvent(new Event('{kind}', {{ bubbles: true }}))")
    lit = shown.run("[...document.querySelectorAll('#drawing .op.lit')].map(one => one.dataset.op)")
    feeds = shown.run("[...document.querySelectorAll('#drawing .op.feeds')].map(one => one.dataset.op)")
    assert (lit, feeds) == (["mlp.down"], ["mlp.product"])
    assert shown.run("$('pointed').textContent").startswith("mlp.down")


def test_everything_that_is_used_has_a_name_for_screen_readers(shown: Browser) -> None:
    shown.run("document.querySelectorAll('details').forEach(one => (one.open = true)); " + SETTLED)
    set_to(shown, {"S": 8192})  # terms out of sight are filled when nobody waits
    shown.run("new Promise(go => setTimeout(go, 600))")
    assert shown.run("[...document.querySelectorAll('#cards .terms')].every(one => one.rows.length > 0)")
    nodes = shown.send("Accessibility.getFullAXTree")["nodes"]
    used = [one for one in nodes if one.get("role", {}).get("value") in ("button", "combobox", "slider", "spinbutton")]
    assert len(used) > 90
    assert [one for one in used if not one.get("name", {}).get("value")] == []
    assert "Fits" in shown.run("$('spoken').textContent")
    assert shown.run("$('spoken').getAttribute('aria-live')") == "polite"


@pytest.mark.parametrize("phase", TIMES)
def test_a_phone_shows_it_without_moving_sideways(shown: Browser, phase: str) -> None:
    shown.shape(390, 844)
    set_to(shown, {"phase": phase})
    shown.run("document.querySelectorAll('details').forEach(one => (one.open = true)); " + SETTLED)
    assert shown.run("document.documentElement.scrollWidth") <= 390


def test_a_dark_system_gets_a_dark_page(shown: Browser) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    assert shown.run(paper) == "rgb(255, 255, 255)"
    shown.shape(1280, 900, dark=True)
    assert shown.run(paper) == "rgb(20, 24, 29)"


def test_a_chart_has_a_point_for_each_size(shown: Browser) -> None:
    shown.run(CAUGHT_UP)
    points = shown.run("charts.map(({ chart }) => chart.data.map((column) => column.filter((y) => y !== null).length))")
    assert len(points) == 4
    assert all(min(columns) > 0 for columns in points if len(columns) == 3)
    peak = shown.run("charts[0].chart.data[1][charts[0].chart.data[0].indexOf(4096)]")
    assert peak == float(numbers(shown)["peak"])


def test_bars_and_the_table_beside_them_say_the_same(shown: Browser) -> None:
    set_to(shown, {"phase": "train", "P": 4, "M": 8, "B": 8})
    bars, needed = shown.run("[memoryBars.chart.data, memoryBars.rows.map(one => one.needed)]")
    assert [max(column or 0 for column in columns) for columns in zip(*bars[1:], strict=True)] == pytest.approx(needed)
    assert max(needed) == float(numbers(shown)["peak"])
    titles = shown.run("[...document.querySelectorAll('#parts .title')].map(one => one.textContent.split(',')[0])")
    assert titles == ["first stage", "middle stage", "last stage"]
    last = shown.run(
        "[...document.querySelectorAll('#parts > tbody > tr:last-child')].map(one => one.cells[1].textContent)"
    )
    assert last == [shown.run(f"said({one}, 'byte')") for one in needed]
    longest = shown.run("Math.max(...timeBars.chart.data.slice(1).flat())")
    assert longest == float(numbers(shown)["step_time"])


@pytest.mark.parametrize("state", [{"phase": "decode", "T": 2}, {"phase": "train", "P": 4, "M": 8, "N_d": 2, "B": 16}])
def test_beside_every_number_of_a_table_stand_its_formula_and_its_terms(shown: Browser, state: dict[str, Any]) -> None:
    set_to(shown, state)
    rows = shown.run(
        "[$('parts'), $('arms')].flatMap(table => table.made.map(one => [one.cells[0].textContent,"
        " one.formula.textContent, typeof one.drawn === 'number' ? standing.at(one.drawn) : null,"
        " one.terms && one.terms.asked.rows.reduce((sum, term) => sum + standing.at(term[3]), 0)]))"
    )
    assert len(rows) > 6
    for said, formula, value, added in rows:
        assert formula.startswith("="), said
        assert (value is None) == (added is None)  # a sum of others says of which
        assert value is None or added == pytest.approx(value, rel=1e-12), said


def test_what_is_shorter_than_a_microsecond_is_said_to_be(shown: Browser) -> None:
    set_to(shown, {"phase": "train", "N_d": 2, "T": 2, "B": 16, "zero": 1, "sequence": True})
    cells = shown.run("$('arms').made.map(one => one.cells.map(cell => cell.textContent))")
    assert ["< 1 µs", "< 0.01 %"] in cells
    assert not any("ns" in one for row in cells for one in row)


def test_charts_say_what_stands_along_their_axes_and_the_value_where_the_slider_stands(shown: Browser) -> None:
    shown.run(CAUGHT_UP)
    labels = shown.run("charts.flatMap(({ chart }) => chart.axes.map(one => one.label))")
    assert len(labels) == 8
    assert all("(" in one for one in labels[:6])
    peak = shown.run("document.querySelectorAll('#memory-chart .u-value')[1].textContent")
    assert peak == shown.run(f"said({numbers(shown)['peak']}, 'byte')")
