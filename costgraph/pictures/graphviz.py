"""What Graphviz draws, where it is installed."""

from __future__ import annotations

import shutil
import subprocess

from costgraph.conventions import EXACT, Convention
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.pictures.annotated import dot, mermaid
from costgraph.pictures.picture import Picture

MOST = 600  # ops on a page
SECONDS = 60


def installed() -> str | None:
    """Where Graphviz' `dot` is."""
    return shutil.which("dot")


def draw(graph: Graph, title: str = "", convention: Convention = EXACT) -> Picture:
    """The graph with what each op costs.

    Raises:
        UserError: Graphviz is not installed, or there are too many ops.
    """
    program = installed()
    if program is None:
        raise UserError("a picture of a graph needs Graphviz (`dot`): install it, or write --format mermaid")
    if len(graph.ops) > MOST:
        raise UserError(f"{len(graph.ops)} ops are more than the {MOST} that a page has room for: draw one phase")
    text = dot(graph, title or graph.name, convention)
    return Picture(lambda suffix: rendered(program, text, suffix))


def in_notebook(graph: Graph) -> str | None:
    """The picture as SVG; None where Graphviz is not installed or a page has no room."""
    return draw(graph)._repr_svg_() if installed() and len(graph.ops) <= MOST else None


def in_markdown(graph: Graph) -> str | None:
    """The same as a block of Mermaid where Graphviz is not installed; None where it is, or a page has no room."""
    if installed() or len(graph.ops) > MOST:
        return None
    return f"```mermaid\n{mermaid(graph)}\n```"


def rendered(program: str, text: str, suffix: str) -> bytes:
    """The bytes that Graphviz makes of its text."""
    asked = [program, f"-T{suffix}", *(["-Gdpi=160"] if suffix == "png" else [])]
    try:
        found = subprocess.run(asked, input=text.encode(), capture_output=True, timeout=SECONDS, check=True)
    except subprocess.TimeoutExpired:
        raise UserError(f"Graphviz has not finished after {SECONDS} seconds: draw fewer ops, or one phase") from None
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or b""
        raise UserError(f"Graphviz ({program}) failed: {said.decode(errors='replace').strip() or error}") from None
    return found.stdout
