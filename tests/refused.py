"""What is said of files that are refused."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from vaecluster.data.files import read_dataset
from vaecluster.errors import DataError


def refused_in_one_line(path: Path, parts: Sequence[str]) -> None:
    """Assert that the file is refused in one line that names it and holds these parts."""
    with pytest.raises(DataError) as problem:
        read_dataset(path)
    text = str(problem.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert all(part in text for part in parts), text
