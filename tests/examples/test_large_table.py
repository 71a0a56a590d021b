def test_a_table_in_files_is_fitted_and_scored_within_little_memory(printed):
    sizes, same = printed("large_table")
    assert sizes.startswith("rows in each cluster [")
    assert same == "the same labels True"
