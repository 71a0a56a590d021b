import numpy as np
import pytest
import torch
from torch import Tensor

from vaecluster.data.preprocessing import standard_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.model.shared_objective import Pair
from vaecluster.training.pairs import Pairs
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import PreparedViews, Views
from vaecluster.views.vectors import GaussianNoise

NUMBER = 40
SOME = np.array([7, 3, 11, 0, 39, 20, 21, 22])


def some_rows() -> Rows:
    array = np.random.default_rng(0).normal(size=(NUMBER, 4))
    return Rows(array, standard_preprocessing(array), torch.device("cpu"))


def pairs_of(*changes: object, neighbours: int | None = 3, plain_share: float = 0.5) -> Pairs:
    views = Views(None if neighbours is None else Neighbours(neighbours), changes)
    rows = some_rows()
    return Pairs(rows, views.prepare(rows), plain_share)


def tensors(pair: Pair) -> tuple[Tensor, Tensor, Tensor]:
    return pair.plain, pair.views, pair.partners


def same(first: Pair, second: Pair) -> bool:
    return all(map(torch.equal, tensors(first), tensors(second)))


def test_a_pair_has_a_view_and_a_partner_of_every_row_and_some_plain_rows() -> None:
    pairs = pairs_of(GaussianNoise(0.1))
    pair = pairs[SOME]
    assert len(pairs) == NUMBER
    assert pair.views.shape == pair.partners.shape == (8, 4)
    assert pair.plain.shape == (4, 4)


@pytest.mark.parametrize(("share", "plain"), [(0.01, 2), (0.25, 2), (0.5, 4), (0.99, 8)])
def test_the_share_of_plain_rows_is_kept_but_never_below_two(share: float, plain: int) -> None:
    assert len(pairs_of(plain_share=share)[SOME].plain) == plain


def test_plain_rows_are_the_first_rows_themselves() -> None:
    pair = pairs_of(GaussianNoise(0.5))[SOME]
    assert torch.equal(pair.plain, some_rows()[SOME[:4]])
    assert not torch.isclose(pair.views[:4], pair.plain).any(1).all()


def test_without_changes_the_views_are_the_rows_and_the_partners_their_neighbours() -> None:
    pairs, rows = pairs_of(), some_rows()
    near = Neighbours(3).find(rows)
    met: dict[int, set[int]] = {int(row): set() for row in SOME}
    for _ in range(30):
        pair = pairs[SOME]
        assert torch.equal(pair.views, rows[SOME])
        for row, partner in zip(SOME, pair.partners, strict=True):
            (which,) = torch.nonzero((rows[:] == partner).all(1)).flatten().tolist()
            met[int(row)].add(which)
    # Each of them, sooner or later, and nobody else.
    assert met == {int(row): set(near[row].tolist()) for row in SOME}


def test_without_neighbours_a_rows_partner_is_another_change_of_itself() -> None:
    pair, rows = pairs_of(GaussianNoise(0.01), neighbours=None)[SOME], some_rows()
    for views in (pair.views, pair.partners):
        torch.testing.assert_close(views, rows[SOME], atol=0.1, rtol=0)
    assert not torch.equal(pair.views, pair.partners)


def test_every_look_draws_anew_and_a_seed_repeats() -> None:
    pairs = pairs_of(GaussianNoise(0.1))
    torch.manual_seed(0)
    first, second = pairs[SOME], pairs[SOME]
    assert not same(first, second)
    torch.manual_seed(0)
    assert same(first, pairs[SOME])


def test_in_a_batch_of_one_row_its_partner_is_a_plain_row_too() -> None:
    # Batch normalisation needs two.
    pair = pairs_of()[np.array([5])]
    assert pair.views.shape == pair.partners.shape == (1, 4)
    assert torch.equal(pair.plain, torch.cat([pair.views, pair.partners]))


def test_looking_does_not_change_the_rows() -> None:
    rows = some_rows()
    before = rows[:].clone()

    def write_into(batch: Tensor) -> Tensor:
        return batch.zero_()

    Pairs(rows, PreparedViews(None, (write_into,)), 0.5)[SOME]
    assert torch.equal(rows[:], before)
