"""The machine catalog: every figure has a source and passes the plausibility checks; users' machines are checked."""

import datetime
import re
import tomllib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from machine_files import LINK, MINE, written

from costgraph import UserError, machine
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import quantity
from costgraph.algebra.units import BANDWIDTH, BYTE, COMPUTE
from costgraph.hardware.catalog import catalog
from costgraph.precision import ITEMSIZE

EXPECTED = (
    "a100-40gb-pcie a100-40gb-sxm a100-80gb-pcie a100-80gb-sxm h100-sxm h100-pcie h200 b200 b300 gb200 gb300 l4 l40s "
    "a10 t4 v100-sxm2 v100s-pcie rtx-3090 rtx-4090 rtx-5090 rtx-a6000 rtx-6000-ada rtx-pro-6000 dgx-spark "
    "mi250x mi300x mi325x mi355x tpu-v4 tpu-v5e tpu-v5p tpu-v6e tpu-v7 gaudi-3 "
    "apple-m1-max apple-m2-max apple-m2-ultra apple-m3-ultra apple-m4-max"
)
FILES = {name: tomllib.loads(file.read_text(encoding="utf-8")) for name, file in catalog().items()}
KNOWN = {
    "value",
    "unit",
    "sparse",
    "source",
    "url",
    "accessed",
    "recalled",
    "note",
    "per",
    "direction",
    "links",
    "reach",
}
TOP = {
    "name", "title", "vendor", "released", "memory", "usable", "bandwidth", "peak", "vector", "link", "node", "network",
    "note",
}  # fmt: skip
SIXTEEN_BITS_ALIKE = {"gaudi-3"}  # whose 8-bit floats are no faster


def figures(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table of a machine that holds a figure, with its place."""
    yield from ((name, data[name]) for name in ("memory", "usable", "bandwidth", "network") if name in data)
    for group in ("peak", "vector", "link"):
        for name, row in data.get(group, {}).items():
            yield f"{group}.{name}", row


ROWS = [pytest.param(place, row, id=f"{name} {place}") for name, data in FILES.items() for place, row in figures(data)]
MACHINES = pytest.mark.parametrize("name", FILES)


def test_the_catalog_holds_the_machines_people_ask_for() -> None:
    assert set(EXPECTED.split()) <= set(FILES)


@MACHINES
def test_file_is_named_like_its_machine_and_has_no_unknown_keys(name: str) -> None:
    data = FILES[name]
    assert data["name"] == name
    assert set(data) <= TOP
    assert 2010 <= data["released"] <= 2026


@pytest.mark.parametrize(("place", "row"), ROWS)
def test_every_figure_names_its_source(place: str, row: dict[str, Any]) -> None:
    assert set(row) <= KNOWN
    assert row["source"].strip()
    if "accessed" in row:
        assert type(row["accessed"]) is datetime.date
        assert "recalled" not in row
        assert "url" in row
    else:
        assert row["recalled"] is True
        assert "url" not in row
    assert row.get("url", "https://").startswith("https://")


@pytest.mark.parametrize(("place", "row"), ROWS)
def test_every_figure_says_its_unit(place: str, row: dict[str, Any]) -> None:
    speed = r"[GT]i?B/s"
    allowed = {"memory": r"Gi?B", "usable": "GiB", "bandwidth": speed, "link": speed, "network": speed}
    rate = r"T?OP/s" if place.endswith(("int8", "int4")) else r"[TP]FLOP/s"
    assert re.fullmatch(allowed.get(place.split(".")[0], rate), row["unit"])
    assert isinstance(row["value"], str)
    assert Fraction(row["value"]) > 0


@MACHINES
def test_sparse_is_twice_dense(name: str) -> None:
    for figure in machine(name).peaks.values():
        if figure.sparse:
            assert float(figure.sparse.value / figure.quantity.value) == pytest.approx(2, rel=0.03)


@MACHINES
def test_eight_bits_are_twice_as_fast_as_sixteen(name: str) -> None:
    peaks = machine(name).peaks
    if "fp8" in peaks and name not in SIXTEEN_BITS_ALIKE:
        assert float(peaks["fp8"].quantity.value / peaks["bf16"].quantity.value) == pytest.approx(2, rel=0.03)


@MACHINES
def test_ridge_point_of_sixteen_bits_is_plausible(name: str) -> None:
    found = machine(name)
    for dtype in {"bf16", "fp16"} & set(found.rates):
        assert 10 <= found.ridge(dtype).value <= 1000


@MACHINES
def test_links_are_for_one_direction_and_say_of_what(name: str) -> None:
    for row in (*FILES[name].get("link", {}).values(), *filter(None, [FILES[name].get("network")])):
        assert row["direction"] == "one"
        assert row["per"] in ("GPU", "link")
        assert "links" in row or row["per"] == "GPU"


def test_links_of_a_device_are_added_up() -> None:
    nvlink, ici = machine("h100-sxm").link("nvlink"), machine("tpu-v5e").link("ici")
    assert nvlink is not None
    assert ici is not None
    assert nvlink.per_device == quantity("450 GB/s", BANDWIDTH)
    assert ici.per_device == quantity("200 GB/s", BANDWIDTH)


def test_sparse_figures_never_become_the_rate() -> None:
    assert machine("a100-80gb-sxm").rate("bf16") == quantity("312 TFLOP/s", COMPUTE)


def test_matrix_units_go_before_vector_units() -> None:
    found = machine("a100-80gb-sxm")
    assert found.rate("fp32") == found.vector["fp32"].quantity
    assert found.rate("fp16") == found.peaks["fp16"].quantity
    assert found.rate("fp16") > found.vector["fp16"].quantity


def test_disagreements_are_noted() -> None:
    assert "320" in FILES["t4"]["bandwidth"]["note"]
    assert "1638" in FILES["tpu-v6e"]["bandwidth"]["note"]


# --- users' machines ----------------------------------------------------------------------------------------------


def test_a_file_gives_the_same_rates_as_text(tmp_path: Path) -> None:
    text = machine("flops=312 TFLOP/s, mem_bw=2.039 TB/s, mem=80 GiB, link_bw=300 GB/s").bindings("bf16")
    assert machine(written(tmp_path, MINE + LINK.format("300"))).bindings() == text
    assert text["hbm"] == Polynomial.constant(80 * 2**30)


def test_both_directions_are_halved_and_links_multiplied(tmp_path: Path) -> None:
    both = machine(written(tmp_path, MINE + LINK.format("600") + 'direction = "both"\n')).link()
    each = machine(written(tmp_path, MINE + LINK.format("25") + 'per = "link"\nlinks = 12\n')).link()
    assert both is not None
    assert each is not None
    assert both.per_device == each.per_device == quantity("300 GB/s", BANDWIDTH)


def test_one_rate_as_text_is_for_any_data_type() -> None:
    assert machine("flops=1 PFLOP/s, mem_bw=1 TB/s, mem=1 GB").rate("fp8") == quantity("1 PFLOP/s", COMPUTE)


def test_figures_are_read_as_people_type_them() -> None:
    typed = machine("flops=312 T\n FLOP/s, mem_bw=2.039 TB/s, mem=80 GiB")
    assert typed.rate().value == 312 * 10**12
    assert typed.memory.quantity.value == 80 * 2**30


@pytest.mark.parametrize("name", ["A100-80GB-SXM", "a100-80gb-sxm", "A100-80gb-Sxm"])
def test_names_are_found_in_any_case(name: str) -> None:
    assert machine(name).name == "a100-80gb-sxm"


REFUSED_TEXT = {
    "a100-80": "did you mean a100-80gb-sxm",
    "a100": "which of a100-40gb-pcie, a100-40gb-sxm, a100-80gb-pcie, a100-80gb-sxm?",
    "8xh100-sxm": "8 in a node are the cluster h100-sxm:8x1",
    "h100-sxmm": "unknown hardware 'h100-sxmm': did you mean h100-sxm",
    "flops=312 TFLOP/s": "mem_bw and mem missing; it needs flops, mem_bw, mem",
    "flops=312 TFLOP/s, flops=2 TFLOP/s": "flops is given twice",
    "flops=0 TFLOP/s, mem_bw=1 TB/s, mem=1 GB": "must be positive",
    "flops=-312 TFLOP/s, mem_bw=1 TB/s, mem=1 GB": "must be positive",
    "flops=312, mem_bw=1 TB/s, mem=1 GB": "has no unit; write a compute rate such as '312 TFLOP/s'",
    "flops=312 TFLOP/s, mem_bw=1 TB/s, mem=80": "hardware mem: '80' has no unit",
    "flops=312 TFLOP/s, mem_bw=1 TB/s, mem=80 GiGB": "mixes prefixes",
    "flops=312 TFLOP/s, mem_bw=80 GB, mem=80 GB": "is in byte; write a bandwidth",
    "ram=80 GB": "unknown hardware figure 'ram'",
    "flops=1 TFLOP/s, mem_bw=1 GB/nan, mem=1 GB": "hardware mem_bw: '1 GB/nan' unknown unit 'nan'",
    "flops=1 TFLOP/s, mem_bw=1 inf*GB/s, mem=1 GB": "unknown unit 'inf'",
    "flops=1 TFLOP/if, mem_bw=1 GB/s, mem=1 GB": "unknown unit 'if'",
    "flops=1 TFLOP/per, mem_bw=1 GB/s, mem=1 GB": "unknown unit 'per'",
    "flops=nan TFLOP/s, mem_bw=1 TB/s, mem=1 GB": "does not start with a number",
    "flops=1e999 TFLOP/s, mem_bw=1 TB/s, mem=1 GB": "has too many digits",
    "flops=1e999, mem_bw=1 TB/s, mem=1 GB": "has too many digits",
    f"flops={'1' * 31} TFLOP/s, mem_bw=1 TB/s, mem=1 GB": "has too many digits",
    f"flops=1 {'TFLOP*' * 3}FLOP*s/s, mem_bw=1 TB/s, mem=1 GB": "not a product or quotient of names",
    "flops=1 GB*GB/GB/GB, mem_bw=1 TB/s, mem=1 GB": "is in no unit",
    "flops=٣ TFLOP/s, mem_bw=1 TB/s, mem=1 GB": "does not start with a number",
    "./nowhere.toml": "hardware file ./nowhere.toml: there is no such file",
    "./": "hardware file ./: is a folder; name a file",
    "/dev/zero": "hardware file /dev/zero: is a device, not a regular file",
}


@pytest.mark.parametrize("text", REFUSED_TEXT)
def test_unusable_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(UserError, match=re.escape(REFUSED_TEXT[text])):
        machine(text)


REFUSED_FILES = {  # what is changed in the file -> what the message must say
    ('value = "80"', 'value = "1e99999999"'): "memory: '1e99999999 GiB' has too many digits",
    ('value = "80"', 'value = "nan"'): "memory: 'nan GiB' is no number",
    ('unit = "GiB"', ""): "memory: unit is missing; GB is 10^9 bytes, GiB is 2^30",
    ('unit = "GiB"', 'unit = "G"'): "has a prefix but no unit",
    ('unit = "GiB"', 'unit = "GiGB"'): "mixes prefixes",
    ('value = "80"', 'value = "80 GB"'): "memory: '80 GB GiB' mixes a unit into the value",
    ('value = "80"', 'value = "-80"'): "must be positive",
    ('value = "80"', 'value = "0"'): "must be positive",
    ('value = "80"', "value = true"): "memory.value: must be a number, not true",
    ('value = "80"', "value = [80]"): "memory.value: must be a number, not a list",
    ('value = "80"', "value = 80:00:00"): "not valid TOML",
    ('value = "80"', "value = 2026-01-31"): "memory.value: must be a number, not 2026-01-31, a date or time",
    ('value = "80"', "value = nan"): "mine.toml: nan is not a number that can be computed with",
    ('value = "80"', "value = 1e99999999"): "mine.toml: 1e99999999 has more than 1000 digits",
    ('value = "80"', f"value = '{'8' * 5000}'"): "has too many digits",
    ('value = "80"', f"value = {'8' * 500}"): "has too many digits",
    ('value = "80"', "value = ''"): "memory.value is empty",
    ('value = "80"', ""): "memory.value is missing",
    ('[peak.bf16]\nvalue = "312"\nunit = "TFLOP/s"\n', ""): "no compute rate",
    ("[peak.bf16]", "[rate.bf16]"): "mine.toml: unknown key 'rate'",
    ("[peak.bf16]", "[peak]"): "peak.value must be a table: write [peak.value], not '312'",
    ("[memory]", "[memry]"): "mine.toml: unknown key 'memry': did you mean memory?",
    ('[memory]\nvalue = "80"\nunit = "GiB"\n', ""): "the table [memory] is missing",
    ("[bandwidth]", "[bandwidth"): "mine.toml:6: not valid TOML",
    ("title = ", "memory = 3\ntitle = "): "not valid TOML",
    ('title = "My card"', "title = 3"): "mine.toml: title must be a string in quotes, not 3",
    ('title = "My card"', "released = 2020.5"): "released must be a whole number, not 2020.5",
    ('unit = "GiB"', 'unit = "GiB"\nvaule = 3'): "mine.toml: [memory]: unknown key 'vaule': did you mean value or url?",
    ('unit = "GiB"', 'unit = "GiB"\nsparse = "x"'): "memory.sparse: 'x GiB' is no number",
    ('unit = "GiB"', 'unit = "GiB"\nsparse = inf'): "inf is not a number",
    ('unit = "GiB"', 'unit = "GiB"\naccessed = 3'): "memory.accessed: must be a date such as 2026-01-31, not 3",
    ('unit = "GiB"', "unit = 3"): "memory.unit must be a string in quotes, not 3",
    ('unit = "GiB"', 'unit = "GB/nan"'): "unknown unit 'nan'",
    ('unit = "TB/s"', 'unit = "TB"'): "is in byte; write a bandwidth",
}


@pytest.mark.parametrize("change", REFUSED_FILES)
def test_unusable_files_are_refused_with_the_place(change: tuple[str, str], tmp_path: Path) -> None:
    path = written(tmp_path, MINE.replace(*change, 1))
    with pytest.raises(UserError) as refused:
        machine(path)
    assert REFUSED_FILES[change] in str(refused.value)
    assert "mine.toml" in str(refused.value)


def test_unusable_links_are_refused(tmp_path: Path) -> None:
    for line, reason in {
        'per = "rack"': "link.cable.per: unknown choice 'rack': choose from GPU, link",
        'direction = "up"': "link.cable.direction: unknown choice 'up': choose from one, both",
        "links = 0": "link.cable.links: must be a whole number from 1",
        "links = '9999999'": "link.cable.links: must be a whole number from 1",
        "links = 1.5": "link.cable.links: must be a whole number, not 1.5",
        "per = true": "link.cable.per must be a string in quotes, not true",
    }.items():
        with pytest.raises(UserError, match=reason):
            machine(written(tmp_path, MINE + LINK.format("1") + line + "\n"))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8"):
        machine(str(tmp_path / "mine.toml"))


def test_a_missing_rate_is_named_with_those_there_are() -> None:
    with pytest.raises(UserError, match="no fp8 rate for a100-80gb-sxm; it has fp16, bf16, tf32, fp32, int8"):
        machine("a100-80gb-sxm").rate("fp8")
    with pytest.raises(UserError, match="unknown data type 'fp17': did you mean fp16"):
        machine("a100-80gb-sxm").rate("fp17")


def test_an_unknown_link_is_named_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"unknown link of h100-sxm 'nvlnk': did you mean nvlink\?"):
        machine("h100-sxm").link("nvlnk")


def test_data_types_of_the_catalog_have_a_width() -> None:
    assert {dtype for name in FILES for dtype in machine(name).rates} <= set(ITEMSIZE)
    assert machine("t4").memory.quantity.dimension == BYTE
