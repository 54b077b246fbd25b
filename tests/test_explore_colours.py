"""Colours of the explorer's bars: each stands out from the page, and no two look alike, to the colour-blind either."""

from __future__ import annotations

import re
from itertools import combinations, product
from math import dist

import pytest

from costgraph.resources import data_folder

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]
STYLE = (data_folder("exporters") / "_explorer" / "page.css").read_text(encoding="utf-8")
VISIONS: dict[str, Matrix] = {  # of linear RGB, whole: Machado, Oliveira and Fernandes 2009
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900),
    ),
}  # fmt: skip
XYZ: Matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))  # of linear sRGB, D65
WHITE = (0.9505, 1.0, 1.089)
APART = 18  # of CIE 1976 L*a*b*: patches that lie apart are told from each other well below that


def found(name: str) -> tuple[Vector, Vector]:
    """A colour of the page, light and dark, as linear RGB."""
    light, dark = (linear(one) for one in re.findall(rf"--{name}: #(\w+);", STYLE))
    return light, dark


def linear(digits: str) -> Vector:
    digits = "".join(2 * one for one in digits) if len(digits) == 3 else digits
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    r, g, b = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in (red, green, blue))
    return r, g, b


def times(matrix: Matrix, of: Vector) -> Vector:
    x, y, z = (sum(a * b for a, b in zip(row, of, strict=True)) for row in matrix)
    return x, y, z


def lab(colour: Vector) -> Vector:
    seen = times(XYZ, tuple(min(max(one, 0), 1) for one in colour))  # type: ignore[arg-type]
    shares = [one / white for one, white in zip(seen, WHITE, strict=True)]
    x, y, z = (one ** (1 / 3) if one > 0.008856 else 7.787 * one + 16 / 116 for one in shares)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def contrast(one: Vector, other: Vector) -> float:
    """As WCAG has it."""
    low, high = sorted(times(XYZ, colour)[1] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISIONS)
def test_no_two_parts_of_a_bar_look_alike(mode: int, vision: str) -> None:
    seen = {f"c{at}": lab(times(VISIONS[vision], found(f"c{at}")[mode])) for at in range(8)}
    alike = {pair for pair in combinations(seen, 2) if dist(seen[pair[0]], seen[pair[1]]) < APART}
    assert alike == set()


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_every_part_of_a_bar_stands_out_from_the_page(mode: int) -> None:
    """Three to one, as WCAG asks of graphics; words have four and a half."""
    paper = found("paper")[mode]
    assert min(contrast(found(f"c{at}")[mode], paper) for at in range(8)) >= 3
    written = product(("ink", "quiet", "good", "bad", "accent"), ("paper", "sheet"))
    assert min(contrast(found(word)[mode], found(ground)[mode]) for word, ground in written) >= 4.5
