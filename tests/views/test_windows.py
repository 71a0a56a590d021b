import pytest
import torch
from torch import Generator

from vaecluster.errors import SettingError
from vaecluster.views import Amplitude, RandomAffine, TimeShift
from vaecluster.views.presets import views_of

BATCH = torch.arange(2 * 3 * 10.0).view(2, 3, 10)


def drawn(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def test_a_shift_moves_all_features_alike_and_repeats_the_edge() -> None:
    for seed in range(10):
        for before, after in zip(BATCH, TimeShift(0.3)(BATCH, drawn(seed)), strict=True):
            (steps,) = {int(one) for one in (after - before)[:, 4:6].flatten()}
            assert abs(steps) <= 3
            read = (torch.arange(10) + steps).clamp(0, 9)
            assert torch.equal(after, before[:, read])


def test_no_share_and_no_strength_change_nothing_and_the_batch_is_not_written_to() -> None:
    before = BATCH.clone()
    for change in (TimeShift(0.0), Amplitude(0.0)):
        assert torch.equal(change(BATCH, drawn()), BATCH)
    Amplitude(0.5)(BATCH, drawn())
    assert torch.equal(BATCH, before)


def test_an_amplitude_is_one_factor_for_each_feature() -> None:
    factors = Amplitude(0.2)(BATCH + 1, drawn()) / (BATCH + 1)
    assert factors.std(-1).max() < 1e-6
    assert 0.8 <= factors.min() < factors.max() <= 1.2


def test_changes_are_for_their_kind_of_rows() -> None:
    assert [change.name for change in views_of("auto", "windows").changes] == ["TimeShift", "Amplitude"]
    for change, kind in ((TimeShift(), "vectors"), (TimeShift(), "images"), (RandomAffine(), "windows")):
        with pytest.raises(SettingError, match=f"views holds {change.name}, which is for .* but the rows are {kind}"):
            views_of((change,), kind)  # type: ignore[arg-type]
