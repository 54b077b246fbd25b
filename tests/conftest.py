"""Settings that all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from importlib.util import find_spec

import hypothesis
import pytest

# What the dev extra does not bring: marker -> whether it is there.
OUTSIDE: dict[str, Callable[[str], object]] = {"needs_tool": shutil.which, "needs_library": find_spec}
IN_CI = bool(os.environ.get("CI"))
os.environ.pop("COLUMNS", None)  # what is tested does not depend on the window of whoever tests

# No test depends on a clock. Between two edits fewer examples do: they are others in every run.
hypothesis.settings.register_profile("default", deadline=None, max_examples=25)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts an external program or imports a large library is slow, whoever wrote it.

    Raises:
        UsageError: a test is called after where something lies in memory, which other processes call otherwise.
    """
    if found := next((item.nodeid for item in items if " at 0x" in item.nodeid), None):
        raise pytest.UsageError(f"{found}: give it ids that are the same in every process")
    for item in items:
        if any(marker.args for name in OUTSIDE for marker in item.iter_markers(name)):
            item.add_marker("slow")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `needs_tool("git")` or `needs_library("jax")` where that is not installed."""
    for found, installed in OUTSIDE.items():
        for name in (name for marker in item.iter_markers(found) for name in marker.args):
            if installed(name) is None:
                pytest.skip(f"{name} is not installed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI everything has to be there: a skipped test that needs something is a failed one, whatever skipped it."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail") and any(map(item.get_closest_marker, OUTSIDE)):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped, which CI does not allow for a test that needs something ({reason})"
    return report
