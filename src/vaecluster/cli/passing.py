"""Commands that answer for each row: in blocks, so that memory holds a few rows, and kept until all are done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

from vaecluster.data.stored import block_rows, blocks_of, in_turn
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.parts import Parts, going_on, stamps
from vaecluster.runs.source import check_source, open_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from vaecluster.estimator import VAEClustering


@final
@dataclass(frozen=True)
class Block:
    """Some rows, the number of the first of them, and the share of all rows that was read by then."""

    rows: Any
    first: int
    share: float


@final
@dataclass(frozen=True)
class Passage:
    """The rows of a source and the model of a run that answers for them."""

    model: "VAEClustering"
    rows: Any
    # What answers depend on.
    identity: dict[str, Any]

    @classmethod
    def of(cls, run: Path, source: str, device: str, features: Path | None = None) -> Self:
        """Opened, a source that cannot be read before the model."""
        folder = RunFolder.open(run)
        check_source(source)
        model = folder.model(device)
        data = open_rows(source, folder, model, features)
        files = stamps(folder.model_file, Path(source), features)
        return cls(model, data.x_train, {"source": source, "files": files, "device": device})

    def answers(self, answer: Callable[[Block], "pa.Table"], kept: int = 0) -> Iterator["pa.Table"]:
        """What is answered for each block, in order, but for so many that are kept from before."""
        # It loads torch.
        from vaecluster.training.listeners.progress import Passing

        done = 0
        with Passing() as told:

            def blocks() -> Iterator[Block]:
                for number, block in enumerate(self._blocks()):
                    if number >= kept:
                        yield block
                    else:
                        told(0, block.share)

            for block, table in in_turn(blocks(), lambda block: (block, answer(block))):
                done += table.num_rows
                told(done, block.share)
                yield table

    def into(
        self, output: Path, answer: Callable[[Block], "pa.Table"], options: dict[str, Any], column: str | None = None
    ) -> int:
        """Write what is answered, and say for how many rows; it goes on from what another process kept of the same."""
        from vaecluster.files.provenance import versions

        with Parts.beside(output, {**self.identity, **options, "versions": versions()}) as parts:
            kept = parts.number
            going_on(kept)
            for number, table in enumerate(self.answers(answer, kept), kept):
                parts.write(number, table)
            parts.write_to(output, column)
            return sum(table.num_rows for table in parts.tables())

    def _blocks(self) -> Iterator[Block]:
        first = 0
        for rows, share in blocks_of(self.rows, block_rows(self.model.fitted_.schema.row_shape)):
            end = first + rows.shape[0]
            yield Block(rows, first, share)
            first = end
