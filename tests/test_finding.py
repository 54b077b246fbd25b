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
    ("words", "first", "later"),
    [
        ("MoE", "megatron-code-routed", "deepseek-moe-llama2-7b"),
        ("deepseek v3", "deepseek-v3-readme-total", "megatron-code-routed"),
        ("lora memory", "hf-single-gpu-lora", "megatron-code-mla-query"),
        ("gradient accumulation", "ml-engineering-accumulation-zero1", "megatron-sc21-in-flight"),
        ("critical batch", "kaplan-2020-eq5.4", "scaling-book-critical"),
        ("block size", "vllm-blog-block", "megatron-code-mtp-logits"),
    ],
)
def test_what_an_entry_is_about_comes_before_what_its_source_or_place_has(words: str, first: str, later: str) -> None:
    order = [one.id for one in found(words=words.split())]
    assert order.index(first) < order.index(later)


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


@pytest.mark.parametrize(
    ("name", "has", "number"),
    [
        ("PaLM", "palm-2022-mfu", 14),
        ("chinchilla", "hoffmann-2022-qkv", 16),
        ("Megatron", "shoeybi-2019-tab1.1", 70),
        ("moonlight", "moonlight-dsv2-lite-total", 2),
        ("internlm", "internevo-plain", 8),
        ("mt-nlg", "palm-2022-mtnlg", 5),
        ("Kimi K2", "glm-4-5-2025-kimi", 3),
        ("apertus", "apertus-2025-70b", 2),
        ("octocoder", "transformers-docs-cache", 4),
        ("mpt", "llm-foundry-params-7b", 10),
        ("nemotron-h", "nemo-hybrid-mlp", 1),
        ("clip", "nemo-clip", 1),
    ],
)
def test_a_model_that_sources_speak_about_is_found_though_no_sizes_come_with_it(
    name: str, has: str, number: int
) -> None:
    about = ids(models=[name])
    assert has in about
    assert len(about) >= number


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("meta-llama/Llama-3.1-8B", "llama-3.1-8b"),
        ("Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("meta-llama/Meta-Llama-3-8B", "llama-3-8b"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral-8x7b"),
        ("deepseek-ai/DeepSeek-V3-Base", "deepseek-v3"),
    ],
)
def test_a_name_of_the_hub_is_that_of_its_model(name: str, of: str) -> None:
    assert ids(models=[name]) == ids(models=[of]) != set()


def test_a_title_that_names_another_model_is_not_about_that_of_its_source() -> None:
    assert "glm-4-5-2025-kimi" not in ids(models=["glm-4.5"])


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


SPELLINGS = [
    ("8-bit", "8bit", "8 bit", "int8", "8 bits"),
    ("4-bit", "4bit", "int4"),
    ("sliding window", "sliding-window", "SWA", "local attention"),
    ("window", "windowed", "windows"),
    ("GQA", "grouped query attention", "grouped-query attention"),
    ("EP", "expert parallel", "expert parallelism", "expert-parallel"),
    ("CP", "context parallel", "Context Parallelism"),
    ("MFU", "model FLOPs utilization"),
    ("quantization", "quantized"),
    ("MoE", "mixture of experts", "Mixture-of-Experts"),
    ("SP", "sequence parallel", "sequence parallelism", "Sequence-Parallelism"),
    ("MHA", "multi-head attention"),
    ("rotary", "RoPE"),
    ("all-to-all", "alltoall", "all to all"),
    ("PagedAttention", "paged attention"),
    ("FlashAttention-3", "flash attention 3", "FlashAttention 3"),
    ("ZeRO-3", "zero 3", "zero3"),
    ("arithmetic intensity", "operational intensity"),
]


@pytest.mark.parametrize("spellings", SPELLINGS, ids=lambda one: one[0])
def test_spellings_of_one_thing_find_the_same(spellings: tuple[str, ...]) -> None:
    each = [ids(words=words) for one in spellings for words in ([one], one.split())]
    assert all(found_so == each[0] for found_so in each)
    assert each[0]


@pytest.mark.parametrize(
    ("word", "has", "has_not"),
    [
        ("8-bit", "bitsandbytes-75", "001-2.7"),
        ("4-bit", "qlora-2023-double", "bitsandbytes-75"),
        ("sliding window", "mistral-2023-window", "001-2.7"),
        ("expert parallelism", "maxtext-docs-ep-compute", "001-2.7"),
        ("context parallelism", "maxtext-docs-cp-ratio", "001-2.7"),
        ("SWA", "mistral-2023-window", "gpipe-2019-swap"),
        ("6*N", "brown-2020-flops", "001-fixed-fp32"),
        ("6ND", "brown-2020-flops", "megatron-docs-fp32"),
        ("2405.04434", "deepseek-v2-mla", "001-2.7"),
    ],
)
def test_what_a_spelling_finds(word: str, has: str, has_not: str) -> None:
    about = ids(words=[word])
    assert any(one.startswith(has) for one in about)
    assert has_not not in about


@pytest.mark.parametrize(
    ("topic", "has"),
    [
        ("mfu", "palm-2022-mfu"),
        ("speculative", "leviathan-2022-step"),
        ("quantization", "qlora-2023-double"),
        ("window", "nemo-window"),
        ("offload", "deepspeed-zero3-offload"),
        ("context parallel", "ring-attention-2023-block"),
        ("expert parallelism", "maxtext-docs-ep-compute"),
        ("PagedAttention", "vllm-2023-token"),
        ("chunked prefill", "sarathi-2023-reread"),
        ("8-bit", "bitsandbytes-75"),
        ("muon", "deepspeed-muon"),
        ("serving", "leviathan-2022-step"),
        ("serving", "sarathi-2023-reread"),
        ("inference", "vllm-blog-block-llama-3.1-8b-new"),
        ("prefix caching", "mooncake-qwen3-8b"),
        ("disaggregation", "mooncake-qwen3-8b"),
    ],
)
def test_a_topic_may_be_what_titles_speak_about(topic: str, has: str) -> None:
    about = ids(topics=[topic])
    assert has in about
    assert len(about) < len(library()) / 4


@pytest.mark.parametrize("text", ["2405.04434", "https://arxiv.org/abs/2405.04434v5", "arXiv:2405.04434"])
def test_a_source_is_found_by_its_number(text: str) -> None:
    assert {one.source for one in found(source=text)} == {"deepseek-v2"}


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
        ({"models": ["attention"]}, "unknown model 'attention'"),
        ({"models": ["MFU"]}, "unknown model 'MFU'"),
        ({"models": ["gopher"]}, "unknown model 'gopher': no entry is about such a model"),
        ({"topics": [" "]}, "unknown topic"),
        ({"symbols": ["N_e"]}, "unknown symbol 'N_e': did you mean"),
        ({"symbols": ["λ"]}, "did you mean lambda"),
        ({"words": ["", " "]}, "type words"),
    ],
)
def test_what_cannot_be_found_is_refused_with_what_there_is(asked: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=says):
        found(**asked)  # type: ignore[arg-type]


def test_what_is_refused_names_no_option_that_searching_has_not() -> None:
    for asked in ({"models": ["memory"]}, {"models": ["h100"]}, {"topics": ["blockchain"]}, {"source": "zzz"}):
        with pytest.raises(UserError) as error:
            found(**asked)
        assert "write --" not in str(error.value)


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
