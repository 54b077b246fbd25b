"""How a configuration says that its weights are stored (`quantization_config`): named in a remark, with its bytes.

Which weights are stored so, a file says only in part (embeddings, norms, routers are not), so that none are counted so
unasked. The bytes of one, scales of blocks included, are what `--weights` takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeGuard

from costgraph.models.values import shown

HALF, SINGLE = 2, 4  # bytes of a scale in fp16, in fp32
BLOCK, BLOCKS = 64, 256  # weights with a scale, and scales that have one in common once they are quantized again
MICROSCALED = 32  # weights with a scale of one byte


def groups(table: Mapping[str, Any], problems: list[str]) -> Fraction:
    """GPTQ, AWQ: a scale in fp16 and a zero point, as wide as a weight, for every group; -1 for those of a column.

    Source: Frantar et al. 2022 (GPTQ), Sec. 4; Lin et al. 2023 (AWQ), Sec. 5; AutoGPTQ, `qlinear_cuda.py`.
    """
    bits, size = table.get("bits"), table.get("group_size", 128)
    width = Fraction(bits, 8) if whole(bits) and 1 <= bits <= 8 else None
    if width is None:
        problems.append(f"quantization_config: bits = {shown(bits)}: a whole number from 1 to 8 is expected")
    if not whole(size) or (size < 1 and size != -1):
        problems.append(f"quantization_config: group_size = {shown(size)}: a positive integer, or -1, is expected")
    if problems or width is None:
        return Fraction(1)
    return width if size == -1 else width + (HALF + width) / size


def blocks(table: Mapping[str, Any], problems: list[str]) -> Fraction:
    """bitsandbytes: a byte, or half of one with a scale for every block, which may be quantized again.

    Source: Dettmers et al. 2023 (QLoRA), Sec. 3.
    """
    if not table.get("load_in_4bit"):
        return Fraction(1)
    twice = table.get("bnb_4bit_use_double_quant")
    return Fraction(1, 2) + (1 + Fraction(SINGLE, BLOCKS) if twice else SINGLE) / Fraction(BLOCK)


def tiles(table: Mapping[str, Any], problems: list[str]) -> Fraction:
    """fp8: a byte, and a scale in fp32 for every tile, if there are tiles.

    Source: DeepSeek-AI 2024 (DeepSeek-V3), Sec. 3.3.
    """
    tile = table.get("weight_block_size")
    if tile is None:
        return Fraction(1)
    if not isinstance(tile, list) or len(tile) != 2 or not all(whole(side) and side > 0 for side in tile):
        problems.append(f"quantization_config: weight_block_size = {shown(tile)}: two positive integers are expected")
        return Fraction(1)
    return 1 + Fraction(SINGLE, tile[0] * tile[1])


def microscaled(table: Mapping[str, Any], problems: list[str]) -> Fraction:
    """MXFP4: half a byte, and a byte for every 32.

    Source: Open Compute Project, OCP Microscaling Formats (MX) Specification 1.0, Table 1.
    """
    return Fraction(1, 2) + Fraction(1, MICROSCALED)


METHODS: dict[str, Callable[[Mapping[str, Any], list[str]], Fraction]] = {
    "fp8": tiles, "mxfp4": microscaled, "bitsandbytes": blocks, "gptq": groups, "awq": groups,
}  # fmt: skip


def whole(value: Any) -> TypeGuard[int]:
    """Whether a value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def quantized(table: Any, problems: list[str]) -> str:
    """The remark on weights that are stored in fewer bits; "" if they are not.

    What cannot be read is added to the problems.
    """
    if not table:
        return ""
    method = table.get("quant_method") if isinstance(table, dict) else None
    if isinstance(table, dict) and method is None and any(key.startswith("load_in_") for key in table):
        method = "bitsandbytes"
    if not isinstance(method, str) or method not in METHODS:
        known = ", ".join(METHODS)
        problems.append(f"quantization_config: quant_method = {shown(method)} is not known ({known})")
        return ""
    wrong: list[str] = []
    width = METHODS[method](table, wrong)
    problems += wrong
    stored = f"the file stores most weights in {width} bytes, scales of blocks included"
    return f"quantization_config ({method}): {stored}; here all are p bytes wide (--weights {width} for all of them)"
