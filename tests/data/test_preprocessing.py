import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vaecluster.data.preprocessing import (
    Preprocessing,
    choose_preprocessing,
    common_preprocessing,
    pixel_preprocessing,
    standard_preprocessing,
    unit_preprocessing,
)

quick = settings(max_examples=25, deadline=None)
WHOLE = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"]

tables = hnp.arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=st.floats(-1e6, 1e6))
image_shapes = st.lists(st.integers(1, 4), min_size=3, max_size=4).map(tuple)
byte_images = image_shapes.flatmap(lambda shape: hnp.arrays(np.uint8, shape))
float_images = image_shapes.flatmap(lambda shape: hnp.arrays(np.float32, shape, elements=st.floats(-50, 50, width=32)))


@given(byte_images)
@quick
def test_bytes_come_back_exactly(images: np.ndarray) -> None:
    preprocessing = pixel_preprocessing(images, keep_unit=False)
    restored = preprocessing.restore(preprocessing.apply(images))
    assert restored.dtype == np.uint8
    np.testing.assert_array_equal(restored, images)


@pytest.mark.parametrize("dtype", [np.bool_, np.int16, np.uint16, np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("shape", [(6, 3, 2), (6, 3, 2, 3)])
def test_pixels_of_any_type_come_back_in_their_type(dtype: type, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    preprocessing = pixel_preprocessing(images, keep_unit=False)
    restored = preprocessing.restore(preprocessing.apply(images))
    assert restored.dtype == images.dtype
    np.testing.assert_allclose(restored.astype(float), images.astype(float), atol=1e-6)


@given(float_images.filter(lambda images: np.ptp(images) > 1e-3))
@quick
def test_float_pixels_fill_zero_to_one_and_come_back(images: np.ndarray) -> None:
    preprocessing = pixel_preprocessing(images, keep_unit=False)
    tensor = preprocessing.apply(images)
    assert (tensor.min(), tensor.max()) == (0, 1)
    np.testing.assert_allclose(preprocessing.restore(tensor), images, atol=2e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.bool_])
@pytest.mark.parametrize("value", [0, 1])
def test_images_of_one_value_become_finite_numbers_and_come_back(dtype: type, value: int) -> None:
    images = np.full((1, 2, 2), value, dtype)
    preprocessing = pixel_preprocessing(images, keep_unit=False)
    tensor = preprocessing.apply(images)
    assert tensor.isfinite().all()
    np.testing.assert_array_equal(preprocessing.restore(tensor), images)


def test_bytes_are_scaled_by_255_whatever_values_they_hold() -> None:
    images = np.array([[[51, 102]]], np.uint8)
    torch.testing.assert_close(
        pixel_preprocessing(images, keep_unit=False).apply(images), torch.tensor([[[[0.2, 0.4]]]])
    )


def test_probabilities_stay_as_they_are_only_where_they_are_asked_to() -> None:
    images = np.array([[[0.25, 0.75]]])
    torch.testing.assert_close(
        pixel_preprocessing(images, keep_unit=True).apply(images), torch.tensor([[[[0.25, 0.75]]]])
    )
    torch.testing.assert_close(
        pixel_preprocessing(images, keep_unit=False).apply(images), torch.tensor([[[[0.0, 1.0]]]])
    )
    wider = np.array([[[0.0, 2.0]]])
    assert pixel_preprocessing(wider, keep_unit=True).apply(wider).max() == 1


@given(tables)
@quick
def test_vectors_come_back_to_rounding(table: np.ndarray) -> None:
    preprocessing = standard_preprocessing(table)
    restored = preprocessing.restore(preprocessing.apply(table))
    np.testing.assert_allclose(restored, table, atol=1e-6 * (1 + float(np.ptp(table, axis=0).max())))


@given(tables.filter(lambda table: len(table) > 1))
@quick
def test_columns_have_mean_zero_and_spread_one_or_are_constant(table: np.ndarray) -> None:
    table = table.round(3)
    scaled = standard_preprocessing(table).apply(table).double().numpy()
    constant = np.ptp(table, axis=0) == 0
    assert np.isfinite(scaled).all()
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(0)[~constant], 1, rtol=1e-5)
    np.testing.assert_allclose(scaled[:, constant], 0, atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3, 1e9, 1e-300])
def test_a_constant_column_is_not_blown_up(value: float) -> None:
    table = np.full((7, 1), value)
    preprocessing = standard_preprocessing(table)
    assert preprocessing.scale == 1
    assert preprocessing.apply(table).abs().max() < 1e-6
    np.testing.assert_allclose(preprocessing.restore(preprocessing.apply(table)), table)


def test_small_changes_on_a_large_number_are_kept() -> None:
    table = 1e9 + np.array([[0.0], [1.0], [2.0]])
    preprocessing = standard_preprocessing(table)
    torch.testing.assert_close(preprocessing.apply(table).ravel(), torch.tensor([-(1.5**0.5), 0.0, 1.5**0.5]))
    np.testing.assert_allclose(preprocessing.restore(preprocessing.apply(table)), table, rtol=0, atol=1e-6)


def test_new_rows_are_scaled_as_the_rows_of_the_fit() -> None:
    table = np.array([[0.0, 10.0], [2.0, 30.0]])
    torch.testing.assert_close(
        standard_preprocessing(table).apply(np.array([[3.0, 20.0]])), torch.tensor([[2.0, 0.0]])
    )


def distances(table: np.ndarray) -> np.ndarray:
    """Between all rows: (rows, rows)."""
    return np.sqrt(((table[:, None] - table) ** 2).sum(-1))


varied = tables.map(lambda table: table.round(3)).filter(lambda table: np.ptp(table, axis=0).max(initial=0) > 0.1)


@given(varied)
@quick
def test_a_common_scale_keeps_the_proportions_of_distances(table: np.ndarray) -> None:
    preprocessing = common_preprocessing(table)
    before, after = distances(table), distances(preprocessing.apply(table).double().numpy())
    np.testing.assert_allclose(after / after.max(), before / before.max(), atol=1e-5)
    np.testing.assert_array_equal(preprocessing.scale, np.full(table.shape[1], preprocessing.scale[0]))


@given(varied)
@quick
def test_with_a_common_scale_columns_have_mean_zero_and_their_mean_variance_is_one(table: np.ndarray) -> None:
    scaled = common_preprocessing(table).apply(table).double().numpy()
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-4)
    assert scaled.var(0).mean() == pytest.approx(1, rel=1e-4)


@given(tables)
@quick
def test_vectors_come_back_from_a_common_scale_to_rounding(table: np.ndarray) -> None:
    preprocessing = common_preprocessing(table)
    tensor = preprocessing.apply(table)
    assert tensor.isfinite().all()
    np.testing.assert_allclose(preprocessing.restore(tensor), table, atol=1e-6 * (1 + float(np.ptp(table))))


@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3, 1e9, 1e-300])
@pytest.mark.parametrize("rows", [1, 7])
def test_constant_rows_are_not_blown_up_by_a_common_scale(value: float, rows: int) -> None:
    table = np.full((rows, 3), value)
    preprocessing = common_preprocessing(table)
    assert (preprocessing.scale == 1).all()
    assert preprocessing.apply(table).abs().max() < 1e-6
    np.testing.assert_allclose(preprocessing.restore(preprocessing.apply(table)), table)


def test_a_constant_column_among_others_stays_constant_under_a_common_scale() -> None:
    table = np.column_stack([np.full(5, 1e6), np.arange(5.0)])
    scaled = common_preprocessing(table).apply(table)
    assert (scaled[:, 0] == 0).all()
    assert scaled[:, 1].var(correction=0) == pytest.approx(2)


def test_unit_columns_stay_as_they_are() -> None:
    table = np.array([[0.0, 0.3], [1.0, 0.7]], np.float32)
    preprocessing = unit_preprocessing(table)
    np.testing.assert_array_equal(preprocessing.apply(table), table)
    np.testing.assert_array_equal(preprocessing.restore(preprocessing.apply(table)), table)


@pytest.mark.parametrize(
    ("row_shape", "data_shape", "is_image"),
    [((5,), (5,), False), ((4, 3), (1, 4, 3), True), ((4, 3, 2), (2, 4, 3), True), ((1,), (1,), False)],
)
def test_images_have_their_channels_first_inside_the_model(
    row_shape: tuple[int, ...], data_shape: tuple[int, ...], is_image: bool
) -> None:
    preprocessing = Preprocessing(row_shape, "<f8", np.asarray(0.0), np.asarray(1.0))
    assert preprocessing.data_shape == data_shape
    assert preprocessing.is_image == is_image
    for number in (1, 3):
        rows = np.random.default_rng(0).normal(size=(number, *row_shape))
        tensor = preprocessing.apply(rows)
        assert tensor.shape == (number, *data_shape)
        assert tensor.dtype == torch.float32
        assert preprocessing.restore(tensor).shape == rows.shape


def test_a_channel_keeps_its_pixels() -> None:
    images = np.zeros((1, 2, 3, 2))
    images[0, 1, 2, 0], images[0, 0, 1, 1] = 5.0, 7.0
    preprocessing = Preprocessing((2, 3, 2), "<f8", np.asarray(0.0), np.asarray(1.0))
    tensor = preprocessing.apply(images)
    assert tensor[0, 0, 1, 2] == 5
    assert tensor[0, 1, 0, 1] == 7
    np.testing.assert_array_equal(preprocessing.restore(tensor), images)


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("value", [-1e30, -1.0, 1e30])
def test_whole_numbers_are_clipped_to_what_their_type_can_hold(dtype: str, value: float) -> None:
    preprocessing = Preprocessing((1,), np.dtype(dtype).str, np.zeros(1), np.ones(1))
    limits = np.iinfo(dtype)
    expected = int(min(max(value, limits.min), limits.max))
    assert int(preprocessing.restore(torch.tensor([[value]])).item()) == pytest.approx(expected, rel=1e-9)


def test_whole_numbers_are_rounded_and_truth_values_cut_at_a_half() -> None:
    tensor = torch.tensor([[0.4], [0.6]])
    for dtype, expected in (("|u1", [[0], [1]]), ("|b1", [[False], [True]])):
        restored = Preprocessing((1,), dtype, np.zeros(1), np.ones(1)).restore(tensor)
        assert restored.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(restored, expected)


def test_restoring_takes_what_still_has_a_gradient() -> None:
    tensor = torch.ones(2, 1, requires_grad=True)
    assert Preprocessing((1,), "<f4", np.zeros(1), np.ones(1)).restore(tensor).tolist() == [[1.0], [1.0]]


def test_the_rows_of_the_user_are_left_alone() -> None:
    for rows in (np.random.default_rng(0).normal(size=(4, 3)), np.random.default_rng(0).normal(size=(4, 3, 2))):
        before = rows.copy()
        tensor = choose_preprocessing(rows, "gaussian").apply(rows)
        tensor += 1
        np.testing.assert_array_equal(rows, before)


def test_layout_and_likelihood_choose_the_map() -> None:
    table, images = np.array([[0.0], [0.5]]), np.array([[[0.0, 0.5]]])
    assert choose_preprocessing(table, "bernoulli").apply(table).ravel().tolist() == [0.0, 0.5]
    assert choose_preprocessing(table, "gaussian").apply(table).ravel().tolist() == [-1.0, 1.0]
    assert choose_preprocessing(images, "bernoulli").apply(images).ravel().tolist() == [0.0, 0.5]
    assert choose_preprocessing(images, "gaussian-learned").apply(images).ravel().tolist() == [0.0, 1.0]


def test_scaling_chooses_the_map_of_vectors_and_of_nothing_else() -> None:
    table, images = np.array([[0.0, 0.5], [1.0, 0.75]]), np.array([[[0.0, 0.5]]])
    for scaling, expected in (("columns", standard_preprocessing), ("common", common_preprocessing)):
        chosen = choose_preprocessing(table, "gaussian", scaling)
        np.testing.assert_array_equal(chosen.scale, expected(table).scale)
        # Probabilities and pixels keep theirs.
        assert choose_preprocessing(table, "bernoulli", scaling).scale.tolist() == [1.0, 1.0]
        assert choose_preprocessing(images, "gaussian", scaling).apply(images).ravel().tolist() == [0.0, 1.0]
