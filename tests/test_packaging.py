"""What a release contains, and what it puts where: wheel and sdist are built, and the wheel is installed elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import costgraph
from costgraph import resources
from costgraph.errors import BugError

ROOT = Path(__file__).parents[1]
FOLDERS = ("formulas", "exporters")

pytestmark = pytest.mark.slow  # builds and installs a wheel
needs_git = pytest.mark.needs_tool("git")


def run(*command: str, cwd: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def tracked(*folders: str) -> set[str]:
    """The files that git tracks; in an unpacked sdist, where there is no repository, the test is skipped."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git repository")
    return set(run("git", "ls-files", "-z", "--", *folders).split("\0")) - {""}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def in_sdist(built: Path) -> set[str]:
    """The files of the sdist, relative to its top folder."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder, far from the source tree, into which the wheel alone was installed."""
    folder = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-compile", "--no-cache-dir")
    run(*pip, "--target", str(folder), str(wheel), PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
    return folder


def test_the_wheel_is_pure_and_carries_the_version(wheel: Path) -> None:
    assert wheel.name == f"costgraph-{costgraph.__version__}-py3-none-any.whl"


@needs_git
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_data_in_the_wheel_is_what_git_tracks(wheel: Path, folder: str) -> None:
    prefix = "costgraph/_data/"
    with zipfile.ZipFile(wheel) as archive:
        packed = {name.removeprefix(prefix) for name in archive.namelist() if name.startswith(f"{prefix}{folder}/")}
    assert packed == tracked(folder)


@needs_git
def test_the_code_in_the_wheel_is_what_git_tracks(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("costgraph/")}
    assert {name for name in packed if not name.startswith("costgraph/_data/")} == tracked("costgraph")


@needs_git
def test_the_sdist_is_what_git_tracks(in_sdist: set[str]) -> None:
    assert in_sdist - tracked() == {"PKG-INFO"}
    assert tracked(*FOLDERS, "costgraph", "tests", "docs", "benchmarks", "pyproject.toml") <= in_sdist


def test_the_sdist_has_all_that_building_and_testing_takes(in_sdist: set[str]) -> None:
    files = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", ".ci/run", "tests/conftest.py"}
    assert files <= in_sdist
    assert any(name.startswith("docs/") for name in in_sdist)


def test_nothing_but_costgraph_becomes_importable(installed: Path) -> None:
    names = {path.name for path in installed.iterdir()}
    assert names - {"bin", "Scripts"} == {"costgraph", f"costgraph-{costgraph.__version__}.dist-info"}


def test_the_data_folders_hold_no_python(installed: Path) -> None:
    for place in (installed / "costgraph" / "_data", *(ROOT / folder for folder in FOLDERS)):
        assert not list(place.rglob("*.py"))


def test_the_types_are_declared(installed: Path) -> None:
    assert (installed / "costgraph" / "py.typed").is_file()


def test_the_licence_comes_along(installed: Path) -> None:
    (licence,) = installed.glob("*.dist-info/licenses/LICENSE")
    assert "Apache License" in licence.read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_installed_package_finds_its_own_data(installed: Path, tmp_path: Path, folder: str) -> None:
    code = f"from costgraph import resources; print(resources.data_folder({folder!r}))"
    found = run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(installed), PYTHONDONTWRITEBYTECODE="1")
    assert Path(found.strip()) == installed / "costgraph" / "_data" / folder


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_source_tree_finds_its_data(folder: str) -> None:
    assert (resources.data_folder(folder) / "README.md").is_file()


def test_a_missing_data_folder_is_named() -> None:
    with pytest.raises(BugError, match="data folder 'recipes' is missing"):
        resources.data_folder("recipes")


def test_the_citation_has_the_version() -> None:
    assert f"\nversion: {costgraph.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
