"""Templates of a user's: whatever they try to make too much of is refused before it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

import costgraph as cg
from costgraph.errors import UserError
from costgraph.exporting import sandbox
from costgraph.exporting.growth import GROWTH, METHOD_GROWTH

FORMS = cg.derive("params").forms
TOML = 'title = "mine"\nkind = "code"\nprinter = "python"\nsuffix = ".txt"\ntemplate = "mine.jinja"\n'


def filled(template: str, folder: Path) -> str:
    """The text of a target with this template."""
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine" / "exporter.toml").write_text(TOML)
    (folder / "mine" / "mine.jinja").write_text(template)
    return str(cg.export(FORMS, "mine", exporters=folder))


WORKS = {  # ordinary templates -> what they give
    "{{ 'a' | center(5) }}|{{ '%5d|%s' % (1, 'x') }}": "  a  |    1|x",
    "{{ '%03d' | format(7) }} {{ '{:>4}{}'.format(1, 2) }}": "007    12",
    "{{ 'a b' | replace(' ', '-') }} {{ ['a', 'b'] | join(', ') }} {{ ', '.join(['a', 'b']) }}": "a-b a, b a, b",
    "{% set ns = namespace(n=0) %}{% for i in range(10) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}": "45",
    "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice('ab') }}": "abab",
    "{% macro count(ns) %}{{ ns.n }}{% endmacro %}{{ count(namespace(n=3)) }}": "3",
    "{% for a, b in {'x': 1}.items() %}{{ a ~ b ~ loop.last }}{% endfor %}": "x1True",
    "{% for i in [1, 2, 3] if i != 2 %}{{ i }}{% endfor %}": "13",
    "{% for i in [1, [2, [3]]] recursive %}{{ loop(i) if i is iterable else i }}{% endfor %}": "123",
    "{{ range(5) | batch(2) | list }}{{ range(3) | map('string') | join }}": "[[0, 1], [2, 3], [4]]012",
    "{{ forms | map(attribute='name') | first }} {{ [1, 2] + [3] }} {{ 'a' * 3 }}": "params [1, 2, 3] aaa",
    "{{ 'one two' | wordwrap(3) }} {{ 'abc'[1:] }} {{ 'b' in 'abc' }}": "one\ntwo bc True",
    "{{ 'x\ny' | indent(2) }} {{ [1, 2] | sum }} {{ '7' | int + 1 }}": "x\n  y 3 8",
    "{% filter upper %}a{% endfilter %}{% set b %}c{% endset %}{{ b }}": "Ac",
    "{% block a %}x{% endblock %}{{ self.a() }}": "xx",
}


@pytest.mark.parametrize("template", WORKS)
def test_an_ordinary_template_is_filled_in(template: str, tmp_path: Path) -> None:
    assert filled(template, tmp_path) == WORKS[template]


TIMES = "{% for i in range(100000) %}"
SHARED = "{% set ns = namespace(a=[1]) %}{% for i in range(60) %}"  # a list of itself, twice, and again
LONG = "{% set long = ('a' * 10000) | replace('a', 'a' * 10) %}"
TOO_MUCH = [
    "{{ 'a' | center(4000000000) }}",
    "{{ 'a'.center(4000000000) }}",
    "{{ 'a'.ljust(10 ** 18) }}{{ 'a'.zfill(10 ** 18) }}",
    "{{ '\t'.expandtabs(4000000000) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' % (1000000000, 1) }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '%(a)1000000000d' % {'a': 1} }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:{w}}'.format(1, w=1000000000) }}",
    "{{ '{a:1000000000}'.format_map({'a': 1}) }}",
    "{{ 'a' | indent(4000000000, true) }}",
    "{{ ('a\n' * 5000) | indent('b' * 10000) }}",
    "{{ [] | slice(4000000000) | list }}",
    "{{ [1] | batch(4000000000, 'x') | list }}",
    "{{ [1] | batch(4000000000, fill_with='x') | list }}",
    "{{ ['a' * 10000] | map('replace', 'a', 'b' * 10000) | list }}",
    "{{ ('a' * 10000) | replace('', 'b' * 10000) }}",
    "{{ ('a' * 10000).replace('a', 'b' * 10000) }}",
    "{{ range(10000) | join('b' * 10000) }}",
    "{{ ('b' * 10000).join(['a'] * 10000) }}",
    "{{ (['a' * 10000] * 10000) | join }}",
    "{{ ('a ' * 5000) | wordwrap(1, wrapstring='b' * 10000) }}",
    LONG + "{{ long | wordwrap(1) }}",
    LONG + "{{ long | int }}",
    LONG + TIMES + "{{ long }}{% endfor %}",
    LONG + TIMES + "{% set x = long[1:] %}{% endfor %}",
    LONG + TIMES + "{% if long == long ~ 'a' %}{% endif %}{% endfor %}",
    LONG + TIMES + "{% if 'b' in long %}{% endif %}{% endfor %}",
    LONG + TIMES + "{% if long is eq(long) %}{% endif %}{% endfor %}",
    LONG + TIMES + "{% set x = long | upper %}{% endfor %}",
    LONG + TIMES + "{% set x = long.upper() %}{% endfor %}",
    LONG + TIMES + "{% set x = long + 'b' %}{% endfor %}",
    "{{ {'a': 1} | tojson(indent=4000000000) }}",
    "{{ nothing | tojson(indent=4000000000) }}",
    "{{ ([[1] * 9999] * 9999) | sum(start=[]) }}",
    "{% set ns = namespace(a='a') %}{% for i in range(99) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}",
    "{% set ns = namespace(a='a') %}{% for i in range(99) %}{% set ns.a = ns.a + ns.a %}{% endfor %}",
    "{% set ns = namespace(a='a') %}{% for i in range(99) %}{% set ns.a = [ns.a, ns.a] | join %}{% endfor %}",
    "{% set ns = namespace(a='a') %}{% for i in range(99) %}{% set ns.a = '%s%s' % (ns.a, ns.a) %}{% endfor %}",
    "{% set ns = namespace(a='a') %}{% for i in range(99) %}{% set ns.a %}{{ ns.a }}{{ ns.a }}{% endset %}{% endfor %}",
    "{% set ns = namespace(a=[1]) %}{% for i in range(99) %}{% set ns.a = ns.a * 9 %}{% endfor %}",
    "{% set ns = namespace(a=7) %}{% for i in range(99) %}{% set ns.a = ns.a ** 9 %}{% endfor %}",
    "{% set ns = namespace(a=7) %}{% for i in range(99999) %}{% set ns.a = ns.a + ns.a %}{% endfor %}",
    SHARED + "{% set ns.a = [ns.a, ns.a] %}{% endfor %}{{ ns.a }}",
    SHARED + "{% set ns.a = (ns.a, ns.a) %}{% endfor %}{{ ns.a == ns.a }}",
    SHARED + "{% set ns.a = {1: ns.a, 2: ns.a} %}{% endfor %}{{ ns.a | string }}",
    SHARED + "{% set ns.a = [ns.a] * 2 %}{% endfor %}{{ ns.a }}",
    SHARED + "{% set ns.a = dict(a=ns.a, b=ns.a) %}{% endfor %}{{ ns.a }}",
    "{% set ns = namespace(a=1) %}{% for i in range(60) %}{% set ns = [ns, ns] %}{% endfor %}{{ [ns] }}",
    TIMES + TIMES + "{% endfor %}{% endfor %}",
    TIMES + TIMES + "a{% endfor %}{% endfor %}",
    TIMES + f"{'a' * 9999}{{% endfor %}}",
    "{% for i in range(100000) if range(100000) | list %}{% endfor %}",
    "{% for i in range(100000) if i < 0 %}{% endfor %}" * 20,
    "{% for i in range(99999) recursive %}{{ loop(range(99999)) }}{% endfor %}",
    TIMES + "{{ range(100000) | list | length }}{% endfor %}",
    "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
    "{% macro m(n) %}" + "a" * 9999 + "{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(50) }}",
    "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}"
    + "{% call m() %}" * 15
    + "a" * 9999
    + "{% endcall %}" * 15,
    "{% include 'mine.jinja' %}{% include 'mine.jinja' %}",
    "{% import 'mine.jinja' as a %}{% import 'mine.jinja' as b %}",
    "{% block a %}{{ self.a() }}{{ self.a() }}{% endblock %}",
    TIMES + "{% include 'mine.jinja' ignore missing %}{% endfor %}",
    "{{ (1).to_bytes(4000000000) }}",
    "{{ 'a'.encode().center(4000000000) }}",
    "{{ 'a'.translate({97: 'b' * 10000}) }}",
    "{{ 'a' | urlize }}{{ 'a' | striptags }}",
    "{{ cycler('a' * 10000, 'b').__class__ }}",
    "{{ namespace(a=namespace()) | string }}{{ namespace() }}",
    "{{ " + "(" * 50_000,
    "{% for a in b %}" * 30 + "{% endfor %}" * 30,
    "{% if a %}" * 500 + "{% endif %}" * 500,
    "{{ " + "-" * 50_000 + "1 }}",
    "{{ " + "9" * 100_000 + " }}",
    "{{ " + "[" * 5000 + "]" * 5000 + " }}",
]


@pytest.mark.parametrize("template", TOO_MUCH, ids=lambda template: template[:60])
def test_what_would_take_too_much_is_refused_before_it_is_made(
    template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "WORK", 2_000_000)  # a tenth of the time
    with pytest.raises(UserError) as refused:
        filled(template, tmp_path)
    assert "mine.jinja" in str(refused.value)


def test_what_is_said_to_grow_exists() -> None:
    filters = sandbox.Sandbox().filters
    assert {name for name in GROWTH if name not in filters} <= set(dir(str))
    assert all(hasattr(str, name) for name in METHOD_GROWTH if name not in filters)
