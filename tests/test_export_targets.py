"""Targets: what a user may add, override and ask for, and what is refused in words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

import pytest
import sympy
import toolchains
from command_line import costgraph

import costgraph as cg
from costgraph.algebra.expression import FUNCTIONS, Call, Name, Node, Sum
from costgraph.algebra.symbols import sympy_symbol
from costgraph.errors import UserError
from costgraph.exporting.targets import Function

FLOPS = cg.derive("flops").forms
TOML = 'title = "mine"\nkind = "code"\nprinter = "python"\nsuffix = ".txt"\ntemplate = "mine.jinja"\n'


def mine(folder: Path, template: str = "", description: str = TOML) -> Path:
    """A folder with one target of the user's own."""
    (folder / "mine").mkdir()
    (folder / "mine" / "exporter.toml").write_text(description, encoding="utf-8")
    (folder / "mine" / "mine.jinja").write_text(template, encoding="utf-8")
    return folder


def refused(*arguments: Any, **options: Any) -> str:
    """What is said about forms or a target that cannot be exported."""
    with pytest.raises(UserError) as error:
        cg.export(*arguments, **options)
    return str(error.value)


# --- of the user's own ------------------------------------------------------------------------------------------------


def test_a_folder_adds_a_target(tmp_path: Path) -> None:
    text = cg.export(
        FLOPS, "mine", exporters=mine(tmp_path, "{% for f in forms %}{{ f.name }}: {{ f.result }}{% endfor %}")
    )
    assert text == "flops: 12*B*S*L*D*(D*(E + 2) + S)"


def test_a_target_of_data_needs_no_printer(tmp_path: Path) -> None:
    description = TOML.replace('"code"', '"data"').replace('printer = "python"\n', 'escape = "none"\n')
    text = cg.export(FLOPS, "mine", exporters=mine(tmp_path, "{{ document }}", description))
    assert text == str(cg.export(FLOPS, "json")).rstrip("\n")


def test_a_folder_overrides_one_template_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "rust").mkdir()
    (tmp_path / "rust" / "costs.rs.jinja").write_text("fn {{ forms[0].name }}() { {{ forms[0].result }} }")
    assert cg.export(FLOPS, "rust", exporters=tmp_path) == "fn flops() { 12.0*B*S*L*D*(D*(E + 2.0) + S) }"
    assert "def flops" in str(cg.export(FLOPS, "numpy", exporters=tmp_path))


def test_a_template_can_multiply_numbers(tmp_path: Path) -> None:
    assert (
        cg.export(FLOPS, "mine", exporters=mine(tmp_path, "{{ 6 * 7 }} {{ 2 ** 10 }} {{ 2 * 0.5 }}")) == "42 1024 1.0"
    )


def test_other_marks_where_those_of_jinja_are_in_the_way(tmp_path: Path) -> None:
    description = TOML + '[marks]\nblock = "<% %>"\nvariable = "<< >>"\n'
    folder = mine(tmp_path, "<% for f in forms %>{{<< f.name >>}}<% endfor %>", description)
    assert cg.export(FLOPS, "mine", exporters=folder) == "{{flops}}"


DESCRIPTIONS = {  # exporter.toml -> what is said about it
    TOML + "sufix = 'x'\n": "exporter.toml: unknown key 'sufix': did you mean suffix or prefix?",
    TOML.replace("python", "pyton"): "unknown printer 'pyton': did you mean python?",
    TOML.replace('"code"', '"cod"'): "exporter.toml: kind: unknown choice 'cod': did you mean code?",
    TOML.replace('title = "mine"\n', ""): "exporter.toml: title is missing",
    TOML.replace('kind = "code"\n', ""): "exporter.toml: kind is missing",
    TOML.replace('printer = "python"\n', ""): "exporter.toml: printer is missing",
    TOML + "reserved = 'x'\n": "reserved must be a list",
    TOML + "writer = 'xslx'\n": "writer: unknown choice 'xslx': did you mean xlsx?",
    TOML + "symbols_as = ['argz']\n": "symbols_as[1]: unknown choice 'argz': did you mean args?",
    TOML + "cannot = { ceiling = 'no rounding' }\n": "cannot: unknown choice 'ceiling': did you mean ceil",
    TOML + "escape = 'lua'\n": "unknown escape 'lua'",
    TOML + "[marks]\nblock = '<%'\n": "marks are block, variable and comment",
    TOML.replace("mine.jinja", "other.jinja"): "there is no template 'other.jinja' in",
    "title = ": "exporter.toml:1: not valid TOML: Invalid value",
    TOML + "case_sensitive = 1": "case_sensitive must be true or false, not 1",
    TOML + "prefix = nan": "exporter.toml: nan is not a number",
    TOML + "reserved = ['a', 3]": "reserved[2] must be a string in quotes, not 3",
    TOML + "cannot = { ceil = 3 }": "cannot.ceil must be a string in quotes, not 3",
    TOML + f"x = {'[' * 50_000}": "exporter.toml:6: nested more than 16 deep",
}


@pytest.mark.parametrize(("description", "said"), DESCRIPTIONS.items())
def test_a_description_that_is_wrong_is_refused(description: str, said: str, tmp_path: Path) -> None:
    assert said in refused(FLOPS, "mine", exporters=mine(tmp_path, "", description))


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("title = 'secret'")
    folder = tmp_path / "exporters"
    folder.mkdir()
    mine(folder, "{% include 'more.jinja' %}")
    (folder / "shared.jinja").write_text("shared")
    more, description = folder / "mine" / "more.jinja", folder / "mine" / "exporter.toml"
    more.symlink_to(folder / "shared.jinja")  # inside of it, links are as good as files
    assert cg.export(FLOPS, "mine", exporters=folder) == "shared"
    (tmp_path / "link").symlink_to(folder)
    assert cg.export(FLOPS, "mine", exporters=tmp_path / "link") == "shared"
    for target in ("../../secret", str(tmp_path / "secret")):
        more.unlink()
        more.symlink_to(target)
        assert "more.jinja is a link that leads out of" in refused(FLOPS, "mine", exporters=folder)
    description.unlink()
    description.symlink_to(tmp_path / "secret")
    assert "exporter.toml is a link that leads out of" in refused(FLOPS, "mine", exporters=folder)
    (tmp_path / "elsewhere").mkdir()
    (folder / "rust").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "costs.rs.jinja").write_text("secret")
    assert "costs.rs.jinja is a link that leads out of" in refused(FLOPS, "rust", exporters=folder)


def test_a_template_that_is_no_regular_text_file_is_refused(tmp_path: Path) -> None:
    folder = mine(tmp_path, "")
    template = folder / "mine" / "mine.jinja"
    template.write_bytes(b"\n\xff")
    assert "mine.jinja:2: not UTF-8 text" in refused(FLOPS, "mine", exporters=folder)
    template.write_bytes(b" " * 300_000)
    assert "mine.jinja: is larger than 256 KiB" in refused(FLOPS, "mine", exporters=folder)
    template.unlink()
    os.mkfifo(template)
    assert "mine.jinja: is a pipe, not a regular file" in refused(FLOPS, "mine", exporters=folder)
    template.unlink()
    template.symlink_to(template)
    assert "mine.jinja: leads to itself" in refused(FLOPS, "mine", exporters=folder)


def test_the_functions_that_a_target_may_lack_are_those_of_expressions() -> None:
    assert get_args(Function) == FUNCTIONS


TEMPLATES = {  # a template -> what is said about it
    "\n\n{{ forms[0].nme }}": "mine.jinja, line 3: 'dict object' has no attribute 'nme'",
    "\n{% for %}": "mine.jinja, line 2: ",
    "{{ 1 / 0 }}": "mine.jinja, line 1: ZeroDivisionError",
    "{% include 'mine.jinja' %}": "mine.jinja, line 1: RecursionError",
    "{{ forms[0].name.__class__ }}": "mine.jinja, line 1: not allowed in a template",
    "{{ ''['__class__'] }}": "mine.jinja, line 1: not allowed in a template",
    "{{ '' | attr('__class__') }}": "mine.jinja, line 1: not allowed in a template",
    "{{ (forms | map(attribute='__class__') | list)[0].mro }}": "mine.jinja, line 1: not allowed in a template",
    "{{ range.__globals__ }}": "mine.jinja, line 1: not allowed in a template",
    "{{ cycler.__init__.__globals__ }}": "mine.jinja, line 1: not allowed in a template",
    "{{ '{0.__class__}'.format(1) }}": "mine.jinja, line 1: not allowed in a template",
    "{{ '{a.__class__}'.format_map({'a': 1}) }}": "mine.jinja, line 1: not allowed in a template",
    "{{ ('%s' | format(self)).__class__ }}": "mine.jinja, line 1: not allowed in a template",
    "{{ self.__init__.__globals__ }}": "mine.jinja, line 1: not allowed in a template",
    "{{ forms.append(1) }}": "mine.jinja, line 1: not allowed in a template",
    "{{ forms[0].update({'name': 1}) }}": "mine.jinja, line 1: not allowed in a template",
    "{{ range(10 ** 9) | list }}": "mine.jinja, line 1: OverflowError",
    "{{ 'a' * 10 ** 10 }}": "mine.jinja, line 1: not allowed in a template: a repetition of more than 10000",
    "{{ 10001 * [1] }}": "mine.jinja, line 1: not allowed in a template: a repetition of more than 10000",
    "{{ 10 ** (10 ** 10) }}": "mine.jinja, line 1: not allowed in a template: ** of numbers that large",
    "{{ forms | map(foo=1) | list }}": "mine.jinja, line 1: map requires a filter argument",
    "{% block a required %}{% endblock %}": "mine.jinja, line 1: Required block 'a' not found",
    "{{ forms | nope }}": "mine.jinja, line 1: No filter named 'nope'",
    "{% import 'os' as os %}": "there is no template 'os'",
    "{% include '/etc/hostname' %}": "there is no template '/etc/hostname'",
    "{% include '../mine/mine.jinja' %}": "there is no template '../mine/mine.jinja'",
}


@pytest.mark.parametrize(("template", "said"), TEMPLATES.items())
def test_a_template_that_is_wrong_or_reaches_for_python_is_refused(template: str, said: str, tmp_path: Path) -> None:
    assert said in refused(FLOPS, "mine", exporters=mine(tmp_path, template))


WORKBOOKS = {  # what a template says about a workbook -> what is said about it
    "x": "mine: not a JSON document",
    "[]": "mine: the template does not describe a workbook",
    '{"properties": {}, "sheets": [{"name": 3}]}': "mine: the template does not describe a workbook",
    '{"properties": {}, "sheets": [{"name": "[a]", "widths": [], "rows": []}]}': "InvalidWorksheetName",
    '{"properties": NaN}': "mine: not a JSON document: NaN is not a number",
    "{{ '[' * 9999 }}": "mine: not usable as JSON: nested more than 200 deep",
}


@pytest.mark.parametrize(("template", "said"), WORKBOOKS.items())
def test_a_template_that_describes_no_workbook_is_refused(template: str, said: str, tmp_path: Path) -> None:
    assert said in refused(FLOPS, "mine", exporters=mine(tmp_path, template, TOML + "writer = 'xlsx'\n"))


def test_a_template_that_is_no_sql_has_no_dialects(tmp_path: Path) -> None:
    folder = mine(tmp_path, "CREATE TABLE ((('", TOML + "dialects = true\n")
    assert "no SQL that sqlglot can read" in refused(FLOPS, "mine", exporters=folder, dialect="mysql")


# --- what a target cannot express -------------------------------------------------------------------------------------


def test_what_a_target_cannot_express_is_refused_in_its_own_words(tmp_path: Path) -> None:
    B, S = sympy_symbol("B"), sympy_symbol("S")
    root, tiles = {"root": sympy.sqrt(B)}, {"tiles": sympy.ceiling(B / S)}
    assert "the sqrt in root" in refused(root, "python")
    assert "export to numpy, c, javascript or rust" in refused(root, "python")
    folder = mine(tmp_path, "", TOML + '[cannot]\nceil = "there is no rounding"\n')
    assert "mine cannot express the ceil in tiles: there is no rounding" in refused(tiles, "mine", exporters=folder)
    assert "cannot export the power" in refused({"power": B**S}, "c")
    assert "cannot export log" in refused({"log": sympy.log(B)}, "c")
    assert "the float 0.5" in refused({"half": B * sympy.Float(0.5)}, "c")
    assert "does not fit a double" in refused({"big": B * sympy.Integer(10) ** 400}, "c")
    assert cg.export({"big": B * sympy.Integer(10) ** 400}, "python")
    assert "nothing to export" in refused({}, "c")
    assert "a Graph is no form; give a derivation, closed forms or {'name': form}" in refused(cg.decoder(), "c")
    assert "a NoneType is no form" in refused(None, "c")
    assert "a str is no form" in refused("flops", "c")
    assert "the name of a form is text, not 3" in refused({3: B}, "c")
    assert "two forms are called 'flops'" in refused([*FLOPS.values(), *FLOPS.values()], "c")
    assert "has no functions that could take a dataclass" in refused(FLOPS, "sql", symbols_as="dataclass")
    assert "c has no dialects" in refused(FLOPS, "c", dialect="mysql")
    assert "unknown SQL dialect 'mysqll': did you mean mysql" in refused(FLOPS, "sql", dialect="mysqll")


def test_a_formula_that_excel_would_call_damage_is_refused() -> None:
    B, S = sympy_symbol("B"), sympy_symbol("S")
    long = sum((B + i) ** (i % 7 + 2) * (S + i) for i in range(1, 300))
    assert "characters long; Excel takes 8192; export it to another target" in refused({"long": long}, "excel")
    deep: Node = Name("B")
    for _ in range(62):  # inside the IF that checks the sizes
        deep = Call("max", (deep, Sum((Name("S"), Call("floor", (Name("B"),))))))
    assert cg.export({"deep": deep}, "excel")
    assert "65 functions deep; Excel takes 64" in refused({"deep": Call("floor", (deep,))}, "excel")


@pytest.mark.parametrize("target", ["sql", pytest.param("excel", marks=pytest.mark.needs_tool("soffice"))])
def test_names_that_differ_in_case_alone_stay_apart(target: str) -> None:
    upper, lower = sympy.Symbol("S", positive=True), sympy.Symbol("s", positive=True)
    assert toolchains.RUNNERS[target]({"total": 10 * upper + lower}, [{"S": 2, "s": 3}]) == [{"total": 23}]
    assert "'total'" in refused({"Total": upper, "total": lower}, target)
    assert cg.export({"Total": upper, "total": lower}, "numpy")


UNFIT = {  # arguments of export -> what is said
    "numpy --notation megatron": "--notation has no meaning for numpy, a module of functions; leave it out",
    "json --symbols-as dataclass": "--symbols-as has no meaning for json, the forms themselves; leave it out",
    "html --measures flops": "--measures has no meaning for html, the cheat sheet of an op set; leave it out",
    "c --from x.json --op-set decoder": "--op-set has no meaning with --from",
    "c --from missing.json": "missing.json",
    "": "name a target: c, excel,",
}


@pytest.mark.parametrize(("arguments", "said"), UNFIT.items())
def test_options_that_would_be_ignored_are_refused(arguments: str, said: str) -> None:
    done = costgraph("export", *arguments.split())
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert said in done.stderr
