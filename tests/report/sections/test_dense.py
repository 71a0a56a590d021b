import numpy as np
import pandas as pd
import pyarrow as pa

from vaecluster import TwoViews, VAEClustering
from vaecluster.data.dataset import DataSet
from vaecluster.look.walls import Wall
from vaecluster.report.excerpt import Excerpt
from vaecluster.report.run import FinishedRun
from vaecluster.report.sections.dense import DenseGroups
from vaecluster.runs.folder import RunFolder

RANDOM = np.random.default_rng(0)
# A group of 30 rows, apart from the others.
PLANTED = np.concatenate([RANDOM.normal(size=(400, 3)), 9 + RANDOM.normal(size=(30, 3)) / 2])


def run_of(X, folder):
    method = TwoViews(epochs=1, hidden=(16,), heads=1, components=12)
    model = VAEClustering(1, method=method, random_state=0, device="cpu").fit(X)
    RunFolder(folder).write(model, DataSet("rows", X), source="rows", seconds=1, cpu_seconds=1, scores={})
    return FinishedRun.open(RunFolder(folder))


def test_a_group_is_shown_with_its_cluster_its_size_and_its_own_rows(tmp_path) -> None:
    run = run_of(PLANTED, tmp_path)
    section = DenseGroups.of(run)
    (group,) = section.groups
    assert (group.cluster, group.size, len(group.rows), section.number) == (0, 30, 30, 1)
    assert isinstance(group.rows, Wall)
    assert (np.unique(run.examples["-1"], axis=0) == np.unique(PLANTED[400:], axis=0)).all()
    page = section.html()
    assert "30 rows in" in page
    assert 'href="#cluster-0"' in page


def test_rows_of_tables_are_listed(tmp_path) -> None:
    columns = pd.DataFrame(PLANTED, columns=list("abc")).assign(near=np.where(PLANTED[:, 0] > 5, "u", "v"))
    table = pa.Table.from_pandas(columns)
    section = DenseGroups.of(run_of(table, tmp_path))
    assert [(group.size, isinstance(group.rows, Excerpt)) for group in section.groups] == [(30, True)]


def test_nothing_is_said_where_there_is_no_group(tmp_path) -> None:
    run = run_of(PLANTED[:400], tmp_path)
    assert run.description["dense_groups"] == []
    assert DenseGroups.of(run) is None
