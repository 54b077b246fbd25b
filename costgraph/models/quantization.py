"""How a configuration says that its weights are stored (`quantization_config`): known ways are named in a remark."""

from __future__ import annotations

from typing import Any

from costgraph.models.values import shown

# Source: transformers 5.23.0, `utils/quantization_config.py`.
METHODS = {
    "fp8": "8 bits", "mxfp4": "4 bits", "bitsandbytes": "4 or 8 bits", "gptq": "{bits} bits", "awq": "{bits} bits",
}  # fmt: skip


def quantized(table: Any, problems: list[str]) -> str:
    """The remark on weights that are stored in fewer bits; "" if they are not.

    A way that is not known is added to the problems.
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
    bits = table.get("bits")
    if "{bits}" in METHODS[method] and (not isinstance(bits, int) or isinstance(bits, bool) or not 1 <= bits <= 8):
        problems.append(f"quantization_config: bits = {shown(bits)}: a whole number from 1 to 8 is expected")
        return ""
    width = METHODS[method].format(bits=bits)
    return f"quantization_config ({method}): the file stores most weights in {width}; here all are p bytes wide"
