"""Decides recorded traffic again on one machine, and counts with DuckDB what would be different.

    python -m replay.local FOLDER/candidate.jsonl 'FOLDER/*.parquet'
"""

import argparse
from pathlib import Path

import duckdb

import sendas

COUNT = """
    SELECT was, verdict, reason, count(*) AS requests, count(DISTINCT account) AS accounts
    FROM decided GROUP BY was, verdict, reason ORDER BY (was = verdict), requests DESC, reason
"""
"""What changes stands first."""


def count(candidate: sendas.Snapshot, files: str) -> list[tuple[str, str, str | None, int, int]]:
    """Return how many requests turn from a verdict into another, for which reason, and of how many accounts."""
    # The result is read while the source is read: a connection does one at a time.
    with duckdb.connect() as source, duckdb.connect() as result:
        # All columns but `was` are facts; `message_id` says which request it was.
        traffic = source.read_parquet(files)
        decided = candidate.evaluate_arrow(traffic, keep=["message_id", "was", "account"])
        result.register("decided", decided)
        return result.sql(COUNT).fetchall()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("candidate", type=Path)
    parser.add_argument("files")
    arguments = parser.parse_args()
    candidate = sendas.Snapshot.compile(sendas.Policy.from_path(arguments.candidate))
    print(f"{'was':6} {'is':6} {'reason':26} {'requests':>9} {'accounts':>9}")
    for was, verdict, reason, requests, accounts in count(candidate, arguments.files):
        print(f"{was:6} {verdict:6} {reason or '':26} {requests:9} {accounts:9}")


if __name__ == "__main__":
    main()
