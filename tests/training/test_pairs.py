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


def pairs_of(*changes: object, neighbours: int | None = 3, decoded_share: float = 0.5) -> Pairs:
    views = Views(None if neighbours is None else Neighbours(neighbours), changes)
    rows = some_rows()
    return Pairs(rows, views.prepare(rows), decoded_share)


def halves(pair: Pair) -> tuple[Tensor, Tensor]:
    """The rows and their partners."""
    rows, partners = pair.both.chunk(2)
    return rows, partners


def test_a_pair_is_the_rows_as_they_are_and_a_changed_view_of_each() -> None:
    pairs = pairs_of(GaussianNoise(0.5))
    pair = pairs[SOME]
    rows, partners = halves(pair)
    assert len(pairs) == NUMBER
    assert torch.equal(rows, some_rows()[SOME])
    assert partners.shape == rows.shape
    # No view is a row of the data.
    assert not (partners[:, None] == some_rows()[:]).all(-1).any()


@pytest.mark.parametrize(("share", "decoded"), [(0.01, 2), (0.25, 2), (0.5, 4), (0.99, 8)])
def test_the_share_to_be_decoded_is_kept_but_never_below_two(share: float, decoded: int) -> None:
    assert pairs_of(decoded_share=share)[SOME].decoded == decoded


def test_without_changes_the_partners_are_the_rows_neighbours() -> None:
    pairs, rows = pairs_of(), some_rows()
    near = Neighbours(3).find(rows)
    met: dict[int, set[int]] = {int(row): set() for row in SOME}
    for _ in range(30):
        for row, partner in zip(SOME, halves(pairs[SOME])[1], strict=True):
            (which,) = torch.nonzero((rows[:] == partner).all(1)).flatten().tolist()
            met[int(row)].add(which)
    # Each of them, sooner or later, and nobody else.
    assert met == {int(row): set(near[row].tolist()) for row in SOME}


def test_without_neighbours_a_rows_partner_is_a_change_of_itself() -> None:
    rows, partners = halves(pairs_of(GaussianNoise(0.01), neighbours=None)[SOME])
    torch.testing.assert_close(partners, rows, atol=0.1, rtol=0)
    assert not torch.equal(partners, rows)


def test_without_neighbours_and_changes_a_row_is_its_own_partner() -> None:
    rows, partners = halves(pairs_of(neighbours=None)[SOME])
    assert torch.equal(partners, rows)


def test_every_look_draws_other_partners_of_the_same_rows_and_a_seed_repeats() -> None:
    pairs = pairs_of(GaussianNoise(0.1))
    torch.manual_seed(0)
    first, second = halves(pairs[SOME]), halves(pairs[SOME])
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[1], second[1])
    torch.manual_seed(0)
    assert torch.equal(torch.cat(first), pairs[SOME].both)


def test_a_batch_of_one_row_is_decoded_with_its_partner() -> None:
    # Batch normalisation needs two.
    pair = pairs_of()[np.array([5])]
    assert pair.both.shape == (2, 4)
    assert pair.decoded == 2


def test_looking_does_not_change_the_rows() -> None:
    rows = some_rows()
    before = rows[:].clone()

    def write_into(batch: Tensor) -> Tensor:
        return batch.zero_()

    pair = Pairs(rows, PreparedViews(None, (write_into,)), 0.5)[SOME]
    assert torch.equal(rows[:], before)
    assert torch.equal(halves(pair)[0], before[SOME])
