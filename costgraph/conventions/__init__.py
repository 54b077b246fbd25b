"""Published ways of counting, as data: a row each.

How many bytes the training state of one parameter takes is in `precision.py`. `known.py` has all of them by name, and
is imported when one is asked for.
"""

from __future__ import annotations

from costgraph.conventions.convention import PLAIN, Additions, Convention, Counting, Elementwise
from costgraph.conventions.presets import EXACT, NOTES


def usual(named: bool) -> Convention:
    """What is counted unless something is said: everything of a model that has a name, what matters of an op set."""
    return EXACT if named else NOTES


__all__ = ["EXACT", "NOTES", "PLAIN", "Additions", "Convention", "Counting", "Elementwise", "usual"]
