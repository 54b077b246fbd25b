"""Storages that PyTorch makes, counted as they are born and die."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any


def tracked(run: Callable[[], Any]) -> int:
    """The most bytes that are alive of storages made in `run`, behind any of its ops."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.bytes, self.most = 0, 0
            self.known: set[int] = set()

        def gone(self, key: int, size: int) -> None:
            self.known.discard(key)
            self.bytes -= size

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            found = func(*args, **(kwargs or {}))
            given = {one.untyped_storage()._cdata for one in tree_leaves(args) if isinstance(one, torch.Tensor)}
            for one in tree_leaves(found):
                if isinstance(one, torch.Tensor) and (key := one.untyped_storage()._cdata) not in given | self.known:
                    size = one.untyped_storage().nbytes()
                    self.known.add(key)
                    self.bytes += size
                    weakref.finalize(one.untyped_storage(), self.gone, key, size)
            self.most = max(self.most, self.bytes)
            return found

    alive = Alive()
    with alive:
        run()
    return alive.most
