import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "torch_dataset.py"


@pytest.mark.filterwarnings("ignore::vaecluster.errors.IgnoredColumnsWarning")
def test_items_of_a_dataset_are_rows_and_each_kind_has_a_cluster(capsys):
    runpy.run_path(str(EXAMPLE))
    sizes, alike, *kinds = capsys.readouterr().out.splitlines()
    assert (sizes, alike) == ("sizes [100, 100, 100]", "alike True")
    assert len({line.split("clusters ")[1] for line in kinds}) == 3
    assert len(EXAMPLE.read_text().splitlines()) < 40
