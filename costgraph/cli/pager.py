"""Long answers at a terminal go through a pager, as those of git do."""

from __future__ import annotations

import os
import sys

OWN = "COSTGRAPH_PAGER"  # an environment variable: a pager for costgraph alone; empty for none


def paged(text: str) -> bool:
    """Show a text in a pager, if a person looks at it and it is longer than the screen; whether that was done."""
    import shutil

    if not (sys.stdout.isatty() and sys.stdin.isatty()) or os.environ.get("TERM", "dumb") == "dumb":
        return False
    if text.count("\n") < shutil.get_terminal_size().lines or not (command := pager()):
        return False
    import pydoc

    os.environ |= {"PAGER": command, "MANPAGER": ""}  # which pydoc would ask first, and which may be for manuals alone
    os.environ.setdefault("LESS", "FRX")  # with colours, ends by itself where the text fits, leaves it on the screen
    pydoc.pager(text)
    return True


def pager() -> str:
    """The program that the user wants, else less; nothing if there is none or none is wanted."""
    import shlex
    import shutil

    wanted = os.environ.get(OWN, os.environ.get("PAGER", "less"))
    try:
        words = shlex.split(wanted)
    except ValueError:
        return ""
    return wanted if words and words[0] != "cat" and shutil.which(words[0]) else ""
