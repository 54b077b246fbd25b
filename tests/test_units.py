"""Quantities: dimensions, exact values, text that a user typed."""

import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costgraph import UserError
from costgraph.algebra.quantities import CATALOG_UNITS, Quantity, pint_unit, quantity
from costgraph.algebra.symbols import Rational
from costgraph.algebra.units import BANDWIDTH, BYTE, COMPUTE, PRICE, SECOND, Powers, powers, unit_named

READ: dict[str, tuple[Powers, Rational]] = {  # text -> (dimension, exact value in base units)
    "312 T FLOP/s": (COMPUTE, 312 * 10**12),  # the prefix stands alone
    "80 Gi  B": (BYTE, 80 * 2**30),
    "80 GiB": (BYTE, 80 * 2**30),
    "80 GB": (BYTE, 80 * 10**9),
    "80GiB": (BYTE, 80 * 2**30),
    "1.5 PiB": (BYTE, 3 * 2**49),
    "81920 MiB": (BYTE, 80 * 2**30),
    "3.35 TB/s": (BANDWIDTH, 3350 * 10**9),
    "3.35 GB/ms": (BANDWIDTH, 3350 * 10**9),
    "312 TFLOP/s": (COMPUTE, 312 * 10**12),
    "312e12 FLOP/s": (COMPUTE, 312 * 10**12),
    "1979 TOP/s": (COMPUTE, 1979 * 10**12),
    "2.5 USD/h": (PRICE, Fraction(5, 7200)),
    "60 USD/day": (PRICE, Fraction(60, 86400)),
    "1_000 GB": (BYTE, 10**12),
}


@pytest.mark.parametrize("text", READ)
def test_text_is_read_exactly(text: str) -> None:
    dimension, value = READ[text]
    assert quantity(text, dimension) == Quantity(Fraction(value), dimension)


REFUSED = {  # (text, dimension) -> what the message must say
    ("1e400 TFLOP/s", COMPUTE): "has too many digits",
    ("312 T", COMPUTE): "has a prefix but no unit",
    ("80", BYTE): "has no unit; write a capacity such as '80 GiB'",
    ("80 G", BYTE): "has a prefix but no unit: GB is 10^9 bytes, GiB is 2^30",
    ("80 GiGB", BYTE): "mixes prefixes ('GiGB')",
    ("80 KiGB", BYTE): "mixes prefixes",
    ("80 GBi", BYTE): "unknown unit 'GBi': did you mean",
    ("80 Gb", BYTE): "a byte is B, 8 bits",
    ("80 gib", BYTE): "small b",
    ("80 KB", BYTE): "unknown unit 'KB': did you mean kB or KiB",
    ("80 TB/s", BYTE): "is in byte/s; write a capacity such as '80 GiB'",
    ("312 TFLOP", COMPUTE): "is in FLOP; write a compute rate such as '312 TFLOP/s'",
    ("0 GB", BYTE): "must be positive",
    ("-1 GB", BYTE): "must be positive",
    ("GB", BYTE): "does not start with a number",
    ("", BYTE): "does not start with a number",
    ("80 GB + 8 GiB", BYTE): "which is not a product or quotient of names",
    ("9**9**9 GB", BYTE): "has the unit '**9**9 GB'",
    ("1 GB**999999999", BYTE): "which is not a product or quotient of names",
    ("__import__('os') GB", BYTE): "does not start with a number",
    ("1 TB/furlong", BANDWIDTH): "unknown unit 'furlong'",
    ("2.5 EUR/h", PRICE): "unknown unit 'EUR'",
    ("8 q", BYTE): "choose from B, kB, MB, GB, TB, PB, EB, KiB, MiB, GiB, TiB, PiB, EiB, FLOP, kFLOP",
    ("1" * 90 + " GB", BYTE): "does not start with a number",
}


@pytest.mark.parametrize(("text", "dimension"), REFUSED)
def test_text_is_refused_in_words(text: str, dimension: Powers) -> None:
    with pytest.raises(UserError) as refused:
        quantity(text, dimension)
    assert REFUSED[text, dimension] in str(refused.value)


@pytest.mark.parametrize("name", CATALOG_UNITS)
def test_units_of_the_catalog_are_what_the_units_library_says(name: str) -> None:
    assert pint_unit(name, UserError) == CATALOG_UNITS[name]


def test_the_units_library_is_imported_only_for_text_that_needs_it() -> None:
    code = (
        "import sys, costgraph.algebra.quantities as u; u.quantity('80 GiB', u.BYTE); assert 'pint' not in sys.modules;"
    )
    code += "u.quantity('1 MiB', u.BYTE); assert 'pint' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


SHOWN = [
    (80 * 2**30, BYTE, "80 GiB = 85.9 GB"),
    (80 * 10**9, BYTE, "74.51 GiB = 80 GB"),
    (524288, BYTE, "512 KiB = 524.3 kB"),
    (12, BYTE, "12 byte"),
    (2039 * 10**9, BANDWIDTH, "2.039 TB/s"),
    (312 * 10**12, COMPUTE, "312 TFLOP/s"),
    (Fraction(14, 600), SECOND, "23.33 ms"),
    (0, SECOND, "0 s"),
    (Fraction(1, 10**10), SECOND, "0.1 ns"),
    (Fraction(5, 2), powers(USD=1), "2.5 USD"),
    (Fraction(2, 3), powers(), "0.6667"),
]


@pytest.mark.parametrize(("value", "dimension", "text"), SHOWN)
def test_output_has_a_prefix_and_both_kinds_of_bytes(value: Fraction, dimension: Powers, text: str) -> None:
    assert str(Quantity(Fraction(value), dimension)) == text


def test_unlike_dimensions_cannot_be_added_or_compared() -> None:
    time, room = Quantity(Fraction(1), SECOND), Quantity(Fraction(1), BYTE)
    for combine in (lambda: time + room, lambda: time - room, lambda: time < room, lambda: room <= time):
        with pytest.raises(UserError, match=r"cannot (add|subtract|compare)"):
            combine()


def test_division_by_zero_is_refused() -> None:
    with pytest.raises(UserError, match="by zero"):
        Quantity(Fraction(1), BYTE) / 0


numbers = st.fractions(min_value=Fraction(1, 1000), max_value=10**6)


@given(numbers, numbers)
def test_bytes_over_bandwidth_are_seconds_and_exact(moved: Fraction, rate: Fraction) -> None:
    time = Quantity(moved, BYTE) / Quantity(rate, BANDWIDTH)
    assert time.dimension == SECOND
    assert time * Quantity(rate, BANDWIDTH) == Quantity(moved, BYTE)


@given(numbers, numbers, st.sampled_from([BYTE, SECOND, powers(USD=1)]))
def test_adding_and_taking_away_again_changes_nothing(a: Fraction, b: Fraction, dimension: Powers) -> None:
    one, other = Quantity(a, dimension), Quantity(b, dimension)
    assert one + other - other == one
    assert one < one + other
    assert one <= one


@given(st.decimals(min_value="0.001", max_value="1e9", places=3, allow_nan=False))
def test_decimals_stay_exact(number: object) -> None:
    assert quantity(f"{number} GB", BYTE).value == Fraction(str(number)) * 10**9


@pytest.mark.parametrize(
    ("text", "scale", "dimension"),
    [
        ("GB/token", 10**9, powers(byte=1, token=-1)),
        ("GB / token", 10**9, powers(byte=1, token=-1)),
        ("bytes per token", 1, powers(byte=1, token=-1)),
        ("byte sent per device", 1, BYTE),
        ("million elements", 10**6, powers(element=1)),
        ("KB", 1000, BYTE),
        ("KiB", 1024, BYTE),
        ("TFLOPs", 10**12, powers(FLOP=1)),
        ("FLOPS", 1, powers(FLOP=1)),
        ("days", 86400, SECOND),
        ("%", Fraction(1, 100), powers()),
        ("", 1, powers()),
    ],
)
def test_units_beside_a_number(text: str, scale: Rational, dimension: Powers) -> None:
    assert (unit_named(text).scale, unit_named(text).dimension) == (scale, dimension)


@pytest.mark.parametrize("text", ["ss", "Bs", "GBs", "%s", "GB/", "/s/", "furlong", "Bytes"])
def test_a_unit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="unknown unit"):
        unit_named(text)
