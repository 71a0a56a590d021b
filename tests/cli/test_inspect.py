"""What is seen in data and would be done with them, before it is done."""

import numpy as np
import pytest
from PIL import Image

from builders import quiet
from vaecluster.cli import run

pytestmark = [quiet, pytest.mark.filterwarnings("ignore::vaecluster.errors.IgnoredColumnsWarning")]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    random, path = np.random.default_rng(0), tmp_path_factory.mktemp("data") / "customers.csv"
    rows = [f"C{n:03},{'' if n % 10 == 0 else random.normal():.3},{'ab'[n % 2]},same" for n in range(60)]
    path.write_text("\n".join(["customer,age,city,country", *rows]))
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "photos"
    folder.mkdir()
    for number in range(8):
        pixels = np.random.default_rng(number).integers(0, 255, (9 + number, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_columns_are_told_with_why_and_gaps(table, runs):
    told = runs("inspect", table, "--clusters", 3, "--set", "epochs=7")
    for part in (
        "60 rows, each a vector of 2 columns",
        "age       number: numbers; 10.0% missing",
        "city      category: 2 different values",
        "customer  left out (identifier): another value in each row",
        "country   left out (leave-out): one value alone",
        "method two-views: 7 epochs, 7 steps; two views of a row: a near neighbour",
        "memory: about",
        "a rough estimate",
    ):
        assert part in told
    (table.parent / "broken.csv").write_text('"one\ntwo",size\n' + "1.5,2\n2.5,1\n" * 30)
    assert r"'one\ntwo'  " in runs("inspect", table.parent / "broken.csv")
    assert "country   category: as you say" in runs("inspect", table, "--column", "country=category")


def test_pictures_are_counted_and_measured(photos, runs):
    told = runs("inspect", photos)
    assert "8 pictures, 9 to 16 pixels on the shorter side, cut to squares of 12" in told
    assert "8 rows, each an image of 12x12x3" in told
    np.save(photos.parent / "features.npy", np.random.default_rng(0).normal(size=(8, 5)))
    assert "a vector of 5 columns" in runs("inspect", photos, "--features", photos.parent / "features.npy")


def test_texts_and_cells_are_called_what_they_are(tmp_path, runs):
    lines = [f"the {'dog barks' if n % 2 else 'cat sleeps'} in house {n}" for n in range(40)]
    (tmp_path / "reviews.csv").write_text("review\n" + "\n".join(lines))
    assert "40 rows, each a text, read by its " in runs("inspect", tmp_path / "reviews.csv")
    np.save(tmp_path / "counts.npy", np.random.default_rng(0).poisson(3.0, (40, 30)))
    assert "40 rows, each the counts of 30 genes" in runs("inspect", tmp_path / "counts.npy", "--rows", "counts")


def test_rows_and_batches_are_what_they_are_said_to_be(table, tmp_path, runs, fails):
    np.save(tmp_path / "w.npy", np.random.default_rng(0).normal(size=(20, 12, 2)))
    assert "20 rows, each a window of 12 times and 2 features" in runs(
        "inspect", tmp_path / "w.npy", "--rows", "windows"
    )
    assert "--rows is 'windows', which is for arrays" in fails("inspect", table, "--rows", "windows")
    assert "--batch is 'donor', which is for counts of cells" in fails("inspect", table, "--batch", "donor")


@pytest.mark.parametrize("method", ["two-views", "su2018", "vade"])
def test_a_fit_says_the_same_first(method, table, photos, tiny, tmp_path, runs, capsys):
    few = tiny if method == "two-views" else ["--set", "epochs=2", "--set", "hidden=16"]
    for source in (table,) if method != "two-views" else (table, photos):
        options = [source, "--clusters", 2, "--method", method, *few]
        # But for how long it takes, which is measured each time.
        told = [line for line in runs("inspect", *options).splitlines() if not line.startswith(("time", "memory"))]
        assert run([*map(str, ["fit", *options]), "--output", str(tmp_path / source.name)]) == 0
        lines = capsys.readouterr().err.splitlines()
        found = [lines.index(line) for line in told]
        # A folder is read before its pictures are told of.
        assert found == sorted(found)


def test_what_cannot_be_fitted_cannot_be_inspected(table, photos, tmp_path, fails):
    assert "--clusters is 100" in (line := fails("inspect", table, "--clusters", 100)) or "fewer" in line
    assert "views holds RandomAffine" in fails("inspect", table, "--set", "views=digits")
    assert "expected" in fails("inspect", tmp_path)
    assert "--features is 'network.pt2', a network" in fails("inspect", photos, "--features", "network.pt2")
