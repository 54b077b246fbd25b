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
from costgraph.degrees import DEGREES
from costgraph.errors import UserError, unknown
from costgraph.estimation.reading import usual_sizes
from costgraph.exploring.catalogs import machines, models, sizes_of
from costgraph.exploring.crossing import REACH
from costgraph.exploring.described import described
from costgraph.exploring.drawing import drawing
from costgraph.exploring.plans import OPTIONS, REPLAYS, choices, numbers, of_phase, opened, plans
from costgraph.exploring.program import Program
from costgraph.exploring.scenarios import can_be, named, phases_of, scenarios, setup
from costgraph.exporting.targets import Target, text_of
from costgraph.exporting.templates import Verbatim, render
from costgraph.given import Options, read_mesh, with_keywords
from costgraph.hardware.catalog import chosen
from costgraph.hardware.machine import itemsize
from costgraph.mesh import AXES, USUAL_ORDER, Axis, Mesh, MicrobatchesAxis, PipelineAxis
from costgraph.models.model import Model
from costgraph.precision import ITEMSIZE
from costgraph.records import replace
from costgraph.resources import data_folder

FOLDER = "_explorer"
SHIPPED = ("page.css", "uPlot.iife.min.js", "uPlot.min.css", "uPlot.LICENSE")  # parts of the page as they are
SCRIPTS = ("pieces", "numbers", "settings", "copying", "terms", "cards", "bars", "charts", "page")  # in this order
FIRST_MACHINE = "h100-sxm"
RATES = ("lambda_flops", "lambda_mem", *REACH)  # of machines
OF_MACHINES = (*RATES, *REACH.values())  # and no sliders


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
    phase = first_phase(options, model)
    same: Options = {**options, "model": model, "convention": options.get("convention") or "exact"}
    for name in ("limit", "phase", "mesh"):
        same.pop(name, None)  # type: ignore[misc]
    along = read_mesh(options.get("mesh") or "") or None
    if along is not None and not one_of_each(along):
        from costgraph.exploring.instead import estimated  # only where there is no page

        command = estimated(options, model, phase, hardware or FIRST_MACHINE, dtype)
        raise UserError(f"mesh '{along}': a page has one axis of a kind, cut once; this answers it: {command}")
    axes = axes_of(same, model, along)
    typed = first_sizes(same, model, phase, dtype, options.get("limit", ()), along)
    asked = chosen(hardware or FIRST_MACHINE, dtype, None)
    assert asked is not None
    found = bounded()(lambda: list(scenarios(same, plans(phases_of(model), along))))()
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
        "rates": {name: meant(name, program) for name in RATES},
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


def first_phase(options: Options, model: Model) -> str:
    """The phase that is shown first.

    Raises:
        UserError: the model does not have it.
    """
    known = phases_of(model)
    phase = options.get("phase") or known[0]
    if phase not in known:
        raise unknown(f"phase of {model.name} in a page", phase, known)
    return phase


def first_sizes(
    options: Options, model: Model, phase: str, dtype: str | None, limit: Any, along: Mesh | None
) -> dict[str, Polynomial]:
    """Where the sliders stand first: sizes of the model, degrees of the mesh, and those that were typed.

    Raises:
        UserError: one is a limit, or no number; or the model cannot be spread over the mesh.
    """
    mesh = Mesh.of(of_phase(axis, phase) for axis in along.axes) if along else Mesh()
    lacking = usual_sizes(setup(options, model, phase, limit=limit, also=DEGREES, mesh=mesh))
    asked = setup(options, model, phase, limit=with_keywords(limit, lacking), also=DEGREES, mesh=mesh)
    found = asked.finite("a page")
    if dtype is not None and "p" not in asked.sizes:
        found |= itemsize(dtype)
    for name, value in found.items():
        if value.number is None:
            raise UserError(f"{name}={value}: a slider stands at a number")
    return {**{name: Polynomial.constant(size) for name, size in numbers(along or mesh).items()}, **found}


def first_size(name: str, typed: dict[str, Polynomial], axes: Iterable[dict[str, Any]]) -> int | float:
    """Where one slider stands first: 1 for the degree of an axis, and what is usual where nobody says."""
    degrees = {"v": 2, **{axis["symbol"]: 1 for axis in axes}}
    number = typed[name].number if name in typed else degrees.get(name, SYMBOLS[name].typical)
    assert number is not None
    return int(number) if number == int(number) else float(number)


def meant(name: str, program: Program) -> dict[str, str]:
    """A symbol as its field says it."""
    known = SYMBOLS[name]
    return {
        "math": program.math.style.symbol(name), "meaning": known.meaning, "unit": known.unit, "domain": known.domain,
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
