"""What is typed in the wrong place, or in another's words, is answered with what to type instead."""

from __future__ import annotations

import pytest
from command_line import costgraph

WRONG: list[tuple[list[str], str]] = [
    # a name of another kind
    (["derive", "flops", "--phase", "generate"], "or ask `costgraph estimate --phase generate`"),
    (["derive", "flops", "llama-3-8b"], "unknown measure 'llama-3-8b': it is a model; write --model llama-3-8b"),
    (["derive", "llama-3-8b"], "it is a model; write --model llama-3-8b"),
    (["derive", "flops", "h100"], "it is a machine; write costgraph estimate MODEL h100-pcie or h100-sxm"),
    (["derive", "flops", "decoder"], "it is an op set; write --op-set decoder"),
    (["derive", "flops", "decode"], "it is a phase; write --phase decode"),
    (["derive", "flops", "--model", "h100-sxm"], "it is a machine; write costgraph estimate MODEL h100-sxm"),
    (["solve", "S <= 4", "--for", "S", "--model", "a10"], "it is a machine; write --hardware a10"),
    (["search", "--model", "a10", "--cluster", "a10:1x1"], "it is a machine; write --cluster a10"),
    (["derive", "flops", "--convention", "mfu"], "it is a measure; write costgraph derive mfu"),
    (["derive", "flops", "--op-set", "llama-3-8b"], "unknown op set 'llama-3-8b': it is a model; write"),
    (["derive", "flops", "--phase", "flash_attention"], "it is a pass; write --pass flash_attention"),
    (["derive", "flops", "S=4096"], "'S=4096' is no measure; a size is put in with --limit S=4096"),
    (["derive", "flops", "--mesh", "tensor(T) data(4)"], "write a comma between them"),
    (["derive", "flops", "--limit", "S=4kB"], "kB is a unit, and S a number"),
    (["derive", "flops", "--limit", "S=4kB"], "a number; write S=4k"),
    (["derive", "flops", "--limit", "S=4GiB"], "a number; write S=4Gi"),
    (["derive", "latency"], "write step_time, ttft for the first token, or tpot"),
    (["derive", "kv"], "write cache"),
    (["derive", "flops", "--per", "batch"], "write nothing: an answer is of a step"),
    # a name and its value as other tools have them
    (["derive", "flops", "--mesh", "tp:4"], "axis 'tp:4': write tensor(4)"),
    (["derive", "flops", "--mesh", "tp=4"], "axis 'tp=4': write tensor(4)"),
    (["derive", "flops", "--mesh", "tp-4"], "axis 'tp-4': write tensor(4)"),
    (["derive", "flops", "--mesh", "tp 4"], "axis 'tp 4': write tensor(4)"),
    (["derive", "flops", "--mesh", "8x4x2"], "axis '8x4x2': write data(8), tensor(4), pipeline(2)"),
    (["derive", "flops", "--mesh", "zero(3)"], "write --mesh 'data(N_d, zero=3)'"),
    (["derive", "flops", "--mesh", "zero=1"], "write --mesh 'data(N_d, zero=1)'"),
    (["derive", "flops", "--mesh", "fsdp=8"], "write --mesh 'data(8, zero=3)'"),
    (["derive", "flops", "--mesh", "ring(4)"], "write --mesh 'context(4)'"),
    (["derive", "flops", "--mesh", "moe=8"], "axis 'moe=8': write experts(8)"),
    (["derive", "flops", "--mesh", "pipeline(4, 1f1b)"], "a choice of schedule; write schedule='1f1b'"),
    (["derive", "flops", "--mesh", "tensor(size=4)"], "write the degree alone, as in tensor(4)"),
    (["derive", "flops", "--mesh", "data(8, stage=3)"], "unknown option of data 'stage': write zero=3"),
    (["derive", "flops", "--pass", "zero_1"], "write --mesh 'data(N_d, zero=1)'"),
    (["derive", "flops", "--pass", "tp4"], "pass 'tp4': write tensor_parallel(4)"),
    (["derive", "flops", "--pass", "tp=4"], "pass 'tp=4': write tensor_parallel(4)"),
    (["derive", "flops", "--pass", "pp=4"], "unknown pass 'pp=4': write --mesh 'pipeline(4)'"),
    (["derive", "flops", "--pass", "recompute=full"], "write recompute(full)"),
    (["derive", "flops", "--pass", "flash2"], "pass 'flash2': write flash_attention"),
    (["derive", "flops", "--pass", "cache"], "write --phase decode, which reads one"),
    (["derive", "flops", "--pass", "offload"], "write --precision 'weights=2,gradients=2'"),
    (["derive", "flops", "--pass", "lora(r=8)"], "write rank=16, or the number alone"),
    (["derive", "flops", "--op-set", "decoder(gqa=8)"], "unknown option of decoder 'gqa': write kv_heads=8"),
    (["derive", "flops", "--op-set", "decoder(heads=8)"], "write --limit A=..."),
    (["derive", "flops", "--op-set", "llama"], "write --model, with one of `costgraph list models`"),
    (["derive", "flops", "--convention", "exact2"], "convention 'exact2': write exact"),
    # limits, values and regimes in each other's place
    (["derive", "flops", "--when", "S->oo"], "a limit is put in with --limit 'S->oo'"),
    (["derive", "flops", "--when", "S=4096"], "a value is put in with --limit S=4096"),
    (["derive", "flops", "--when", "S < D"], "write S << D if much less, or S <= D"),
    (["derive", "flops", "--limit", "S<<D"], "a regime is asked for with --when 'S<<D'"),
    (["derive", "flops", "--limit", "S<=D"], "a regime is asked for with --when 'S<=D'"),
    (["derive", "flops", "--limit", "S:4096"], "'S:4096': write S=4096"),
    (["derive", "flops", "--limit", "tokens=2T"], "write B and S, of which it is the product"),
    # options of other tools
    (["derive", "flops", "--hardware", "h100"], "write costgraph estimate MODEL MACHINE"),
    (["derive", "flops", "--tensor-model-parallel-size", "4"], "write --mesh 'tensor(T)'"),
    (["derive", "flops", "--num-layers", "4"], "write --limit L=..."),
    (["derive", "flops", "--num-experts", "4"], "write --limit N_r=..., of a model that has it"),
    (["derive", "flops", "--micro-batch-size", "4"], "write --limit B=...; micro_batch_size is B on one device"),
    (["derive", "flops", "--max-model-len", "4"], "write --limit S=..."),
    (["derive", "flops", "--use-flash-attn"], "write --attention flash"),
    (["derive", "flops", "--use-distributed-optimizer"], "write --mesh 'data(N_d, zero=1)'"),
    (["derive", "flops", "--recompute-granularity", "full"], "write --pass 'recompute(selective)' or"),
    (["derive", "flops", "--lora-rank", "8"], "write --pass 'lora(16)'"),
    (["derive", "flops", "--decode"], "No such option: --decode; write --phase decode"),
    (["derive", "flops", "--passes", "flash"], "No such option: --passes; write --pass"),
    (["derive", "flops", "--out", "x.json"], "write -o FILE"),
    (["derive", "flops", "-v"], "No such option: -v; write --explain"),
    (["derive", "flops_per_token"], "write flops, with --per token"),
    # an argument too many, or too few
    (["estimate", "h100-sxm", "llama-3-8b"], "the model stands first: costgraph estimate llama-3-8b h100-sxm"),
    (["estimate", "llama-3-8b", "h100-sxm", "B=1", "S=4k"], "takes a model and a machine; write --limit B=1; write"),
    (["estimate", "llama-3-8b", "batch_size=1"], "takes a model and a machine; write --limit batch_size=1"),
    (["estimate", "llama-3-8b", "h100-sxm", "decode"], "decode is a phase: write --phase decode"),
    (["estimate", "llama-3-8b", "h100-sxm", "soon"], "takes a model and a machine; what is soon?"),
    (["estimate", "llama-3-8b", "--model", "gpt2"], "the model is given twice: llama-3-8b, and --model gpt2"),
    (["estimate", "llama-3-8b", "a10", "--hardware", "t4"], "the machine is given twice: a10, and t4"),
    (["estimate", "llama-3-8b", "h100"], "unknown hardware 'h100': which of h100-pcie, h100-sxm?"),
    (["search", "llama-3-8b", "h100-sxm:8x1", "S=4k"], "takes a model and a machine; write --limit S=4k"),
    (["sweep", "llama-3-8b", "S=1k", "flops"], "write --limit S=1k; flops is a measure: write --measure"),
    (["graph", "llama-3-8b", "h100-sxm"], "costgraph graph takes a model; h100-sxm is a machine"),
    (["compare", "llama-3-8b", "gpt2", "flops"], "flops is a measure: write --measure flops"),
    (["export", "python", "llama-3-8b"], "llama-3-8b is a model: write --model llama-3-8b"),
    (["fits", "llama-3-8b"], "Missing argument 'MACHINE_OR_CLUSTER'; as in: costgraph fits llama-3-8b rtx-4090"),
    (["fits", "h100-sxm", "llama-3-8b"], "the model stands first: costgraph fits llama-3-8b h100-sxm"),
    (["fits", "llama-3-8b", "--hardware", "h100-sxm"], "--hardware; write costgraph fits MODEL MACHINE"),
    (["solve", "params <= 7B"], "Missing option '--for'; as in: costgraph solve"),
    (["solve", "params <= 7B", "--for"], "requires an argument"),
    (["compare", "llama-3-8b"], "as in: costgraph compare"),
    (["audit"], "as in: costgraph audit mfu.py"),
    (["completion"], "as in: costgraph completion bash"),
    # options and targets
    (["cheatsheet", "--format", "html"], "--format; write -o FILE.html: the suffix says what is written"),
    (["cheatsheet", "--html"], "write -o FILE.html"),
    (["cheatsheet", "--markdown"], "write -o FILE.md"),
    (["derive", "flops", "--S", "4096"], "No such option: --S; write --limit S=..."),
    (["export", "csv"], "unknown target 'csv': write excel, or make a table with `costgraph sweep -o FILE.csv`"),
    (["export", "pyhton"], "did you mean python?"),
    # commands
    (["train"], "No such command 'train': write costgraph estimate --phase train"),
    (["inference"], "write costgraph estimate --phase generate"),
    (["models"], "write costgraph list models"),
    (["help"], "write costgraph --help"),
    (["flops"], "write costgraph derive flops"),
    (["llama-3-8b"], "write costgraph estimate --model llama-3-8b"),
    (["h100-sxm"], "write costgraph estimate --hardware h100-sxm"),
    (["roofline"], "write costgraph estimate --plot FILE"),
    (["deriv"], "Did you mean 'derive'?"),
    # formulas of one's own
    (["check", "6ND"], "'6ND' is no entry; check a formula of your own with --formula '6ND'"),
    (["check", "12*L*D**2", "--measure", "params"], "check a formula of your own with --formula '12*L*D**2'"),
    (["check", "--formula", "6ND"], "--measure flops, for instance"),
    (["check", "--formula", "6ND", "--measure", "flops"], "in 'ND': unknown symbol 'N'"),
    (["check", "--formula", "6ND", "--measure", "flops"], "it reads with --notation kaplan or"),
    (["check", "--formula", "C = 6ND", "--measure", "flops"], "an equation; check one side: '6ND', which C is to be"),
    (["check", "--formula", "flops == 6*B", "--measure", "flops"], "is an equation; check one side: '6*B'"),
    (["check", "--formula", "34BSLD+5BLs^2A", "--measure", "flops"], "'BLs': unknown symbol 's': did you mean S?"),
    (["check", "--formula", "sbh(34+5as/h)", "--measure", "activations"], "it reads with --notation megatron"),
    (["check", "--formula", "12*l*h**2", "--measure", "params"], "or say what it means: --let 'l=...'"),
    (["check", "--formula", "6*B", "llama-3-8b", "--measure", "flops"], "llama-3-8b is a model: write --model"),
    (["check", "--formula", "foo(B)", "--measure", "flops"], "unknown symbol 'foo'"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "says"), WRONG, ids=[" ".join(command) for command, _ in WRONG])
def test_what_is_wrong_is_answered_with_what_to_type(command: list[str], says: str) -> None:
    run = costgraph(*command)
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert says in run.stderr


@pytest.mark.parametrize(
    ("target", "same"),
    [("js", "javascript"), ("ts", "typescript"), ("py", "python"), ("rs", "rust"), ("np", "numpy")],
)
def test_a_target_is_named_by_its_suffix_too(target: str, same: str) -> None:
    told = [costgraph("export", one, "--measures", "params") for one in (target, same)]
    assert told[0].returncode == 0
    assert told[0].stdout == told[1].stdout


SAME = [
    ("estimate llama-3-8b h100-sxm", "estimate --model llama-3-8b --hardware h100-sxm"),
    ("estimate h100-sxm --model gpt2", "estimate --model gpt2 --hardware h100-sxm"),
    ("estimate gpt2 --hardware a10", "estimate --model gpt2 --hardware a10"),
    ("estimate gpt2 h100-sxm:2x1 --mesh data(2)", "estimate --model gpt2 --cluster h100-sxm:2x1 --mesh data(2)"),
    ("graph gpt2", "graph --model gpt2"),
    ("sweep gpt2 --over S=[8,16] --measures params", "sweep --model gpt2 --over S=[8,16] --measures params"),
    (
        "search gpt2 a10:1x1 --batch 1 --limit S=8 --over recompute=none --top 1",
        "search --model gpt2 --cluster a10:1x1 --batch 1 --limit S=8 --over recompute=none --top 1",
    ),
]


@pytest.mark.parametrize(("short", "long"), SAME)
def test_a_model_and_a_machine_need_no_options(short: str, long: str) -> None:
    found, same = costgraph(*short.split()), costgraph(*long.split())
    assert (found.returncode, found.stdout) == (same.returncode, same.stdout)
    assert not found.stderr
