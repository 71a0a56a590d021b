"""How pictures in files are read, as a run keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self, final

from vaecluster.data.pictures import features as of_features
from vaecluster.data.pictures.folder import Pictures
from vaecluster.errors import SettingError


@final
@dataclass(frozen=True)
class PictureOptions:
    """The options of `Pictures`; None for one that is not given."""

    size: int | None = None
    features: str | None = None
    features_sha256: str | None = None

    @classmethod
    def of(cls, rows: Any) -> Self:
        """Those of pictures, for a process in another folder, and which file their features come from.

        None for rows that are no pictures.
        """
        if not isinstance(rows, Pictures):
            return cls()
        if rows.features is None:
            return cls(rows.size)
        features = of_features.absolute(str(rows.features))
        return cls(rows.size, features, of_features.sha256_of(features))

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """The way back from plain values; raises `ValueError` for those of anything else."""
        # It loads msgspec, which a refused run does not need.
        from vaecluster.files import record

        found = record.typed(cls, plain)
        if not plain.keys() <= {field.name for field in fields(cls)}:
            raise ValueError("it has options that pictures do not have")
        return found

    @property
    def given(self) -> dict[str, Any]:
        """Those that are given, as plain values."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def stored(self) -> bool:
        """Whether features are those of some pictures, of which there are none for others."""
        return self.features is not None and of_features.is_stored(self.features)

    def applied(self, rows: Any) -> Any:
        """Pictures with these options; raises `SettingError` for options of rows that are none."""
        if self.given and not isinstance(rows, Pictures):
            name = next(iter(self.given))
            raise SettingError(f"--{name} is for pictures in files, which the source is not. Leave it out.")
        return replace(rows, **self.given) if self.given else rows

    def with_features(self, features: str) -> Self:
        """The same with other features; of a network they must be those of the same weights."""
        other = replace(self, features=features)
        networks = self.features is not None and not self.stored and not other.stored
        return other if networks else replace(other, features_sha256=None)


NO_OPTIONS = PictureOptions()
