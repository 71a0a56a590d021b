def test_customers_are_clustered_scored_and_drawn(printed):
    sizes, new, words, row = printed("customers")
    assert sizes.startswith("rows in each cluster [")
    assert new.startswith("next month [")
    assert " of all rows" in words or " in all rows" in words
    assert "'city'" in row
    assert "customer_id" not in row
