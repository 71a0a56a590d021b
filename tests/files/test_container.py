from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vaecluster.errors import FileError
from vaecluster.files.container import read_content, write_content

CONTENT = {
    "nested": [{"values": torch.arange(6.0).view(2, 3).T}, None, True, 0.1 + 0.2, float("-inf"), "text"],
    "empty": torch.empty(0, dtype=torch.long),
    "scalar": torch.tensor(2.5, dtype=torch.float64),
}


def test_tensors_and_plain_values_come_back_as_they_were(tmp_path: Path) -> None:
    write_content(tmp_path / "file", CONTENT)
    back = read_content(tmp_path / "file")
    assert torch.equal(back["nested"][0]["values"], CONTENT["nested"][0]["values"])
    assert back["nested"][1:] == CONTENT["nested"][1:]
    assert (back["empty"].dtype, back["empty"].shape) == (torch.long, (0,))
    assert torch.equal(back["scalar"], CONTENT["scalar"])
    assert back["scalar"].dtype == torch.float64


def test_no_bit_of_a_file_changes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_content(path, CONTENT)
    content, whole = path.read_bytes(), repr(read_content(path))
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            found = repr(read_content(path))
        except FileError:
            continue
        # Only where a bit has no meaning, such as in the spaces that pad the header.
        assert found == whole, place


def written(path: Path, kind: str) -> None:
    if kind == "tensors of another program":
        save_file({"some": torch.zeros(2)}, path)
    elif kind == "an archive":
        np.savez(path.with_suffix(".npz"), X=np.eye(3))
        path.with_suffix(".npz").rename(path)
    elif kind == "a list":
        write_content(path, [1, 2])
    elif kind == "a name without its tensor":
        write_content(path, {"values": {"$tensor": "7"}})
    elif kind == "empty":
        path.touch()


@pytest.mark.parametrize(
    "kind", ["nothing", "empty", "tensors of another program", "an archive", "a list", "a name without its tensor"]
)
def test_what_is_no_such_file_is_named_with_the_advice(kind: str, tmp_path: Path) -> None:
    written(tmp_path / "file", kind)
    with pytest.raises(FileError, match=r"file' is missing or damaged\. Eat it\."):
        read_content(tmp_path / "file", "Eat it.")
