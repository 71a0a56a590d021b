import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "export.py"


def test_each_customer_is_in_one_of_the_files(capsys):
    runpy.run_path(str(EXAMPLE))
    lines = capsys.readouterr().out.splitlines()
    columns, *files = lines[lines.index(next(line for line in lines if line.startswith("columns: "))) :]
    assert columns.startswith("columns: customer, age, spent, shop, ")
    assert {"cluster", "confidence", "medoid"} <= set(columns.removeprefix("columns: ").split(", "))
    assert sum(int(line.split()[-2]) for line in files if ".csv" in line and "clusters.csv" not in line) == 150
    assert len(EXAMPLE.read_text().splitlines()) < 40
