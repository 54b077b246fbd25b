"""Which link a group of devices uses, and how much has to cross it.

Judged by letting every device stand somewhere, and by sending every piece.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costgraph import UserError
from costgraph.algebra.polynomial import Polynomial
from costgraph.hardware.cluster import Cluster, cluster
from costgraph.hardware.links import Layout, Span, axes_of
from costgraph.hardware.machine import Link
from costgraph.mesh import Mesh

TYPED = "flops=1 PFLOP/s, mem_bw=1 TB/s, mem=80 GiB"
PIPELINE = (("P", 4), ("N_d", 8), ("C", 2), ("T", 4))  # 256 devices, outermost axis first


def span(where: str | Cluster, axes: tuple[tuple[str, int], ...], *over: str, link: str | None = None) -> Span:
    return Layout(cluster(where), axes, link).span(over)


# --- in words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "axes", "over", "words"),
    [
        ("h100-sxm", PIPELINE, "T", "tensor over nvlink"),
        ("h100-sxm", PIPELINE, "C", "context over nvlink"),
        ("h100-sxm", PIPELINE, "C T", "context and tensor over nvlink"),
        ("h100-sxm", PIPELINE, "N_d", "data over the network, each of 8 in a node of its own"),
        ("h100-sxm", PIPELINE, "N_d C", "data and context over the network, 2 of 16 in a node"),
        ("h100-sxm", PIPELINE, "P", "pipeline over the network, each of 4 in a node of its own"),
        ("h100-sxm", (("N_d", 64),), "N_d", "data over the network, 8 of 64 in a node"),
        ("h100-sxm:4x32", (("N_d", 64),), "N_d", "data over the network, 4 of 64 in a node"),
        ("h100-sxm", (("N_h", 2), ("N_d", 8)), "N_h N_d", "replicas and data over the network, 8 of 16 in a node"),
        ("h100-sxm", (("N_d", 8),), "N_d", "data over nvlink"),
        ("h100-sxm", (("N_d", 8), ("T", 1)), "T", "tensor on one device"),
        ("h100-sxm", (("N_d", 3), ("T", 4)), "N_d", "data over the network, 1 to 2 of 3 in a node"),
        ("h100-sxm", (("N_d", 3), ("T", 2)), "N_d", "data over nvlink"),  # all six devices are in one node
        ("gb200", (("N_d", 2), ("T", 72)), "T", "tensor over nvlink"),
        ("a100-80gb-pcie", (("T", 2),), "T", "tensor over nvlink"),
        ("a100-80gb-pcie", (("T", 8),), "T", "tensor over pcie, 2 of 8 joined by nvlink"),
        ("a100-80gb-pcie", (("N_d", 4), ("T", 2)), "N_d", "data over pcie"),
        ("rtx-4090", (("T", 16),), "T", "tensor over pcie"),
        ("tpu-v5e", (("N_d", 2), ("T", 256)), "N_d", "data over the network, each of 2 in a node of its own"),
        ("tpu-v5p", (("N_d", 16), ("T", 256)), "N_d", "data over ici"),
        (f"{TYPED}, link_bw=1 GB/s, reach=2, net_bw=1 GB/s", (("T", 8),), "T",
         "tensor over the network, 2 of 8 in a node"),
        (f"{TYPED}, link_bw=1 GB/s, reach=2, node=4, net_bw=1 GB/s", (("T", 8),), "T",
         "tensor over the network, 2 of 8 joined by link"),
        (f"{TYPED}, net_bw=1 GB/s", (("T", 8),), "T", "tensor over the network"),
    ],
)  # fmt: skip
def test_the_answer_says_which_link_and_how_many_share_a_node(
    where: str, axes: tuple[tuple[str, int], ...], over: str, words: str
) -> None:
    assert str(span(where, axes, *over.split())) == words


def test_how_many_of_the_devices_are_used() -> None:
    assert Layout(cluster("h100-sxm:8x128"), PIPELINE).used == "256 of 1024 devices"
    assert Layout(cluster("h100-sxm"), PIPELINE).used == "256 devices"
    assert Layout(cluster("h100-sxm"), ()).used == "1 device"


def test_a_named_link_is_the_only_one_in_a_node() -> None:
    assert str(span("h100-sxm", PIPELINE, "T", link="pcie")) == "tensor over pcie"
    assert str(span("h100-sxm", PIPELINE, "N_d", link="pcie")).startswith("data over the network")
    assert str(span("h100-sxm", PIPELINE, "T", link="network")) == "tensor over the network"
    assert str(span("a100-80gb-pcie", (("T", 8),), "T", link="pcie")) == "tensor over pcie"
    with pytest.raises(UserError, match=r"tensor: 8 devices of a100-80gb-pcie stand in .*\(nvlink joins 2\)"):
        span("a100-80gb-pcie", (("T", 8),), "T", link="nvlink")
    with pytest.raises(UserError, match="unknown link of h100-sxm 'nvlnk': did you mean nvlink"):
        span("h100-sxm", PIPELINE, "T", link="nvlnk")


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("h100-sxm", ["nvlink", "network"]),  # PCIe reaches no further than NVLink
        ("h100-pcie", ["nvlink", "pcie"]),
        ("h100-pcie:2x4", ["nvlink"]),  # in nodes of two PCIe is of no use
        ("mi250x", ["xgmi", "network"]),  # neither the link in a package nor the one to the host leads to a device
        ("tpu-v4", ["ici", "network"]),
        ("dgx-spark", ["network"]),
        ("h100-sxm:1x4", ["network"]),
        ("apple-m2-ultra", []),
        (f"{TYPED}, link_bw=1 GB/s, node=4", ["link"]),
    ],
)
def test_links_that_are_of_use(where: str, names: list[str]) -> None:
    assert [level.name for level in Layout(cluster(where), ()).levels] == names


@pytest.mark.parametrize(("reach", "speed", "names"), [(2, 1, ["one"]), (2, 2, ["other", "one"]), (8, 1, ["other"])])
def test_of_two_links_the_slower_is_of_use_where_it_reaches_further(reach: int, speed: int, names: list[str]) -> None:
    """Of two that are alike the first is taken."""
    one = cluster("h100-sxm").machine.links["pcie"]
    figure = replace(one.figure, quantity=one.figure.quantity * speed)
    machine = replace(cluster("h100-sxm").machine, links={"other": Link(figure, reach=reach), "one": one}, network=None)
    assert [level.name for level in Layout(Cluster(machine), ()).levels] == names


def test_cuts_of_one_axis_stand_apart() -> None:
    layout = Layout(cluster("h100-sxm:4x2"), (("T", 4), ("T", 2)))  # key/value heads outside, their copies inside
    assert str(layout.span([("T", 1)])) == "tensor over nvlink"
    assert str(layout.span([("T", 0)])) == "tensor over the network, 2 of 4 in a node"
    assert str(layout.span(["T"])) == "tensor over the network, 4 of 8 in a node"


def test_degrees_are_those_of_the_mesh_without_what_follows_in_time() -> None:
    mesh = Mesh("pipeline(4), data(N_h), data(2), tensor(T)")
    assert axes_of(mesh.substitute({"N_h": Polynomial.constant(8), "T": Polynomial.constant(2)})) == (
        ("P", 4), ("N_h", 8), ("N_d", 2), ("T", 2),
    )  # fmt: skip
    with pytest.raises(UserError, match=r"tensor\(T\): how many devices\? bind T, as in limit={'T': 8}"):
        axes_of(Mesh("tensor(T)"))


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "axes", "over", "reason"),
    [
        (
            "a100-80gb-pcie",
            (("N_d", 2), ("T", 8)),
            "N_d",
            r"data: 16 devices .* links join 8.*add \[network\] to its file",
        ),
        (
            "apple-m2-ultra",
            (("T", 2),),
            "T",
            "tensor: 2 devices .*it has no link to other devices.* or net_bw= to its text",
        ),
        (TYPED, (("T", 2),), "T", "tensor: 2 devices of custom stand in more than one node"),
    ],
)
def test_an_axis_that_leaves_the_node_needs_a_network(
    where: str, axes: tuple[tuple[str, int], ...], over: str, reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        span(where, axes, over)


def test_an_axis_that_stays_needs_none() -> None:
    assert str(span("a100-80gb-pcie", (("N_d", 2), ("T", 8)), "T")) == "tensor over pcie, 2 of 8 joined by nvlink"


def test_more_devices_than_there_are_are_refused() -> None:
    with pytest.raises(
        UserError, match=r"the mesh has 256 devices \(pipeline 4 x data 8 x .*\), and h100-sxm:8x16 128"
    ):
        Layout(cluster("h100-sxm:8x16"), PIPELINE)


def test_many_devices_in_uneven_groups_are_refused_at_once() -> None:
    with pytest.raises(UserError, match="data: groups lie unevenly over domains of 8 devices; let degrees divide 8"):
        span("h100-sxm", (("N_d", 300001), ("T", 3)), "N_d")


# --- every device stands somewhere ------------------------------------------------------------------------------------


Domains = tuple[tuple[int, ...], ...]


def where_devices_stand(axes: tuple[tuple[str, int], ...], node: int, bridge: int) -> Iterator[Domains]:
    """Coordinates on the mesh, and the domains of one device, of a bridge, of a node and of the network."""
    for number, at in enumerate(product(*(range(degree) for _, degree in axes))):
        yield at, (number,), (number // node, number % node // bridge), (number // node,), ()


meshes = st.lists(st.sampled_from([1, 2, 3, 4, 6, 8]), min_size=1, max_size=4).filter(lambda sizes: prod(sizes) <= 200)


@settings(max_examples=300)
@given(meshes, st.sampled_from([1, 2, 3, 4, 6, 8, 12]), st.sampled_from([1, 2, 4]), st.data())
def test_groups_lie_where_their_devices_stand(sizes: list[int], node: int, bridge: int, data: st.DataObject) -> None:
    axes = tuple(zip("abcd", sizes, strict=False))
    chosen = data.draw(st.sets(st.sampled_from([name for name, _ in axes]), min_size=1))
    reach = f", link_bw=100 GB/s, reach={bridge}" if bridge <= node else ", link_bw=100 GB/s"
    bridge = min(bridge, node) if bridge <= node else node
    found = span(f"{TYPED}{reach}, node={node}, net_bw=1 GB/s", axes, *chosen)

    groups: dict[tuple[int, ...], list[Domains]] = {}
    for at, *domains in where_devices_stand(axes, node, bridge):
        rest = tuple(i for i, (name, _) in zip(at, axes, strict=True) if name not in chosen)
        groups.setdefault(rest, []).append(tuple(domains))
    counts = [  # by level: how many members of each group each domain has
        [n for members in groups.values() for n in Counter(domains[level] for domains in members).values()]
        for level in (0, 1, 3)  # one device, bridge, network: this machine has no link for the node
    ]
    whole = prod(degree for name, degree in axes if name in chosen)
    assert found.members == whole == counts[2][0]
    if found.outer is None:
        assert whole == 1
        return
    outermost = next(level for level in (1, 2) if min(counts[level]) == whole)
    assert found.outer.level.name == ("link", "network")[outermost - 1]
    below = counts[outermost - 1]
    assert (found.outer.inside, found.outer.most, found.outer.members) == (min(below), max(below), whole)


@given(st.integers(1, 64), st.integers(2, 16), st.sampled_from([2, 4, 8, 12]))
def test_an_axis_stays_in_a_domain_if_blocks_divide_it_or_all_fit(stride: int, degree: int, node: int) -> None:
    axes = (("N_d", 2), ("C", degree), ("T", stride))
    found = span(f"{TYPED}, link_bw=100 GB/s, node={node}, net_bw=1 GB/s", axes, "C")
    assert found.outer is not None
    stays = node % (stride * degree) == 0 or 2 * degree * stride <= node
    assert (found.outer.level.name == "link") == stays


# --- every piece is sent ----------------------------------------------------------------------------------------------

GROUPS = [(k, m) for k in (1, 2, 3, 4) for m in (1, 2, 3, 4) if k * m > 1]
Pieces = list[set[int]]


def two_levels(k: int, m: int) -> Span:
    """A group of k devices in each of m nodes."""
    return span(f"{TYPED}, link_bw=100 GB/s, node={k}, net_bw=1 GB/s", (("N_d", k * m),), "N_d")


def shares(found: Span, kind: str) -> dict[str, Fraction]:
    """The share of each link."""
    return {hop.level.name: hop.share(kind) for hop in found.hops}


def ring(held: Pieces, members: list[int], sent: Counter[int]) -> None:
    """Members pass on round a ring what they hold and have received, until all have all."""
    passing = [set(held[device]) for device in members]
    for _ in range(len(members) - 1):
        for device, pieces in zip(members, passing, strict=True):
            sent[device] += len(pieces)
        passing = [passing[-1], *passing[:-1]]
        for device, pieces in zip(members, passing, strict=True):
            held[device] |= pieces


def gathered(k: int, m: int) -> dict[str, Counter[int]]:
    """An all_gather between nodes, then in nodes: how many of n pieces each device sends on each link."""
    n = k * m
    held: Pieces = [{device} for device in range(n)]
    sent = {"network": Counter[int](), "link": Counter[int]()}
    for place in range(k):
        ring(held, [node * k + place for node in range(m)], sent["network"])
    for node in range(m):
        ring(held, [node * k + place for place in range(k)], sent["link"])
    assert all(pieces == set(range(n)) for pieces in held)
    return sent


@pytest.mark.parametrize(("k", "m"), GROUPS)
def test_a_gather_in_two_levels_sends_what_is_said(k: int, m: int) -> None:
    n = k * m
    rings = Fraction(n - 1, n)  # of a tensor of one byte; a piece is a part n of it
    found, sent = two_levels(k, m), gathered(k, m)
    for kind in ("all_gather", "reduce_scatter", "all_reduce", "ring_gather", "ring_reduce"):
        said = shares(found, kind)
        for link in ("network", "link"):
            per_device = {Fraction(sent[link][device], n) for device in range(n)}
            assert per_device == {said.get(link, Fraction(0)) * rings}
        assert sum(said.values()) == 1
    if m > 1:
        assert shares(found, "all_gather")["network"] * rings == Fraction(m - 1, m * k)  # W*(m-1)/(m*k)


@pytest.mark.parametrize(("k", "m"), GROUPS)
def test_no_gather_sends_less_between_nodes(k: int, m: int) -> None:
    """Each node lacks the pieces of the others, and has k links through which they can come."""
    n = k * m
    lacking = [{device for device in range(n) if device // k != node} for node in range(m)]
    least = {Fraction(len(pieces), n * k) for pieces in lacking}
    assert least == {shares(two_levels(k, m), "all_gather").get("network", Fraction(0)) * Fraction(n - 1, n)}


@pytest.mark.parametrize(("k", "m"), GROUPS)
def test_an_exchange_sends_each_part_straight_to_where_it_belongs(k: int, m: int) -> None:
    n = k * m
    said = shares(two_levels(k, m), "all_to_all")
    for device in range(n):
        others = [other for other in range(n) if other != device]
        across = Fraction(sum(other // k != device // k for other in others), n)  # of what the device has
        assert across == said.get("network", Fraction(0)) * Fraction(n - 1, n)
        assert Fraction(len(others), n) - across == said.get("link", Fraction(0)) * Fraction(n - 1, n)
    if m > 1:
        assert said["network"] * Fraction(n - 1, n) == Fraction(m - 1, m)  # w*(m-1)/m


def fewest_messages(m: int, reduce_to_one: bool) -> int:
    """How many messages m nodes need to add up one number of each, in one of them or in all: by trying everything."""
    full = frozenset(range(m))
    start = tuple(frozenset({frozenset({node})}) for node in range(m))
    todo, seen = deque([(start, 0)]), {start}
    while todo:
        state, messages = todo.popleft()
        sums = [formed(known) for known in state]
        if all(full in sums[node] for node in ([0] if reduce_to_one else range(m))):
            return messages
        for source, target in product(range(m), repeat=2):
            for partial in sums[source] if source != target else ():
                new = tuple(known | {partial} if node == target else known for node, known in enumerate(state))
                if new not in seen:
                    seen.add(new)
                    todo.append((new, messages + 1))
    raise AssertionError


def formed(known: frozenset[frozenset[int]]) -> set[frozenset[int]]:
    """The sums that can be formed of sums that share no summand."""
    sums = {frozenset[int]()}
    for one in known:
        sums |= {one | other for other in sums if not one & other}
    return sums - {frozenset()}


@pytest.mark.parametrize("m", [2, 3])
def test_no_sum_needs_fewer_messages_between_nodes(m: int) -> None:
    """Of each byte m-1 messages to add it up in one node, and twice as many until all have it: over k links of each."""
    k = 2
    n = k * m
    rings = Fraction(n - 1, n)
    found = two_levels(k, m)
    assert fewest_messages(m, reduce_to_one=True) == m - 1
    assert fewest_messages(m, reduce_to_one=False) == 2 * (m - 1)
    assert shares(found, "reduce_scatter")["network"] * rings == Fraction(m - 1, m * k)
    assert shares(found, "all_reduce")["network"] * 2 * rings == Fraction(2 * (m - 1), m * k)


@pytest.mark.parametrize(
    ("stages", "stride", "node"), [(2, 4, 8), (4, 4, 8), (4, 1, 8), (2, 8, 8), (3, 4, 8), (8, 1, 8)]
)
def test_a_stage_sends_to_its_neighbour(stages: int, stride: int, node: int) -> None:
    """All of it goes over the slowest link that two neighbouring stages have between them."""
    found = span(f"{TYPED}, link_bw=100 GB/s, node={node}, net_bw=1 GB/s", (("P", stages), ("T", stride)), "P")
    pairs = [(s * stride + t, (s + 1) * stride + t) for s in range(stages - 1) for t in range(stride)]
    crosses = any(one // node != other // node for one, other in pairs)
    assert crosses == (stages * stride > node)
    assert shares(found, "send").get("network", 0) == int(crosses)
    assert sum(shares(found, "send").values()) == 1


def test_uneven_groups_are_as_slow_as_their_smallest_part() -> None:
    """Three in nodes of two: the one that is alone receives two of three parts over its only link."""
    found = span(f"{TYPED}, link_bw=100 GB/s, node=2, net_bw=1 GB/s", (("N_d", 3),), "N_d")
    assert shares(found, "all_gather")["network"] * Fraction(2, 3) == Fraction(2, 3)


def test_three_levels_share_what_a_ring_sends() -> None:
    """Of a byte over 16 devices: 1/2 within a pair, 3/8 between the pairs of a node, 1/16 between two nodes."""
    machine = replace(cluster("a100-80gb-pcie").machine, network=cluster("a100-80gb-sxm").machine.network)
    found = span(Cluster(machine), (("T", 16),), "T")
    assert {name: share * Fraction(15, 16) for name, share in shares(found, "all_gather").items()} == {
        "nvlink": Fraction(1, 2), "pcie": Fraction(3, 8), "network": Fraction(1, 16),
    }  # fmt: skip
    assert str(found) == "tensor over the network, 8 of 16 in a node"
