"""A graph on sheets as Graphviz lays it, where that is installed; else what notebooks show in its place."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from html import escape
from importlib.util import find_spec
from urllib.parse import quote

from costgraph.conventions import EXACT, Convention
from costgraph.errors import UserError
from costgraph.graph.graph import Graph
from costgraph.pictures.annotated import boxes, mermaid
from costgraph.pictures.lying import Laid, laid
from costgraph.pictures.picture import Picture
from costgraph.pictures.sheets import Sheets, flowing

MOST = 600  # ops that are drawn
SECONDS = 60


def installed() -> str | None:
    """Where Graphviz' `dot` is; None if there is nothing that draws, either."""
    return shutil.which("dot") if find_spec("matplotlib") else None


def draw(graph: Graph, title: str = "", convention: Convention = EXACT) -> Picture:
    """The graph with what each op costs, on as many sheets as it takes.

    Raises:
        UserError: Graphviz or matplotlib is not installed, or there are too many ops.
    """
    program = installed()
    if program is None:
        raise UserError(
            "a picture of a graph needs Graphviz (`dot`) and matplotlib (pip install 'costgraph[plot]'): install them,"
            " or write --format mermaid"
        )
    if len(graph.ops) > MOST:
        raise UserError(f"{len(graph.ops)} ops are more than the {MOST} that are drawn: draw one phase")

    def render(suffix: str) -> bytes:
        from costgraph.pictures.paper import rendered

        sheets = Sheets(graph, flowing(boxes(graph, convention)), lambda texts: lay(program, texts))
        return rendered(sheets, title or graph.name, suffix)

    return Picture(render)


def in_notebook(graph: Graph) -> str | None:
    """The picture as SVG; None where Graphviz is not installed or there are too many ops."""
    return draw(graph)._repr_svg_() if installed() and len(graph.ops) <= MOST else None


def in_html(graph: Graph) -> str:
    """The same as an image of a page, whose names are none of others on it; empty where there is none."""
    drawn = in_notebook(graph)
    return f'<img alt="{escape(graph.line)}" src="data:image/svg+xml,{quote(drawn)}">' if drawn else ""


def in_markdown(graph: Graph) -> str | None:
    """The same as a block of Mermaid where Graphviz is not installed; None where it is, or there are too many ops."""
    if installed() or len(graph.ops) > MOST:
        return None
    return f"```mermaid\n{mermaid(graph)}\n```"


def lay(program: str, texts: Sequence[str]) -> list[Laid]:
    """Where Graphviz lays some graphs, in one run."""
    try:
        found = subprocess.run(
            [program, "-Tjson0"], input="\n".join(texts).encode(), capture_output=True, timeout=SECONDS, check=True
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"Graphviz has not finished after {SECONDS} seconds: draw fewer ops, or one phase") from None
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or b""
        raise UserError(f"Graphviz ({program}) failed: {said.decode(errors='replace').strip() or error}") from None
    return list(laid(found.stdout.decode()))
