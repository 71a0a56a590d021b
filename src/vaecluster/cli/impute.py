"""`vaecluster impute`."""

from typing import TYPE_CHECKING

from vaecluster.cli.options import Device, NewRows, Place, Run
from vaecluster.cli.passing import Block, Passage
from vaecluster.cli.write import check_output
from vaecluster.errors import DataError, counted

if TYPE_CHECKING:
    import pyarrow as pa


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
    check_output(output, ".csv", ".parquet")
    passage = Passage.of(run, source, device)
    if passage.model.fitted_.schema.frame is None:
        raise DataError(f"The rows of {run} are no table with columns, so nothing in them can be missing.")

    def answer(block: Block) -> "pa.Table":
        if not how_sure:
            filled: pa.Table = passage.model.impute(block.rows)
            return filled
        found = passage.model.imputed(block.rows)
        table: pa.Table = found.rows
        for what, of_columns in (("deviation", found.deviation), ("probability", found.probability)):
            for name, values in of_columns.items():
                added = f"{name}_{what}"
                if added in table.column_names:
                    raise DataError(f"{source} has a column {added!r}, which --how-sure adds. Rename it.")
                table = table.append_column(added, [values])
        return table

    number = passage.into(output, answer, {"command": "impute", "how_sure": how_sure})
    print(f"{counted(number, 'row')} written to {output}")
