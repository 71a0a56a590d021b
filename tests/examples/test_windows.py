import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_kinds_of_windows_are_found_wherever_they_begin(capsys) -> None:
    runpy.run_path(str(EXAMPLES / "windows.py"))
    ours, others, new = capsys.readouterr().out.splitlines()
    assert float(ours.split()[-1]) > float(others.split()[-1]) + 0.3
    assert new == "new windows (3, 48, 2)"
