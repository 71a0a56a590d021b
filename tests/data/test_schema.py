import json
from typing import Any

import numpy as np
import pytest
import torch

from vaecluster.data.blocks import Categories, Numbers, Pixels
from vaecluster.data.raw import Coded
from vaecluster.data.schema import ColumnType, FrameLayout, Schema
from vaecluster.model.likelihood import Columns, Gaussian

SIZE, COLOUR, AGE = "size", "colour", "age"


def numbers(*columns: str, missing: bool = False, count: int | None = None) -> Numbers:
    count = len(columns) if count is None else count
    return Numbers(columns, "<f8", np.arange(count, dtype=float), np.full(count, 2.0), missing)


def mixed() -> Schema:
    """Two columns of numbers and one of categories between them."""
    types = (ColumnType("float64"), ColumnType("str", ("red", "blue"), ordered=True), ColumnType("float64"))
    layout = FrameLayout("pandas", (SIZE, COLOUR, AGE), types)
    return Schema((numbers(SIZE, AGE, missing=True), Categories((COLOUR,), ("red", "blue"))), layout)


SCHEMAS: dict[str, Schema] = {
    "table": Schema((numbers(count=3),)),
    "grey images": Schema((Pixels((4, 3), "|u1", np.array(0.0), np.array(255.0)),)),
    "images": Schema((Pixels((4, 3, 2), "<f4", np.array([-1.0, 0.0]), np.array([4.0, 8.0])),)),
    "mixed": mixed(),
}
schemas = pytest.mark.parametrize("name", SCHEMAS)
COLUMNS = {
    SIZE: np.array([1.0, np.nan, 5.0]),
    COLOUR: Coded(np.array([0, 1, -1]), ("blue", "red")),
    AGE: np.array([7.0, 8.0, 9.0]),
}


def raw_of(name: str) -> Any:
    if name == "mixed":
        return COLUMNS
    schema = SCHEMAS[name]
    return np.random.default_rng(0).integers(0, 9, (3, *schema.row_shape)).astype(schema.blocks[0].dtype)


@pytest.mark.parametrize(
    ("name", "kind", "row", "data", "embedded"),
    [
        ("table", "vectors", (3,), (3,), (3,)),
        ("grey images", "images", (4, 3), (1, 4, 3), (1, 4, 3)),
        ("images", "images", (4, 3, 2), (2, 4, 3), (2, 4, 3)),
        # Two numbers, each with a mark where it may be missing, and two categories.
        ("mixed", "vectors", (3,), (3,), (6,)),
    ],
)
def test_a_schema_says_what_rows_are_outside_inside_and_to_the_encoder(
    name: str, kind: str, row: tuple[int, ...], data: tuple[int, ...], embedded: tuple[int, ...]
) -> None:
    schema = SCHEMAS[name]
    assert schema.kind == kind
    assert (schema.row_shape, schema.data_shape, schema.embedded_shape) == (row, data, embedded)
    assert schema.plain == (name != "mixed")
    encoded = schema.encode(raw_of(name))
    assert encoded.shape == (3, *data)
    assert encoded.dtype == torch.float32
    assert schema.embedding()(encoded).shape == (3, *embedded)


@pytest.mark.parametrize("name", ["table", "grey images", "images"])
def test_rows_come_back_in_their_units_and_type_and_are_left_alone(name: str) -> None:
    schema, raw = SCHEMAS[name], raw_of(name)
    before = raw.copy()
    encoded = schema.encode(raw)
    restored = schema.restore(encoded.clone().requires_grad_())
    assert restored.dtype == raw.dtype
    np.testing.assert_allclose(restored, raw, atol=1e-6)
    encoded += 1
    np.testing.assert_array_equal(raw, before)


def test_the_blocks_of_a_mixed_row_lie_side_by_side() -> None:
    schema = mixed()
    encoded = schema.encode(COLUMNS)
    # (x - offset) / 2 of size and age, then the place of the colour.
    np.testing.assert_allclose(encoded, [[0.5, 3.0, 1], [np.nan, 3.5, 0], [2.5, 4.0, np.nan]])
    read = schema.embedding()(encoded)
    blocks = zip(schema.blocks, encoded.split([2, 1], -1), strict=True)
    assert torch.equal(read, torch.cat([block.embedding()(part) for block, part in blocks], -1))
    columns = schema.columns(encoded[:2].nan_to_num(0))
    assert list(columns[COLOUR]) == ["blue", "red"]
    np.testing.assert_allclose(columns[SIZE], [1.0, 0.0])
    np.testing.assert_allclose(columns[AGE], [7.0, 8.0])


@schemas
def test_the_likelihood_is_that_of_the_blocks_and_reads_every_row(name: str) -> None:
    schema = SCHEMAS[name]
    likelihood = schema.likelihood("gaussian", 2.5)
    assert isinstance(likelihood, Columns if name == "mixed" else Gaussian)
    numbers_ = torch.zeros(3, *likelihood.shape)
    assert likelihood(numbers_).log_prob(schema.encode(raw_of(name))).isfinite().all()
    assert likelihood.expected(numbers_).shape == (3, *schema.data_shape)


def test_the_likelihood_leaves_out_what_is_missing() -> None:
    schema = mixed()
    numbers_ = torch.zeros(3, 4, requires_grad=True)
    schema.likelihood("gaussian", 1.0)(numbers_).log_prob(schema.encode(COLUMNS)).sum().backward()
    assert numbers_.grad is not None
    # Two numbers, then a logit for each colour.
    assert ((numbers_.grad == 0) == torch.tensor([[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]])).all()
    one = Schema((Categories((COLOUR,), ("red", "blue")),), FrameLayout("pandas", (COLOUR,), (ColumnType("str"),)))
    found = one.likelihood("gaussian", 1.0)(torch.zeros(2, 2)).log_prob(torch.tensor([[torch.nan], [1.0]]))
    torch.testing.assert_close(found, torch.tensor([0.0, -np.log(2)], dtype=torch.float32))


# As a file keeps it


@schemas
def test_a_schema_comes_back_from_plain_values(name: str) -> None:
    schema = SCHEMAS[name]
    values = json.loads(json.dumps(schema.as_dict()))
    restored = Schema.from_dict(values)
    assert restored.as_dict() == schema.as_dict()
    assert restored.frame == schema.frame
    raw = raw_of(name)
    assert torch.equal(restored.encode(raw).nan_to_num(9), schema.encode(raw).nan_to_num(9))


def changed(name: str, **change: Any) -> dict[str, Any]:
    return SCHEMAS[name].as_dict() | change


def block(name: str, place: int = 0, **change: Any) -> dict[str, Any]:
    values = SCHEMAS[name].as_dict()
    values["blocks"][place] |= change
    return values


@pytest.mark.parametrize(
    "values",
    [
        {},
        changed("table", blocks=[]),
        changed("table", blocks=SCHEMAS["table"].as_dict()["blocks"] * 2),
        changed("mixed", frame=None),
        changed("mixed", blocks=SCHEMAS["mixed"].as_dict()["blocks"][:1]),
        changed("mixed", frame=SCHEMAS["mixed"].as_dict()["frame"] | {"types": []}),
        changed("mixed", frame=SCHEMAS["mixed"].as_dict()["frame"] | {"names": [SIZE, COLOUR, COLOUR]}),
        block("table", block="floats"),
        block("table", offset="0"),
        block("table", scale=[1.0, 2.0]),
        block("table", scale=[1.0, 2.0, 0.0]),
        block("table", dtype="O"),
        block("table", columns=["a", "b", "c"]),
        block("images", row_shape=[4]),
        block("images", scale=-1.0),
        block("mixed", 1, values=[]),
        block("mixed", 1, values=["red", "red"]),
        block("mixed", 1, columns=[COLOUR, AGE]),
    ],
)
def test_a_schema_that_no_rows_have_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError)):
        Schema.from_dict(values)
