from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from vaecluster.data.room import NO_LIMIT, Room
from vaecluster.views import ties

YEARS = torch.tensor([2007.0, 2008, 2010]).repeat(500)[:, None]


def spread(rows: Tensor, columns: Sequence[bool], size: int = 10**6, room: Room = NO_LIMIT) -> Tensor:
    return torch.cat(list(ties.spread(lambda: rows.split(size), len(rows), columns, room)))


def test_values_that_come_often_fill_the_room_around_them_and_never_change_places() -> None:
    moved = (spread(YEARS, [True]) - YEARS)[:, 0].reshape(-1, 3).abs().amax(0).numpy()
    np.testing.assert_allclose(moved, [0.5, 0.5, 1], atol=0.02)
    made = spread(YEARS, [True])
    assert made[YEARS == 2007].max() <= 2007.5 <= made[YEARS == 2008].min()
    assert made[YEARS == 2008].max() <= 2008.5 < 2009 <= made[YEARS == 2010].min()


def test_what_no_other_row_has_stays_and_so_do_gaps_and_other_columns() -> None:
    alone = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    alone[3] = torch.nan
    assert torch.equal(spread(alone, [True, True]).nan_to_num(9), alone.nan_to_num(9))
    assert torch.equal(spread(YEARS, [False]), YEARS)
    for few in (torch.ones(5, 1), torch.tensor([0.0, 1]).repeat(20)[:, None]):
        assert torch.equal(spread(few, [True]), few)


def test_the_same_rows_are_moved_in_the_same_way_and_what_is_given_stays() -> None:
    before = YEARS.clone()
    assert torch.equal(spread(YEARS, [True]), spread(YEARS, [True]))
    assert torch.equal(YEARS, before)


@pytest.mark.parametrize("size", [7, 1000, 10**6])
@pytest.mark.parametrize("room", [NO_LIMIT, Room(100_000)], ids=["no-limit", "little-room"])
def test_rows_are_moved_in_the_same_way_in_blocks_and_with_little_room(size: int, room: Room) -> None:
    rows = torch.randint(0, 9, (1500, 4), generator=torch.Generator().manual_seed(0)).float()
    rows[::5, 1] = torch.nan
    rows[:, 2] = torch.arange(1500)
    together = spread(rows, [True] * 4)
    assert torch.equal(spread(rows, [True] * 4, size, room).nan_to_num(99), together.nan_to_num(99))
    assert not torch.equal(together[:, 0] - rows[:, 0], together[:, 3] - rows[:, 3])
