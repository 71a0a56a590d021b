import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "embeddings.py"


def test_vectors_in_either_file_are_the_same_rows(capsys):
    runpy.run_path(str(EXAMPLE))
    scale, sizes, same, *typical = capsys.readouterr().out.splitlines()
    assert (scale, sizes) == ("one scale for all columns: True", "sizes [100, 100, 100]")
    assert same == "the same of both files: True"
    assert [len({int(row) % 3 for row in line.split("[")[1].strip("]").split(", ")}) for line in typical] == [1, 1, 1]
    assert len(EXAMPLE.read_text().splitlines()) < 40
