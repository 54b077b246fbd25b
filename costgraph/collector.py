"""Keeps the garbage collector out of the way while many small values are made, none of which is garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No collection inside; afterwards as before, without a walk over what was made.

    What was made goes to the oldest generation at once: as young ones, all of it would be visited by the next
    collection, which finds nothing. Freezing and unfreezing does that, unless somebody keeps objects frozen.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
