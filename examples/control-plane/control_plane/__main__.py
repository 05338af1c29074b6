"""`python -m control_plane`: sets up, serves the panel, and runs the submission server."""

import argparse
import getpass
import json
import logging
import sys

import sendas
import uvicorn
from sqlalchemy import select

from control_plane import host, tokens
from control_plane.clock import system_clock
from control_plane.database import connect, records
from control_plane.outbox import Outbox
from control_plane.passwords import set_password
from control_plane.plane import Plane
from control_plane.settings import Settings, host_and_port
from control_plane.state import DamagedLog
from control_plane.web.app import create_app


def main() -> int:
    arguments = _arguments().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = Settings()  # type: ignore[call-arg]  # the environment holds what has no default
    match arguments.task:
        case "serve":
            address, port = host_and_port(arguments.listen)
            # The paths of mail links hold tokens, so there is no log of paths.
            uvicorn.run(
                create_app(settings),
                host=address,
                port=port,
                access_log=False,
                log_config=None,
                proxy_headers=settings.trusted_proxy is not None,
                forwarded_allow_ips=settings.trusted_proxy,
            )
        case "host":
            host.run(settings, system_clock)
        case task:
            try:
                return _once(task, arguments, settings)
            except (DamagedLog, OSError, ValueError) as error:
                print(error, file=sys.stderr)
                return 1
    return 0


def _once(task: str, arguments: argparse.Namespace, settings: Settings) -> int:
    engine = connect(settings.database)
    plane = Plane(engine, system_clock)
    match task:
        case "import":
            policy = sendas.Policy.from_path(arguments.policy)
            print(f"{plane.take_over(policy, name=getpass.getuser())} record(s) written")
        case "password":
            with plane.reading() as state:
                if arguments.account not in state.accounts:
                    print(f"there is no account `{arguments.account}`; import a policy or add it first", file=sys.stderr)
                    return 1
            set_password(engine, arguments.account, sys.stdin.readline().rstrip("\r\n"))
        case "give":
            provider = {"kind": "provider", "name": getpass.getuser()}
            id = f"provider:{tokens.form_id()}"
            answer = Outbox(plane, settings).give(provider, json.loads(arguments.command), id=id)
            print(json.dumps(answer))
            return 1 if answer["outcome"] == "refused" else 0
        case "log":
            with engine.connect() as connection:
                for (record,) in connection.execute(select(records.c.record).order_by(records.c.sequence)):
                    print(record)
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m control_plane", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    task = tasks.add_parser("import", help="take a policy file over into the empty log")
    task.add_argument("policy")
    task = tasks.add_parser("password", help="set an account's password, which is read from standard input")
    task.add_argument("account")
    task = tasks.add_parser("give", help="give a command as the provider")
    task.add_argument("command", help="the command as JSON: see docs/administration.md")
    tasks.add_parser("log", help="print the log as JSON Lines")
    task = tasks.add_parser("serve", help="serve the panel")
    task.add_argument("--listen", default="127.0.0.1:8000")
    tasks.add_parser("host", help="run the submission server that follows the log")
    return parser


if __name__ == "__main__":
    sys.exit(main())
