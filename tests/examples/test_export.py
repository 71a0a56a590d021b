def test_each_customer_is_in_one_of_the_files(printed):
    lines = printed("export")
    columns, *files = lines[lines.index(next(line for line in lines if line.startswith("columns: "))) :]
    assert columns.startswith("columns: customer, age, spent, shop, ")
    assert {"cluster", "confidence", "medoid"} <= set(columns.removeprefix("columns: ").split(", "))
    assert sum(int(line.split()[-2]) for line in files if ".csv" in line and "clusters.csv" not in line) == 150
