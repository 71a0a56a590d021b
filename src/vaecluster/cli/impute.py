"""`vaecluster impute`."""

from vaecluster.cli.options import Device, NewRows, Place, Run
from vaecluster.cli.passing import Block, Passage
from vaecluster.cli.write import check_output
from vaecluster.errors import DataError, counted


def impute(
    run: Run,
    source: NewRows,
    /,
    *,
    output: Place,
    how_sure: bool = False,
    device: Device = "auto",
) -> None:
    """Fill in what is missing in a table.

    Example: `vaecluster impute run new.csv --output filled.csv`. The table is read in blocks and may be larger than
    memory. Killed, it goes on when it is called again.

    Parameters
    ----------
    output
        A .csv or .parquet with the columns of the table; values that are there stay.
    how_sure
        Add a column for each one that was learned from: of numbers NAME_deviation, the standard deviation of the value
        that was filled in, 0 where one was there; of categories NAME_probability, how likely it is, 1 where one was
        there.
    """
    check_output(output, ".csv", ".parquet", run=run, reads=(source,))
    import pyarrow as pa

    passage = Passage.of(run, source, device)
    if passage.model.fitted_.schema.frame is None:
        raise DataError(f"The rows of {run} are no table with columns, so nothing in them can be missing.")

    def answer(block: Block) -> pa.Table:
        if not how_sure:
            filled: pa.Table = passage.model.impute(block.rows)
            return filled
        found = passage.model.imputed(block.rows)
        table: pa.Table = found.rows
        added = {f"{name}_deviation": values for name, values in found.deviation.items()}
        added |= {f"{name}_probability": values for name, values in found.probability.items()}
        for name in table.column_names:
            if name in added:
                raise DataError(f"{source} has a column {name!r}, which --how-sure adds. Rename it.")
        # At once: one after the other, each would copy the names of all.
        columns = [*table.columns, *map(pa.array, added.values())]
        return pa.Table.from_arrays(columns, [*table.column_names, *added], metadata=table.schema.metadata)

    number = passage.into(output, answer, {"command": "impute", "how_sure": how_sure})
    print(f"{counted(number, 'row')} written to {output}")
