"""What every kind of rows is answered."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from served import HOSTILE, ROWS, SOURCES
from vaecluster.editing import Edited, Merge, Move
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.source import rows_of_run

pytest.importorskip("fastapi", reason="the extra [explore] is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
# What a row of each kind is seen as, and whether one that is made is seen.
SEEN = {"table": "cells", "pictures": "picture", "plain": "cells", "windows": "picture", "texts": "text"}
MADE = {kind: seen for kind, seen in SEEN.items() if kind != "texts"}
# What row 3 is called in each kind whose rows have names.
CALLED = {"table": f"{HOSTILE} 3", "pictures": "003.png"}


@pytest.fixture(params=SOURCES)
def explored(request: pytest.FixtureRequest, run_of: Callable[[str], Path]) -> Iterator:
    from vaecluster.explore.explored import Explored

    folder = RunFolder.open(run_of(request.param))
    with Edited.open(folder) as edited:
        yield request.param, Explored(edited, *rows_of_run(folder, None, edited.model))


def test_rows_are_seen_as_their_kind_is(explored):
    kind, of = explored
    rows = of.rows([3, 0, 3])
    assert [row.row for row in rows] == [3, 0, 3]
    assert rows[0].seen == rows[2].seen != rows[1].seen
    assert all(getattr(row.seen, SEEN[kind]) for row in rows)


def test_a_row_is_made_from_the_middle_of_a_cluster_and_from_elsewhere(explored):
    kind, of = explored
    cluster = int(np.argmax(of.edited.clusters.sizes))
    ways = of.ways(cluster).shares
    middle, far = of.generated(cluster, [0] * len(ways)), of.generated(cluster, [3] * len(ways))
    assert middle == of.generated(cluster, [0] * len(ways))
    assert middle.place != far.place
    for made in (middle, far):
        assert sum(one.probability for one in made.clusters) == pytest.approx(1)
        assert all(0 <= value <= 1 for value in made.place)
        assert bool(getattr(made.seen, SEEN[kind])) == (kind in MADE)


def test_probabilities_follow_merges_and_moves(explored):
    _, of = explored
    first, *others = np.argsort(-of.edited.clusters.sizes).tolist()
    of.apply(Move(np.arange(ROWS), first))
    of.apply(Merge((first, others[0])))
    made = of.generated(min(first, others[0]), [0] * len(of.ways(min(first, others[0])).shares))
    assert made.clusters[0].probability == pytest.approx(1)
    assert made.clusters[0].cluster == min(first, others[0])


def test_the_map_the_labels_and_the_table_are_of_all_rows(explored):
    _, of = explored
    assert of.shown_rows == of.number_of_rows == ROWS
    assert len(of.labels()) == 4 * ROWS
    assert of.table(range(ROWS)).count("\n") == ROWS + 1
    assert of.map()


@pytest.mark.parametrize("kind", CALLED)
def test_no_answer_without_names_names_a_row_or_the_source(kind, run_of):
    from vaecluster.explore.explored import Explored

    folder = RunFolder.open(run_of(kind))
    source = Path(folder.description()["source"])
    first_lines = "".join(source.read_text().splitlines(keepends=True)[:5:4]) if kind == "table" else None
    with Edited.open(folder) as edited:
        data, place = rows_of_run(folder, None, edited.model)
        for names in (True, False):
            of = Explored(edited, data, place, folder, names=names)
            answers = {"title": of.title, "rows": of.rows([3]), "table": of.table([3])}
            answers |= {"map": of.map().decode(), "other map": of.other_map().decode()}
            if first_lines is not None:
                answers["brought"] = of.brought(of.taking.text(first_lines))
            said = {answer for answer, content in answers.items() if CALLED[kind] in str(content)}
            assert said == (answers.keys() - {"title"} if names else set())
            assert (source.name in of.title) == names
            # What was learned from is still there.
            assert getattr(of.rows([3])[0].seen, SEEN[kind])
