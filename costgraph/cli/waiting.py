"""A line on stderr for a person who has waited for a second: what is being done, and for how long.

It is gone as soon as there is something to read. Only a terminal is told; a pipe or a file never has it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import threading

Item = TypeVar("Item")
SLOW = 1.0  # seconds until something is said, and between two lines


class Waiting:
    """The line, written by a thread of its own."""

    def __init__(self) -> None:
        self.doing = "working"
        self.width = 0
        self.lock: threading.Lock | None = None  # while there is a thread
        self.over: threading.Event | None = None

    def begin(self) -> None:
        """Start to count, if a person looks at stderr."""
        if sys.stderr.isatty():
            import threading  # takes as long as `--version` does

            self.doing, self.lock, self.over = "working", threading.Lock(), threading.Event()
            threading.Thread(target=self.tell, name="costgraph waits", args=(self.lock, self.over), daemon=True).start()

    def tell(self, lock: threading.Lock, over: threading.Event) -> None:
        """Write the line once a second until it is over."""
        since = time.monotonic()
        while not over.wait(SLOW):
            with lock:
                if not over.is_set():
                    self.write(f"{self.doing}, {time.monotonic() - since:.0f} s")

    def write(self, text: str) -> None:
        """Put a text in the place of the one before."""
        print(f"\r{text:{self.width}}", end="" if text else "\r", file=sys.stderr, flush=True)
        self.width = len(text)

    def make_room(self) -> None:
        """Take the line away; it comes again unless it is over."""
        if self.lock is not None:
            with self.lock:
                if self.width:
                    self.write("")

    def end(self) -> None:
        """Take it away for good."""
        if self.over is not None:
            self.over.set()
            self.make_room()


waiting = Waiting()


def progress(items: Iterable[Item], what: str, number: int) -> Iterator[Item]:
    """The items, of which there are so many, while the line says how many of them are done."""
    for done, item in enumerate(items):
        waiting.doing = f"{what}, {done} of {number} done"
        yield item
    waiting.doing = what
