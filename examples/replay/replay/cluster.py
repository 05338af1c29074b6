"""Decides recorded traffic again on Apache Spark."""

import time
from collections.abc import Iterator

import pyarrow as pa
from pyspark.accumulators import Accumulator
from pyspark.sql import DataFrame

import sendas

KEPT = ["message_id", "was", "account"]

PLACES = "ARRAY<STRUCT<{}: STRING, subject: STRING, field: BIGINT, start: BIGINT, end: BIGINT, octets: BINARY>>"
DECISIONS = f"""
    message_id BIGINT, was STRING, account STRING,
    verdict STRING, action STRING, stage STRING, provisional BOOLEAN,
    reason STRING, subject STRING, octets BINARY,
    reasons {PLACES.format("reason")}, would_deny {PLACES.format("reason")}, omitted BIGINT,
    grants {PLACES.format("basis")}, omitted_grants BIGINT
"""
"""The columns of `docs/arrow.md`, behind those that are kept."""


def decide(traffic: DataFrame, candidate: sendas.Snapshot, nanoseconds: "Accumulator[int] | None" = None) -> DataFrame:
    """Decide all rows; the time that it takes, without what Spark does around it, is added to `nanoseconds`.

    The snapshot is compiled in the driver, and opened as it is in the workers.
    """
    sealed = traffic.sparkSession.sparkContext.broadcast(candidate.seal())

    def decided(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        snapshot = sendas.Snapshot.open(sealed.value)
        for batch in batches:
            start = time.thread_time_ns()
            answer = pa.record_batch(snapshot.evaluate_arrow(batch, keep=KEPT))
            if nanoseconds is not None:
                nanoseconds.add(time.thread_time_ns() - start)
            yield answer

    return traffic.mapInArrow(decided, DECISIONS)
