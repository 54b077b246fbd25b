"""The page: all scenarios of a model, what there is to choose from, and where the sliders stand first, in one file."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from typing import Any

from costgraph import __version__
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.symbols import SYMBOLS
from costgraph.algebra.work import bounded
from costgraph.errors import UserError, unknown
from costgraph.estimation.reading import usual_sizes
from costgraph.exploring.catalogs import machines, models, sizes_of
from costgraph.exploring.drawing import drawing
from costgraph.exploring.program import Formulas, Program, of_scenario
from costgraph.exploring.scenarios import Scenario, mesh, named, phases_of, scenarios, setup
from costgraph.exporting.targets import Target, text_of
from costgraph.exporting.templates import Verbatim, render
from costgraph.given import Options, with_keywords
from costgraph.hardware.catalog import chosen
from costgraph.hardware.machine import itemsize
from costgraph.models.model import Model
from costgraph.precision import ITEMSIZE
from costgraph.resources import data_folder

FOLDER = "_explorer"
SHIPPED = (
    "page.css",
    "page.js",
    "uPlot.iife.min.js",
    "uPlot.min.css",
    "uPlot.LICENSE",
)  # parts of the page as they are
FIRST_MACHINE = "h100-sxm"
RATES = ("lambda_flops", "lambda_mem", "lambda_comms")  # a machine's, and no sliders


def explore(options: Options, hardware: str | None = None, dtype: str | None = None) -> str:
    """The page as the text of an HTML file that asks for nothing else.

    Args:
        options: the model; where sliders stand first (`limit`, `phase`); and what is the same in all that the page
            shows: convention (exact unless given), precision, attention (flash unless given), weights, cache_dtype.
        hardware: the machine that is chosen first.
        dtype: its data type, and how wide p is.

    Raises:
        UserError: no model is named, or an option is unknown or cannot be.
    """
    model = named(options)
    phase = first_phase(options, model)
    same: Options = {**options, "model": model, "convention": options.get("convention") or "exact"}
    typed = first_sizes(same, model, phase, dtype)
    for name in ("limit", "phase"):
        same.pop(name, None)  # type: ignore[misc]
    asked = chosen(hardware or FIRST_MACHINE, dtype, None)
    assert asked is not None
    found = bounded()(lambda: list(scenarios(same)))()
    program = Program()
    described = [bounded()(of_scenario)(one, program) for one in found]
    code = program.code
    names = [one["letter"] for one in code["symbols"] if one["letter"] not in RATES]
    covered, others = models(model, phases_of(model))
    state = {"phase": phase, "machine": asked.name, "dtype": dtype or asked.dtype, "model": model.name}
    data = {
        "version": __version__,
        "first": {**state, "sizes": {name: first_size(name, typed, found) for name in names}},
        "scenarios": described,
        "formulas": program.formulas.written,
        "symbols": {name: meant(name, program.formulas) for name in names},
        "drawings": {one.place: drawing(one.graph) for one in found if one.stage == 0 and one.replay == "none"},
        "machines": list(machines(asked)),
        "itemsizes": {name: float(size) for name, size in ITEMSIZE.items()},
        "models": covered,
        "others": others,
        "options": beside(options),
        "typed": options["model"] if isinstance(options["model"], str) else model.name,
    }
    return page(data, code, model)


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


def first_sizes(options: Options, model: Model, phase: str, dtype: str | None) -> dict[str, Polynomial]:
    """Where the sliders stand first: sizes of the model, and those that were typed.

    Raises:
        UserError: one is a limit, or no number.
    """
    typed = options.get("limit", ())
    lacking = usual_sizes(setup(options, model, phase, mesh(), (), typed))
    asked = setup(options, model, phase, mesh(), (), with_keywords(typed, lacking))
    found = asked.finite("a page")
    if dtype is not None and "p" not in asked.sizes:
        found |= itemsize(dtype)
    for name, value in found.items():
        if value.number is None:
            raise UserError(f"{name}={value}: a slider stands at a number")
    return found


def first_size(name: str, typed: dict[str, Polynomial], found: Iterable[Scenario]) -> int | float:
    """Where one slider stands first: 1 for the degree of an axis, and what is usual where nobody says."""
    degrees = {axis for one in found for axis in one.setup.mesh.named}
    number = typed[name].number if name in typed else 1 if name in degrees else SYMBOLS[name].typical
    assert number is not None
    return int(number) if number == int(number) else float(number)


def meant(name: str, formulas: Formulas) -> dict[str, str]:
    """A symbol as its field says it."""
    known = SYMBOLS[name]
    return {
        "math": formulas.math.style.symbol(name), "meaning": known.meaning, "unit": known.unit, "domain": known.domain,
    }  # fmt: skip


def beside(options: Options) -> dict[str, str]:
    """What was asked for beside model, machine and sizes, by the names of Python."""
    names = ("convention", "precision", "attention", "weights", "cache_dtype")
    given: dict[str, Any] = {**options}
    return {name: str(given[name]) for name in names if given.get(name) is not None}


def page(data: dict[str, Any], code: dict[str, Any], model: Model) -> str:
    """The template filled in; what the script reads is packed, as formulas repeat themselves."""
    folder = data_folder("exporters") / FOLDER
    target = Target(
        name="explorer", title="the explorer", kind="sheet", suffix=".html", template="page.html.jinja", escape="html",
        folders=(folder,),
    )  # fmt: skip
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    parts = {name.replace(".", "_"): Verbatim(text_of(folder, name).rstrip("\n")) for name in SHIPPED}
    return render(
        target,
        {
            "version": __version__,
            "title": sizes_of(model)["title"],
            "packed": Verbatim(packed),
            **code,
            **parts,
        },
    )
