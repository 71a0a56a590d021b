"""The command line: each command in a file of its own, errors as one line and exit status 2."""

import os
import re
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any, Literal, get_args, get_origin

from cyclopts import App, CycloptsError
from cyclopts.exceptions import CoercionError, UnusedCliTokensError

from vaecluster.cli.benchmark import benchmark
from vaecluster.cli.demo import demo
from vaecluster.cli.fit import fit
from vaecluster.cli.predict import predict
from vaecluster.cli.report import report
from vaecluster.cli.sample import sample
from vaecluster.cli.stability import stability
from vaecluster.environment import keep_freed_memory
from vaecluster.errors import VaeclusterError

# The last two are what a shell says of a program that a signal ended: SIGINT and SIGPIPE.
FAILED, INTERRUPTED, PIPE_CLOSED = 2, 130, 141

# Options that are called otherwise than the parameters of `VAEClustering` behind them.
OPTIONS = {"n_clusters": "--clusters", "random_state": "--seed", "n_samples": "--number"}

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
    """Run one command; its exit status: 0, 2 for what a user can put right, 130 for Ctrl-C, 141 for a closed pipe."""
    try:
        app(list(arguments), exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has seen enough. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (CycloptsError, VaeclusterError, OSError, MemoryError, RuntimeError) as error:
        text = " ".join(_told(error).split())
        if not text:
            raise
        print(f"Error: {text}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _told(error: Exception) -> str:
    """What came, what was expected and what to do; empty for an error that is a fault of ours."""
    if isinstance(error, CycloptsError):
        command = " ".join(("vaecluster", *(error.command_chain or ())))
        return f"{_wrong_argument(error)} See `{command} --help`."
    if isinstance(error, VaeclusterError):
        return re.sub(r"^\w+(?= is )", lambda found: OPTIONS.get(found[0], found[0]), str(error))
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return "There is not enough memory for that. Ask for fewer rows, or give --batch-size or --latent smaller."
    if isinstance(error, OSError):
        place = "" if error.filename is None else f"'{error.filename}' cannot be used: "
        return f"{place}{error.strerror or error}. Check that it is there and that you may read and write it."
    return ""


def _wrong_argument(error: CycloptsError) -> str:
    """What is wrong with the words on the command line: in words of ours where cyclopts speaks of types and tokens."""
    if isinstance(error, UnusedCliTokensError):
        return f"Nothing was expected where {' '.join(map(repr, error.unused_tokens or ()))} came."
    if isinstance(error, CoercionError) and error.token is not None and error.argument is not None:
        expected = _expected(error.argument.hint)
        if expected:
            name = error.token.keyword or error.argument.name
            return f"{name} is {error.token.value!r}; expected {expected}."
    # Versions of cyclopts differ in what they put in quotes.
    return str(error).replace('"', "")


def _expected(kind: Any) -> str:
    """A type in words; empty if there are none for it."""
    words = {int: "a whole number", float: "a number", bool: "true or false"}
    if get_origin(kind) is Literal:
        names = ", ".join(map(repr, get_args(kind)))
        return f"one of {names}" if "," in names else names
    inside = [one for one in get_args(kind) if one is not type(None)]
    if not inside or get_origin(kind) is Annotated:
        return words.get(inside[0] if inside else kind, "")
    return " or ".join(filter(None, map(_expected, inside)))
