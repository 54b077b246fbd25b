"""The site that is made of docs/: without a warning, without a request to anywhere, with every public name."""

from __future__ import annotations

import html
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import pytest
from browser import browser
from command_line import costgraph

import costgraph as cg
from costgraph.library.entries.reading import library

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
def made() -> TemporaryDirectory[str]:
    """A folder with the site in `html`, made with warnings as errors; gone when the tests are."""
    folder = TemporaryDirectory()
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", "-d", f"{folder.name}/doctrees",
         str(DOCS), f"{folder.name}/html"],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return folder


@cache
def site() -> dict[str, str]:
    """The files of the site by name."""
    files = Path(made().name, "html").rglob("*")
    return {one.name: one.read_text() for one in files if one.suffix in (".html", ".css", ".js")}


@pytest.mark.needs_library("sphinx")
@pytest.mark.needs_library("myst_nb")
@pytest.mark.needs_library("furo")
def test_the_site_is_made_without_a_warning_and_has_every_page() -> None:
    assert {f"{page.stem}.html" for page in DOCS.glob("*.ipynb")} <= site().keys()
    for page in DOCS.glob("*.md"):
        title = re.search(r"^# (.*)$", page.read_text(), re.MULTILINE)
        assert title is not None
        shown = re.search(r"<h1>(.*?)<a", site()[f"{page.stem}.html"])  # and no page that Sphinx makes in its place
        assert shown is not None, page.name
        assert unescape(re.sub(r"<[^>]+>", "", shown[1])) == title[1].replace("`", ""), page.name


@pytest.mark.needs_library("sphinx")
@pytest.mark.needs_library("myst_nb")
@pytest.mark.needs_library("furo")
@pytest.mark.needs_tool("chromium")
def test_the_search_of_the_site_works_in_files_that_are_opened_by_hand() -> None:
    with browser() as shown:
        shown.send("Page.navigate", url=Path(made().name, "html", "search.html").as_uri() + "?q=roofline")
        look = "const look = () => /finished/.test(document.body?.innerText) ? go() : setTimeout(look, 50)"
        shown.run(f"new Promise(go => {{ {look}; look(); }})")
        found = shown.run("[...document.querySelectorAll('#search-results li a')].map(one => one.textContent)")
        assert {"Pictures", "Hardware, time and inverse questions"} <= set(found)
        assert shown.complaints == []
        assert {url.partition(":")[0] for url in shown.requests} == {"file"}


class Linked(HTMLParser):
    """Where the links of a page lead, and the places in it to which one may."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places = {""}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.places |= {value for value in (values.get("id"), values.get("name")) if value}
        if tag == "a" and (address := values.get("href")) and not re.match(r"(\w+:)?//|\w+:", address):
            self.links.append(address)


@pytest.mark.needs_library("sphinx")
@pytest.mark.needs_library("myst_nb")
@pytest.mark.needs_library("furo")
def test_every_link_inside_of_the_site_leads_to_a_place_that_is_there() -> None:
    root, pages = Path(made().name, "html"), dict[Path, Linked]()
    for path in root.rglob("*.html"):
        pages[path] = Linked()
        pages[path].feed(path.read_text())
    dead, count = [], 0
    for path, page in pages.items():
        for link in page.links:
            address, _, place = unquote(link).partition("#")
            target = (path.parent / address).resolve() if address else path
            there = pages[target].places if target in pages else {""} if target.exists() else set()
            dead += [] if place in there else [f"{path.relative_to(root)}: {link}"]
            count += 1
    assert dead == []
    assert count > 1000


@pytest.mark.needs_library("sphinx")
@pytest.mark.needs_library("myst_nb")
@pytest.mark.needs_library("furo")
def test_no_page_loads_anything_from_another_host() -> None:
    for name, text in site().items():
        page = Fetched()
        page.feed(text if name.endswith(".html") else "")
        styles = re.findall(r"(?:@import\s+|url\()[\"']?([^\"')]+)", text) if name.endswith((".css", ".html")) else []
        assert not [one for one in (*page.found, *styles) if re.match(r"(\w+:)?//", one)], name


@pytest.mark.needs_library("sphinx")
@pytest.mark.needs_library("myst_nb")
@pytest.mark.needs_library("furo")
def test_every_entry_has_a_page_with_its_derivation_and_a_link_to_it() -> None:
    for entry in library():
        assert f'href="formulas/{entry.id}.html"' in site()["formulas.html"]
        assert html.escape(entry.title) in site()[f"{entry.id}.html"]
    assert "costgraph derive activations --explain" in site()["001-2.7.html"]


def test_the_check_of_loaded_files_sees_them() -> None:
    page = Fetched()
    page.feed('<link rel="stylesheet" href="//a/b.css"><script src="https://c/d.js"></script><a href="https://e">e</a>')
    assert page.found == ["//a/b.css", "https://c/d.js"]


def test_the_page_of_the_api_has_every_public_name() -> None:
    named = re.findall(r"^\.\. auto\w+:: (\w+)$", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(set(cg.__all__) - {"__version__"})


def test_the_readme_names_every_page() -> None:
    readme = (DOCS.parent / "README.md").read_text()
    pages = {page.name for end in ("md", "ipynb") for page in DOCS.glob(f"*.{end}")}
    assert {name for name in pages if f"](docs/{name})" not in readme} == set()


def test_the_site_is_made_with_warnings_as_errors_wherever_the_command_stands() -> None:
    for name in ("README.md", "pyproject.toml", "CHANGELOG.md", "docs/conf.py"):
        said = re.findall(r"sphinx-build [^`]*docs site", (DOCS.parent / name).read_text())
        assert set(said) == {"sphinx-build -W docs site"}, name


# --- pictures -------------------------------------------------------------------------------------------------------

DRAWN = [
    pytest.param(line, id=f"{page.name}: {Path(line).name}")
    for page in (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md")))
    for line in re.findall(r"^costgraph .* --plot docs/pictures/\S+$", page.read_text(), re.MULTILINE)
]


@pytest.mark.slow
@pytest.mark.needs_tool("dot")
@pytest.mark.parametrize("line", DRAWN)
def test_a_picture_in_the_docs_is_what_its_command_draws(line: str, tmp_path: Path) -> None:
    """To the byte where the program that drew it is of the same version, else in what it says."""
    *command, target = shlex.split(line)[1:]
    shown = DOCS.parent / target
    found = costgraph(*command, str(tmp_path / shown.name))
    assert found.returncode == 0, found.stderr
    drawn = (tmp_path / shown.name).read_text()
    alike = drawer(drawn) == drawer(shown.read_text())
    if "COSTGRAPH_UPDATE_GOLDEN" in os.environ and (alike or said(drawn) != said(shown.read_text())):
        shown.write_text(drawn)
    if alike:
        assert drawn == shown.read_text()
    assert said(drawn) == said(shown.read_text())


def drawer(picture: str) -> str:
    """The program that drew it, with its version."""
    found = re.search(r"Matplotlib v[\d.]+|graphviz version [\d.]+", picture)
    assert found is not None
    return found[0]


def said(picture: str) -> list[tuple[str, str]]:
    """What is written in it; matplotlib, which draws letters, notes in comments what they spell."""
    return re.findall(r"<!-- (?!Generated|Title)(.*?) -->|<text [^>]*>(.*?)</text>", picture)


def test_every_picture_of_the_docs_has_its_command() -> None:
    there = {path.name for path in DOCS.glob("pictures/*")}
    assert there == {Path(str(param.values[0])).name for param in DRAWN}
    assert said("<!-- a b --><text x='1'>c</text>") == [("a b", ""), ("", "c")]
