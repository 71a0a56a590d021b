import csv
import warnings
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from builders import quiet
from h5ad_files import counts_of_groups
from vaecluster import VAEClustering
from vaecluster.cli import run
from vaecluster.data.files import read_dataset

pytestmark = quiet
ROWS = 60


def customers() -> pa.Table:
    """Three groups, with an identifier, categories, dates, gaps and a constant: 60 rows."""
    random, group = np.random.default_rng(0), np.arange(ROWS) % 3
    age = (30 + 15 * group + random.normal(size=ROWS)).round(1).tolist()
    return pa.table(
        {
            "customer": [f"C{n:04}" for n in range(ROWS)],
            "age": [None if n % 7 == 0 else value for n, value in enumerate(age)],
            "city": pa.array(np.array(["Köln", "Ulm", "Kiel"])[group]).dictionary_encode(),
            "since": [date(2020, 1, 1) + timedelta(int(days)) for days in 400 * group + random.integers(0, 90, ROWS)],
            "country": ["DE"] * ROWS,
        }
    )


@pytest.fixture(scope="module")
def table_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables") / "customers.parquet"
    parquet.write_table(customers(), path)
    return path


@pytest.fixture(scope="module")
def table_run(table_file: Path, tiny: list[str]) -> Path:
    """A run, which tests must leave as it is."""
    folder = table_file.parent / "run"
    # Of what is left out, and of a short fit.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run(["fit", str(table_file), "--clusters", "3", *tiny, "--output", str(folder), "--quiet"]) == 0
    return folder


def lines_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.mark.filterwarnings("default")
def test_what_is_left_out_is_said_once_and_how_to_say_otherwise(table_file, tmp_path, tiny, capsys):
    words = ["fit", str(table_file), "--clusters", "3", *tiny, "--output", str(tmp_path / "run"), "--quiet"]
    assert run(words) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    assert line.startswith("Warning: ")
    assert all(part in line for part in ["'customer' (", "'country' (one value alone)", "--column NAME=KIND"])
    kinds = ["--column", "customer=leave-out", "--column", "country=leave-out"]
    assert run([*words, *kinds, "--overwrite"]) == 0
    assert "left out" not in capsys.readouterr().err


def test_labels_carry_the_identifier(table_run):
    lines = lines_of(table_run / "labels.csv")
    assert list(lines[0]) == ["row", "customer", "cluster", "confidence", "second"]
    assert [line["customer"] for line in lines] == [f"C{n:04}" for n in range(ROWS)]


def test_rows_of_a_file_get_their_clusters(runs, table_run, table_file, tmp_path):
    expected = [int(line["cluster"]) for line in lines_of(table_run / "labels.csv")]
    runs("predict", table_run, table_file, "--output", tmp_path / "scored.csv")
    assert [int(line["cluster"]) for line in lines_of(tmp_path / "scored.csv")] == expected
    runs("predict", table_run, table_file, "--output", tmp_path / "scored.parquet")
    scored = read_dataset(tmp_path / "scored.parquet").x_train.to_pydict()
    assert (scored["cluster"], scored["customer"][:2]) == (expected, ["C0000", "C0001"])
    # Columns in another order, without those that were left out.
    parquet.write_table(customers().select(["since", "age", "city"]), tmp_path / "new.parquet")
    runs("predict", table_run, tmp_path / "new.parquet", "--output", tmp_path / "new.csv")
    assert list(lines_of(tmp_path / "new.csv")[0]) == ["row", "cluster", "confidence", "second"]
    assert [int(line["cluster"]) for line in lines_of(tmp_path / "new.csv")] == expected


def test_samples_are_a_table_with_the_types_of_the_fit(runs, fails, table_run, tmp_path):
    runs("sample", table_run, "--number", 5, "--output", tmp_path / "s.parquet")
    made = read_dataset(tmp_path / "s.parquet").x_train
    expected = customers().select(["age", "city", "since"])
    assert (made.num_rows, made.schema.types) == (5, expected.schema.types)
    assert made.column("city").combine_chunks().dictionary.to_pylist() == ["Köln", "Ulm", "Kiel"]
    runs("sample", table_run, "--number", 5, "--output", tmp_path / "s.csv")
    assert list(lines_of(tmp_path / "s.csv")[0]) == ["age", "city", "since"]
    assert ".csv or .parquet" in fails("sample", table_run, "--output", tmp_path / "s.png")


def test_a_report_shows_rows_as_tables(runs, table_run, tmp_path):
    runs("report", table_run, "--output", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count('<table class="excerpt">') >= 4
    assert "Köln" in page
    assert runs("report", table_run, "--format", "png", "--output", tmp_path / "pictures")


def test_names_keep_the_identifier_and_cuts_find_the_rows(runs, table_run, table_file, tmp_path):
    runs("cut", table_run, 2, "--output", tmp_path / "cut")
    runs("name", tmp_path / "cut", "0=young")
    line = lines_of(tmp_path / "cut" / "labels.csv")[1]
    assert (line["customer"], "name" in line) == ("C0001", True)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--column", "city"], ["'city'", "NAME=KIND"]),
        (["--column", "city=word"], ["--column", "'word'", "'city'", "category"]),
        (["--column", "town=category"], ["--column", "'town'", "not there"]),
        (["--column", "city=number"], ["'city'", "read as number", "texts"]),
    ],
)
def test_kinds_that_cannot_be_are_refused(fails, table_file, tmp_path, words, parts):
    line = fails("fit", table_file, *words, "--output", tmp_path / "run")
    assert all(part in line for part in parts), line
    assert not (tmp_path / "run").exists()


def test_a_table_that_is_wrong_is_refused_in_one_line(fails, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n")
    assert "t.csv: line 3 has 1 value for" in fails("fit", tmp_path / "t.csv")


def test_kinds_are_kept_in_a_fit_that_goes_on(table_file, tmp_path, tiny):
    from vaecluster.runs.order import FitOrder

    kinds = ["--column", "customer=leave-out", "--column", "country=leave-out"]
    words = ["fit", str(table_file), "--clusters", "3", *tiny, *kinds, "--output", str(tmp_path / "run"), "--quiet"]
    assert run(words) == 0
    (tmp_path / "run" / "checkpoint").mkdir()
    order = FitOrder.read(tmp_path / "run")
    assert order.parameters["columns"] == {"customer": "leave-out", "country": "leave-out"}


# Columns of a fit, one of them called as one of ours, and what new files hold in them: gaps, whole numbers, codes that
# look like something else.
FITTED = {
    "zip": ["01067", "ab1"],
    "confidence": ["1.5", "3"],
    "old": ["true", "false"],
    "day": ["2024-01-31", "2025-01-31"],
}
NEW = {
    "as in the fit": "01067,1.5,true,2024-01-31",
    "a code like a number": "1067,1.5,true,2024-01-31",
    "a code like a boolean": "true,1.5,true,2024-01-31",
    "a whole number": "01067,1,true,2024-01-31",
    "a boolean as a number": "01067,1.5,1,2024-01-31",
    "a moment": "01067,1.5,true,2024-01-31 10:00",
    "gaps": ",,,",
}


@pytest.fixture(scope="module")
def typed_run(tmp_path_factory: pytest.TempPathFactory, tiny: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("typed")
    lines = [",".join(column[n % 2] for column in FITTED.values()) for n in range(30)]
    (folder / "t.csv").write_text("\n".join([",".join(FITTED), ",,,", *lines]) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        words = ["fit", str(folder / "t.csv"), "--clusters", "2", *tiny, "--output", str(folder / "run"), "--quiet"]
        assert run(words) == 0
    return folder / "run"


@pytest.mark.parametrize("name", NEW)
@pytest.mark.filterwarnings("ignore::vaecluster.errors.UnseenCategoriesWarning")
def test_new_text_is_read_as_in_the_fit(name, runs, typed_run, tmp_path):
    (tmp_path / "new.csv").write_text(",".join(FITTED) + "\n" + NEW[name] + "\n")
    runs("predict", typed_run, tmp_path / "new.csv", "--output", tmp_path / "scored.csv")
    (line,) = lines_of(tmp_path / "scored.csv")
    model = VAEClustering.load(typed_run / "model.vaecluster")
    assert model.predict(tmp_path / "new.csv").tolist() == [int(line["cluster"])]


def test_new_text_that_is_no_number_is_refused_with_its_value(fails, typed_run, tmp_path):
    (tmp_path / "new.csv").write_text(",".join(FITTED) + "\n01067,much,true,2024-01-31\n")
    line = fails("predict", typed_run, tmp_path / "new.csv")
    assert all(part in line for part in ("'confidence'", "'much'", "numbers"))


def test_values_that_are_there_stay_where_others_are_filled_in(runs, typed_run, tmp_path):
    (tmp_path / "new.csv").write_text(",".join(FITTED) + "\n01067,0.123456789,true,\n")
    runs("impute", typed_run, tmp_path / "new.csv", "--output", tmp_path / "filled.csv")
    (line,) = lines_of(tmp_path / "filled.csv")
    assert (line["zip"], line["confidence"], line["old"]) == ("01067", "0.123456789", "true")
    assert line["day"]


def test_a_file_of_counts_goes_through_all_commands_by_its_columns(runs, tmp_path, tiny):
    genes = pa.table(list(counts_of_groups()[0].T), names=[f"gene{number}" for number in range(60)])
    names = [f"cell-{number}" for number in range(len(genes))]
    cells, folder = genes.add_column(0, "cell", [names]), tmp_path / "run"
    parquet.write_table(cells, tmp_path / "cells.parquet")
    parquet.write_table(cells.select(cells.column_names[::-1]), tmp_path / "new.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runs("fit", tmp_path / "cells.parquet", "--rows", "counts", "--clusters", "3", *tiny, "--output", folder)
    runs("predict", folder, tmp_path / "new.parquet", "--output", tmp_path / "scored.csv")
    assert (tmp_path / "scored.csv").read_text() == (folder / "labels.csv").read_text()
    assert [line["cell"] for line in lines_of(tmp_path / "scored.csv")] == names
    # Nothing in them can be missing, which is said before any row is read.
    words = [str(folder), str(tmp_path / "new.parquet"), "--output", str(tmp_path / "filled.csv")]
    assert run(["impute", *words]) == 2
    assert not (tmp_path / "filled.csv").exists()
    runs("sample", folder, "--number", "2", "--output", tmp_path / "samples.csv")
    assert list(lines_of(tmp_path / "samples.csv")[0]) == genes.column_names
    runs("report", folder)
