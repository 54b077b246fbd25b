"""Configurations of transformers, `config.json`: read as they are, or refused in one message that lists all reasons.

A family (`family.py`) says what the keys mean. A key that is neither used nor without effect is refused if its name
speaks of a size, and named in a remark otherwise: nothing is left out in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from costgraph.algebra.parser import size
from costgraph.algebra.polynomial import Polynomial
from costgraph.blocks import MultiToken
from costgraph.errors import UserError, as_many_as_fit, shorten
from costgraph.json_text import parse_json
from costgraph.models.architecture import Architecture
from costgraph.models.assembly import architecture, symbols
from costgraph.models.family import Family, of_model_type
from costgraph.models.layer_kinds import kinds_of
from costgraph.models.quantization import quantized
from costgraph.models.rewriting import REWRITING
from costgraph.models.transformers_keys import BYTES, ONLY, WITHOUT_EFFECT, speaks_of_a_size
from costgraph.models.values import Values, shown
from costgraph.records import dataclass
from costgraph.user_files import MIB, read_text

FILE = "config.json"
MAX_CONFIG = MIB  # bytes; the largest that are published, with names of a thousand classes, have 100 KiB
MAX_LISTED = 6  # problems in a message
ROOM = 100  # characters of keys in one of them
OUTER = ("torch_dtype", "dtype", "quantization_config", "tie_word_embeddings")  # said of a text model around it
ALWAYS = ("L", "D", "V")  # sizes that every model has
WHERE_KNOWN = ("K",)


@dataclass(frozen=True)
class Configuration:
    """What a configuration says.

    Args:
        family: by which it was read.
        architecture: what the model is.
        sizes: by symbol, with p, the bytes of an element of `torch_dtype`.
        remarks: what was left out, in words.
        multi_token: what predicts further tokens, which the architecture is without.
        order: the kind of each layer, where there are several kinds.
    """

    family: str
    architecture: Architecture
    sizes: Mapping[str, Polynomial]
    remarks: tuple[str, ...] = ()
    multi_token: MultiToken | None = None
    order: tuple[str, ...] = ()


def read(path: str | Path) -> Configuration:
    """The configuration in a file, or in the folder that holds it.

    Raises:
        UserError: unreadable, or a configuration that cannot be expressed exactly; one message lists all reasons.
    """
    file = Path(path) / FILE if Path(path).is_dir() else Path(path)
    place = shorten(str(file), 200)
    text = read_text(file, MAX_CONFIG, place)
    try:
        content = parse_json(text, constants=True)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    name = file.resolve().parent.name if file.name == FILE else file.stem
    return configuration(content, place, name)


def configuration(content: Any, place: str, name: str = "", family: Family | None = None) -> Configuration:
    """What the keys of a configuration say.

    Args:
        content: as JSON has it.
        place: what messages call it.
        name: of the model.
        family: how to read it; that of its `model_type` unless given.
    """
    try:
        if not isinstance(content, dict):
            raise UserError("a configuration is an object, { ... }")
        config, remarks = text_model(content)
        if family is None:
            family = of_model_type(model_type(config))
        return Reading(family, config, name, remarks).made()
    except UserError as error:
        raise UserError(f"{place}: {error}") from None


def text_model(content: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The keys of the text model, which may be one of several nested ones."""
    inner = content.get("text_config")
    if inner is None:
        return content, []
    if not isinstance(inner, dict):
        raise UserError(f"text_config = {shown(inner)}: an object is expected")
    others = [key for key, value in content.items() if key.endswith("_config") and isinstance(value, dict)]
    others = [key for key in others if key not in ("text_config", "quantization_config", "generation_config")]
    outer = {key: content[key] for key in (*OUTER, "model_type") if key in content}
    remark = f"the text model alone is read; not modelled: {', '.join(others)}"
    return {**outer, **inner}, [remark] if others else []


def model_type(config: Mapping[str, Any]) -> str:
    """The key that says which family it is."""
    kind = config.get("model_type")
    if kind is None:
        raise UserError("model_type is missing, which says how the other keys are meant")
    if not isinstance(kind, str):
        raise UserError(f"model_type = {shown(kind)}: text in quotes is expected")
    return kind


class Reading:
    """One configuration while it is read."""

    def __init__(self, family: Family, config: dict[str, Any], name: str, remarks: list[str]) -> None:
        self.family, self.name, self.config, self.remarks = family, name, config, remarks
        rewritten = REWRITING[family.rewrite](dict(config)) if family.rewrite else config
        self.values = Values(rewritten, family.sizes)

    def made(self) -> Configuration:
        """The configuration, or one error with all problems."""
        values = self.values
        layers = values.size("L")
        each = kinds_of(self.family.layers, layers or 1, values)
        kinds = Counter(each)
        model = architecture(self.family, values, kinds, self.name)
        sizes: dict[str, int | None] = {}
        if len(kinds) > 1:
            sizes = {one.times: number for one, number in zip(model.layers, kinds.values(), strict=True)}  # type: ignore[misc]
        wanted = [*ALWAYS, *symbols(model), *(name for name in WHERE_KNOWN if self.known(name))]
        for name in wanted:
            sizes.setdefault(name, values.size(name) if name not in sizes else None)
        self.check(sizes)
        self.check_keys()
        p = self.width()
        stored = quantized(self.config.get("quantization_config"), values.problems)
        circular = [name for name, number in sizes.items() if number is None]
        if circular and not values.wrong:
            values.problems.append(f"{', '.join(circular)}: the defaults lead back to themselves")
        if values.wrong:
            raise UserError(self.listed())
        found = {name: size(number) for name, number in sizes.items() if number is not None}
        if p is not None:
            found["p"] = size(p)
        if model.encoder:
            found["S_e"] = size("S")  # as long as what the decoder has, unless it is said
        remarks = [*self.remarks, *self.left_out(), *([stored] if stored else [])]
        without = replace(model, multi_token=None)
        names = dict(zip(kinds, (one.kind for one in model.layers), strict=True))
        order = tuple(names[kind] for kind in each) if len(kinds) > 1 else ()
        return Configuration(self.family.name, without, found, tuple(remarks), model.multi_token, order)

    def known(self, name: str) -> bool:
        """Whether a size is there that may as well be missing."""
        key = self.family.sizes.get(name)
        return key is not None and (bool(key.default) or self.values.get(key.names) is not None)

    # --- checks -----------------------------------------------------------------------------------------------------

    def check(self, sizes: Mapping[str, int | None]) -> None:
        """Sizes that contradict one another."""
        values = self.values
        for small, large in (("G", "A"), ("G_s", "A_s")):
            number, total = sizes.get(small), sizes.get(large)
            if number and total and total % number:
                values.problems.append(f"{values.said(large)} is not divisible by {values.said(small)}")
        for small, large in (("K_r", "N_r"), ("H_r", "H")):
            number, total = sizes.get(small), sizes.get(large)
            if number and total and number > total:
                values.problems.append(f"{values.said(small)} is more than {values.said(large)}")
        for key, said in self.family.equal.items():
            there, value = values.at(key)
            if there and value is not None and (worth := values.worth(said)) is not None and value != worth:
                values.problems.append(f"{key} = {shown(value)} is not {said} = {worth}")

    def check_keys(self) -> None:
        """Values that are not modelled, and keys that nobody knows."""
        for key, allowed in {**ONLY, **self.family.only}.items():
            there, value = self.values.at(key)
            if there and value is not None and not any(value == one and type(value) is type(one) for one in allowed):
                known = " or ".join(map(shown, allowed))
                self.values.problems.append(f"{key} = {shown(value)} is not modelled (only {known})")
        strange = [f"{shorten(key, 40)} = {shown(self.config[key])}" for key in self.unknown() if speaks_of_a_size(key)]
        if strange:
            said = (
                f"{as_many_as_fit(strange, room=ROOM)} {'speaks of a size' if len(strange) == 1 else 'speak of sizes'}"
            )
            self.values.problems.append(f"{said} that {self.family.name} does not have")

    def unknown(self) -> list[str]:
        """Keys that say something and that nobody knows."""
        known = self.family.keys | WITHOUT_EFFECT | ONLY.keys() | {"text_config", *OUTER}
        return [key for key, value in self.config.items() if value and key not in known]

    def width(self) -> int | None:
        """Bytes per element, from `dtype` or `torch_dtype`."""
        said = self.values.get(("dtype", "torch_dtype"))
        if said is None or said == "auto":
            return None
        kind = said.removeprefix("torch.") if isinstance(said, str) else ""
        if kind not in BYTES:
            self.values.problems.append(f"torch_dtype = {shown(said)} is not known ({', '.join(BYTES)})")
        return BYTES.get(kind)

    def left_out(self) -> list[str]:
        """Remarks on keys."""
        said = [
            f"{key} = {shown(value)}: {text}"
            for key, text in self.family.remarks.items()
            if (value := self.values.at(key)[1])
        ]
        keys = [shorten(key, 40) for key in self.unknown()]
        return [*said, *([f"keys without a known effect: {', '.join(keys)}"] if keys else [])]

    def listed(self) -> str:
        """All problems in one line."""
        problems = self.values.wrong
        more = f"; and {len(problems) - MAX_LISTED} more" if len(problems) > MAX_LISTED else ""
        return f"{self.family.name}: " + "; ".join(problems[:MAX_LISTED]) + more
