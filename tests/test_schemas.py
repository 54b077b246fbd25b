"""JSON answers hold what their schemas say, and a version of a schema only gains keys.

Every JSON answer that any test asks for is validated (`command_line.py`); the commands here are those that no other
test asks for as JSON. `golden/schemas.txt` has every key there ever was in a version, with what it may hold; with
COSTGRAPH_UPDATE_GOLDEN new ones are noted down, and none ever goes.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from answers import complaints
from command_line import costgraph
from jsonschema import Draft202012Validator

import costgraph as cg
from costgraph.schemas import known, schema, text

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden" / "schemas.txt"
ANSWERS = [
    "derive params flops --model mixtral-8x7b --phase decode --limit B=1,S=4096 --json --explain",
    "derive activations --limit E=4,p=2,B=1,S=2,D=8,A=2,L=1 --when 'S << D' --json --explain",
    "derive peak --limit p=2,E=4 --json --explain",
    "derive communication states intensity --mesh 'data(N_d, zero=3), tensor(T)' --json --explain",
    "derive flops --whole --per token --ops 'attn.*' --mesh 'tensor(4)' --json",
    "derive params cache --model gemma-2-9b --phase decode --symbolic D --json",
    "estimate --json",
    "estimate --model llama-3-8b --hardware h100-sxm --limit B=1,S=4096 --new 100 --efficiency flops=0.5,mem=0.8"
    " --price '2.5 USD/h' --measured 'tpot=10 ms' --json",
    "estimate --model llama-3.1-70b --cluster h100-sxm:8x8 --phase train --mesh"
    " 'pipeline(4), microbatches(8), data(2, zero=1), tensor(8, sequence=True)' --limit B=64,S=4096"
    " --efficiency flops=0.5,mem=0.8,comms=0.7"
    " --overlap data=all --tokens 15T --price '2.5 USD/h' --measured 'step=10 s' --json",
    "estimate --model llama-3.1-70b --hardware h100-sxm --limit B=1,S=4096 --json",
    "fits llama-3.1-70b h100-sxm --json",
    "solve 'states + activations <= hbm' --for B --model gpt-3 --op-set decoder --hardware mi300x --mesh 'tensor(32)'"
    " --limit S=2048 --json",
    "solve 'flops/lambda_flops <= traffic/lambda_mem' --for S --phase decode --json",
    "check 000-A1-01 --format json",
    "check --formula '6*N_params*B*S' --measure flops --when 'S << D' --format json",
    "check --formula '6*N_params*B*S' --measure intensity --format json",
    "compare llama-3-8b qwen3-8b --json",
    "compare attention=eager attention=flash --measure activations --limit B=1 --json",
    "reconcile 6.74e9 6738415616 --measure params --model llama-2-7b --json",
    f"audit {ROOT}/tests/data/counters.py --format json",
    "search --model llama-3-8b --cluster h100-sxm:8x1 --phase generate --limit S=8192 --new 10 --top 2 --json",
    "graph --phase train --limit E=4 --json",
    "list --json",
    "list models --json",
    "list conventions --json",
    "list hardware a10 --json",
    "list models llama-3-8b --json",
    "formulas list --source kaplan-2020 --json",
    "formulas list --source all --json",
    "formulas show 001-2.14 --json",
    "export json --op-set decoder",
]


@pytest.mark.slow  # a command each
@pytest.mark.parametrize("typed", ANSWERS)
def test_an_answer_holds_what_its_schema_says_and_nothing_else(typed: str) -> None:
    run = costgraph(*shlex.split(typed))
    assert run.returncode in (0, 1), run.stderr
    found = json.loads(run.stdout)
    assert found["schema"] in known()
    assert complaints(found) == []


FROM_PYTHON: list[tuple[str, Callable[[], Any]]] = [
    ("derive flops cache --model qwen3-8b --limit B=1", lambda: cg.derive("flops", "cache", model="qwen3-8b", B=1)),
    (
        "estimate --model llama-3-8b --hardware h100-sxm --limit B=1,S=4096",
        lambda: cg.estimate("llama-3-8b", "h100-sxm", B=1, S=4096),
    ),
    ("solve 'states <= hbm' --for D --limit L=2,E=4", lambda: cg.solve("states <= hbm", "D", L=2, E=4)),
    ("check --formula '6*N_params*B*S' --measure flops", lambda: cg.check("6*N_params*B*S", "flops")),
    ("compare llama-3-8b qwen3-8b --measure params", lambda: cg.compare("llama-3-8b", "qwen3-8b", "params")),
    (
        "search --model llama-3-8b --cluster h100-sxm:8x1 --batch 8 --limit S=2048 --top 1 --over 'zero=1, P=1, C=1'",
        lambda: cg.search("llama-3-8b", "h100-sxm:8x1", batch=8, S=2048, top=1, over="zero=1, P=1, C=1"),
    ),
]


@pytest.mark.parametrize(("typed", "asked"), FROM_PYTHON, ids=[typed.partition(" ")[0] for typed, _ in FROM_PYTHON])
def test_an_answer_is_the_same_json_from_python(typed: str, asked: Callable[[], Any]) -> None:
    assert asked().to_json() == json.loads(costgraph(*shlex.split(typed), "--json").stdout)


def test_every_answer_that_names_a_schema_has_it_shipped() -> None:
    named = {
        name
        for file in (ROOT / "costgraph").rglob("*.py")
        for name in re.findall(r'^[A-Z]+ = "(costgraph\.[a-z.]+/\d+)"', file.read_text(), re.MULTILINE)
    }
    assert named == set(known()) == set(cg.known("schemas"))


@pytest.mark.parametrize("name", known())
def test_a_schema_is_one_and_says_what_every_key_means(name: str) -> None:
    found = schema(name)
    Draft202012Validator.check_schema(found)
    assert found["title"] == name == found["properties"]["schema"]["const"]
    assert found["$id"] == f"urn:{name.replace('.', ':', 1).replace('/', ':')}"
    assert all("description" in one for key, one in found["properties"].items() if key != "schema")
    page = "".join(file.read_text() for file in (ROOT / "docs").glob("*.md"))
    assert f"`{name}`" in page or f'"{name}"' in page


def test_a_schema_is_found_by_its_name_or_that_of_its_newest_version() -> None:
    assert text("derive") == text("costgraph.derive/1")
    with pytest.raises(cg.UserError, match="did you mean derive"):
        text("derivee")


# --- only added -------------------------------------------------------------------------------------------------------


def keys(found: dict[str, Any], at: Any = None, path: str = "", inside: tuple[str, ...] = ()) -> Iterator[str]:
    """A line for every key of a schema: where it stands, and what it may hold; `?` for one that may be missing."""
    node = found if at is None else at
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name not in inside:
            yield from keys(found, found["$defs"][name], path, (*inside, name))
        return
    for choice in node.get("anyOf", ()):
        yield from keys(found, choice, path, inside)
    kinds = node.get("type", "text" if "const" in node else "anything" if "anyOf" not in node else [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        yield f"{path} {kind}".strip()
    for name, one in node.get("properties", {}).items():
        missing = "" if name in node["required"] else "?"
        yield from keys(found, one, f"{path}.{name}{missing}".strip("."), inside)
    if isinstance(node.get("additionalProperties"), dict):
        yield from keys(found, node["additionalProperties"], f"{path}.*", inside)
    if "items" in node:
        yield from keys(found, node["items"], f"{path}[]", inside)


def promised() -> list[str]:
    """What all schemas say now."""
    return [f"{name}  {line}" for name in known() for line in dict.fromkeys(keys(schema(name)))]


def broken(before: list[str], now: list[str]) -> list[str]:
    """What was promised and is no longer: keys that went, may be missing, or hold something else than they did."""
    kept = {line.rpartition(" ")[0] for line in before}
    new = [line for line in now if line not in before and line.rpartition(" ")[0] in kept]
    return [*(f"gone: {line}" for line in before if line not in now), *(f"holds more: {line}" for line in new)]


def test_a_version_of_a_schema_only_gains_keys() -> None:
    before, now = GOLDEN.read_text().splitlines(), promised()
    assert broken(before, now) == [], "what an answer held it holds until its schema has another version"
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ:
        GOLDEN.write_text("\n".join(now) + "\n")
        before = now
    assert before == now, "COSTGRAPH_UPDATE_GOLDEN=1 notes the new keys down"


BEFORE = ["s  a string", "s  b? object", "s  b?.c integer"]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BEFORE, []),
        ([*BEFORE, "s  d string", "s  b?.e null"], []),
        (BEFORE[:2], ["gone: s  b?.c integer"]),
        (["s  a? string", *BEFORE[1:]], ["gone: s  a string"]),
        (["s  a integer", *BEFORE[1:]], ["gone: s  a string", "holds more: s  a integer"]),
        ([*BEFORE, "s  a null"], ["holds more: s  a null"]),
    ],
    ids=["the same", "keys more", "a key went", "it may be missing", "another type", "may be null"],
)
def test_what_breaks_a_promise_is_seen(now: list[str], said: list[str]) -> None:
    assert broken(BEFORE, now) == said


def test_a_key_that_no_schema_has_is_seen() -> None:
    answer = {"schema": "costgraph.fits/1", "fits": True, "needed_bytes": 1, "usable_bytes": 2, "stage": None}
    assert complaints({**answer, "instant": None, "parts": {"weights": 1}}) == []
    assert complaints({**answer, "instant": None, "parts": {"weights": "1"}}) == [
        "parts/weights: '1' is not of type 'integer'"
    ]
    (unknown,) = complaints({**answer, "instant": None, "parts": {}, "size": 1})
    assert "'size' was unexpected" in unknown
    (missing,) = complaints({**answer, "parts": {}})
    assert "'instant' is a required property" in missing


# --- how one gets a schema --------------------------------------------------------------------------------------------


def test_the_command_line_writes_a_schema(tmp_path: Path) -> None:
    assert costgraph("list", "schemas", "derive").stdout == text("derive")
    assert costgraph("list", "schemas", "costgraph.fits/1", "-o", str(tmp_path / "a.json")).returncode == 0
    assert json.loads((tmp_path / "a.json").read_text()) == schema("fits")
    refused = costgraph("list", "schemas", "fits", "-o", str(tmp_path / "a.html"))
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    listed = json.loads(costgraph("list", "schemas", "--json").stdout)
    assert [row["schema"] for row in listed["rows"]] == list(known())
