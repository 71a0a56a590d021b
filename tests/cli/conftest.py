"""What tests of the command line share."""

from collections.abc import Callable

import pytest

from vaecluster.cli import run


@pytest.fixture
def fails(capsys) -> Callable[..., str]:
    """Runs a command that is to fail; the one line that it leaves on standard error, its exit status being 2."""

    def line_of(*arguments: object) -> str:
        status = run([str(argument) for argument in arguments])
        lines = capsys.readouterr().err.strip().splitlines()
        assert (status, len(lines)) == (2, 1)
        assert lines[0].startswith("Error: ")
        return lines[0]

    return line_of
