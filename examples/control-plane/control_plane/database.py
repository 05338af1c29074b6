"""The three tables: the log that is the truth, what is left to do after it, and the passwords."""

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    ForeignKey,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

metadata = MetaData()

records = Table(
    "records",
    metadata,
    # One record per number: of two processes that decide at once, the second fails here and decides again.
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("record", Text, nullable=False),
)
"""The log, a record a row, in the JSON of docs/administration.md. Rows are added and never touched again."""

outbox = Table(
    "outbox",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("sequence", BigInteger, ForeignKey(records.c.sequence), nullable=False),
    Column("attempt_until", BigInteger, nullable=False, default=0),
    Column("done_at", BigInteger),
)
"""Which obligations are done. What each of them is, its record says."""

passwords = Table(
    "passwords",
    metadata,
    Column("account", String(128), primary_key=True),
    Column("hash", Text, nullable=False),
)


def connect(url: str) -> Engine:
    """Open the database and create what is missing in it."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _durable)
    metadata.create_all(engine)
    return engine


@event.listens_for(records, "after_create")
def _only_added(_: Table, connection: Connection, **__: object) -> None:
    """Have the database itself hold to it that records are only ever added."""
    for statement in TRIGGERS[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def _durable(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


TRIGGERS = {
    "sqlite": [
        f"CREATE TRIGGER records_{verb} BEFORE {verb} ON records"
        " BEGIN SELECT RAISE(ABORT, 'records are only ever added'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION records_only_added() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'records are only ever added'; END $$",
        "CREATE TRIGGER records_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON records"
        " EXECUTE FUNCTION records_only_added()",
    ],
}
