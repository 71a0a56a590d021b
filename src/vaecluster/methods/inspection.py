"""What a fit sees in rows and is about to do, before it does it."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np
import torch
from torch import Generator

from vaecluster.data.blocks import Expression, Words
from vaecluster.data.checks import describe
from vaecluster.data.kinds import SeenColumn
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.errors import counted, lasting, sized
from vaecluster.methods.base import Method
from vaecluster.methods.memory import free_memory, needed_memory
from vaecluster.model.networks.initial import start_

# A fit takes so many times as long as reading, encoding and decoding a batch once, and the way back, in each step.
# Measured on one thread: 2.8 to 4.3 times for three methods, digits, MNIST and tables; 8.7 for a fit of 120 steps,
# which take less time than what comes before and after them.
PASSES = 3.5
# The probe makes so many passes, or as few as two if it takes longer than this, in seconds; the fastest one counts,
# and never the first, in which libraries make themselves ready.
PROBES, PROBE_SECONDS = 6, 0.3
# Columns that are shown one by one; of the others it is said how many there are of each kind.
SHOWN = 20


@final
@dataclass(frozen=True)
class Inspection:
    """What is seen in rows, and what a fit of them would do and take.

    `row` says what one is, `columns` what each of a frame is taken for, and `scaled` how numbers are scaled. `views`
    are those of the method, if it has any. `memory` and `free` are bytes: what networks and batches need beside the
    rows, and what there is, if that is known. `seconds` is a rough estimate, from a few passes of untrained networks:
    half and twice as long are nothing unusual.
    """

    rows: int
    row: str
    columns: tuple[SeenColumn, ...]
    scaled: str
    method: str
    views: tuple[str, ...]
    epochs: int
    steps: int
    memory: int
    free: int | None
    seconds: float

    @classmethod
    def of(cls, rows: Rows, method: Method, clusters: int) -> Self:
        """Of rows with their schema, and a method that is completed for them."""
        schema, plans = rows.schema, method.plans().values()
        steps = [plan.epochs * -(-len(rows) // plan.batch_size) for plan in plans]
        passes = [_seconds_of_pass(rows, method, clusters, plan.batch_size) for plan in list(plans)[:1]]
        views = method.views_of_rows(schema)
        return cls(
            rows=len(rows),
            row=_row(schema),
            columns=rows.source.seen(),
            scaled=", ".join(filter(None, (block.scaled for block in schema.blocks))),
            method=method.name,
            views=() if views is None else views.words,
            epochs=sum(plan.epochs for plan in plans),
            steps=sum(steps),
            memory=needed_memory(method, schema, clusters),
            free=free_memory(rows.device),
            seconds=PASSES * sum(passes) * sum(steps),
        )

    def lines(self) -> Iterator[str]:
        """What a person reads."""
        yield f"{self.rows:,} rows, each {self.row}" + (f"; numbers are scaled {self.scaled}" if self.scaled else "")
        yield from _table(self.columns)
        views = f"; two views of a row: {', '.join(self.views)}" if self.views else ""
        yield f"method {self.method}: {self.epochs:,} epochs, {self.steps:,} steps{views}"
        free = "" if self.free is None else f"; {sized(self.free)} are free"
        yield f"memory: about {sized(max(self.memory, 10**6))} beside the rows{free}"
        yield f"time: about {lasting(self.seconds)}, a rough estimate; half and twice as long are nothing unusual"


def _seconds_of_pass(rows: Rows, method: Method, clusters: int, batch_size: int) -> float:
    """The shortest of a few passes of a batch through untrained networks and back."""
    model = method.build(rows.schema, clusters)
    start_(model, Generator(device="cpu").manual_seed(0))
    model.to(rows.device)
    numbers, taken = np.sort(np.arange(batch_size) % len(rows)), list[float]()
    while len(taken) < 2 or (len(taken) < PROBES and sum(taken) < PROBE_SECONDS):
        started = time.perf_counter()
        batch = rows[numbers]
        loss = -model.decoder(model.mean_code(batch)).log_prob(batch).mean()
        torch.autograd.backward(loss)
        # Waits for the device.
        loss.item()
        taken.append(time.perf_counter() - started)
    return min(taken[1:])


def _row(schema: Schema) -> str:
    """What a row is called."""
    block = schema.blocks[0]
    if isinstance(block, Words):
        return f"a text, read by its {counted(len(block.words), 'common word')}"
    if isinstance(block, Expression):
        return f"the counts of {counted(schema.row_shape[0], 'gene')}"
    return _window(schema.row_shape) if schema.kind == "windows" else describe(schema.row_shape)


def _window(shape: tuple[int, ...]) -> str:
    """What a window of that shape is called.

    >>> _window((12,)), _window((12, 2))
    ('a window of 12 times', 'a window of 12 times and 2 features')
    """
    return f"a window of {' and '.join(map(counted, shape, ('time', 'feature')))}"


def _table(columns: Sequence[SeenColumn]) -> Iterator[str]:
    learned = [column for column in columns if column.learned]
    # A name may hold ends of lines.
    names = {column: column.name if column.name.isprintable() else repr(column.name) for column in columns}
    width = max((len(names[column]) for column in columns[:SHOWN]), default=0)
    # What is left out is shown whatever comes before it.
    for column in [*learned[:SHOWN], *(column for column in columns if not column.learned)][: 2 * SHOWN]:
        kind = column.kind if column.learned else f"left out ({column.kind})"
        gaps = f"; {column.missing:.1%} missing" if column.missing else ""
        yield f"  {names[column]:{width}}  {kind}: {column.why}{gaps}"
    if len(learned) > SHOWN:
        more = Counter(column.kind for column in learned[SHOWN:])
        yield f"  and {len(learned) - SHOWN:,} more: {', '.join(f'{n:,} {kind}' for kind, n in more.items())}"
