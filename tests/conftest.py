"""Settings that all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator

import hypothesis
import pytest

IN_CI = bool(os.environ.get("CI"))

# No test depends on a clock. Between two edits fewer examples do: they are others in every run.
hypothesis.settings.register_profile("default", deadline=None, max_examples=25)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts an external program is slow, whoever wrote it."""
    for item in items:
        if any(marker.args for marker in item.iter_markers("needs_tool")):
            item.add_marker("slow")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `needs_tool("git")` where the tool is not installed."""
    for marker in item.iter_markers("needs_tool"):
        for tool in marker.args:
            if shutil.which(tool) is None:
                pytest.skip(f"{tool} is not installed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI every tool has to be there: a skipped `needs_tool` test is a failed one, whatever skipped it."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("needs_tool"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped, which CI does not allow for a test marked needs_tool ({reason})"
    return report
