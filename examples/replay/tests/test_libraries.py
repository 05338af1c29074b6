"""Libraries that export Arrow hand over, and take back, the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest

import sendas

KEEP = ["message_id", "was"]
ROWS = 20_000


@pytest.fixture(scope="module")
def traffic(month: Path) -> Any:
    return pa.parquet.read_table(month / "traffic.parquet").slice(0, ROWS)


@pytest.fixture(scope="module")
def expected(traffic: Any, candidate: sendas.Snapshot) -> Any:
    return pa.record_batch(candidate.evaluate_arrow(traffic.combine_chunks().to_batches()[0], keep=KEEP))


def by_polars(traffic: Any) -> Any:
    return pl.from_arrow(traffic)


def by_polars_in_chunks(traffic: Any) -> Any:
    frames = [pl.from_arrow(traffic.slice(start, 7_000)) for start in range(0, ROWS, 7_000)]
    return pl.concat(frames, rechunk=False)  # type: ignore[type-var]


def by_polars_with_categories(traffic: Any) -> Any:
    return pl.DataFrame(traffic).with_columns(pl.col("channel", "tls", "credential_kind").cast(pl.Categorical))


def by_duckdb(traffic: Any) -> Any:
    return duckdb.connect().from_arrow(traffic)


def by_duckdb_with_enumerations(traffic: Any) -> Any:
    query = "SELECT * REPLACE (channel::ENUM ('smtp', 'api', 'webmail', 'panel') AS channel) FROM traffic"
    return duckdb.connect().register("traffic", traffic).sql(query)


def by_pandas(traffic: Any) -> Any:
    return traffic.to_pandas(types_mapper={pa.int64(): None}.get)


def by_dataset(traffic: Any) -> Any:
    return pa.dataset.dataset(traffic).scanner(batch_size=999).to_reader()


@pytest.mark.parametrize(
    "handed_over",
    [
        by_polars,
        by_polars_in_chunks,
        by_polars_with_categories,
        by_duckdb,
        by_duckdb_with_enumerations,
        by_pandas,
        by_dataset,
    ],
)
def test_what_a_library_hands_over_is_decided(
    handed_over: Callable[[Any], Any], traffic: Any, expected: Any, candidate: sendas.Snapshot
) -> None:
    decided = candidate.evaluate_arrow(handed_over(traffic), keep=KEEP)
    assert isinstance(decided, sendas.DecisionStream)
    assert pa.table(decided).to_pylist() == expected.to_pylist()


def taken_by_polars(decided: Any) -> Any:
    return pl.DataFrame(decided).to_dicts()


def taken_by_duckdb(decided: Any) -> Any:
    rows = duckdb.connect().register("decided", decided).sql("FROM decided")
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]


@pytest.mark.parametrize("taken", [taken_by_polars, taken_by_duckdb])
def test_what_is_decided_is_taken(
    taken: Callable[[Any], Any], traffic: Any, expected: Any, candidate: sendas.Snapshot
) -> None:
    rows = expected.to_pylist()
    assert taken(candidate.evaluate_arrow(traffic, keep=KEEP)) == rows
    assert taken(candidate.evaluate_arrow(traffic.combine_chunks().to_batches()[0], keep=KEEP)) == rows


def test_polars_counts_by_reason(traffic: Any, expected: Any, candidate: sendas.Snapshot) -> None:
    frame = pl.DataFrame(candidate.evaluate_arrow(pl.DataFrame(traffic), keep=KEEP))
    counted = frame.group_by("was", "verdict", "reason").len().rows()
    every = [(row["was"], row["verdict"], row["reason"]) for row in expected.to_pylist()]
    assert sorted(counted, key=str) == sorted(((*key, every.count(key)) for key in set(every)), key=str)


def test_an_error_of_a_row_comes_out_of_the_library(traffic: Any, candidate: sendas.Snapshot) -> None:
    wrong = traffic.set_column(2, "channel", pa.array(["smpt"] * ROWS))
    said = "row 0, counted from 0: `channel` must be one of"
    with pytest.raises(Exception, match=said):
        pl.DataFrame(candidate.evaluate_arrow(wrong, keep=KEEP))
    with pytest.raises(Exception, match=said):
        duckdb.connect().register("decided", candidate.evaluate_arrow(wrong, keep=KEEP)).sql("FROM decided").fetchall()
