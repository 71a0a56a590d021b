"""What was acknowledged is there, whatever happens to the process or the file."""

import errno
import json
import os
import random
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from vaecluster.editing import Edited, Move, Rename
from vaecluster.errors import DamagedJournalWarning, FileError, SettingError

EDITS = [Rename(0, "a"), Rename(1, "b"), Move([3], 0)]


def journal_of(run) -> Path:
    return run.path / "edits" / "journal.jsonl"


@pytest.fixture
def edited_run(run):
    with Edited.open(run) as edited:
        for edit in EDITS:
            edited.apply(edit)
    return run


def test_opening_writes_no_journal(run):
    with Edited.open(run), Edited.open(run, read_only=True) as edited:
        assert edited.done == []
    assert not journal_of(run).exists()


def test_a_journal_is_a_line_for_each_edit(edited_run):
    lines = [json.loads(line)["line"] for line in journal_of(edited_run).read_text().splitlines()]
    assert [line.get("edit") for line in lines] == [None, "rename", "rename", "move"]
    assert lines[0]["format"] == 1


# Of bytes of a journal to what damage leaves of them, and how many of the three edits are then there.
TORN = {
    "the last line cut in half": (lambda content: content[:-20], 2),
    "without its end": (lambda content: content[:-1], 2),
    "half a line more": (lambda content: content + b'{"crc32":1', 3),
    "zeros behind": (lambda content: content + bytes(100), 3),
    "one bit of the last line": (lambda content: content[:-10] + b"\x7f" + content[-9:], 2),
    "the first line alone, in half": (lambda content: content[:30], 0),
    "empty": (lambda content: b"", 0),
}


@pytest.mark.parametrize(("damage", "left"), TORN.values(), ids=TORN)
def test_a_torn_end_is_dropped_with_a_word(edited_run, damage, left):
    place = journal_of(edited_run)
    place.write_bytes(content := damage(place.read_bytes()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with Edited.open(edited_run) as edited:
            assert edited.done == [edit.words() for edit in EDITS[:left]]
            edited.apply(Rename(1, "owls"))
    assert [one.category for one in caught] == [DamagedJournalWarning] * bool(content)
    with Edited.open(edited_run) as edited:
        assert edited.done == [*(edit.words() for edit in EDITS[:left]), Rename(1, "owls").words()]


DAMAGED = {
    "a bit in the middle": lambda content: content.replace(b'"to":"a"', b'"to":"c"'),
    "a line that is gone": lambda content: content.replace(content.splitlines(keepends=True)[0], b""),
    "another file": lambda content: b"hello\nyou\n",
    "no lines": lambda content: b"\x00" * 50 + b"\n" + content,
    "lists": lambda content: b"[]\n[]\n",
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_damage_before_the_end_is_refused_and_nothing_is_changed(edited_run, damage):
    place = journal_of(edited_run)
    place.write_bytes(content := damage(place.read_bytes()))
    with pytest.raises(FileError, match=r"journal\.jsonl' is damaged in line \d+") as refused:
        Edited.open(edited_run)
    assert len(str(refused.value).splitlines()) == 1
    assert place.read_bytes() == content
    # The lock is free again.
    place.unlink()
    Edited.open(edited_run).close()


def test_edits_of_another_fit_are_refused(edited_run):
    lines = edited_run.labels_file.read_text().splitlines(keepends=True)
    edited_run.labels_file.write_text("".join([*lines[:1], *lines[2:]]))
    with pytest.raises(FileError, match="edits of another fit"):
        Edited.open(edited_run)


def test_edits_that_the_clusters_do_not_allow_are_damage(edited_run):
    with Edited.open(edited_run) as edited:
        edited._journal.append(Rename(99, "x"))
    with pytest.raises(FileError, match="is damaged in line 5"):
        Edited.open(edited_run)


def test_a_full_disk_leaves_the_edits_that_are_there(edited_run, monkeypatch):
    with Edited.open(edited_run) as edited:
        before = journal_of(edited_run).read_bytes()

        def full(_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(FileError, match="No space left on device"):
                edited.apply(Rename(1, "lost"))
        assert journal_of(edited_run).read_bytes() == before
        assert len(edited.done) == len(EDITS)
        edited.apply(Rename(1, "kept"))
    with Edited.open(edited_run) as edited:
        assert edited.clusters.names[1] == "kept"


def test_what_is_refused_is_not_kept(edited_run):
    before = journal_of(edited_run).read_bytes()
    with Edited.open(edited_run) as edited, pytest.raises(SettingError):
        edited.apply(Rename(99, "x"))
    assert journal_of(edited_run).read_bytes() == before


HOLDS = """
import sys
from pathlib import Path
from vaecluster.editing import Edited
from vaecluster.runs.folder import RunFolder
held = Edited.open(RunFolder(Path(sys.argv[1])))
print("open", flush=True)
sys.stdin.read()
"""


def test_one_process_edits_a_run_at_a_time(run):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, run.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(FileError, match="is in use by another process") as refused:
            Edited.open(run)
        assert len(str(refused.value).splitlines()) == 1
        with Edited.open(run, read_only=True) as edited:
            assert edited.clusters.number == 2
        holder.kill()
    with Edited.open(run) as edited:
        edited.apply(Rename(0, "mine"))


# A process that makes others, one after the other, which edit until they are killed. Each says on the pipe what it has
# done, after it was done.
EDITS_UNTIL_KILLED = """
import os, signal, sys, time
from pathlib import Path
import numpy as np
from vaecluster.editing import Edited, Move
from vaecluster.runs.folder import RunFolder
run = RunFolder.open(Path(sys.argv[1]))
# What is imported here is not imported by each of them.
Edited.open(run, read_only=True)
for kill, wait in enumerate(map(float, sys.argv[2:])):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        edited = Edited.open(run)
        os.write(writing, b"open\\n")
        for number in range(10**6):
            edited.apply(Move(np.arange(120), number % 2) if number % 3 else Move([number % 150], -1))
            os.write(writing, b"done %d\\n" % number)
            if number % 5 == 4:
                edited.undo()
                os.write(writing, b"undone\\n")
    os.close(writing)
    said = os.read(reading, 5)
    time.sleep(wait)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reading, 2**16):
        said += more
    os.close(reading)
    print(said.count(b"\\n") - 1, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it makes processes by fork")
def test_what_was_acknowledged_outlives_a_kill(run):
    waits = [f"{random.Random(number).uniform(0.0, 0.2):.4f}" for number in range(6)]
    said = subprocess.run(
        [sys.executable, "-c", EDITS_UNTIL_KILLED, run.path, *waits],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    acknowledged = [int(line) for line in said.stdout.split()]
    assert len(acknowledged) == len(waits)
    assert max(acknowledged) > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedJournalWarning)
        edited = Edited.open(run)
    with edited:
        # Of each process all that it has said, and at most the one edit more that it could not say any more.
        assert sum(acknowledged) <= len(edited._journal.entries) <= sum(acknowledged) + len(waits)
        edited.apply(Rename(0, "still here"))
    with Edited.open(run) as again:
        assert again.clusters.names[0] == "still here"
        assert again.clusters.labels.tolist() == edited.clusters.labels.tolist()
