"""How Sphinx makes the site of these pages: `sphinx-build -W docs site`. Nothing is asked of any other host."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

from costgraph import __version__

project = "costgraph"
author = "The costgraph developers"
project_copyright = author
release = version = __version__

sys.path.insert(0, str(Path(__file__).parent))  # entry_pages
extensions = ["entry_pages", "myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
default_role = "code"  # docstrings mark names as Markdown does
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # a page may begin with a heading of any level

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_class_signature = "separated"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"costgraph {release}"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Let links inside of a page lead to `<a id="name"></a>`, which Markdown elsewhere knows and MyST does not."""
    app.connect("source-read", with_targets)


def with_targets(app: Sphinx, page: str, source: list[str]) -> None:
    """Write such anchors as targets of MyST."""
    source[0] = re.sub(r'^<a id="([\w-]+)"></a>$', r"(\1)=", source[0], flags=re.MULTILINE)
