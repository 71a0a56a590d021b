"""Answers are kept block by block until the output is there, and made into it the same way however often cut off."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from vaecluster.errors import FileError
from vaecluster.runs.answered import Answered, stamp

ASKED = {"source": "t.csv"}
BLOCKS = [pa.table({"row": [0, 1], "confidence": [0.5, 0.25]}), pa.table({"row": [2], "confidence": [1.0]})]


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


def cut_off(output: Path) -> None:
    with Answered.beside(output, ASKED) as answered:
        answered.write(0, BLOCKS[0])
        raise KeyboardInterrupt


def test_answers_stay_until_all_is_done_and_then_their_folder_is_gone(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        cut_off(output)
    with Answered.beside(output, ASKED) as answered:
        assert answered.number == 1
        answered.write(1, BLOCKS[1])
        answered.write_to(output)
    assert output.read_text() == "row,confidence\n0,0.5\n1,0.25\n2,1\n"
    assert files_of(tmp_path) == {"out.csv"}


def test_answers_to_something_else_do_not_count(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        cut_off(tmp_path / "out.csv")
    with Answered.beside(tmp_path / "out.csv", ASKED | {"min_confidence": 0.5}) as answered:
        assert answered.number == 0


def test_nothing_is_left_where_nothing_was_answered(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wrong"), Answered.beside(tmp_path / "out.csv", ASKED):
        raise ValueError("wrong")
    assert files_of(tmp_path) == set()


def test_two_processes_cannot_make_one_output(tmp_path: Path) -> None:
    with Answered.beside(tmp_path / "out.csv", ASKED):
        with pytest.raises(FileError, match="in use"), Answered.beside(tmp_path / "out.csv", ASKED):
            pass
        assert (tmp_path / ".out.csv.parts").exists()


def test_outputs_are_what_other_programs_write(tmp_path: Path) -> None:
    with Answered.beside(tmp_path / "out", ASKED) as answered:
        for number, block in enumerate(BLOCKS):
            answered.write(number, block)
        answered.write_to(tmp_path / "one.npy", "row")
        answered.write_to(tmp_path / "all.npy")
        answered.write_to(tmp_path / "out.parquet")
    whole = pa.concat_tables(BLOCKS)
    assert parquet.read_table(tmp_path / "out.parquet") == whole
    rows, columns = whole.column("row").to_numpy(), [column.to_numpy() for column in whole.columns]
    for name, array in (("one.npy", rows), ("all.npy", np.column_stack(columns))):
        content = io.BytesIO()
        np.save(content, array)
        assert (tmp_path / name).read_bytes() == content.getvalue()


def test_a_stamp_tells_other_content_of_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_text("1")
    before = stamp(tmp_path / "d")
    assert before == stamp(tmp_path / "d")
    (tmp_path / "d" / "a").write_text("12")
    assert before != stamp(tmp_path / "d")
    assert len(stamp(tmp_path / "d" / "a")) == 1


@pytest.mark.parametrize("ending", [".arrow", ".parquet"])
def test_a_block_without_any_identifier_has_the_type_of_the_others(ending: str, tmp_path: Path) -> None:
    keys: list[list[str | None]] = [[None, None], ["a", None], [None]]
    output = tmp_path / "out"
    with Answered.beside(output, ASKED, ending) as answered:
        for number, own in enumerate(keys):
            answered.write(number, pa.table({"key": own}))
        if ending == ".parquet":
            assert answered.move_to(output) == 5
        else:
            answered.write_to(output.with_suffix(".parquet"))
    files = sorted(output.glob("*")) or [output.with_suffix(".parquet")]
    assert {parquet.read_schema(file).field("key").type for file in files} == {pa.string()}
    found = parquet.read_table(output if len(files) > 1 else files[0])
    assert found.column("key").to_pylist() == [key for own in keys for key in own]
