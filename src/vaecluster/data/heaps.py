"""Whether heaps of texts in an HDF5 file are sound: of a damaged one the library reads for ever.

A global heap is "GCOL", a version, its size, and objects one behind the other: a number (0 for what is free), a size,
and so many bytes, filled up to a multiple of 8. The library goes from one to the next by that size, without an end
where it is 0, or so large that it comes round to an earlier one. As the format's description says, section III.E:
https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html.
"""

import mmap
import struct
from pathlib import Path

_SIGNATURE = b"GCOL\x01\x00\x00\x00"
_OBJECT = struct.Struct("<HHIQ")


def check_heaps(path: Path) -> None:
    """Raise `ValueError` for a file with a heap whose objects do not follow one another up to its end."""
    with path.open("rb") as file:
        # An empty file cannot be mapped.
        if not path.stat().st_size:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            start = content.find(_SIGNATURE)
            while start >= 0:
                _check_heap(content, start)
                start = content.find(_SIGNATURE, start + 1)


def _check_heap(content: mmap.mmap, start: int) -> None:
    if start + 16 > len(content):
        raise ValueError("a heap of texts is cut off")
    end = start + int.from_bytes(content[start + 8 : start + 16], "little")
    place = start + 16
    while place + _OBJECT.size <= min(end, len(content)):
        number, _, _, size = _OBJECT.unpack_from(content, place)
        # The size of free space counts its own header.
        step = size if number == 0 else _OBJECT.size + -(-size // 8) * 8
        if step < (_OBJECT.size if number == 0 else 1) or place + step > end:
            raise ValueError("a heap of texts has an object that ends nowhere")
        place += step
