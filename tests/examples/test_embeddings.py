def test_vectors_in_either_file_are_the_same_rows(printed):
    scale, sizes, same, *typical = printed("embeddings")
    assert (scale, sizes) == ("one scale for all columns: True", "sizes [100, 100, 100]")
    assert same == "the same of both files: True"
    assert [len({int(row) % 3 for row in line.split("[")[1].strip("]").split(", ")}) for line in typical] == [1, 1, 1]
