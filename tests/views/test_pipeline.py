import numpy as np
import pytest
import torch
from torch import Tensor

from vaecluster.data.preprocessing import choose_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.errors import SettingError
from vaecluster.views.images import HorizontalFlip
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import PreparedViews, Views

NEIGHBOURS = np.array([[1, 2], [2, 3], [3, 0], [0, 1]], np.int32)


def some_rows(number: int = 40) -> Rows:
    array = np.random.default_rng(0).random((number, 6, 6))
    return Rows(array, choose_preprocessing(array, "gaussian"), torch.device("cpu"))


def prepared(*changes) -> PreparedViews:
    return Views(changes=changes).prepare(some_rows())


def test_preparing_finds_the_neighbours_once() -> None:
    rows = some_rows()
    views = Views(Neighbours(4)).prepare(rows)
    np.testing.assert_array_equal(views.neighbours, Neighbours(4).find(rows))


def test_a_partner_is_one_of_the_neighbours_and_each_is_as_likely() -> None:
    views = PreparedViews(NEIGHBOURS, ())
    indices = np.tile(np.arange(4), 1000)
    partners = views.partner(indices)
    assert partners.shape == indices.shape
    for own in range(4):
        drawn, counts = np.unique(partners[indices == own], return_counts=True)
        assert drawn.tolist() == sorted(NEIGHBOURS[own])
        assert counts.min() > 400


def test_partners_index_rows() -> None:
    rows = some_rows()
    views = Views(Neighbours(4)).prepare(rows)
    assert rows[views.partner(np.array([3, 1, 1]))].shape == (3, 1, 6, 6)


def test_without_neighbours_the_partner_is_the_row_itself() -> None:
    indices = np.array([3, 1, 1])
    assert prepared(HorizontalFlip()).partner(indices).tolist() == [3, 1, 1]


def test_the_global_random_state_decides_the_partners() -> None:
    views = PreparedViews(NEIGHBOURS, ())
    drawn = []
    for seed in (0, 0, 1):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            drawn.append(views.partner(np.arange(4).repeat(10)).tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def test_changes_follow_each_other_in_their_order() -> None:
    views = prepared(lambda batch: batch + 1, lambda batch: batch * 2)
    assert views.change(torch.zeros(2, 3)).tolist() == [[2.0] * 3] * 2


def test_without_changes_a_batch_stays_what_it_is() -> None:
    batch = torch.rand(3, 1, 4, 4)
    assert torch.equal(prepared().change(batch), batch)


def test_a_function_that_writes_into_its_batch_leaves_the_original_alone() -> None:
    batch = torch.rand(3, 4)
    before = batch.clone()
    changed = prepared(lambda batch: batch.zero_()).change(batch)
    assert (changed == 0).all()
    assert torch.equal(batch, before)


def test_a_torch_module_is_a_view() -> None:
    assert torch.equal(prepared(torch.nn.Identity()).change(torch.ones(2, 3)), torch.ones(2, 3))


def drops_a_row(batch: Tensor) -> Tensor:
    return batch[1:]


def becomes_double(batch: Tensor) -> Tensor:
    return batch.double()


def forgets_to_return(batch: Tensor) -> None:
    batch.mul_(2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drops_a_row, r"drops_a_row returned a batch of shape \(3, 5\).*given one of shape \(4, 5\)"),
        (becomes_double, "becomes_double returned a batch .*float64.*float32"),
        (forgets_to_return, "forgets_to_return returned NoneType; expected a tensor"),
    ],
)
def test_a_function_that_does_not_return_such_a_batch_is_named(change, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        prepared(change).change(torch.rand(4, 5))
