"""What libraries export that have Apache Arrow's columns: the PyCapsule interface, as far as it is asked for here."""

from typing import Literal, Protocol

DecisionColumn = Literal[
    "verdict",
    "action",
    "stage",
    "provisional",
    "reason",
    "subject",
    "octets",
    "reasons",
    "would_deny",
    "omitted",
    "grants",
    "omitted_grants",
]
"""A column of the decisions that `Snapshot.evaluate_arrow` makes."""


class ArrowArrayExportable(Protocol):
    """Has one batch of columns, as a `pyarrow.RecordBatch` does."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """Export an `ArrowSchema` and an `ArrowArray`."""


class ArrowStreamExportable(Protocol):
    """Has columns in any number of batches, as tables of pyarrow, polars, pandas and relations of DuckDB do."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export an `ArrowArrayStream`."""
