"""Common subexpressions: what several expressions have in common is computed once and given a name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from costgraph.algebra.expression import Name, Node, Number, Power, children, names, walk, with_children


def shared(roots: Iterable[Node], prefix: str = "x") -> tuple[list[tuple[str, Node]], list[Node]]:
    """(named parts in the order in which to compute them, the roots in terms of them).

    A compound part gets a name when several others use it, or when it is raised to a power; one of numbers alone never.
    """
    roots = list(roots)
    users: dict[Node, int] = {}
    seen: set[Node] = set()
    for root in roots:
        users[root] = users.get(root, 0) + 1
        for node in walk(root):
            if node not in seen:
                seen.add(node)
                for child in children(node):
                    users[child] = users.get(child, 0) + (2 if isinstance(node, Power) else 1)
    parts: list[tuple[str, Node]] = []

    @cache
    def rewrite(node: Node) -> Node:
        new = with_children(node, tuple(map(rewrite, children(node))))
        if isinstance(node, Number | Name) or users[node] < 2 or not names([node]):
            return new
        parts.append((f"{prefix}{len(parts)}", new))
        return Name(parts[-1][0])

    return parts, [rewrite(root) for root in roots]
