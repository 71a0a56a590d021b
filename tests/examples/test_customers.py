import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_customers_are_clustered_scored_and_drawn(capsys) -> None:
    runpy.run_path(str(EXAMPLES / "customers.py"))
    sizes, new, row = capsys.readouterr().out.splitlines()
    assert sizes.startswith("rows in each cluster [")
    assert new.startswith("next month [")
    assert "'city'" in row
    assert "customer_id" not in row
