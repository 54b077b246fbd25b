"""Known models: by name, by the name of their repository on the Hugging Face hub, or a file of one's own."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from costgraph.errors import UserError, shorten, unknown
from costgraph.json_text import parse_json
from costgraph.models.config_json import FILE, Configuration, configuration, read
from costgraph.models.model import Model
from costgraph.models.model_file import made
from costgraph.resources import PACKAGE
from costgraph.toml_text import of_package, parse_toml
from costgraph.user_files import MAX_TOML, read_text

CALL = re.compile(r"(?P<name>[^()]+)\((?P<options>[^()]*)\)", re.DOTALL)
HUB = re.compile(r"\w[\w.-]*/[\w.-]+(?<!\.json)")  # a repository: OWNER/NAME


@cache
def known() -> dict[str, Path]:
    """The files of the package by model name."""
    found = (PACKAGE / "models" / "known").iterdir()
    return {file.name.removesuffix(".toml"): file for file in sorted(found, key=str) if file.name.endswith(".toml")}


def model(given: str | Path | Mapping[str, Any]) -> Model:
    """The model of a name: a known one, that of a known repository, or the path of a file or folder.

    Args:
        given: such as `llama-3.1-8b`, `meta-llama/Llama-3.1-8B`, `./config.json`, the folder that holds one,
            `./mine.toml`; with options in parentheses: `deepseek-v3(as="transformers")`. Or what stands in such a
            file, as a dictionary, or as a configuration of transformers.

    Raises:
        UserError: unknown name (nearest names), unreadable file, or a model that cannot be expressed exactly.
    """
    if not isinstance(given, str | Path):
        return of_configuration(given)
    text = str(given)
    call = CALL.fullmatch(text.strip())
    if call and not Path(text).exists():
        return model(call["name"].strip()).with_options(call["options"])
    if text.lower() in known():
        return of_name(text.lower())
    path = Path(text)
    if text.endswith(".toml"):
        place = f"model file {shorten(text, 200)}"
        return made(parse_toml(read_text(text, MAX_TOML, place), place), place, path.stem)
    if HUB.fullmatch(text) and not path.exists():
        return of_hub(text)
    if text.endswith(".json") or "/" in text or (text and path.is_dir()):
        return of_file(text)
    raise unknown("model", text, known())


@cache
def of_name(name: str) -> Model:
    """A known model."""
    return made(of_package(known()[name]), f"models/known/{name}.toml", name)


def of_file(path: str) -> Model:
    """The model that a configuration of transformers describes."""
    return described(read(path), path)


def of_configuration(given: Any) -> Model:
    """The same of a configuration that was read already; it is looked at as its file would be.

    Raises:
        UserError: it is no configuration, or as for a file.
    """
    content = given.to_dict() if hasattr(given, "to_dict") else given
    if not isinstance(content, Mapping):
        raise UserError(f"{shorten(repr(given))} is no model: write a name, a path or a configuration")
    place = "the configuration"
    try:
        text = json.dumps(dict(content))
    except (TypeError, ValueError) as error:
        raise UserError(f"{place}: {error}") from None
    name = str(content.get("_name_or_path") or content.get("model_type") or "model").rstrip("/").rpartition("/")[2]
    return described(configuration(parse_json(text, constants=True), place, name), place)


def described(found: Configuration, source: str) -> Model:
    """The model that was found in a configuration."""
    name = found.architecture.name
    return Model(
        name, name, found.architecture, found.sizes, source=shorten(source, 200), remarks=found.remarks,
        multi_token=found.multi_token,
        order=found.order,
    )  # fmt: skip


def of_hub(repository: str) -> Model:
    """The known model whose configuration is published there.

    Raises:
        UserError: none is, and there is no file of that name; with the nearest.
    """
    for name, file in known().items():
        if repository.lower() in file.read_text(encoding="utf-8").lower():
            found = of_name(name)
            if repository.lower() in map(str.lower, found.hub):
                return found
    last = repository.lower().rpartition("/")[2]
    near = difflib.get_close_matches(last, known(), n=3, cutoff=0.5)
    advice = f"; did you mean {' or '.join(near)}?" if near else ""
    raise UserError(
        f"'{shorten(repository)}' is neither a file nor the hub name of a known model{advice} "
        f"(costgraph list models; or name the {FILE} itself)"
    )
