"""The command line: each command in a file of its own, errors as one line and exit status 2."""

import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError

from vaecluster.cli.benchmark import benchmark
from vaecluster.cli.demo import demo
from vaecluster.cli.fit import fit
from vaecluster.cli.predict import predict
from vaecluster.cli.report import report
from vaecluster.cli.sample import sample
from vaecluster.cli.stability import stability
from vaecluster.environment import keep_freed_memory
from vaecluster.errors import VaeclusterError

FAILED, INTERRUPTED = 2, 130

app = App(name="vaecluster", help="Find the kinds of things in unlabelled data.", version=version("vaecluster"))
for command in (fit, predict, sample, report, stability, demo, benchmark):
    app.command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit status."""
    keep_freed_memory()
    # A warning is for a reader, not for a debugger: one line, without the place in the code.
    warnings.showwarning = lambda message, *rest, **options: print(f"Warning: {message}", file=sys.stderr)
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit status: 0, 2 for anything the user can put right, 130 for Ctrl-C."""
    try:
        app(list(arguments), exit_on_error=False, print_error=False, result_action="return_value")
    except (CycloptsError, VaeclusterError, OSError, MemoryError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        print(f"Error: {text}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    return 0
