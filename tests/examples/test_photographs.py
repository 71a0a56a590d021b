def test_days_and_nights_are_told_apart(printed):
    lines = printed("photographs")
    clusters = {name: [line[-1] for line in lines if line.startswith(name)] for name in ("days", "nights")}
    assert [len(set(found)) for found in clusters.values()] == [1, 1]
    assert clusters["days"][0] != clusters["nights"][0]
