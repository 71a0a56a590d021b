"""Runs as other programs want them: by folders and as tables."""

import csv
import os
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet
from scipy import sparse

from builders import quiet
from vaecluster.cli import run

pytestmark = quiet
ROWS = 60


def customers() -> pa.Table:
    """Two groups; one column has the name of one of ours."""
    random, group = np.random.default_rng(0), np.arange(ROWS) % 2
    age = [
        None if n % 7 == 0 else value for n, value in enumerate((30 + 20 * group + random.normal(size=ROWS)).tolist())
    ]
    return pa.table(
        {
            "customer": [f"C{n:04}" for n in range(ROWS)],
            "age": age,
            "cluster": np.array(["x", 'say "y", twice'])[group],
            "note": ["always the same"] * ROWS,
        }
    )


def fitted(source: Path, folder: Path, tiny: list[str], *options: str) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run(["fit", str(source), "--clusters", "2", *tiny, "--output", str(folder), "--quiet", *options]) == 0
    return folder


@pytest.fixture(scope="module")
def table_run(tmp_path_factory, tiny) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    parquet.write_table(customers(), folder / "customers.parquet")
    return fitted(folder / "customers.parquet", folder / "run", tiny)


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Red and blue pictures in three folders, of which two hold files of the same names."""
    folder, random = tmp_path_factory.mktemp("data") / "photos", np.random.default_rng(0)
    for one in range(12):
        path = folder / f"day {one % 3}" / f"{'other' if one % 3 == 2 else 'img'} {one // 3}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = random.normal([(220, 30, 30), (30, 30, 220)][one % 2], 15, (10, 12, 3)).clip(0, 255)
        Image.fromarray(noise.astype(np.uint8)).save(path)
    return folder


@pytest.fixture(scope="module")
def photo_run(photos, tiny) -> Path:
    folder = fitted(photos, photos.parent / "run", tiny)
    assert run(["name", str(folder), "0=a/../b", "1=../../c"]) == 0
    return folder


def lines_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_tables_have_the_users_columns_and_ours(table_run, tmp_path, runs):
    assert "60 rows in 2 clusters written to" in runs(
        "export", table_run, "--to", "parquet", "--output", tmp_path / "p.parquet"
    )
    table = parquet.read_table(tmp_path / "p.parquet")
    assert table.select(customers().column_names).equals(customers())
    ours = ["row", "vaecluster_cluster", "confidence", "second", "outlier_score", "medoid", "code"]
    assert table.column_names == [*customers().column_names, *ours]
    labels = lines_of(table_run / "labels.csv")
    clusters = table["vaecluster_cluster"].to_numpy()
    assert clusters.tolist() == [int(line["cluster"]) for line in labels]
    assert clusters[table["medoid"].to_numpy()].tolist() == np.unique(clusters).tolist()
    assert np.array(table["code"].to_pylist()).shape == (ROWS, 2)

    runs("export", table_run, "--to", "csv", "--output", tmp_path / "t.csv")
    lines = lines_of(tmp_path / "t.csv")
    assert [line["customer"] for line in lines] == table["customer"].to_pylist()
    assert [float(line["outlier_score"]) for line in lines] == table["outlier_score"].to_pylist()
    assert lines[1]["cluster"] == 'say "y", twice'
    assert {"code_0", "code_1"} <= lines[0].keys()

    runs("export", table_run, "--to", "folders", "--output", tmp_path / "by")
    found = [(path.stem, line["row"]) for path in (tmp_path / "by").iterdir() for line in lines_of(path)]
    assert sorted(found) == sorted((line["vaecluster_cluster"], line["row"]) for line in lines)


@pytest.mark.parametrize("links", ["copy", "hard", "symbolic"])
def test_pictures_lie_in_a_folder_for_each_cluster(links, photos, photo_run, tmp_path, runs):
    out = tmp_path / "out"
    runs("export", photo_run, "--to", "folders", "--links", links, "--output", out)
    lines = lines_of(out / "clusters.csv")
    files = {str(path.relative_to(out)) for path in out.rglob("*.png")}
    assert {line["file"] for line in lines} == files
    assert len(files) == len(lines) == 12
    assert {file.split("/")[0] for file in files} <= {"0 a_.._b", "1 .._.._c"}
    for line in lines:
        source, made = photos / line["path"], out / line["file"]
        assert made.read_bytes() == source.read_bytes()
        assert made.is_symlink() == (links == "symbolic")
        assert os.path.samefile(source, made) == (links != "copy")
        assert made.name.startswith(source.stem)


def test_nothing_is_replaced_and_rows_must_be_those_of_the_fit(table_run, photo_run, tmp_path, runs, fails):
    own = tmp_path / "own.csv"
    own.write_text("mine")
    assert "is there already" in fails("export", table_run, "--to", "csv", "--output", own)
    assert "is there already" in fails("export", photo_run, "--to", "folders", "--output", tmp_path)
    assert own.read_text() == "mine"
    assert "no .h5ad to copy" in fails("export", table_run, "--to", "h5ad", "--output", tmp_path / "o.h5ad")
    assert "--links is 'hard'" in fails(
        "export", table_run, "--to", "csv", "--links", "hard", "--output", tmp_path / "o.csv"
    )
    assert "ends in .csv" in fails("export", table_run, "--to", "csv", "--output", tmp_path / "o.txt")
    source = table_run.parent / "customers.parquet"
    moved = source.rename(tmp_path / "moved.parquet")
    try:
        line = fails("export", table_run, "--to", "csv", "--output", tmp_path / "o.csv")
        assert all(part in line for part in ["customers.parquet does not exist", "--source"])
        runs("export", table_run, "--to", "csv", "--source", moved, "--output", tmp_path / "moved.csv")
        parquet.write_table(customers().slice(1), source)
        assert "are not those that" in fails("export", table_run, "--to", "csv", "--output", tmp_path / "o.csv")
    finally:
        moved.replace(source)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["moved.csv", "own.csv"]


def test_images_in_an_array_have_no_columns_of_their_own(tmp_path, tiny, runs):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).random((20, 6, 6)))
    folder = fitted(tmp_path / "images.npy", tmp_path / "run", tiny)
    runs("export", folder, "--to", "csv", "--output", tmp_path / "out.csv")
    assert list(lines_of(tmp_path / "out.csv")[0])[:3] == ["row", "cluster", "confidence"]


def write_csv_of_many_types(path: Path) -> None:
    """Whole numbers, ones that are names, codes with zeros in front, dates, and booleans."""
    random, group = np.random.default_rng(0), np.arange(ROWS) % 2
    lines = [
        f"{count},{10 + one},{5 - one},{code:05},2024-0{1 + one}-03,{bool(one)}".lower()
        for count, one, code in zip(random.poisson(2, ROWS), group, random.integers(1000, 1010, ROWS), strict=True)
    ]
    path.write_text("\n".join(["visits,zip,grade,plz,day,member", *lines]))


def write_sparse(path: Path) -> None:
    sparse.save_npz(path, sparse.random(ROWS, 9, 0.3, format="csr", random_state=0))


def write_texts(path: Path) -> None:
    words = [f"the {'dog barks' if n % 2 else 'cat sleeps'} in house {n % 40}" for n in range(ROWS)]
    path.write_text("\n".join(["review", *words]))


# What is written, the file it is written to, and options of the fit.
SOURCES = {
    "types": (write_csv_of_many_types, "rows.csv", ["--column", "zip=category", "--column", "grade=ordinal"]),
    "sparse": (write_sparse, "rows.npz", []),
    "texts": (write_texts, "rows.csv", []),
}


@pytest.mark.parametrize("case", SOURCES)
def test_rows_are_those_of_the_fit_whatever_they_are(case, tmp_path, tiny, runs, fails):
    write, name, options = SOURCES[case]
    write(tmp_path / name)
    folder = fitted(tmp_path / name, tmp_path / "run", tiny, *options)
    assert "60 rows written" in runs("predict", folder, tmp_path / name, "--output", tmp_path / "p.csv")
    assert len(lines_of(tmp_path / "p.csv")) == ROWS
    assert "60 rows in 2 clusters" in runs("export", folder, "--to", "csv", "--output", tmp_path / "out.csv")
    if name.endswith(".csv"):
        columns = (tmp_path / name).read_text().splitlines()[0].split(",")
        assert [[line[column] for column in columns] for line in lines_of(tmp_path / "out.csv")] == [
            [line[column] for column in columns] for line in lines_of(tmp_path / name)
        ]
    assert "60 rows in 1 cluster" in runs("cut", folder, 1, "--output", tmp_path / "cut")
    if case == "texts":
        assert "vaecluster predict" in fails("export", folder, "--to", "onnx", "--output", tmp_path / "programs")
        assert not [path for path in tmp_path.iterdir() if path.name == "programs" or path.suffix == ".part"]


def test_a_model_as_programs_is_a_folder_and_needs_no_rows(table_run, tmp_path, runs, fails):
    source = table_run.parent / "customers.parquet"
    moved = source.rename(tmp_path / "moved.parquet")
    try:
        said = runs("export", table_run, "--to", "torch-export", "--output", tmp_path / "programs")
    finally:
        moved.replace(source)
    assert said.startswith("classify.pt2 and generate.pt2 written to ")
    assert sorted(path.name for path in (tmp_path / "programs").iterdir()) == ["classify.pt2", "generate.pt2"]
    again = "export", table_run, "--to", "torch-export", "--output"
    assert "is there already" in fails(*again, tmp_path / "programs")
    assert "needs no rows" in fails(*again, tmp_path / "other", "--source", source)
    assert "--links is 'hard'" in fails(*again, tmp_path / "other", "--links", "hard")
    assert [path.name for path in tmp_path.iterdir()] == ["programs"]
