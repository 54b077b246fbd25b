"""JSON answers against their schemas, in which a key that is not named is an error."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from costgraph.schemas import schema


def complaints(answer: dict[str, Any]) -> list[str]:
    """What is wrong with an answer, in words: where, and what."""
    found = validator(answer["schema"]).iter_errors(answer)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found]


@cache
def validator(name: str) -> Draft202012Validator:
    """Of a schema; users' programs have to take keys that are added, tests have to see them."""
    return Draft202012Validator(closed(schema(name)))


def closed(node: Any) -> Any:
    """A schema whose objects have no other keys than those that are named."""
    if isinstance(node, list):
        return [closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: closed(one) for key, one in node.items()}
    named = node.get("type") == "object" and "properties" in node
    return {"additionalProperties": False, **found} if named else found
