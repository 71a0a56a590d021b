import pytest

pytest.importorskip("dask.dataframe")


def test_parts_of_a_frame_are_answered_for_as_the_whole(printed):
    columns, same, sizes = printed("predict_with_dask")
    assert columns == "columns ['key', 'cluster', 'confidence']"
    assert same == "the same labels True"
    assert sizes == "rows in each cluster [1000, 1000, 1000]"
