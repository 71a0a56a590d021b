import pytest

pytest.importorskip("ray")


@pytest.mark.filterwarnings("ignore")
def test_blocks_of_files_are_answered_for_as_the_whole(local_ray, printed):
    columns, same = printed("predict_with_ray")[-2:]
    assert columns == "columns ['key', 'path', 'cluster', 'confidence']"
    assert same == "the same labels True"
