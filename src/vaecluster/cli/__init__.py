"""The command line: each command in a file of its own, errors as one line and exit status 2.

Nothing here and in the commands' files loads torch or scikit-learn before it is needed: help, version and a refused
file come at once.
"""

import os
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError

from vaecluster.cli.messages import in_options, message_of
from vaecluster.cli.torchrun import check_several, let_first_speak
from vaecluster.errors import VaeclusterError

# The last two are what a shell says of a program that a signal ended: SIGINT and SIGPIPE.
FAILED, INTERRUPTED, PIPE_CLOSED = 2, 130, 141

# Each is a function of its name in a file of its name, loaded when it is asked for.
COMMANDS = (
    *("inspect", "fit", "report", "explore", "predict", "impute", "transform", "score", "sample"),
    *("export", "cut", "name", "edit", "stability", "compare", "methods", "demo"),
)

app = App(
    name="vaecluster",
    help="Find the kinds of things in unlabelled data.",
    version=version("vaecluster"),
    version_format="plaintext",
    # Ctrl-C is a matter of `run`.
    suppress_keyboard_interrupt=False,
)
for command in COMMANDS:
    app.command(f"vaecluster.cli.{command}:{command}", name=command)


def main(arguments: Sequence[str] | None = None, program: App = app) -> None:
    """Run one command of a program and leave with its exit status."""
    from vaecluster.files.provenance import keep_freed_memory

    keep_freed_memory()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments, program))


def run(arguments: Sequence[str], program: App = app) -> int:
    """Run one command; its exit status: 0, 2 for what a user can put right, 130 for Ctrl-C, 141 for a closed pipe."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            if program is app:
                check_several(list(arguments))
            if program is app and (not arguments or arguments[0] in ("--help", "-h")):
                # What they do is shown only of commands that are loaded.
                for command in COMMANDS:
                    app[command]
            program(list(arguments), exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has seen enough. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (CycloptsError, VaeclusterError, OSError, MemoryError, RuntimeError) as error:
        text = message_of(error)
        if not text:
            raise
        let_first_speak()
        print(f"Error: {text}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """One line without the place in the code: a warning is for a reader, not for a debugger."""
    print(f"Warning: {' '.join(in_options(str(message)).split())}", file=sys.stderr)
