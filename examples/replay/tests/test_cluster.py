"""Spark decides as one machine does."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

import sendas
from replay import cluster

ROOT = Path(__file__).parents[1]
SETTINGS = ["spark.ui.enabled=false", "spark.log.level=ERROR", "spark.sql.session.timeZone=Asia/Kolkata"]


def test_a_month_is_decided_as_on_one_machine(
    month: Path, candidate: sendas.Snapshot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Path(sys.executable).parent / "spark-submit"
    settings = [argument for setting in SETTINGS for argument in ("--conf", setting)]
    arguments = [month / "candidate.jsonl", month / "traffic.parquet", tmp_path / "decided"]
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    run = subprocess.run(
        [program, "--master", "local[2]", *settings, ROOT / "submit.py", *arguments],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=environment,
        text=True,
    )
    assert run.returncode == 0, run.stderr

    recorded = pa.parquet.read_table(month / "traffic.parquet")
    expected = pa.table(candidate.evaluate_arrow(recorded, keep=cluster.KEPT))
    decided = pa.parquet.read_table(tmp_path / "decided")
    assert decided.column_names == expected.column_names
    assert decided.sort_by("message_id").cast(expected.schema).equals(expected)

    rows, *throughput = run.stdout.splitlines()
    assert rows == f"{recorded.num_rows} rows"
    with capsys.disabled():
        print(f"\n  {rows}")
        for line in throughput:
            print(f"    Spark on two cores, {line}")
        in_one_process(recorded, candidate)


def in_one_process(recorded: Any, candidate: sendas.Snapshot) -> None:
    """Show what one process decides with one call for all rows, and with one for each."""
    requests: list[Any] = [{name: value for name, value in row.items() if name not in ("message_id", "was")} for row in recorded.to_pylist()]
    for request in requests:
        request["header"] = [(field["name"], field["body"]) for field in request["header"]]
    ways: list[tuple[str, Callable[[], Any]]] = [
        ("evaluate_arrow", lambda: pa.table(candidate.evaluate_arrow(recorded, keep=["message_id", "was"]))),
        ("evaluate_many", lambda: candidate.evaluate_many(requests)),
        ("evaluate", lambda: [candidate.evaluate(**request) for request in requests]),
    ]
    for name, decide in ways:
        started = time.process_time()
        assert len(decide()) == len(requests)
        rate = len(requests) / (time.process_time() - started)
        print(f"    one process, {name}: {rate:.0f} rows per second and core")
