import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The lines that an example prints when it is run with these words; an example is short."""

    def run(name: str, *words: object) -> list[str]:
        path = EXAMPLES / f"{name}.py"
        assert len(path.read_text().splitlines()) < 40
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, words)])
        runpy.run_path(str(path))
        return capsys.readouterr().out.splitlines()

    return run
