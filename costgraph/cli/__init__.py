"""The command line. One file per command, which is imported when its command is asked for; so `--help` is fast."""

from __future__ import annotations

TYPE_CHECKING = False  # importing it from `typing` would take longer than `--version` does
if TYPE_CHECKING:
    from collections.abc import Sequence

    from costgraph.cli.commands import app as app


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code.

    Raises:
        UserError: what the user can mend.
    """
    from costgraph.cli.output import print_what_can_be_printed

    print_what_can_be_printed()
    if list(arguments) == ["--version"]:
        from costgraph.cli.version import print_version

        print_version()
        return 0
    from costgraph.cli.commands import answer

    return answer(arguments)


def __getattr__(name: str) -> object:
    if name != "app":
        raise AttributeError(f"module 'costgraph.cli' has no attribute '{name}'")
    from costgraph.cli.commands import app

    return app
