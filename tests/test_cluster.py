"""Clusters: how many devices stand in a node, and how many nodes there are, as text, as a file, as a bare machine."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine_files import LINK, MINE, written

import costgraph as cg
from costgraph import UserError
from costgraph.algebra.quantities import quantity
from costgraph.algebra.units import BANDWIDTH
from costgraph.hardware.cluster import Cluster, cluster

TYPED = "flops=312 TFLOP/s, mem_bw=2.039 TB/s, mem=80 GiB"


@pytest.mark.parametrize(
    ("text", "node", "nodes", "devices"),
    [
        ("h100-sxm:8x128", 8, 128, 1024),
        ("h100-sxm:4x3", 4, 3, 12),  # half of each node, as a cloud rents them
        (" H100-SXM : 8 x 2 ", 8, 2, 16),
        ("h100-sxm:8×2", 8, 2, 16),
        ("h100-sxm:64", 8, 8, 64),  # devices in nodes of the machine's own size
        ("h100-sxm:8", 8, 1, 8),
        ("h100-sxm:5", 5, 1, 5),
        ("a100-80gb-pcie:16", 8, 2, 16),  # what its PCIe joins
        ("rtx-4090:6", 6, 1, 6),  # nothing says how many a computer holds
        ("gb200:144", 72, 2, 144),
        ("dgx-spark:2", 1, 2, 2),
        ("h100-sxm", 8, None, None),  # as many nodes as are needed
        ("rtx-4090", None, None, None),
        (f"{TYPED}, node=4:12", 4, 3, 12),
        ("tpu-v5e:256x2", 256, 2, 512),
        ("dgx-spark:1x1000000", 1, 10**6, 10**6),
    ],
)
def test_text_says_how_many_are_in_a_node_and_how_many_nodes(
    text: str, node: int | None, nodes: int | None, devices: int | None
) -> None:
    found = cluster(text)
    assert (found.node, found.nodes, found.devices) == (node, nodes, devices)


@pytest.mark.parametrize("text", ["h100-sxm:8x128", "h100-sxm:4x3", "rtx-4090:6x1", "h100-sxm", "rtx-4090"])
def test_a_cluster_reads_as_it_is_typed(text: str) -> None:
    assert str(cluster(text)) == text
    assert cluster(str(cluster(text))) == cluster(text)


def test_a_machine_and_a_cluster_are_clusters() -> None:
    of = cg.machine("a10")
    assert cg.cluster(of) == Cluster(of)
    assert cg.cluster(Cluster(of, 4, 2)) == Cluster(of, 4, 2)


def test_what_is_taken_for_granted_of_a_node_is_said() -> None:
    assert cluster("rtx-4090").assumption == "all devices in one node, as rtx-4090 says of no link how many it joins"
    assert cluster("rtx-4090:4x2").assumption == cluster("h100-sxm").assumption == ""


FORM = "write DEVICE:PER_NODExNODES such as h100-sxm:8x128, DEVICE:DEVICES such as h100-sxm:64, or a TOML file"
REFUSED = {
    "h100-sxm:8x": f"cluster 'h100-sxm:8x': {FORM}",
    "h100-sxm:": f"cluster 'h100-sxm:': {FORM}",
    ":8x8": f"cluster ':8x8': {FORM}",
    "h100-sxm:eight": f"cluster 'h100-sxm:eight': {FORM}",
    "h100-sxm:8x8x8": f"cluster 'h100-sxm:8x8x8': {FORM}",
    "h100-sxm:-8x8": f"cluster 'h100-sxm:-8x8': {FORM}",
    "h100-sxm:8.5x8": f"cluster 'h100-sxm:8.5x8': {FORM}",
    "h100-sxm:٣": f"cluster 'h100-sxm:٣': {FORM}",
    "h100-sxmm:8x8": "unknown hardware 'h100-sxmm': did you mean h100-sxm",
    "": "the name of the hardware is empty",
    "h100-sxm:0x8": "h100-sxm:0x8: a cluster has at least one node, and a node one device",
    "h100-sxm:8x0": "a cluster has at least one node",
    "h100-sxm:0": "a cluster has at least one node",
    "h100-sxm:8x125001": "h100-sxm:8x125001: a cluster has at most 1 000 000 devices",
    "h100-sxm:99999999": "a cluster has at most 1 000 000 devices",
    f"h100-sxm:{'9' * 10000}x8": "a cluster has at most 1 000 000 devices",
    "h100-sxm:16x2": "16 devices in a node, but links of h100-sxm join 8 (nvlink 8, pcie 8); write smaller nodes",
    "a100-80gb-pcie:16x2": "links of a100-80gb-pcie join 8 (nvlink 2, pcie 8)",
    f"{TYPED}:2x2": "links of custom join 1 (it has none)",
    "h100-sxm:12": "nodes have 8 devices, which do not divide 12; write h100-sxm:16, or how many a node has, as in"
    " h100-sxm:6x2",
    "./nowhere.toml": "cluster file ./nowhere.toml: there is no such file",
    "./nowhere.toml:8x2": "hardware file ./nowhere.toml: there is no such file",
}


@pytest.mark.parametrize("text", REFUSED)
def test_unusable_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(UserError) as refused:
        cluster(text)
    assert REFUSED[text] in str(refused.value)


def test_something_else_is_no_cluster() -> None:
    with pytest.raises(UserError, match="8 is no cluster; write DEVICE:PER_NODExNODES"):
        cluster(8)  # type: ignore[arg-type]


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for typed in (text, f"h100-sxm:{text}"):
        try:
            found = cluster(typed)
        except UserError:
            continue
        assert found.devices is None or 1 <= found.devices <= 10**6


# --- files ------------------------------------------------------------------------------------------------------------

FILE = 'device = "h100-sxm"\nper_node = 8\nnodes = 16\n'
NETWORK = '[network]\nvalue = "25"\nunit = "GB/s"\nsource = "our rack"\n'


def file(folder: Path, text: str) -> str:
    path = folder / "cluster.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_says_the_same_as_text(tmp_path: Path) -> None:
    assert cluster(file(tmp_path, FILE)) == cluster("h100-sxm:8x16")
    assert cluster(file(tmp_path, 'device = "h100-sxm"')) == cluster("h100-sxm")
    assert cluster(file(tmp_path, 'device = "h100-sxm"\nnodes = 16')).devices == 128


def test_a_file_may_have_a_network_of_its_own(tmp_path: Path) -> None:
    found = cluster(file(tmp_path, FILE + NETWORK)).machine
    assert found.network is not None
    assert found.network.per_device == quantity("25 GB/s", BANDWIDTH)
    assert found.network.figure.source == "our rack"
    assert found.links == cg.machine("h100-sxm").links


def test_a_file_names_its_device_from_where_it_stands(tmp_path: Path) -> None:
    written(tmp_path, MINE + LINK.format("300"))
    found = cluster(file(tmp_path, 'device = "mine.toml"\nper_node = 4\nnodes = 2\n'))
    assert (found.machine.title, found.devices) == ("My card", 8)


def test_a_file_of_a_machine_is_one_by_itself(tmp_path: Path) -> None:
    mine = written(tmp_path, "node = 4\n" + MINE)
    assert cluster(mine).node == 4
    assert cluster(f"{mine}:4x2").devices == 8


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (FILE.replace("nodes", "notes"), "cluster.toml: unknown key 'notes': did you mean note or nodes"),
        (FILE.replace("8", "0"), "cluster.toml: per_node: must be a whole number from 1 to a million"),
        (FILE.replace("8", "8.5"), "cluster.toml: per_node: must be a whole number, not 8.5"),
        (FILE.replace("8", "16"), "cluster.toml: h100-sxm:16x16: 16 devices in a node, but links of h100-sxm join 8"),
        (FILE.replace("16", "1000000"), "cluster.toml: h100-sxm:8x1000000: a cluster has at most 1 000 000 devices"),
        (
            FILE.replace("h100-sxm", "h100"),
            "cluster.toml: device: unknown hardware 'h100': which of h100-pcie, h100-sxm?",
        ),
        (FILE.replace('"h100-sxm"', "3"), "cluster.toml: device must be a string in quotes, not 3"),
        (FILE + NETWORK.replace("GB/s", "GB"), "cluster.toml: network: '25 GB' is in byte; write a bandwidth"),
        (FILE + NETWORK.replace("value", "reach"), "cluster.toml: [network]: unknown key 'reach'"),
        ('device = "rtx-4090"\nnodes = 2', "how many devices has a node? rtx-4090 does not say; write per_node"),
        ("nodes = 2", "names no device of a cluster, as in device = 'h100-sxm', and has no [memory]"),
        ("devize = 2", "unknown key 'devize': did you mean device"),
        ("device = ", "not valid TOML"),
    ],
)
def test_unusable_files_are_refused_with_the_place(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(reason)):
        cluster(file(tmp_path, text))
