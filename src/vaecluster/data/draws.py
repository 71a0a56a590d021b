"""Generators for everything random in a fit, each made of the seed and of what it is for."""

import zlib
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator


@final
@dataclass(frozen=True)
class Draws:
    """A generator for every use, from a seed and the names or numbers of the use.

    Nothing random has to be stored: a fit that goes on makes the generators again. Reading ahead changes nothing, and
    torch's global random state, which belongs to the caller's program, is neither read nor written.

    >>> int(torch.randint(100, (), generator=Draws(0).at("order", 1))) == int(
    ...     torch.randint(100, (), generator=Draws(0).at("order", 1))
    ... )
    True
    """

    seed: int

    def at(self, *use: str | int, device: torch.device | str = "cpu") -> Generator:
        """The generator of a use, such as ("order", epoch); its draws lie on the device."""
        keys = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in use]
        # In one list with the seed, keys that end in zeros would equal those without the zeros.
        mixed = np.random.SeedSequence(self.seed, spawn_key=keys).generate_state(1, np.uint64)[0]
        return Generator(device).manual_seed(int(mixed) >> 1)


def drawn_on(device: torch.device, generator: Generator) -> Generator:
    """A generator for draws that lie on the device: the given one, which draws on the host, or one that it seeds.

    Which rows are read is drawn on the host: there it is known at once, and no step has to wait for a GPU.
    """
    if device.type != "cuda":
        return generator
    seed = torch.randint(2**62, (), generator=generator, dtype=torch.int64, device="cpu")
    return Generator(device).manual_seed(int(seed))


def one_pass(rows: int, weights: NDArray[np.float64] | None, generator: Generator) -> NDArray[np.intp]:
    """All row numbers in a random order: each once, or as often as its weight says, rounded up or down at random.

    There are as many numbers as rows: `weights` (rows,) are 1 on average.
    """
    order: NDArray[np.intp] = torch.randperm(rows, generator=generator, dtype=torch.int64, device="cpu").numpy()
    if weights is None:
        return order
    # Systematic sampling: a comb of one tooth a row, moved at random, over the weights laid end to end. In the order
    # of the rows, weights that come again and again in step with the teeth would leave out whole kinds of rows.
    start = float(torch.rand((), generator=generator, dtype=torch.float64, device="cpu"))
    marks = np.floor(np.cumsum(weights[order]) + start)
    marks[-1] = rows
    drawn = np.repeat(order, np.diff(marks, prepend=0).astype(np.intp))
    again = torch.randperm(rows, generator=generator, dtype=torch.int64, device="cpu").numpy()
    shuffled: NDArray[np.intp] = drawn[again]
    return shuffled
