"""Three examples of each command, which its help shows and a test runs."""

from __future__ import annotations

import shutil

from costgraph.reports.columns import continued

EXAMPLES = {
    "explore": (
        "costgraph explore --model llama-3-8b --hardware h100-sxm -o page.html",
        "costgraph explore --model mixtral-8x7b --mesh 'data(2, zero=3), experts(4)' --phase train -o train.html",
        "costgraph explore --model qwen3-4b --hardware h100-sxm --dtype fp8 -o fp8.html",
    ),
    "derive": (
        "costgraph derive --op-set decoder --limit E=4,p=2",
        "costgraph derive params flops --model llama-3-8b --limit B=1,S=4096",
        "costgraph derive states communication --mesh 'data(N_d, zero=1), tensor(T)' -o costs.md",
    ),
    "estimate": (
        "costgraph estimate llama-2-7b a10 --limit B=1,S=350 --new 150",
        "costgraph estimate --model llama-3-8b --hardware h100-sxm --phase train --limit B=8,S=4096 --mesh 'tensor(8)'",
        "costgraph estimate --model llama-3-8b --hardware h100-sxm --phase decode --limit B=64,S=4096 --explain",
    ),
    "fits": (
        "costgraph fits llama-3-8b rtx-4090",
        "costgraph fits llama-3-70b h100-sxm:8x1 --mesh 'tensor(8)'",
        "costgraph fits llama-3-70b h100-sxm --weights int4 --json",
    ),
    "compare": (
        "costgraph compare notes 'exact(causal=half)' --measure flops --op-set 'decoder(head=True)'",
        "costgraph compare llama-3-8b mistral-7b --measure params",
        "costgraph compare 'attention=eager' 'attention=flash' --measure activations",
    ),
    "graph": (
        "costgraph graph --phase decode --limit E=4,p=2",
        "costgraph graph --pass flash_attention -o graph.dot",
        "costgraph graph --phase train --format mermaid",
    ),
    "export": (
        "costgraph export numpy --measures flops,activations --pass 'tensor_parallel(T)' -o costs.py",
        "costgraph export json --measures params --model llama-3-8b",
        "costgraph export --list",
    ),
    "cheatsheet": (
        "costgraph cheatsheet",
        "costgraph cheatsheet -o cheatsheet.html",
        "costgraph cheatsheet --limit B=1,S=4096,L=32,D=4096,A=32,E=4,p=2 -o cheatsheet.md",
    ),
    "list": (
        "costgraph list",
        "costgraph list models",
        "costgraph list hardware h100-sxm",
    ),
    "solve": (
        "costgraph solve 'states + activations <= hbm' --for B --limit E=4,p=2",
        "costgraph solve 'peak <= hbm' --for B --model llama-3-8b --hardware h100-sxm --phase prefill --limit S=4096",
        "costgraph solve '6*N_params*B*S/lambda_flops == t' --for t",
    ),
    "search": (
        "costgraph search --model llama-3-8b --cluster h100-sxm:8x1 --batch 64 --limit S=8192 --over zero=1 --top 3",
        "costgraph search --model llama-3-8b --cluster h100-sxm:8x1 --phase generate --new 256 --limit S=2048 --top 3",
        "costgraph search --model llama-3-8b --cluster h100-sxm:1x2 --batch 16 --limit S=4096 --over zero=3 --json",
    ),
    "sweep": (
        "costgraph sweep --model llama-3-8b --over 'B=1..8, S=[2048, 8192]' --measures peak,flops --hardware h100-sxm",
        "costgraph sweep --model llama-3-8b --over 'B=[1, 2]' --measures step_time --hardware h100-sxm --limit S=4096",
        "costgraph sweep --model llama-3-8b --over S=1024..4096 --measures flops --limit B=1 --top 5",
    ),
    "reconcile": (
        "costgraph reconcile 37578559488 192856412160 --model qwen3-30b-a3b --per token --limit B=1,S=8192",
        "costgraph reconcile '6*N_params*B*S' '12*B*L*S*D*(S+6*D)' --op-set decoder --limit E=4",
        "costgraph reconcile 37578559488 37578559488 --model qwen3-30b-a3b --per token --limit B=1,S=8192 --json",
    ),
    "audit": (
        "costgraph audit mfu.py",
        "costgraph audit mfu.py:flops_per_token --op-set 'decoder(head=True)' --let block_size=S",
        "costgraph audit mfu.py --format junit",
    ),
    "check": (
        "costgraph check --formula '12*B*L*S*D*(S + 6*D)' --measure flops --limit E=4",
        "costgraph check kaplan-2020-eq2.1",
        "costgraph check --formula '2*L*D**2*(E + 2)' --measure params",
    ),
    "formulas": (
        "costgraph formulas list",
        "costgraph formulas search attention flops",
        "costgraph formulas show 001-2.8b",
    ),
    "formulas list": (
        "costgraph formulas list --source kaplan-2020",
        "costgraph formulas list --source all",
        "costgraph formulas list --source korthikanti-2022 -o korthikanti.md",
    ),
    "formulas show": (
        "costgraph formulas show 001-2.8b",
        "costgraph formulas show kaplan-2020-eq2.1 --format latex",
        "costgraph formulas show palm-2022-mfu --json",
    ),
    "formulas search": (
        "costgraph formulas search attention flops",
        "costgraph formulas search --topic cache --symbol G",
        "costgraph formulas search mfu --source palm-2022 --json",
    ),
    "formulas errata": (
        "costgraph formulas errata",
        "costgraph formulas errata -o errata.md",
        "costgraph formulas errata --format latex",
    ),
    "completion": (
        "costgraph completion bash",
        "costgraph completion zsh",
        "costgraph completion fish",
    ),
}


def shown(name: str) -> str:
    """The examples of a command as its help has them, as wide as that is, and as a shell reads them."""
    width = min(shutil.get_terminal_size().columns, 80) - 2
    return "\n".join(["\b", "Examples:", *(line for one in EXAMPLES[name] for line in continued(one, width, "  "))])
