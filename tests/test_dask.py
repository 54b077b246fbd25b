"""Searches and sweeps on a cluster of two processes say what this process says."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import costgraph

import costgraph as cg
from costgraph.errors import UserError
from costgraph.searching import on_dask
from costgraph.searching.engines import engine
from costgraph.searching.grid import STRETCH

pytestmark = [pytest.mark.needs_library("distributed"), pytest.mark.needs_library("pyarrow")]
ask: Any = cg


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a cluster that is there: two processes of one thread."""
    import distributed

    cluster_of: Any = distributed.LocalCluster
    place = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
    with cluster_of(**place) as cluster:
        yield cluster.scheduler_address


SWEPT = (
    "sweep", "--model", "llama-3.2-1b", "--measures", "peak,step_time,flops", "--over",
    "hardware=[a100-80gb-sxm, h100-sxm], B=1..40, S=[64, 100]",
)  # fmt: skip
SEARCHED = (
    "search", "--model", "llama-3.2-1b", "--cluster", "h100-sxm:2x2", "--batch", "4", "--limit", "S=1024", "--over",
    "T=[1, 2], C=1, P=1, zero=[0, 3], recompute=none", "--where", "peak <= 30 GiB",
)  # fmt: skip


@pytest.mark.parametrize("more", [(), ("--pareto", "peak,step_time"), ("--where", "peak <= 40 GiB")], ids=str)
def test_a_sweep_has_the_same_rows_in_the_same_order(scheduler: str, more: tuple[str, ...]) -> None:
    there = ("--engine", "dask", "--scheduler", scheduler)
    plain = costgraph(*SWEPT, *more, "--format", "csv")
    assert costgraph(*SWEPT, *more, "--format", "csv", *there).stdout == plain.stdout
    assert costgraph(*SWEPT, *more, "--top", "3", *there).stdout == costgraph(*SWEPT, *more, "--top", "3").stdout


def test_a_search_has_the_same_plans_and_counts(scheduler: str) -> None:
    there = ("--engine", "dask", "--scheduler", scheduler)
    assert json.loads(costgraph(*SEARCHED, "--json", *there).stdout) == json.loads(
        costgraph(*SEARCHED, "--json").stdout
    )


def test_why_nothing_fits_is_the_same(scheduler: str) -> None:
    there = ("--engine", "dask", "--scheduler", scheduler)
    run = costgraph(*SEARCHED, "--where", "peak <= 1 GiB", *there)
    assert run.returncode == 1
    assert run.stdout == costgraph(*SEARCHED, "--where", "peak <= 1 GiB").stdout


def test_an_error_is_that_of_the_person_who_asked(scheduler: str) -> None:
    run = costgraph(*SWEPT[:-1], "B=1..4", "--engine", "dask", "--scheduler", scheduler, "--hardware", "h100-sxm")
    assert run.returncode == 2
    assert run.stderr == costgraph(*SWEPT[:-1], "B=1..4", "--hardware", "h100-sxm").stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.needs_library("pandas")
@pytest.mark.needs_library("polars")
def test_parts_are_read_as_one_table(scheduler: str, tmp_path: Path) -> None:
    import duckdb
    import pandas
    import polars

    path = tmp_path / "table.parquet"
    over = f"B=1..{STRETCH // 100 + 7}, S=1..100"
    asked = ("sweep", "--model", "llama-3.2-1b", "--measures", "flops", "--over", over)
    assert costgraph(*asked, "-o", str(path), "--engine", "dask", "--scheduler", scheduler).returncode == 0
    assert sorted(one.name for one in path.iterdir()) == ["part-00000000.parquet", "part-00000001.parquet"]
    plain = tmp_path / "plain.parquet"
    assert costgraph(*asked, "-o", str(plain)).returncode == 0
    query: Any = duckdb.sql
    by_duckdb = query(f"select count(*), sum(flops), max(B) from '{path}/*.parquet'").fetchall()
    assert by_duckdb == query(f"select count(*), sum(flops), max(B) from '{plain}'").fetchall()
    assert polars.read_parquet(path).equals(polars.read_parquet(plain))
    assert pandas.read_parquet(path).equals(pandas.read_parquet(plain))


def test_a_folder_of_parts_is_written_whole_and_not_replaced_unasked(scheduler: str, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    there = ("-o", str(path), "--engine", "dask", "--scheduler", scheduler)
    refused = costgraph(*SWEPT[:-1], "B=1..4", "--hardware", "h100-sxm", *there)
    assert refused.returncode == 2
    assert list(tmp_path.iterdir()) == []
    assert costgraph(*SWEPT, *there).returncode == 0
    again = costgraph(*SWEPT, *there)
    assert (again.returncode, "table.parquet is a folder; name a file" in again.stderr) == (2, True)
    assert [one.name for one in tmp_path.iterdir()] == ["table.parquet"]


def test_a_folder_of_parts_is_replaced_where_that_is_asked_for(scheduler: str, tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "table.parquet"
    query: Any = duckdb.sql
    there = ("-o", str(path), "--force", "--engine", "dask", "--scheduler", scheduler)
    for over, rows in (("B=1..4, S=64", 4), ("B=1..7, S=64", 7)):
        assert costgraph(*SWEPT[:-1], over, "--hardware", "h100-sxm", *there).returncode == 0
        assert query(f"select count(*) from '{path}/*.parquet'").fetchall() == [(rows,)]
    assert costgraph(*SWEPT[:-1], "B=1..3, S=64", "--hardware", "h100-sxm", *there[:3]).returncode == 0
    assert query(f"select count(*) from '{path}'").fetchall() == [(3,)]
    assert [one.name for one in tmp_path.iterdir()] == ["table.parquet"]


@pytest.mark.parametrize("inside", [(), ("notes.txt",), ("part-00000000.parquet", "notes.txt")], ids=str)
def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path, inside: tuple[str, ...]) -> None:
    path = tmp_path / "table.parquet"
    path.mkdir()
    for name in inside:
        (path / name).write_text("mine")
    run = costgraph(*SWEPT, "-o", str(path), "--force")
    assert (run.returncode, "is a folder; name a file" in run.stderr) == (2, True)
    assert sorted(one.name for one in path.iterdir()) == sorted(inside)


def test_no_point_left_is_no_folder(scheduler: str, tmp_path: Path) -> None:
    there = ("-o", str(tmp_path / "t.parquet"), "--engine", "dask", "--scheduler", scheduler)
    run = costgraph(*SWEPT, "--where", "peak <= 1 GiB", *there)
    assert (run.returncode, "no point is left" in run.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_processes_of_this_machine_work_where_no_scheduler_is_named() -> None:
    over = {"hardware": ["a100-80gb-sxm", "h100-sxm"], "B": range(1, 40), "S": 64}
    found = ask.sweep("llama-3.2-1b", over, "peak,flops", engine="dask")
    plain = ask.sweep("llama-3.2-1b", over, "peak,flops")
    assert list(found.rows()) == list(plain.rows())
    rows = list(csv.reader(costgraph(*SWEPT, "--format", "csv", "--engine", "dask").stdout.splitlines()))
    assert len(rows) == 161


# --- without a cluster ------------------------------------------------------------------------------------------------


class Client:
    """A client that does each task when its result is asked for, and remembers how many were under way."""

    def __init__(self) -> None:
        self.under_way = self.most = 0

    def scatter(self, value: Any, broadcast: bool) -> Any:
        return value

    def nthreads(self) -> dict[str, int]:
        return {"one": 1, "other": 1}

    def compute(self, tasks: list[Any]) -> list[Any]:
        self.under_way += len(tasks)
        self.most = max(self.most, self.under_way)
        return [self.Future(self, task) for task in tasks]

    class Future:
        def __init__(self, client: Client, task: Any) -> None:
            self.client, self.task = client, task

        def result(self) -> Any:
            self.client.under_way -= 1
            return self.task.compute(scheduler="sync")


class Part(int):
    def compact(self) -> int:
        return int(self) ** 2


def test_no_more_pieces_are_under_way_than_workers_need() -> None:
    from dask.delayed import delayed

    client = Client()
    assert list(on_dask.run(client, delayed, Part, range(100))) == [one**2 for one in range(100)]
    assert client.most == 2 * 2 * on_dask.AHEAD  # of two workers


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_dask, "SECONDS", 1)
    run = costgraph(*SWEPT, "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1")
    assert run.returncode == 2
    assert "--scheduler tcp://127.0.0.1:1: " in run.stderr
    assert run.stderr.count("\n") == 1


REFUSED = [
    (("--engine", "spark"), "unknown engine 'spark'"),
    (("--scheduler", "tcp://host:8786"), "only --engine dask has one"),
    (("--engine", "dask", "--scheduler", "host"), "--scheduler host: "),
]


@pytest.mark.parametrize(("options", "said"), REFUSED)
@pytest.mark.parametrize("command", [SWEPT, SEARCHED], ids=lambda one: one[0])
def test_no_such_engine(command: tuple[str, ...], options: tuple[str, ...], said: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(on_dask, "SECONDS", 1)
    run = costgraph(*command, *options)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1)
    assert said in run.stderr


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(UserError, match=r"engine='dask' needs distributed; install .*costgraph\[dask\]"),
        engine("dask"),
    ):
        pass


def test_a_cluster_leaves_no_scheduler_behind_for_other_users_of_dask() -> None:
    dask = pytest.importorskip("dask")
    before = dask.config.get("scheduler", None)
    with on_dask.on_dask(workers=1):
        assert dask.config.get("scheduler", None) == before
    assert dask.config.get("scheduler", None) == before


def test_a_scheduler_that_does_not_answer_is_not_left_behind_either(monkeypatch: pytest.MonkeyPatch) -> None:
    dask = pytest.importorskip("dask")
    monkeypatch.setattr(on_dask, "SECONDS", 1)
    before = dask.config.get("scheduler", None)
    with pytest.raises(UserError, match=r"tcp://127\.0\.0\.1:1"), on_dask.on_dask("tcp://127.0.0.1:1"):
        pass
    assert dask.config.get("scheduler", None) == before
