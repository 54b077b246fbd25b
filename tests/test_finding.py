"""Entries are found by words, topic, model, source and symbol, and each shows how it is derived."""

from __future__ import annotations

import json
import shlex
from fnmatch import fnmatchcase

import pytest
from command_line import costgraph

from costgraph.errors import UserError
from costgraph.library.entries.finding import found, known_model, topics_of, why_none
from costgraph.library.entries.reading import library, named
from costgraph.reports.entry_derivation import asked_for, derivation_json


def ids(**asked: object) -> set[str]:
    """The ids of what is found."""
    return {one.id for one in found(**asked)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("topic", "has", "has_not"),
    [
        ("cache", "deepseek-v2-gqa", "001-2.7"),
        ("KV cache", "deepseek-v2-gqa", "001-2.7"),
        ("activations", "001-2.7", "deepseek-v2-gqa"),
        ("tp", "001-2.14", "001-2.7"),
        ("tensor", "001-2.14", "001-2.7"),
        ("zero", "zero-2020-posgp-volume", "001-2.7"),
        ("fsdp", "zero-2020-posgp-volume", "zero-2020-dp-volume"),
        ("checkpointing", "korthikanti-2022-tab2-full", "001-2.7"),
        ("gqa", "deepseek-v2-gqa", "001-2.7"),
        ("hardware", "001-h-a100-80-bw", "001-2.7"),
        ("errata", "001-D.1", "001-2.7"),
    ],
)
def test_an_entry_is_about_what_is_derived_for_it(topic: str, has: str, has_not: str) -> None:
    named_so = ids(topics=[topic])
    assert any(fnmatchcase(one, f"{has}*") for one in named_so)
    assert has_not not in named_so


def test_the_letters_of_costgraph_and_of_the_source_find_an_entry() -> None:
    assert "deepseek-v2-gqa" in ids(symbols=["G"]) & ids(symbols=["n_g"])
    assert "001-2.7" not in ids(symbols=["G"])


def test_a_model_is_found_however_its_name_is_written() -> None:
    assert ids(models=["llama-3-70b"]) == ids(models=["LLaMA 3-70B"])
    assert "scaling-book-160kb" in ids(models=["llama-3-70b"])


@pytest.mark.parametrize(
    ("family", "of", "not_of"),
    [
        ("opt", "opt-175b", "optimizer"),
        ("llama", "llama-3-70b", "mistral-7b"),
        ("t5", "t5-3b", "t5x"),
        ("LLaMA 3", "llama-3-8b", "llama-30b"),
        ("qwen3", "qwen3-235b-a22b", "qwen2.5-7b"),
    ],
)
def test_a_family_is_a_whole_word_that_names_of_models_begin_with(family: str, of: str, not_of: str) -> None:
    pattern = known_model(family)
    assert pattern.search(of)
    assert not pattern.search(not_of)


def test_all_that_is_asked_for_holds() -> None:
    both = ids(words=["sequence"], topics=["communication"])
    assert both == ids(words=["sequence"]) & ids(topics=["communication"])
    assert {one.source for one in found(source="zero-2020")} == {"zero-2020"}


def test_a_source_is_found_by_part_of_its_key_or_title() -> None:
    assert {one.source for one in found(source="kaplan-2020")} == {"kaplan-2020"}
    assert {one.source for one in found(source="Chinchilla")} == {"hoffmann-2022"}
    both = {"flashattention2-2023", "flashattention3-2024"}
    assert both < {one.source for one in found(source="flash attention")}


@pytest.mark.parametrize(
    ("words", "id_"),
    [
        (["ring attention"], "ring-attention-2023-flops"),
        (["kv cache of gqa"], "nanochat-cache"),  # no entry has the phrase, and this one all of its words
        (["flash-attention-3"], "flashattention3-2024-forward"),
        (["kvcache", "LLaMA"], "scaling-book-160kb"),
        (["NVL72"], "deepseek-insights-2025-exchange-nvl72"),  # stands where a number is from
    ],
)
def test_words_are_found_as_people_write_them(words: list[str], id_: str) -> None:
    assert id_ in ids(words=words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pipline", "bubble"], "no entry has 'pipline': did you mean pipeline"),
        (["blockchain"], "no entry has 'blockchain'"),
        (["bubble", "qlora"], "no entry has all of that: 'bubble' in "),
    ],
)
def test_a_word_that_no_entry_has_is_named_with_the_nearest(words: list[str], says: str) -> None:
    assert ids(words=words) == set()
    assert why_none(words).startswith(says)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "--topic"),
        ({"topics": ["comunication"]}, "did you mean communication"),
        ({"source": "chinchila"}, "unknown source 'chinchila': did you mean chinchilla"),
        ({"source": "kaplan-2021"}, "did you mean kaplan-2020"),
        ({"models": ["foo"]}, "unknown model 'foo'"),
        ({"models": ["fig"]}, "unknown model 'fig'"),
        ({"models": ["ring"]}, "unknown model 'ring'"),
        ({"models": ["t"]}, "unknown model 't'"),
        ({"models": [""]}, "unknown model ''"),
        ({"models": ["lama-3-8b"]}, "did you mean llama-3-8b"),
    ],
)
def test_what_cannot_be_found_is_refused_with_what_there_is(asked: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says):
        found(**asked)  # type: ignore[arg-type]


def test_nearly_every_entry_that_is_derived_is_about_something() -> None:
    derived = [one for one in library() if one.derive or one.let]
    assert all(topics_of(one) for one in derived)


# --- derivations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "id_", ["001-2.7", "deepseek-v2-gqa", "zero-2020-dp-volume", "001-2.14.a", "megatron-sc21-layer-forward"]
)
def test_the_command_that_is_shown_gives_the_form_that_is_shown(id_: str) -> None:
    for entry in named(id_.removesuffix(".a")):
        for one in derivation_json(entry):
            run = costgraph(*shlex.split(one["command"])[1:], "--json")
            (measure,) = json.loads(run.stdout)["measures"].values()
            if "--ops" not in one["command"]:
                assert measure["limited"] == one["expr"]


def test_show_has_the_terms_and_where_they_come_from() -> None:
    shown = costgraph("formulas", "show", "001-2.7").stdout
    assert "costgraph derive activations --explain" in shown
    assert "attn.softmax      BS²LAp" in shown


def test_what_an_entry_starts_from_is_shown_with_who_says_so() -> None:
    shown = costgraph("formulas", "show", "001-n-B200").stdout
    assert "  rate = 312*TFLOP/second (Table C.1, A100-80)\n" in shown
    assert "  at p=2,D=12288,E=4,L=1\n  derived = rate/bandwidth/(work/weights)\n" in shown
    shown = costgraph("formulas", "show", "002-h-a10-tf32").stdout
    assert "derivation\n  rate = 62.5 TFLOP/s (a10 peak.tf32)\n  derived = rate\n" in shown
    (entry,) = json.loads(costgraph("formulas", "show", "002-h-a10-tf32", "--json").stdout)["entries"]
    assert entry["given"] == [{"name": "rate", "value": "62.5 TFLOP/s", "from": "a10 peak.tf32"}]


def test_the_version_that_was_read_is_shown() -> None:
    shown = costgraph("formulas", "show", "zero-2020-posgp-share").stdout
    assert "and others, 2020, v3)\n" in shown
    assert "\nversion  v3 of May 2020, with which every entry was compared" in shown
    assert "\nversion " not in costgraph("formulas", "show", "zero-bubble-2023-forward").stdout


def test_what_was_judged_has_a_derivation() -> None:
    otherwise = ("aside", "unverified", "argument", "indexed", "claim")  # which say why, or are judged by other means
    told = [one for one in library() if not any(getattr(one, name) for name in otherwise)]
    assert [one.id for one in told if not (asked_for(one) or one.derived)] == []
