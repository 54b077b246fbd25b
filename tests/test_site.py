"""The site that is made of docs/: without a warning, without a request to anywhere, with every public name."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import costgraph as cg

DOCS = Path(__file__).parents[1] / "docs"
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}  # what a browser fetches


class Fetched(HTMLParser):
    """What a browser loads of its own accord to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        name = "href" if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload") else LOADED.get(tag)
        if name and (address := values.get(name)):
            self.found.append(address)


@cache
def site() -> dict[str, str]:
    """The files of the site by name, made with warnings as errors."""
    with TemporaryDirectory() as folder:
        run = subprocess.run(
            [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", "-d", f"{folder}/doctrees",
             str(DOCS), f"{folder}/html"],
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        files = Path(folder, "html").rglob("*")
        return {one.name: one.read_text() for one in files if one.suffix in (".html", ".css", ".js")}


@pytest.mark.needs_library("sphinx")
@pytest.mark.needs_library("myst_parser")
@pytest.mark.needs_library("furo")
def test_the_site_is_made_without_a_warning_and_has_every_page() -> None:
    assert {page.stem for page in DOCS.glob("*.md")} <= {Path(name).stem for name in site() if name.endswith(".html")}


@pytest.mark.needs_library("sphinx")
@pytest.mark.needs_library("myst_parser")
@pytest.mark.needs_library("furo")
def test_no_page_loads_anything_from_another_host() -> None:
    for name, text in site().items():
        page = Fetched()
        page.feed(text if name.endswith(".html") else "")
        styles = re.findall(r"(?:@import\s+|url\()[\"']?([^\"')]+)", text) if name.endswith((".css", ".html")) else []
        assert not [one for one in (*page.found, *styles) if re.match(r"(\w+:)?//", one)], name


def test_the_check_of_loaded_files_sees_them() -> None:
    page = Fetched()
    page.feed('<link rel="stylesheet" href="//a/b.css"><script src="https://c/d.js"></script><a href="https://e">e</a>')
    assert page.found == ["//a/b.css", "https://c/d.js"]


def test_the_page_of_the_api_has_every_public_name() -> None:
    named = re.findall(r"^\.\. auto\w+:: (\w+)$", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(set(cg.__all__) - {"__version__"})
