"""Laws of a fit on counts of genes, through the estimator and on the command line."""

import csv
import json
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csc_array, csr_array

from builders import estimator, quiet
from h5ad_files import cells, counts_of_groups, write_h5ad
from vaecluster import VAEClustering
from vaecluster.cli import main
from vaecluster.data.blocks import Expression
from vaecluster.data.raw import RowNames
from vaecluster.errors import CountsWarning, DataError, SettingError

pytestmark = quiet
COUNTS, KINDS = counts_of_groups()
CELLS = cells(csr_array(COUNTS))
TINY = {"epochs": 60, "batch_size": 60, "hidden": (64,), "latent": 4, "heads": 2, "components": 40}


@pytest.fixture(scope="module")
def model() -> VAEClustering:
    return estimator(**TINY).fit(CELLS)


def test_clusters_are_the_kinds_of_cells(model: VAEClustering) -> None:
    assert len(set(zip(model.labels_.tolist(), KINDS.tolist(), strict=True))) == 3
    assert (model.n_features_in_, model.feature_names_in_[1]) == (60, "gene1")


def test_labels_are_those_of_the_fit_in_whatever_form_cells_come(model: VAEClustering) -> None:
    order = np.random.default_rng(0).permutation(60)
    shuffled = cells(COUNTS[:, order], [f"gene{gene}" for gene in order])
    frame = pd.DataFrame(COUNTS[:, order], columns=shuffled.var_names)
    for given in (CELLS, cells(COUNTS), shuffled, frame, COUNTS, csr_array(COUNTS)):
        np.testing.assert_array_equal(model.predict(given), model.labels_)
        np.testing.assert_array_equal(model.transform(given), model.transform(CELLS))


def test_a_model_of_cells_comes_back_from_its_file(model: VAEClustering, tmp_path: Path) -> None:
    model.save(tmp_path / "model.vaecluster")
    back = VAEClustering.load(tmp_path / "model.vaecluster")
    np.testing.assert_array_equal(back.predict_proba(CELLS), model.predict_proba(CELLS))
    np.testing.assert_array_equal(back.score_samples(CELLS), model.score_samples(CELLS))


def test_cells_of_a_cluster_can_be_generated_in_its_own_genes(model: VAEClustering) -> None:
    made = model.sample(20, cluster=1)
    assert (made.shape, made.dtype) == ((20, 60), np.float32)
    assert (made >= 0).all()
    own = COUNTS[model.labels_ == 1].mean(0)
    others = COUNTS[model.labels_ != 1].mean(0)
    assert np.corrcoef(made.mean(0), own)[0, 1] > np.corrcoef(made.mean(0), others)[0, 1]


def test_marker_genes_are_those_that_the_kind_has_more_of(model: VAEClustering) -> None:
    logs = np.log1p(COUNTS / COUNTS.sum(1, keepdims=True) * np.median(COUNTS.sum(1)))
    for cluster, markers in enumerate(model.marker_genes(CELLS, 5)):
        own, others = COUNTS[model.labels_ == cluster], COUNTS[model.labels_ != cluster]
        assert len(markers) == 5
        assert [one.t for one in markers] == sorted((one.t for one in markers), reverse=True)
        for one in markers:
            gene = int(one.gene.removeprefix("gene"))
            assert one.share == pytest.approx((own[:, gene] > 0).mean())
            assert one.other_share == pytest.approx((others[:, gene] > 0).mean())
            assert logs[model.labels_ == cluster, gene].mean() > logs[model.labels_ != cluster, gene].mean()


def test_annotations_are_written_where_scanpy_looks_for_them(model: VAEClustering) -> None:
    given = cells(COUNTS)
    given.obs, given.obsm, given.uns = pd.DataFrame(index=given.obs_names), {}, {}
    assert model.annotate(given) is given
    assert given.obs["vaecluster"].astype(int).tolist() == model.labels_.tolist()
    assert given.obs["vaecluster"].cat.categories.tolist() == ["0", "1", "2"]
    np.testing.assert_array_equal(given.obs["vaecluster_confidence"], model.confidence_)
    np.testing.assert_array_equal(given.obsm["X_vaecluster"], model.transform(CELLS))
    assert given.uns["vaecluster"] == {"method": "two-views", "n_clusters": 3}
    with pytest.raises(DataError, match="expected an AnnData object"):
        model.annotate(COUNTS)


# Counts without an AnnData object around them

# So many columns, and so many that a row has some of, that they must be genes.
WIDE = np.hstack([np.tile(COUNTS, (1, 6)), np.zeros((len(COUNTS), 700), COUNTS.dtype)])
NAMES = [f"gene{gene}" for gene in range(WIDE.shape[1])]
LOGS = np.log1p(WIDE / WIDE.sum(1, keepdims=True) * 1e4)
NAMED = pd.DataFrame(WIDE, columns=NAMES)
WITH_CELLS = pd.concat([pd.Series([f"cell-{cell}" for cell in range(len(WIDE))], name="cell"), NAMED], axis=1)
PLAIN: dict[str, Any] = {
    "array": WIDE,
    "halves": WIDE.astype(np.float16),
    "foreign byte order": WIDE.astype(">f4"),
    "sparse columns": csc_array(WIDE),
    "pandas": NAMED,
    "pandas with the names of cells": WITH_CELLS,
    "pandas with numbers as names": NAMED.set_axis(range(WIDE.shape[1]), axis=1),
    "polars": pl.from_pandas(WITH_CELLS),
    "logarithms": LOGS,
}
# A step each: what is looked at is how rows are read.
QUICK = {"epochs": 2, "batch_size": 120, "hidden": (16,), "latent": 2, "heads": 1, "components": 4}


@pytest.mark.parametrize("given", PLAIN.values(), ids=PLAIN)
def test_plain_numbers_that_are_surely_counts_are_read_as_such_with_a_word(given: Any) -> None:
    with pytest.warns(CountsWarning, match=r"taken for counts.*rows='counts'.*rows='vectors'"):
        found = estimator(**QUICK).fit(given)
    assert isinstance(found.fitted_.schema.blocks[0], Expression)
    np.testing.assert_array_equal(found.predict(given), found.labels_)
    assert len(found.marker_genes(given, 2)) == 3


def test_names_of_cells_and_genes_in_a_frame_are_used() -> None:
    found = estimator(**QUICK, rows="counts").fit(WITH_CELLS)
    for other in (NAMED, WITH_CELLS[[*NAMES[::-1], "cell"]]):
        np.testing.assert_array_equal(found.predict(other), found.labels_)
    assert found.assigned(WITH_CELLS).row_names == RowNames("cell", WITH_CELLS["cell"].tolist())
    assert {marker.gene for markers in found.marker_genes(NAMED) for marker in markers} <= set(NAMES)


def test_what_a_user_says_of_plain_counts_holds() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", CountsWarning)
        few = estimator(**QUICK, rows="counts").fit(COUNTS)
        panel = estimator(**QUICK, rows="counts").fit(NAMED[NAMES[:60]])
        others = [estimator(**QUICK, rows="vectors").fit(given) for given in (WIDE, NAMED)]
        others.append(estimator(**QUICK, columns={"gene0": "number"}).fit(NAMED))
    for one in (few, panel):
        assert isinstance(one.fitted_.schema.blocks[0], Expression)
    for one in others:
        assert not any(isinstance(block, Expression) for block in one.fitted_.schema.blocks)


SAID: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "below 0": (-WIDE, {"rows": "counts"}, ["numbers below 0"]),
    "fractions": (WIDE / 3, {"rows": "counts"}, ["neither whole nor log1p"]),
    "texts in a frame": (WITH_CELLS[["cell"]], {"rows": "counts"}, ["rows is 'counts'", "DataFrame"]),
    "gaps": (NAMED.astype(float).mask(NAMED > 20), {"rows": "counts"}, ["NaN", "'gene"]),
    "kinds of columns": (NAMED, {"rows": "counts", "columns": {"gene0": "number"}}, ["columns is", "for tables"]),
    "categories": (WITH_CELLS.assign(cell="a"), {"rows": "counts"}, ["'cell'", "no counts"]),
    "three axes": (WIDE.reshape(-1, 10, 106), {"rows": "vectors"}, ["rows is 'vectors'", "3 axes"]),
    "a batch": (WIDE, {"batch": "donor"}, ["batch is 'donor'", "no AnnData"]),
    "cells that are images": (CELLS, {"rows": "images"}, ["rows is 'images'", "cells"]),
}


def test_a_table_that_memory_has_no_room_for_is_not_silently_read_as_something_else(tmp_path: Path) -> None:
    NAMED.to_parquet(tmp_path / "cells.parquet")
    with pytest.raises(SettingError, match=r"rows is 'counts'.*column by column"):
        estimator(**QUICK, rows="counts", memory="1KB").fit(tmp_path / "cells.parquet")


def test_logarithms_of_a_panel_are_read_where_they_are_said_to_be() -> None:
    panel = np.log1p(COUNTS / COUNTS.sum(1, keepdims=True) * 500)
    assert estimator(**QUICK, rows="counts").fit(panel).fitted_.schema.blocks[0].logged
    with pytest.raises(DataError, match="log1p of counts of one total"):
        estimator(**QUICK, rows="counts").fit(panel[:, :30])


def test_new_rows_of_the_other_scale_are_refused_or_told_of() -> None:
    counts, logs = (estimator(**QUICK, rows="counts").fit(rows) for rows in (WIDE, LOGS))
    with pytest.warns(CountsWarning, match="small fractions"):
        counts.predict(LOGS)
    with pytest.raises(DataError, match="logarithms of counts"):
        logs.predict(WIDE * 1000)


@pytest.mark.parametrize(("given", "said", "parts"), SAID.values(), ids=SAID)
def test_what_does_not_go_with_counts_is_refused(given: Any, said: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises((DataError, SettingError)) as caught:
        estimator(**QUICK, **said).fit(given)
    assert all(part in str(caught.value) for part in parts)


REFUSED: dict[str, tuple[Any, list[str]]] = {
    "missing genes": (cells(COUNTS[:, 1:], [f"gene{gene}" for gene in range(1, 60)]), ["1 of the 60", "'gene0'"]),
    "scaled values": (COUNTS - 3, ["below 0", "counts"]),
    "another number of genes": (COUNTS[:, :7], ["7 columns", "60 genes"]),
    "NaN": (np.where(COUNTS > 3, np.nan, COUNTS), ["NaN"]),
    "no cells": (cells(COUNTS[:0]), ["no cells"]),
    "logarithms": (cells(np.log1p(COUNTS) / 2), ["raw counts", "fit again"]),
}


@pytest.mark.parametrize(("given", "parts"), REFUSED.values(), ids=REFUSED)
def test_other_cells_than_those_of_the_fit_are_refused(given: Any, parts: list[str], model: VAEClustering) -> None:
    with pytest.raises(DataError) as caught:
        model.predict(given)
    assert all(part in str(caught.value) for part in parts)


def test_logarithms_and_cells_without_counts_are_learned_from_too() -> None:
    counts = COUNTS.copy()
    counts[:2] = 0
    with pytest.warns(CountsWarning, match="2 of 120 cells"):
        assert np.isfinite(estimator(**TINY).fit(cells(counts)).confidence_).all()
    logs = cells(np.log1p(COUNTS / COUNTS.sum(1, keepdims=True) * 500))
    with pytest.warns(CountsWarning, match="no raw counts"):
        found = estimator(**TINY).fit(logs)
    np.testing.assert_array_equal(found.predict(logs), found.labels_)
    assert len(set(zip(found.labels_.tolist(), KINDS.tolist(), strict=True))) == 3


def test_learning_can_go_on_and_two_genes_are_enough() -> None:
    more = estimator(**TINY | {"epochs": 2}).fit(CELLS).partial_fit(cells(COUNTS[:60]))
    assert more.labels_.shape == (60,)
    assert estimator(**TINY | {"epochs": 2}).fit(cells(COUNTS[:, :2] + 1)).labels_.shape == (120,)
    # Of one gene nothing is left, once all cells have the same total.
    with pytest.raises(DataError, match="No gene varies"):
        estimator(**TINY).fit(cells(COUNTS[:, :1] + 1))


def test_scaled_cells_are_a_table_of_numbers_without_marker_genes() -> None:
    scaled = cells(np.log1p(COUNTS) - 1)
    found = estimator(**TINY | {"epochs": 2}).fit(scaled)
    np.testing.assert_array_equal(found.predict(scaled), found.labels_)
    np.testing.assert_array_equal(found.predict(cells(scaled.X, layers={"counts": COUNTS})), found.labels_)
    with pytest.raises(SettingError, match="needs a model of counts"):
        found.marker_genes(scaled)


def test_a_sparse_matrix_is_fitted_as_a_dense_one() -> None:
    values = COUNTS[:, :20]
    sparse, dense = (estimator(**TINY | {"epochs": 3}).fit(given) for given in (csr_array(values), values))
    np.testing.assert_array_equal(sparse.labels_, dense.labels_)
    np.testing.assert_array_equal(sparse.predict_proba(csr_array(values)), dense.predict_proba(values))


# On the command line


def run(*words: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert not ended.value.code


def test_a_file_of_cells_goes_in_and_comes_out_annotated(tmp_path: Path, capsys: Any) -> None:
    source, folder, scored = tmp_path / "cells.h5ad", tmp_path / "run", tmp_path / "scored.h5ad"
    write_h5ad(source, cells(csr_array(COUNTS)))
    words = [part for name, value in TINY.items() if name != "hidden" for part in ("--set", f"{name}={value}")]
    run("fit", source, "--clusters", 3, "--output", folder, "--quiet", "--threads", 1, *words, "--set", "hidden=64")
    lines = list(csv.DictReader((folder / "labels.csv").read_text().splitlines()))
    assert lines[4]["cell"] == "cell4"
    markers = json.loads((folder / "run.json").read_text())["markers"]
    assert [len(genes) for genes in markers] == [10, 10, 10]

    for _ in range(2):
        # What an earlier model said is replaced.
        run("predict", folder, source, "--output", scored)
        source = scored
    with h5py.File(scored) as file:
        column = file["obs/vaecluster"]
        assert file["obs"].attrs["column-order"].tolist() == ["vaecluster", "vaecluster_confidence"]
        assert column.attrs["encoding-type"] == "categorical"
        assert column["categories"].asstr()[:].tolist() == ["0", "1", "2"]
        assert column["codes"][:].tolist() == [int(line["cluster"]) for line in lines]
        assert file["obsm/X_vaecluster"].shape == (120, 4)
        assert file["uns/vaecluster/method"].asstr()[()] == "two-views"
        np.testing.assert_array_equal(file["X/data"][:], csr_array(COUNTS).data)

    run("export", folder, "--to", "h5ad", "--output", tmp_path / "exported.h5ad")
    with h5py.File(tmp_path / "exported.h5ad") as file:
        assert file["obs/vaecluster/codes"][:].tolist() == [int(line["cluster"]) for line in lines]
        assert file["obs/vaecluster_medoid"][:].sum() == len({line["cluster"] for line in lines})
        assert file["obs/vaecluster_outlier_score"].shape == (120,)
        assert len(file["obs"].attrs["column-order"]) == 4

    run("report", folder)
    page = (folder / "report.html").read_text()
    assert "Marker genes" in page
    assert markers[0][0]["gene"] in page


def test_batches_of_a_file_are_told_to_a_fit(tmp_path: Path) -> None:
    source, folder = tmp_path / "cells.h5ad", tmp_path / "run"
    write_h5ad(source, cells(csr_array(COUNTS), obs={"site": np.array(["a", "b"])[np.arange(120) // 60]}))
    words = ["--set", "epochs=1", "--set", "hidden=16", "--set", "components=6", "--threads", 1, "--quiet"]
    run("fit", source, "--clusters", 3, "--batch", "site", "--output", folder, *words)
    run("predict", folder, source, "--output", tmp_path / "scored.csv")
    assert VAEClustering.load(folder / "model.vaecluster").fitted_.schema.blocks[0].batches == ("a", "b")


def test_only_a_file_of_cells_can_be_annotated(tmp_path: Path, capsys: Any) -> None:
    np.save(tmp_path / "rows.npy", COUNTS)
    with pytest.raises(SystemExit):
        main(["predict", str(tmp_path), str(tmp_path / "rows.npy"), "--output", str(tmp_path / "out.h5ad")])
    assert "is no .h5ad to copy" in capsys.readouterr().err


def test_genes_have_markers_and_no_profile(model: VAEClustering) -> None:
    with pytest.raises(DataError, match="marker_genes"):
        model.profile(CELLS)
