"""Decides recorded traffic again on Apache Spark."""

import time
from collections.abc import Iterator
from functools import cache

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


@cache
def snapshot(policy: bytes) -> sendas.Snapshot:
    """Compile a policy once in each worker, which takes this function from its own copy of this module."""
    return sendas.Snapshot.compile(sendas.Policy.from_json_lines(policy))


def decide(traffic: DataFrame, policy: bytes, nanoseconds: "Accumulator[int] | None" = None) -> DataFrame:
    """Decide all rows; the time that it takes, without what Spark does around it, is added to `nanoseconds`."""
    shipped = traffic.sparkSession.sparkContext.broadcast(policy)

    def decided(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        candidate = snapshot(shipped.value)
        for batch in batches:
            start = time.thread_time_ns()
            answer = pa.record_batch(candidate.evaluate_arrow(batch, keep=KEPT))
            if nanoseconds is not None:
                nanoseconds.add(time.thread_time_ns() - start)
            yield answer

    return traffic.mapInArrow(decided, DECISIONS)
