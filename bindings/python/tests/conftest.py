import pytest

RAN = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RAN] = []


@pytest.fixture
def ran(request: pytest.FixtureRequest) -> list[str]:
    """The ids of the vectors that passed."""
    return request.config.stash[RAN]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.write_line(f"vectors python={len(config.stash[RAN])}")

