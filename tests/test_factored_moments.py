"""Second moments by rows and columns: against shapes that are typed here, and against PyTorch's optimizer."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import pytest

import costgraph as cg

Shapes = list[tuple[tuple[int, ...], int]]  # as a checkpoint has them, and how often


def llama(layers: int, width: int, heads: int, kv_heads: int, head: int, ffn: int, vocab: int) -> Shapes:
    """Shapes of an untied Llama in a checkpoint."""
    matrices = [(heads * head, width), (kv_heads * head, width), (kv_heads * head, width), (width, heads * head)]
    matrices += [(ffn, width), (ffn, width), (width, ffn)]
    layer: Shapes = [(shape, layers) for shape in [*matrices, (width,), (width,)]]
    return [((vocab, width), 2), *layer, ((width,), 1)]


def mixtral() -> Shapes:
    """Of Mixtral 8x7B: experts are matrices of their own."""
    attention = [shape for shape in llama(32, 4096, 32, 8, 128, 14336, 32000) if 14336 not in shape[0]]
    experts: Shapes = [((14336, 4096), 512), ((4096, 14336), 256)]
    return [*attention, ((8, 4096), 32), *experts]


def gpt2() -> Shapes:
    """Of GPT-2: products have biases, and positions a table; queries, keys and values are one product."""
    layer = [(768, 2304), (768, 768), (768, 3072), (3072, 768), *[(768,)] * 9, (3072,)]
    return [((50257, 768), 1), ((1024, 768), 1), *((shape, 12) for shape in layer), ((768,), 2)]


def mamba2() -> Shapes:
    """Of Mamba-2 130M: convolutions of 4 taps take each channel for itself."""
    matrices = [(1536, 768), (1536, 768), (128, 768), (128, 768), (24, 768), (768, 1536)]
    vectors = [(1536,), (128,), (128,), (24,), (24,), (24,), (1536,), (768,)]
    taps = [(1536, 1, 4), (128, 1, 4), (128, 1, 4)]
    return [((50288, 768), 1), *((shape, 24) for shape in [*matrices, *vectors, *taps]), ((768,), 1)]


MODELS: dict[str, Shapes] = {
    "gpt2": gpt2(),
    "mamba2-130m": mamba2(),
    "llama-2-7b": llama(32, 4096, 32, 32, 128, 11008, 32000),
    "llama-3-8b": llama(32, 4096, 32, 8, 128, 14336, 128256),
    "mixtral-8x7b": mixtral(),
}
SMALL = [*llama(2, 8, 2, 1, 4, 24, 32), ((6, 1, 4), 3), ((3,), 2)]


def kept(shape: tuple[int, ...]) -> int:
    """What is kept of a tensor: rows and columns of its matrices, each element of a vector."""
    *each, rows, columns = (0, *shape) if len(shape) == 1 else shape
    return prod(each) * (rows + columns) if rows else columns


@pytest.mark.parametrize("model", MODELS)
def test_a_matrix_keeps_its_rows_and_columns_and_a_vector_each_element(model: str) -> None:
    found = cg.derive("states", model=model, precision="weights=1,gradients=1,factored=1", convention="exact")
    value = found.limited["states"].value.number
    parameters = sum(prod(shape) * times for shape, times in MODELS[model])
    assert value == 2 * parameters + sum(kept(shape) * times for shape, times in MODELS[model])


@pytest.mark.needs_library("torch")
def test_pytorch_keeps_as_much() -> None:
    import torch

    parameters = [torch.nn.Parameter(torch.ones(shape)) for shape, times in SMALL for _ in range(times)]
    for one in parameters:
        one.grad = torch.ones_like(one)
    optimizer = torch.optim.Adafactor(parameters)
    optimizer.step()  # type: ignore[no-untyped-call]
    held = [value for state in optimizer.state.values() for name, value in state.items() if name != "step"]
    assert sum(value.numel() * value.element_size() for value in held) == 4 * sum(
        kept(shape) * times for shape, times in SMALL
    )


@pytest.mark.parametrize(
    ("mesh", "share"),
    {
        "data(4)": (1, 1),
        "data(4, zero=1)": (1, 4),
        "data(4, zero=3)": (4, 4),
    }.items(),
)
def test_what_is_cut_over_data_devices_is_cut_here_as_well(mesh: str, share: tuple[int, int]) -> None:
    def of(part: str, mesh: str | None = None) -> int | Fraction:
        found = cg.derive("states", model="llama-3-8b", precision="adafactor", convention="exact", mesh=mesh)
        return sum((term.amount.number or 0 for term in found.limited["states"].terms if term.part == part), Fraction())

    assert of("optimizer", mesh) * share[1] == of("optimizer")
    assert of("weights", mesh) * share[0] == of("weights")


@pytest.mark.parametrize(
    ("mesh", "said"),
    {"data(N_d)": 0, "": 0, "data(N_d, zero=1)": 1, "tensor(T)": 1, "pipeline(P), microbatches(M)": 0}.items(),
)
def test_sums_over_devices_are_said_to_be_left_out(mesh: str, said: int) -> None:
    found = cg.derive("communication", "step_time", precision="adafactor", mesh=mesh)
    assert sum("add up squares" in one for one in found.remarks) == said
    numbers = mesh.replace("N_d", "2").replace("T", "2").replace("P", "2").replace("M", "2")
    estimated = cg.estimate("llama-3-8b", "h100-sxm", phase="train", precision="adafactor", mesh=numbers, B=4, S=64)
    assert sum("add up squares" in one for one in estimated.remarks) == said
    assert not any("add up" in one for one in cg.derive("states", precision="adafactor", mesh=mesh).remarks)


def test_tensor_parallel_splits_one_side_of_a_matrix() -> None:
    """Rows of a matrix that is split along its columns are whole on each device."""
    forms = [
        cg.derive("states", op_set="decoder", precision="weights=1,gradients=1,factored=1", limit="L=1,E=4", mesh=mesh)
        for mesh in ("", "tensor(T)")
    ]
    whole, part = (one.limited["states"] for one in forms)
    assert whole.same_as("24*D**2 + 18*D")
    assert part.same_as("24*D**2/T + 6*D + 12*D/T")


def test_the_update_reads_and_writes_what_is_kept() -> None:
    """Of each matrix: gradient and weights in 4 bytes, and both sides; weights and sides are written again."""
    found = cg.derive("traffic.update", precision="adafactor", limit="E=4,L=1")
    assert found.limited["traffic.update"].same_as("12*12*D**2 + 8*18*D")


def test_a_step_holds_what_is_kept() -> None:
    """Beside the same activations: 8 bytes a parameter fewer than Adam, and the sides of matrices more."""
    peaks: list[Fraction] = []
    for precision in ("adafactor", "fp32_adam"):
        found = cg.derive("peak", model="llama-3-8b", precision=precision, convention="exact", limit="B=1,S=64")
        peaks.append(Fraction(str(found.limited["peak"].value)))
    shapes = MODELS["llama-3-8b"]
    parameters = sum(prod(shape) * times for shape, times in shapes)
    sides = sum(kept(shape) * times for shape, times in shapes)
    assert peaks[1] - peaks[0] == 8 * parameters - 4 * sides
