"""Processes that learn together, called ranks: each from its share of every batch. One alone is the ordinary case.

Whatever all ranks of a fit do, they do in the same order. Alone, every function here gives back what it was given.
"""

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import islice
from typing import Any, TypeVar, final

import numpy as np
import torch
from torch import Generator, Tensor, distributed
from torch.distributed import Store, TCPStore  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous

from vaecluster.errors import TrainingError

Value = TypeVar("Value")
Part = TypeVar("Part")
Result = TypeVar("Result")
# What can be cut by a slice: an array, a tensor, a range.
Rows = TypeVar("Rows", bound=Any)


@final
@dataclass(frozen=True)
class Ranks:
    """The number of this process among those that learn together, and how many these are."""

    rank: int
    size: int


ALONE = Ranks(0, 1)
# So long some ranks may wait for others, as for the first while it decodes pictures: torchrun sees when one has died.
PATIENCE = timedelta(days=7)
# Under which name the first rank says where they meet.
MEETING = "vaecluster/meeting"
# A process group belongs to the process, so this does too.
_here = ALONE


@contextmanager
def together() -> Iterator[Ranks]:
    """Inside, a fit learns together with those of the other processes that torchrun has started.

    Each of them must call the same fit with the same rows, which every process can read; each then has the same fitted
    model. In a process that torchrun has not started, nothing changes. Raises `TrainingError` if another process ends
    before all have learned.

        torchrun --standalone --nproc-per-node 2 program.py

    >>> with together() as ranks:
    ...     ranks
    Ranks(rank=0, size=1)
    """
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1 and distributed.is_torchelastic_launched()
    try:
        with _as(_joined() if several else ALONE) as here:
            yield here
    except RuntimeError as problem:
        # Gloo has no error of its own.
        if not isinstance(problem, distributed.DistError) and "/gloo/" not in str(problem):
            raise
        raise TrainingError(
            "Another of the processes that learn together has ended, and says why if it could. A fit that keeps its "
            "state goes on from it: with the same torchrun and `vaecluster fit --resume`, if that was the command."
        ) from None


@contextmanager
def apart() -> Iterator[None]:
    """Inside, this process does what the others do not, and does not wait for them."""
    with _as(ALONE):
        yield


@contextmanager
def _as(here: Ranks) -> Iterator[Ranks]:
    global _here
    before, _here = _here, here
    try:
        yield here
    finally:
        _here = before


def _joined() -> Ranks:
    if not distributed.is_initialized():
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        # NCCL needs a GPU for each process; where there are fewer, they share it, and gloo sums for them.
        own = torch.cuda.is_available() and torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"])
        if own:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        backend = "cpu:gloo,cuda:nccl" if own else "gloo"
        distributed.init_process_group(backend, store=_met(rank), rank=rank, world_size=size, timeout=PATIENCE)
    return Ranks(distributed.get_rank(), distributed.get_world_size())


def _met(rank: int) -> TCPStore:
    """Where ranks meet: a store that the first of them opens, anew whenever torchrun starts them.

    That of torchrun outlives processes, and holds the addresses of those that died. How often torchrun has started
    them does not tell their lives apart: it counts for each host what died there.
    """
    if rank == 0:
        met = TCPStore(os.environ["MASTER_ADDR"], 0, is_master=True, wait_for_workers=False, timeout=PATIENCE)
        _store().set(MEETING, str(met.port))
        return met
    while True:
        port = int(_store().get(MEETING))
        # Nobody listens any more where those met that died.
        with suppress(OSError):
            socket.create_connection((os.environ["MASTER_ADDR"], port), timeout=10).close()
            return TCPStore(os.environ["MASTER_ADDR"], port, timeout=PATIENCE)
        time.sleep(0.1)


@cache
def _store() -> Store:
    store: Store = next(rendezvous("env://"))[0]
    return store


@cache
def restarted() -> bool:
    """Whether torchrun has started this process again after one of them died, on whatever host."""
    return bool(_store().add(f"vaecluster/starts/{os.environ['RANK']}", 1) > 1)


def alone() -> bool:
    """Whether there are no other ranks."""
    return _here.size == 1


def first() -> bool:
    """Whether this is the process that writes, and talks to the user."""
    return _here.rank == 0


def share(rows: Rows) -> Rows:
    """Those of some rows that this rank learns from: every so many, so that all ranks have as many of any beginning.

    >>> share(range(5))
    range(0, 5)
    """
    own: Rows = rows[_here.rank :: _here.size]
    return own


def own(generator: Generator) -> Generator:
    """A generator for what each rank draws for its own rows, another wherever the given one is, which stays there."""
    if _here.size == 1:
        return generator
    state = np.frombuffer(generator.get_state().numpy().tobytes(), np.uint32)
    mixed = np.random.SeedSequence(state, spawn_key=[_here.rank]).generate_state(1, np.uint64)[0]
    return Generator(generator.device).manual_seed(int(mixed) >> 1)


def total(values: Tensor) -> Tensor:
    """The sum of a tensor over all ranks; gradients flow to each of them."""
    return values if _here.size == 1 else _Total.apply(values)  # type: ignore[no-untyped-call]


@torch.no_grad()
def totals(*tensors: Tensor) -> list[Tensor]:
    """The sums of several tensors of one type over all ranks, without gradients, by one message."""
    if _here.size == 1:
        return list(tensors)
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    distributed.all_reduce(flat)
    parts = torch.split(flat, [tensor.numel() for tensor in tensors])
    return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def counts(numbers: Sequence[int]) -> list[int]:
    """The sums of whole numbers over all ranks."""
    if _here.size == 1:
        return list(numbers)
    return [int(number) for number in totals(torch.tensor(numbers, dtype=torch.int64, device="cpu"))[0].tolist()]


def count(number: int) -> int:
    """The sum of a whole number over all ranks, such as the rows of a batch from each one's share."""
    return counts([number])[0]


def mean(values: Tensor) -> Tensor:
    """What the values of some rows, (rows,), add to the mean over those of all ranks."""
    return values.mean() if _here.size == 1 else values.sum() / count(len(values))


def any_of(flag: bool) -> bool:
    """Whether it is so for any of the ranks."""
    return count(int(flag)) > 0


@torch.no_grad()
def add_gradients_(weights: Iterable[torch.nn.Parameter]) -> None:
    """Give every weight the sum of its gradients over all ranks."""
    if _here.size > 1:
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        for gradient, whole in zip(gradients, totals(*gradients), strict=True):
            gradient.copy_(whole)


def same_(tensors: Iterable[Tensor]) -> None:
    """Give tensors the values that they have in the first rank."""
    if _here.size > 1:
        for tensor in tensors:
            distributed.broadcast(tensor, 0)


def agreed(value: Value) -> Value:
    """What the first rank has."""
    if _here.size == 1:
        return value
    kept = [value]
    distributed.broadcast_object_list(kept, 0, device=torch.device("cpu"))
    return kept[0]


def each(compute: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """What is computed of each part, in order, as `map` does it; each part is computed by one rank, and all have it.

    >>> list(each(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
    if _here.size == 1:
        yield from map(compute, parts)
        return

    def compute_alone(some: list[Part]) -> Result | None:
        rank = _here.rank
        with apart():
            return compute(some[rank]) if rank < len(some) else None

    left = iter(parts)
    while some := list(islice(left, _here.size)):
        mine = compute_alone(some)
        found: list[Any] = [None] * _here.size
        distributed.all_gather_object(found, mine)
        yield from found[: len(some)]


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        whole = values.contiguous().clone()
        distributed.all_reduce(whole)
        return whole

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        # What each rank makes of the sum depends on the values of all.
        return _Total.forward(context, gradient)
