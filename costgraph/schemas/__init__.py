"""What every JSON answer holds, as JSON Schema: a file for each version of each, which only gains keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from costgraph.errors import unknown

FOLDER = Path(__file__).parent


def known() -> dict[str, Path]:
    """The files by what answers have under `schema`, such as `costgraph.derive/1`."""
    files = sorted(FOLDER.glob("*.json"))
    return {f"costgraph.{file.stem.replace('-', '/')}": file for file in files}


def text(name: str) -> str:
    """A schema as it is shipped.

    Args:
        name: such as `costgraph.derive/1`; or `derive`, the newest version of it.

    Raises:
        UserError: there is none of that name.
    """
    files = known()
    newest = {full.removeprefix("costgraph.").partition("/")[0]: full for full in files}
    found = newest.get(name, name)
    if found not in files:
        raise unknown("schema", name, [*newest, *files])
    return files[found].read_text(encoding="utf-8")


def schema(name: str) -> dict[str, Any]:
    """The same as a dictionary, for a validator such as `jsonschema`.

    >>> schema("derive")["title"]
    'costgraph.derive/1'
    """
    found: dict[str, Any] = json.loads(text(name))
    return found
