from typing import Any

import numpy as np
import pytest

from vaecluster.data.pictures.folder import Pictures
from vaecluster.data.pictures.options import NO_OPTIONS, PictureOptions
from vaecluster.errors import SettingError

SOME = {
    "none": NO_OPTIONS,
    "size": PictureOptions(24),
    "stored": PictureOptions(features="some.npy", features_sha256="ab"),
    "network": PictureOptions(32, "timm:some", "ab"),
}


@pytest.mark.parametrize("name", SOME)
def test_what_was_written_down_is_read_back_and_applied(name: str) -> None:
    options = SOME[name]
    assert PictureOptions.read(options.given) == options
    rows = options.applied(Pictures("photos"))
    assert (rows.size, rows.features, rows.features_sha256) == (
        options.size,
        options.features,
        options.features_sha256,
    )


@pytest.mark.parametrize("plain", [None, [], {"size": "large"}, {"size": 24, "width": 3}, {"features": 7}])
def test_what_no_run_has_written_is_refused(plain: Any) -> None:
    with pytest.raises(ValueError, match=r"it has|Expected"):
        PictureOptions.read(plain)


@pytest.mark.parametrize("name", SOME)
def test_options_are_for_pictures_alone(name: str) -> None:
    rows, options = np.zeros((3, 2)), SOME[name]
    if not options.given:
        assert options.applied(rows) is rows
        assert PictureOptions.of(rows) == NO_OPTIONS
        return
    with pytest.raises(SettingError, match=f"--{next(iter(options.given))} is for pictures"):
        options.applied(rows)


def test_only_a_network_must_have_the_weights_that_another_had() -> None:
    network, stored = SOME["network"], SOME["stored"]
    assert network.with_features("timm:some@elsewhere.pt") == PictureOptions(32, "timm:some@elsewhere.pt", "ab")
    assert network.with_features("other.npy") == PictureOptions(32, "other.npy")
    assert stored.with_features("timm:some") == PictureOptions(features="timm:some")
    assert [options.stored for options in SOME.values()] == [False, False, True, False]
