"""Edits x laws: undo gives what was there, redo gives it again, a replay gives what was seen live."""

import shutil
from functools import reduce

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaecluster.editing import EDITS, Clusters, Edited, Mark, Merge, Move, Rename, Split
from vaecluster.editing.edits import MOST_LETTERS
from vaecluster.errors import SettingError
from vaecluster.files import record
from vaecluster.runs.folder import RunFolder

BEFORE = Clusters.found(np.array([0, 0, 1, 1, 2, -1, 2, 0]), {0: "cats", 2: "dogs"}, 4)
# An edit, and labels and names after it.
CASES = {
    "rename": (Rename(1, "owls"), [0, 0, 1, 1, 2, -1, 2, 0], {0: "cats", 1: "owls", 2: "dogs"}),
    "rename to its own": (Rename(0, "cats"), [0, 0, 1, 1, 2, -1, 2, 0], {0: "cats", 2: "dogs"}),
    "no name": (Rename(0, ""), [0, 0, 1, 1, 2, -1, 2, 0], {2: "dogs"}),
    "merge": (Merge((1, 0)), [0, 0, 0, 0, 1, -1, 1, 0], {0: "cats", 1: "dogs"}),
    "merge of three": (Merge((2, 3, 0)), [0, 0, 1, 1, 0, -1, 0, 0], {0: "dogs"}),
    "split": (Split(0, [0, 1, 2]), [0, 4, 1, 1, 2, -1, 2, 5], {0: "cats", 2: "dogs"}),
    "split with rows in none": (Split(0, [1, -1, 0]), [4, -1, 1, 1, 2, -1, 2, 0], {0: "cats", 2: "dogs"}),
    "move": (Move([0, 5], 1), [1, 0, 1, 1, 2, 1, 2, 0], {0: "cats", 2: "dogs"}),
    "move to a new one": (Move([0, 5, 0], 4), [4, 0, 1, 1, 2, 4, 2, 0], {0: "cats", 2: "dogs"}),
    "move to none": (Move([0], -1), [-1, 0, 1, 1, 2, -1, 2, 0], {0: "cats", 2: "dogs"}),
    "mark": (Mark([2], "dogs"), [0, 0, 2, 1, 2, -1, 2, 0], {0: "cats", 2: "dogs"}),
    "mark of a new one": (Mark([2], "owls"), [0, 0, 4, 1, 2, -1, 2, 0], {0: "cats", 2: "dogs", 4: "owls"}),
}
EACH = pytest.mark.parametrize(("edit", "labels", "names"), CASES.values(), ids=CASES)


def state(clusters: Clusters) -> tuple:
    return clusters.labels.tolist(), clusters.names, clusters.number, clusters.decided.tolist()


@EACH
def test_an_edit_does_what_it_says(edit, labels, names):
    before = state(BEFORE)
    after = edit.of(BEFORE)
    assert (after.labels.tolist(), after.names) == (labels, names)
    assert after.number > after.labels.max()
    assert state(BEFORE) == before
    with pytest.raises(ValueError, match="read-only"):
        after.labels[0] = 1


@EACH
def test_an_edit_is_the_same_after_it_was_written_down(edit, labels, names):
    again = record.typed(EDITS[edit.name], record.plain(edit))
    assert state(again.of(BEFORE)) == state(edit.of(BEFORE))
    assert again.words() == edit.words()
    assert len(edit.words().splitlines()) == 1


@EACH
def test_an_edit_with_numbers_is_nothing_more(edit, labels, names):
    numbers = edit.numbers(BEFORE.number)
    if numbers is None:
        assert isinstance(edit, Split | Move | Mark)
    else:
        assert np.append(numbers, -1)[BEFORE.labels].tolist() == labels


def test_rows_that_were_placed_are_decided():
    clusters = reduce(lambda before, edit: edit.of(before), [Move([1], 0), Mark([4], "cats"), Merge((0, 1))], BEFORE)
    assert np.flatnonzero(clusters.decided).tolist() == [1, 4]


LONG = "x" * 10_000
REFUSED = {
    **{
        f"a name {name!r:.20}": Rename(0, name)
        for name in ("a\nb", LONG, " ", "\x1b[31m", "\ud800", "a\u2028b", "a\u202eb", "a\u2067b", 7)
    },
    "the name of another": Rename(0, "dogs"),
    "no such cluster": Rename(4, "owls"),
    "a cluster of -1": Rename(-1, "owls"),
    "a merge of one": Merge((1, 1)),
    "a merge of none": Merge(()),
    "a merge with one that is not there": Merge((1, 4)),
    "a split of other rows": Split(0, [0, 1]),
    "a split into one": Split(0, [0, 0, 0]),
    "a split with gaps": Split(0, [0, 2, 0]),
    "a split into rows in none": Split(0, [-1, -1, 0]),
    "a move of no rows": Move([], 0),
    "a move of rows that are not there": Move([8], 0),
    "a move of row -1": Move([-1], 0),
    "a move beyond a new one": Move([0], 5),
    "a mark without a label": Mark([0], ""),
    "a mark on two lines": Mark([0], "a\nb"),
}


@pytest.mark.parametrize("edit", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_in_one_line(edit):
    before = state(BEFORE)
    with pytest.raises(SettingError) as refused:
        edit.of(BEFORE)
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 250
    assert state(BEFORE) == before


@pytest.mark.parametrize("rows", [["a"], [0.5], [[1]], 3, [[1], [2, 3]], None], ids=repr)
def test_rows_that_are_no_numbers_are_refused(rows):
    for edit in (lambda: Move(rows, 0), lambda: Mark(rows, "cats"), lambda: Split(0, rows)):
        with pytest.raises(SettingError, match="expected a list of whole numbers"):
            edit()


HOSTILE = [
    "__proto__",
    "<script>alert(1)</script>",
    "猫 🐈",
    "'; DROP TABLE",
    "$tensor",
    "x" * MOST_LETTERS,
    "-1",
    "=a",
]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: name[:9])
def test_hostile_names_are_names(run, name):
    with Edited.open(run) as edited:
        edited.apply(Rename(0, name))
        edited.apply(Mark([3], f"{name[1:]}!"))
        seen = state(edited.clusters)
    with Edited.open(run) as edited:
        assert state(edited.clusters) == seen
        assert edited.clusters.names[0] == name


steps = st.lists(
    st.one_of(
        st.builds(Rename, st.integers(0, 3), st.sampled_from(["", "a", "b"])),
        st.builds(Merge, st.tuples(st.integers(0, 3), st.integers(0, 3))),
        st.builds(Move, st.lists(st.integers(0, 9), min_size=1, max_size=3), st.integers(-1, 4)),
        st.builds(Mark, st.lists(st.integers(0, 9), min_size=1, max_size=3), st.sampled_from(["a", "c"])),
        st.integers(0, 3),
        st.sampled_from(["undo", "redo"]),
    ),
    max_size=12,
)


@pytest.fixture(scope="session")
def shared_run(tmp_path_factory, made):
    """A run whose edits no test relies on."""
    return RunFolder.open(shutil.copytree(made("vectors") / "run", tmp_path_factory.mktemp("shared") / "run"))


@hypothesis.settings(max_examples=30)
@given(steps)
def test_whatever_is_done_undo_redo_and_replay_agree(shared_run, given_steps):
    journal = shared_run.path / "edits" / "journal.jsonl"
    journal.unlink(missing_ok=True)
    with Edited.open(shared_run) as edited:
        seen, place = [state(edited.clusters)], 0
        for step in given_steps:
            try:
                if step == "undo":
                    edited.undo()
                    place -= 1
                elif step == "redo":
                    edited.redo()
                    place += 1
                else:
                    edit = step if not isinstance(step, int) else halves(edited.clusters, step)
                    edited.apply(edit)
                    place += 1
                    seen[place:] = [state(edited.clusters)]
            except SettingError:
                pass
            assert state(edited.clusters) == seen[place]
            assert (len(edited.done), len(edited.undone)) == (place, len(seen) - 1 - place)
    with Edited.open(shared_run, read_only=True) as again:
        assert state(again.clusters) == seen[place]
        assert (again.done, again.undone) == (edited.done, edited.undone)


def halves(clusters: Clusters, cluster: int) -> Split:
    return Split(cluster, np.arange(len(clusters.rows(cluster))) % 2)


@EACH
def test_an_edit_of_a_run_can_be_undone_and_done_again(run, edit, labels, names):
    """The edits of the table, as far as the run has such clusters."""
    with Edited.open(run) as edited:
        for rows in ([0, 1, 2], [3, 4], [5, 6]):
            edited.apply(Move(rows, edited.clusters.number))
        if isinstance(edit, Split):
            edit = halves(edited.clusters, edit.cluster)
        before = state(edited.clusters)
        after = state(edited.apply(edit))
        assert state(edited.undo()) == before
        assert state(edited.redo()) == after
        with pytest.raises(SettingError, match="nothing to redo"):
            edited.redo()
        edited.undo()
        assert edited.undone == [edit.words()]
    with Edited.open(run) as edited:
        assert state(edited.clusters) == before
        assert state(edited.redo()) == after
