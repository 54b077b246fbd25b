"""Numbers as people write them are read wherever one is wanted, and the answer says as what."""

from __future__ import annotations

import pytest
from command_line import costgraph

import costgraph as cg

DERIVE, GENERATE = ("derive", "flops", "--limit"), ("estimate", "gpt2", "a10", "--limit", "S=64,B=1", "--new")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*DERIVE, "S=4,096"), "note: 4,096 read as 4096"),
        ((*DERIVE, "S=4,096,B=1"), "at S=4096, B=1"),
        ((*DERIVE, "B=1,S=4,128,L=2"), "B=1, S=4128, L=2"),
        ((*DERIVE, "S=x", "--let", "x=1,024"), "at S=1024"),
        (("solve", "params == 7,000,000,000", "--for", "L"), "7,000,000,000 read as 7000000000"),
        (("solve", "peak <= hbm", "--for", "B", "--limit", "hbm=80,000 MB,L=1,E=4,p=2"), "hbm=80000000000"),
        (("check", "--formula", "1,000*B", "--measure", "flops"), "1,000 read as 1000"),
        (("check", "--formula", "x*B", "--let", "x=1,000", "--measure", "flops"), "1000B"),
        ((*GENERATE, "1,0", "--phase", "generate"), "--new: '1,0' is no whole number; write one, such as 1024"),
        ((*GENERATE, "some", "--phase", "generate"), "--new: 'some' is no whole number"),
        ((*GENERATE, "1Ki", "--phase", "generate"), "1024 new"),
        ((*GENERATE, "1,024", "--phase", "generate"), "1024 new"),
        ((*DERIVE, "L=1,2"), "'2': write SYMBOL=VALUE"),
    ],
)
def test_a_number_is_read_as_it_is_written(arguments: tuple[str, ...], says: str) -> None:
    run = costgraph(*arguments)
    assert says in run.said.replace("\n", " ") + run.stderr


def test_sizes_of_python_are_text_of_the_same_kind() -> None:
    assert cg.derive("params", limit="D=4,096,E=4,L=2").limited["params"].value.number == 2 * 2 * 4096**2 * 6
