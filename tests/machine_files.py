"""A small file of a machine, which tests change."""

from pathlib import Path

MINE = """
title = "My card"
[memory]
value = "80"
unit = "GiB"
[bandwidth]
value = "2.039"
unit = "TB/s"
[peak.bf16]
value = "312"
unit = "TFLOP/s"
"""
LINK = '[link.cable]\nvalue = "{}"\nunit = "GB/s"\n'


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)
