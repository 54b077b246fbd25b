"""`costgraph` and `python -m costgraph`: runs the command line, and turns whatever is left over into one line.

Nothing heavy is imported before `exit_code` watches, so that an interrupt during start-up ends as quietly as any other.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

INTERRUPTED = 130  # 128 + SIGINT, as shells say it
TRACEBACK = "COSTGRAPH_TRACEBACK"  # an environment variable: with it, errors come with Python's traceback


def main() -> NoReturn:
    """Run the command line: results to stdout, remarks to stderr."""
    gc.disable()  # a short run: collecting costs more than it frees
    sys.set_int_max_str_digits(0)  # numbers are bounded where they are read
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as the process
    sys.stderr = sys.stderr or sys.stdout
    sys.exit(exit_code(sys.argv[1:]))


def exit_code(arguments: Sequence[str]) -> int:
    """Run the command line and say in one line what goes wrong.

    Returns:
        0, or 1 where a command says so; 2 for what the user can mend, 3 for a bug of costgraph, 130 when interrupted.
    """
    try:
        from costgraph.cli import run
        from costgraph.errors import Heard

        Heard.at_shell = True
        code = run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python tries once more at its end
        return 0
    except Exception as error:
        return complain(error)
    finally:
        if "costgraph.errors" in sys.modules:
            heard = sys.modules["costgraph.errors"].Heard
            heard.at_shell, heard.flags = False, frozenset()


def complain(error: Exception) -> int:
    """One line on stderr, and the exit code."""
    from costgraph.errors import BugError, CostgraphError, one_line

    if os.environ.get(TRACEBACK):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, OSError):
        code, message = 2, f"{error.filename or 'output'}: {error.strerror or error}"
    elif isinstance(error, CostgraphError) and not isinstance(error, BugError):
        code, message = 2, str(error)
    else:
        kind = "" if isinstance(error, BugError) else f"{type(error).__name__}: "
        where = "" if os.environ.get(TRACEBACK) else f" ({TRACEBACK}=1 in the environment shows where)"
        code, message = 3, f"this is a bug in costgraph, please report it: {one_line(f'{kind}{error}', 400)}{where}"
    print(f"{marked('error:')} {one_line(message, 600)}", file=sys.stderr)
    return code


def marked(word: str) -> str:
    """A word that a person at a terminal sees from afar. The line stays one, so that it can be copied from there."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb" or not sys.stderr.isatty()
    return word if plain else f"\x1b[1;31m{word}\x1b[0m"


if __name__ == "__main__":
    main()
