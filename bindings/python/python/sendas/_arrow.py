"""What libraries export that have Apache Arrow's columns: the PyCapsule interface, as far as it is asked for here."""

from typing import Protocol


class ArrowArrayExportable(Protocol):
    """Has one batch of columns, as a `pyarrow.RecordBatch` does."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """Export an `ArrowSchema` and an `ArrowArray`."""


class ArrowStreamExportable(Protocol):
    """Has columns in any number of batches, as tables of pyarrow, polars, pandas and relations of DuckDB do."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export an `ArrowArrayStream`."""
