"""Decides recorded traffic again on Apache Spark, and writes the decisions as Parquet.

    spark-submit submit.py month/candidate.jsonl 'month/*.parquet' decided
"""

import argparse
import time
from pathlib import Path

from pyspark.sql import SparkSession

import sendas
from replay import cluster


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("candidate", type=Path)
    parser.add_argument("files")
    parser.add_argument("output")
    arguments = parser.parse_args()

    candidate = sendas.Snapshot.compile(sendas.Policy.from_path(arguments.candidate))
    spark = SparkSession.builder.appName("replay").getOrCreate()
    context = spark.sparkContext
    nanoseconds = context.accumulator(0)
    started = time.perf_counter()
    decided = cluster.decide(spark.read.parquet(arguments.files), candidate, nanoseconds)
    decided.write.parquet(arguments.output)
    took = (time.perf_counter() - started) * context.defaultParallelism

    rows = spark.read.parquet(arguments.output).count()
    print(f"{rows} rows")
    print(f"from Parquet to Parquet: {rows / took:.0f} rows per second and core")
    print(f"in evaluate_arrow: {rows / (nanoseconds.value / 1e9):.0f} rows per second and core")
    spark.stop()


if __name__ == "__main__":
    main()
