"""What mutated files have in common: the readers that try them, and bytes after some edits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

Files = dict[str, bytes]
Inputs = st.SearchStrategy[Files]


@dataclass(frozen=True)
class Reader:
    """What reads a folder of files, the folders to try, and the errors by which it may refuse them."""

    name: str
    inputs: Inputs
    read: Callable[[Path], object]
    refusals: type[Exception]


def named(name: str, contents: st.SearchStrategy[bytes]) -> Inputs:
    """Each content as a file of that name."""
    return contents.map(lambda content: {name: content})


@st.composite
def changed_bytes(draw: st.DrawFn, content: bytes, least: int = 1) -> bytes:
    """The bytes after some edits: flipped bits, other lengths, and slices cut, doubled, overwritten or put in."""
    data = bytearray(content)
    for _ in range(draw(st.integers(least, 3))):
        if not data:
            break
        last = len(data) - 1
        # Headers are at the beginning, the table of an archive at the end.
        place = draw(st.integers(0, min(last, 127)) | st.integers(max(0, last - 127), last) | st.integers(0, last))
        match draw(st.integers(0, 6)):
            case 0 | 1:
                data[place] ^= 1 << draw(st.integers(0, 7))
            case 2:
                del data[place:]
            case 3:
                del data[place : place + draw(st.integers(1, 64))]
            case 4:
                data[place:place] = data[place : place + draw(st.integers(1, 256))]
            case 5:
                new = draw(st.binary(max_size=16))
                data[place : place + draw(st.sampled_from([0, len(new)]))] = new
            case 6:
                width = draw(st.sampled_from([1, 2, 4, 8]))
                number = draw(st.sampled_from([0, 1, 2**7, 2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1]))
                data[place : place + width] = (number % 2 ** (8 * width)).to_bytes(
                    width, draw(st.sampled_from(["little", "big"]))
                )
    return bytes(data)
