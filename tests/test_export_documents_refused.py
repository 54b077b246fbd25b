"""What is said about wrong input to documents, templates and notations."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import refused, run

import costgraph as cg
from costgraph.errors import UserError
from costgraph.exporting.documents import typeset

# --- wrong input ------------------------------------------------------------------------------------------------------


def test_an_unknown_target_lists_the_nearest() -> None:
    assert "numpy" in refused("export", "nunpy")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[symbols]\nD = "h"\nS = "h"', "would both be shown as h"),
        ('[symbols]\nZ = "h"', "unknown symbol 'Z'"),
        ('[symbols]\nD = "h^2"', "write a letter"),
        ('[symbols]\nD = "\\\\input{x}"', "write a letter"),
        ("[symbols]\nD = 3", "symbols.D must be a string in quotes, not 3"),
        ('[symbol]\nD = "h"', "mine.toml: unknown key 'symbol': did you mean symbols?"),
        ("title = 'x'", "mine.toml: the table [symbols] is missing"),
        ("symbols = 3", "symbols must be a table: write [symbols], not 3"),
        ("[symbols]\nD = inf", "mine.toml: inf is not a number"),
        ("x = " + "[" * 50_000, "mine.toml:1: nested more than 16 deep"),
        ("[symbols\n", "mine.toml"),
    ],
)
def test_a_notation_that_cannot_be_used_is_refused(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(content)
    assert said in refused("cheatsheet", "--notation", str(tmp_path / "mine.toml"))


def test_a_notation_of_ones_own_is_used(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[symbols]\nD = "d_model"\nE = "d_ff/d_model"\n')
    done = run("cheatsheet", "--notation", str(tmp_path / "mine.toml"))
    assert "4L d_model ²" in done.stdout
    assert "2L d_model d_ff" in done.stdout


def test_an_unknown_notation_lists_the_nearest() -> None:
    assert "did you mean megatron" in refused("cheatsheet", "--notation", "megatorn")
    assert "there is no such file" in refused("cheatsheet", "--notation", "none.toml")


def test_a_suffix_that_nothing_writes_lists_those_that_are(tmp_path: Path) -> None:
    said = refused("cheatsheet", "-o", str(tmp_path / "a.docx"))
    assert all(suffix in said for suffix in (".pdf", ".png", ".tex", ".typ", ".md", ".html", ".txt"))


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
    with pytest.raises(UserError, match="apt-get install texlive-latex-recommended, or use engine='typst'"):
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
def test_a_template_that_tex_refuses_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "latex").mkdir()
    (tmp_path / "latex" / "sheet.tex.jinja").write_text(
        "\\documentclass{article}\n\\begin{document}\n\\heading{<< op_set >>}\n\\end{document}\n"
    )
    pdf = tmp_path / "sheet.pdf"
    said = refused("cheatsheet", "--engine", "latex", "--exporters", str(tmp_path), "-o", str(pdf))
    assert "Undefined control sequence" in said
    assert "l.3 \\heading" in said
    assert not pdf.exists()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("#!/bin/sh\nexit 3\n", "pdflatex failed: status 3, no log, no pages"),
        ("#!/bin/sh\nexit 0\n", "pdflatex failed: status 0, no log, no pages"),
        ("#!/no/such/interpreter\n", "pdflatex cannot be run: No such file or directory"),
    ],
)
def test_a_tex_that_does_not_work_is_told_in_words(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pdflatex").write_text(script)
    (tmp_path / "pdflatex").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=said):
        typeset.pdflatex("anything")


@pytest.mark.needs_tool("pdflatex")
def test_what_tex_refuses_is_told_by_its_own_lines() -> None:
    with pytest.raises(UserError, match=r"pdflatex failed: ! Undefined control sequence\. / l\.2 .*nosuchmacro"):
        typeset.pdflatex("\\documentclass{article}\\begin{document}\n\\nosuchmacro\n\\end{document}\n")
