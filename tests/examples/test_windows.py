def test_kinds_of_windows_are_found_wherever_they_begin(printed):
    ours, others, new = printed("windows")
    assert float(ours.split()[-1]) > float(others.split()[-1]) + 0.3
    assert new == "new windows (3, 48, 2)"
