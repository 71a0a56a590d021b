import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "photographs.py"


def test_days_and_nights_are_told_apart(capsys):
    runpy.run_path(str(EXAMPLE))
    lines = capsys.readouterr().out.splitlines()
    clusters = {name: [line[-1] for line in lines if line.startswith(name)] for name in ("days", "nights")}
    assert [len(set(found)) for found in clusters.values()] == [1, 1]
    assert clusters["days"][0] != clusters["nights"][0]
    assert len(EXAMPLE.read_text().splitlines()) < 40
