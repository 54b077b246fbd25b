"""Answers as data: a report is a title and nodes of a few kinds, and text, Markdown, LaTeX and HTML write any of them.

Each kind of answer has a file that makes its report. Terminals are no business of this package: what `layout.py` says
of a line, `cli/` draws.
"""
