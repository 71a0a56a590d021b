"""The nearest other rows of every row."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Annotated, Any, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import betaincinv, digamma
from torch import Tensor

from vaecluster.clusters.boundary import Null
from vaecluster.data.raw import row_slices
from vaecluster.data.room import NO_LIMIT, Room
from vaecluster.data.rows import Rows
from vaecluster.data.telling import Telling, in_silence
from vaecluster.row_kind import RowKind
from vaecluster.settings import OneOf, Settings, Whole, optional, settings
from vaecluster.views.copies import Copies
from vaecluster.views.gradients import Gradients
from vaecluster.views.missing import Filling
from vaecluster.views.ties import spread

Some = slice | NDArray[np.intp]
Coordinates = Callable[[Some], Tensor]
Points = Callable[[Some], NDArray[np.float32]]

# Principal components are those of a random sample of at most so many rows and entries (128 MiB as float32).
SAMPLE_ROWS = 10_000
SAMPLE_ENTRIES = 2**25
# Few rows have fewer neighbours: at most one in so many rows, or a neighbourhood would reach beyond a small group.
ROWS_PER_NEIGHBOUR = 10
# Values that come often are spread in arrays of at most so many rows: they are kept in memory for that.
SPREAD_ROWS = 1_000_000
# Passes over the sample, and directions beside those that are wanted.
PASSES, SPARE = 5, 10
# Squared distances below this part of their mean are those of copies, which half precision leaves a little apart.
ROUNDING = 1e-6
# Where a larger part of the rows has the same distance to both ranks, the median says how coarse distances are.
TIED = 0.1


@final
@dataclass(frozen=True, eq=False)
class Near:
    """The nearest other rows of each row, nearest first, as row numbers.

    `rows` (rows, number) are views of each other. `unseen` (rows, next) are the next nearest, from which nothing is
    learned: boundaries are measured by them. `dimension` is the intrinsic dimension of the rows, by how fast distances
    grow with the rank (Levina and Bickel 2004). Each row was compared with `among` rows.
    """

    # Arrays, or `FileArray`.
    rows: Any
    unseen: Any
    dimension: float
    among: int

    @property
    def arrays(self) -> tuple[Any, ...]:
        """The same as arrays alone, of which `of_arrays` makes it."""
        return self.rows, self.unseen, np.array([self.dimension]), np.array([self.among])

    @classmethod
    def of_arrays(cls, arrays: Sequence[Any]) -> Self:
        """What `arrays` holds."""
        rows, unseen, dimension, among = arrays
        return cls(rows, unseen, float(dimension[0]), int(among[0]))

    @property
    def unseen_rank(self) -> float:
        """The mean rank of the unseen ones, the nearest row being of rank 1."""
        return float(self.rows.shape[1] + (self.unseen.shape[1] + 1) / 2)

    @property
    def pairs(self) -> Any:
        """The neighbours by which boundaries are measured: the unseen ones, or where rows are too few, the others."""
        return self.unseen if self.unseen.shape[1] else self.rows

    @property
    def null(self) -> Null:
        """How often such pairs cross a cut through one homogeneous cluster."""
        return Null.of_neighbours(self.among, self.unseen_rank, self.dimension)


@final
@settings
class Neighbours(Settings):
    """A row and one of its nearest other rows are two views of the same thing.

    Distances are Euclidean, between scaled rows. Wide rows are compared by their leading principal components: the
    time of a search grows with the entries, and the many directions of little variance add noise to the distances.
    Images are compared by where their brightness changes, and in which direction, with pixels counting less; or by
    pixels alone. In frames, and in narrow arrays of up to a million rows in which values come often, values that
    several rows have are spread over the room around them, so that a year is no island. Where rows all come several
    times, as after oversampling, neighbours are those of the distinct rows.
    Missing values are filled first, from the nearest rows that have them (Troyanskaya et al. 2001): else rows would be
    near because they lack the same values.

    >>> from vaecluster import TwoViews
    >>> from vaecluster.views import GaussianNoise, Neighbours
    >>> TwoViews(views=[Neighbours(5), GaussianNoise(0.1)]).views[0].number
    5
    """

    number: Annotated[
        int,
        Whole(1),
        "how many nearest rows; at most one in 10 rows, and half of a mean cluster, or of a small group that is seen",
    ] = 10
    components: Annotated[
        int | None,
        optional(Whole(1), "64, or 128 for columns of numbers"),
        "rows with more entries are compared by so many principal components",
    ] = None
    images_by: Annotated[str, OneOf("gradients", "pixels"), "what images are compared by"] = "gradients"
    exact_up_to: Annotated[
        int, Whole(0), "with more rows about one neighbour in two hundred is missed and the next nearest is taken"
    ] = 20_000
    shard: Annotated[
        int,
        Whole(100_000),
        "more rows are dealt at random into shards of at most so many, and compared within them",
    ] = 1_000_000

    def find(self, rows: Rows, telling: Telling = in_silence) -> Near:
        """The nearest other rows of each row, fewer of them if rows are few, and half as many that are next.

        A row is not its own neighbour, though a copy of it can be; a single row is, for want of others. The same
        rows give the same neighbours. For each row 1.5 `number` row numbers are kept, where values are missing its
        filled entries too, and during the search, where there are many rows, at most `components` values of half
        precision: in the room of the rows.
        """
        return self.searched(rows, telling)[1]

    def searched(self, rows: Rows, telling: Telling = in_silence) -> tuple[Points, Near]:
        """What distances are taken between, and the nearest others by them."""
        copies, room = Copies.of(rows) if len(rows) <= self.shard else None, rows.room
        distinct = rows if copies is None else rows.some(copies.first)
        points = self.points(distinct)
        near = self.among(points, len(distinct), room, telling)
        if copies is None:
            return points, near
        drawn = replace(near, rows=copies.drawn(near.rows, room), unseen=copies.drawn(near.unseen, room))
        return lambda some: points(copies.which[some]), drawn

    def among(self, points: Points, rows: int, room: Room = NO_LIMIT, telling: Telling = in_silence) -> Near:
        """The same for so many rows between whose points distances are taken."""
        # It loads faiss, which takes a fifth of a second.
        from vaecluster.views.nearest import nearest_others

        if rows == 1:
            return Near(np.zeros((1, 1), np.int32), np.zeros((1, 0), np.int32), 1.0, rows)
        number = min(self.number, max(1, rows // ROWS_PER_NEIGHBOUR))
        further = min(max(1, number // 2), rows - 1 - number)
        exact, shards = rows <= self.exact_up_to, -(-rows // self.shard)
        found = nearest_others(points, rows, number, further, exact=exact, shards=shards, room=room, telling=telling)
        dimension = intrinsic_dimension(found.squared, number, number + further)
        return Near(found.first, found.then, dimension, rows // shards)

    def points(self, rows: Rows) -> Points:
        """What distances are taken between, for some row numbers: (rows, columns or components)."""
        read, most = coordinates(rows, self.images_by), self.components or rows.schema.axes
        entries = read(slice(0, 1)).shape[1]
        if entries <= most:
            return lambda some: read(some).cpu().numpy()
        mean, directions = principal_components(read, len(rows), most)
        numbers = np.arange(len(rows))

        def points(some: Some) -> NDArray[np.float32]:
            chosen = numbers[some]
            # Rows are wider than their components: fewer of them are read at a time.
            blocks = (read(chosen[block]) for block in row_slices(len(chosen), entries))
            return torch.cat([(block - mean) @ directions for block in blocks]).cpu().numpy()

        return points


def intrinsic_dimension(squared: NDArray[np.float32], rank: int, further: int) -> float:
    """The d for which distances grow like rank ** (1 / d), from squared distances to two ranks: (rows, 2).

    It is that of the median row, since near copies of some rows say little of the rest; where many distances do not
    grow at all, as those of categories, it is that of the mean. Copies at no distance but rounding tell nothing. At
    least 1, also where nothing is told.

    >>> round(intrinsic_dimension(np.array([[1.0, 4.0], [4.0, 16.0], [0.0, 1.0]]), 10, 40), 2)
    2.02
    """
    apart = squared[:, 0] > ROUNDING * squared[:, 1].mean()
    near, far = squared[apart].astype(np.float64).T
    if not len(near):
        return 1.0
    grown = np.log(far / near) / 2
    # Where rows are evenly dense (near / far) ** d has a beta distribution.
    growth, expected = float(np.median(grown)), -float(np.log(betaincinv(rank, further - rank, 0.5)))
    if (grown < ROUNDING).mean() > TIED:
        growth, expected = float(grown.mean()), float(digamma(further) - digamma(rank))
    return max(1.0, expected / growth) if growth > 0 else 1.0


def coordinates(rows: Rows, images_by: str = "gradients") -> Coordinates:
    """What distances between rows are measured in, for some row numbers: (rows, entries), with missing values filled.

    Frames, and arrays with a column in which values come often, are read once and kept, with such values spread; other
    rows are read as they are wanted.
    """
    schema = rows.schema
    by_gradients = schema.kind is RowKind.IMAGES and images_by == "gradients"
    read = (Gradients(*schema.data_shape[1:]) if by_gradients else schema.coordinates()).to(rows.device)
    if schema.frame is None and not _is_coarse(rows) and not any(block.missing for block in schema.blocks):
        return lambda some: read(rows[some]).flatten(1)
    blocks = list(row_slices(len(rows), prod(schema.data_shape)))
    whole = rows.room.array((len(rows), *schema.data_shape), np.float32)
    for block in blocks:
        whole[block] = rows[block].cpu().numpy()
    # A block is read before it is written.
    made = spread(lambda: (torch.from_numpy(whole[block]) for block in blocks), len(rows), schema.between, rows.room)
    for block, values in zip(blocks, made, strict=True):
        whole[block] = values.numpy()

    def raw(some: Some) -> Tensor:
        points: Tensor = read(torch.from_numpy(whole[some]).to(rows.device))
        return points.cpu()

    fill = Filling.of(len(rows), raw)
    points = rows.room.array((len(rows), raw(slice(0, 1)).shape[1]), np.float32)
    for block in blocks:
        points[block] = fill(raw(block)).numpy()
    return lambda some: torch.from_numpy(points[some]).to(rows.device)


def _is_coarse(rows: Rows) -> bool:
    """Whether a column of narrow rows has more than two values, and at most half as many as rows; by a sample."""
    narrow = rows.schema.kind is RowKind.VECTORS and prod(rows.schema.data_shape) <= rows.schema.axes
    if not narrow or len(rows) > SPREAD_ROWS:
        return False
    sample = rows.drawn(SAMPLE_ROWS)[slice(None)].cpu().numpy()
    return any(2 < len(np.unique(column)) <= len(sample) / 2 for column in sample.T)


@torch.no_grad()
def principal_components(read: Coordinates, rows: int, number: int) -> tuple[Tensor, Tensor]:
    """The rows' mean, (entries,), and directions of largest variance, (entries, number), on the rows' device.

    Both are estimated from a sample, always the same one; there are no more directions than rows. The sample is read
    again and again, a block of rows at a time: it may be as large as all memory that there is.
    """
    first = read(slice(0, 1))
    columns, device = first.shape[1], first.device
    size = min(rows, max(number, min(SAMPLE_ROWS, SAMPLE_ENTRIES // columns)))
    chosen = np.sort(np.random.default_rng(0).choice(rows, size, replace=False))

    def blocks() -> Iterator[Tensor]:
        return (read(chosen[block]) for block in row_slices(size, columns))

    total = torch.zeros(columns, dtype=torch.float64, device=device)
    for block in blocks():
        total += block.sum(0, dtype=torch.float64)
    mean = (total / size).float()

    def times_covariance(directions: Tensor) -> Tensor:
        product = torch.zeros_like(directions)
        for block in blocks():
            centred = block - mean
            product += centred.T @ (centred @ directions)
        return product

    # Subspace iteration from a random start (Halko, Martinsson and Tropp 2011), with some directions to spare.
    wanted = min(number, size)
    start = np.random.default_rng(0).normal(size=(columns, min(wanted + SPARE, columns)))
    basis = torch.from_numpy(start.astype(np.float32)).to(device)
    for _ in range(PASSES):
        basis = torch.linalg.qr(times_covariance(basis)).Q
    within = basis.T @ times_covariance(basis)
    order = torch.linalg.eigh((within + within.T) / 2).eigenvectors.flip(1)
    return mean, basis @ order[:, :wanted]
