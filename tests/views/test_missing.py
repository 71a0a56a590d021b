import numpy as np
import pytest
import torch

from builders import vectors
from vaecluster.views.missing import Filling, hidden


def filled(points: torch.Tensor) -> torch.Tensor:
    return Filling.of(len(points), lambda some: points[some])(points)


def holed(number: int = 300, share: float = 0.2) -> tuple[torch.Tensor, torch.Tensor]:
    """Three groups, 0 on average and of spread 1, and the same with some values missing."""
    whole = torch.from_numpy(vectors(number)).float() / 3
    missing = torch.from_numpy(np.random.default_rng(0).random(whole.shape) < share)
    return whole, whole.masked_fill(missing, torch.nan)


def test_values_that_are_there_stay_and_nothing_is_missing() -> None:
    _, points = holed()
    made = filled(points)
    assert torch.equal(made[~points.isnan()], points[~points.isnan()])
    assert made.isfinite().all()
    assert points.isnan().any()


def test_a_gap_is_filled_from_rows_that_are_near() -> None:
    whole, points = holed()
    missing = points.isnan()
    error = (filled(points) - whole)[missing].square().mean()
    assert error < 0.5 * whole[missing].var()


def test_a_column_that_hardly_varies_has_no_say() -> None:
    _, points = holed()
    for column in (torch.full((300, 1), 0.7), torch.eye(300)[:, :1]):
        torch.testing.assert_close(filled(torch.cat([points, column], 1))[:, :4], filled(points), atol=0.2, rtol=0)


def test_what_cannot_be_known_is_the_mean_of_scaled_columns() -> None:
    points = torch.full((4, 2), torch.nan)
    assert torch.equal(filled(points), torch.zeros(4, 2))
    points[0, 0] = 1
    assert torch.equal(filled(points), torch.tensor([[1.0, 0], [1, 0], [1, 0], [1, 0]]))


def test_a_fifth_of_what_may_be_missing_is_hidden_and_nothing_else() -> None:
    rows = torch.ones(20_000, 3)
    seen = hidden(rows, (True, False, True), torch.Generator().manual_seed(0))
    assert seen is not None
    assert seen.isnan().double().mean(0).tolist() == pytest.approx([0.2, 0, 0.2], abs=0.01)
    assert torch.equal(seen.nan_to_num(1), rows)
    assert hidden(rows, (False,) * 3, torch.Generator()) is None
    assert hidden(rows, (), torch.Generator()) is None
