"""A real browser without a window, spoken to over its debugging pipe: it opens a file, runs scripts, takes pictures."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip


class Browser:
    """One page.

    Args:
        to: where commands go.
        back: where answers and events come from.
    """

    def __init__(self, to: BinaryIO, back: BinaryIO) -> None:
        self.to, self.back = to, back
        self.number, self.session = 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """A command's answer; events that come before it are kept."""
        self.number += 1
        session = {"sessionId": self.session} if self.session else {}
        self.to.write(json.dumps({"id": self.number, "method": method, "params": params, **session}).encode() + b"\0")
        self.to.flush()
        while (answer := self.next()).get("id") != self.number:
            self.events.append(answer)
        assert "error" not in answer, answer
        return dict(answer["result"])

    def next(self) -> dict[str, Any]:
        """What comes next over the pipe."""
        text = bytearray()
        while (char := self.back.read(1)) != b"\0":
            assert char, "the browser is gone"
            text += char
        return dict(json.loads(text))

    def run(self, script: str) -> Any:
        """What a script gives; a promise is waited for."""
        found = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def open(self, path: Path, fragment: str = "") -> None:
        """A file, until it has worked out what it shows."""
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=path.as_uri() + fragment)
        look = "const look = () => document.body?.dataset.ready ? go() : setTimeout(look, 20)"
        self.run(f"new Promise(go => {{ {look}; look(); }})")

    def shape(self, width: int, height: int, dark: bool = False) -> None:
        """The size of the window, and whether the system is in dark mode."""
        phone = width < 600
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        wanted = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[wanted])

    def picture(self, path: Path) -> None:
        """All of the page as a PNG file."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        found = self.send("Page.captureScreenshot", captureBeyondViewport=True, clip={**size, "scale": 1})
        path.write_bytes(base64.b64decode(found["data"]))

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings of the console, and exceptions."""
        kinds = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [json.dumps(one["params"]) for one in self.events if one.get("method") in kinds]

    @property
    def requests(self) -> list[str]:
        """The addresses of all that was asked for."""
        sent = [
            one["params"]["request"]["url"] for one in self.events if one.get("method") == "Network.requestWillBeSent"
        ]
        return [url for url in sent if not url.startswith("data:")]


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with nothing in its profile, gone afterwards."""
    (read, to), (back, write) = os.pipe(), os.pipe()
    far = [fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (read, write)]  # of 3 and 4, where the browser has them
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        shell = ["bash", "-c", f'exec "$0" "$@" 3<&{far[0]} 4>&{far[1]}', "chromium"]
        process = subprocess.Popen(
            [*shell, *FLAGS, f"--user-data-dir={profile}"], pass_fds=far, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for one in (read, write, *far):
            os.close(one)
        with os.fdopen(to, "wb") as commands, os.fdopen(back, "rb") as answers:
            try:
                yield Browser(commands, answers)
            finally:
                process.terminate()
                process.wait(timeout=20)
