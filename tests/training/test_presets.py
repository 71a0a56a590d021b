from dataclasses import fields, replace

import pytest
import torch

from vaecluster.errors import SettingError
from vaecluster.training.fitting import empty_model
from vaecluster.training.presets import PRESETS, Kind, preset_settings
from vaecluster.training.settings import Settings

every_preset = pytest.mark.parametrize(
    ("preset", "kind"), [(preset, kind) for preset, kinds in PRESETS.items() for kind in kinds]
)


@every_preset
def test_every_preset_passes_its_own_checks(preset: str, kind: Kind) -> None:
    PRESETS[preset][kind].resolve(10)


@every_preset
def test_every_preset_builds_a_model_for_its_kind_of_data(preset: str, kind: Kind) -> None:
    data_shape = (1, 8, 8) if kind == "images" else (5,)
    model = empty_model(PRESETS[preset][kind].resolve(3), data_shape, 3).eval()
    rows = torch.rand(2, *data_shape)
    assert model.decode_mean(model.mean_code(rows)).shape == rows.shape


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_knows_images_and_vectors(preset: str) -> None:
    assert set(PRESETS[preset]) == {"images", "vectors"}


@every_preset
def test_without_overrides_the_settings_are_the_presets(preset: str, kind: Kind) -> None:
    assert preset_settings(preset, kind, {}) == PRESETS[preset][kind]


@pytest.mark.parametrize(
    ("setting", "value"), [("epochs", 3), ("precision", 7.0), ("cluster_posterior", "bayes"), ("hidden", (9,))]
)
def test_an_override_changes_its_setting_and_no_other(setting: str, value: object) -> None:
    before = PRESETS["su2018"]["images"]
    changed = preset_settings("su2018", "images", {setting: value})
    assert changed == replace(before, **{setting: value})
    others = [field.name for field in fields(Settings) if field.name != setting]
    assert all(getattr(changed, name) == getattr(before, name) for name in others)
    assert PRESETS["su2018"]["images"] is before


def test_an_unknown_preset_is_answered_by_the_known_ones() -> None:
    with pytest.raises(SettingError, match=r"preset is 'su2019'; expected one of .*'su2018'\."):
        preset_settings("su2019", "images", {})
