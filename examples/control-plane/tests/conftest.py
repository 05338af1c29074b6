"""A test gets an installation on each database that `--databases` names."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.in_process import Panel
from tests.installation import Installation
from tests.postgresql import postgresql
from tests.servers import Smarthost, Zones


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--databases", default="sqlite", help="which databases to test with: sqlite, postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        metafunc.parametrize("database", metafunc.config.getoption("databases").split(","), indirect=True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    match request.param:
        case "sqlite":
            return f"sqlite:///{tmp_path}/control-plane.db"
        case "postgresql":
            server: str = request.getfixturevalue("postgresql_server")
            name = f"test_{abs(hash(request.node.nodeid)):x}"
            engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            engine.dispose()
            return f"{server}/{name}"
        case other:
            raise AssertionError(f"unknown database `{other}`; known are sqlite and postgresql")


@pytest.fixture
def installation(database: str, tmp_path: Path) -> Iterator[Installation]:
    """An installation as the README sets it up, whose processes are not running yet."""
    smarthost, zones = Smarthost(), Zones()
    smarthost.start()
    zones.start()
    try:
        one = Installation(tmp_path, database, smarthost, zones)
        one.set_up()
        yield one
    finally:
        smarthost.stop()
        zones.stop()


@pytest.fixture
def panel(installation: Installation) -> Iterator[Panel]:
    """The panel of the installation, in this process."""
    with closing(Panel(installation)) as panel:
        yield panel
