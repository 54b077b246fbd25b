"""Documents, and what is said about wrong input. Files in tests/golden/sheets are what `costgraph export` prints."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import toolchains

import costgraph as cg
from costgraph.errors import UserError
from costgraph.exporting import typeset
from costgraph.exporting.documents import sheet
from costgraph.exporting.targets import load

GOLDEN = Path(__file__).parent / "golden" / "sheets"
SHEETS = {"latex": ".tex", "typst": ".typ", "markdown": ".md", "html": ".html", "text": ".txt"}


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    command = [sys.executable, "-m", "costgraph", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", check=False)


def refused(*arguments: str, cwd: Path | None = None) -> str:
    """What is said about wrong input: one line, no traceback, status 2, nothing on stdout."""
    done = run(*arguments, cwd=cwd)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def decoder(target: str, notation: str | None = None) -> str:
    """The cheat sheet of the decoder."""
    return sheet(load(target), "decoder", "notes", "mixed_adam", notation)


@pytest.mark.parametrize("target", SHEETS)
def test_the_sheet_is_the_golden_file(target: str) -> None:
    assert decoder(target) == (GOLDEN / f"decoder{SHEETS[target]}").read_text(encoding="utf-8")


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_hash_seed_changes_nothing(seed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", seed)
    golden = (GOLDEN / "decoder.tex").read_text(encoding="utf-8")
    assert run("export", "latex").stdout == golden


@pytest.mark.parametrize("target", SHEETS)
def test_every_sheet_has_every_section(target: str) -> None:
    text = decoder(target).lower()
    for title in (
        "symbols", "conventions", "parameters", "model states", "training flops", "activation memory",
        "tensor and sequence parallel", "key/value cache", "prefill and decode", "arithmetic intensity", "crossovers",
        "hardware", "sources",
    ):  # fmt: skip
        assert title.replace("/", "\\/" if target == "typst" else "/") in text


class Tags(HTMLParser):
    """Whether tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_well_formed_mathml_without_a_script() -> None:
    tags = Tags()
    tags.feed(decoder("html"))
    assert not tags.open
    assert {"math", "mfrac", "msup"} <= tags.seen
    assert not tags.seen & {"script", "img", "link"}


def test_markdown_has_no_macro_that_github_forbids_and_whole_tables() -> None:
    text = decoder("markdown")
    assert not re.findall(r"\\(?:operatorname|def|newcommand|DeclareMathOperator|require|href)\b", text)
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert all(line.count("$") % 2 == 0 for line in text.splitlines())


def test_a_notation_changes_letters_and_nothing_else() -> None:
    assert "B   " in decoder("text")
    megatron = decoder("text", "megatron")
    assert re.search(r"^  s ", megatron, re.MULTILINE)
    assert re.search(r"^  h ", megatron, re.MULTILINE)
    assert re.findall(r"\d+\.?\d* GiB", megatron) == re.findall(r"\d+\.?\d* GiB", decoder("text"))


@pytest.mark.needs_tool("pdflatex", "pdftoppm")
@pytest.mark.parametrize("op_set", ["decoder", "decoder(head=True, kv_heads=G)"])
def test_latex_makes_two_pages_without_an_overfull_box(op_set: str, tmp_path: Path) -> None:
    (tmp_path / "a.tex").write_text(sheet(load("latex"), op_set, "notes", "mixed_adam", None), encoding="utf-8")
    toolchains.call("pdflatex", "-halt-on-error", "-interaction=nonstopmode", "a.tex", cwd=tmp_path)
    toolchains.call("pdflatex", "-halt-on-error", "-interaction=nonstopmode", "a.tex", cwd=tmp_path)
    log = (tmp_path / "a.log").read_text(encoding="utf-8", errors="replace")
    assert not re.findall(r"^Overfull.*", log, re.MULTILINE)
    toolchains.call("pdftoppm", "-r", "50", "-png", "a.pdf", "page", cwd=tmp_path)
    assert len(list(tmp_path.glob("page*.png"))) == 2


@pytest.mark.needs_tool("pdflatex")
def test_the_appendix_compiles_and_its_fragment_has_no_preamble(tmp_path: Path) -> None:
    whole = run("export", "latex-derivation", "--measures", "activations", "--limit", "E=4,p=2").stdout
    assert typeset.pdflatex(whole).startswith(b"%PDF")
    fragment = run("export", "latex-derivation", "--measures", "activations", "--fragment").stdout
    assert "documentclass" in whole
    assert "documentclass" not in fragment
    assert "begin{document}" not in fragment


@pytest.mark.needs_tool("pdflatex")
def test_the_same_sheet_gives_the_same_pdf() -> None:
    text = decoder("latex")
    assert typeset.pdflatex(text) == typeset.pdflatex(text)


def test_typst_makes_two_pages() -> None:
    toolchains.need("typst")
    pages = typeset.typst(decoder("typst"), "png")
    assert len(pages) == 2
    assert all(page.startswith(b"\x89PNG") for page in pages)


# --- wrong input ------------------------------------------------------------------------------------------------------


def test_an_unknown_target_lists_the_nearest() -> None:
    assert "numpy" in refused("export", "nunpy")


def target_with(template: str, folder: Path) -> Path:
    """A folder with one target of the user's own."""
    mine = folder / "mine"
    mine.mkdir()
    (mine / "exporter.toml").write_text(
        'title = "mine"\nkind = "code"\nprinter = "python"\nsuffix = ".txt"\ntemplate = "mine.jinja"\n'
    )
    (mine / "mine.jinja").write_text(template)
    return folder


def test_a_name_that_a_template_misses_is_placed(tmp_path: Path) -> None:
    folder = target_with("first\n{{ verison }}\n", tmp_path)
    said = refused("export", "mine", "--measures", "flops", "--exporters", str(folder))
    assert "mine.jinja, line 2" in said
    assert "verison" in said


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ forms.append.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ self._TemplateReference__context.eval_ctx.environment }}",
    ],
)
def test_a_template_does_not_reach_python(attack: str, tmp_path: Path) -> None:
    folder = target_with(attack, tmp_path)
    assert "mine.jinja" in refused("export", "mine", "--measures", "flops", "--exporters", str(folder))


def test_a_template_includes_nothing_from_outside(tmp_path: Path) -> None:
    (tmp_path / "secret.jinja").write_text("secret")
    folder = target_with("{% include '../secret.jinja' %}", tmp_path)
    assert "no template" in refused("export", "mine", "--measures", "flops", "--exporters", str(folder))


def test_a_file_that_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "costs.py"
    path.write_text("mine")
    assert "--force" in refused("export", "numpy", "--measures", "flops", "-o", str(path))
    assert path.read_text() == "mine"
    assert run("export", "numpy", "--measures", "flops", "-o", str(path), "--force").returncode == 0
    assert "def flops" in path.read_text()


def test_a_name_that_is_reserved_in_the_target_is_refused() -> None:
    with pytest.raises(UserError, match="lambda"):
        cg.export({"lambda": cg.derive("flops").forms["flops"]}, "python")


def test_without_tex_and_typst_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(UserError, match="apt-get install texlive-latex-recommended, or use --engine typst"):
        typeset.engine("latex")
    monkeypatch.setattr(typeset, "has_typst", lambda: False)
    with pytest.raises(UserError, match=r"texlive-latex-recommended.*costgraph\[typst\]"):
        typeset.engine(None)
    with pytest.raises(UserError, match=r"pip install 'costgraph\[typst\]'"):
        typeset.engine("typst")


def test_typst_is_taken_where_tex_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(typeset, "has_typst", lambda: True)
    assert typeset.engine(None) == "typst"


@pytest.mark.needs_tool("pdflatex")
def test_what_tex_refuses_is_told_by_its_own_lines() -> None:
    with pytest.raises(UserError, match=r"pdflatex failed: ! Undefined control sequence\. / l\.2 .*nosuchmacro"):
        typeset.pdflatex("\\documentclass{article}\\begin{document}\n\\nosuchmacro\n\\end{document}\n")
