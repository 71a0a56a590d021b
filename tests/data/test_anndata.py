from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.sparse import csc_array, csr_array, csr_matrix

from h5ad_files import cells, counts_of_groups
from vaecluster.data.anndata import cells_like, cells_of_fit, is_cells, plain_values, unique
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.cells import CellSource, order_of, seen_as
from vaecluster.errors import CountsWarning, DataError

COUNTS = counts_of_groups(20, 8)[0]
LOGS = np.log1p(COUNTS / 3)
SCALED = LOGS - LOGS.mean(0)
READING = Reading("gaussian", "columns")
GENES = [f"gene{number}" for number in range(8)]


def source(given: Any) -> CellSource:
    found = cells_of_fit(given)
    assert isinstance(found, tuple)
    return found[0]


def test_an_object_with_the_members_of_anndata_is_cells_and_arrays_and_frames_are_not() -> None:
    assert is_cells(cells(COUNTS))
    assert not any(map(is_cells, (COUNTS, csr_array(COUNTS), [[1]], "x.h5ad")))


PLACES = {
    "X": cells(COUNTS),
    "X as a sparse matrix": cells(csr_matrix(COUNTS)),
    "X by columns": cells(csc_array(COUNTS)),
    "layers": cells(LOGS, layers={"counts": csr_array(COUNTS)}),
    "raw": cells(SCALED, raw=COUNTS),
    "raw, behind logarithms": cells(LOGS, raw=csr_array(COUNTS)),
}


@pytest.mark.parametrize("given", PLACES.values(), ids=PLACES)
def test_raw_counts_are_found_wherever_they_are(given: Any) -> None:
    found = source(given)
    assert not found.logged
    np.testing.assert_array_equal(found.read(np.array([3, 0, 3])).toarray(), COUNTS[[3, 0, 3]])
    np.testing.assert_array_equal(found.read(slice(2, 5)).toarray(), COUNTS[2:5])
    assert found.fingerprint() == source(PLACES["X"]).fingerprint()


def test_counts_on_a_disk_are_read_in_any_order(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        found = source(cells(file.create_dataset("X", data=COUNTS)))
        np.testing.assert_array_equal(found.read(np.array([7, 1, 7])).toarray(), COUNTS[[7, 1, 7]])
        assert found.schema(READING).as_dict() == source(cells(COUNTS)).schema(READING).as_dict()


@pytest.mark.parametrize("given", [cells(LOGS), cells(SCALED, raw=csr_array(LOGS))], ids=["X", "raw"])
def test_logarithms_are_used_as_they_are_with_a_word(given: Any) -> None:
    with pytest.warns(CountsWarning, match=r"no raw counts in X, layers\['counts'\] or raw\.X"):
        found = source(given)
    assert found.logged
    np.testing.assert_allclose(found.read(slice(None)).toarray(), LOGS)


def test_scaled_values_are_plain_numbers() -> None:
    assert cells_of_fit(cells(SCALED)) is None
    np.testing.assert_array_equal(plain_values(cells(SCALED)), SCALED)


def test_divided_counts_are_counts() -> None:
    assert not source(cells(COUNTS * 7.5)).logged


def test_cells_without_a_count_are_told_of() -> None:
    counts = COUNTS.copy()
    counts[:3] = 0
    with pytest.warns(CountsWarning, match="3 of 20 cells have no count"):
        source(cells(counts))


REFUSED = {
    "NaN": (cells(np.full((2, 2), np.nan)), ["X holds NaN"]),
    "no cells": (cells(COUNTS[:0]), ["no cells", "(0, 8)"]),
    "no genes": (cells(COUNTS[:, :0]), ["no genes", "(20, 0)"]),
}


@pytest.mark.parametrize(("given", "parts"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused(given: Any, parts: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        cells_of_fit(given)
    assert all(part in str(caught.value) for part in parts)


def test_no_count_at_all_is_refused() -> None:
    found = CellSource(np.zeros((4, 3)), logged=False)
    with pytest.raises(DataError, match="No gene varies"):
        found.schema(READING)


# Genes by their names


def test_genes_are_found_by_name_in_another_order_and_among_others() -> None:
    block: Any = source(cells(COUNTS)).schema(READING).blocks[0]
    more = np.hstack([COUNTS[:, ::-1], np.ones((20, 1))])
    for given in (
        cells(COUNTS),
        cells(more, [*GENES[::-1], "other"]),
        cells(csr_array(more), [*GENES[::-1], "other"]),
    ):
        np.testing.assert_array_equal(cells_like(given, block, GENES).read(slice(None)).toarray(), COUNTS)


def test_missing_genes_are_named() -> None:
    assert order_of(["b", "a"], ["a", "b"]).tolist() == [1, 0]  # type: ignore[union-attr]
    with pytest.raises(DataError, match="1 of the 2 genes of the fit are missing, such as 'b'"):
        order_of(["a", "c"], ["a", "b"])


def test_logarithms_are_no_answer_to_a_fit_on_counts_nor_scaled_values_to_any() -> None:
    block: Any = source(cells(COUNTS)).schema(READING).blocks[0]
    for given in (cells(LOGS), cells(SCALED)):
        with pytest.raises(DataError, match="The fit was on raw counts, but there are none"):
            cells_like(given, block, GENES)


def test_names_that_are_there_twice_get_numbers_with_a_word() -> None:
    with pytest.warns(CountsWarning, match="Several genes are called 'A'"):
        assert unique(["A", "A", "A-1", "B", "A"]) == ["A", "A-2", "A-1", "B", "A-3"]


# Plain numbers that look like counts


def wide(values: Any, columns: int = 3_000) -> Any:
    return np.random.default_rng(0).poisson(values, (50, columns))


def test_plain_counts_and_their_logarithms_are_seen() -> None:
    draws = np.random.default_rng(0)
    counts = wide(draws.gamma(0.2, 5, 3_000))
    logs = np.log1p(counts / counts.sum(1, keepdims=True) * 1e4)
    seen = {"counts": (counts, counts.astype(float), csr_array(counts)), "logs": (logs, csr_array(logs))}
    for kind, arrays in seen.items():
        assert [seen_as(array) for array in arrays] == [kind] * len(arrays)


def with_first(values: Any, column: Any) -> Any:
    """The same with another first column."""
    return np.column_stack([np.zeros(len(values)) + np.array(column), values[:, 1:]])


def with_row(values: Any, entry: float) -> Any:
    """So many rows that not all are looked at, with this in the second."""
    many = np.repeat(values.astype(np.float32), 50, axis=0)
    many[1, 1] = entry
    return many


NOT_COUNTS = {
    "few columns": wide(0.3, 20),
    "zeros and ones": wide(0.3).clip(max=1),
    "fractions": wide(0.3) / 2,
    "below zero": -wide(0.3),
    "pixels": np.where(wide(0.3) > 0, np.random.default_rng(0).integers(0, 256, (50, 3_000)), 0),
    "few zeros": wide(np.random.default_rng(0).gamma(0.2, 50, 3_000)) + 1,
    "answers beside an age": with_first(wide(0.3).clip(max=1), range(30, 80)),
    "counts beside an identifier": with_first(wide(np.random.default_rng(0).gamma(0.2, 5, 3_000)), 10**5),
    "one of many rows below zero": with_row(wide(0.3), -1.0),
    "one of many rows with a gap": with_row(wide(0.3), np.nan),
    "words": wide(np.linspace(0, 0.1, 3_000)),
}


@pytest.mark.parametrize("values", NOT_COUNTS.values(), ids=NOT_COUNTS)
def test_other_numbers_are_not(values: Any) -> None:
    assert seen_as(values) is None
