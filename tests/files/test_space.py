import shutil
from pathlib import Path

import pytest

from vaecluster.errors import FileError
from vaecluster.files.space import check_space


def test_what_does_not_fit_is_refused_with_both_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=2_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    check_space(tmp_path, 2_000_000_000, "Copies", "Take fewer.")
    with pytest.raises(FileError, match=r"Copies take 2\.5 GB.*room for 2\.0 GB\. Take fewer\."):
        check_space(tmp_path, 2_500_000_000, "Copies", "Take fewer.")
