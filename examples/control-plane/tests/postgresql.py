"""A PostgreSQL server of the tests' own, in a folder of its own, on loopback."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import free_port


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a server, and yield its URL without the name of a database."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="control-plane-postgresql-"))
    # PostgreSQL refuses to run as root, whom continuous integration often runs as.
    user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, **user)
    port = free_port()

    def run(program: str, *arguments: str) -> None:
        with open(folder.parent / f"{folder.name}.log", "ab") as output:
            subprocess.run(
                [programs / program, "--pgdata", folder / "data", *arguments],
                check=True,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=user.get("user"),
                group=user.get("group"),
                extra_groups=[] if user else None,
            )

    try:
        run("initdb", "--username=control_plane", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off"
        run("pg_ctl", "start", "--wait", "--silent", "--log", str(folder / "server.log"), "--options", options)
        try:
            yield f"postgresql+psycopg://control_plane@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate")
    finally:
        shutil.rmtree(folder)
        (folder.parent / f"{folder.name}.log").unlink()


def _programs() -> Path:
    """Return the folder of the newest server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    assert on_path, "there is no PostgreSQL server here; Debian's package is `postgresql`"
    return Path(on_path).resolve().parent
