import pyarrow as pa

from vaecluster.report.excerpt import COLUMNS, LETTERS, LINE, ROWS, Excerpt


def test_the_first_rows_and_columns_are_shown_as_text() -> None:
    table = pa.table({f"<{n}>": [1234.5, *([0.5] * ROWS)] for n in range(COLUMNS + 3)})
    markup = str(Excerpt(table).html("rows of cluster 0"))
    assert markup.count("<tr>") == 1 + ROWS
    assert markup.count("<th ") == COLUMNS
    assert "&lt;0&gt;" in markup
    assert "1,234" in markup
    assert "3 more columns" in markup
    assert f"{ROWS} rows of cluster 0" in markup
    assert len(Excerpt(table)) == ROWS


def test_texts_are_cut_and_missing_values_are_dashes() -> None:
    for columns, letters in ((2, LINE // 2), (COLUMNS, LETTERS)):
        table = pa.table({"a": ["x" * LINE, None], **{f"b{n}": [1, 2] for n in range(columns - 1)}})
        markup = str(Excerpt(table).html("rows"))
        assert "x" * (letters - 1) + "…" in markup
        assert "x" * letters not in markup
        assert "<td>\N{EN DASH}</td>" in markup
        assert '<td class="number">1</td>' in markup
        assert "more" not in markup
