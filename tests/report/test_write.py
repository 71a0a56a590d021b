from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaecluster.errors import FileError
from vaecluster.look.walls import Wall
from vaecluster.report import write
from vaecluster.report.page import Report
from vaecluster.report.run import ShownCluster
from vaecluster.report.sections.clusters import Clusters
from vaecluster.report.sections.curves import Curve, Curves
from vaecluster.report.sections.overview import Overview
from vaecluster.report.sections.sizes import Sizes
from vaecluster.report.write import write_html, write_pictures

WALL = Wall(np.random.default_rng(0).random((5, 4, 4)))


def report(title: str = "Digits", clusters: tuple[int, ...] = (0, 3)) -> Report:
    shown = tuple(ShownCluster(number, 5, 0.5, 0.9, WALL, WALL) for number in clusters)
    curves = Curves((Curve("latent KL", (3.0, 1.0), "nats"),))
    return Report(title, sections=(Overview(shown), Sizes(shown), Clusters(shown), curves))


def test_the_page_is_written_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    write_html(report(), path)
    assert "<title>Digits</title>" in path.read_text(encoding="utf-8")
    assert list(path.parent.iterdir()) == [path]


def test_a_render_that_fails_leaves_the_old_page_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(report: Report) -> str:
        raise RuntimeError("no picture")

    monkeypatch.setattr(write, "render_html", fail)
    with pytest.raises(RuntimeError, match="no picture"):
        write_html(report(), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_move_that_fails_leaves_the_old_page_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(FileError, match=r"report\.html.*Permission denied.*Choose a place"):
        write_html(report(), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(FileError, match="taken"):
        write_html(report(), tmp_path / "taken" / "report.html")


def test_a_title_that_is_no_unicode_is_still_written(tmp_path: Path) -> None:
    write_html(report(title="caf\udce9.npz"), tmp_path / "report.html")
    assert "caf?.npz" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_pictures_are_named_by_cluster_and_hold_the_walls(tmp_path: Path) -> None:
    paths = write_pictures(report(), tmp_path / "pictures")
    assert [path.name for path in paths] == [
        "overview.png",
        "sizes.png",
        "cluster-00-rows.png",
        "cluster-00-generated.png",
        "cluster-03-rows.png",
        "cluster-03-generated.png",
        "curves.png",
    ]
    assert sorted(paths) == sorted((tmp_path / "pictures").iterdir())
    with Image.open(paths[-2]) as picture:
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(WALL.image()))


def test_numbers_of_clusters_are_padded_so_that_names_sort(tmp_path: Path) -> None:
    paths = write_pictures(report(clusters=(3, 120)), tmp_path)
    assert [path.name for path in paths[2:-1:2]] == ["cluster-003-rows.png", "cluster-120-rows.png"]


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_html(report(), tmp_path / folder / "report.html")
        write_pictures(report(), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_nothing_to_draw_writes_nothing(tmp_path: Path) -> None:
    assert write_pictures(Report("Nothing yet"), tmp_path) == []
