"""How Sphinx makes the site of these pages: `sphinx-build -W docs site`. Nothing is asked of any other host."""

import re
import sys
from pathlib import Path

from docutils.nodes import SkipNode, math, math_block
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from costgraph import __version__

project = "costgraph"
author = "The costgraph developers"
project_copyright = author
release = version = __version__

sys.path.insert(0, str(Path(__file__).parent))  # entry_pages
extensions = ["entry_pages", "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
default_role = "code"  # docstrings mark names as Markdown does
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block", "dollarmath"]
suppress_warnings = ["myst.header"]  # a page may begin with a heading of any level

nb_execution_mode = "force"  # notebooks are kept without what they show, which would be a second truth
nb_execution_timeout = 300
nb_execution_raise_on_error = True

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_class_signature = "separated"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_math_renderer = "mathml"  # browsers draw it themselves; the usual one fetches its script from another host
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"costgraph {release}"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_search_summary = False  # which the script of the search would fetch, as no page that is opened as a file may


def setup(app: Sphinx) -> None:
    """Let links inside of a page lead to `<a id="name"></a>`, which Markdown elsewhere knows and MyST does not."""
    app.connect("source-read", with_targets)
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))


def inline_math(page: HTML5Translator, node: math) -> None:
    """Write a formula in a line."""
    page.body.append(convert(node.astext()))
    raise SkipNode


def block_math(page: HTML5Translator, node: math_block) -> None:
    """Write a formula by itself."""
    page.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise SkipNode


def with_targets(app: Sphinx, page: str, source: list[str]) -> None:
    """Write such anchors as targets of MyST."""
    source[0] = re.sub(r'^<a id="([\w-]+)"></a>$', r"(\1)=", source[0], flags=re.MULTILINE)
