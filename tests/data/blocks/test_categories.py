from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from vaecluster.data.blocks import Categories
from vaecluster.data.raw import Coded
from vaecluster.errors import DataError

COLOURS = Coded(np.array([2, 0, -1, 2, 0]), ("blue", "gold", "red"))


def block(coded: Coded = COLOURS) -> Categories:
    return Categories.of("colour", coded)


def test_categories_are_those_that_some_row_has() -> None:
    assert block().values == ("blue", "red")
    assert (block().columns, block().shape, block().embedded) == (("colour",), (1,), (2,))


@pytest.mark.parametrize("values", [("a", "b"), (False, True), (3, 7), (0.5, 1.5)])
def test_categories_come_back_as_the_same_objects_of_python(values: tuple[Any, ...]) -> None:
    coded = Coded(np.array([1, 0, 0, 1]), values)
    restored = block(coded).restore(block(coded).encode(coded))
    assert restored.tolist() == [[values[1]], [values[0]], [values[0]], [values[1]]]
    assert all(type(one) is type(values[0]) for one in restored[:, 0])


def test_a_category_is_its_place_whatever_its_code_in_the_rows_at_hand() -> None:
    np.testing.assert_array_equal(block().encode(COLOURS), [[1], [0], [np.nan], [1], [0]])
    np.testing.assert_array_equal(block().encode(Coded(np.array([0, 1]), ("red", "blue"))), [[1], [0]])


def test_what_is_missing_or_was_not_seen_is_nan() -> None:
    encoded = block().encode(Coded(np.array([-1, 0, 1]), ("gold", "red")))
    np.testing.assert_array_equal(encoded, [[np.nan], [np.nan], [1]])
    # Rows without any value have no categories of their own.
    np.testing.assert_array_equal(block().encode(Coded(np.array([-1]), ())), [[np.nan]])


def read(*places: float) -> NDArray[np.float64]:
    made: NDArray[np.float64] = block().embedding()(torch.tensor([[place] for place in places])).double().numpy()
    return made


def test_two_categories_are_as_far_apart_as_numbers_one_deviation_apart() -> None:
    blue, red, missing = read(0, 1, np.nan)
    assert np.linalg.norm(blue - red) == pytest.approx(1)
    assert missing.tolist() == [0, 0]
    # Nearer to each than they are to each other, and as near to one as to the other.
    assert np.linalg.norm(blue - missing) == np.linalg.norm(red - missing) < 1


def test_distances_to_what_is_missing_are_not_known() -> None:
    coordinates = block().coordinates()(torch.tensor([[0.0], [torch.nan]]))
    np.testing.assert_array_equal(coordinates.isnan(), [[False, False], [True, True]])


def test_probabilities_of_the_categories_sum_to_one() -> None:
    likelihood = block().likelihood("bernoulli", 2.5)
    numbers = torch.randn(1, 2, generator=torch.Generator().manual_seed(0))
    log_probs = torch.stack([likelihood(numbers).log_prob(torch.tensor([[float(place)]])) for place in range(2)])
    assert log_probs.exp().sum().item() == pytest.approx(1)
    assert likelihood.expected(numbers).tolist() == [[numbers.argmax().item()]]


@pytest.mark.parametrize(
    ("coded", "parts"),
    [
        (Coded(np.array([-1, -1]), ()), ["no value at all", "Leave it out"]),
        (Coded(np.array([-1, -1]), ("a",)), ["no value at all", "Leave it out"]),
    ],
)
def test_columns_of_no_use_are_refused(coded: Coded, parts: list[str]) -> None:
    with pytest.raises(DataError) as error:
        block(coded)
    assert all(part in str(error.value) for part in ["'colour'", *parts]), error.value


@pytest.mark.parametrize("change", [{"values": ()}, {"values": ("a", "a")}, {"columns": ("a", "b")}, {"columns": ()}])
def test_categories_that_no_column_has_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not those of one column"):
        Categories(**{"columns": ("a",), "values": ("x", "y")} | change).check()
