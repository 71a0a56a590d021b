import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_table_in_files_is_fitted_and_scored_within_little_memory(capsys) -> None:
    runpy.run_path(str(EXAMPLES / "large_table.py"))
    sizes, same = capsys.readouterr().out.splitlines()
    assert sizes.startswith("rows in each cluster [")
    assert same == "the same labels True"
