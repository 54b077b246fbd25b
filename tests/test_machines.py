"""Machines in a computer: what of their memory is usable, how many a link joins, what lies beyond a node."""

import re
from pathlib import Path

import pytest
from command_line import costgraph
from machine_files import LINK, MINE, written

from costgraph import UserError, machine, solve
from costgraph.algebra.polynomial import Polynomial
from costgraph.algebra.quantities import quantity
from costgraph.algebra.units import BANDWIDTH, BYTE, SECOND
from costgraph.hardware.catalog import catalog

TYPED = "flops=312 TFLOP/s, mem_bw=2.039 TB/s, mem=80 GiB"
USABLE = '[usable]\nvalue = "79.15"\nunit = "GiB"\n'
NETWORK = '[network]\nvalue = "25"\nunit = "GB/s"\n'

# --- usable memory ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mebibytes"),
    [  # what drivers and programs report, in MiB as they print it
        ("a10", 23028), ("l4", 23034), ("l40s", 46068), ("t4", 15360), ("a100-80gb-sxm", 81049), ("h100-sxm", 81008),
        ("h200", 143156), ("b200", 182631), ("b300", 275040), ("gb200", 189471),
        ("rtx-5090", 32117), ("rtx-a6000", 48676),
    ],
)  # fmt: skip
def test_what_is_usable_is_what_software_reports(name: str, mebibytes: int) -> None:
    found = machine(name)
    assert found.usable.quantity.value == mebibytes * 2**20
    assert found.usable.quantity < found.memory.quantity


def test_an_h100_has_79_gib_as_logs_show() -> None:
    assert quantity("79.1 GiB", BYTE) < machine("h100-sxm").usable.quantity < quantity("79.2 GiB", BYTE)


@pytest.mark.parametrize("name", catalog())
def test_no_more_is_usable_than_there_is(name: str) -> None:
    found = machine(name)
    assert 0.9 < found.usable.quantity.value / found.memory.quantity.value <= 1 or name.startswith("apple")


def test_all_memory_is_usable_where_nobody_says_less(tmp_path: Path) -> None:
    found = machine(written(tmp_path, MINE))
    assert found.usable is found.memory
    assert machine(TYPED).usable.quantity == quantity("80 GiB", BYTE)


def test_what_fits_is_judged_by_usable_memory_in_whole_bytes(tmp_path: Path) -> None:
    usable = Polynomial.constant(84986665369)  # 79.15 * 2^30 = 84986665369.6
    assert machine(written(tmp_path, MINE + USABLE)).bindings()["hbm"] == usable
    assert machine(f"{TYPED}, usable=79.15 GiB").bindings()["hbm"] == usable


def test_an_a10_holds_40_sequences_and_not_46() -> None:
    asked = {"model_name": "llama-2-7b", "phase": "decode", "limit": "S=500,p=2", "hardware": "a10"}
    (found,) = solve("states + cache <= hbm", "B", **asked).solutions  # type: ignore[arg-type]
    assert found.largest == 40
    (printed,) = solve("states + cache <= 24 GiB", "B", **{k: v for k, v in asked.items() if k != "hardware"}).solutions  # type: ignore[arg-type]
    assert printed.largest == 46


# --- links, nodes, network --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "link", "reach"),
    [
        ("a100-80gb-pcie", "nvlink", 2), ("a100-80gb-pcie", "pcie", 8), ("h100-sxm", "nvlink", 8),
        ("gb200", "nvlink", 72), ("rtx-3090", "nvlink", 2), ("mi250x", "in_package", 1),
        ("tpu-v5p", "ici", 16 * 20 * 28), ("tpu-v5p", "pcie", 1),
    ],
)  # fmt: skip
def test_links_join_as_many_devices_as_they_are_built_for(name: str, link: str, reach: int) -> None:
    assert machine(name).links[link].reach == reach


@pytest.mark.parametrize(
    ("name", "ports", "gigabits"),  # of the vendor's system with eight devices
    [("h100-sxm", 8, 400), ("h200", 8, 400), ("b200", 8, 400), ("b300", 8, 800), ("a100-80gb-sxm", 8, 200)],
)
def test_the_network_is_that_of_the_vendors_system(name: str, ports: int, gigabits: int) -> None:
    found = machine(name)
    assert found.node == 8
    assert found.network is not None
    assert found.network.per_device == quantity(f"{ports * gigabits // 8 // found.node} GB/s", BANDWIDTH)


def test_the_network_is_a_link_by_its_name() -> None:
    found = machine("h100-sxm")
    assert found.link("network") is found.network
    with pytest.raises(UserError, match="unknown link of a10 'network'"):
        machine("a10").link("network")


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        (TYPED, 1), (f"{TYPED}, node=8", 8), (f"{TYPED}, link_bw=300 GB/s", None),
        (f"{TYPED}, link_bw=3 GB/s, node=4", 4),
        (f"{TYPED}, link_bw=300 GB/s, reach=2", 2), (f"{TYPED}, link_bw=300 GB/s, reach=2, node=8", 8),
        ("a100-80gb-pcie", 8), ("gb300", 72), ("rtx-4090", None), ("dgx-spark", 1),
    ],
)  # fmt: skip
def test_without_a_network_a_node_is_all_there_is(text: str, alone: int | None) -> None:
    assert machine(text).alone == alone


def test_files_and_text_say_the_same(tmp_path: Path) -> None:
    cable = LINK.format("300") + "reach = 2\n[link.cable.latency]\nvalue = 2\nunit = 'us'\n"
    file = machine(written(tmp_path, "node = 8\n" + MINE + USABLE + cable + NETWORK))
    links = "link_bw=300 GB/s, reach=2, link_latency=2 us, net_bw=25 GB/s, net_latency=5 us"
    text = machine(f"{TYPED}, usable=79.15 GiB, node=8, {links}")
    for found in (file, text):
        link = found.link()
        assert link is not None
        assert link.latency is not None
        assert found.network is not None
        assert (link.reach, link.latency.quantity) == (2, quantity("2 us", SECOND))
        assert (found.node, found.network.per_device) == (8, quantity("25 GB/s", BANDWIDTH))
    assert text.network is not None
    assert text.network.latency is not None
    assert text.network.latency.quantity == quantity("5 us", SECOND)


REFUSED_TEXT = {
    f"{TYPED}, usable=81 GiB": "hardware: usable: 81 GiB = 86.97 GB is more than the memory of 80 GiB = 85.9 GB",
    f"{TYPED}, node=0": "hardware node: must be a whole number from 1 to a million",
    f"{TYPED}, node=8 GPUs": "hardware node: must be a whole number, not '8 GPUs'",
    f"{TYPED}, node=8, node=8": "node is given twice",
    f"{TYPED}, reach=2": "reach is how many devices a link joins; give its link_bw, too",
    f"{TYPED}, link_latency=2 us": "link_latency is that of a link; give its link_bw, too",
    f"{TYPED}, net_latency=2 us": "net_latency is that of a link; give its net_bw, too",
    f"{TYPED}, net_bw=400 Gb/s": "has bits or a small b ('Gb')",
    f"{TYPED}, link_bw=1 GB/s, link_latency=-2 us": "must be positive",
    f"{TYPED}, link_bw=1 GB/s, reach=16, node=8": "link.link: reach 16 is more than the 8 devices of a node",
    f"{TYPED}, nodes=8": "unknown hardware figure 'nodes': did you mean node",
}


@pytest.mark.parametrize("text", REFUSED_TEXT)
def test_unusable_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(UserError, match=re.escape(REFUSED_TEXT[text])):
        machine(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (MINE + USABLE.replace("79.15", "80.5"), "mine.toml: usable: 80.5 GiB = 86.44 GB is more than the memory"),
        (MINE + USABLE.replace("GiB", "TB/s"), "usable: '79.15 TB/s' is in byte/s; write a capacity"),
        ("node = 0\n" + MINE, "node: must be a whole number from 1"),
        (
            "node = 4\n" + MINE + LINK.format("1") + "reach = 8\n",
            "link.cable: reach 8 is more than the 4 devices of a node",
        ),
        (MINE + LINK.format("1") + "reach = 1.5\n", "link.cable.reach: must be a whole number, not 1.5"),
        (MINE + LINK.format("1") + "latency = 5\n", "link.cable.latency must be a table: write [link.cable.latency]"),
        (
            MINE + LINK.format("1") + "[link.cable.latency]\nvalue=1\nunit='GB'\n",
            "link.cable.latency: '1 GB' is in byte",
        ),
        (MINE + NETWORK + "reach = 8\n", "[network]: unknown key 'reach'"),
        (MINE + NETWORK.replace("network", "link.network"), "the link beyond the node is written [network]"),
        (MINE + NETWORK.replace("GB/s", "Gbit/s"), "network: '25 Gbit/s' has bits"),
    ],
)
def test_unusable_files_are_refused_with_the_place(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(reason)):
        machine(written(tmp_path, text))


# --- as a list and one by one -----------------------------------------------------------------------------------------


def test_the_list_of_machines_fits_80_columns() -> None:
    lines = costgraph("list", "hardware").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert {line.split()[0] for line in lines[2 : lines.index("")]} == set(catalog())
    assert "a10                 22.49 GiB    600 GB/s    125 TFLOP/s bf16" in lines
    assert "h100-sxm            79.11 GiB   3.35 TB/s  989.4 TFLOP/s bf16  8     50 GB/s" in lines


def test_one_machine_is_shown_with_every_figure_and_its_source() -> None:
    run = costgraph("list", "hardware", "a100-80gb-pcie")
    assert (run.returncode, run.stderr) == (0, "")
    text = " ".join(run.stdout.split())
    for shown in (
        "NVIDIA A100 80GB PCIe (a100-80gb-pcie), NVIDIA, 2021",
        "memory 80 GiB = 85.9 GB [1]",
        "usable 79.15 GiB = 84.99 GB; what fits is judged by this [2]",
        "matrix units, bf16 312 TFLOP/s, dense (2:4 sparse: 624 TFLOP/s)",
        "link nvlink 300 GB/s a device, one way; joins 2",
        "link pcie 32 GB/s a device, one way; joins 8",
        "node of no stated size",
        "[2] ekondis/mixbench issue 47: output of mixbench-cuda on an A100 80GB PCIe",
        "https://github.com/ekondis/mixbench/issues/47 read 2026-11-29",
    ):
        assert shown in text


@pytest.mark.parametrize("name", catalog())
def test_every_machine_is_shown_whole_in_80_columns(name: str) -> None:
    found, text = machine(name), costgraph("list", "hardware", name).stdout
    lines = [line for line in text.splitlines() if "https://" not in line]
    assert max(map(len, lines)) <= 80
    flat = " ".join(text.split())
    networks = [found.network] if found.network else []
    for figure in (found.memory, found.usable, found.bandwidth, *found.peaks.values(), *found.vector.values()):
        assert str(figure.quantity) in flat
        assert " ".join(figure.note.split()) in flat
    for link in (*found.links.values(), *networks):
        assert f"{link.per_device} a device" in flat
        assert link.figure.url in flat


def test_a_machine_of_ones_own_is_shown_as_well(tmp_path: Path) -> None:
    shown = costgraph("list", "hardware", written(tmp_path, MINE)).stdout
    assert "My card (mine)" in shown
    assert "no source is stated" in shown


def test_only_machines_and_models_are_shown_one_by_one() -> None:
    run = costgraph("list", "passes", "prefill")
    assert run.returncode == 2
    assert "list passes prefill: only hardware and models are shown one by one" in run.stderr
    assert costgraph("list", "hardware", "a1").returncode == 2
