"""The page: all scenarios of a model, what there is to choose from, and where the sliders stand first, in one file."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from typing import Any

from costgraph import __version__
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS, in_order
from costgraph.algebra.work import bounded
from costgraph.collector import paused
from costgraph.errors import UserError
from costgraph.exploring.catalogs import machines, models, sizes_of
from costgraph.exploring.crossing import REACH
from costgraph.exploring.described import described
from costgraph.exploring.drawing import drawing
from costgraph.exploring.first import check, first_phase, first_plan, first_size, first_sizes
from costgraph.exploring.instead import refusal
from costgraph.exploring.plans import OPTIONS, REPLAYS, Plan, choices, opened, plans
from costgraph.exploring.program import Program
from costgraph.exploring.scenarios import Scenario, can_be, named, phases_of, scenarios
from costgraph.exporting.escapes import Verbatim
from costgraph.exporting.targets import Target, text_of
from costgraph.exporting.templates import render
from costgraph.given import Options, read_mesh
from costgraph.hardware.catalog import chosen
from costgraph.hardware.machine import Machine
from costgraph.mesh import AXES, USUAL_ORDER, Axis, Mesh, MicrobatchesAxis, PipelineAxis
from costgraph.models.model import Model
from costgraph.precision import ITEMSIZE
from costgraph.records import replace
from costgraph.resources import data_folder

FOLDER = "_explorer"
SHIPPED = ("page.css", "uPlot.iife.min.js", "uPlot.min.css", "uPlot.LICENSE")  # parts of the page as they are
SCRIPTS = (
    "pieces",
    "numbers",
    "settings",
    "copying",
    "terms",
    "cards",
    "pointing",
    "bars",
    "charts",
    "page",
)  # in this order
FIRST_MACHINE = "h100-sxm"
RATES = ("lambda_flops", "lambda_mem", *REACH)  # of machines
OF_MACHINES = (*RATES, *filter(None, REACH.values()))  # and no sliders


@paused()
def explore(options: Options, hardware: str | None = None, dtype: str | None = None) -> str:
    """The page as the text of an HTML file that asks for nothing else.

    Args:
        options: the model; the mesh whose axes the page has, with its choices (all axes, with all choices, as far as
            they go unless given); where sliders stand first (`limit`, `phase`, degrees of the mesh); and what is the
            same in all that the page shows: convention (exact unless given), precision, attention (flash unless
            given), weights, cache_dtype.
        hardware: the machine that is chosen first.
        dtype: its data type, and how wide p is.

    Raises:
        UserError: no model is named, or an option is unknown or cannot be.
    """
    model = named(options)
    along = read_mesh(options.get("mesh") or "") or None
    phase = first_phase(options, model, along)
    same: Options = {**options, "model": model, "convention": options.get("convention") or "exact"}
    for name in ("limit", "phase", "mesh"):
        same.pop(name, None)  # type: ignore[misc]
    asked = chosen(hardware or FIRST_MACHINE, dtype, None)
    assert asked is not None
    place: Any = {**options, "phase": phase, "hardware": hardware or FIRST_MACHINE, "dtype": dtype}
    if along is not None and not one_of_each(along):
        raise refusal(f"mesh '{along}': a page has one axis of a kind, cut once", place)
    axes = axes_of(same, model, along)
    typed = first_sizes(same, model, phase, dtype, options.get("limit", ()), along)
    first = first_plan(phase, [one["symbol"] for one in axes], typed, along)
    try:
        found = bounded()(lambda: derived(same, model, along, first, typed, asked))()
    except UserError as error:
        raise refusal(error, {**place, "mesh": str(along or first.mesh)}) from None
    program = Program()
    told = [bounded()(described)(one, program) for one in found]
    code = program.code
    names = slid(code, axes)
    covered, others = models(model, phases_of(model))
    state = {"phase": phase, "machine": asked.name, "dtype": dtype or asked.dtype, "model": model.name}
    data = {
        "version": __version__,
        "first": {**state, "sizes": {name: first_size(name, typed, axes) for name in names}},
        "scenarios": told,
        "terms": list(program.rows),
        "formulas": program.written,
        "definitions": program.definitions,
        "symbols": {name: meant(name, program) for name in names},
        "rates": {name: meant(name, program) for name in OF_MACHINES if name in SYMBOLS},
        "axes": axes,
        "drawings": {one.plan.place: drawing(one.graph) for one in found if one.plan.replay == REPLAYS[0]},
        "machines": list(machines(asked)),
        "itemsizes": {name: float(size) for name, size in ITEMSIZE.items()},
        "models": covered,
        "others": others,
        "options": beside(options),
        "typed": options["model"] if isinstance(options["model"], str) else model.name,
    }
    return page(data, code, model)


def derived(
    options: Options, model: Model, along: Mesh | None, first: Plan, sizes: dict[str, Polynomial], on: Machine
) -> list[Scenario]:
    """The scenarios of a page: the one that is shown first, with numbers there, that of a mesh that was named, others.

    Raises:
        UserError: one of these two has no forms, or the first has no numbers.
    """
    every = plans(phases_of(model), along)
    whole = [one for one in every if one.phase == first.phase][: along is not None]
    made = scenarios(options, every, needed=(first, *whole))
    shown = next(made)
    check(shown, sizes, on)
    return [shown, *made]


def one_of_each(spread: Mesh) -> bool:
    """Whether a mesh has axes that a page may have: none twice, and none that is cut twice."""
    cut_twice = "N_h" in spread.named or "replicate_kv=True" in str(spread)
    return len(spread.named) >= len(spread.axes) and not cut_twice


def axes_of(options: Options, model: Model, along: Mesh | None) -> list[dict[str, Any]]:
    """The axes that a page offers, outermost first: symbol, kind, what may be chosen, and each as one types it."""
    kinds = {axis.symbol: kind for kind, axis in AXES.items()}
    offered = USUAL_ORDER if along is None else [axis.symbol for axis in along.axes]
    return [
        {
            "symbol": name,
            "kind": kinds[name],
            "option": OPTIONS.get(name, ""),
            "batch": "batch" in choices(name, along)[0].computes,
            "choices": {value_of(one): str(one) for one in choices(name, along)},
            "serving": str(opened(choices(name, along)[0], "decode")),
        }
        for name in offered
        if along is not None or can_be(options, model, f"{kinds[name]}(2)")
    ]


def value_of(axis: Axis) -> str:
    """What was chosen of an axis, as text."""
    return str(getattr(axis, OPTIONS.get(axis.symbol, "kind")))


def slid(code: dict[str, Any], axes: Iterable[dict[str, Any]]) -> list[str]:
    """The symbols that have sliders: sizes, and degrees of the axes that a page offers."""
    names = {one["letter"] for one in code["symbols"] if not one["stands"]} - {*OF_MACHINES}
    names |= {one["symbol"] for one in axes}
    if any("v=v" in text for one in axes for text in one["choices"].values()):
        names.add("v")
    if any(one["kind"] == PipelineAxis.kind for one in axes):
        names.add(MicrobatchesAxis.symbol)
    return in_order(names)


def meant(name: str, program: Program) -> dict[str, str]:
    """A symbol as its field says it."""
    known = SYMBOLS[name]
    return {
        "math": program.math.style.symbol(name), "meaning": known.meaning, "unit": known.unit, "domain": known.domain,
        "tex": known.tex,
    }  # fmt: skip


def beside(options: Options) -> dict[str, str]:
    """What was asked for beside model, machine and sizes, by the names of Python."""
    names = ("convention", "precision", "attention", "weights", "cache_dtype")
    given: dict[str, Any] = {**options}
    return {name: str(given[name]) for name in names if given.get(name) is not None}


def page(data: dict[str, Any], code: dict[str, Any], model: Model) -> str:
    """The template filled in; what the page computes and shows is packed, as formulas repeat themselves."""
    folder = data_folder("exporters") / FOLDER
    forms = Target(
        name="explorer", title="the forms of a page", kind="code", suffix=".js", template="forms.js.jinja",
        folders=(folder,),
    )  # fmt: skip
    whole = replace(
        forms, title="the explorer", kind="sheet", suffix=".html", template="page.html.jinja", escape="html"
    )
    text = json.dumps({**data, "code": render(forms, code)}, ensure_ascii=False, separators=(",", ":"))
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    parts = {name.replace(".", "_"): Verbatim(text_of(folder, name).rstrip("\n")) for name in SHIPPED}
    script = Verbatim("\n".join(text_of(folder, f"{name}.js").rstrip("\n") for name in SCRIPTS))
    return render(
        whole,
        {
            "version": __version__,
            "title": sizes_of(model)["title"],
            "packed": Verbatim(packed),
            "script": script,
            **parts,
        },
    )
