from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vaecluster.data.raw import RowNames
from vaecluster.errors import FileError
from vaecluster.runs.labels import Labels

LABELS = Labels(np.array([1, -1]), np.array([0.51234, 0.9]), {})
SCORED = replace(LABELS, second=np.array([0, 1]), outlier_score=np.array([0.25, 1.0]))
NAMED = replace(LABELS, names={1: "cats, and others"}, row_names=RowNames("customer", ["C1", None]))


def test_a_line_per_row_has_what_is_known_of_it() -> None:
    assert LABELS.as_csv() == b"row,cluster,confidence\n0,1,0.5123\n1,-1,0.9000\n"
    scored = replace(NAMED, outlier_score=np.array([0.25, 1.0]), second=np.array([0, 1]))
    assert scored.as_csv().decode().splitlines() == [
        "row,customer,cluster,confidence,second,name,outlier_score",
        '0,C1,1,0.5123,0,"cats, and others",0.2500',
        "1,,-1,0.9000,1,,1.0000",
    ]


def test_a_table_holds_the_same_columns_and_exact_numbers() -> None:
    assert NAMED.table().to_pydict() == {
        "row": [0, 1],
        "customer": ["C1", None],
        "cluster": [1, -1],
        "confidence": [0.51234, 0.9],
        "name": ["cats, and others", ""],
    }


ODD = ["007", "NA", 'a "b"\nc', "", "1e5", " x\r\n", "null"]
ODDLY_NAMED = Labels(
    np.arange(7), np.linspace(0, 1, 7), {}, outlier_score=np.full(7, np.nan), row_names=RowNames("customer", ODD)
)


@pytest.mark.parametrize("labels", [LABELS, NAMED, SCORED, ODDLY_NAMED])
def test_what_was_written_is_read(labels: Labels, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(labels.as_csv())
    again = replace(Labels.read(tmp_path / "labels.csv"), names=labels.names)
    assert again.as_csv() == labels.as_csv()


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"row,cluster\n0,1\n",
        b"row,cluster,confidence\n0,one,0.5\n",
        b"row,cluster,confidence\n0,,0.5\n",
        b"\xff",
    ],
)
def test_another_file_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(FileError, match=r"labels\.csv' is missing or damaged"):
        Labels.read(tmp_path / "labels.csv")
