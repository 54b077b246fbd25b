"""What the page answers to settings that it has no numbers for: in the field, in words, with a command that runs."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from browser import Browser, browser
from command_line import costgraph
from test_explore_browser import SETTLED, numbers, set_to

from costgraph.exploring.page import explore

pytestmark = pytest.mark.needs_tool("chromium")
MESH = "pipeline, data(zero=1), context, tensor(sequence=True)"
LARGEST = 2**53 - 1


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of Llama 3 8B along four axes."""
    path = tmp_path_factory.mktemp("settings") / "page.html"
    path.write_text(explore({"model": "llama-3-8b", "limit": "B=4,S=4096", "mesh": MESH}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chunked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a pipeline whose stages have chunks of layers."""
    path = tmp_path_factory.mktemp("chunked") / "page.html"
    path.write_text(explore({"model": "llama-3-8b", "mesh": "pipeline(v=2, schedule=interleaved)"}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shared() -> Iterator[Browser]:
    """One browser for all tests."""
    with browser() as found:
        yield found


@pytest.fixture
def shown(page: Path, shared: Browser) -> Iterator[Browser]:
    """The page as it is opened first; a console that complains fails."""
    shared.events.clear()
    shared.shape(1280, 900)
    shared.open(page)
    yield shared
    assert shared.complaints == []


def said(shown: Browser) -> str:
    """Why there are no numbers; nothing if there are."""
    return "" if shown.run("$('refused').hidden") else str(shown.run("$('refused').textContent"))


def test_a_page_of_a_mesh_opens_with_numbers(shared: Browser, tmp_path: Path) -> None:
    mesh = "pipeline(2, schedule=zb-h1), data(2, zero=1)"
    (tmp_path / "page.html").write_text(explore({"model": "llama-3-8b", "mesh": mesh}), "utf-8")
    shared.open(tmp_path / "page.html")
    assert said(shared) == ""
    assert shared.run("[state.phase, mesh()]") == ["train", "pipeline(schedule=zb-h1), data(zero=1)"]
    assert "" not in numbers(shared).values()


# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["decode", "train"])
@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("S", "1e300"), ("S", "Infinity"), ("S", "-Infinity"), ("S", "NaN"), ("S", "-4096"), ("S", "0"), ("S", "-0"),
        ("S", ""), ("S", " "), ("S", "many"), ("S", "4096.5"), ("S", "1e-3"), ("S", "1e309"), ("S", "4,096"),
        ("B", str(2**53)), ("B", str(2**53 + 1)), ("B", "1e16"), ("B", "-1"), ("D", "0"), ("L", "2.5"), ("T", "-2"),
        ("T", "1.5"), ("N_d", "0"), ("P", "NaN"), ("M", "-1"), ("p", "0"), ("p", "-2"), ("p", "1e300"), ("p", "two"),
    ],
)  # fmt: skip
def test_a_link_with_a_size_that_cannot_be_is_answered_in_its_field(
    shown: Browser, name: str, typed: str, phase: str
) -> None:
    set_to(shown, {"phase": phase, name: typed})
    allowed = f"{name} is a {'number above 0' if name == 'p' else 'whole number from 1'} to {LARGEST}"
    assert said(shown) == f"{allowed}. Nothing below is of these settings."
    assert shown.run(f"$('wrong-{name}').textContent") == allowed
    assert shown.run(f"$('wrong-{name}').checkVisibility()")
    assert shown.run(f"$('size-{name}').getAttribute('aria-invalid')") == "true"
    assert shown.run(f"$('size-{name}').getAttribute('aria-describedby')") == f"wrong-{name}"
    assert shown.run("$('instead').hidden")
    assert set(numbers(shown).values()) == {""}
    assert "NaN" not in shown.run("document.body.innerText")
    set_to(shown, {"phase": phase})
    assert said(shown) == ""
    assert shown.run(f"$('size-{name}').getAttribute('aria-invalid')") == "false"
    assert "" not in numbers(shown).values()


@pytest.mark.parametrize("sizes", [{"S": LARGEST}, {"B": LARGEST}, {"B": LARGEST, "S": LARGEST, "D": LARGEST}])
def test_the_largest_sizes_have_numbers(shown: Browser, sizes: dict[str, int]) -> None:
    set_to(shown, {"phase": "train", **sizes})
    assert said(shown) == ""
    assert all(0 <= float(one) < float("inf") for one in numbers(shown).values())


def test_numbers_that_a_browser_cannot_hold_are_refused(shown: Browser) -> None:
    names = shown.run("Object.keys(data.symbols).filter((name) => !data.axes.some((one) => one.symbol === name))")
    set_to(shown, {"phase": "train", **dict.fromkeys(names, LARGEST)})
    assert "NaN" not in shown.run("document.body.innerText")
    assert "Infinity" not in shown.run("document.body.innerText")


def test_an_emptied_field_says_what_is_allowed_and_a_slider_cannot_break_it(shown: Browser) -> None:
    shown.run("$('size-T').value = ''; $('size-T').dispatchEvent(new Event('input', { bubbles: true })); " + SETTLED)
    assert said(shown).startswith("T is a whole number from 1")
    move = "$('slide-N_d').value = 1; $('slide-N_d').dispatchEvent(new Event('input', { bubbles: true }));"
    shown.run(f"{move} {SETTLED}")
    assert said(shown).startswith("T is a whole number from 1")
    assert shown.run("state.sizes.B") == 4


@pytest.mark.parametrize(
    ("state", "left"),
    [
        ({"model": "gpt-5"}, "model = gpt-5"), ({"machine": "h900"}, "machine = h900"),
        ({"phase": "dream"}, "phase = dream"),
        ({"dtype": "fp1"}, "dtype = fp1"), ({"Q": 3}, "Q = 3"), ({"constructor": 1}, "constructor = 1"),
        ({"zero": 3, "dtype": "toString"}, "zero = 3, dtype = toString"),
    ],
)  # fmt: skip
def test_what_a_link_names_and_the_page_lacks_is_said(shown: Browser, state: dict[str, Any], left: str) -> None:
    set_to(shown, state)
    assert shown.run("$('unread').textContent") == f"The link says what this page does not have: {left}."
    assert "" not in numbers(shown).values()
    shown.run("$('reset').click(); " + SETTLED)
    assert shown.run("$('unread').textContent") == ""


@pytest.mark.parametrize("wide", [320, 390])
@pytest.mark.parametrize(
    "state",
    [
        {"phase": "train", "P": 4, "M": 8, "B": 16, "T": 2, "N_d": 2}, {"phase": "train", "C": 2, "T": 2, "S": 4096},
        {"phase": "decode", "P": 4, "M": 8, "B": 8}, {"S": "1e300", "T": -2, "model": "none"}, {"T": 3},
        {"phase": "train", "P": 3, "M": 6, "B": 12},
    ],
)  # fmt: skip
def test_a_phone_shows_any_state_without_moving_sideways(shown: Browser, state: dict[str, Any], wide: int) -> None:
    shown.shape(wide, 844)
    set_to(shown, state)
    shown.run("document.querySelectorAll('details').forEach(one => (one.open = true)); " + SETTLED)
    assert shown.run("document.documentElement.scrollWidth") <= wide


def test_what_is_pressed_while_there_are_no_numbers_does_nothing_and_opens_once_there_are(shown: Browser) -> None:
    set_to(shown, {"T": 3})
    shown.run("document.querySelectorAll('.card details').forEach(one => (one.open = true)); " + SETTLED)
    shown.run("document.querySelectorAll('.card button').forEach(one => one.click()); " + SETTLED)
    assert shown.run("document.querySelectorAll('.terms tr').length") == 0
    set_to(shown, {"T": 1})
    filled = "[...document.querySelectorAll('#cards .terms')].every(one => one.rows.length > 0)"
    waited = (
        f"const look = () => ({filled}) || performance.now() > start + 10_000 ? go({filled}) : setTimeout(look, 20)"
    )
    assert shown.run(f"new Promise(go => {{ const start = performance.now(); {waited}; look(); }})")


def test_the_length_of_an_encoder_is_doubled_by_a_step_as_that_of_a_decoder(shared: Browser, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(explore({"model": "t5-small", "mesh": "tensor"}), encoding="utf-8")
    shared.open(tmp_path / "page.html")
    for name in ("S", "S_e"):
        move = (
            f"const one = $('slide-{name}'); one.value = 9; one.dispatchEvent(new Event('input', {{ bubbles: true }}));"
        )
        shared.run(f"{{ {move} }} {SETTLED}")
        assert shared.run(f"state.sizes.{name}") == 512


def test_a_link_of_a_thousand_letters_is_not_repeated_in_full(shown: Browser) -> None:
    set_to(shown, {"x" * 1000: "y" * 1000, "sequence": "maybe"})
    assert len(shown.run("$('unread').textContent")) < 200
    assert "sequence = maybe" in shown.run("$('unread').textContent")


def headings(shown: Browser) -> set[str]:
    """What a screen reader has as headings."""
    nodes = shown.send("Accessibility.getFullAXTree")["nodes"]
    return {str(one["name"]["value"]) for one in nodes if one.get("role", {}).get("value") == "heading"}


def test_what_is_of_other_settings_is_neither_read_aloud_nor_reached_by_keys(shown: Browser) -> None:
    assert {"Memory", "Time", "Charts"} <= headings(shown)
    assert shown.run("$('verdict').checkVisibility()")
    set_to(shown, {"T": 3})
    assert not headings(shown) & {"Memory", "Time", "Charts"}
    assert not shown.run("$('verdict').checkVisibility() || $('bound').checkVisibility()")
    assert shown.run("$('refused').checkVisibility()")
    shown.run("$('cards').querySelector('summary').focus()")
    assert shown.run("document.activeElement === document.body")
    set_to(shown, {"T": 1})
    assert {"Memory", "Time", "Charts"} <= headings(shown)


@pytest.mark.parametrize("state", [{}, {"phase": "train", "N_d": 2, "B": 2}, {"T": 3}])
def test_a_phone_has_the_answer_in_sight_wherever_its_controls_are(shown: Browser, state: dict[str, Any]) -> None:
    shown.shape(390, 844)
    shown.open(Path(shown.run("location.pathname")), "#" + urlencode(state))
    box = "$('glance').getBoundingClientRect()"
    assert shown.run(f"{box}.bottom") < 400
    assert shown.run("$('spread').open") is (state != {})
    shown.run(f"$('share').scrollIntoView({{ block: 'start' }}); {SETTLED}")
    assert shown.run(f"{box}.top") == 0
    assert shown.run(f"{box}.height") <= 422


def test_what_is_shorter_than_a_microsecond_is_said_to_be_wherever_it_stands(shown: Browser) -> None:
    """Also over one link: what is sent to add up gradients of norms."""
    set_to(shown, {"phase": "train", "P": 4, "M": 8, "N_d": 2, "T": 2, "B": 16, "zero": 1})
    shown.run("document.querySelectorAll('details').forEach(one => (one.open = true)); $('cards').scrollIntoView()")
    shown.run("new Promise(go => { const look = () => (late.size ? setTimeout(look, 20) : go()); look(); })")
    places = "...$('arms').querySelectorAll('td'), ...shown.cards.step_time.card.querySelectorAll('.amount')"
    found = shown.run(f"[{places}].map(one => one.textContent)")
    assert found.count("< 1 µs") > 3
    assert not [one for one in found if one.endswith(" ns")]


# --- pointing ---------------------------------------------------------------------------------------------------------

BOX = "(() => {{ const box = {}.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]; }})()"
TERM = "[...document.querySelectorAll('.terms .op')].find(one => one.textContent === 'mlp.down')"


def box(shown: Browser, element: str) -> list[float]:
    """Where an element stands in the window: left, top, right, bottom."""
    return list(shown.run(BOX.format(element)))


def point_at(shown: Browser, element: str, tap: bool) -> None:
    """A real mouse, or a finger, on the middle of an element."""
    left, top, right, bottom = box(shown, element)
    at = {"x": (left + right) / 2, "y": (top + bottom) / 2}
    if tap:
        shown.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[at])
        shown.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    else:
        shown.send("Input.dispatchMouseEvent", type="mouseMoved", **at)
    shown.run("new Promise(go => setTimeout(go, 100))")


@pytest.mark.parametrize("block", ["start", "center", "end"])
@pytest.mark.parametrize(("wide", "high"), [(1280, 900), (390, 844)])
def test_what_is_pointed_at_is_drawn_in_sight_beside_it(shown: Browser, wide: int, high: int, block: str) -> None:
    shown.shape(wide, high)
    shown.send("Emulation.setTouchEmulationEnabled", enabled=wide < 500)
    set_to(shown, {"phase": "train", "T": 2, "B": 2})
    shown.run("document.querySelector('.card summary').click(); " + SETTLED)
    away = {"start": -300, "center": 0, "end": 20}[block]  # what stays in sight on a phone stands above
    for _ in range(2):  # what comes into sight is as long as it is only then
        shown.run(f"{TERM}.scrollIntoView({{ block: '{block}' }}); window.scrollBy(0, {away}); {SETTLED}")
    point_at(shown, TERM, tap=wide < 500)
    for element in ("$('pointed')", "document.querySelector('#around .op.lit')"):
        left, top, right, bottom = box(shown, element)
        assert 0 <= left < right <= wide, element
        assert 0 <= top < bottom <= high, element
    assert shown.run("$('pointed').textContent").startswith("mlp.down")
    drawn = shown.run("[...document.querySelectorAll('#around b')].map(one => one.textContent)")
    assert drawn == ["mlp.product", "mlp.down", "mlp.down.reduce_scatter"]
    (_, top, _, bottom), (_, above, _, below) = box(shown, "$('beside')"), box(shown, TERM)
    assert bottom <= above or below <= top
    shown.send("Input.dispatchKeyEvent", type="keyDown", key="Escape", code="Escape", windowsVirtualKeyCode=27)
    assert shown.run("$('beside').classList.contains('away')")
    shown.send("Emulation.setTouchEmulationEnabled", enabled=False)


# --- what symbols stand for -------------------------------------------------------------------------------------------

PLACED = {"phase": "train", "P": 4, "M": 8, "N_d": 2, "T": 2, "B": 16, "zero": 1}


def test_what_a_placement_makes_of_links_stands_beside_the_formulas_with_its_value(shown: Browser) -> None:
    set_to(shown, PLACED)
    shown.run("$('cards').scrollIntoView(); new Promise(go => setTimeout(go, 300))")
    for place in ("$('arms-defined')", "shown.cards.step_time.card.querySelector('.defined')"):
        told = shown.run(f"{place}.textContent").replace("\u2062", "")
        assert "Tlink=min(T,nlink) = 2" in told, place
        assert "Pnode=min(P,Pnode, room) = 2" in told, place
    rates = shown.run("shown.cards.step_time.card.querySelector('.rates').textContent")
    assert "nlink = 8 devices, nnode = 8 devices" in rates
    set_to(shown, {"phase": "train"})
    assert shown.run("$('arms-defined').textContent") == ""


def test_formulas_of_times_have_the_width_of_the_page(shown: Browser) -> None:
    set_to(shown, PLACED)
    widths = shown.run(
        "[...document.querySelectorAll('#arms .formula')].map(one => [one.scrollWidth, one.clientWidth])"
    )
    assert len(widths) > 4
    assert min(wide for _, wide in widths) > 800
    assert sum(needed > wide for needed, wide in widths) <= 1


def test_latex_that_is_copied_says_what_all_its_symbols_stand_for(shown: Browser) -> None:
    set_to(shown, PLACED)
    text = shown.run("latex(answers(), 'step_time')")
    placed = set(re.findall(r"[NPTn]_\{\\mathrm\{[^}]*(?:link|node)[^}]*\}\}", text))
    assert len(placed) > 8
    said_of = {one.partition(" = ")[0] for one in text.split(r", \quad ")}
    assert placed <= said_of
    assert r"n_{\mathrm{link}} = 8" in text


def test_arms_of_a_maximum_that_are_the_same_are_copied_once(shown: Browser) -> None:
    set_to(shown, PLACED)
    for name in ("flops", "states", "params", "step_time"):
        inside = shown.run(
            f"(() => {{ const now = answers(), {{ form, arms }} = now.forms.{name}; return form.arms.filter((_, i) =>"
            " arms[i] !== 0).map(arm => arm.parts.map(part => data.formulas[part[1]][1]).join(' + ')); })()"
        )
        text = shown.run(f"latex(answers(), '{name}')").partition(r", \quad ")[0]
        assert text.endswith(", ".join(dict.fromkeys(inside)) + (r"\right)" if len(set(inside)) > 1 else "")), name
        assert name != "flops" or len(set(inside)) < len(inside)


@pytest.mark.parametrize(
    ("state", "own"),
    [({"T": 4, "N_d": 3, "B": 3}, False), ({"T": 4, "N_d": 2}, True), ({"T": 4, "N_d": 3, "phase": "decode"}, True)],
)
def test_a_page_of_its_own_is_offered_only_where_it_would_have_numbers(
    shown: Browser, state: dict[str, Any], own: bool
) -> None:
    set_to(shown, {"phase": "train", **state})
    assert shown.run("paged()") is own
    assert not shown.run("$('instead-page').checkVisibility()")
    if not own:
        assert "unevenly" in said(shown)
        assert shown.run("$('instead-estimate').checkVisibility()")


# --- zeros ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "name", "why"),
    [
        ({"phase": "train"}, "communication", "one device sends nothing"),
        ({"phase": "decode"}, "communication", "one device sends nothing"),
        ({"phase": "decode", "N_d": 2}, "communication", "no axis makes devices send"),
    ],
)
def test_a_zero_says_why(shown: Browser, state: dict[str, Any], name: str, why: str) -> None:
    set_to(shown, state)
    assert numbers(shown)[name] == "0"
    assert shown.run(f"shown.cards.{name}.card.querySelector('.exact').textContent") == why
    for other, value in numbers(shown).items():
        exact = shown.run(f"shown.cards.{other}.card.querySelector('.exact').textContent")
        assert exact, other
        assert (value == "0") == (not exact[0].isdigit()), other


# --- what estimate answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state",
    [
        {"phase": "train", "P": 3, "M": 6, "B": 12},
        {"phase": "train", "P": 5, "M": 10, "N_d": 2, "B": 20, "T": 2},
        {"phase": "decode", "P": 3, "M": 6, "B": 12},
        {"phase": "train", "T": 16, "B": 4},
        {"phase": "decode", "T": 32},
        {"phase": "prefill", "T": 16, "N_d": 2},
        {"phase": "train", "P": 3, "M": 6, "B": 12, "T": 16},
    ],
)
def test_uneven_stages_and_copied_heads_are_answered_by_a_command_that_runs(
    shown: Browser, state: dict[str, Any]
) -> None:
    set_to(shown, {**state, "S": 512})
    assert "has to divide" in said(shown)
    assert not shown.run("$('instead').hidden")
    assert not shown.run("$('instead-page').checkVisibility()")
    run = costgraph(*shlex.split(shown.run("$('instead-estimate').textContent"))[1:], "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["step"]["bound_s"] > 0


@pytest.mark.parametrize(
    ("state", "answered"),
    [
        ({"P": 4, "M": 4, "B": 8}, True),
        ({"P": 2, "M": 2, "B": 2}, True),
        ({"P": 4, "M": 4, "B": 8, "L": 20}, True),
        ({"P": 4, "M": 6, "B": 12}, False),  # in groups of as many as there are stages
        ({"P": 4, "M": 2, "B": 8}, False),
    ],
)
def test_as_many_microbatches_as_stages_are_answered_by_a_command(
    shared: Browser, chunked: Path, state: dict[str, int], answered: bool
) -> None:
    """Of chunks in turn the forms of a page are of twice as many."""
    shared.events.clear()
    shared.open(chunked)
    set_to(shared, {"phase": "train", "schedule": "interleaved", "v": 2, "S": 512, **state})
    assert "M = " in said(shared)
    assert shared.run("$('instead').hidden") is not answered
    run = costgraph(*shlex.split(shared.run("$('instead-estimate').textContent"))[1:], "--json")
    assert (run.returncode == 0) is answered, run.stderr
    assert shared.complaints == []


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"phase": "train", "P": 3, "M": 6, "B": 13}, "M has to divide B: M = 6, B = 13"),
        ({"phase": "train", "P": 64, "M": 128, "B": 128}, "P has to divide L: P = 64, L = 32"),
        ({"phase": "decode", "T": 3}, "T has to divide G: T = 3, G = 8"),
        ({"phase": "decode", "T": 12}, "T has to divide G: T = 12, G = 8"),
        ({"phase": "decode", "T": 64, "A": 32}, "T has to divide G: T = 64, G = 8"),
        ({"phase": "train", "N_d": 3, "B": 4}, "N_d has to divide B: N_d = 3, B = 4; B = 6 would do"),
        (
            {"phase": "train", "P": 4, "M": 8, "N_d": 4, "B": 16},
            "N_d*M has to divide B: N_d = 4, M = 8, B = 16; B = 32 would do",
        ),
    ],
)
def test_what_no_command_answers_has_none(shown: Browser, state: dict[str, Any], why: str) -> None:
    set_to(shown, {**state, "S": 512})
    assert why in said(shown)
    assert shown.run("$('instead').hidden")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (["N_d | B", "2*N_d | B", "T | G"], ["2*N_d | B", "T | G"]),
        (["2*N_d | B", "N_d | S"], ["2*N_d | B", "N_d | S"]),
        (["N_d | B", "T | B"], ["N_d | B", "T | B"]),
        (["T <= G", "N_d | B"], ["T <= G", "N_d | B"]),
    ],
)
def test_of_two_reasons_the_one_that_is_enough_is_told(shown: Browser, broken: list[str], told: list[str]) -> None:
    set_to(shown, {"phase": "train", "N_d": 2, "T": 2, "B": 4})
    assert shown.run(f"strongest({json.dumps(broken)})") == told


def test_links_are_read_again_as_they_were(shown: Browser, page: Path) -> None:
    set_to(shown, {"S": "1e300"})
    shown.open(page, "#" + urlencode({"S": shown.run("state.sizes.S")}))
    assert said(shown).startswith("S is a whole number")


def test_stages_of_layers_of_two_kinds_are_typed_as_a_number(shared: Browser, tmp_path: Path) -> None:
    """No open number of stages divides 3 and 58 layers, so that there are neither forms nor a page of them."""
    (tmp_path / "page.html").write_text(explore({"model": "deepseek-v3"}), "utf-8")
    shared.open(tmp_path / "page.html", "#phase=train&P=4&M=8&B=8&S=512")
    command = shlex.split(shared.run("$('instead-estimate').textContent"))[1:]
    assert "pipeline(4)" in command
    assert not shared.run("$('instead-page').checkVisibility()")
    run = costgraph(*command)
    assert run.returncode == 0, run.stderr
