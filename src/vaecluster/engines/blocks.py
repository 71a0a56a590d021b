"""What a source is cut into, so that machines answer for its parts: groups of rows of Parquet files, and pictures."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from vaecluster.data.dataset import DataSet
from vaecluster.data.files import problems_of, reader_of
from vaecluster.data.pictures.features import absolute
from vaecluster.data.pictures.folder import Pictures
from vaecluster.data.pictures.listing import Listing, Skipped
from vaecluster.data.readers.parquet import PARQUET, Group, groups_of
from vaecluster.data.readers.pictures import PICTURES
from vaecluster.data.stored import block_rows
from vaecluster.errors import DataError, SettingError
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.labels import IDENTIFIER, ROW
from vaecluster.runs.source import options_for

if TYPE_CHECKING:
    import pyarrow as pa

    from vaecluster.estimator import VAEClustering

FILE = "file"
# So many pictures at most are read at a time.
MOST_PICTURES = 1024


class RowBlock(ABC):
    """Some rows of a source, which are read by themselves on whatever machine sees the source."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many there are, those too that cannot be read."""

    @abstractmethod
    def read(self) -> tuple[Any, list[Skipped]]:
        """The rows as a model takes them, or None if none can be read, and what cannot be read."""

    @abstractmethod
    def placed(self, answers: "pa.Table") -> "pa.Table":
        """What was answered for them, with columns that say which rows of the source they are."""


@final
@dataclass(frozen=True)
class SomeRows(RowBlock):
    """A group of rows of a Parquet file, which has this name in its folder."""

    group: Group
    name: str

    @property
    def rows(self) -> int:
        """All of the group."""
        return self.group.rows

    def read(self) -> tuple[Any, list[Skipped]]:
        """The rows of the group."""
        with problems_of(self.group.file, PARQUET):
            return self.group.read(), []

    def placed(self, answers: "pa.Table") -> "pa.Table":
        """With the name of the file, and the number of each row in it."""
        import pyarrow as pa

        names = [IDENTIFIER if name == FILE else name for name in answers.column_names]
        numbers = pa.array(range(self.group.first, self.group.first + self.rows), pa.int64())
        answers = answers.rename_columns(names).set_column(names.index(ROW), ROW, numbers)
        return answers.add_column(0, FILE, pa.repeat(pa.scalar(self.name), self.rows))


@final
@dataclass(frozen=True)
class SomePictures(RowBlock):
    """Some pictures, read in the shape of the rows of a fit; row names are their paths."""

    source: Pictures
    some: Listing
    like: tuple[int, ...]

    @property
    def rows(self) -> int:
        """One for each."""
        return len(self.some.pictures)

    def read(self) -> tuple[Any, list[Skipped]]:
        """Those that can be read."""
        return self.source.read_some(self.some, self.like)

    def placed(self, answers: "pa.Table") -> "pa.Table":
        """Their numbers would be those of pictures that can be read, of which only some are known here."""
        return answers.drop_columns(ROW)


@final
@dataclass(frozen=True)
class CutSource:
    """All blocks of a source, in order; of pictures, also where they are."""

    blocks: Sequence[RowBlock]
    pictures: Pictures | None = None

    @classmethod
    def of(cls, source: str, run: RunFolder, model: "VAEClustering", features: Path | None) -> "CutSource":
        """Those of Parquet files, or of pictures as the run reads them; the source can be read already.

        Raises `SettingError` for other sources, and `DataError` or `FileError` as `read_dataset` does.
        """
        place = Path(source).absolute()
        reader = reader_of(place)
        if reader not in (PARQUET, PICTURES):
            raise SettingError(
                f"--engine reads Parquet files and pictures, and folders of them, but {source} is neither. Write it "
                "as Parquet, or leave --engine out."
            )
        data = DataSet(place.stem, Pictures(place) if reader is PICTURES else None)
        options = options_for(data, run, features)
        pictures = options.applied(data.x_train)
        if options.stored:
            raise SettingError(
                f"The features in {options.features} are stored for the pictures of a folder, so they are at hand "
                "already. Leave --engine out."
            )
        if pictures is None:
            with problems_of(place, PARQUET):
                groups = groups_of(place)
                if not groups:
                    raise DataError("it has no rows. Give at least one row.")
            root = place if place.is_dir() else place.parent
            return cls([SomeRows(group, str(group.file.relative_to(root))) for group in groups])
        if pictures.features is not None:
            pictures = replace(pictures, features=absolute(str(pictures.features)))
        root, found, like = pictures.listing.root, pictures.listing.pictures, model.fitted_.schema.row_shape
        size = min(MOST_PICTURES, block_rows(like))
        # Without the list of all pictures, which each block would carry.
        alone = replace(pictures)
        some = [Listing(root, found[start : start + size]) for start in range(0, len(found), size)]
        return cls([SomePictures(alone, listing, like) for listing in some], pictures)
