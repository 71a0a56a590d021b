"""A line that someone brings to the page is the row that it says, whatever names and order it comes with."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from builders import estimator, quiet
from h5ad_files import counts_of_groups
from vaecluster.data.pictures.options import NO_OPTIONS
from vaecluster.errors import DataError
from vaecluster.explore.brought import Taking

pytestmark = quiet
GENES = pd.DataFrame(counts_of_groups()[0]).add_prefix("gene")
FRAME = GENES.assign(cell=[f"cell-{number}" for number in range(len(GENES))])
ROW = FRAME.iloc[3]
LINES = {
    "a header and a row": FRAME.iloc[3:4].to_csv(index=False),
    "in another order": FRAME.iloc[3:4, ::-1].to_csv(index=False),
    "with tabs": GENES.iloc[3:4].to_csv(index=False, sep="\t"),
    "a row of the file": ",".join(map(str, ROW)),
    "a row of genes": ",".join(map(str, GENES.iloc[3])),
    "JSON": json.dumps(ROW.to_dict(), default=int),
}


@pytest.fixture(scope="module")
def model() -> Any:
    tiny = {"epochs": 2, "batch_size": 120, "hidden": (16,), "latent": 2, "heads": 1, "components": 4}
    return estimator(**tiny, rows="counts").fit(FRAME)


def taking(model: Any) -> Taking:
    return Taking(model.fitted_.schema, NO_OPTIONS, list(FRAME.columns), model.fitted_.columns)


@pytest.mark.parametrize("name", LINES)
def test_a_line_of_a_table_of_counts_is_read_by_its_names(name: str, model: Any) -> None:
    row = taking(model).text(LINES[name])
    np.testing.assert_allclose(model.transform(row), model.transform(FRAME.iloc[3:4]), atol=1e-6)


def test_a_line_that_is_no_row_of_the_table_is_refused(model: Any) -> None:
    for text, words in (("1,2,3", "3 values; expected 60"), ("gene0,gene1\n1,2", "no column 'gene2'")):
        with pytest.raises(DataError, match=words):
            model.transform(taking(model).text(text))
