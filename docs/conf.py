"""How Sphinx makes the site of these pages: `sphinx-build -W docs site`. Nothing is asked of any other host."""

from costgraph import __version__

project = "costgraph"
author = "The costgraph developers"
project_copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
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
