import pytest


@pytest.mark.filterwarnings("ignore::vaecluster.errors.IgnoredColumnsWarning")
def test_items_of_a_dataset_are_rows_and_each_kind_has_a_cluster(printed):
    sizes, alike, *kinds = printed("torch_dataset")
    assert (sizes, alike) == ("sizes [100, 100, 100]", "alike True")
    assert len({line.split("clusters ")[1] for line in kinds}) == 3
