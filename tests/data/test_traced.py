"""What blocks do in torch is what they do in numpy: the same rows in, the same values back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_array

from builders import colour_images, frame, images, vectors
from frame_cases import ROWS, gaps, whole_pandas, whole_polars
from h5ad_files import counts_of_groups
from program_rows import arrays_of
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks import Categories, Expression, Words
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.frames import FrameSource
from vaecluster.data.raw import ALL, Coded
from vaecluster.data.schema import Schema
from vaecluster.data.traced import traced
from vaecluster.errors import SettingError

READING = Reading("gaussian", "columns")
COUNTS = counts_of_groups(ROWS)[0]
# Of a few topics, as all that a program needs to give back.
SPARSE = np.kron(np.eye(12)[np.arange(ROWS) % 12], np.arange(1.0, 21))
LINES = np.random.default_rng(0).normal(5, 3, (ROWS, 6, 2))


def dates() -> pd.DataFrame:
    """Moments with gaps, durations, and amounts of which a few are far above the others."""
    random = np.random.default_rng(0)
    took = pd.Series(pd.to_timedelta(random.integers(0, 900, ROWS), "h"))
    day = (pd.Timestamp("2024-01-01") + took).where(random.random(ROWS) < 0.8)
    spent = gaps(random.lognormal(8, 3, ROWS).tolist())
    return pd.DataFrame({"day": day, "took": took, "spent": spent, "kind": ["a", "b"] * (ROWS // 2)})


def cells(*, logged: bool = False) -> tuple[Any, Schema, Any]:
    values = np.log1p(COUNTS) if logged else COUNTS
    block = Expression.of(lambda: iter([(csr_array(values), np.ones(ROWS))]), values.shape[1], logged=logged)
    return values, Schema((block,)), csr_array(values)


def array(rows: Any, reading: Reading = READING, *, windows: bool = False) -> tuple[Any, Schema, Any]:
    return rows, ArraySource(rows, windows=windows).schema(reading), rows


def table(rows: Any) -> tuple[Any, Schema, Any]:
    source = FrameSource(rows)
    return rows, source.schema(READING), source.read(ALL)


CASES: dict[str, Callable[[], tuple[Any, Schema, Any]]] = {
    "vectors": lambda: array(vectors()),
    "whole numbers": lambda: array((10 * vectors()).astype(np.int16)),
    "booleans": lambda: array(vectors() > 0),
    "counts of words": lambda: array(SPARSE, Reading("gaussian", "auto")),
    "weights of words": lambda: array(SPARSE / 7, Reading("gaussian", "auto")),
    "images": lambda: array(images()),
    "colour images": lambda: array(colour_images()),
    "windows": lambda: array(LINES, windows=True),
    "windows of one feature": lambda: array(LINES[..., 0].astype(np.float32), windows=True),
    "cells": cells,
    "logarithms of cells": lambda: cells(logged=True),
    "a frame": lambda: table(frame()),
    "dates and amounts": lambda: table(dates()),
    "every type of pandas": lambda: table(whole_pandas()),
    "every type of polars": lambda: table(whole_polars()),
}


@pytest.mark.parametrize("case", CASES)
def test_a_program_reads_and_gives_rows_as_the_schema_does(case: str) -> None:
    rows, schema, raw = CASES[case]()
    parts = traced(schema)
    inputs = [vars(one) | {"type": str(one.dtype).removeprefix("torch.")} for one in parts.values]
    tensors = [torch.from_numpy(values) for values in arrays_of(inputs, rows).values()]
    assert [tensor.dtype for tensor in tensors] == [one.dtype for one in parts.values]

    encoded = schema.encode(raw)
    found = parts.encode(*tensors)
    assert (found.shape, found.dtype) == (encoded.shape, torch.float32)
    # Blocks of bytes and of 16 bits count in single precision.
    torch.testing.assert_close(found, encoded, rtol=1e-6, atol=1e-6, equal_nan=True)

    expected = schema.restore(encoded.nan_to_num(0))
    back = dict(zip((one.name for one in parts.values), parts.restore(encoded.nan_to_num(0)), strict=True))
    for one, values in zip(inputs, arrays_of(inputs, expected).values(), strict=True):
        assert back[one["name"]].dtype == one["dtype"]
        np.testing.assert_allclose(back[one["name"]].numpy(), values, rtol=1e-6, atol=1e-6)


def test_new_values_count_as_in_the_schema() -> None:
    _, schema, _ = table(dates())
    parts = traced(schema)
    new = {"day": [np.nan, 1e300], "took": [0.0, -1e300], "spent": [-1.0, np.nan], "kind": [-1, 7]}
    raw = {name: np.array(values) for name, values in new.items()} | {"kind": Coded(np.array([-1, 0]), ("other",))}
    tensors = [torch.tensor(new[one.name], dtype=one.dtype) for one in parts.values]
    torch.testing.assert_close(parts.encode(*tensors), schema.encode(raw), equal_nan=True)


def test_what_no_program_can_read_is_refused() -> None:
    words = Words(np.ones((2, 1)), np.zeros(1), np.ones(1), ("a", "b"), np.ones(2))
    rows, weights = np.hstack([COUNTS, np.eye(2)[np.arange(ROWS) % 2]]), np.ones(ROWS)
    batches = Expression.of(
        lambda: iter([(csr_array(rows), weights)]), COUNTS.shape[1], batch="donor", batches=("x", "y")
    )
    for block, part in ((words, "predict"), (batches, "donor"), (Categories(("zip",), (2**60, 2**60 + 1)), "zip")):
        with pytest.raises(SettingError, match=part):
            block.traced()
