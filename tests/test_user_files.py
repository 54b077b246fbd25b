"""Files that a user names: only regular ones of bounded size are read, and everything else is said in words."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from costgraph.errors import UserError
from costgraph.user_files import read_text

FILES = {
    b"x = 1\n": "x = 1\n",
    b"": "",
    b"\xef\xbb\xbfx": "x",  # a byte order mark, as some editors write it
    "é".encode(): "é",
}
REFUSED = {
    b"a\nb\xff": "file:2: not UTF-8 text",
    "a".encode("utf-16"): "file:1: not UTF-8 text",
    b"a\n\n\0": "file:3: holds a NUL",
    b"x" * 1025: "file: is larger than 1 KiB, the most that is read",
}


@pytest.mark.parametrize("data", FILES)
def test_text_is_read_as_it_stands(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(data)
    (tmp_path / "link").symlink_to("file")
    assert read_text(tmp_path / "file", 1024) == read_text(str(tmp_path / "link"), 1024) == FILES[data]


@pytest.mark.parametrize("data", REFUSED, ids=lambda data: repr(data[:8]))
def test_what_is_no_text_or_too_large_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(UserError) as refused:
        read_text(tmp_path / "file", 1024, "file")
    assert str(refused.value).startswith(REFUSED[data])


def test_a_pipe_a_device_a_folder_and_a_loop_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "there").symlink_to("back")
    (tmp_path / "back").symlink_to("there")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "file").write_text("")
    for name, reason in {
        "pipe": "is a pipe, not a regular file",
        "/dev/zero": "is a device, not a regular file",
        "zero": "is a device, not a regular file",
        "/dev/stdin": "not a regular file",
        ".": "is a folder; name a file",
        "loop": "leads to itself: a loop of links",
        "there": "leads to itself: a loop of links",
        "none": "there is no such file",
        "file/x": "not a directory",
        "n" * 300: "file name too long",
        "a\0b": "is no name of a file",
        "\ud800": "is no name of a file",
    }.items():
        if name == "/dev/stdin" and os.path.isfile(name):
            continue  # the tests themselves are run with their input from a file
        with pytest.raises(UserError) as refused:
            read_text(os.path.join(tmp_path, name), 1024, "it")
        assert str(refused.value).startswith("it: ")
        assert reason in str(refused.value), name


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a short name: sockets may have no long one
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(UserError, match="socket: is a socket, not a regular file"):
            read_text("socket", 1024)


def test_a_file_that_pretends_to_be_empty_is_bounded_as_well() -> None:
    if Path("/proc/self/environ").exists():  # regular, of size 0, and not empty
        with pytest.raises(UserError):
            read_text("/proc/self/environ", 0)
