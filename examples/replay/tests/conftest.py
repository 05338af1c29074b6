"""A month of traffic, made once."""

from pathlib import Path

import pytest

import sendas
from replay import traffic

TENANTS, REQUESTS, SEED = 300, 50_000, 7


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the policy, the candidate and the traffic."""
    folder = tmp_path_factory.mktemp("month")
    traffic.write(folder, TENANTS, REQUESTS, SEED)
    return folder


@pytest.fixture(scope="session")
def candidate(month: Path) -> sendas.Snapshot:
    return sendas.Snapshot.compile(sendas.Policy.from_path(month / "candidate.jsonl"))
