import gzip
import io
import json
import re
from base64 import b64decode
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from vaecluster.look.encode import png_bytes
from vaecluster.report.charts import LIGHT
from vaecluster.report.page import Report, render_html
from vaecluster.report.sections.map import MISSING, MOST_BYTES, Map, map_figure
from vaecluster.runs.map import PICTURE, SHAPE, RowMap

HOSTILE = "</script><img onerror=alert(1)>$\\bad$"
ROWS = 50
RANDOM = np.random.default_rng(0)


def rows(**columns: Any) -> RowMap:
    places = RANDOM.uniform(-1, 1, (ROWS, 2)).astype(np.float32)
    own = {
        "row": np.arange(ROWS) * 1000,
        "x": places[:, 0],
        "y": places[:, 1],
        "cluster": np.arange(ROWS, dtype=np.int32) % 9 - 1,
        "confidence": np.linspace(0, 1, ROWS, dtype=np.float32),
    }
    return RowMap(pa.table(own | columns))


def written(section: Map) -> dict[str, Any]:
    (found,) = re.findall(r'<script type="application/octet-stream" id="map-data">([^<]*)</script>', section.html())
    content: dict[str, Any] = json.loads(gzip.decompress(b64decode(found)))
    return content


def numbers(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(b64decode(text), kind)


def test_a_page_has_room_for_fewer_columns_and_says_which_are_left_out() -> None:
    # Letters at random are as long packed as half of them.
    words = {f"value {place}": [RANDOM.bytes(15_000).hex() for _ in range(ROWS)] for place in range(14)}
    section = Map(rows(**words, **{"value small": ["a"] * ROWS}), ROWS, ("0",))
    assert len(gzip.compress(section.content())) > MOST_BYTES
    page = str(section.html())
    assert len(page) < 12_000_000
    *kept, last = [column["name"] for column in written(section)["columns"]]
    assert 7 <= len(kept) < 14
    assert (kept, last) == ([str(place) for place in range(len(kept))], "small")
    assert f"too large to send: {', '.join(str(place) for place in range(len(kept), 14))}." in page
    assert "too large" not in str(Map(rows(**{"value 0": ["a"] * ROWS}), ROWS, ("0",)).html())


def test_what_the_script_reads_is_what_the_run_says() -> None:
    values = np.where(np.arange(ROWS) % 2, np.nan, np.arange(ROWS, dtype=float))
    table = rows(
        outlier_score=np.where(np.arange(ROWS) < 10, 0.5, np.nan).astype(np.float32),
        name=[f"{HOSTILE} {number}" for number in range(ROWS)],
        **{"value age": values, "value job": ["cook", None] * (ROWS // 2)},
    )
    section = Map(table, 10**6, (HOSTILE, *map(str, range(1, 8))))
    found = written(section)
    assert numbers(found["row"], "<u4").tolist() == table.table.column("row").to_pylist()
    assert numbers(found["cluster"], "<i2").tolist() == table.table.column("cluster").to_pylist()
    x = numbers(found["x"], "<u2") / MISSING * 2.2 - 1.1
    assert np.allclose(x, table.table.column("x"), atol=1e-4)
    confidence = numbers(found["confidence"], "<u2") / (MISSING - 1)
    assert np.allclose(confidence, table.table.column("confidence"), atol=1e-4)
    assert (numbers(found["outlier"], "<u2") == MISSING).tolist() == [number >= 10 for number in range(ROWS)]
    age, job = found["columns"]
    assert np.array_equal(numbers(age["numbers"], "<f4"), values.astype("<f4"), equal_nan=True)
    assert (job["words"], numbers(job["codes"], "<u2").tolist()[:2]) == (["cook"], [0, MISSING])
    assert found["names"][3] == f"{HOSTILE} 3"
    assert found["clusters"][0] == HOSTILE
    assert HOSTILE not in section.html()
    assert "50 of 1,000,000" in section.html()
    assert "drawn at random" not in Map(table, ROWS, ("0",)).html()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_stand_side_by_side_in_lines(channels: int) -> None:
    pictures = RANDOM.integers(0, 256, (ROWS - 1, 6, 4, channels), np.uint8)
    # Even colour, since photographs lose a little.
    pictures[:] = pictures[:, :1, :1]
    pictures[..., 3:] = 255
    cells = [None, *(picture.tobytes() for picture in pictures)]
    table = rows().table.append_column(PICTURE, pa.array(cells, pa.binary()))
    table = table.replace_schema_metadata({SHAPE: ",".join(map(str, pictures.shape[1:]))})
    found = written(Map(RowMap(table), ROWS, ("0",)))["pictures"]
    assert numbers(found["lines"], "<u4").tolist() == list(range(1, ROWS))
    image = Image.open(io.BytesIO(b64decode(found["source"].partition(",")[2]))).convert("RGB")
    place = 17
    left, top = place % found["across"] * found["width"], place // found["across"] * found["height"]
    shown = np.asarray(image.crop((left, top, left + 4, top + 6))).reshape(-1, 3).mean(0)
    if channels != 3:
        assert np.allclose(shown, pictures[place, 0, 0, : min(channels, 3)], atol=1)
    else:
        assert image.size == (found["across"] * 4, -(-(ROWS - 1) // found["across"]) * 6)


def test_pictures_and_names_that_take_too_much_room_are_smaller_and_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vaecluster.report.sections.map.PICTURE_BYTES", 2000)
    pictures = RANDOM.integers(0, 256, (ROWS, 12, 8, 3), np.uint8)
    table = rows(name=[RANDOM.bytes(160_000).hex() for _ in range(ROWS)]).table
    table = table.append_column(PICTURE, pa.array([one.tobytes() for one in pictures], pa.binary()))
    section = Map(RowMap(table.replace_schema_metadata({SHAPE: "12,8,3"})), ROWS, ("0",))
    found = written(section)
    content = b64decode(found["pictures"]["source"].partition(",")[2])
    width, height = found["pictures"]["width"], found["pictures"]["height"]
    assert len(content) <= 2000
    assert (width, height) in {(8 // smaller, 12 // smaller) for smaller in range(2, 9)}
    assert Image.open(io.BytesIO(content)).size[0] == found["pictures"]["across"] * width
    assert found["names"] is None
    assert "too large to send: names of rows." in section.html()


def test_the_page_allows_its_own_script_alone() -> None:
    page = render_html(Report("Rows", sections=(Map(rows(), ROWS, ("0",)),)))
    assert len(re.findall(r"script-src( 'sha256-[^']+'){2}\"", page)) == 1
    assert page.count("<script>") == 2


def test_the_picture_has_every_cluster_and_the_same_bytes_each_time() -> None:
    table = rows()
    names = (HOSTILE, *map(str, range(1, 8)))
    figure = map_figure(table, LIGHT, names)
    assert len(figure.axes[0].texts) == 8
    assert png_bytes(figure) == png_bytes(map_figure(table, LIGHT, names))
