"""Named settings, one per method and kind of data."""

from dataclasses import fields, replace
from typing import Any, Literal

import numpy as np

from vaecluster.errors import SettingError
from vaecluster.training.fitting import MethodSettings
from vaecluster.training.settings import Settings, check_among
from vaecluster.training.shared_settings import SharedSettings
from vaecluster.views.presets import as_views

Kind = Literal["images", "vectors"]

# Su Jianlin, "Variational autoencoders (4): a one-step clustering scheme" (2018). Precision 2.5 is the weight on
# half the squared error. The article is about images; vectors get the same bound with dense networks and
# a precision to start from for standardised columns (docs/decisions/0013).
_SU2018 = Settings(
    network="conv", latent=20, likelihood="gaussian", precision=2.5, epochs=50, batch_size=100, learning_rate=1e-3
)
PRESETS: dict[str, dict[Kind, MethodSettings]] = {
    "shared": {
        "images": SharedSettings(steps=8000),
        # Small tables are learned by heart: on pendigits 50 epochs find more than 130 do. Their classes are less even
        # than those of images: docs/decisions/0025.
        "vectors": SharedSettings(hidden=(256, 256), latent=8, precision=50.0, most_epochs=50, apartness=0.5),
    },
    "su2018": {
        "images": _SU2018,
        "vectors": replace(_SU2018, network="dense", hidden=(256, 256), latent=10, precision=10.0),
    },
}


def preset_settings(preset: str, kind: Kind, overrides: dict[str, Any]) -> MethodSettings:
    """The preset's settings for this kind of data, with the given ones in place of its own."""
    check_among("preset", preset, tuple(PRESETS))
    settings = PRESETS[preset][kind]
    known_names = {field.name for field in fields(settings)}
    for name, value in overrides.items():
        if name not in known_names:
            raise SettingError(
                f"{name} is {value!r}, but preset {preset!r} has no such setting. Leave it out, or use another preset."
            )
    settings = replace(settings, **{name: plain_value(value) for name, value in overrides.items()})
    if isinstance(settings, SharedSettings):
        # What is wrong with views is said before anything is learned or written.
        as_views(settings.views, kind)
    return settings


def plain_value(value: Any) -> Any:
    """Numpy's numbers and arrays as Python's, which a model file holds and `==` compares."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(value.tolist()) if isinstance(value, np.ndarray) else value
