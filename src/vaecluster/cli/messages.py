"""What goes wrong, in the words of the command line: options instead of parameters, no types and no code."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from cyclopts import CycloptsError
from cyclopts.exceptions import CoercionError, UnusedCliTokensError

from vaecluster.errors import VaeclusterError

# What is called otherwise here than in Python.
OPTIONS = {
    "n_clusters": "--clusters",
    "random_state": "--seed",
    "min_confidence": "--min-confidence",
    "outlier_fraction": "--outlier-fraction",
    "method": "--method",
    "device": "--device",
    "n_jobs": "--jobs",
    "rows": "--rows",
    "columns": "--column",
    "batch": "--batch",
    "features": "--features",
    "port": "--port",
}

# Patterns and what stands in their place, one after the other.
_REWORDED: Sequence[tuple[str, str]] = (
    (r"^columns (names|holds) the (column|kind)", r"--column names the \2"),
    (r"^columns is \{'(.*?)': '([a-z-]+)'.*\}(, which is for)", r"--column is '\1=\2'\3"),
    (r"(?<=, but )X (?=has|is|holds)", "the source "),
    (r"columns=\{name: kind\}", "--column NAME=KIND"),
    (r"columns=\{(['\"])(.*?)\1: '([a-z-]+)'\}", r"--column '\2=\3'"),
    (r"^(\w+) of [A-Z]\w+ is ", r"\1 is "),
    (r"^[A-Z]\w+( has no setting called .*)", r"The method\1 See `vaecluster methods`."),
    (r"^X (?=has|is|holds)", "The source "),
    (r"VAEClustering is expecting", "the run is expecting"),
    (r"^n_samples=(\d+)", r"The number of rows is \1"),
    (r"is (\d+) is fewer", r"is \1, fewer"),
    (r", or a method such as .*\)\.$", "."),
    (r", or a list of views such as .*\]\.$", "."),
    # Ranges as they are typed; other numbers of several are settings, with commas.
    (r"(n_clusters is|a range such as) \((\d+), (\d+)\)", r"\1 \2-\3"),
    (r"such as \((\d+), (\d+)\)", r"such as \1,\2"),
    (r"(?<=[ ,])None \(", "none ("),
    (r"True or False", "true or false"),
    (r"`cut\(n\)`", "`vaecluster cut`"),
    (r"(which is for images.*)\. Use .* or give the rows", r"\1. Choose 'vectors' or 'counts', or give the rows"),
)


def message_of(error: Exception) -> str:
    """What came, what was expected and what to do, on one line; empty for an error that is a fault of ours."""
    text = ""
    if isinstance(error, CycloptsError):
        # A program without commands, such as the benchmark, has a name of its own.
        program = error.app.name[0] if error.app and not error.command_chain else "vaecluster"
        command = " ".join((program, *(error.command_chain or ())))
        text = f"{_wrong_argument(error)} See `{command} --help`."
    elif isinstance(error, VaeclusterError):
        text = in_options(str(error))
    elif isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        text = "There is not enough memory for that. Give fewer rows, or a smaller batch_size or latent by --set."
    elif isinstance(error, OSError):
        place = "" if error.filename is None else f"'{error.filename}' cannot be used: "
        text = f"{place}{error.strerror or error}. Check that it is there and that you may read and write it."
    return " ".join(text.split())


def in_options(text: str) -> str:
    """A message of the package, with options where it names parameters of Python, and settings as --set takes them.

    >>> in_options("n_clusters is 0; expected a whole number of 1 or more. Try another random_state.")
    '--clusters is 0; expected a whole number of 1 or more. Try another --seed.'
    """
    for pattern, words in _REWORDED:
        text = re.sub(pattern, words, text)
    settings = _settings()

    def option(found: re.Match[str]) -> str:
        name, link, value = found["name"], found["link"], found["value"]
        if name in OPTIONS:
            return f"{OPTIONS[name]}{' ' if link == '=' else link}{value}"
        return f"--set {name}{link}{value}" if name in settings else found[0]

    text = re.sub(r"(?<![\w/'.-])(?P<name>[a-z_]+)(?P<link>=)'?(?P<value>[\w+-][\w.+-]*)'?(?![\w/])", option, text)
    text = re.sub(r"^(?P<name>[a-z_]+)(?P<link> )(?P<value>is|holds)(?= )", option, text)
    # Within a sentence only names that are no words of English, and not within a path.
    return re.sub(r"(?<![\w/'.-])[a-z]+_[a-z]+(?![\w/'-])", lambda found: OPTIONS.get(found[0], found[0]), text)


def _settings() -> set[str]:
    """The settings of all methods, where methods are loaded: they are before anything can speak of a setting."""
    if "vaecluster.methods" not in sys.modules:
        return set()
    from vaecluster.methods import METHODS
    from vaecluster.settings import declared

    return {name for method in METHODS.values() for name in declared(method)}


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
    words = {int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}
    if get_origin(kind) is Literal:
        names = ", ".join(map(repr, get_args(kind)))
        return f"one of {names}" if "," in names else names
    inside = [one for one in get_args(kind) if one is not type(None)]
    if not inside or get_origin(kind) is Annotated:
        return words.get(inside[0] if inside else kind, "")
    return " or ".join(filter(None, map(_expected, inside)))
