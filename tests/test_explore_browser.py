"""The page in a real browser: its numbers are Python's, it asks for nothing, and it is used by hand, key and ear."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from fractions import Fraction
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
from costgraph.hardware.catalog import catalog, machine

pytestmark = pytest.mark.needs_tool("chromium")
ALIKE = ("llama-3-8b", "llama-2-70b", "llama-3.1-405b", "mistral-large-2", "tinyllama-1.1b", "yi-34b")
TIMES = {"decode": "tpot", "prefill": "ttft", "train": "step_time"}
SHOWN = {
    "decode": ("peak", "flops", "traffic", "communication", "cache", "states", "params"),
    "prefill": ("peak", "flops", "traffic", "communication", "cache", "states", "params"),
    "train": ("peak", "flops", "traffic", "communication", "activations", "states", "params"),
}
DRAWN = """(async () => {{
  const start = performance.now(), slider = $('slide-S'), {{ port1, port2 }} = new MessageChannel();
  slider.value = {};
  slider.dispatchEvent(new Event('input', {{ bubbles: true }}));
  await new Promise(go => {{ port1.onmessage = go; requestAnimationFrame(() => port2.postMessage(0)); }});
  return performance.now() - start;
}})()"""  # from a step of a slider to what comes behind its frame, in milliseconds
SETTLED = "new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))"


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


def setting(random: Random) -> dict[str, Any]:
    """A model, a phase, a machine with a link, and sizes that keep what the forms take for granted."""
    phase = random.choice(["decode", "prefill", "train", "train"])
    model = random.choice(ALIKE)
    place = random.choice([name for name in catalog() if machine(name).link() and "bf16" in machine(name).rates])
    degree = random.choice([1, 1, 2, 4, 8])
    sizes = {"T": random.choice([1, 1, 2, 4]), "N_d": degree, "B": degree * random.randint(1, 40)}
    sizes |= {"S": random.randint(1, 20_000), "L": random.randint(1, 130), "D": random.randint(1, 20_000)}
    found = {"phase": phase, "model": model, "machine": place, "dtype": "bf16", **sizes}
    if phase == "train":
        found |= {"stage": random.randrange(4), "replay": random.choice(["none", "full"])}
    return found


def in_python(asked: dict[str, Any]) -> dict[str, Fraction]:
    """The same numbers, exactly, from Python."""
    phase, device = asked["phase"], machine(asked["machine"])
    stage = asked.get("stage", 0) if asked["N_d"] > 1 else 0
    rates = {name: value for name, value in device.bindings("bf16").items() if name != "hbm"}
    limit = {name: asked[name] for name in ("T", "N_d", "B", "S", "L", "D")} | {"p": 2}
    options: dict[str, Any] = {
        "model": asked["model"] + ("" if phase == "train" else "(head=last)"),
        "phase": phase,
        "mesh": f"data(N_d, zero={stage}), tensor(T)",
        "passes": ["recompute(full)"] if asked.get("replay") == "full" else [],
        "attention": "flash",
    }
    found = cg.derive(*SHOWN[phase], limit=limit, **options).limited
    times = cg.derive(TIMES[phase], limit={**limit, **{k: str(v.number) for k, v in rates.items()}}, **options).limited
    values = {name: form.number for name, form in {**found, **times}.items()}
    return {name: Fraction(value) for name, value in values.items() if value is not None}


@pytest.mark.parametrize("seed", range(12))
def test_numbers_are_those_of_python_at_any_setting(shown: Browser, seed: int) -> None:
    asked = setting(Random(seed))
    set_to(shown, asked)
    found, exact = numbers(shown), in_python(asked)
    assert found.keys() == exact.keys()
    for name, text in found.items():
        assert float(text) == pytest.approx(float(exact[name]), rel=1e-12), (name, asked)


@pytest.mark.parametrize("phase", TIMES)
def test_terms_add_up_to_the_number_that_they_stand_under(shown: Browser, phase: str) -> None:
    set_to(shown, {"phase": phase, "N_d": 2, "B": 4, "stage": 1})
    sums = shown.run(
        "(() => { const now = answers(); return Object.entries(now.forms).map(([name, one]) =>"
        " [name, one.value, one.arm.terms.reduce((sum, term) => sum + now.at(now.found.terms[term][3]), 0)]) })()"
    )
    for name, value, added in sums:
        assert added == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize("phase", TIMES)
def test_each_formula_gives_the_number_beside_it(shown: Browser, phase: str) -> None:
    set_to(shown, {"phase": phase, "N_d": 2, "B": 6, "T": 4, "S": 300, "stage": 3, "replay": "full"})
    sizes, written = shown.run(
        "(() => { const now = answers(), parts = now.found.forms.flatMap(form => form.arms.flatMap(arm => arm.parts));"
        " const terms = now.found.terms.map(term => ['', term[3], term[4]]);"
        " return [{...state.sizes, ...rates()}, [...parts, ...terms].map(([, i, at]) =>"
        " [data.formulas[at][2], now.at(i)])]; })()"
    )
    known = {name: Polynomial.constant(Fraction(size)) for name, size in sizes.items()}
    assert len(written) > 60
    for formula, number in written:
        exact = parse(formula).substitute(known).number
        assert exact is not None
        assert number == pytest.approx(float(exact), rel=1e-12), formula


@pytest.mark.parametrize(
    ("phase", "name", "degrees"),
    [
        ("decode", "tpot", {"N_d": 2, "T": 2}),
        ("decode", "peak", {"N_d": 1, "T": 1}),
        ("prefill", "peak", {"N_d": 4, "T": 1}),
        ("train", "peak", {"N_d": 2, "T": 2}),
        ("train", "step_time", {"N_d": 1, "T": 2}),
    ],
)
def test_what_is_copied_gives_the_number_again(shown: Browser, phase: str, name: str, degrees: dict[str, int]) -> None:
    set_to(shown, {"phase": phase, **degrees, "B": 4, "stage": 1, "replay": "full", "L": 3})
    value = float(numbers(shown)[name])
    typed = shlex.split(shown.run(f"command(answers(), '{name}')"))
    run = costgraph(*typed[1:], "--json")
    assert run.returncode == 0, run.stderr
    assert float(Fraction(json.loads(run.stdout)["measures"][name]["value"])) == pytest.approx(value, rel=1e-12)
    written = shown.run(f"program(answers(), '{name}')")
    names: dict[str, Any] = {}
    exec(written.rpartition("print(")[0], names)
    assert float(names["found"].limited[name].number) == pytest.approx(value, rel=1e-12)


def test_on_an_axis_of_one_device_nothing_moves(shown: Browser, tmp_path: Path) -> None:
    model = 'deepseek-v2-lite(as="transformers")'  # adds what experts gave where their sums are completed
    (tmp_path / "page.html").write_text(explore({"model": model, "attention": "eager"}), encoding="utf-8")
    shown.open(tmp_path / "page.html", "#phase=train&replay=full&stage=3&T=1&N_d=2&B=4&S=600")
    mesh, sizes = "data(N_d, zero=3), tensor(T)", {"T": 1, "N_d": 2, "B": 4, "S": 600}
    exact = cg.derive("traffic", "peak", model=model, mesh=mesh, passes=["recompute(full)"], limit=sizes).limited
    for name, form in exact.items():
        assert form.number is not None
        assert float(numbers(shown)[name]) == pytest.approx(float(form.number), rel=1e-12)


def test_over_one_device_nothing_rests_in_parts(shown: Browser) -> None:
    set_to(shown, {"phase": "train", "stage": 3, "N_d": 1})
    assert "ZeRO has no effect over one device" in shown.run("$('assumed').textContent")
    apart = numbers(shown)
    set_to(shown, {"phase": "train", "stage": 0, "N_d": 1})
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
    without = next(name for name in catalog() if machine(name).link() is None)
    set_to(shown, {"machine": without, "T": 2})
    assert numbers(shown)["tpot"] == ""
    assert "states no link" in shown.run("$('assumed').textContent")
    set_to(shown, {"machine": without, "T": 1})
    assert float(numbers(shown)["tpot"]) > 0


# --- by hand, key and ear ---------------------------------------------------------------------------------------------


def test_a_link_holds_the_state(shown: Browser, page: Path) -> None:
    slide = "const one = $('slide-S'); one.value = 14; one.dispatchEvent(new Event('input', { bubbles: true }));"
    choose = "$('phase').value = 'train'; $('phase').dispatchEvent(new Event('change'));"
    shown.run(f"{slide} {choose} {SETTLED}")
    before, link = numbers(shown), shown.run("location.hash")
    assert "S=16384" in link
    shown.open(page, link)
    assert numbers(shown) == before
    assert shown.run("state.phase") == "train"


def test_a_step_of_a_slider_is_drawn_within_50_ms(shown: Browser) -> None:
    for phase in TIMES:
        set_to(shown, {"phase": phase, "stage": 3, "N_d": 2, "B": 4})
        times = sorted(shown.run(DRAWN.format(at)) for at in range(7, 16))
        assert times[len(times) // 4] < 50, (phase, times)  # the rest is what else the machine does


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


def test_everything_that_is_used_has_a_name_for_screen_readers(shown: Browser) -> None:
    shown.run("document.querySelectorAll('details').forEach(one => (one.open = true)); " + SETTLED)
    nodes = shown.send("Accessibility.getFullAXTree")["nodes"]
    used = [one for one in nodes if one.get("role", {}).get("value") in ("button", "combobox", "slider", "spinbutton")]
    assert len(used) > 60
    assert [one for one in used if not one.get("name", {}).get("value")] == []
    shown.run("new Promise(go => setTimeout(go, 600))")
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
    points = shown.run("charts.map(({ chart }) => chart.data.map((column) => column.filter((y) => y !== null).length))")
    assert len(points) == 4
    assert all(min(columns) > 0 for columns in points if len(columns) == 3)
    peak = shown.run("charts[0].chart.data[1][charts[0].chart.data[0].indexOf(4096)]")
    assert peak == float(numbers(shown)["peak"])
